"""The sound: what it says, what varies, what it is bound to, and what it refuses."""

import io
import itertools
import math
import random
import statistics
import string
import threading
import wave
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from operator import itemgetter
from typing import NamedTuple

import pytest

from flask_captcha_api.challenges.makers import MINUS, arithmetic
from flask_captcha_api.rendering.sound import speech as audio
from flask_captcha_api.rendering.sound import voices
from flask_captcha_api.rendering.sound.languages import WORDINGS
from flask_captcha_api.rendering.sound.speech import can_speak, speak
from flask_captcha_api.rendering.sound.wording import announcement, phrases

LANGUAGES = sorted(WORDINGS)
CHARACTERS = string.digits + string.ascii_uppercase
QUESTIONS = ("0+0", "9+1", "10+20", f"91{MINUS}38", "47+86", "07+3", f"123456{MINUS}100")


def samples(sound: bytes) -> list[int]:
    """Return the samples, 0 being silence."""
    with wave.open(io.BytesIO(sound)) as file:
        return [level - 128 for level in file.readframes(file.getnframes())]


def loudness(part: list[int]) -> float:
    """Return the root of the mean square."""
    return float((sum(sample * sample for sample in part) / len(part)) ** 0.5)


def windows(sound: bytes, seconds: float) -> list[float]:
    """Return the loudness of each stretch of so many seconds."""
    levels = samples(sound)
    size = round(seconds * audio.RATE)
    return [loudness(levels[begin : begin + size]) for begin in range(0, len(levels) - size + 1, size)]


