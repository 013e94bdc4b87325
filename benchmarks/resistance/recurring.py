"""The attack by recurring shapes: how many pictures are read by whoever knows the answers of others of one process.

A process keeps bent glyphs and uses each for several pictures. The attacker has labelled pictures of that process, with
the box of each glyph to two pixels, as a person marks it. A shape that recurs among them has the same edges each time,
and the background's edges differ, so what the glyphs have in common is the shape alone. Other pictures of the process
are then searched for all of these shapes. Nothing is known of the typefaces or of how they are bent.

Shapes are replaced as pictures are drawn, so after a few pictures others have to be labelled. Each round here has a
process of its own: it draws :data:`EARLIER` pictures that nobody looks at, then :data:`LABELLED` that are labelled, and
then :data:`READ` that are attacked.

``python -m benchmarks.resistance.recurring --count 100 --kinds digits --difficulties normal`` for less than everything.
"""

import math
import multiprocessing
import random
import secrets
from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import NamedTuple

import numpy
from scipy import fft
from scipy.spatial import cKDTree

from flask_captcha_api.challenges.kinds import KINDS
from flask_captcha_api.rendering.picture.atlas import Atlas
from flask_captcha_api.rendering.picture.canvas import Picture, Step
from flask_captcha_api.rendering.picture.styles import DIFFICULTIES

from .attack import LENGTH, SIZE, Reading, collected, main, timed
from .matching.edges import edges_of, plane_of
from .matching.outlines import Array, draw_observed

#: How many pictures a process has drawn before, how many of the next are labelled, and how many then are attacked.
EARLIER, LABELLED, READ = 300, 300, 50
#: How far a marked box is off, and how much around it is looked at, in pixels.
_MARKED, _AROUND = 2, 3
#: The side of the square that holds the edges of a glyph, in pixels. It has room for them to be shifted.
_SIDE = 80
#: Two glyphs are the same shape if, shifted by so many pixels at most, they have so much of their edges in common.
_SHIFT, _SAME = 6, 0.72
#: So many glyphs of a shape at most are compared with each.
_COMPARED = 5
#: Shapes that correlate so much are one.
_ONE = 0.85
#: How many places of each shape are considered, and how far apart they are.
_PLACES, _APART = 2, 6
#: Two glyphs do not lie nearer than this to each other along both axes, in pixels.
_NEAREST = (13, 20)
#: What an edge costs that a shape does not have, compared with one that it has.
_OTHER = 0.15
_BLUR = 0.5


class Glyph(NamedTuple):
    """A glyph that somebody has marked: x, y, width and height of its box, in pixels."""

    character: str
    box: tuple[int, int, int, int]


class Shape(NamedTuple):
    """The edges of a shape that recurs, in their box."""

    character: str
    edges: Array


class Process:
    """A server process: it draws pictures whose shapes recur."""

    def __init__(self, kind: str, difficulty: str) -> None:
        self._kind, self._styles = KINDS[kind], DIFFICULTIES[difficulty]
        self._rng, self._atlas = random.Random(secrets.randbits(128)), Atlas()

    def draw(self) -> tuple[str, bytes, list[Glyph]]:
        """Return a text, its picture, and the boxes of its glyphs, in reading order."""
        text, glyphs, rng = self._kind.make(LENGTH).prompt, list[Glyph](), self._rng

        def mark(picture: Picture, _: tuple[Step, ...]) -> None:
            for character, (x, y), shape in zip(picture.text, picture.corners, picture.shapes, strict=True):
                place = [at + rng.randint(-_MARKED, _MARKED) for at in (x, y)]
                glyphs.append(Glyph(character, (place[0], place[1], shape.width, shape.height)))

        encoded = draw_observed(text, rng.choice(self._styles), SIZE, rng, mark, atlas=self._atlas)
        return text, encoded, glyphs


class Reader:
    """Reads pictures by shapes that recur in labelled ones."""

    def __init__(self, labelled: Sequence[tuple[bytes, Sequence[Glyph]]]) -> None:
        marked: dict[str, list[Array]] = {}
        for encoded, glyphs in labelled:
            edges = _edges(encoded)
            for glyph in glyphs:
                marked.setdefault(glyph.character, []).append(_part(edges, glyph.box))
        self._shapes = [Shape(character, edges) for character, parts in marked.items() for edges in _recurring(parts)]
        self._spectra = fft.rfft2([_padded(shape.edges, SIZE[::-1]) for shape in self._shapes], workers=1).conj()
        self._layouts = cKDTree([[place for glyph in glyphs for place in _centre(glyph.box)] for _, glyphs in labelled])
        self._orders = numpy.array(list(permutations(range(LENGTH))))

    def __call__(self, encoded: bytes) -> tuple[str, float]:
        """Return the text of a picture and how sure it is: how well the shape fits that fits least."""
        found: list[tuple[float, str, tuple[float, float]]] = []
        for fit, character, centre in sorted(self._candidates(_edges(encoded)), reverse=True):
            if all(
                any(abs(a - b) > near for a, b, near in zip(centre, other, _NEAREST, strict=True))
                for _, _, other in found
            ):
                found.append((fit, character, centre))
            if len(found) == LENGTH:
                break
        if len(found) < LENGTH:
            return "", -math.inf
        centres = numpy.array([centre for _, _, centre in found])
        distances, _ = self._layouts.query(centres[self._orders].reshape(len(self._orders), -1))
        order = self._orders[distances.argmin()]
        return "".join(found[place][1] for place in order), found[-1][0]

    def _candidates(self, edges: Array) -> Iterator[tuple[float, str, tuple[float, float]]]:
        """Yield the best places of each shape: how well it fits there, 1 at most, its character and its centre."""
        everywhere = fft.irfft2(fft.rfft2(edges) * self._spectra, edges.shape, workers=1)
        for shape, scores in zip(self._shapes, everywhere, strict=True):
            height, width = shape.edges.shape
            inside = scores[: edges.shape[0] - height + 1, : edges.shape[1] - width + 1]
            for _ in range(_PLACES):
                y, x = map(int, numpy.unravel_index(inside.argmax(), inside.shape))
                there = edges[y : y + height, x : x + width]
                common = numpy.minimum(there, shape.edges).sum()
                fit = (common - _OTHER * (there.sum() - common)) / shape.edges.sum()
                yield float(fit), shape.character, (x + width / 2, y + height / 2)
                inside[max(0, y - _APART) : y + _APART + 1, max(0, x - _APART) : x + _APART + 1] = -math.inf


