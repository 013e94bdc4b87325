"""The glyph atlas: every glyph that a picture may need, drawn once per process, upright and untransformed."""

from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from itertools import chain
from math import ceil
from typing import NamedTuple
from unicodedata import east_asian_width

from PIL import Image, ImageDraw, ImageFont

from ...lazy import ProcessLock

_DATA = files("flask_captcha_api.rendering") / "data"
#: The package's typefaces, all of them heavy.
SANS_SERIF = ("baloo-2", "lexend", "nunito", "overpass", "rubik")
SLAB_SERIF = ("bitter", "roboto-slab")
BUNDLED = SANS_SERIF + SLAB_SERIF
CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-−×=?"

#: For characters that are ambiguous in some bundled typefaces, those in which they are not: a 1 with a foot does not
#: look like a 7, and the strokes of a letter without serifs can be counted.
_UNAMBIGUOUS_IN = dict.fromkeys("7ABCDEFGHIJKLMNOPQRSTUVWXYZ", SANS_SERIF) | {"1": SLAB_SERIF}

#: Black pixels around a glyph within its cell: more than bending can move its edge.
_PADDING = 2
#: The sizes of atlases, as the height of a capital in pixels.
_CAPITAL_HEIGHTS = (24, 40, 72, 120)
#: The height of a capital, as a share of the picture's height.
_CAPITAL_PER_PICTURE = 40 / 90
#: The height of a capital, as a share of the font size, if a typeface has no H to be measured.
_CAPITAL_PER_FONT_SIZE = 0.7
#: The height of an ideograph, as a share of the font size.
_IDEOGRAPH_PER_FONT_SIZE = 0.92
#: A code point that Unicode guarantees never to be a character.
_NONCHARACTER = "\uffff"


class Cell(NamedTuple):
    """The place of a glyph in the atlas: its centre and size in pixels."""

    x: float
    y: float
    width: float
    height: float


class Atlas(NamedTuple):
    """All glyphs of an alphabet in one column, white on black.

    The column is as narrow as its widest glyph, so that a glyph's pixels share a few pages of memory. The box around a
    leaning glyph extends far beyond its cell: into margins above and below, and beyond the image, which is black, at
    the sides.

    :ivar cells: the glyphs of each character, one for each typeface that it may be drawn in.
    :ivar capital: the height of a capital letter, in pixels.
    """

    sheet: Image.Image
    cells: dict[str, list[Cell]]
    capital: int


_drawing_lock = ProcessLock()


def atlas_for(alphabet: str, picture_height: int, typefaces: Sequence[str] = BUNDLED) -> Atlas:
    """Return the atlas of an alphabet, drawn at the first call.

    :param picture_height: in pixels; decides the size of the glyphs.
    :param typefaces: names from :data:`BUNDLED`, or paths of font files. A character that none of them has gets no
        cell.
    """
    with _drawing_lock.get():  # one thread draws, the others wait for it
        return _draw_atlas_once(alphabet, _capital_height_for(picture_height), tuple(typefaces))


def atlas_of_text(text: str, picture_height: int, typefaces: Sequence[str] = BUNDLED) -> Atlas:
    """Draw the atlas for one text, whose alphabet is unknown or too large to be drawn as a whole."""
    with _drawing_lock.get():
        return _draw_atlas("".join(sorted(set(text))), _capital_height_for(picture_height), tuple(typefaces))


def missing_from(typefaces: Sequence[str], text: str) -> str:
    """Return the characters of a text that none of the typefaces has."""
    return "".join(
        sorted(character for character in set(text) if not _draw_glyphs(character, _CAPITAL_HEIGHTS[0], typefaces))
    )


def _capital_height_for(picture_height: int) -> int:
    wanted = picture_height * _CAPITAL_PER_PICTURE
    return next((height for height in _CAPITAL_HEIGHTS if height >= wanted), _CAPITAL_HEIGHTS[-1])


def _draw_atlas(characters: str, capital: int, typefaces: tuple[str, ...]) -> Atlas:
    glyphs = {character: _draw_glyphs(character, capital, typefaces) for character in characters}
    every_glyph = list(chain.from_iterable(glyphs.values()))
    margin = capital
    middle = max((ceil(glyph.width / 2) for glyph in every_glyph), default=0) + _PADDING
    sheet = Image.new("L", (2 * middle, margin + sum(glyph.height + margin for glyph in every_glyph)))
    cells: dict[str, list[Cell]] = {character: [] for character in characters}
    top = margin
    for character, its_glyphs in glyphs.items():
        for glyph in its_glyphs:
            sheet.paste(glyph, (middle - ceil(glyph.width / 2), top))
            cells[character].append(
                Cell(middle, top + glyph.height / 2, glyph.width + 2 * _PADDING, glyph.height + 2 * _PADDING)
            )
            top += glyph.height + margin
    return Atlas(sheet, cells, capital)


_draw_atlas_once = lru_cache(maxsize=32)(_draw_atlas)


def _draw_glyphs(character: str, capital: int, typefaces: Sequence[str]) -> list[Image.Image]:
    """Draw a character in each typeface that has it and in which it is unambiguous."""
    suitable = _UNAMBIGUOUS_IN.get(character, typefaces) if typefaces == BUNDLED else typefaces
    return [glyph for typeface in suitable if (glyph := _draw_glyph(character, typeface, capital)) is not None]


@lru_cache(maxsize=1024)
def _draw_glyph(character: str, typeface: str, capital: int) -> Image.Image | None:
    """Draw a character, white on black and without a margin. Return None if the typeface does not have it."""
    font = _open_font(typeface, capital, is_wide=east_asian_width(character) in {"W", "F"})
    if not _has(font, character):
        return None
    left, top, right, bottom = map(round, font.getbbox(character))
    glyph = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(glyph).text((-left, -top), character, font=font, fill=255)
    return glyph


@lru_cache(maxsize=64)
def _open_font(typeface: str, capital: int, *, is_wide: bool = False) -> ImageFont.FreeTypeFont:
    """Open a typeface at the size at which its capitals, or its ideographs, are ``capital`` pixels high."""
    source = (_DATA / f"{typeface}.ttf").read_bytes() if typeface in BUNDLED else None

    def at(size: float) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(BytesIO(source) if source is not None else typeface, size)

    if is_wide:
        return at(capital / _IDEOGRAPH_PER_FONT_SIZE)
    measured = at(100)
    if not _has(measured, "H"):
        return at(capital / _CAPITAL_PER_FONT_SIZE)
    _, top, _, bottom = measured.getbbox("H")
    return at(100 * capital / (bottom - top))


def _has(font: ImageFont.FreeTypeFont, character: str) -> bool:
    """Return whether a font draws a character visibly, and not as the glyph for missing characters."""
    mask = font.getmask(character)
    return mask.getbbox() is not None and (mask.size, bytes(mask)) != _missing_glyph_mask(font)


@lru_cache(maxsize=64)
def _missing_glyph_mask(font: ImageFont.FreeTypeFont) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(_NONCHARACTER)
    return mask.size, bytes(mask)
