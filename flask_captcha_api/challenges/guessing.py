"""Odds: how often a bot passes that knows the maker, sees nothing, and always gives the likeliest answer."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product

from .folding import fold
from .makers import SUMS_IN_THREE, operand_ranges

#: How many answers an estimate wants.
SAMPLES = 10_000
#: An answer that comes less often among them says nothing of its own chance. One with a chance of 1 in 500 is to be
#: expected 20 times, and comes less than 10 times in one run of two hundred.
_TELLING = 10
_CHANCE_BELOW = 1 / 500


@dataclass(frozen=True)
class Odds:
    """The chance of a blind guess.

    :ivar is_exact: computed from what the maker does, and not estimated from what it made.
    :ivar is_bound: the chance is smaller than this, by how much cannot be told.
    """

    chance: float
    is_exact: bool = True
    is_bound: bool = False

    def __str__(self) -> str:
        how = "" if self.is_exact else "less than " if self.is_bound else "about "
        return f"{how}1 in {round(1 / self.chance):,}"


def of_row(alphabet: str) -> Callable[[int], float]:
    """Return the odds, by length, of a row in which every character of an alphabet is equally likely at any place."""
    return lambda length: 1 / len(alphabet) ** length


def of_arithmetic(length: int) -> float:
    """Return the odds of a sum or difference of ``length`` characters.

    How many pairs of operands have a result grows and falls evenly between the results of the operands' limits, so
    the likeliest is one of these results, or the one next to it.
    """
    first, second = operand_ranges(length)
    limits = product((first[0], first[-1]), (second[0], second[-1]))
    corners = {0} | {abs(result) for one, other in limits for result in (one + other, one - other)}
    results = {max(0, corner + step) for corner in corners for step in (-1, 0, 1)}
    likeliest = max(
        SUMS_IN_THREE * _pairs_with_sum(first, second, result)
        + (3 - SUMS_IN_THREE) * _pairs_with_difference(first, second, result)
        for result in results
    )
    return likeliest / (3 * len(first) * len(second))


def estimate(answers: Iterable[str], *, digits_only: bool = False) -> Odds:
    """Estimate the odds from answers that a maker has made, about :data:`SAMPLES` of them.

    :param digits_only: how they are folded.
    """
    counts = Counter(fold(answer, digits_only=digits_only) for answer in answers)
    ((_, commonest),) = counts.most_common(1)
    if commonest < _TELLING:
        return Odds(_CHANCE_BELOW, is_exact=False, is_bound=True)
    return Odds(commonest / counts.total(), is_exact=False)


def _pairs_with_sum(first: range, second: range, result: int) -> int:
    return _shared(first, range(result - second[-1], result - second[0] + 1))


def _pairs_with_difference(first: range, second: range, result: int) -> int:
    """Count the pairs whose larger number exceeds the smaller by ``result``."""
    steps = {result, -result}
    return sum(_shared(first, range(second.start + step, second.stop + step)) for step in steps)


def _shared(one: range, other: range) -> int:
    return len(range(max(one.start, other.start), min(one.stop, other.stop)))
