"""The state that the drawing steps of a picture share."""

import math
import random
from collections.abc import Callable
from typing import NamedTuple

from PIL import Image

from .atlas import Atlas, Cell


class Spot(NamedTuple):
    """Where a layout puts a glyph: its centre in capital heights, its scale, its angle in radians, and its shear."""

    x: float
    y: float
    scale: float
    angle: float
    lean: float


class Placement(NamedTuple):
    """A glyph's centre in the picture, in pixels, and the matrix ``(a b; c d)`` from its cell to the picture."""

    x: float
    y: float
    a: float
    b: float
    c: float
    d: float


class Palette(NamedTuple):
    """The luma (0 to 255, ITU-R BT.601) of the two inks. Either may be foreground, even within one picture."""

    dark: int
    light: int


class Picture:
    """A picture being drawn.

    :ivar cells: the glyphs of the text, in order.
    :ivar spots: set by a layout.
    :ivar placements: set by :func:`~flask_captcha_api.rendering.picture.layouts.fit`.
    :ivar plane: the two inks as black and white, with soft edges; set by the background.
    :ivar image: the finished picture, in RGB; set by :func:`~flask_captcha_api.rendering.picture.paint.ink`.
    """

    def __init__(self, text: str, size: tuple[int, int], atlas: Atlas, palette: Palette) -> None:
        self.text = text
        self.size = size
        self.atlas = atlas
        self.palette = palette
        self.cells: list[Cell] = []
        self.spots: list[Spot] = []
        self.placements: list[Placement] = []
        self.plane: Image.Image
        self.image: Image.Image


#: A drawing step. The table of styles binds its parameters.
Step = Callable[[Picture, random.Random], None]


def widths_of(picture: Picture) -> list[float]:
    """Return the width of each glyph in a line, in capital heights. A 1 is given the width of an I."""
    return [max(cell.width / picture.atlas.capital, 0.5) for cell in picture.cells]


def matrix(angle: float, scale: float, lean: float) -> tuple[float, float, float, float]:
    """Return the matrix that scales and turns a glyph, then leans it."""
    cosine, sine = math.cos(angle) * scale, math.sin(angle) * scale
    return cosine, lean * cosine - sine, sine, lean * sine + cosine
