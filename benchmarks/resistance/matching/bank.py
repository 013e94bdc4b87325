"""The bank: thousands of outlines as spectra, with which a whole picture is compared at once."""

import random
from collections.abc import Sequence
from typing import NamedTuple

import numpy
import scipy.fft
from scipy import ndimage
from scipy.spatial import cKDTree

from .edges import edges_of
from .outlines import POINTS, Array, Outline

#: Outlines are looked for in a picture of half the size.
_COARSE = 2
#: How much of an outline's edge is there by chance: a point of an outline counts what is more than this.
BY_CHANCE = 0.55
#: An edge at a right angle to an outline speaks against it: what an edge counts is ``_ANY + _SAME * cos(2 * angle)``.
_ANY, _SAME = 0.35, 0.65
#: How far apart two places of the same character are at least, in coarse pixels.
_APART = 5
_IMPOSSIBLE = -1000.0


class Candidates(NamedTuple):
    """Where which outlines of the bank may be: one number, and x and y of a centre in pixels, for each."""

    outline: Array
    centre: Array


class Bank:
    """The outlines of a drawing.

    :param texts: the outlines of whole texts, in reading order.
    :param each: how many outlines of each character are kept.
    """

    def __init__(self, texts: Sequence[Sequence[Outline]], size: tuple[int, int], each: int, rng: random.Random):
        self.size = size
        of_character: dict[str, list[Outline]] = {}
        for text in texts:
            for outline in text:
                of_character.setdefault(outline.character, []).append(outline)
        self.characters = "".join(sorted(of_character))
        kept = [
            outline
            for character in self.characters
            for outline in rng.sample(of_character[character], min(each, len(of_character[character])))
        ]
        self.character = numpy.array([self.characters.index(outline.character) for outline in kept])
        self.points = numpy.stack([outline.points for outline in kept])
        self.normals = numpy.stack([outline.normals for outline in kept])
        self.lengths = numpy.array([outline.length for outline in kept], dtype=numpy.float32)
        self.patches = numpy.stack([outline.patch for outline in kept])
        self.reach = numpy.abs(self.points).max(1)
        #: For the reading order: the centres of whole texts.
        self.layouts = cKDTree(
            numpy.array([[outline.centre for outline in text] for text in texts]).reshape(len(texts), -1)
        )
        self._shape = (-(-size[1] // _COARSE), -(-size[0] // _COARSE))
        self._spectra = numpy.concatenate(
            [self._spectra_of(slice(start, start + 200)) for start in range(0, len(kept), 200)]
        )

    def search(self, plane: Array, places: int, each: int, best: int) -> Candidates:
        """Return the best candidates.

        :param plane: the picture's inks.
        :param places: how many places of each character are considered.
        :param each: how many outlines of a character are considered at each of its places.
        :param best: how many candidates of all characters are returned.
        """
        spectrum = scipy.fft.rfft2(self._edges(plane))
        found = []
        for character in range(len(self.characters)):
            members = numpy.nonzero(self.character == character)[0]
            parts = numpy.split(members, range(128, len(members), 128))
            scores = numpy.concatenate([self._scores(part, spectrum) for part in parts])
            highest = scores.max(0)
            peaks = (highest == ndimage.maximum_filter(highest, _APART)) & (highest > _IMPOSSIBLE)
            y, x = numpy.nonzero(peaks)
            chosen = numpy.argsort(-highest[y, x])[:places]
            y, x = y[chosen], x[chosen]
            there = scores[:, y, x]
            surest = numpy.argsort(-there, 0)[:each]
            there = numpy.take_along_axis(there, surest, 0)
            x, y = numpy.broadcast_to(x, there.shape), numpy.broadcast_to(y, there.shape)
            found.append(numpy.stack([each.ravel() for each in (there, members[surest], x, y)], 1))
        candidates = numpy.concatenate(found)
        candidates = candidates[numpy.argsort(-candidates[:, 0])[:best]]
        centres = candidates[:, 2:] * _COARSE - 0.5  # a coarse pixel covers the one before it too
        return Candidates(candidates[:, 1].astype(int), centres.astype(numpy.float32))

    def _edges(self, plane: Array) -> Array:
        """Return the strength of the picture's edges, and their direction with twice its angle, at half the size."""
        x, y = edges_of(plane, 1.2)
        strength = numpy.hypot(x, y) + 1e-6
        seen = numpy.minimum(strength, 1)
        maps = [seen, seen * (x * x - y * y) / strength**2, seen * 2 * x * y / strength**2]
        small = numpy.stack([ndimage.uniform_filter(each, _COARSE)[::_COARSE, ::_COARSE] for each in maps])
        return small.astype(numpy.float32)

    def _scores(self, part: Array, spectrum: Array) -> Array:
        """Return what each outline of a part of the bank counts at each place; it has to lie within the picture."""
        products = numpy.einsum("bkyx,kyx->byx", self._spectra[part], spectrum)
        scores = scipy.fft.irfft2(products, s=self._shape) - BY_CHANCE * self.lengths[part][:, None, None]
        for axis, length in ((1, self._shape[0]), (0, self._shape[1])):
            place = _COARSE * numpy.arange(length)
            reach = self.reach[part, axis][:, None]
            outside = (place < reach - 1) | (place > self.size[axis] - reach)
            scores[numpy.broadcast_to(outside[:, :, None] if axis else outside[:, None, :], scores.shape)] = _IMPOSSIBLE
        return numpy.asarray(scores)

    def _spectra_of(self, part: slice) -> Array:
        height, width = self._shape
        points, normals = self.points[part] / _COARSE, self.normals[part]
        drawn = numpy.zeros((len(points), 3, height, width), dtype=numpy.float32)
        left, top = numpy.floor(points[..., 0]).astype(int), numpy.floor(points[..., 1]).astype(int)
        right, below = points[..., 0] - left, points[..., 1] - top
        angle = numpy.arctan2(normals[..., 1], normals[..., 0])
        counts = (numpy.full(angle.shape, _ANY), _SAME * numpy.cos(2 * angle), _SAME * numpy.sin(2 * angle))
        share = (self.lengths[part] / POINTS)[:, None]
        number = numpy.arange(len(points))[:, None]
        for across, x_share in ((0, 1 - right), (1, right)):
            for down, y_share in ((0, 1 - below), (1, below)):
                place = (number, (top + down) % height, (left + across) % width)
                for channel, count in enumerate(counts):
                    numpy.add.at(drawn[:, channel], place, count * x_share * y_share * share)
        return numpy.asarray(scipy.fft.rfft2(drawn).conj())
