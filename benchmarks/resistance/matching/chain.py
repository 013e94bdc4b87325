"""The text: glyphs that do not lie on each other and together explain the most edges, in the order of a layout."""

from itertools import permutations

import numpy

from .bank import Bank
from .fit import Fitted
from .outlines import Array

#: How many candidates are combined, how many combinations are pursued, and of how many the order is looked for.
_COMBINED, _PURSUED, _ORDERED = 60, 400, 60
#: The share of a glyph that may lie on another: more than the first number costs, more than the second is impossible.
_TOUCHING, _IMPOSSIBLE = 0.12, 0.45
#: What a glyph costs that lies wholly on another, in pixels of edge.
_COST = 60
#: Of two candidates for the same character, the worse is left out if it lies on the better with this share.
_SAME = 0.6
#: The area, in square pixels, by which the squared distance from a layout is divided to give pixels of edge.
_LAYOUT = 60
#: Pixels of a coarse mask are this large.
_COARSE = 3


def read_chain(bank: Bank, candidates: Fitted, length: int) -> tuple[str, float]:
    """Return the best text and how sure it is: by how many pixels of edge it is better than any other."""
    combined, overlap = _distinct(candidates, _masks(candidates.points, bank.size))
    candidates = Fitted(*(each[combined] for each in candidates))
    texts: dict[str, float] = {}
    orders = numpy.array(list(permutations(range(length))))
    for score, chosen in _chains(candidates.score, overlap, length)[:_ORDERED]:
        centres = candidates.centre[list(chosen)]
        distances, _ = bank.layouts.query(centres[orders].reshape(len(orders), -1))
        order = orders[distances.argmin()]
        text = "".join(bank.characters[candidates.character[chosen[place]]] for place in order)
        texts[text] = max(texts.get(text, -numpy.inf), score - distances.min() ** 2 / _LAYOUT)
    ranked = sorted(texts.items(), key=lambda each: -each[1])
    if not ranked:
        return "", -numpy.inf
    return ranked[0][0], ranked[0][1] - (ranked[1][1] if len(ranked) > 1 else 0.0)


def _chains(score: Array, overlap: Array, length: int) -> list[tuple[float, tuple[int, ...]]]:
    """Return sets of candidates with their scores, the best first."""
    possible = overlap <= _IMPOSSIBLE
    penalty = _COST * numpy.maximum(overlap - _TOUCHING, 0)
    chains: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for _ in range(length):
        longer: dict[tuple[int, ...], float] = {}
        for value, chain in chains:
            members = list(chain)
            values = value + score - penalty[members].sum(0)
            for another in numpy.nonzero(possible[members].all(0))[0]:
                longer.setdefault(tuple(sorted((*chain, int(another)))), float(values[another]))
        chains = sorted(((value, chain) for chain, value in longer.items()), reverse=True)[:_PURSUED]
    return chains


def _distinct(candidates: Fitted, masks: Array) -> tuple[Array, Array]:
    """Return the best candidates that are not nearly the same as a better one, and how far they lie on each other."""
    area = masks.sum(1)
    overlap = masks @ masks.T / numpy.minimum(area[:, None], area)
    chosen: list[int] = []
    for number in range(len(masks)):
        same = [other for other in chosen if candidates.character[other] == candidates.character[number]]
        if not (overlap[number, same] > _SAME).any():
            chosen.append(number)
    chosen = chosen[:_COMBINED]
    return numpy.array(chosen), overlap[numpy.ix_(chosen, chosen)]


def _masks(points: Array, size: tuple[int, int]) -> Array:
    """Return the area within each outline, coarsely: what lines from its middle to its points cover."""
    width, height = (length // _COARSE + 2 for length in size)
    middle = points.mean(1, keepdims=True)
    masks = numpy.zeros((len(points), height, width), dtype=numpy.float32)
    number = numpy.arange(len(points))[:, None]
    for share in numpy.linspace(0, 1, 12):
        x, y = ((middle + (points - middle) * share) / _COARSE).astype(int).transpose(2, 0, 1)
        masks[number, numpy.clip(y, 0, height - 1), numpy.clip(x, 0, width - 1)] = 1
    return masks.reshape(len(points), -1)