def measure(kind: str, difficulty: str, count: int, processes: int) -> list[Reading]:
    """Attack pictures in rounds, each with a process and labels of its own."""
    rounds = [(kind, difficulty, min(READ, count - begin)) for begin in range(0, count, READ)]
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        readings = (reading for each in pool.imap_unordered(_round, rounds) for reading in each)
        return collected(f"recurring, {kind}, {difficulty}", readings, count)


def _round(target: tuple[str, str, int]) -> list[Reading]:
    kind, difficulty, count = target
    process = Process(kind, difficulty)
    for _ in range(EARLIER):
        process.draw()
    read = Reader([process.draw()[1:] for _ in range(LABELLED)])
    return [timed(read, text, encoded) for text, encoded, _ in (process.draw() for _ in range(count))]


def _recurring(parts: Sequence[Array]) -> list[Array]:
    """Return the shapes that recur among glyphs of one character, each once, those that recur most first."""
    parts = [part for part in parts if max(part.shape) + 2 * _SHIFT <= _SIDE]
    squares = numpy.stack([_padded(part, (_SIDE, _SIDE)) for part in parts])
    norms = numpy.sqrt((squares**2).sum((1, 2)))
    spectra = fft.rfft2(squares)
    shapes = []
    for number, part in enumerate(parts):
        shifted = _aligned(squares, spectra, number)
        common = numpy.minimum(shifted, squares[number])
        same = (common**2).sum((1, 2)) / (norms * norms[number])
        same[number] = 0
        nearest = [other for other in numpy.argsort(-same)[:_COMPARED] if same[other] > _SAME]
        if nearest:
            # What is in one glyph only, or in few, is an edge of the background.
            seen = numpy.median(shifted[[number, *nearest]], axis=0) if len(nearest) > 1 else shifted[nearest[0]]
            shapes.append((len(nearest), numpy.minimum(seen, squares[number])[: part.shape[0], : part.shape[1]]))
    shapes.sort(key=lambda each: -each[0])
    return _distinct([edges for _, edges in shapes])


def _aligned(squares: Array, spectra: Array, number: int) -> Array:
    """Return the squares, each shifted to where it resembles one of them most."""
    scores = fft.irfft2(spectra * spectra[number].conj(), squares.shape[1:])
    shifts = [(y, x) for y in range(-_SHIFT, _SHIFT + 1) for x in range(-_SHIFT, _SHIFT + 1)]
    best = numpy.stack([scores[:, y, x] for y, x in shifts]).argmax(0)
    return numpy.stack(
        [numpy.roll(square, (-shifts[at][0], -shifts[at][1]), (0, 1)) for square, at in zip(squares, best, strict=True)]
    )


def _distinct(shapes: Sequence[Array]) -> list[Array]:
    """Return shapes without those that are nearly the same as an earlier one."""
    spectra: list[Array] = []
    chosen = []
    for edges in shapes:
        spectrum = fft.rfft2(_padded(edges, (_SIDE, _SIDE)) / numpy.linalg.norm(edges))
        if all(fft.irfft2(spectrum * other.conj()).max() < _ONE for other in spectra):
            spectra.append(spectrum)
            chosen.append(edges)
    return chosen


def _edges(encoded: bytes) -> Array:
    """Return how strong the edges are at each pixel of a picture, whichever ink is on either side."""
    return numpy.asarray(numpy.minimum(numpy.hypot(*edges_of(plane_of(encoded), _BLUR)), 1))


def _part(edges: Array, box: tuple[int, int, int, int]) -> Array:
    x, y, width, height = box
    return edges[max(0, y - _AROUND) : y + height + _AROUND, max(0, x - _AROUND) : x + width + _AROUND]


def _padded(part: Array, shape: tuple[int, ...]) -> Array:
    return numpy.pad(part, [(0, whole - length) for whole, length in zip(shape, part.shape, strict=True)])


def _centre(box: tuple[int, int, int, int]) -> tuple[float, float]:
    x, y, width, height = box
    return x + width / 2, y + height / 2


if __name__ == "__main__":
    main(measure, __doc__)
