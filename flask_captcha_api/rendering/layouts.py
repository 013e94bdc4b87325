"""The layouts: where the glyphs of a text go, before they are fitted into the picture.

All of them are read as people read anyway, from left to right and from the upper row to the lower. What a recogniser
expects is broken: that one column of the picture belongs to one character, that lines are level, that glyphs stand up.
"""

import math
import random

from .picture import Picture, Placement, Spot, matrix, widths_of

Range = tuple[float, float]


def rows(
    picture: Picture, rng: random.Random, *, gap: float, leading: float, lean: Range, tilt: float, bow: float
) -> None:
    """Set two leaning rows; which of them is the longer one is left to chance.

    :param gap: between glyphs, in units of a capital's height.
    :param leading: from row to row, in the same unit.
    :param lean: how far the glyphs lean, as a shear; each row by an amount of its own, both the same way.
    :param tilt: how far the ends of the rows may rise or fall.
    :param bow: how far their middle may.
    """
    widths = widths_of(picture)
    count = len(widths)
    first = count // 2 + (rng.randrange(2) if count % 2 else 0)
    tilt, bow = rng.uniform(-tilt, tilt), rng.uniform(-bow, bow)
    parts = (widths[:first], widths[first:])
    longest = max(sum(part) + gap * (len(part) - 1) for part in parts)
    way = rng.choice((1, -1))
    for row, part in enumerate(parts):
        row_lean = way * rng.uniform(*lean)
        x = rng.random() * (longest - sum(part) - gap * (len(part) - 1))
        for width in part:
            x += width / 2
            along = 2 * x / longest - 1  # -1 to 1
            slope = 2 * (tilt + 2 * bow * along) / longest
            picture.spots.append(
                Spot(
                    x=x + rng.uniform(-0.05, 0.05),
                    y=row * leading + tilt * along + bow * along * along,
                    scale=rng.uniform(0.9, 1.12),
                    angle=0.8 * math.atan(slope) + rng.uniform(-0.18, 0.18),
                    lean=row_lean,
                )
            )
            x += width / 2 + gap


def arch(picture: Picture, rng: random.Random, *, gap: float, span: Range) -> None:
    """Set the glyphs around an arch or, upside down, in a bowl; the outer ones lie almost on their sides.

    :param gap: between glyphs, in units of a capital's height.
    :param span: the angle from the first glyph to the last, in radians.
    """
    angle_of_all, up = rng.uniform(*span), rng.choice((1, -1))
    widths = [width + gap for width in widths_of(picture)]
    longest = sum(widths) - gap
    radius = longest / angle_of_all
    skew = rng.uniform(-0.12, 0.12)
    x = 0.0
    for width in widths:
        angle = ((x + (width - gap) / 2) / longest - 0.5) * angle_of_all + skew
        x += width
        picture.spots.append(
            Spot(
                x=radius * math.sin(angle),
                y=-up * radius * math.cos(angle),
                scale=rng.uniform(0.92, 1.1),
                angle=up * angle + rng.uniform(-0.08, 0.08),
                lean=0,
            )
        )


def slant(picture: Picture, rng: random.Random, *, gap: float, lean: Range, rise: float) -> None:
    """Set a line whose glyphs lean so far that every column of the picture cuts two of them.

    :param gap: between glyphs, in units of a capital's height.
    :param lean: how far they lean, as a shear, all the same way.
    :param rise: how far the line may rise or fall, as a slope.
    """
    line_lean = rng.uniform(*lean) * rng.choice((1, -1))
    rise = rng.uniform(-rise, rise)
    x = 0.0
    for natural_width in widths_of(picture):
        scale = rng.uniform(0.88, 1.15)
        width = natural_width * scale
        x += width / 2
        picture.spots.append(
            Spot(x, rise * x + rng.uniform(-0.1, 0.1), scale, angle=rng.uniform(-0.12, 0.12), lean=line_lean)
        )
        x += width / 2 + gap


def fit(picture: Picture, rng: random.Random, *, narrowing: float = 1.15, widening: float = 1.25) -> None:
    """Lean each glyph a little more, then scale the text to the picture and put it where nothing is cut off.

    :param narrowing: how much the text may be squeezed in width to gain height.
    :param widening: how much it may be stretched in width.
    """
    width, height = picture.size
    margin = 4 * min(width / 166, height / 90)
    left = top = math.inf
    right = bottom = -math.inf
    turned = []
    for cell, spot in zip(picture.cells, picture.spots, strict=True):
        scale = spot.scale / picture.atlas.capital
        a, b, c, d = matrix(spot.angle, scale, spot.lean + rng.uniform(-0.2, 0.2))
        half_width = (abs(a) * cell.width + abs(b) * cell.height) / 2
        half_height = (abs(c) * cell.width + abs(d) * cell.height) / 2
        left, right = min(left, spot.x - half_width), max(right, spot.x + half_width)
        top, bottom = min(top, spot.y - half_height), max(bottom, spot.y + half_height)
        turned.append((spot.x, spot.y, a, b, c, d))

    room, head_room = width - 2 * margin, height - 2 * margin
    tallest = min(head_room / (bottom - top), 0.62 * height, narrowing * room / (right - left))
    scale_y = tallest * rng.uniform(0.86, 1)
    scale_x = min(room / (right - left), widening * scale_y) * rng.uniform(0.86, 1)
    from_left = margin + rng.random() * (room - (right - left) * scale_x) - left * scale_x
    from_top = margin + rng.random() * (head_room - (bottom - top) * scale_y) - top * scale_y
    picture.placements = [
        Placement(from_left + x * scale_x, from_top + y * scale_y, a * scale_x, b * scale_x, c * scale_y, d * scale_y)
        for x, y, a, b, c, d in turned
    ]
