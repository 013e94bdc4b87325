"""A picture as its two inks, and their edges."""

import math
from io import BytesIO

import numpy
from PIL import Image
from scipy import ndimage

from .outlines import Array

#: The variance that drawing and encoding have blurred an edge with, in square pixels.
_DRAWN_BLUR = 0.35


def plane_of(encoded: bytes) -> Array:
    """Return a picture with its dark ink at 0 and its light ink at 1."""
    grey = numpy.asarray(Image.open(BytesIO(encoded)).convert("L"), dtype=numpy.float32)
    dark, light = numpy.percentile(grey, (10, 90))
    return numpy.asarray(numpy.clip((grey - dark) / max(1.0, light - dark), -0.2, 1.2))


def edges_of(plane: Array, blur: float) -> Array:
    """Return the slopes along x and y, blurred; the slope across an edge of the two inks is about 1."""
    peak = math.sqrt(math.tau * (blur * blur + _DRAWN_BLUR))
    slopes = [ndimage.gaussian_filter(plane, blur, order=order) * peak for order in ((0, 1), (1, 0))]
    return numpy.stack(slopes).astype(numpy.float32)


def sampled(maps: Array, x: Array, y: Array) -> Array:
    """Return each map's values at any positions, between the pixels too."""
    height, width = maps.shape[1:]
    x, y = numpy.clip(x, 0, width - 1.001), numpy.clip(y, 0, height - 1.001)
    left, top = x.astype(numpy.int32), y.astype(numpy.int32)
    right, below = (x - left).astype(numpy.float32), (y - top).astype(numpy.float32)
    corner = top * width + left
    flat = maps.reshape(len(maps), -1)
    upper = flat[:, corner] * (1 - right) + flat[:, corner + 1] * right
    lower = flat[:, corner + width] * (1 - right) + flat[:, corner + width + 1] * right
    return numpy.asarray(upper * (1 - below) + lower * below)


def edge_length(planes: Array) -> Array:
    """Return how long the edges of each plane are, in pixels, leaving out slivers.

    :param planes: any number of planes, 0 to 1.
    """
    blurred = ndimage.gaussian_filter(2 * planes - 1, (0, 0.8, 0.8))
    inks = numpy.clip(1.6 * blurred, -1, 1)
    across = inks[:, :-1, 1:] - inks[:, :-1, :-1]
    down = inks[:, 1:, :-1] - inks[:, :-1, :-1]
    return numpy.asarray(numpy.hypot(across, down).sum((1, 2)) / 2)
