"""What somebody with the source can draw: single glyphs as the package's own steps draw them, and where they stand.

An attacker who has the package and not the seed takes these for the shapes to look for. They are drawn by the steps of
the very styles that are attacked, so that whatever those draw is what the attack looks for.
"""

import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy
from PIL import Image

from flask_captcha_api.challenges.kinds import KINDS
from flask_captcha_api.rendering.picture.canvas import Picture
from flask_captcha_api.rendering.picture.drawing import THEMES, _atlas_with
from flask_captcha_api.rendering.picture.atlas import BUNDLED
from flask_captcha_api.rendering.picture.styles import DIFFICULTIES, STYLES

Array = numpy.ndarray[Any, Any]

#: How many points stand for an outline.
POINTS = 160


@dataclass(frozen=True)
class Outline:
    """The edge of a glyph, as points at equal distances.

    :ivar character: what the glyph is.
    :ivar points: x and y of each point, from the centre of the glyph's box, in pixels.
    :ivar normals: the direction across the edge in each point, of length 1; its sign means nothing.
    :ivar length: of the whole edge, in pixels.
    :ivar centre: the centre of the glyph's box in the picture that it was drawn for.
    """

    character: str
    points: Array
    normals: Array
    length: float
    centre: tuple[float, float]


def drawn_texts(
    kind: str, difficulty: str, size: tuple[int, int], length: int, count: int, rng: random.Random
) -> Iterator[list[Outline]]:
    """Draw texts as the package does and yield the outlines of each one's glyphs, in reading order."""
    for _ in range(count):
        text = KINDS[kind].make(length).prompt
        glyphs = lone_glyphs(text, rng.choice(DIFFICULTIES[difficulty]), size, rng)
        outlines = [outline_of(character, glyph) for character, glyph in zip(text, glyphs, strict=True)]
        if all(outlines):
            yield [each for each in outlines if each]


def lone_glyphs(text: str, style: str, size: tuple[int, int], rng: random.Random) -> list[Array]:
    """Draw a text in a style and return each glyph alone, from 0 to 1, with nothing behind it."""
    picture = Picture(text, size, _atlas_with(text, size[1], BUNDLED), THEMES["light"])
    steps = iter(STYLES[style])
    while not hasattr(picture, "plane"):
        next(steps)(picture, rng)
    remaining = list(steps)
    glyphs = []
    for place in range(len(text)):
        alone = copy.copy(picture)
        for name, value in vars(picture).items():
            if isinstance(value, list) and len(value) == len(text):
                setattr(alone, name, [value[place]])
        alone.text = text[place]
        alone.plane = Image.new("L", size)
        for step in remaining:
            step(alone, rng)
        glyphs.append(numpy.asarray(alone.plane, dtype=numpy.float32) / 255)
    return glyphs


def outline_of(character: str, glyph: Array) -> Outline | None:
    """Trace where a glyph is half covered, between neighbouring pixels. Return None where nothing was drawn."""
    down, across = numpy.gradient(glyph)
    found = []
    for axis in (0, 1):
        first = glyph[:-1] if axis == 0 else glyph[:, :-1]
        second = glyph[1:] if axis == 0 else glyph[:, 1:]
        y, x = numpy.nonzero((first < 0.5) != (second < 0.5))
        share = (0.5 - first[y, x]) / (second[y, x] - first[y, x])
        to = (y + 1, x) if axis == 0 else (y, x + 1)
        normal = numpy.stack(
            [(1 - share) * across[y, x] + share * across[to], (1 - share) * down[y, x] + share * down[to]], 1
        )
        normal /= numpy.linalg.norm(normal, axis=1, keepdims=True) + 1e-6
        points = numpy.stack([x + share * axis, y + share * (1 - axis)], 1)
        found.append((points, normal, numpy.abs(normal[:, 1 - axis])))
    points, normals, weights = (numpy.concatenate(each) for each in zip(*found, strict=True))
    length = float(weights.sum())
    if length < 10:
        return None
    upto = numpy.cumsum(weights)
    chosen = numpy.searchsorted(upto, (numpy.arange(POINTS) + 0.5) / POINTS * length)
    centre = (points.min(0) + points.max(0)) / 2
    return Outline(
        character,
        (points[chosen] - centre).astype(numpy.float32),
        normals[chosen].astype(numpy.float32),
        length,
        (float(centre[0]), float(centre[1])),
    )
