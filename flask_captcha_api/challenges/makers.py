"""Challenges: what a visitor is asked, what solves it, and the makers that come with the package.

Knows nothing of pictures, sounds, stores or requests.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

#: Without 7, which is read as 1 or 4 when it leans, and 9, which is read as 6 when it lies on its side. What is left
#: is guessed once in 32,768 tries at five characters.
DIGITS = "01234568"
#: No vowels, so that no words appear; of each group of look-alikes (B R, C G, D O, K X, N Z, V Y …) at most one.
LETTERS = "CFHJKLMPRSTWYZ"

MINUS = "\N{MINUS SIGN}"
#: What the prompts of each kind are made of.
ALPHABETS = (DIGITS, LETTERS, f"0123456789+{MINUS}")

#: Of every three arithmetic challenges, so many are sums; the others are differences.
SUMS_IN_THREE = 2


@dataclass(frozen=True)
class Challenge:
    """A prompt and what solves it. Neither appears in the repr, so neither can reach a log by way of it.

    :param prompt: what is drawn or spoken.
    :param answer: what the visitor has to type. Letter case, white space and the script of a digit do not matter: see
        :func:`~flask_captcha_api.challenges.folding.fold`.
    """

    prompt: str = field(repr=False)
    answer: str = field(repr=False)


#: Makes one challenge; the argument is the configured length. It must draw from the ``secrets`` module.
Maker = Callable[[int], Challenge]


def digits(length: int) -> Challenge:
    """Make a row of ``length`` decimal digits that are not mistaken for each other."""
    return _row(DIGITS, length)


def letters(length: int) -> Challenge:
    """Make a row of ``length`` capital letters that are not mistaken for each other."""
    return _row(LETTERS, length)


def arithmetic(length: int) -> Challenge:
    """Make a sum or a difference of two whole numbers that take ``length`` characters, the operator included.

    The result is never negative. Two thirds are sums: the commonest difference (1) is likelier than the commonest
    sum, and at that mixture no answer to five characters has a chance above 0.75 %.
    """
    first, second = map(secrets.choice, operand_ranges(length))
    if secrets.randbelow(3) < SUMS_IN_THREE:
        return Challenge(f"{first}+{second}", str(first + second))
    high, low = max(first, second), min(first, second)
    return Challenge(f"{high}{MINUS}{low}", str(high - low))


def operand_ranges(length: int) -> tuple[range, range]:
    """Return the two numbers that an arithmetic challenge of ``length`` characters draws from, operator left out."""
    longer = length // 2
    return _numbers_of(longer), _numbers_of(length - 1 - longer)


def _row(alphabet: str, length: int) -> Challenge:
    row = "".join(secrets.choice(alphabet) for _ in range(length))
    return Challenge(row, row)


def _numbers_of(digit_count: int) -> range:
    """Return the numbers of exactly ``digit_count`` digits; a single digit may be 0."""
    return range(0 if digit_count == 1 else 10 ** (digit_count - 1), 10**digit_count)
