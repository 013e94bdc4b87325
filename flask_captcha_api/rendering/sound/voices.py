"""The recorded words that come with the package, read once per process at the first sound.

They are unsigned 8-bit samples at 8 kHz, kept as pictures one row high whose grey levels the samples are.
``tools/make_voices.py`` makes the data. Knows nothing of prompts.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from io import BytesIO

from PIL import Image

_DATA = files("flask_captcha_api.rendering") / "data"
#: Whose recordings are used for words that a language has none of: the Latin letters, for Mandarin.
_LENDER = "en"


@cache
def recordings(language: str) -> Image.Image:
    """Return all that is recorded in a language, end to end, as a picture."""
    row = Image.open(BytesIO((_DATA / f"voice-{language}.png").read_bytes()))
    row.load()  # now, and not in whichever threads come first
    return row


@cache
def takes(word: str, language: str) -> tuple[bytes, ...]:
    """Return the samples of a word, by each speaker who says it; the first speaker says every word."""
    owner = language if word in _index()[language] else _LENDER
    return tuple(recordings(owner).crop((begin, 0, end, 1)).tobytes() for begin, end in _index()[owner][word])


@cache
def _index() -> Mapping[str, Mapping[str, tuple[tuple[int, int], ...]]]:
    """Read where each recording begins and ends: by language, word and speaker."""
    index: Mapping[str, Mapping[str, tuple[tuple[int, int], ...]]] = json.loads((_DATA / "voices.json").read_bytes())
    return index