def without_bed(prompt: str, language: str, rng: random.Random) -> bytes:
    """Speak over silence; the bed is what is drawn last, so that the words are those of the whole sound."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audio, "_bed", lambda lengths, *_: bytes([128]) * sum(lengths))
        return speak(prompt, language=language, rng=rng)


class Speech(NamedTuple):
    """A row of digits over silence, and of each sample whether a word is being said."""

    samples: list[int]
    steady: list[bool]


@cache
def speeches(language: str) -> list[Speech]:
    """Speak the first 20 rows over silence, once for all tests of a language."""
    spoken = [samples(without_bed(prompt, language, rng)) for prompt, rng in rows(20)]
    return [Speech(each, steady(each)) for each in spoken]


def steady(speech: list[int]) -> list[bool]:
    """Tell of each sample whether a word is being said, its inner closures of up to a quarter second included."""
    spoken = [abs(sample) > 3 for sample in speech]
    runs = [(word, len(list(group))) for word, group in itertools.groupby(spoken)]
    return [word or length < audio.RATE / 4 for word, length in runs for _ in range(length)]


def end_of_announcement(speech: Speech) -> int:
    """Return the position after the first run of words."""
    runs = [(word, len(list(group))) for word, group in itertools.groupby(speech.steady)]
    assert not runs[0][0]
    return runs[0][1] + runs[1][1]


def rows(count: int) -> list[tuple[str, random.Random]]:
    """Return five-digit prompts, each with its own randomness."""
    generators = [random.Random(seed) for seed in range(count)]
    return [(f"{rng.randrange(10**5):05}", rng) for rng in generators]


@pytest.mark.parametrize("language", LANGUAGES)
class TestEveryLanguage:
    def test_every_character_is_recorded_audibly(self, language: str) -> None:
        """Every recording that a digit or letter needs has a person's length and a common loudness."""
        for character in CHARACTERS:
            for word in itertools.chain(*phrases(character, language)):
                for take in voices.takes(word, language):
                    levels = [level - 128 for level in take]
                    assert 0.2 <= len(levels) / audio.RATE <= 1.1, word
                    assert 12 <= loudness(levels) <= 40, word

    def test_every_character_speaks(self, language: str) -> None:
        """One character is a sound that is loud in its middle and long enough to be heard."""
        for character in CHARACTERS:
            sound = speak(character, language=language, rng=random.Random(1))
            assert 2.5 <= len(samples(sound)) / audio.RATE <= 6.5, character
            assert max(windows(sound, 0.1)) >= 12, character

    @pytest.mark.parametrize("prompt", ["40718", "KRTWX", "4K7", f"91{MINUS}38"])
    def test_the_prompt_begins_after_two_seconds(
        self, language: str, prompt: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Before it, speech announces it: that is what a screen reader's own words cover. It takes 4 s at most."""
        monkeypatch.setattr(audio, "phrases", lambda *_: ())
        for seed in range(10):
            before = speak(prompt, language=language, rng=random.Random(seed))
            assert 2 <= len(samples(before)) / audio.RATE <= 4
            assert max(windows(before, 0.1)) >= 12

    @pytest.mark.parametrize("prompt", QUESTIONS)
    def test_arithmetic_speaks(self, language: str, prompt: str) -> None:
        """Sums and differences speak, also with 0, with tens, with leading zeros and with long operands."""
        assert can_speak(prompt, language)
        assert max(windows(speak(prompt, language=language, rng=random.Random(1)), 0.1)) >= 12

    def test_every_number_below_100_has_recordings(self, language: str) -> None:
        """Whatever the arithmetic maker asks at the default length can be said."""
        for number in range(100):
            for phrase in phrases(f"{number}+{99 - number}", language):
                assert all(voices.takes(word, language) for word in phrase)

    def test_the_makers_own_prompts_speak(self, language: str) -> None:
        """The arithmetic maker's shortest and default prompts are within what is spoken."""
        for length in (3, 5, 12):
            assert can_speak(arithmetic(length).prompt, language)

    def test_same_randomness_same_sound(self, language: str) -> None:
        """The same state of the rng gives the same bytes."""
        assert speak("40718", language=language, rng=random.Random(7)) == speak(
            "40718", language=language, rng=random.Random(7)
        )

    def test_other_randomness_other_sound(self, language: str) -> None:
        """Another state of the rng gives other bytes of another length for the same text."""
        sounds = [speak("40718", language=language, rng=random.Random(seed)) for seed in range(20)]
        assert len(set(sounds)) == 20
        assert len({len(sound) for sound in sounds}) > 15

    @pytest.mark.slow
    def test_five_digits_stay_within_80_kb(self, language: str) -> None:
        """No rendering exceeds 80 kB, 20 of them for the announcement, and none is hurried through in 6 seconds."""
        lengths = [len(without_bed(prompt, language, rng)) for prompt, rng in rows(150)]
        slowest = "".join(max("0123456789", key=lambda digit: max(len(t) for t in voices.takes(digit, language))) * 5)
        lengths += [len(without_bed(slowest, language, random.Random(seed))) for seed in range(150)]
        assert max(lengths) <= 80_000
        assert min(lengths) >= 6 * audio.RATE

    @pytest.mark.slow
    def test_hardly_a_sample_is_clipped(self, language: str) -> None:
        """At most one sample in a thousand stands at the limits of 8 bits."""
        for prompt, rng in rows(20):
            levels = samples(speak(prompt, language=language, rng=rng))
            assert sum(level in (-128, 127) for level in levels) <= len(levels) / 1000

    @pytest.mark.slow
    def test_speech_stands_clear_of_the_bed(self, language: str) -> None:
        """Digits are on average at least 9 dB above the bed where they are heard, and 6 dB above that of the pauses."""
        under_words: list[float] = []
        in_pauses: list[float] = []
        for speech, (prompt, rng) in zip(speeches(language), rows(20), strict=True):
            whole = samples(speak(prompt, language=language, rng=rng))
            begin = end_of_announcement(speech)
            parts = list(zip(whole, speech.samples, speech.steady, strict=True))[begin:]
            loud = loudness([word for _, word, is_word in parts if is_word])
            for levels, with_words in ((under_words, True), (in_pauses, False)):
                bed = [both - word for both, word, is_word in parts if is_word is with_words]
                levels.append(20 * math.log10(loud / loudness(bed)))
        assert statistics.mean(under_words) >= 9
        assert statistics.mean(in_pauses) >= 6

    def test_digits_are_apart(self, language: str) -> None:
        """Before the announcement and after it, between and after the digits, a third of a second has no speech."""
        for speech in speeches(language):
            pauses = [len(list(group)) for word, group in itertools.groupby(speech.steady) if not word]
            assert sum(length >= audio.RATE / 3 for length in pauses) == 7

    def test_words_are_about_equally_loud(self, language: str) -> None:
        """No digit of a rendering is more than 8 dB below another."""
        for speech in speeches(language):
            marked = zip(speech.steady, speech.samples, strict=True)
            words = [
                [sample for _, sample in group] for word, group in itertools.groupby(marked, itemgetter(0)) if word
            ]
            levels = [loudness(word) for word in words]
            assert 20 * math.log10(max(levels) / min(levels)) <= 8


def test_a_plain_wav_file() -> None:
    """The standard library's reader finds one channel of 8 bits at 8 kHz, and the sizes in the header are true."""
    for prompt in ("1", "12", "40718"):
        sound = speak(prompt, language="en", rng=random.Random(3))
        with wave.open(io.BytesIO(sound)) as file:
            assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 1, 8000)
            frames = file.getnframes()
        assert int.from_bytes(sound[4:8], "little") == len(sound) - 8
        assert len(sound) == 44 + frames + frames % 2


def test_voice_data_is_small() -> None:
    """All ten languages' recordings and their index are under 1 MB together, so that the wheel stays below 1.5 MB."""
    folder = files("flask_captcha_api.rendering") / "data"
    assert sum(len(entry.read_bytes()) for entry in folder.iterdir() if entry.name.startswith("voice")) < 1_000_000


def test_small_letters_are_said_like_capitals() -> None:
    """A custom maker's small letters speak."""
    assert phrases("ab1", "en") == phrases("AB1", "en")


