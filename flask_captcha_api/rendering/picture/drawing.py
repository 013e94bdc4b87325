"""The picture of a text: a style at random, its steps one after the other, and the encoding."""

import random
from collections.abc import Mapping, Sequence
from io import BytesIO
from types import MappingProxyType

from PIL import Image

from ...challenges.makers import ALPHABETS
from .atlas import BUNDLED, CHARACTERS, Atlas, atlas_for, atlas_of_text
from .canvas import Palette, Picture
from .styles import DIFFICULTIES, STYLES

MEDIA_TYPES = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}

#: For light pages and for dark ones, where a bright picture would glare. The contrast of both inks is well above the
#: 3 : 1 that WCAG 2.2 asks for graphics (1.4.11), at any tint.
THEMES: Mapping[str, Palette] = MappingProxyType(
    {"light": Palette(dark=52, light=222), "dark": Palette(dark=30, light=168)}
)

_OPTIONS = {"jpeg": {"quality": 70}}

#: The smallest first, each with its characters.
_ALPHABETS = {alphabet: frozenset(alphabet) for alphabet in (*ALPHABETS, CHARACTERS)}


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
    :param difficulty: a key of :data:`~flask_captcha_api.rendering.picture.styles.DIFFICULTIES`.
    :param theme: a key of :data:`THEMES`.
    :param typefaces: paths of font files, instead of those of the package.
    :raises ValueError: no character to draw, or one that none of the typefaces has.
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
    return encode(picture.image, file_format)


def encode(picture: Image.Image, file_format: str) -> bytes:
    """Encode a picture, without its transparency if it has any.

    :param file_format: a key of :data:`MEDIA_TYPES`.
    """
    encoded = BytesIO()
    if picture.mode != "RGB":
        picture = picture.convert("RGB")
    picture.save(encoded, file_format, **_OPTIONS.get(file_format, {}))
    return encoded.getvalue()


def _atlas(text: str, picture_height: int, typefaces: Sequence[str]) -> Atlas:
    """Return the atlas of the smallest known alphabet that holds the text, or one for this text alone."""
    if not text:
        raise ValueError("there is no character to draw")
    characters = set(text)
    for alphabet, its_characters in _ALPHABETS.items():
        if characters <= its_characters:
            atlas = atlas_for(alphabet, picture_height, typefaces)
            break
    else:
        atlas = atlas_of_text(text, picture_height, typefaces)
    if not all(atlas.cells[character] for character in characters):
        raise ValueError(
            "the prompt has a character that none of the typefaces has: those of the package have capital letters, "
            "digits and + - − × = ?; set CAPTCHA_FONTS to font files that have all that the kind asks"
        )
    return atlas
