"""Outlines fitted to a picture: moved, turned, leant and bent until they lie on its edges."""

from collections import Counter
from typing import NamedTuple

import numpy

from .bank import BY_CHANCE, Bank, Candidates
from .edges import edge_length, edges_of, sampled
from .outlines import PATCH, Array

#: How many of the roughly fitted are fitted accurately, and how many of these are taken out of the picture.
_FITTED, _WEIGHED = 360, 160
#: Of the same character, so many are kept in each square of the picture. The square's side is in pixels.
_AT_ONE_PLACE, _PLACE = 4, 10
#: How far from an outline its edge is looked for, in pixels: in the first round and in the last.
_FARTHEST, _NEAREST = 3.6, 0.9
#: Columns of the basis that a glyph is deformed with: shifts and slopes, which make affine maps, bends, and ripples.
_AFFINE, _BENT, _COLUMNS = 3, 8, 15
#: How stiff an outline is against being shifted, turned or stretched, bent, and rippled.
_STIFFNESS_OF_SHIFT, _STIFFNESS, _STIFFNESS_OF_BEND, _STIFFNESS_OF_RIPPLE = 0.001, 0.025, 0.2, 0.1
#: What a deformation costs, in pixels of edge.
_COST = 20
#: The side of the window that a fitted glyph is drawn in. A multiple of 2.
_WINDOW = 72


class Fitted(NamedTuple):
    """Outlines that have been fitted. The first index of each array is the candidate.

    :ivar character: the number of its character in the bank.
    :ivar points: where its outline lies, x and y in pixels.
    :ivar centre: the centre of its box.
    :ivar score: how many pixels of edge speak for it.
    """

    character: Array
    points: Array
    centre: Array
    score: Array


def fitted(bank: Bank, plane: Array, candidates: Candidates) -> Fitted:
    """Fit candidates to the picture's edges, and return the best, the surest first.

    All of them are fitted roughly, the best of these accurately; the best of these are taken out of the picture.
    """
    edges = edges_of(plane, 0.8)
    warps = numpy.zeros((len(candidates.outline), 2 * _COLUMNS), dtype=numpy.float32)
    for every, rounds, kept in ((4, 5, _FITTED), (1, 5, _WEIGHED)):
        warps, points, matched, strain = _fit(bank, edges, candidates, warps, every, rounds)
        centre = (points.min(1) + points.max(1)) / 2
        order = _best_of_each_place(matched - strain, bank.character[candidates.outline], centre, kept)
        candidates = Candidates(*(each[order] for each in candidates))
        warps, points, centre, matched, strain = (each[order] for each in (warps, points, centre, matched, strain))
    removed = _edges_removed(bank, plane, candidates, warps, numpy.round(centre).astype(int))
    score = matched + removed - strain
    surest = numpy.argsort(-score)
    return Fitted(bank.character[candidates.outline[surest]], points[surest], centre[surest], score[surest])


