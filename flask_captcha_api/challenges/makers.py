"""The challenge, a prompt with its answer, and the makers that come with the package."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

#: Without 1, which is read as 2 when the background cuts it, 7, which is read as 2 or 4 when it is bent, and 9, which
#: is a 6 upside down. A blind guess of five of the others passes once in 16,807 attempts.
DIGITS = "0234568"
#: No vowels, so that no words appear; of each group of look-alikes (B P R, C G, D O, M W, N Z, T Y …) at most one;
#: neither K nor L, which took part in most misreadings (as H, S, C, T and Z). A blind guess of five passes once in
#: 32,768 attempts.
LETTERS = "CFHMPSTZ"

MINUS = "\N{MINUS SIGN}"
#: The alphabet of each kind's prompts.
ALPHABETS = (DIGITS, LETTERS, f"0123456789+{MINUS}")

#: The number of sums in three arithmetic challenges, on average; the others are differences.
SUMS_IN_THREE = 2


@dataclass(frozen=True)
class Challenge:
    """A prompt and its answer. The repr shows neither, so that neither is logged by accident.

    :param prompt: the text that is drawn or spoken.
    :param answer: the text that the visitor has to type, compared by
        :class:`~flask_captcha_api.challenges.folding.Folding`.
    """

    prompt: str = field(repr=False)
    answer: str = field(repr=False)


#: Makes one challenge of the given length. All its randomness must come from the ``secrets`` module.
Maker = Callable[[int], Challenge]


def digits(length: int) -> Challenge:
    """Make a row of ``length`` decimal digits that are not confused with each other."""
    return _row(DIGITS, length)


def letters(length: int) -> Challenge:
    """Make a row of ``length`` capital letters that are not confused with each other."""
    return _row(LETTERS, length)


def arithmetic(length: int) -> Challenge:
    """Make a sum or a difference of two whole numbers, ``length`` characters long including the operator.

    The result is never negative. Two thirds are sums, because the commonest difference (1) is likelier than the
    commonest sum: in this proportion no answer to five characters has a probability above 0.75 %.
    """
    first, second = map(secrets.choice, operand_ranges(length))
    if secrets.randbelow(3) < SUMS_IN_THREE:
        return Challenge(f"{first}+{second}", str(first + second))
    high, low = max(first, second), min(first, second)
    return Challenge(f"{high}{MINUS}{low}", str(high - low))


def operand_ranges(length: int) -> tuple[range, range]:
    """Return the ranges of the two operands of an arithmetic challenge of ``length`` characters."""
    first_digits = length // 2
    return _numbers_of(first_digits), _numbers_of(length - 1 - first_digits)


def _row(alphabet: str, length: int) -> Challenge:
    number = secrets.randbelow(len(alphabet) ** length)  # faster than a choice for each character
    row = ""
    for _ in range(length):
        number, place = divmod(number, len(alphabet))
        row += alphabet[place]
    return Challenge(row, row)


def _numbers_of(digit_count: int) -> range:
    """Return the numbers of exactly ``digit_count`` digits; a single digit may be 0."""
    return range(0 if digit_count == 1 else 10 ** (digit_count - 1), 10**digit_count)
