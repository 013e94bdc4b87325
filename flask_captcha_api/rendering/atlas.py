"""The atlas: every glyph that a picture may need, drawn once per process and copied from ever after.

Holds no geometry of any picture: each glyph stands upright in its cell, and what a picture does with it is done anew
each time.
"""

import threading
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

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


class Cell(NamedTuple):
    """Where a glyph stands in the atlas: its centre and size in pixels."""

    x: float
    y: float
    width: float
    height: float


class Atlas(NamedTuple):
    """All glyphs of an alphabet in one column, white on black.

    One narrow column, since the rows of a glyph then share a few pages of memory. Black margins on all sides, since the
    box around a leaning glyph looks far past its cell.
    """

    sheet: Image.Image
    #: For each character its glyphs, one of each typeface that it may be drawn in.
    cells: dict[str, list[Cell]]
    #: The height of a capital letter, in pixels.
    capital: int


_drawing = threading.Lock()


def atlas_for(characters: str, picture_height: int, typefaces: Sequence[str] = BUNDLED) -> Atlas:
    """Return the atlas for an alphabet, drawing it at the first call.

    :param typefaces: names of ours, or paths of font files.
    """
    wanted = picture_height * _CAPITAL_OF_PICTURE
    capital = next((size for size in _CAPITALS if size >= wanted), _CAPITALS[-1])
    with _drawing:  # one thread draws, the others wait for it
        return _draw_atlas(characters, capital, tuple(typefaces))


@lru_cache(maxsize=32)
def _draw_atlas(characters: str, capital: int, typefaces: tuple[str, ...]) -> Atlas:
    margin, width = capital, round(5.5 * capital)
    cells: dict[str, list[Cell]] = {character: [] for character in characters}
    strokes = []
    top = margin
    for character in characters:
        for typeface in _FITTING.get(character, typefaces) if typefaces == BUNDLED else typefaces:
            font = _font(typeface, capital)
            left, upper, right, lower = font.getbbox(character)
            height = lower - upper
            strokes.append((((width - right - left) // 2, top - upper), character, font))
            cells[character].append(
                Cell(width / 2, top + height / 2, right - left + 2 * _PADDING, height + 2 * _PADDING)
            )
            top += round(height) + margin
    sheet = Image.new("L", (width, top))
    pen = ImageDraw.Draw(sheet)
    for upper_left, character, font in strokes:
        pen.text(upper_left, character, font=font, fill=255)
    return Atlas(sheet, cells, capital)


@lru_cache(maxsize=64)
def _font(typeface: str, capital: int) -> ImageFont.FreeTypeFont:
    """Open a typeface at the size at which its capitals have a height in pixels."""
    source = (files(__package__) / "data" / f"{typeface}.ttf").read_bytes() if typeface in BUNDLED else None

    def at(size: float) -> ImageFont.FreeTypeFont:
        return ImageFont.truetype(BytesIO(source) if source is not None else typeface, size)

    _, top, _, bottom = at(100).getbbox("H")
    return at(100 * capital / (bottom - top))
