"""The sound: a prompt's words, each said anew at another pace, pitch, colour and level, over a bed of broken speech.

Knows nothing of a language's words or files. A sound is a ``bytes`` of unsigned samples at 8 kHz, 128 being silence.
Bytes are cut, joined, reversed and amplified in C; to be stretched and mixed a sound becomes a picture one row high,
whose grey levels are the samples, because Pillow does that in C too.
"""

import random
import struct
from functools import cache
from itertools import zip_longest
from typing import cast

from PIL import Image, ImageChops, ImageStat

from .voices import recordings, takes
from .wording import Phrase, can_speak, phrases

__all__ = ["MEDIA_TYPE", "RATE", "can_speak", "speak"]

MEDIA_TYPE = "audio/wav"
RATE = 8000

_ZERO = 128

# Ranges that each rendering draws from. Times are in seconds, levels and paces are factors.
_LEAD = (0.35, 0.55)
_PAUSE = (0.36, 0.5)
_PAUSE_IN_PHRASE = (0.06, 0.1)
_STRETCH = (0.82, 1.4)
# What no word is stretched beyond: five digits then stay within 7.5 seconds, which are 60 kB, whatever is drawn.
_LONGEST_WORD = 0.82
_PIECE = (0.05, 0.1)
_PIECE_STRETCH = (0.93, 1.07)
_ECHOES = 2
_ECHO_SAMPLES = (1, 14)
_ECHO_SHARE = (-0.3, 0.45)
_LEVEL = (21.0, 29.0)  # root mean square, of 128
_PEAK = 110.0
_BED_LAYERS = 3
_BED_LEVEL = (0.16, 0.24)
_BED_SWELL = (1.4, 1.8)
_BED_BORDER = (0.0, 0.06)
_FRAGMENT = (0.15, 0.5)
_FRAGMENT_STRETCH = (0.75, 1.35)
_BACKWARDS = 0.7


def speak(prompt: str, *, language: str, rng: random.Random) -> bytes:
    """Say ``prompt`` and return an 8-bit mono WAV file at 8 kHz.

    :param language: a key of :data:`~flask_captcha_api.rendering.sound.wording.WORDINGS`.
    :param rng: decides all that varies; the same state gives the same bytes.
    :raises ValueError: where ``can_speak(prompt, language)`` is false.
    """
    sounds = [_silence(_LEAD, rng)]
    for phrase in phrases(prompt, language):
        sounds += [_said(phrase, language, rng), _silence(_PAUSE, rng)]
    bed = _bed([len(sound) for sound in sounds], language, rng)
    return _wav(_mixed(b"".join(sounds), bed))


def _said(phrase: Phrase, language: str, rng: random.Random) -> bytes:
    """Say the words of a phrase in one breath, by one speaker."""
    choices = [takes(word, language) for word in phrase]
    speaker = rng.randrange(min(map(len, choices)))
    sound = _silence(_PAUSE_IN_PHRASE, rng).join(words[speaker] for words in choices)
    sound = _paced(sound, rng, longest=len(phrase) * _LONGEST_WORD)
    sound = _coloured(sound, rng)
    return _levelled(sound, rng)


def _paced(sound: bytes, rng: random.Random, *, longest: float) -> bytes:
    """Change pace and pitch as a tape that runs unevenly: at no one speed does the recording fit what is heard."""
    row = _row(sound)
    factor = min(rng.uniform(*_STRETCH), max(1, longest * RATE / row.width))
    pieces = []
    begin = 0.0
    while begin < row.width:
        end = min(row.width, begin + rng.uniform(*_PIECE) * RATE)
        pieces.append(_stretched(row, begin, end, factor * rng.uniform(*_PIECE_STRETCH)))
        begin = end
    return b"".join(pieces)


def _coloured(sound: bytes, rng: random.Random) -> bytes:
    """Add echoes of a millisecond or two, as a small room does: some tones swell and some fade, anew in each phrase."""
    row = _row(sound)
    for _ in range(_ECHOES):
        echo = ImageChops.offset(row, rng.randint(*_ECHO_SAMPLES), 0)
        row = Image.blend(row, echo, rng.uniform(*_ECHO_SHARE))
    return row.tobytes()


