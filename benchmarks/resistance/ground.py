"""The background attack: how many pictures are read by whoever has the source, once the background is taken away.

The attack fits the background, with the shortest edges and the least ink left over, and takes it away. What is left
falls into pieces; if there are as many large ones as characters, each is compared with thousands of glyphs that the
package's own styles draw, at the same size. Otherwise it gives up. The order is that of the most similar layout.

``python -m benchmarks.resistance.ground --count 100 --kinds digits --difficulties normal`` for less than everything.
"""

import math
import random
from collections.abc import Sequence
from functools import partial
from itertools import permutations

import numpy
from PIL import Image
from scipy import ndimage
from scipy.spatial import cKDTree

from .attack import LENGTH, SIZE, Attack, main, run
from .matching.background import Backgrounds
from .matching.edges import plane_of
from .matching.outlines import Array, Outline, drawn_texts

#: How many texts are drawn to take glyphs and layouts from.
TEXTS = 2000
#: The side of the square that glyphs are compared in, and how much the proportions of their boxes count there.
_SIDE, _PROPORTION = 20, 2.0
#: The least area of a piece, in pixels.
_SMALLEST = 60


class Reader:
    """Reads pictures, given what the package draws.

    :param texts: the outlines of whole texts, in reading order.
    """

    def __init__(self, texts: Sequence[Sequence[Outline]], backgrounds: Backgrounds) -> None:
        self._backgrounds = backgrounds
        glyphs = [outline for text in texts for outline in text]
        self._characters = numpy.array([outline.character for outline in glyphs])
        self._glyphs = numpy.stack([_normalised(outline.patch > 127) for outline in glyphs])
        self._layouts = cKDTree([[place for outline in text for place in outline.centre] for text in texts])
        self._orders = numpy.array(list(permutations(range(LENGTH))))

    def __call__(self, encoded: bytes) -> tuple[str, float]:
        """Return the text of a picture and how sure it is: by how much the least sure glyph resembles no other."""
        left, _ = self._backgrounds.without(plane_of(encoded))
        pieces = _pieces(left)
        if len(pieces) < LENGTH:
            return "", -math.inf
        read = [self._read_glyph(piece) for piece in pieces]
        centres = numpy.array([_centre_of(piece) for piece in pieces])
        distances, _ = self._layouts.query(centres[self._orders].reshape(len(self._orders), -1))
        order = self._orders[distances.argmin()]
        return "".join(read[place][0] for place in order), min(sureness for _, sureness in read)

    def _read_glyph(self, piece: Array) -> tuple[str, float]:
        distances = ((self._glyphs - _normalised(piece)) ** 2).sum(1)
        nearest = {
            str(character): float(distances[self._characters == character].min())
            for character in numpy.unique(self._characters)
        }
        first, second, *_ = sorted(nearest, key=lambda character: nearest[character])
        return first, (nearest[second] - nearest[first]) / (nearest[second] + nearest[first] + 1e-6)


def prepare(kind: str, difficulty: str) -> Attack:
    """Draw the glyphs, layouts and backgrounds of a kind at a difficulty. It takes half a minute."""
    rng = random.Random(5)
    texts = list(drawn_texts(kind, difficulty, SIZE, LENGTH, TEXTS, rng))
    return Reader(texts, Backgrounds(kind, difficulty, SIZE, LENGTH, rng))


def _pieces(left: Array) -> list[Array]:
    """Return the largest pieces, as many as there are characters or fewer, without specks and slivers."""
    clean = ndimage.binary_opening(ndimage.median_filter(left, 3), numpy.ones((2, 2)))
    labels, count = ndimage.label(clean, numpy.ones((3, 3)))
    pieces = [labels == number for number in range(1, count + 1)]
    large = [piece for piece in pieces if piece.sum() >= _SMALLEST]
    return sorted(large, key=lambda piece: -int(piece.sum()))[:LENGTH]


def _centre_of(piece: Array) -> tuple[float, float]:
    rows, columns = ndimage.find_objects(piece.astype(int))[0]
    return (columns.start + columns.stop - 1) / 2, (rows.start + rows.stop - 1) / 2


def _normalised(mask: Array) -> Array:
    """Return a glyph stretched to a square, with the proportions of its box."""
    rows, columns = ndimage.find_objects(mask.astype(int))[0]
    box = Image.fromarray(mask[rows, columns].astype(numpy.uint8) * 255)
    square = numpy.asarray(box.resize((_SIDE, _SIDE), Image.Resampling.BOX), dtype=numpy.float32) / 255
    return numpy.append(square.ravel(), numpy.float32(_PROPORTION * math.log(box.width / box.height)))


#: Attacks fresh pictures.
measure = partial(run, "background", prepare)

if __name__ == "__main__":
    main(measure, __doc__)
