"""Speaking a prompt: an announcement and the words, all varied, over a bed of fragments of speech.

What varies is pace, pitch, colour and level.

A sound is ``bytes`` of unsigned samples at 8 kHz, in which 128 is silence. Bytes are cut, joined, reversed and
amplified in C. To be stretched or mixed, a sound is turned into an image one pixel high whose grey levels are the
samples, because Pillow does that in C too.
"""

import random
import struct
from functools import cache
from itertools import zip_longest
from typing import cast

from PIL import Image, ImageChops, ImageStat

from .languages import Phrase
from .voices import recordings, takes
from .wording import announcement, can_speak, phrases

__all__ = ["MEDIA_TYPE", "RATE", "can_speak", "speak"]

MEDIA_TYPE = "audio/wav"
RATE = 8000

#: The sample value of silence.
_ZERO = 128

# Ranges from which each rendering draws. Times are in seconds, levels and paces are factors.
_LEAD = (0.35, 0.55)
_PAUSE = (0.36, 0.5)
_PAUSE_IN_PHRASE = (0.06, 0.1)
_STRETCH = (0.82, 1.4)
# No word is stretched beyond this: five digits then always take at most 7.5 seconds, or 60 kB,
# and the announcement another 2.5.
_LONGEST_WORD = 0.82
_PIECE = (0.05, 0.1)
_PIECE_STRETCH = (0.93, 1.07)
_ECHOES = 2
_ECHO_SAMPLES = (1, 14)
_ECHO_SHARE = (-0.3, 0.45)
_LEVEL = (21.0, 29.0)  # root mean square; full scale is 128
_PEAK = 110.0
_BED_LAYERS = 3
_BED_LEVEL = (0.16, 0.24)
_BED_SWELL = (1.4, 1.8)
_SWELL_MARGIN = (0.0, 0.06)
_FRAGMENT = (0.15, 0.5)
_FRAGMENT_STRETCH = (0.75, 1.35)
_BACKWARDS = 0.7


def speak(prompt: str, *, language: str, rng: random.Random) -> bytes:
    """Speak ``prompt`` and return an 8-bit mono WAV file at 8 kHz.

    :param language: a key of :data:`~flask_captcha_api.rendering.sound.languages.WORDINGS`.
    :param rng: decides everything that varies; the same state gives the same bytes.
    :raises ValueError: ``can_speak(prompt, language)`` is false.
    """
    words = phrases(prompt, language)
    sounds = [_silence(_LEAD, rng)]
    for phrase in (announcement(prompt, language), *words):
        sounds += [_speak_phrase(phrase, language, rng), _silence(_PAUSE, rng)]
    bed = _bed([len(sound) for sound in sounds], language, rng)
    return _encode_wav(_mix(b"".join(sounds), bed))


def _speak_phrase(phrase: Phrase, language: str, rng: random.Random) -> bytes:
    """Join one speaker's recordings of the words, and vary the result."""
    choices = [takes(word, language) for word in phrase]
    speaker = rng.randrange(min(map(len, choices)))
    sound = _silence(_PAUSE_IN_PHRASE, rng).join(words[speaker] for words in choices)
    sound = _vary_pace(sound, rng, longest=len(phrase) * _LONGEST_WORD)
    sound = _vary_colour(sound, rng)
    return _vary_level(sound, rng)


def _vary_pace(sound: bytes, rng: random.Random, *, longest: float) -> bytes:
    """Change pace and pitch unevenly, like a tape with flutter, so that the recording matches at no single speed.

    :param longest: seconds that the sound should not exceed.
    """
    row = _to_image(sound)
    factor = min(rng.uniform(*_STRETCH), max(1, longest * RATE / row.width))
    pieces = []
    begin = 0.0
    while begin < row.width:
        end = min(row.width, begin + rng.uniform(*_PIECE) * RATE)
        pieces.append(_stretch(row, begin, end, factor * rng.uniform(*_PIECE_STRETCH)))
        begin = end
    return b"".join(pieces)


