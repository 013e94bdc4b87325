"""Drawing a text in a random style, and encoding the picture."""

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

#: For light pages and for dark ones, on which a bright picture would glare. At any tint, the contrast of the two inks
#: is well above the 3:1 that WCAG 2.2 requires for graphics (1.4.11).
THEMES: Mapping[str, Palette] = MappingProxyType(
    {"light": Palette(dark=52, light=222), "dark": Palette(dark=30, light=168)}
)

_ENCODER_OPTIONS = {"jpeg": {"quality": 70}}

#: The characters of each known alphabet, the smallest first.
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
    """Draw a text and return the encoded picture. The same state of ``rng`` gives the same picture.

    :param text: white space in it is not drawn.
    :param size: width and height in pixels; a text of any length is scaled to fill them.
    :param file_format: a key of :data:`MEDIA_TYPES`.
    :param difficulty: a key of :data:`~flask_captcha_api.rendering.picture.styles.DIFFICULTIES`.
    :param theme: a key of :data:`THEMES`.
    :param typefaces: names of bundled typefaces, or paths of font files.
    :raises ValueError: there is no character to draw, or one that none of the typefaces has.
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
    """Draw a text in a given style, a key of :data:`~flask_captcha_api.rendering.picture.styles.STYLES`.

    The other parameters are those of :func:`draw`.
    """
    text = "".join(text.split())
    picture = Picture(text, size, _atlas_with(text, size[1], typefaces), THEMES[theme])
    for step in STYLES[style]:
        step(picture, rng)
    return encode(picture.image, file_format)


def encode(picture: Image.Image, file_format: str) -> bytes:
    """Encode a picture, dropping any transparency.

    :param file_format: a key of :data:`MEDIA_TYPES`.
    """
    encoded = BytesIO()
    if picture.mode != "RGB":
        picture = picture.convert("RGB")
    picture.save(encoded, file_format, **_ENCODER_OPTIONS.get(file_format, {}))
    return encoded.getvalue()


def _atlas_with(text: str, picture_height: int, typefaces: Sequence[str]) -> Atlas:
    """Return the atlas of the smallest known alphabet that contains the text, or an atlas for this text alone."""
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
            "the prompt has a character that none of the typefaces has: the bundled ones have capital letters, digits "
            "and + - − × = ?; set CAPTCHA_FONTS to font files that have every character of the kind's prompts"
        )
    return atlas
