"""What machines hear of a spoken captcha, how far the speech stands above its bed, and what a rendering costs.

Prints how many rows of five digits each listener got wholly right, with Wilson's 95 % intervals: on clean sound, which
is the recordings simply joined, and on finished sound, from which the announcement has been cut off; the learner has
learnt finished sound only. Then speech over bed in dB, and medians of the processor's time beside lepture/captcha's
AudioCaptcha, in interleaved rounds: neither waits for anything, so whatever else the machine does counts for neither.
Run it by ``make bench-audio``; ``ARGS="--listeners matcher --languages de fr --count 30"`` for a part of it.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Collection, Iterator
from unittest.mock import patch

import numpy as np
from captcha.audio import AudioCaptcha

from benchmarks.intervals import wilson
from benchmarks.resistance.audio_matcher import DIGITS, ROW, Array, Learner, Matcher, digits_of, samples_of
from benchmarks.resistance.audio_recogniser import Recogniser
from flask_captcha_api.rendering.sound import speech as audio
from flask_captcha_api.rendering.sound.languages import WORDINGS
from flask_captcha_api.rendering.sound.speech import speak
from flask_captcha_api.rendering.sound.voices import takes

LESSONS = 1500
ROUNDS = 40
#: What listens, and what the report says beside that.
LISTENERS, REPORTS = ("matcher", "learner", "pocketsphinx"), ("levels", "times")
SOUNDS = ("clean", "finished")
FRAME = audio.RATE // 50


def main() -> None:
    """Measure what is chosen, and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listeners", nargs="*", default=list(LISTENERS), choices=list(LISTENERS))
    parser.add_argument("--reports", nargs="*", default=list(REPORTS), choices=list(REPORTS))
    parser.add_argument("--sounds", nargs="+", default=list(SOUNDS), choices=list(SOUNDS))
    parser.add_argument("--languages", nargs="+", default=list(WORDINGS), choices=list(WORDINGS))
    parser.add_argument("--count", type=int, default=120, help="sounds for each listener in each language")
    chosen = parser.parse_args()
    report_heard(chosen.listeners, chosen.languages, chosen.sounds, chosen.count)
    if "levels" in chosen.reports:
        report_levels(chosen.languages, chosen.count)
    if "times" in chosen.reports:
        report_times(chosen.languages)


def report_heard(names: Collection[str], languages: Collection[str], sounds: Collection[str], count: int) -> None:
    """Print how many rows each listener got wholly right."""
    print(f"{'rows wholly right, of ' + str(count):32} {' '.join(f'{each:>20}' for each in sounds)}   digits right")
    for name, language, hear in listeners(names, languages):
        make = {"clean": joined, "finished": said}
        heard = [
            trial(hear, (make[each](text, language, rng) for text, rng in texts(count)), count, f"{name}, {each}")
            for each in sounds
        ]
        rates = (f"{interval(right, count):>20}" for right, _ in heard)
        digits = " / ".join(f"{right / count / ROW:.1%}" for _, right in heard)
        print(f"{name:32} {' '.join(rates)}   {digits}", flush=True)


def report_levels(languages: Collection[str], count: int) -> None:
    """Print how far the speech stands above its bed, and how many bytes sounds have."""
    print()
    for language in languages:
        under, pauses, sizes, clipped = levels(language, count)
        print(
            f"{language}: speech over bed {under:.1f} dB (mean of 20 ms frames), over that of the pauses {pauses:.1f}; "
            f"{statistics.median(sizes) / 1000:.0f} kB, at most {max(sizes) / 1000:.0f}; {clipped:.2%} clipped"
        )


def listeners(names: Collection[str], languages: Collection[str]) -> Iterator[tuple[str, str, Callable[[Array], str]]]:
    """Make the listeners of these names, one at a time: a name, the language and what hears."""
    for language in languages:
        if "matcher" in names:
            yield f"matcher, {language}", language, Matcher(language).hear
        if "learner" in names:
            progress(f"learner, {language}: learning")
            yield f"learner ({LESSONS} rows), {language}", language, Learner(language, rows=LESSONS, seed=1).hear
    if "pocketsphinx" in names and "en" in languages:
        yield "pocketsphinx, en", "en", Recogniser().hear