def _levelled(sound: bytes, rng: random.Random) -> bytes:
    """Bring the phrase to about one loudness, whatever the echoes did to it, and keep its peaks off the limits."""
    row = _row(sound)
    darkest, lightest = cast("tuple[int, int]", row.getextrema())
    peak = max(_ZERO - darkest, lightest - _ZERO)
    return _amplified(sound, min(rng.uniform(*_LEVEL) / ImageStat.Stat(row).stddev[0], _PEAK / peak))


def _bed(lengths: list[int], language: str, rng: random.Random) -> bytes:
    """Lay fragments of speech over each other, well below the words and somewhat louder in the pauses around them.

    That keeps the words clear, and yet loudness does not tell a machine where they begin.

    :param lengths: how long the pauses and the phrases are, in turn; the first and the last are pauses.
    """
    bed = _layer(sum(lengths), language, rng)
    for _ in range(_BED_LAYERS - 1):
        bed = _mixed(bed, _layer(len(bed), language, rng))
    pieces = []
    begin = end = 0
    for pause, phrase in zip_longest(lengths[::2], lengths[1::2], fillvalue=0):
        # The bed swells inside the pause only, and not from its very begin: its borders would tell those of the words.
        swell_begin = end + _border(rng) if end else 0
        swell_end = end + pause - _border(rng) if phrase else end + pause
        pieces.append(bed[begin:swell_begin])
        pieces.append(_amplified(bed[swell_begin:swell_end], rng.uniform(*_BED_SWELL)))
        begin = swell_end
        end += pause + phrase
    return b"".join(pieces)


def _border(rng: random.Random) -> int:
    return round(rng.uniform(*_BED_BORDER) * RATE)


def _layer(length: int, language: str, rng: random.Random) -> bytes:
    """Join fragments from anywhere in the recordings, most of them backwards, each at its own pace and level."""
    recorded = recordings(language)
    fragments = []
    missing = length
    while missing > 0:
        taken = round(rng.uniform(*_FRAGMENT) * RATE)
        begin = rng.randrange(recorded.width - taken)
        fragment = _stretched(recorded, begin, begin + taken, rng.uniform(*_FRAGMENT_STRETCH))
        if rng.random() < _BACKWARDS:
            fragment = fragment[::-1]
        fragments.append(_amplified(fragment, rng.uniform(*_BED_LEVEL)))
        missing -= len(fragment)
    return b"".join(fragments)[:length]


def _silence(seconds: tuple[float, float], rng: random.Random) -> bytes:
    return bytes([_ZERO]) * round(rng.uniform(*seconds) * RATE)


def _stretched(row: Image.Image, begin: float, end: float, factor: float) -> bytes:
    width = max(1, round((end - begin) * factor))
    return row.resize((width, 1), Image.Resampling.BICUBIC, box=(begin, 0, end, 1)).tobytes()


def _mixed(one: bytes, other: bytes) -> bytes:
    return ImageChops.add(_row(one), _row(other), scale=1, offset=-_ZERO).tobytes()


def _row(sound: bytes) -> Image.Image:
    return Image.frombytes("L", (len(sound), 1), sound)


def _amplified(sound: bytes, factor: float) -> bytes:
    return sound.translate(_gain(round(factor * 100)))


@cache
def _gain(percent: int) -> bytes:
    """Return what becomes of each level. There are few tables, and making one takes longer than using it."""
    return bytes(min(255, max(0, _ZERO + round((level - _ZERO) * percent / 100))) for level in range(256))


def _wav(sound: bytes) -> bytes:
    """Encode as a RIFF file of unsigned 8-bit PCM, which every browser plays."""
    padding = len(sound) % 2  # a chunk fills whole words
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", 36 + len(sound) + padding, b"WAVE"),
        *(b"fmt ", 16, 1, 1, RATE, RATE, 1, 8),
        *(b"data", len(sound)),
    )
    return header + sound + b"\0" * padding
