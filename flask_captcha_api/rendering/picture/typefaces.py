"""The typefaces, the characters that they have, and their glyphs before they are bent."""

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from unicodedata import east_asian_width

from PIL import Image, ImageDraw, ImageFilter, ImageFont

_DATA = files("flask_captcha_api.rendering") / "data"
#: The package's typefaces, all of them heavy.
SANS_SERIF = ("baloo-2", "lexend", "nunito", "overpass", "rubik")
SLAB_SERIF = ("bitter", "roboto-slab")
BUNDLED = SANS_SERIF + SLAB_SERIF
SIGNS = frozenset("+-−×=")
CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-−×=?"

#: For characters that are ambiguous in some bundled typefaces, those in which they are not: a 1 with a foot does not
#: look like a 7, and the strokes of a letter without serifs can be counted.
_UNAMBIGUOUS_IN = dict.fromkeys("7ABCDEFGHIJKLMNOPQRSTUVWXYZ", SANS_SERIF) | {"1": SLAB_SERIF}

#: The height of a capital in a glyph, in pixels: enough for pictures of any size, since a glyph's edge is redrawn.
CAPITAL = 64
#: The blur of a glyph, as a standard deviation in pixels: about a quarter of a stroke.
BLUR = 3.2
#: Black pixels around a glyph: more than the blur reaches.
PADDING = 12

#: The height of a capital, as a share of the font size, if a typeface has no H to be measured.
_CAPITAL_PER_FONT_SIZE = 0.7
#: The height of an ideograph, as a share of the font size.
_IDEOGRAPH_PER_FONT_SIZE = 0.92
#: A code point that Unicode guarantees never to be a character.
_NONCHARACTER = "\uffff"


def missing_from(typefaces: Sequence[str], text: str) -> str:
    """Return the characters of a text that none of the typefaces has."""
    return "".join(sorted(character for character in set(text) if not faces_with(character, tuple(typefaces))))


@lru_cache(maxsize=1024)
def faces_with(character: str, typefaces: tuple[str, ...]) -> tuple[str, ...]:
    """Return the typefaces that have a character and in which it is unambiguous.

    :param typefaces: names from :data:`BUNDLED`, or paths of font files.
    """
    suitable = _UNAMBIGUOUS_IN.get(character, typefaces) if typefaces == BUNDLED else typefaces
    return tuple(typeface for typeface in suitable if _has(_open_font(typeface), character))


@lru_cache(maxsize=1024)
def width_of(character: str, typefaces: tuple[str, ...]) -> float:
    """Return the width of a character, in heights of a capital, in the first typeface that has it."""
    return (glyph(character, faces_with(character, typefaces)[0]).width - 2 * PADDING) / CAPITAL


@lru_cache(maxsize=1024)
def glyph(character: str, typeface: str) -> Image.Image:
    """Return a blurred glyph, white on black, with :data:`PADDING` around it.

    Mid-grey marks its edge. A darker grey marks an edge further out, and so a heavier weight.
    """
    font = _open_font(typeface, is_wide=east_asian_width(character) in {"W", "F"})
    left, top, right, bottom = map(round, font.getbbox(character))
    drawn = Image.new("L", (right - left + 2 * PADDING, bottom - top + 2 * PADDING))
    ImageDraw.Draw(drawn).text((PADDING - left, PADDING - top), character, font=font, fill=255)
    return drawn.filter(ImageFilter.GaussianBlur(BLUR))


@lru_cache(maxsize=64)
def _open_font(typeface: str, *, is_wide: bool = False) -> ImageFont.FreeTypeFont:
    """Open a typeface at the size at which its capitals, or its ideographs, are :data:`CAPITAL` pixels high."""
    source = (_DATA / f"{typeface}.ttf").read_bytes() if typeface in BUNDLED else None

    def at(size: float) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(BytesIO(source) if source is not None else typeface, size)

    if is_wide:
        return at(CAPITAL / _IDEOGRAPH_PER_FONT_SIZE)
    measured = at(100)
    if not _has(measured, "H"):
        return at(CAPITAL / _CAPITAL_PER_FONT_SIZE)
    _, top, _, bottom = measured.getbbox("H")
    return at(100 * CAPITAL / (bottom - top))


def _has(font: ImageFont.FreeTypeFont, character: str) -> bool:
    """Return whether a font draws a character visibly, and not as the glyph for missing characters."""
    mask = font.getmask(character)
    return mask.getbbox() is not None and (mask.size, bytes(mask)) != _missing_glyph_mask(font)


@lru_cache(maxsize=64)
def _missing_glyph_mask(font: ImageFont.FreeTypeFont) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(_NONCHARACTER)
    return mask.size, bytes(mask)
