"""The layouts: where the glyphs of a text go, and how large they are.

People read all of them as usual, from left to right and from the upper row to the lower. They break the assumptions of
recognisers: that a column of pixels belongs to one character, that lines are level, and that glyphs are upright.
"""

import math
import random
from collections.abc import Sequence
from operator import add, sub

from .atlas import Range
from .canvas import Picture, Spot
from .typefaces import SIGNS, width_of

#: The height and the width of a shape compared with its typeface's: bending and leaning add to both.
_TALLER, _WIDER = 1.25, 1.12
#: A capital is not higher than this share of the picture.
_TALLEST = 0.6
#: There are two rows only if their glyphs have at least this share of the size that one row would give them.
_SMALLEST_IN_ROWS = 0.6
#: The largest factor by which the distances between glyphs are stretched to fill a picture.
_LARGEST_STRETCH = 1.4


def rows(picture: Picture, rng: random.Random, *, gap: Range) -> None:
    """Set two rows, or one if the text is short or the picture flat. Which of the two is longer is random.

    :param gap: between glyphs, in heights of a capital.
    """
    widths = _widths_of(picture)
    typical = _typical(widths)
    picture.capital = _capital_for(picture, typical * len(widths), _TALLER)
    parts = [widths]
    in_two = _capital_for(picture, typical * math.ceil(len(widths) / 2), 2 * _TALLER)
    if len(widths) > 3 and in_two > _SMALLEST_IN_ROWS * picture.capital:
        picture.capital = in_two
        first = rng.choice(_breaks(picture.text))
        parts = [widths[:first], widths[first:]]
    longest = max(map(sum, parts))
    for row, part in enumerate(parts):
        free, gaps = longest - sum(part), len(part) - 1
        spread = min(rng.uniform(*gap), free / max(1, gaps))
        x = rng.random() * (free - spread * gaps)
        for width in part:
            picture.spots.append(Spot(x + width / 2, row * _TALLER + rng.uniform(-0.05, 0.05)))
            x += width + spread


def arch(picture: Picture, rng: random.Random, *, gap: float, span: Range) -> None:
    """Set the glyphs around an arch or, upside down, in a bowl.

    :param gap: between glyphs, in heights of a capital.
    :param span: the angle from the first glyph to the last, in radians.
    """
    widths = [width + gap for width in _widths_of(picture)]
    total_angle, up = rng.uniform(*span), rng.choice((1, -1))
    radius = sum(widths) / total_angle
    skew = rng.uniform(-0.1, 0.1)
    x = 0.0
    for width in widths:
        angle = ((x + width / 2) / sum(widths) - 0.5) * total_angle + skew
        x += width
        picture.spots.append(Spot(radius * math.sin(angle), -up * radius * math.cos(angle), up * angle))

    half = sum(span) / 4 * (1 - 1 / len(widths))  # from the middle to the centre of the last glyph
    typical_radius = _typical(widths) * len(widths) / (sum(span) / 2)
    picture.capital = _capital_for(
        picture, 2 * typical_radius * math.sin(half) + 1, typical_radius * (1 - math.cos(half)) + _TALLER
    )


def fit(picture: Picture, rng: random.Random) -> None:
    """Place the shapes at random, but completely inside the picture, and fill it. Larger ones are scaled down."""
    capital, margin = picture.capital, picture.margin
    width, height = picture.size[0] - 2 * margin, picture.size[1] - 2 * margin
    sizes = [shape.size for shape in picture.shapes]
    widths, heights = zip(*sizes, strict=True)
    if max(widths) > width or max(heights) > height:
        sizes = [(min(wide, width), min(high, height)) for wide, high in sizes]
        picture.shapes = [shape.resize(size) for shape, size in zip(picture.shapes, sizes, strict=True)]
        widths, heights = zip(*sizes, strict=True)
    xs = _along(widths, [spot.x * capital for spot in picture.spots], width, margin, rng)
    ys = _along(heights, [spot.y * capital for spot in picture.spots], height, margin, rng)
    picture.corners = list(zip(xs, ys, strict=True))


def _along(lengths: Sequence[int], centres: list[float], room: int, margin: int, rng: random.Random) -> list[int]:
    """Return where the shapes begin along one side of the picture. The distances between them are stretched to fit.

    :param room: between the margins.
    """
    halves = [length / 2 for length in lengths]
    begin, end = min(map(sub, centres, halves)), max(map(add, centres, halves))
    first = min(centres)
    free = room - (end - begin)
    distance = max(centres) - first
    stretch = max(0.0, 1 + free / distance) if distance else 1.0
    if stretch > 1:
        stretch = rng.uniform(1, min(stretch, _LARGEST_STRETCH))
    free = max(0.0, free - (stretch - 1) * distance)
    origin = margin + rng.random() * free - begin - (stretch - 1) * first
    return [
        round(max(margin, min(origin + centre * stretch - half, room + margin - 2 * half)))
        for centre, half in zip(centres, halves, strict=True)
    ]


def _widths_of(picture: Picture) -> list[float]:
    """Return the width of each glyph in a line, in heights of a capital. A 1 is given the width of other digits."""
    return [_WIDER * max(width_of(character, picture.typefaces), 0.6) for character in picture.text]


def _breaks(text: str) -> list[int]:
    """Return the lengths that the first of two rows may have. A sum is not broken within a number."""
    every = [len(text) // 2, math.ceil(len(text) / 2)]
    return [place for place in every if SIGNS & set(text[place - 1 : place + 1])] or every


def _typical(widths: list[float]) -> float:
    """Return the average width of a glyph, rounded up, so that most texts of a kind are drawn at the same size."""
    return math.ceil(5 * sum(widths) / len(widths)) / 5


def _capital_for(picture: Picture, width: float, height: float) -> int:
    """Return the height of a capital at which a text fills the picture.

    :param width: the width of the text, in heights of a capital; so is ``height``.
    """
    (wide, high), margins = picture.size, 2 * picture.margin
    return max(1, round(min((wide - margins) / width, (high - margins) / height, _TALLEST * high)))
