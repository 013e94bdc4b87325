"""The atlas: shapes, which are bent glyphs, and backgrounds, kept for several pictures."""

import math
import random
from typing import NamedTuple

from PIL import Image, ImageChops

from ...lazy import ProcessLock
from .typefaces import BLUR, CAPITAL, PADDING, faces_with, glyph

Range = tuple[float, float]

#: The most backgrounds, and the most shapes of an upright glyph, that are kept at each size; and the most shapes of a
#: tilted glyph at each of its many angles.
SLOTS, _TILTED_SLOTS = 12, 4
#: The most that all images of an atlas may take, in bytes of pixels. The oldest make room.
_CAPACITY = 4_000_000
#: The step of the angles at which shapes are kept, in radians.
_TILT_STEP = 0.25

#: The points of a mesh along each side. With more of them, bends of the same size are much harder to read, …
_POINTS = 3
#: … so the ripple, which has more, is smaller.
_RIPPLE_POINTS = 5
#: Between its points a mesh is smooth: it is drawn in this many cells along each side.
_CELLS = 8
#: The outermost pixels of a blurred glyph, this many, are too dark to become part of a shape, however heavy.
_BLANK = PADDING - 7
#: A smooth curve overshoots its points, so random bytes are at most this far from the middle of the range.
_ROOM = 95.5
_WITHIN = bytes(round(127.5 + _ROOM * (2 * value / 255 - 1)) for value in range(256))
#: The change of grey per pixel at the edge of a blurred glyph.
_EDGE = 255 / (BLUR * math.sqrt(2 * math.pi))
#: The change of grey per pixel at the edge of a shape: about one pixel is soft.
_SHARPNESS = 255


class Bending(NamedTuple):
    """How far shapes depart from their typeface. Lengths are in heights of a capital.

    :ivar mesh: the largest displacement of a point of the mesh.
    :ivar ripple: the same for a finer mesh, which is added to it.
    :ivar turn: the largest random angle, in radians, in addition to the one that the layout asks for.
    :ivar lean: the largest shear, to either side.
    :ivar weight: how far the outline is moved outwards.
    :ivar uneven: how far the weight varies, to either side, from one part of a glyph to another.
    :ivar height: a factor.
    :ivar width: a factor, on top of the height's.
    :ivar life: how often a shape is used on average before the next one takes its place. An attacker who knows the
        answers to some pictures recognises their shapes in others, so it is low where that matters.
    """

    mesh: float
    ripple: float
    turn: float
    lean: float
    weight: Range
    uneven: float
    height: Range
    width: Range
    life: int


class Atlas:
    """Images that are ready to be pasted. Threads may share one.

    It fills as pictures ask for images, which are replaced one by one. Each process has its own.
    """

    def __init__(self) -> None:
        self._images: dict[tuple[object, ...], Image.Image] = {}
        self._bytes = 0
        self._lock = ProcessLock()

    def shape(
        self,
        character: str,
        typefaces: tuple[str, ...],
        bending: Bending,
        capital: int,
        tilt: float,
        rng: random.Random,
    ) -> Image.Image:
        """Return a shape of a character, white on black and without a margin.

        :param capital: the height of a capital, in pixels.
        :param tilt: the angle in radians, clockwise; rounded.
        """
        step = round(tilt / _TILT_STEP)
        slot = int((_TILTED_SLOTS if step else SLOTS) * rng.random())
        key = (character, typefaces, bending, capital, step, slot)
        shape = self.find(key, bending.life, rng)
        if shape is None:
            typeface = rng.choice(faces_with(character, typefaces))
            shape = bend(glyph(character, typeface), bending, capital, step * _TILT_STEP, rng)
            self.keep(key, shape)
        return shape

    def find(self, key: tuple[object, ...], life: int, rng: random.Random) -> Image.Image | None:
        """Return the image that is kept, which must not be changed; None if there is none, or it is time for another.

        :param life: how often an image is used on average before the next one takes its place.
        """
        image = self._images.get(key)
        return None if image is None or life * rng.random() < 1 else image

    def keep(self, key: tuple[object, ...], image: Image.Image) -> None:
        """Keep an image in place of the previous one."""
        with self._lock.get():
            for old_key in (key, *self._images):
                old = self._images.pop(old_key, None)
                self._bytes -= old.width * old.height if old else 0
                if self._bytes + image.width * image.height <= _CAPACITY:
                    break
            self._images[key] = image
            self._bytes += image.width * image.height


