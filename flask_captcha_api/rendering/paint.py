"""The steps that paint: choose the glyphs, lay the ground, stamp the glyphs on it, and ink the result."""

import math
import random

from PIL import Image, ImageChops

from .atlas import Cell
from .picture import Picture, Placement

_BILINEAR = Image.Resampling.BILINEAR

#: Moves greys away from the middle, where a cut through them would leave a fuzzy edge.
_APART = bytes(round(0.7 * grey) if grey < 128 else round(255 - 0.7 * (255 - grey)) for grey in range(256))

#: How far the chroma of a picture lies from grey. The more, the worse the inks of some hues are told apart.
_TINT = 22

_Box = tuple[int, int, int, int]
_Quad = tuple[float, ...]


def choose_typefaces(picture: Picture, rng: random.Random) -> None:
    """Choose a typeface for every glyph, among those that keep it apart from its like."""
    picture.cells = [rng.choice(picture.atlas.cells[character]) for character in picture.text]


def blobs(picture: Picture, rng: random.Random, *, grid: tuple[int, int]) -> None:
    """Lay a ground of two polarities: a few random grey cells, blown up and cut at the middle.

    A glyph that lies across an edge is light on one side of it and dark on the other, so that no threshold finds it.

    :param grid: columns and rows of cells; the more, the more cuts go through each glyph.
    """
    columns, lines = grid
    cells = Image.frombytes("L", grid, rng.randbytes(columns * lines).translate(_APART))
    grey = cells.resize(picture.size, _BILINEAR)
    steepness = 36
    picture.plane = ImageChops.add(grey, grey, 2 / steepness, 128 - 128 * steepness)


def stamp(picture: Picture, rng: random.Random, *, bend: float = 2 / 40) -> None:
    """Stamp the glyphs; where figure meets figure or dark ground, the inks swap.

    Each glyph is copied from the atlas as two quadrilaterals, above and below its waist, whose far corners wander, so
    that no two pictures have the same shape of it. Those that do not touch each other are copied at once.

    :param bend: how far a corner may wander, in units of a capital's height.
    """
    wander = bend * picture.atlas.capital
    layers: list[list[tuple[_Box, _Quad]]] = []
    for cell, placement in zip(picture.cells, picture.placements, strict=True):
        halves = _bent_halves(cell, placement, wander, rng)
        for layer in layers:
            if not any(_overlap(half, box) for half, _ in halves for box, _ in layer):
                layer += halves
                break
        else:
            layers.append(halves)
    for layer in layers:
        glyphs = picture.atlas.sheet.transform(picture.size, Image.Transform.MESH, layer, _BILINEAR)
        picture.plane = ImageChops.difference(picture.plane, glyphs)


def ink(picture: Picture, rng: random.Random) -> None:
    """Ink the plane: black and white become the two levels of luma, and one tint at random covers everything."""
    dark, light = picture.palette
    share = (light - dark) / 255
    base = Image.new("L", picture.size, round(dark / (1 - share)))
    luma = Image.blend(base, picture.plane, share)
    hue = rng.uniform(0, math.tau)
    blue, red = (Image.new("L", picture.size, round(128 + _TINT * part)) for part in (math.cos(hue), math.sin(hue)))
    picture.image = Image.merge("YCbCr", (luma, blue, red))


def _bent_halves(cell: Cell, placement: Placement, wander: float, rng: random.Random) -> list[tuple[_Box, _Quad]]:
    """Return the two boxes of the picture that a glyph covers, each with the corners that it shows of the atlas.

    A box spans what the glyph's parallelogram covers above, or below, the height of its centre. Corners go
    counter-clockwise from the upper left, as Pillow wants them.
    """
    x, y, a, b, c, d = placement
    determinant = a * d - b * c
    back_a, back_b, back_c, back_d = d / determinant, -b / determinant, -c / determinant, a / determinant

    # Two corners of the parallelogram, taken from its centre to its upper half; the other two mirror them.
    half_width, half_height = cell.width / 2, cell.height / 2
    x1, y1 = a * half_width + b * half_height, c * half_width + d * half_height
    x2, y2 = a * half_width - b * half_height, c * half_width - d * half_height
    x1, x2 = (-x1 if y1 > 0 else x1), (-x2 if y2 > 0 else x2)
    waist = min(half_width / max(abs(back_a), 1e-6), half_height / max(abs(back_c), 1e-6))
    reach_left, reach_right, reach_up = min(x1, x2, -waist), max(x1, x2, waist), max(abs(y1), abs(y2))

    top, middle, bottom = math.floor(y - reach_up), round(y), math.ceil(y + reach_up)
    halves = (
        (math.floor(x + reach_left), math.ceil(x + reach_right), top),
        (math.floor(x - reach_right), math.ceil(x - reach_left), bottom),
    )
    random_number, reach = rng.random, 2 * wander  # looked up once: this runs ten times a picture
    bent: list[tuple[_Box, _Quad]] = []
    for left, right, edge in halves:
        across_left, across_right, to_edge, to_middle = left - x, right - x, edge - y, middle - y
        at_edge, at_middle = cell.x + back_b * to_edge, cell.x + back_b * to_middle
        down_edge, down_middle = cell.y + back_d * to_edge, cell.y + back_d * to_middle
        far_left = (
            at_edge + back_a * across_left + random_number() * reach - wander,
            down_edge + back_c * across_left + random_number() * reach - wander,
        )
        far_right = (
            at_edge + back_a * across_right + random_number() * reach - wander,
            down_edge + back_c * across_right + random_number() * reach - wander,
        )
        near_left = (at_middle + back_a * across_left, down_middle + back_c * across_left)
        near_right = (at_middle + back_a * across_right, down_middle + back_c * across_right)
        if edge == top:
            bent.append(((left, top, right, middle), far_left + near_left + near_right + far_right))
        else:
            bent.append(((left, middle, right, bottom), near_left + far_left + far_right + near_right))
    return bent


def _overlap(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
