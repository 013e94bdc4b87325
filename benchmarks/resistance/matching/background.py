"""The background of a picture, fitted as a mixture of what backgrounds have in common, so that it can be taken away."""

import random

import numpy
from scipy import ndimage

from flask_captcha_api.challenges.kinds import KINDS
from flask_captcha_api.rendering.picture.canvas import Picture, Step
from flask_captcha_api.rendering.picture.styles import DIFFICULTIES

from .outlines import Array, draw_observed

#: Backgrounds are fitted to every second pixel of every second line.
_COARSE = 2
#: How many backgrounds are drawn. The greys of a background are fitted at this many columns and lines of points.
_DRAWN, _POINTS = 1200, (6, 4)
#: Backgrounds are blurred before they are analysed, which makes greys of the distances from their edges. In pixels.
_BLUR = 3.0
#: How many of the strongest principal components are fitted at last, and how far each may be changed at a time.
_COMPONENTS, _CHANGES = 80, (0.3, -0.3, 0.12, -0.12, 0.05, -0.05)
#: The greys that a point may have.
_GREYS = (-1.0, -0.6, -0.3, -0.1, 0.1, 0.3, 0.6, 1.0)
#: From how many mixtures the fit begins, and how far they are apart.
_STARTS, _CHANCE = 40, 0.5
#: What a pixel of ink counts beside a pixel of edge. If ink were free, a background could be taken for its opposite.
_INK = 0.4


class Backgrounds:
    """What the backgrounds of a difficulty have in common, from some that the package draws."""

    def __init__(self, kind: str, difficulty: str, size: tuple[int, int], length: int, rng: random.Random) -> None:
        width, height = size
        drawn = numpy.stack(
            [
                _background(KINDS[kind].make(length).prompt, rng.choice(DIFFICULTIES[difficulty]), size, rng)
                for _ in range(_DRAWN)
            ]
        )
        blurred = ndimage.gaussian_filter(drawn, (0, _BLUR, _BLUR))
        flat = blurred.reshape(_DRAWN, -1)
        columns, lines = _POINTS
        x = ((numpy.arange(columns) + 0.5) * width / columns).astype(int)
        y = ((numpy.arange(lines) + 0.5) * height / lines).astype(int)
        at_points = blurred[:, y][:, :, x].reshape(_DRAWN, -1)
        covariance = at_points.T @ at_points / _DRAWN
        between = numpy.linalg.solve(covariance + 0.02 * numpy.eye(len(covariance)), at_points.T @ flat / _DRAWN)
        values, vectors = numpy.linalg.eigh(flat @ flat.T / _DRAWN)
        strongest = vectors[:, numpy.argsort(-values)[:_COMPONENTS]]
        #: What one point's grey makes of a background, and the principal components.
        self._of_points = between.reshape(-1, height, width).astype(numpy.float32)
        self._components = (strongest.T @ flat / numpy.sqrt(_DRAWN)).reshape(-1, height, width).astype(numpy.float32)

    def without(self, plane: Array) -> tuple[Array, float]:
        """Return what is left of a picture without its background, true where there is ink, and what that counts."""
        picture = plane[::_COARSE, ::_COARSE] > 0.5
        cost, mixture = min(
            (self._points_fitted(greys, picture) for greys in self._starts(plane)), key=lambda fit: fit[0]
        )
        cost, mixture = self._components_fitted(cost, mixture, picture)
        return (plane > 0.5) ^ (mixture > 0), cost

    def _starts(self, plane: Array) -> list[Array]:
        """Return greys to begin with: those of the blurred picture, and those mixed with chance."""
        blurred = ndimage.gaussian_filter(2 * plane - 1, 9)
        flat = self._of_points.reshape(len(self._of_points), -1)
        seen = 1.5 * numpy.linalg.lstsq(flat.T[::37], blurred.ravel()[::37], rcond=None)[0]
        rng = numpy.random.default_rng(0)
        starts = [seen + (rng.normal(0, _CHANCE, len(seen)) if number else 0) for number in range(_STARTS)]
        return [numpy.clip(greys, -1, 1).astype(numpy.float32) for greys in starts]

    def _points_fitted(self, greys: Array, picture: Array) -> tuple[float, Array]:
        """Change the grey of one point after the other, as long as less is left."""
        parts = self._of_points[:, ::_COARSE, ::_COARSE]
        mixture = numpy.tensordot(greys, parts, 1)
        cost = _cost(mixture, picture)
        before = cost + 1
        while cost < before:
            before = cost
            for number, part in enumerate(parts):
                without = mixture - greys[number] * part
                fits = [(_cost(without + grey * part, picture), grey) for grey in _GREYS]
                if min(fits)[0] < cost:
                    cost, greys[number] = min(fits)
                    mixture = without + greys[number] * part
        return cost, numpy.tensordot(greys, self._of_points, 1)

    def _components_fitted(self, cost: float, mixture: Array, picture: Array) -> tuple[float, Array]:
        """Add a little of one component after the other, as long as less is left."""
        parts = numpy.ascontiguousarray(self._components[:, ::_COARSE, ::_COARSE])
        coarse = mixture[::_COARSE, ::_COARSE]
        added = numpy.zeros(len(parts), dtype=numpy.float32)
        before = cost + 1
        while cost < before:
            before = cost
            for number, part in enumerate(parts):
                fits = [(_cost(coarse + change * part, picture), change) for change in _CHANGES]
                if min(fits)[0] < cost:
                    cost, change = min(fits)
                    coarse = coarse + change * part
                    added[number] += change
        return cost, mixture + numpy.tensordot(added, self._components, 1)


def _cost(mixture: Array, picture: Array) -> float:
    """Return the length of the edges of what is left, and of its ink."""
    left = (mixture > 0) ^ picture
    across, down = left[:, 1:] ^ left[:, :-1], left[1:] ^ left[:-1]
    return float(numpy.count_nonzero(across) + numpy.count_nonzero(down) + _INK * numpy.count_nonzero(left))


def _background(text: str, style: str, size: tuple[int, int], rng: random.Random) -> Array:
    """Draw a picture and return its background, -1 to 1."""
    found: list[Array] = []

    def keep(picture: Picture, _: tuple[Step, ...]) -> None:
        found.append(numpy.array(picture.plane, dtype=numpy.float32) / 127.5 - 1)

    draw_observed(text, style, size, rng, keep)
    return found[0]
