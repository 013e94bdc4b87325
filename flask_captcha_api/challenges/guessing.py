"""The probability of a blind guess: how often a bot that always gives the likeliest answer passes."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product

from .folding import Folding
from .makers import SUMS_IN_THREE, operand_ranges

#: Sample size for estimates.
SAMPLES = 10_000
#: The fewest occurrences of the commonest answer among the samples from which its probability is estimated. An answer
#: with a probability of 1 in 500 is expected 20 times, and occurs fewer than 10 times in one run out of two hundred.
_MIN_OCCURRENCES = 10
_UPPER_BOUND = 1 / 500


@dataclass(frozen=True)
class GuessProbability:
    """The probability that a blind guess passes.

    :ivar probability: above 0, at most 1.
    :ivar is_exact: whether it was computed, as opposed to estimated from samples.
    :ivar is_upper_bound: whether the true probability is smaller than this, by an unknown amount.
    """

    probability: float
    is_exact: bool = True
    is_upper_bound: bool = False

    def __str__(self) -> str:
        qualifier = "" if self.is_exact else "less than " if self.is_upper_bound else "about "
        return f"{qualifier}1 in {round(1 / self.probability):,}"


def row_probability(alphabet: str) -> Callable[[int], float]:
    """Return the probability, as a function of its length, for a row drawn uniformly from an alphabet."""
    return lambda length: 1 / len(alphabet) ** length


def arithmetic_probability(length: int) -> float:
    """Return the probability for a sum or difference of ``length`` characters.

    The number of operand pairs with a given result is piecewise linear in the result, with corners at the results of
    the operands' limits, so the likeliest result is one of these or next to one.
    """
    first, second = operand_ranges(length)
    limits = product((first[0], first[-1]), (second[0], second[-1]))
    corners = {0} | {abs(result) for one, other in limits for result in (one + other, one - other)}
    candidates = {max(0, corner + step) for corner in corners for step in (-1, 0, 1)}
    max_weight = max(
        SUMS_IN_THREE * _count_pairs_with_sum(first, second, result)
        + (3 - SUMS_IN_THREE) * _count_pairs_with_difference(first, second, result)
        for result in candidates
    )
    return max_weight / (3 * len(first) * len(second))


def estimate(answers: Iterable[str], folding: Folding) -> GuessProbability:
    """Estimate the probability from a sample of a maker's answers, about :data:`SAMPLES` of them.

    :param folding: how the answers are folded.
    """
    counts = Counter(map(folding.fold, answers))
    ((_, occurrences),) = counts.most_common(1)
    if occurrences < _MIN_OCCURRENCES:
        return GuessProbability(_UPPER_BOUND, is_exact=False, is_upper_bound=True)
    return GuessProbability(occurrences / counts.total(), is_exact=False)


def _count_pairs_with_sum(first: range, second: range, result: int) -> int:
    return _count_shared(first, range(result - second[-1], result - second[0] + 1))


def _count_pairs_with_difference(first: range, second: range, result: int) -> int:
    """Count the pairs whose larger number exceeds the smaller by ``result``."""
    steps = {result, -result}
    return sum(_count_shared(first, range(second.start + step, second.stop + step)) for step in steps)


def _count_shared(one: range, other: range) -> int:
    return len(range(max(one.start, other.start), min(one.stop, other.stop)))