def texts(count: int) -> Iterator[tuple[str, random.Random]]:
    """Make the rows to be heard, the same for every listener, and the randomness of each."""
    for seed in range(count):
        rng = random.Random(1_000_000 + seed)
        yield "".join(rng.choice(DIGITS) for _ in range(ROW)), rng


def joined(text: str, language: str, rng: random.Random) -> tuple[str, Array]:
    """Join the recordings with 0.4 s of silence between, without any change."""
    pause = np.zeros(round(0.4 * audio.RATE))
    words = [np.frombuffer(rng.choice(takes(digit, language)), np.uint8).astype(float) - 128 for digit in text]
    return text, np.concatenate([pause, *(part for word in words for part in (word, pause))])


def said(text: str, language: str, rng: random.Random) -> tuple[str, Array]:
    """Make the finished sound, without the announcement: an attacker cuts that off."""
    return text, digits_of(speak(text, language=language, rng=rng), language)


def trial(hear: Callable[[Array], str], sounds: Iterator[tuple[str, Array]], count: int, name: str) -> tuple[int, int]:
    """Return how many rows were wholly right, and how many digits stood in their place."""
    rows = digits = 0
    for number, (text, samples) in enumerate(sounds, 1):
        progress(f"{name}: {number} of {count}")
        heard = hear(samples)
        rows += heard == text
        digits += sum(one == other for one, other in zip(heard, text, strict=False))
    progress("")
    return rows, digits


def interval(right: int, count: int) -> str:
    """Word a rate with Wilson's interval for 95 % confidence."""
    low, high = wilson(right, count)
    return f"{right / count:.0%} ({low:.0%} to {high:.0%})"


def levels(language: str, count: int) -> tuple[float, float, list[int], float]:
    """Compare speech and bed, which are the rendering without its bed and the rest of it."""
    under, pauses, sizes, clipped = [], [], [], []
    for text, rng in texts(count):
        state = rng.getstate()
        sound = speak(text, language=language, rng=rng)
        rng.setstate(state)
        with patch.object(audio, "_bed", lambda lengths, *_: bytes([128]) * sum(lengths)):
            speech = samples_of(speak(text, language=language, rng=rng))
        whole = samples_of(sound)
        power, bed_power = (
            (part[: len(part) // FRAME * FRAME].reshape(-1, FRAME) ** 2).mean(1) + 0.1
            for part in (speech, whole - speech)
        )
        active = power > power.max() / 10**2.5
        under.append(float(np.clip(10 * np.log10(power / bed_power), -10, 35)[active].mean()))
        pauses.append(float(10 * np.log10(power[active].mean() / bed_power[power < 1].mean())))
        sizes.append(len(sound))
        clipped.append(float(np.mean((whole == -128) | (whole == 127))))
    return statistics.mean(under), statistics.mean(pauses), sizes, statistics.mean(clipped)


def report_times(languages: Collection[str]) -> None:
    """Print medians of the processor's time for one rendering, beside lepture/captcha's in the same rounds."""
    theirs = AudioCaptcha()
    theirs.load()
    subjects: dict[str, Callable[[str, random.Random], object]] = {
        **{f"speak, {language}": speaker(language) for language in languages},
        "lepture AudioCaptcha": lambda text, rng: theirs.generate(text),
    }
    samples: dict[str, list[float]] = {name: [] for name in subjects}
    for number, (text, rng) in enumerate(texts(1 + ROUNDS)):
        progress(f"time: round {number} of {ROUNDS}")
        for name, subject in subjects.items():
            begin = time.thread_time()
            subject(text, rng)
            if number:  # the first round warms up
                samples[name].append(time.thread_time() - begin)
    progress("")
    medians = {name: statistics.median(each) for name, each in samples.items()}
    print(f"\n{'five digits':24} {'ms':>8} {'of theirs':>10}")
    for name, seconds in medians.items():
        print(f"{name:24} {seconds * 1000:8.1f} {seconds / medians['lepture AudioCaptcha']:10.1%}")


def speaker(language: str) -> Callable[[str, random.Random], bytes]:
    """Make a call of ours that looks like theirs."""
    return lambda text, rng: speak(text, language=language, rng=rng)


def progress(text: str) -> None:
    """Show on the terminal what is being done."""
    print(f"\r{text:60}\r", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