def bend(blurred: Image.Image, bending: Bending, capital: int, tilt: float, rng: random.Random) -> Image.Image:
    """Return a glyph that is bent on a mesh, slanted, turned and given a random weight, without a margin."""
    zoom = CAPITAL / capital
    height = rng.uniform(*bending.height)
    width = height * rng.uniform(*bending.width)
    angle, lean = tilt + rng.uniform(-bending.turn, bending.turn), rng.uniform(-bending.lean, bending.lean)
    cosine, sine = math.cos(angle), math.sin(angle)
    a, b, c, d = cosine * width, (lean * cosine - sine) * height, sine * width, (lean * sine + cosine) * height
    reach = 2 * (bending.mesh + bending.ripple) * CAPITAL
    size = (  # no cell without a pixel, however small the glyph is
        max(_CELLS, math.ceil((abs(a) * blurred.width + abs(b) * blurred.height + reach) / zoom)),
        max(_CELLS, math.ceil((abs(c) * blurred.width + abs(d) * blurred.height + reach) / zoom)),
    )
    scale = zoom / (a * d - b * c)
    mesh = _mesh(size, (d * scale, -b * scale, -c * scale, a * scale), blurred.size, bending, rng)
    bent = blurred.transform(size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR, fillcolor=0)
    # What is brighter than the threshold, which varies across the glyph, becomes white, with soft edges.
    sway = _EDGE * CAPITAL * bending.uneven
    greys = bytes(round(128 + rng.uniform(-sway, sway)) for _ in range(9))
    field = Image.frombytes("L", (3, 3), greys).resize(size, Image.Resampling.BICUBIC)
    threshold = 128 - _EDGE * CAPITAL * rng.uniform(*bending.weight)
    slope = _SHARPNESS * capital / (_EDGE * CAPITAL)
    shape = ImageChops.add(bent, field, 1 / slope, round(128 - slope * (threshold + 128)))
    return shape.crop(shape.getbbox())


def _mesh(
    size: tuple[int, int],
    to_glyph: tuple[float, float, float, float],
    glyph_size: tuple[int, int],
    bending: Bending,
    rng: random.Random,
) -> list[tuple[tuple[int, int, int, int], tuple[float, ...]]]:
    """Return the boxes of a mesh, each with the quadrilateral of the glyph that it shows, for Image.transform.

    Nearly half of them lie beside the glyph, in its padding, and are left out.
    """
    a, b, c, d = to_glyph
    (width, height), (glyph_width, glyph_height) = size, glyph_size
    xs, ys = ([round(length * step / _CELLS) for step in range(_CELLS + 1)] for length in size)
    along_x = [(glyph_width / 2 + a * (x - width / 2), glyph_height / 2 + c * (x - width / 2)) for x in xs]
    along_y = [(b * (y - height / 2), d * (y - height / 2)) for y in ys]
    bends = iter(_bends(bending, rng))
    points = [
        (from_x + to_x + bend_x, from_y + to_y + bend_y)
        for (to_x, to_y), (from_x, from_y), (bend_x, bend_y) in (
            (along, across, next(bends)) for along in along_y for across in along_x
        )
    ]
    right, bottom = glyph_width - _BLANK, glyph_height - _BLANK
    # One bit for each side of the glyph: a cell whose corners share one is wholly beyond that side.
    beyond = [(x < _BLANK) | (x > right) << 1 | (y < _BLANK) << 2 | (y > bottom) << 3 for x, y in points]
    line = _CELLS + 1
    return [
        (
            (xs[column], ys[row], xs[column + 1], ys[row + 1]),
            (*points[at], *points[at + line], *points[at + line + 1], *points[at + 1]),
        )
        for row in range(_CELLS)
        for column in range(_CELLS)
        for at in (row * line + column,)
        if not beyond[at] & beyond[at + 1] & beyond[at + line] & beyond[at + line + 1]
    ]


def _bends(bending: Bending, rng: random.Random) -> list[tuple[float, float]]:
    """Return how far each corner of a cell is displaced along both axes, in pixels of a glyph."""
    bends = _field(_POINTS, bending.mesh * CAPITAL, rng)
    if not bending.ripple:
        return bends
    ripples = _field(_RIPPLE_POINTS, bending.ripple * CAPITAL, rng)
    return [(x + more_x, y + more_y) for (x, y), (more_x, more_y) in zip(bends, ripples, strict=True)]


def _field(points: int, largest: float, rng: random.Random) -> list[tuple[float, float]]:
    """Return two smooth random values for each corner of a cell, from random ones at ``points`` points a side."""
    # Two channels of an image are two fields.
    values = rng.randbytes(3 * points * points).translate(_WITHIN)
    coarse = Image.frombytes("RGB", (points, points), values)
    smooth = coarse.resize((_CELLS + 1, _CELLS + 1), Image.Resampling.BICUBIC).tobytes()
    step = largest / _ROOM
    return [((x - 127.5) * step, (y - 127.5) * step) for x, y in zip(smooth[::3], smooth[1::3], strict=True)]
