"""Work for the visitor's device: time-lock puzzles (Rivest, Shamir and Wagner, 1996).

A puzzle's result is ``base ** (2 ** squarings) % modulus``. Without the factors of the modulus, that takes this many
squarings, one after the other. The maker uses the factors once, for a shortcut to the result of one generator g, and
then forgets them: every base is a power of g, and its result is the same power of g's result.
"""

import math
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ..challenges.folding import SOLUTION_DIGITS

#: Bits of the modulus. With fewer, a result could be computed from other results by index calculus.
_BITS = 1024
#: Bits of the exponents that make the bases: an attacker with 2^64 results could compute one from others.
_EXPONENT_BITS = 128
#: Bits of an exponent that are looked up at a time. One more saves a tenth of the time, and takes three quarters more
#: memory.
_WINDOW_BITS = 6
_WINDOW_MASK = 2**_WINDOW_BITS - 1
_PRIMALITY_ROUNDS = 16
#: The product of the primes that candidates are divided by first.
_SMALL_PRIMES = math.prod(n for n in range(2, 2000) if all(n % d for d in range(2, math.isqrt(n) + 1)))


@dataclass(frozen=True)
class Puzzle:
    """A time-lock puzzle.

    :param solution: 16 lower-case hexadecimal digits.
    """

    modulus: int
    base: int
    squarings: int
    solution: str = field(repr=False)

    def to_json(self) -> dict[str, str | int]:
        """Return what the client gets: ``modulus`` and ``base`` in lower-case hexadecimal, and ``squarings``."""
        return {"modulus": f"{self.modulus:x}", "base": f"{self.base:x}", "squarings": self.squarings}


def solve(puzzle: Mapping[str, str | int]) -> str:
    """Solve a puzzle as a client does.

    :param puzzle: the ``work`` of a captcha: ``modulus`` and ``base`` in hexadecimal, and ``squarings``.
    :returns: 16 lower-case hexadecimal digits.
    """
    modulus, base = int(str(puzzle["modulus"]), 16), int(str(puzzle["base"]), 16)
    return _solution(pow(base, 1 << int(puzzle["squarings"]), modulus))


class PuzzleMaker:
    """Makes puzzles.

    Creating it takes 0.1 to 0.3 seconds, and a puzzle a fraction of a millisecond. Each number of squarings takes
    250 kB of memory, and the generator as much.

    :param squarings: every number of squarings that puzzles may have.
    """

    def __init__(self, squarings: Collection[int]) -> None:
        while True:
            p, q = _new_prime(), _new_prime()
            self._modulus, order = p * q, math.lcm(p - 1, q - 1)
            generator = pow(secrets.randbelow(self._modulus), 2, self._modulus)
            # False if p or q is composite after all: nobody could solve the puzzles.
            if p != q and math.gcd(generator, self._modulus) == 1 == pow(generator, order, self._modulus):
                break
        self._powers = _PowerTable(generator, self._modulus)
        self._results = {
            number: _PowerTable(pow(generator, pow(2, number, order), self._modulus), self._modulus)
            for number in squarings
        }

    def make(self, squarings: int) -> Puzzle:
        """Make a puzzle.

        :param squarings: one of those given to the constructor.
        """
        exponent = 1 + secrets.randbelow(2**_EXPONENT_BITS - 1)
        base, result = self._powers.power(exponent), self._results[squarings].power(exponent)
        return Puzzle(self._modulus, base, squarings, _solution(result))


class _PowerTable:
    """Some powers of one number. Any other power is the product of a few dozen of them."""

    def __init__(self, number: int, modulus: int) -> None:
        self._modulus = modulus
        self._windows: list[list[int]] = []
        for _ in range(-(-_EXPONENT_BITS // _WINDOW_BITS)):
            powers = [1]
            for _ in range(_WINDOW_MASK):
                powers.append(powers[-1] * number % modulus)
            self._windows.append(powers)
            number = powers[-1] * number % modulus

    def power(self, exponent: int) -> int:
        product = 1
        for powers in self._windows:
            product = product * powers[exponent & _WINDOW_MASK] % self._modulus
            exponent >>= _WINDOW_BITS
        return product


def _new_prime() -> int:
    """Return a prime of half the modulus's bits that is 3 modulo 4, so that squaring permutes the squares.

    The two highest bits are set, so that the product of two such primes has exactly the modulus's bits. For a number
    that is 3 modulo 4, a round of the Miller-Rabin test is a single power.
    """
    bits = _BITS // 2
    while True:
        number = secrets.randbits(bits) | 3 << bits - 2 | 3
        if math.gcd(number, _SMALL_PRIMES) == 1 and all(
            pow(2 + secrets.randbelow(number - 3), number // 2, number) in {1, number - 1}
            for _ in range(_PRIMALITY_ROUNDS)
        ):
            return number


def _solution(result: int) -> str:
    """Return the last digits of a result, with leading zeros."""
    return f"{result:x}"[-SOLUTION_DIGITS:].zfill(SOLUTION_DIGITS)
