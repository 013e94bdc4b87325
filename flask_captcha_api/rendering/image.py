"""The picture of a text: a style at random, its steps one after the other, and the encoding."""

import random
from collections.abc import Mapping, Sequence
from io import BytesIO
from types import MappingProxyType

from ..challenges import ALPHABETS
from .atlas import BUNDLED, CHARACTERS, Atlas, atlas_for
from .picture import Palette, Picture
from .styles import DIFFICULTIES, STYLES

MEDIA_TYPES = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}

#: For light pages and for dark ones, where a bright picture would glare. The contrast of both inks is well above the
#: 3 : 1 that WCAG 2.2 asks for graphics (1.4.11), at any tint.
THEMES: Mapping[str, Palette] = MappingProxyType(
    {"light": Palette(dark=52, light=222), "dark": Palette(dark=30, light=168)}
)

_JPEG_QUALITY = 70


def draw(
    text: str,
    rng: random.Random,
    *,
    size: tuple[int, int],
    file_format: str = "jpeg",
    difficulty: str = "normal",
    theme: str = "light",
    typefaces: Sequence[str] = BUNDLED,
) -> bytes:
    """Draw a text and return the encoded picture; the same ``rng`` gives the same picture.

    :param text: white space is left out.
    :param size: width and height in pixels; the text fills them whatever its length.
    :param file_format: a key of :data:`MEDIA_TYPES`.
    :param difficulty: a key of :data:`~flask_captcha_api.rendering.styles.DIFFICULTIES`.
    :param theme: a key of :data:`THEMES`.
    :param typefaces: paths of font files, instead of those of the package.
    :raises ValueError: no character to draw, or one that the typefaces of the package do not have.
    """
    style = rng.choice(DIFFICULTIES[difficulty])
    return draw_in_style(style, text, rng, size=size, file_format=file_format, theme=theme, typefaces=typefaces)


def draw_in_style(
    style: str,
    text: str,
    rng: random.Random,
    *,
    size: tuple[int, int],
    file_format: str = "jpeg",
    theme: str = "light",
    typefaces: Sequence[str] = BUNDLED,
) -> bytes:
    """Draw a text in one style; everything else is as in :func:`draw`."""
    text = "".join(text.split())
    picture = Picture(text, size, _atlas(text, size[1], typefaces), THEMES[theme])
    for step in STYLES[style]:
        step(picture, rng)
    return _encoded(picture, file_format)


def _atlas(text: str, picture_height: int, typefaces: Sequence[str]) -> Atlas:
    """Return the atlas of the smallest known alphabet that holds the text, or one for this text alone."""
    if not text:
        raise ValueError("there is no character to draw")
    characters = set(text)
    for alphabet in ALPHABETS:
        if characters <= set(alphabet):
            return atlas_for(alphabet, picture_height, typefaces)
    if typefaces == BUNDLED and not characters <= set(CHARACTERS):
        raise ValueError(
            "the prompt has a character that the typefaces of the package do not: they have capital letters, "
            "digits and + - − × = ?; set CAPTCHA_FONTS to font files that have it"
        )
    return atlas_for("".join(sorted(characters)), picture_height, typefaces)


def _encoded(picture: Picture, file_format: str) -> bytes:
    encoded = BytesIO()
    if file_format == "jpeg":
        picture.image.save(encoded, "JPEG", quality=_JPEG_QUALITY)
    else:
        picture.image.convert("RGB").save(encoded, file_format)
    return encoded.getvalue()
