"""Drawing a text in a random style, and encoding the picture."""

import random
from collections.abc import Mapping, Sequence
from io import BytesIO
from types import MappingProxyType

from PIL import Image

from .atlas import Atlas
from .canvas import Palette, Picture
from .styles import DIFFICULTIES, STYLES
from .typefaces import BUNDLED, faces_with

MEDIA_TYPES = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}

#: For light pages and for dark ones, on which a bright picture would glare. At any tint, the contrast of the two inks
#: is well above the 3:1 that WCAG 2.2 requires for graphics (1.4.11).
THEMES: Mapping[str, Palette] = MappingProxyType(
    {"light": Palette(dark=52, light=222), "dark": Palette(dark=30, light=168)}
)

_ENCODER_OPTIONS = {"jpeg": {"quality": 70}}


def draw(
    text: str,
    rng: random.Random,
    *,
    size: tuple[int, int],
    file_format: str = "jpeg",
    difficulty: str = "normal",
    theme: str = "light",
    hue: int | None = None,
    typefaces: Sequence[str] = BUNDLED,
    atlas: Atlas | None = None,
) -> bytes:
    """Draw a text and return the encoded picture. Without an atlas, the same state of ``rng`` gives the same picture.

    :param text: white space in it is not drawn.
    :param size: width and height in pixels; a text of any length is scaled to fill them.
    :param file_format: a key of :data:`MEDIA_TYPES`.
    :param difficulty: a key of :data:`~flask_captcha_api.rendering.picture.styles.DIFFICULTIES`.
    :param theme: a key of :data:`THEMES`.
    :param hue: of both inks, 0 to 359 degrees as in CSS; None: a random one. The grey levels are the same with any.
    :param typefaces: names of bundled typefaces, or paths of font files.
    :param atlas: holds what earlier pictures left to be used again, which saves most of the time. None: every glyph is
        bent, and the background drawn, for this picture alone.
    :raises ValueError: there is no character to draw, or one that none of the typefaces has.
    """
    style = rng.choice(DIFFICULTIES[difficulty])
    return draw_in_style(
        style, text, rng, size=size, file_format=file_format, theme=theme, hue=hue, typefaces=typefaces, atlas=atlas
    )


def draw_in_style(
    style: str,
    text: str,
    rng: random.Random,
    *,
    size: tuple[int, int],
    file_format: str = "jpeg",
    theme: str = "light",
    hue: int | None = None,
    typefaces: Sequence[str] = BUNDLED,
    atlas: Atlas | None = None,
) -> bytes:
    """Draw a text in a given style, a key of :data:`~flask_captcha_api.rendering.picture.styles.STYLES`.

    The other parameters are those of :func:`draw`.
    """
    text, typefaces = "".join(text.split()), tuple(typefaces)
    _check(text, typefaces)
    picture = Picture(text, size, THEMES[theme]._replace(hue=hue), atlas or Atlas(), typefaces)
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


def _check(text: str, typefaces: tuple[str, ...]) -> None:
    """Check that a text can be drawn. The error does not show it: it may be the answer."""
    if not text:
        raise ValueError("there is no character to draw")
    if not all(faces_with(character, typefaces) for character in text):
        raise ValueError(
            "the prompt has a character that none of the typefaces has: the bundled ones have capital letters, digits "
            "and + - − × = ?; set CAPTCHA_FONTS to font files that have every character of the kind's prompts"
        )
