"""The atlas: every glyph that a picture may need, drawn once per process and copied from ever after.

Holds no geometry of any picture: each glyph stands upright in its cell, and what a picture does with it is done anew
each time.
"""

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
#: The typefaces of the package: heavy ones, without serifs and with.
PLAIN = ("baloo-2", "lexend", "nunito", "overpass", "rubik")
SLAB = ("bitter", "roboto-slab")
BUNDLED = PLAIN + SLAB
CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-−×=?"

#: Which of our typefaces a character is drawn in where not all will do: with a foot a 1 is not taken for a 7, and
#: without serifs a letter's strokes can be counted.
_FITTING = dict.fromkeys("7ABCDEFGHIJKLMNOPQRSTUVWXYZ", PLAIN) | {"1": SLAB}

#: Black around a glyph that belongs to its cell: more than bending can move its edge.
_PADDING = 2
#: Sizes in which the glyphs are kept, as heights of a capital in pixels: large enough for the picture, no larger.
_CAPITALS = (24, 40, 72, 120)
_CAPITAL_OF_PICTURE = 40 / 90
#: How high a capital is where a typeface has none to be measured, and an ideograph in every typeface, of its size.
_CAPITAL_OF_SIZE = 0.7
_IDEOGRAPH_OF_SIZE = 0.92
#: Unicode keeps this code point from ever being a character.
_NO_CHARACTER = "\uffff"


class Cell(NamedTuple):
    """Where a glyph stands in the atlas: its centre and size in pixels."""

    x: float
    y: float
    width: float
    height: float


class Atlas(NamedTuple):
    """All glyphs of an alphabet in one column, white on black.

    The column is as narrow as its widest glyph, so that a glyph's rows share a few pages of memory. The box around a
    leaning glyph looks far past its cell: it finds margins above and below, and nothing, which is black, at the sides.
    """

    sheet: Image.Image
    #: For each character its glyphs, one of each typeface that it may be drawn in.
    cells: dict[str, list[Cell]]
    #: The height of a capital letter, in pixels.
    capital: int


_drawing = ProcessLock()


def atlas_for(alphabet: str, picture_height: int, typefaces: Sequence[str] = BUNDLED) -> Atlas:
    """Return the atlas of an alphabet, drawing it at the first call.

    :param typefaces: names of ours, or paths of font files. A character that none of them has gets no cell.
    """
    with _drawing.get():  # one thread draws, the others wait for it
        return _atlas_of_alphabet(alphabet, _capital_for(picture_height), tuple(typefaces))


def atlas_of_text(text: str, picture_height: int, typefaces: Sequence[str] = BUNDLED) -> Atlas:
    """Draw the atlas of one text, of an alphabet that is not known or too large to be drawn as a whole."""
    with _drawing.get():
        return _atlas("".join(sorted(set(text))), _capital_for(picture_height), tuple(typefaces))


def missing_from(typefaces: Sequence[str], text: str) -> str:
    """Return the characters of a text that none of the typefaces has."""
    return "".join(sorted(character for character in set(text) if not _glyphs(character, _CAPITALS[0], typefaces)))


def _capital_for(picture_height: int) -> int:
    wanted = picture_height * _CAPITAL_OF_PICTURE
    return next((size for size in _CAPITALS if size >= wanted), _CAPITALS[-1])


def _atlas(characters: str, capital: int, typefaces: tuple[str, ...]) -> Atlas:
    glyphs = {character: _glyphs(character, capital, typefaces) for character in characters}
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


_atlas_of_alphabet = lru_cache(maxsize=32)(_atlas)


def _glyphs(character: str, capital: int, typefaces: Sequence[str]) -> list[Image.Image]:
    """Return a character's glyphs, one of each typeface that may draw it and has it."""
    fitting = _FITTING.get(character, typefaces) if typefaces == BUNDLED else typefaces
    return [glyph for typeface in fitting if (glyph := _glyph(character, typeface, capital)) is not None]


@lru_cache(maxsize=1024)
def _glyph(character: str, typeface: str, capital: int) -> Image.Image | None:
    """Draw a character, white on black and without a margin; None where the typeface does not have it."""
    font = _font(typeface, capital, is_wide=east_asian_width(character) in {"W", "F"})
    if not _has(font, character):
        return None
    left, top, right, bottom = map(round, font.getbbox(character))
    glyph = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(glyph).text((-left, -top), character, font=font, fill=255)
    return glyph


@lru_cache(maxsize=64)
def _font(typeface: str, capital: int, *, is_wide: bool = False) -> ImageFont.FreeTypeFont:
    """Open a typeface at the size at which its capitals, or its ideographs, have a height in pixels."""
    source = (_DATA / f"{typeface}.ttf").read_bytes() if typeface in BUNDLED else None

    def at(size: float) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(BytesIO(source) if source is not None else typeface, size)

    if is_wide:
        return at(capital / _IDEOGRAPH_OF_SIZE)
    measured = at(100)
    if not _has(measured, "H"):
        return at(capital / _CAPITAL_OF_SIZE)
    _, top, _, bottom = measured.getbbox("H")
    return at(100 * capital / (bottom - top))


def _has(font: ImageFont.FreeTypeFont, character: str) -> bool:
    """Tell whether a font has a character that leaves ink, and does not draw it as what stands for a missing one."""
    mask = font.getmask(character)
    return mask.getbbox() is not None and (mask.size, bytes(mask)) != _mask_of_missing(font)


@lru_cache(maxsize=64)
def _mask_of_missing(font: ImageFont.FreeTypeFont) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(_NO_CHARACTER)
    return mask.size, bytes(mask)
