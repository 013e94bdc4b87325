"""The outlines that somebody with the source looks for: single glyphs, drawn by the package's own steps.

An attacker who has the package, but not the seed of a picture, draws glyphs with the very styles that are attacked. So
whatever those styles draw, bent or not, is what the attack looks for.
"""

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias
from unittest.mock import patch

import numpy
from PIL import Image
from scipy import ndimage

from flask_captcha_api.challenges.kinds import KINDS
from flask_captcha_api.rendering.picture import drawing
from flask_captcha_api.rendering.picture.atlas import Atlas
from flask_captcha_api.rendering.picture.canvas import Picture, Step
from flask_captcha_api.rendering.picture.styles import DIFFICULTIES, STYLES

Array: TypeAlias = numpy.ndarray[Any, Any]

#: The number of points of an outline.
POINTS = 160
#: The side of the square that holds a glyph, in pixels.
PATCH = 80
#: Shorter outlines are specks, not glyphs. In pixels.
_SHORTEST = 20


@dataclass(frozen=True)
class Outline:
    """A glyph's edge, as points at equal distances, and its area.

    :ivar points: x and y of each point, in pixels from the centre of the glyph's box.
    :ivar normals: the direction across the edge at each point, of length 1 and either sign.
    :ivar length: of the whole edge, in pixels.
    :ivar centre: where the centre of the glyph's box was in the picture, in pixels.
    :ivar patch: the glyph, 0 to 255, with the centre of its box in the middle of a square.
    """

    character: str
    points: Array
    normals: Array
    length: float
    centre: tuple[float, float]
    patch: Array


def drawn_texts(
    kind: str, difficulty: str, size: tuple[int, int], length: int, count: int, rng: random.Random
) -> Iterator[list[Outline]]:
    """Draw texts and yield the outlines of each, in reading order."""
    for _ in range(count):
        text = KINDS[kind].make(length).prompt
        glyphs = lone_glyphs(text, rng.choice(DIFFICULTIES[difficulty]), size, rng)
        outlines = [outline_of(character, glyph) for character, glyph in zip(text, glyphs, strict=True)]
        found = [outline for outline in outlines if outline is not None]
        if len(found) == len(text):
            yield found


def lone_glyphs(text: str, style: str, size: tuple[int, int], rng: random.Random) -> list[Array]:
    """Draw a text in a style and return each of its glyphs alone on nothing, 0 to 1, where it is in the picture."""
    glyphs: list[Array] = []

    def draw_alone(picture: Picture, remaining: tuple[Step, ...]) -> None:
        glyphs.extend(_alone(picture, place, remaining, rng) for place in range(len(text)))

    draw_observed(text, style, size, rng, draw_alone)
    return glyphs


def draw_observed(
    text: str,
    style: str,
    size: tuple[int, int],
    rng: random.Random,
    observe: Callable[[Picture, tuple[Step, ...]], None],
    atlas: Atlas | None = None,
) -> bytes:
    """Draw a text in a style and return the encoded picture.

    :param observe: called as soon as there is a background, with the picture and the steps that are still to be done.
    :param atlas: what earlier pictures left; without one, every glyph is bent for this picture alone.
    """
    steps = STYLES[style]

    def observed(number: int, step: Step) -> Step:
        def run(picture: Picture, rng: random.Random) -> None:
            had_background = hasattr(picture, "plane")
            step(picture, rng)
            if hasattr(picture, "plane") and not had_background:
                observe(picture, steps[number + 1 :])

        return run

    observed_steps = tuple(observed(number, step) for number, step in enumerate(steps))
    with patch.object(drawing, "STYLES", {style: observed_steps}):
        return drawing.draw_in_style(style, text, rng, size=size, atlas=atlas)


def _alone(picture: Picture, place: int, steps: tuple[Step, ...], rng: random.Random) -> Array:
    """Do the remaining steps for one glyph, on black."""
    alone = copy.copy(picture)
    for name, value in vars(picture).items():
        if isinstance(value, list | str) and len(value) == len(picture.text):
            setattr(alone, name, value[place : place + 1])
    alone.plane = Image.new("L", picture.size)
    for step in steps:
        step(alone, rng)
    return numpy.asarray(alone.plane, dtype=numpy.float32) / 255


def outline_of(character: str, glyph: Array) -> Outline | None:
    """Trace where a glyph covers half of a pixel, between neighbouring pixels. Return None if next to nothing is drawn.

    :param glyph: 0 to 1.
    """
    down, across = numpy.gradient(glyph)
    crossings = []
    for axis in (0, 1):  # between a pixel and the one below it, then the one to its right
        first, second = (glyph[:-1], glyph[1:]) if axis == 0 else (glyph[:, :-1], glyph[:, 1:])
        y, x = numpy.nonzero((first < 0.5) != (second < 0.5))
        share = (0.5 - first[y, x]) / (second[y, x] - first[y, x])
        beyond = (y + 1, x) if axis == 0 else (y, x + 1)
        normals = numpy.stack([each[y, x] * (1 - share) + each[beyond] * share for each in (across, down)], 1)
        normals /= numpy.linalg.norm(normals, axis=1, keepdims=True) + 1e-6
        points = numpy.stack([x + share * axis, y + share * (1 - axis)], 1)
        # An edge crosses fewer of the lines that it runs along: with these weights each pixel of edge counts once.
        crossings.append((points, normals, numpy.abs(normals[:, 1 - axis])))
    points, normals, weights = (numpy.concatenate(each) for each in zip(*crossings, strict=True))
    length = float(weights.sum())
    if length < _SHORTEST:
        return None
    chosen = numpy.searchsorted(numpy.cumsum(weights), (numpy.arange(POINTS) + 0.5) / POINTS * length)
    centre = (points.min(0) + points.max(0)) / 2
    return Outline(
        character,
        (points[chosen] - centre).astype(numpy.float32),
        normals[chosen].astype(numpy.float32),
        length,
        (float(centre[0]), float(centre[1])),
        _patch_of(glyph, centre),
    )


def _patch_of(glyph: Array, centre: Array) -> Array:
    x, y = numpy.round(centre).astype(int)
    square = numpy.pad(glyph, PATCH // 2)[y : y + PATCH, x : x + PATCH]
    return (
        numpy.asarray(255 * ndimage.shift(square, (y - centre[1], x - centre[0]), order=1)).round().astype(numpy.uint8)
    )