def _best_of_each_place(score: Array, character: Array, centre: Array, kept: int) -> list[int]:
    """Return the best candidates, few of the same character at nearly the same place."""
    there: Counter[tuple[int, ...]] = Counter()
    chosen = []
    for number in numpy.argsort(-score):
        place = (int(character[number]), *(centre[number] // _PLACE).astype(int))
        there[place] += 1
        if there[place] <= _AT_ONE_PLACE:
            chosen.append(int(number))
    return chosen[:kept]


def _fit(
    bank: Bank, edges: Array, candidates: Candidates, warps: Array, every: int, rounds: int
) -> tuple[Array, Array, Array, Array]:
    """Fit by turns: look for the edge across each point, then deform the outline towards what was found.

    Return the deformations, the points, the pixels of edge that match, and what the deformations cost.

    :param warps: the deformations to begin with.
    :param every: of so many points one is used.
    """
    extent = _extent(bank.points[candidates.outline])
    shape, original = bank.points[candidates.outline, ::every], bank.normals[candidates.outline, ::every]
    basis = _basis(shape / extent)
    stiffness = numpy.full(2 * _COLUMNS, _STIFFNESS_OF_BEND, dtype=numpy.float32)
    for start in (0, _COLUMNS):
        stiffness[start : start + _AFFINE] = _STIFFNESS
        stiffness[start] = _STIFFNESS_OF_SHIFT
        stiffness[start + _BENT : start + _COLUMNS] = _STIFFNESS_OF_RIPPLE
    farthest = _FARTHEST if not warps.any() else _FARTHEST / 2
    for reach in (*numpy.linspace(farthest, _NEAREST, rounds), 0):
        moved = basis @ warps.reshape(-1, 2, _COLUMNS).transpose(0, 2, 1)
        points = candidates.centre[:, None] + shape + moved
        turned = original @ numpy.linalg.inv(_affine(warps, extent))
        normals = turned / (numpy.linalg.norm(turned, axis=-1, keepdims=True) + 1e-6)
        if reach:
            distances, strengths = _nearest_edges(edges, points, normals, reach)
            across = numpy.concatenate([basis * normals[..., :1], basis * normals[..., 1:]], -1)
            weighted = (across * strengths[..., None]).transpose(0, 2, 1) / shape.shape[1]
            pull = (weighted @ distances[..., None])[..., 0] - stiffness * warps
            warps = warps + numpy.linalg.solve(weighted @ across + numpy.diag(stiffness), pull[..., None])[..., 0]
    matched = (_strengths(edges, points, normals) - BY_CHANCE).mean(1) * bank.lengths[candidates.outline]
    return warps, points, matched, _COST * (stiffness * warps**2).sum(1)


def _nearest_edges(edges: Array, points: Array, normals: Array, reach: float) -> tuple[Array, Array]:
    """Return how far across each point its edge lies, and how sure that is, 0 to 1."""
    distances = numpy.linspace(-reach, reach, 7, dtype=numpy.float32)
    strengths = _strengths(
        edges, points[..., None, :] + distances[:, None] * normals[..., None, :], normals[..., None, :]
    )
    favour = strengths - 0.25 * (distances / reach) ** 2
    weights = numpy.exp(8 * (favour - favour.max(-1, keepdims=True)))
    nearest = (weights * distances).sum(-1) / weights.sum(-1)
    return nearest, numpy.clip(strengths.max(-1) - 0.25, 0, 1)


def _strengths(edges: Array, points: Array, normals: Array) -> Array:
    """Return the strength, 0 to 1, of the edge at each point that runs as the outline does. Its polarity is free."""
    x, y = sampled(edges, points[..., 0], points[..., 1])
    return numpy.asarray(numpy.minimum(numpy.abs(x * normals[..., 0] + y * normals[..., 1]), 1))


def _edges_removed(bank: Bank, plane: Array, candidates: Candidates, warps: Array, middle: Array) -> Array:
    """Return how much shorter the picture's edges become if each glyph is taken out: if the inks swap back under it."""
    half = _WINDOW // 2
    padded = numpy.pad(numpy.clip(plane, 0, 1), half, mode="edge")
    x, y = numpy.clip(middle, 0, numpy.array(bank.size) - 1).T
    windows = numpy.stack([padded[b : b + _WINDOW, a : a + _WINDOW] for a, b in zip(x, y, strict=True)])
    glyphs = _drawn(bank, candidates, warps, middle)
    return edge_length(windows) - edge_length(windows + glyphs - 2 * windows * glyphs)


def _drawn(bank: Bank, candidates: Candidates, warps: Array, middle: Array) -> Array:
    """Draw fitted glyphs in windows around the given pixels: find where the deformation took each pixel from."""
    shape = bank.points[candidates.outline]
    extent = _extent(shape)
    along = numpy.arange(_WINDOW, dtype=numpy.float32) - _WINDOW // 2
    grid = numpy.stack(numpy.meshgrid(along, along), -1).reshape(1, -1, 2)
    target = grid + (middle - candidates.centre)[:, None].astype(numpy.float32) - warps[:, None, [0, _COLUMNS]]
    inverse = numpy.linalg.inv(_affine(warps, extent)).transpose(0, 2, 1)
    source = target @ inverse
    bends = warps.reshape(-1, 2, _COLUMNS)[:, :, _AFFINE:].transpose(0, 2, 1)
    for _ in range(3):
        source = (target - _basis(numpy.clip(source / extent, -1.5, 1.5))[..., _AFFINE:] @ bends) @ inverse
    x, y = numpy.clip(source + PATCH // 2, 0, PATCH - 1.001).transpose(2, 0, 1)
    number = numpy.arange(len(shape))[:, None] * PATCH
    stacked = bank.patches[candidates.outline].reshape(1, -1, PATCH)
    return sampled(stacked, x, y + number).reshape(-1, _WINDOW, _WINDOW) / 255


def _basis(places: Array) -> Array:
    """Return the columns of deformation at places from -1 to 1: a shift, slopes and bends, each for x and for y."""
    x, y = places[..., 0], places[..., 1]
    xx, xy, yy = x * x, x * y, y * y
    affine, bends = (numpy.ones_like(x), x, y), (xy, xx, yy, x * xy, xy * y)
    columns = (*affine, *bends, x * xx, y * yy, xx * xx, xx * xy, xx * yy, xy * yy, yy * yy)
    return numpy.stack(columns, -1).astype(numpy.float32)


def _affine(warps: Array, extent: Array) -> Array:
    """Return the matrix of each deformation, without its bends."""
    slopes = warps.reshape(len(warps), 2, -1)[:, :, 1:_AFFINE]
    return numpy.asarray(numpy.eye(2, dtype=numpy.float32) + slopes / extent)


def _extent(shape: Array) -> Array:
    return numpy.asarray(numpy.abs(shape).max((1, 2), keepdims=True))
