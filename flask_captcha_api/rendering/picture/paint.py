"""The painting steps: take shapes, paint the background, stamp the shapes on it, and colour the result."""

import math
import random
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw, ImageStat

from .atlas import SLOTS, Bending, Range
from .canvas import Palette, Picture
from .typefaces import SIGNS

_BILINEAR = Image.Resampling.BILINEAR

#: Moves greys away from the middle, where a threshold would leave a fuzzy edge.
_SPREAD = bytes(round(0.7 * grey) if grey < 128 else round(255 - 0.7 * (255 - grey)) for grey in range(256))
#: The background is painted at a fraction of the size, and enlarged before its edges become hard.
_COARSE = 4
#: The size of the backgrounds that are kept, compared with a picture's.
_LARGER = 1.25
#: Fewer large backgrounds are kept, or they would crowd the shapes out of the atlas: this many pixels of a kind.
_MOST_PIXELS = 150_000
#: How much steeper the background's greys become, so that its edges are hard: before it is enlarged, and after.
_STEEPER = (6, 8)

#: The number of tints, at equal distances around the hue circle.
_TINTS = 60
#: The distance of a tint's chroma from grey. The larger it is, the harder it is to distinguish the inks of some hues.
_CHROMA = 22

#: The signs of sums are drawn alike in every picture, upright and large: a "+" that is turned is a "×".
_SIGN_BENDING = Bending(
    mesh=0.03,
    ripple=0.0,
    turn=0.05,
    lean=0.05,
    weight=(0.0, 0.02),
    uneven=0.01,
    height=(1.2, 1.3),
    width=(1.0, 1.1),
    life=100,
)
#: Digits that are easily mistaken for others, so they are bent half as far. Only sums, which need them, have them.
_FRAGILE = frozenset("179")
#: The diameter of the plain patch under a sign, in heights of a capital.
_PATCH = 1.15


def take_shapes(picture: Picture, rng: random.Random, *, bending: Bending) -> None:
    """Take a shape for every glyph from the atlas."""
    picture.shapes = [
        picture.atlas.shape(
            character,
            picture.typefaces,
            _bending_of(character, bending),
            picture.capital,
            0 if character in SIGNS else spot.tilt,
            rng,
        )
        for character, spot in zip(picture.text, picture.spots, strict=True)
    ]


def _bending_of(character: str, bending: Bending) -> Bending:
    if character in SIGNS:
        return _SIGN_BENDING
    if character in _FRAGILE:
        return bending._replace(mesh=bending.mesh / 2, ripple=bending.ripple / 2, turn=bending.turn / 2)
    return bending


