"""The state that the drawing steps of a picture share."""

import random
from collections.abc import Callable
from typing import NamedTuple

from PIL import Image

from .atlas import Atlas


class Spot(NamedTuple):
    """Where a layout puts a glyph: its centre in heights of a capital, and its angle in radians, clockwise."""

    x: float
    y: float
    tilt: float = 0.0


class Palette(NamedTuple):
    """The luma (0 to 255, ITU-R BT.601) of the two inks. Either may be foreground, even within one picture.

    Their hue is 0 to 359 degrees, as in CSS; None: a random one for each picture.
    """

    dark: int
    light: int
    hue: int | None = None


class Picture:
    """A picture being drawn.

    :ivar margin: the least distance of a glyph from the border, in pixels.
    :ivar spots: one for each glyph; set by a layout.
    :ivar capital: the height of a capital, in pixels; set by a layout.
    :ivar shapes: the glyphs, white on black; set by :func:`~flask_captcha_api.rendering.picture.paint.take_shapes`.
    :ivar corners: the upper left corner of each; set by :func:`~flask_captcha_api.rendering.picture.layouts.fit`.
    :ivar plane: the two inks as black and white, with soft edges; set by the background.
    :ivar image: the finished picture, in RGB; set by :func:`~flask_captcha_api.rendering.picture.paint.ink`.
    """

    def __init__(
        self, text: str, size: tuple[int, int], palette: Palette, atlas: Atlas, typefaces: tuple[str, ...]
    ) -> None:
        self.text = text
        self.size = size
        self.palette = palette
        self.atlas = atlas
        self.typefaces = typefaces
        self.margin: int = max(2, round(3 * min(size[0] / 166, size[1] / 90)))
        self.spots: list[Spot] = []
        self.capital: int
        self.shapes: list[Image.Image] = []
        self.corners: list[tuple[int, int]] = []
        self.plane: Image.Image
        self.image: Image.Image


#: A drawing step. The table of styles binds its parameters.
Step = Callable[[Picture, random.Random], None]