@pytest.mark.parametrize(
    ("prompt", "language", "words"),
    [
        ("40", "en", [("4",), ("0",)]),
        ("B7", "en", [("B", "bravo"), ("7",)]),
        ("47+10", "en", [("how much is",), ("forty", "7"), ("plus",), ("ten",)]),
        (f"90{MINUS}13", "en", [("how much is",), ("ninety",), ("minus",), ("thirteen",)]),
        ("47+10", "zh", [("4", "十", "7"), ("加",), ("十",), ("等於多少",)]),
        (f"90{MINUS}3", "ja", [("9", "十"), ("ひく",), ("3",), ("はいくつですか",)]),
        ("X", "ja", [("X",)]),
        ("M", "ja", [("M", "マイク")]),
        ("B7", "de", [("B", "Berta"), ("7",)]),
        ("47+10", "de", [("Wie viel ist",), ("4", "7"), ("plus",), ("1", "0")]),
        (f"90{MINUS}3", "fr", [("Combien font",), ("9", "0"), ("moins",), ("3",)]),
        ("Z", "es", [("Z", "Zaragoza")]),
        ("A", "pt", [("A",)]),
        ("M", "it", [("M", "Milano")]),
        ("4+5", "ru", [("Сколько будет",), ("4",), ("плюс",), ("5",)]),
        ("47+10", "ko", [("4", "십", "7"), ("더하기",), ("십",), ("얼마입니까",)]),
        ("07+123", "zh", [("0",), ("7",), ("加",), ("1",), ("2",), ("3",), ("等於多少",)]),
    ],
)
def test_wording(prompt: str, language: str, words: list[tuple[str, ...]]) -> None:
    """A prompt is worded as a person says it."""
    assert list(phrases(prompt, language)) == words


@pytest.mark.parametrize(
    ("prompt", "language", "last"),
    [
        ("40718", "en", "the digits are"),
        ("KRTWX", "zh", "字母是"),
        ("krtwx", "en", "the letters are"),
        ("4K7", "en", "the characters are"),
        ("4K7", "zh", "內容是"),
        ("47+10", "ja", "問題は"),
        (f"90{MINUS}3", "en", "the question is"),
        ("40718", "de", "Die Ziffern sind"),
        ("KRTWX", "ru", "Вот буквы"),
        ("4K7", "fr", "Les caractères sont"),
        ("47+10", "ko", "문제입니다"),
    ],
)
def test_what_follows_is_announced(prompt: str, language: str, last: str) -> None:
    """The announcement says what the prompt is made of, which holds for an app's own kinds too."""
    assert announcement(prompt, language)[-1] == last


def test_only_mandarin_borrows_letters() -> None:
    """Every other language has recorded all that it says, so that no English is heard in it."""
    for language in LANGUAGES:
        said = {word for character in CHARACTERS for phrase in phrases(character, language) for word in phrase}
        said |= {word for prompt in QUESTIONS for phrase in phrases(prompt, language) for word in phrase}
        said |= {word for phrase in WORDINGS[language].announcements.values() for word in phrase}
        assert (said <= voices._index()[language].keys()) == (language != "zh"), language


def test_every_announcement_is_recorded() -> None:
    """Each takes one and a half to three seconds as recorded."""
    for language, wording in WORDINGS.items():
        assert wording.announcements.keys() == {"digits", "letters", "characters", "question"}
        for phrase in wording.announcements.values():
            seconds = sum(len(voices.takes(word, language)[0]) for word in phrase) / audio.RATE
            assert 1.5 <= seconds <= 3, (language, phrase)


@pytest.mark.parametrize(
    "prompt", ["", "12 3", "7é", "１２", "٣", "漢", "47*86", "1+2+3", "+5", "1234567+1", "91-38", "1\n"]
)
def test_what_has_no_recording_is_refused_without_a_quotation(prompt: str) -> None:
    """A prompt beyond digits, Latin letters and sums is a ValueError that quotes nothing of it."""
    assert not can_speak(prompt, "en")
    with pytest.raises(ValueError, match="no words for this prompt") as caught:
        speak(prompt, language="en", rng=random.Random(1))
    assert not prompt or prompt not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_an_unknown_language_is_refused() -> None:
    """A language without recordings cannot speak."""
    assert not can_speak("123", "tlh")
    with pytest.raises(ValueError, match="no words"):
        speak("123", language="tlh", rng=random.Random(1))


@pytest.mark.slow
def test_threads_do_not_disturb_each_other() -> None:
    """Eight threads that begin with nothing read yet make what one thread makes."""
    work = [(language, f"{seed:05}", seed) for language in LANGUAGES for seed in range(2)]

    def render(language: str, prompt: str, seed: int) -> bytes:
        return speak(prompt, language=language, rng=random.Random(seed))

    wanted = [render(*each) for each in work]
    for cached in (voices.recordings, voices.takes, voices._index):
        cached.cache_clear()
    barrier = threading.Barrier(8)

    def render_all(_: int) -> list[bytes]:
        barrier.wait(timeout=30)
        return [render(*each) for each in work]

    with ThreadPoolExecutor(8) as pool:
        assert all(sounds == wanted for sounds in pool.map(render_all, range(8)))


def test_the_module_level_random_is_left_alone() -> None:
    """A rendering neither draws from nor seeds the module-level random."""
    state = random.getstate()
    speak("123", language="en", rng=random.Random(1))
    assert random.getstate() == state
