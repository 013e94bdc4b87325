"""The layouts: where the glyphs of a text go, before they are fitted into the picture.

All of them are read as people read anyway, from left to right and from the upper row to the lower. What a recogniser
expects is broken: that one column of the picture belongs to one character, that lines are level, that glyphs stand up.
"""

import math
import random

from .canvas import Picture, Placement, Spot, matrix, widths_of

Range = tuple[float, float]


def rows(
    picture: Picture, rng: random.Random, *, gap: float, leading: float, lean: Range, bow: Range, turn: float
) -> None:
    """Set two bowed rows that lean against each other; which of them is the longer one is left to chance.

    :param gap: between glyphs, in units of a capital's height.
    :param leading: from row to row, in the same unit.
    :param lean: how far the glyphs of a row lean, as a shear; the other row leans the other way.
    :param bow: how far the ends of a row rise or fall; both rows do the same.
    :param turn: how far a glyph may be turned out of its row, in radians.
    """
    widths = widths_of(picture)
    first = len(widths) // 2 + (rng.randrange(2) if len(widths) % 2 else 0)
    parts = (widths[:first], widths[first:])
    longest = max(sum(part) + gap * (len(part) - 1) for part in parts)
    way, up = rng.choice((1, -1)), rng.choice((1, -1))
    for row, part in enumerate(parts):
        row_lean = (way if row else -way) * rng.uniform(*lean)
        row_bow = up * rng.uniform(*bow)
        x = min(rng.uniform(0, 0.25), longest - sum(part) - gap * (len(part) - 1))  # both begin at the left
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
    """Set the glyphs around an arch or, upside down, in a bowl; the outer ones lie almost on their sides.

    :param gap: between glyphs, in units of a capital's height.
    :param span: the angle from the first glyph to the last, in radians.
    :param lean: how far the glyphs lean, as a shear, all the same way.
    """
    angle_of_all, up = rng.uniform(*span), rng.choice((1, -1))
    line_lean = rng.uniform(*lean) * rng.choice((1, -1))
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
                lean=line_lean,
            )
        )


def wave(picture: Picture, rng: random.Random, *, gap: float, height: Range, turns: Range, lean: Range) -> None:
    """Set a line that goes up and down again, with leaning glyphs that turn with it.

    :param gap: between glyphs, in units of a capital's height.
    :param height: of the crest over the line's middle, in the same unit.
    :param turns: how much of a sine the line runs through, in half turns.
    :param lean: how far the glyphs lean, as a shear, all the same way.
    """
    widths = widths_of(picture)
    run = 0.8 * (sum(widths) + gap * (len(widths) - 1))  # a wave is shorter than its line
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
    """Lean each glyph a little more, then scale the text to the picture and put it where nothing is cut off.

    It may be squeezed by a seventh in width to gain height, and stretched by a quarter to fill the picture.
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
