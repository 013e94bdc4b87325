"""Guessing: what is computed is what enumeration finds, and estimates say no more than they know."""

import math
from collections import Counter
from fractions import Fraction
from itertools import product

import pytest

from flask_captcha_api.challenges.folding import Folding
from flask_captcha_api.challenges.guessing import SAMPLES, GuessProbability, arithmetic_probability, estimate
from flask_captcha_api.challenges.kinds import KINDS
from flask_captcha_api.challenges.makers import operand_ranges


@pytest.mark.parametrize("length", range(3, 8))
def test_arithmetic_is_what_enumeration_finds(length: int) -> None:
    """The chance of the likeliest result is that among all pairs of operands, weighed as they are drawn."""
    first, second = operand_ranges(length)
    weights: Counter[int] = Counter()
    for one, other in product(first, second):
        weights[one + other] += 2
        weights[abs(one - other)] += 1
    likeliest = max(weights.values())
    assert arithmetic_probability(length) == float(Fraction(likeliest, 3 * len(first) * len(second)))


@pytest.mark.parametrize("kind", KINDS)
def test_no_answer_at_default_length_is_likelier_than_one_percent(kind: str) -> None:
    """At five characters a blind guess passes in less than 1 %, for every kind of the package."""
    best_guess = KINDS[kind].best_guess
    assert best_guess
    assert best_guess(5) < 0.01


def test_rows() -> None:
    """Five of seven digits are guessed once in 16,807 tries, and five of eight letters once in 32,768."""
    assert [KINDS[kind].best_guess(5) for kind in ("digits", "letters")] == [1 / 7**5, 1 / 8**5]  # type: ignore[misc]


def test_an_estimate_of_few_answers() -> None:
    """The commonest answer's share is told, whatever does not count in an answer folded away."""
    assert estimate(["A", "a", " a", "b"] * (SAMPLES // 4), Folding()) == GuessProbability(0.75, is_exact=False)


def test_an_estimate_of_numbers() -> None:
    """Numbers are folded as numbers, so what differs by a dash alone is one answer."""
    numbers = ["4-0", "40", "4–0", "-40"] * (SAMPLES // 4)
    assert estimate(numbers, Folding(digits_only=True)) == GuessProbability(0.75, is_exact=False)
    assert estimate(numbers, Folding()) == GuessProbability(0.25, is_exact=False)


def test_an_estimate_of_many_answers_is_a_bound() -> None:
    """Where no answer comes often, nothing is told but that the chance is small."""
    assert estimate(map(str, range(SAMPLES)), Folding()) == GuessProbability(
        1 / 500, is_exact=False, is_upper_bound=True
    )


def test_the_bound_is_rarely_wrong() -> None:
    """Of answers that have the chance of the bound, fewer than one in a hundred come so seldom as to be given it."""
    mean = SAMPLES / 500
    chance_of_fewer = Fraction(0)
    term = Fraction(1)
    for count in range(10):  # of Poisson's distribution, without its factor
        chance_of_fewer += term
        term *= Fraction(mean) / (count + 1)
    assert chance_of_fewer * Fraction(math.exp(-mean)) < 0.01
