"""The recorded words that come with the package, read once per process.

They are unsigned 8-bit samples at 8 kHz, stored as images one pixel high whose grey levels are the samples.
``tools/make_voices.py`` makes the data.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from io import BytesIO

from PIL import Image

_DATA = files("flask_captcha_api.rendering") / "data"
#: The language whose recordings stand in for those that another lacks: the Latin letters, for Mandarin.
_FALLBACK_LANGUAGE = "en"


@cache
def recordings(language: str) -> Image.Image:
    """Return all recordings in a language, end to end, as an image."""
    row = Image.open(BytesIO((_DATA / f"voice-{language}.png").read_bytes()))
    row.load()  # here, because lazy loading is not thread-safe
    return row


@cache
def takes(word: str, language: str) -> tuple[bytes, ...]:
    """Return the samples of a word, one recording per speaker. The first speaker has recorded every word."""
    owner = language if word in _index()[language] else _FALLBACK_LANGUAGE
    return tuple(recordings(owner).crop((begin, 0, end, 1)).tobytes() for begin, end in _index()[owner][word])


@cache
def _index() -> Mapping[str, Mapping[str, tuple[tuple[int, int], ...]]]:
    """Return the begin and end of each recording, in samples, by language, word and speaker."""
    index: Mapping[str, Mapping[str, tuple[tuple[int, int], ...]]] = json.loads((_DATA / "voices.json").read_bytes())
    return index
