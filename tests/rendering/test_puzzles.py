"""Time-lock puzzles: what they are made of, and that whoever squares finds what the maker knows."""

import math
import multiprocessing
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_captcha_api.rendering import puzzles
from flask_captcha_api.rendering.puzzles import Puzzle, PuzzleMaker, solve


@pytest.fixture(scope="module")
def maker() -> PuzzleMaker:
    return PuzzleMaker({1_000, 1_777})


@pytest.mark.parametrize("squarings", [1_000, 1_777])
def test_squaring_finds_the_solution(maker: PuzzleMaker, squarings: int) -> None:
    """The maker's short cut and plain squaring, one after the other, come to the same 16 digits."""
    for _ in range(10):
        puzzle = maker.make(squarings)
        number = puzzle.base
        for _ in range(squarings):
            number = number * number % puzzle.modulus
        assert puzzle.solution == f"{number % 2**64:016x}"
        assert solve(puzzle.to_json()) == puzzle.solution


def test_what_the_client_gets(maker: PuzzleMaker) -> None:
    """Modulus and base are lower-case hexadecimal; the solution is not among them, nor in the puzzle's ``repr``."""
    puzzle = maker.make(1_000)
    assert puzzle.to_json() == {"modulus": f"{puzzle.modulus:x}", "base": f"{puzzle.base:x}", "squarings": 1_000}
    assert puzzle.solution not in repr(puzzle)


def test_no_puzzle_is_like_another(maker: PuzzleMaker) -> None:
    """Each has a base of its own, which has no factor in common with the modulus."""
    bases = [maker.make(1_000).base for _ in range(200)]
    assert len(set(bases)) == 200
    assert all(1 < base < maker.make(1_000).modulus for base in bases)
    assert {math.gcd(base, maker.make(1_000).modulus) for base in bases} == {1}


def test_processes_that_share_a_maker_make_different_puzzles(maker: PuzzleMaker) -> None:
    """A maker that was there before a fork makes no puzzle twice: its choices come from the operating system."""
    context = multiprocessing.get_context("fork")
    made = context.SimpleQueue()

    def make() -> None:
        made.put([maker.make(1_000).base for _ in range(50)])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer Pythons warn of forking beside threads
        children = [context.Process(target=make) for _ in range(4)]
        for child in children:
            child.start()
    bases = [base for _ in children for base in made.get()]
    for child in children:
        child.join()
    assert len(set(bases)) == 200


def test_the_modulus_has_all_its_bits() -> None:
    """It has 1,024, whatever the primes; and each maker has its own."""
    moduli = {PuzzleMaker([1_000]).make(1_000).modulus for _ in range(3)}
    assert [modulus.bit_length() for modulus in moduli] == [1_024] * 3
    assert {modulus % 8 for modulus in moduli} <= {1, 5}  # the product of two numbers that are 3 modulo 4


def test_a_composite_is_no_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that passes for a prime and is none is thrown away, as nobody could solve the puzzles."""
    p, q = puzzles._new_prime(), puzzles._new_prime()
    given = iter([p, p * q, p, p, p, q])
    monkeypatch.setattr(puzzles, "_new_prime", lambda: next(given))
    assert PuzzleMaker([1_000]).make(1_000).modulus == p * q
    assert next(given, None) is None


@settings(deadline=None, database=None, max_examples=50)
@given(st.integers(1, 2**128 - 1))
def test_a_table_gives_any_power(exponent: int) -> None:
    """The product of looked-up powers is the power."""
    modulus = 2**127 - 1
    assert puzzles._PowerTable(3, modulus).power(exponent) == pow(3, exponent, modulus)


def test_a_short_result_keeps_its_zeros() -> None:
    """A solution has 16 digits also where the result begins with zeros or is smaller."""
    assert solve({"modulus": "ff", "base": "2", "squarings": 2}) == "0000000000000010"
    assert Puzzle(255, 2, 2, "0000000000000010").to_json() == {"modulus": "ff", "base": "2", "squarings": 2}