def _vary_colour(sound: bytes, rng: random.Random) -> bytes:
    """Add echoes of up to two milliseconds, as in a small room, which boost some frequencies and dampen others."""
    row = _to_image(sound)
    for _ in range(_ECHOES):
        echo = ImageChops.offset(row, rng.randint(*_ECHO_SAMPLES), 0)
        row = Image.blend(row, echo, rng.uniform(*_ECHO_SHARE))
    return row.tobytes()


def _vary_level(sound: bytes, rng: random.Random) -> bytes:
    """Bring the phrase to a random level within a narrow range, without clipping its peaks."""
    row = _to_image(sound)
    darkest, lightest = cast("tuple[int, int]", row.getextrema())
    peak = max(_ZERO - darkest, lightest - _ZERO)
    return _amplify(sound, min(rng.uniform(*_LEVEL) / ImageStat.Stat(row).stddev[0], _PEAK / peak))


def _bed(lengths: list[int], language: str, rng: random.Random) -> bytes:
    """Mix layers of fragments of speech, well below the level of the words and somewhat louder in the pauses.

    This keeps the words clear, and the loudness does not reveal to a machine where they begin.

    :param lengths: of pauses and phrases in turn, in samples; the first and the last are pauses.
    """
    bed = _layer(sum(lengths), language, rng)
    for _ in range(_BED_LAYERS - 1):
        bed = _mix(bed, _layer(len(bed), language, rng))
    pieces = []
    begin = end = 0
    for pause, phrase in zip_longest(lengths[::2], lengths[1::2], fillvalue=0):
        # The bed swells within the pause, not from edge to edge: otherwise its edges would be those of the words.
        swell_begin = end + _swell_margin(rng) if end else 0
        swell_end = end + pause - _swell_margin(rng) if phrase else end + pause
        pieces.append(bed[begin:swell_begin])
        pieces.append(_amplify(bed[swell_begin:swell_end], rng.uniform(*_BED_SWELL)))
        begin = swell_end
        end += pause + phrase
    return b"".join(pieces)


def _swell_margin(rng: random.Random) -> int:
    return round(rng.uniform(*_SWELL_MARGIN) * RATE)


def _layer(length: int, language: str, rng: random.Random) -> bytes:
    """Join random fragments of the recordings, most of them backwards, each at a random pace and level."""
    recorded = recordings(language)
    fragments = []
    missing = length
    while missing > 0:
        fragment_length = round(rng.uniform(*_FRAGMENT) * RATE)
        begin = rng.randrange(recorded.width - fragment_length)
        fragment = _stretch(recorded, begin, begin + fragment_length, rng.uniform(*_FRAGMENT_STRETCH))
        if rng.random() < _BACKWARDS:
            fragment = fragment[::-1]
        fragments.append(_amplify(fragment, rng.uniform(*_BED_LEVEL)))
        missing -= len(fragment)
    return b"".join(fragments)[:length]


def _silence(seconds: tuple[float, float], rng: random.Random) -> bytes:
    return bytes([_ZERO]) * round(rng.uniform(*seconds) * RATE)


def _stretch(row: Image.Image, begin: float, end: float, factor: float) -> bytes:
    width = max(1, round((end - begin) * factor))
    return row.resize((width, 1), Image.Resampling.BICUBIC, box=(begin, 0, end, 1)).tobytes()


def _mix(one: bytes, other: bytes) -> bytes:
    return ImageChops.add(_to_image(one), _to_image(other), scale=1, offset=-_ZERO).tobytes()


def _to_image(sound: bytes) -> Image.Image:
    return Image.frombytes("L", (len(sound), 1), sound)


def _amplify(sound: bytes, factor: float) -> bytes:
    return sound.translate(_gain_table(round(factor * 100)))


@cache
def _gain_table(percent: int) -> bytes:
    """Return the amplified value of each sample value. Cached: making a table takes longer than using it."""
    return bytes(min(255, max(0, _ZERO + round((level - _ZERO) * percent / 100))) for level in range(256))


def _encode_wav(sound: bytes) -> bytes:
    """Encode as a WAV file of unsigned 8-bit PCM, which every browser plays."""
    padding = len(sound) % 2  # chunks are padded to 16 bits
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + len(sound) + padding, b"WAVE"),
        *(b"fmt ", 16, 1, 1, RATE, RATE, 1, 8),
        *(b"data", len(sound)),
    )
    return header + sound + b"\0" * padding
