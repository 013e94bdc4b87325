"""The steps that paint: choose the glyphs, lay the ground, stamp the glyphs on it, and ink the result."""

import math
import random
from functools import lru_cache

from PIL import Image, ImageChops

from .atlas import Cell
from .picture import Palette, Picture, Placement

_BILINEAR = Image.Resampling.BILINEAR

#: Moves greys away from the middle, where a cut through them would leave a fuzzy edge.
_APART = bytes(round(0.7 * grey) if grey < 128 else round(255 - 0.7 * (255 - grey)) for grey in range(256))

#: Around the circle of hues.
_TINTS = 60
#: How far the chroma of a tint lies from grey. The further, the worse the inks of some hues are told apart.
_CHROMA = 22

_Box = tuple[int, int, int, int]
_Quad = tuple[float, ...]
_Patch = tuple[_Box, _Quad]


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
    layers: list[list[_Patch]] = []
    for cell, placement in zip(picture.cells, picture.placements, strict=True):
        halves = _bent_halves(cell, placement, wander, rng)
        for layer in layers:
            if not _touches(halves, layer):
                layer += halves
                break
        else:
            layers.append(halves)
    for layer in layers:
        glyphs = picture.atlas.sheet.transform(picture.size, Image.Transform.MESH, layer, _BILINEAR, fillcolor=0)
        picture.plane = ImageChops.difference(picture.plane, glyphs)


def ink(picture: Picture, rng: random.Random) -> None:
    """Ink the plane: black and white become the two inks, in one tint at random."""
    picture.plane.putpalette(_from_dark_to_light(picture.palette, rng.randrange(_TINTS)))
    picture.image = picture.plane.convert("RGB")


@lru_cache(maxsize=4 * _TINTS)
def _from_dark_to_light(palette: Palette, tint: int) -> bytes:
    """Return the RGB values of 256 steps from the dark ink to the light one, which differ in nothing but luma."""
    dark, light = palette
    hue = math.tau * tint / _TINTS
    luma = Image.frombytes("L", (256, 1), bytes(round(dark + (light - dark) * step / 255) for step in range(256)))
    blue, red = (Image.new("L", luma.size, round(128 + _CHROMA * part)) for part in (math.cos(hue), math.sin(hue)))
    return Image.merge("YCbCr", (luma, blue, red)).convert("RGB").tobytes()


def _bent_halves(cell: Cell, placement: Placement, wander: float, rng: random.Random) -> list[_Patch]:
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
    middle_x, middle_y = cell.x + back_b * (middle - y), cell.y + back_d * (middle - y)
    random_number, reach = rng.random, 2 * wander  # looked up once: this runs ten times a picture
    bent: list[_Patch] = []
    for left, right, edge in halves:
        left_x, left_y = back_a * (left - x), back_c * (left - x)
        right_x, right_y = back_a * (right - x), back_c * (right - x)
        edge_x, edge_y = cell.x + back_b * (edge - y) - wander, cell.y + back_d * (edge - y) - wander
        far_left = (edge_x + left_x + random_number() * reach, edge_y + left_y + random_number() * reach)
        far_right = (edge_x + right_x + random_number() * reach, edge_y + right_y + random_number() * reach)
        near_left = (middle_x + left_x, middle_y + left_y)
        near_right = (middle_x + right_x, middle_y + right_y)
        if edge == top:
            bent.append(((left, top, right, middle), far_left + near_left + near_right + far_right))
        else:
            bent.append(((left, middle, right, bottom), near_left + far_left + far_right + near_right))
    return bent


def _touches(halves: list[_Patch], layer: list[_Patch]) -> bool:
    """Tell whether a box of the one overlaps a box of the other."""
    for (left, top, right, bottom), _ in halves:
        for (its_left, its_top, its_right, its_bottom), _ in layer:
            if left < its_right and its_left < right and top < its_bottom and its_top < bottom:
                return True
    return False