def patches(picture: Picture, rng: random.Random, *, across: float, along: float, angle: Range, life: int) -> None:
    """Paint a background of black and white patches: a random part of a larger one, which the atlas keeps.

    A glyph across an edge is light on one side of it and dark on the other, so that no threshold isolates it. The edges
    run at a slant, because few strokes of an upright glyph do: an edge along a stroke would hide or imitate it.

    :param across: the width of a cell, in heights of a capital; the smaller it is, the more edges cross each glyph.
    :param along: the length of a cell.
    :param angle: the angle of a cell's length from the horizontal, in radians, to either side.
    :param life: how often a background is used on average before the next one takes its place.
    """
    width, height = picture.size
    cell = along * picture.capital, across * picture.capital
    size = round(_LARGER * width), round(_LARGER * height)
    slots = max(1, min(SLOTS, _MOST_PIXELS // (size[0] * size[1])))
    key = (size, cell, angle, int(slots * rng.random()))
    larger = picture.atlas.find(key, life, rng)
    if larger is None:
        larger = _patches(size, cell, angle, rng)
        picture.atlas.keep(key, larger)
    left, top = int(rng.random() * (size[0] - width + 1)), int(rng.random() * (size[1] - height + 1))
    part = larger.crop((left, top, left + width, top + height))
    picture.plane = ImageChops.invert(part) if rng.random() < 0.5 else part


def _patches(size: tuple[int, int], cell: tuple[float, float], angle: Range, rng: random.Random) -> Image.Image:
    """Return a background: a few random grey cells, enlarged, turned and thresholded."""
    width, height = (math.ceil(length / _COARSE) for length in size)
    turned = rng.uniform(*angle) * rng.choice((1, -1))
    cell_x, cell_y = (length / _COARSE for length in cell)
    diagonal = math.hypot(width, height)
    columns, lines = math.ceil(diagonal / cell_x) + 2, math.ceil(diagonal / cell_y) + 2
    cells = Image.frombytes("L", (columns, lines), rng.randbytes(columns * lines).translate(_SPREAD))
    a, b = math.cos(turned) / cell_x, math.sin(turned) / cell_x
    c, d = -math.sin(turned) / cell_y, math.cos(turned) / cell_y
    from_x, from_y = columns / 2 + rng.uniform(-0.5, 0.5), lines / 2 + rng.uniform(-0.5, 0.5)
    to_cells = (a, b, from_x - (a * width + b * height) / 2, c, d, from_y - (c * width + d * height) / 2)
    grey = cells.transform((width, height), Image.Transform.AFFINE, to_cells, _BILINEAR)
    before, after = _STEEPER
    return _steeper(_steeper(grey, before).resize(size, _BILINEAR), after)


def _steeper(grey: Image.Image, factor: int) -> Image.Image:
    """Return an image whose greys are further from the middle."""
    return ImageChops.add(grey, grey, 2 / factor, 128 - 128 * factor)


def clear_signs(picture: Picture, rng: random.Random) -> None:  # noqa: ARG001 - the same signature as every step
    """Put a plain patch under each sign, so that no edge of the background hides it or adds a stroke to it."""
    for character, shape, (x, y) in zip(picture.text, picture.shapes, picture.corners, strict=True):
        if character in SIGNS:
            disc = _disc(round(_PATCH * picture.capital))
            left, top = x + (shape.width - disc.width) // 2, y + (shape.height - disc.height) // 2
            box = (left, top, left + disc.width, top + disc.height)
            is_light = ImageStat.Stat(picture.plane.crop(box)).mean[0] > 127
            picture.plane.paste(255 if is_light else 0, box, disc)


def stamp(picture: Picture, rng: random.Random) -> None:  # noqa: ARG001 - the same signature as every step
    """Stamp the shapes, swapping the inks wherever a glyph overlaps another or a dark part of the background."""
    glyphs = Image.new("L", picture.size)
    boxes: list[tuple[int, int, int, int]] = []
    for shape, (left, top) in zip(picture.shapes, picture.corners, strict=True):
        width, height = shape.size
        right, bottom = left + width, top + height
        box, stamped = (left, top, right, bottom), shape
        if any(x < right and left < to_x and y < bottom and top < to_y for x, y, to_x, to_y in boxes):
            stamped = ImageChops.difference(glyphs.crop(box), shape)
        glyphs.paste(stamped, box)
        boxes.append(box)
    picture.plane = ImageChops.difference(picture.plane, glyphs)


def ink(picture: Picture, rng: random.Random) -> None:
    """Colour the plane: black and white become the two inks, in the palette's hue or else in a random tint."""
    tint = math.tau * rng.randrange(_TINTS) / _TINTS
    hue = picture.palette.hue
    picture.plane.putpalette(_gradient(picture.palette, tint if hue is None else _tint_of(hue)))
    picture.image = picture.plane.convert("RGB")


@lru_cache(maxsize=4 * _TINTS)
def _gradient(palette: Palette, tint: float) -> bytes:
    """Return the RGB values of 256 steps from the dark ink to the light one, which differ only in luma.

    :param tint: the angle of their chroma in the plane of Cb and Cr, in radians.
    """
    dark, light, _ = palette
    luma = Image.frombytes("L", (256, 1), bytes(round(dark + (light - dark) * step / 255) for step in range(256)))
    blue, red = (Image.new("L", luma.size, round(128 + _CHROMA * part)) for part in (math.cos(tint), math.sin(tint)))
    return Image.merge("YCbCr", (luma, blue, red)).convert("RGB").tobytes()


@lru_cache(maxsize=360)
def _tint_of(hue: int) -> float:
    """Return the tint of a hue in degrees."""
    _, blue, red = Image.new("RGB", (1, 1), f"hsl({hue}, 100%, 50%)").convert("YCbCr").tobytes()
    return math.atan2(red - 128, blue - 128)


@lru_cache(maxsize=64)
def _disc(diameter: int) -> Image.Image:
    disc = Image.new("L", (4 * diameter, 4 * diameter))
    ImageDraw.Draw(disc).ellipse((0, 0, 4 * diameter - 1, 4 * diameter - 1), fill=255)
    return disc.reduce(4)
