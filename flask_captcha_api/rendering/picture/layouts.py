"""The layouts: where the glyphs of a text go, before they are fitted into the picture.

People read all of them as usual, from left to right and from the upper row to the lower. They break the assumptions of
recognisers: that a column of pixels belongs to one character, that lines are level, and that glyphs are upright.
"""

import math
import random

from .canvas import Picture, Placement, Spot, matrix, widths_of

Range = tuple[float, float]


def rows(
    picture: Picture, rng: random.Random, *, gap: float, leading: float, lean: Range, bow: Range, turn: float
) -> None:
    """Set two bowed rows that lean in opposite directions. Which is the longer one is random.

    :param gap: between glyphs, in capital heights.
    :param leading: between rows, in capital heights.
    :param lean: the shear of the glyphs of one row; the other row leans the other way.
    :param bow: how far the ends of both rows rise or fall, in capital heights.
    :param turn: the largest random rotation of a glyph, in radians.
    """
    widths = widths_of(picture)
    first = len(widths) // 2 + (rng.randrange(2) if len(widths) % 2 else 0)
    parts = (widths[:first], widths[first:])
    longest = max(sum(part) + gap * (len(part) - 1) for part in parts)
    way, up = rng.choice((1, -1)), rng.choice((1, -1))
    for row, part in enumerate(parts):
        row_lean = (way if row else -way) * rng.uniform(*lean)
        row_bow = up * rng.uniform(*bow)
        x = min(rng.uniform(0, 0.25), longest - sum(part) - gap * (len(part) - 1))  # both rows start near the left
        for width in part:
            x += width / 2
            along = 2 * x / longest - 1  # -1 to 1
            picture.spots.append(
                Spot(
                    x=x,
                    y=row * leading + row_bow * along * along,
                    scale=rng.uniform(0.9, 1.12),
                    angle=math.atan(4 * row_bow * along / longest) + rng.uniform(-turn, turn),
                    lean=row_lean,
                )
            )
            x += width / 2 + gap


def arch(picture: Picture, rng: random.Random, *, gap: float, span: Range, lean: Range = (0, 0)) -> None:
    """Set the glyphs around an arch or, upside down, in a bowl. The outer ones lie almost on their sides.

    :param gap: between glyphs, in capital heights.
    :param span: the angle from the first glyph to the last, in radians.
    :param lean: the shear of the glyphs, all in the same direction.
    """
    total_angle, up = rng.uniform(*span), rng.choice((1, -1))
    line_lean = rng.uniform(*lean) * rng.choice((1, -1))
    widths = [width + gap for width in widths_of(picture)]
    longest = sum(widths) - gap
    radius = longest / total_angle
    skew = rng.uniform(-0.12, 0.12)
    x = 0.0
    for width in widths:
        angle = ((x + (width - gap) / 2) / longest - 0.5) * total_angle + skew
        x += width
        picture.spots.append(
            Spot(
                x=radius * math.sin(angle),
                y=-up * radius * math.cos(angle),
                scale=rng.uniform(0.92, 1.1),
                angle=up * angle + rng.uniform(-0.08, 0.08),
                lean=line_lean,
            )
        )


def wave(picture: Picture, rng: random.Random, *, gap: float, height: Range, turns: Range, lean: Range) -> None:
    """Set the glyphs along a sine wave, leaning, and rotated with its slope.

    :param gap: between glyphs, in capital heights.
    :param height: the amplitude of the wave, in capital heights.
    :param turns: the length of the wave, in half periods.
    :param lean: the shear of the glyphs, all in the same direction.
    """
    widths = widths_of(picture)
    run = 0.8 * (sum(widths) + gap * (len(widths) - 1))  # a wave is narrower than the line is long
    crest = rng.uniform(*height) * rng.choice((1, -1))
    pace = rng.uniform(*turns) * math.pi / run
    phase = rng.uniform(-0.5, 0.5)
    line_lean = rng.uniform(*lean) * rng.choice((1, -1))

    def slope_at(x: float) -> float:
        return crest * pace * math.cos(pace * (x - run / 2) + phase)

    x = 0.0
    for width in widths:
        step = (width + gap) / 2
        x += step / math.hypot(1, slope_at(x))
        picture.spots.append(
            Spot(
                x=x,
                y=crest * math.sin(pace * (x - run / 2) + phase),
                scale=rng.uniform(0.92, 1.1),
                angle=0.8 * math.atan(slope_at(x)) + rng.uniform(-0.15, 0.15),
                lean=line_lean,
            )
        )
        x += step / math.hypot(1, slope_at(x))


def fit(picture: Picture, rng: random.Random) -> None:
    """Vary the lean of each glyph, then scale the text and place it at random, completely inside the picture.

    The text may become up to a seventh narrower to gain height, and up to a quarter wider to fill the picture.
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
    tallest = min(head_room / (bottom - top), 0.62 * height, 1.15 * room / (right - left))
    scale_y = tallest * rng.uniform(0.86, 1)
    scale_x = min(room / (right - left), 1.25 * scale_y) * rng.uniform(0.86, 1)
    from_left = margin + rng.random() * (room - (right - left) * scale_x) - left * scale_x
    from_top = margin + rng.random() * (head_room - (bottom - top) * scale_y) - top * scale_y
    picture.placements = [
        Placement(from_left + x * scale_x, from_top + y * scale_y, a * scale_x, b * scale_x, c * scale_y, d * scale_y)
        for x, y, a, b, c, d in turned
    ]
