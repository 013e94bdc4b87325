"""The painting steps: choose typefaces, paint the background, stamp the glyphs on it, and colour the result."""

import math
import random
from functools import lru_cache

from PIL import Image, ImageChops

from .atlas import Cell
from .canvas import Palette, Picture, Placement

_BILINEAR = Image.Resampling.BILINEAR

#: Moves greys away from the middle, where a threshold would leave a fuzzy edge.
_SPREAD = bytes(round(0.7 * grey) if grey < 128 else round(255 - 0.7 * (255 - grey)) for grey in range(256))

#: The number of tints, at equal distances around the hue circle.
_TINTS = 60
#: The distance of a tint's chroma from grey. The larger it is, the harder it is to distinguish the inks of some hues.
_CHROMA = 22

_Box = tuple[int, int, int, int]
_Quad = tuple[float, ...]
_Patch = tuple[_Box, _Quad]


def choose_typefaces(picture: Picture, rng: random.Random) -> None:
    """Choose a typeface for every glyph, among those in which the character is unambiguous."""
    picture.cells = [rng.choice(picture.atlas.cells[character]) for character in picture.text]


def blobs(picture: Picture, rng: random.Random, *, grid: tuple[int, int]) -> None:
    """Paint a background of black and white blobs: a few random grey cells, enlarged and thresholded.

    A glyph across an edge is light on one side of it and dark on the other, so that no threshold isolates it.

    :param grid: columns and rows of cells; the more there are, the more edges cross each glyph.
    """
    columns, lines = grid
    cells = Image.frombytes("L", grid, rng.randbytes(columns * lines).translate(_SPREAD))
    grey = cells.resize(picture.size, _BILINEAR)
    steepness = 36
    picture.plane = ImageChops.add(grey, grey, 2 / steepness, 128 - 128 * steepness)


def stamp(picture: Picture, rng: random.Random, *, bend: float = 2 / 40) -> None:
    """Stamp the glyphs, swapping the inks wherever a glyph overlaps another or a dark part of the background.

    Each glyph is copied from the atlas as a quadrilateral whose corners are displaced at random, so that its shape
    differs in every picture. Glyphs that do not touch each other are copied together.

    :param bend: the largest displacement of a corner, in capital heights.
    """
    displacement = bend * picture.atlas.capital
    layers: list[list[_Patch]] = []
    for cell, placement in zip(picture.cells, picture.placements, strict=True):
        patch = _bend(cell, placement, displacement, rng)
        for layer in layers:
            if not _touches(patch, layer):
                layer.append(patch)
                break
        else:
            layers.append([patch])
    for layer in layers:
        glyphs = picture.atlas.sheet.transform(picture.size, Image.Transform.MESH, layer, _BILINEAR, fillcolor=0)
        picture.plane = ImageChops.difference(picture.plane, glyphs)


def ink(picture: Picture, rng: random.Random) -> None:
    """Colour the plane: black and white become the two inks, in a random tint."""
    picture.plane.putpalette(_gradient(picture.palette, rng.randrange(_TINTS)))
    picture.image = picture.plane.convert("RGB")


@lru_cache(maxsize=4 * _TINTS)
def _gradient(palette: Palette, tint: int) -> bytes:
    """Return the RGB values of 256 steps from the dark ink to the light one, which differ only in luma."""
    dark, light = palette
    hue = math.tau * tint / _TINTS
    luma = Image.frombytes("L", (256, 1), bytes(round(dark + (light - dark) * step / 255) for step in range(256)))
    blue, red = (Image.new("L", luma.size, round(128 + _CHROMA * part)) for part in (math.cos(hue), math.sin(hue)))
    return Image.merge("YCbCr", (luma, blue, red)).convert("RGB").tobytes()


def _bend(cell: Cell, placement: Placement, displacement: float, rng: random.Random) -> _Patch:
    """Return the box in the picture that a glyph covers, and the quadrilateral in the atlas that is copied there.

    Its corners are in Pillow's order: counter-clockwise from the upper left.
    """
    x, y, a, b, c, d = placement
    reach_x = (abs(a) * cell.width + abs(b) * cell.height) / 2
    reach_y = (abs(c) * cell.width + abs(d) * cell.height) / 2
    left, right = math.floor(x - reach_x), math.ceil(x + reach_x)
    top, bottom = math.floor(y - reach_y), math.ceil(y + reach_y)

    determinant = a * d - b * c
    left_x, left_y = d / determinant * (left - x), -c / determinant * (left - x)
    right_x, right_y = d / determinant * (right - x), -c / determinant * (right - x)
    top_x, top_y = cell.x - b / determinant * (top - y), cell.y + a / determinant * (top - y)
    bottom_x, bottom_y = cell.x - b / determinant * (bottom - y), cell.y + a / determinant * (bottom - y)

    stray = [displacement * (2 * rng.random() - 1) for _ in range(8)]
    return (left, top, right, bottom), (
        top_x + left_x + stray[0],
        top_y + left_y + stray[1],
        bottom_x + left_x + stray[2],
        bottom_y + left_y + stray[3],
        bottom_x + right_x + stray[4],
        bottom_y + right_y + stray[5],
        top_x + right_x + stray[6],
        top_y + right_y + stray[7],
    )


def _touches(patch: _Patch, layer: list[_Patch]) -> bool:
    """Return whether a patch overlaps one of a layer."""
    left, top, right, bottom = patch[0]
    for (its_left, its_top, its_right, its_bottom), _ in layer:
        if left < its_right and its_left < right and top < its_bottom and its_top < bottom:
            return True
    return False
