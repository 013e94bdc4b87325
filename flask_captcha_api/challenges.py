"""Challenges: what a visitor is asked, what solves it, and the makers of each kind.

Knows nothing of pictures, sounds, stores or requests.
"""

import secrets
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

LONGEST_ANSWER = 64

#: Without 7, which is read as 1 or 4 when it leans, and 9, which is read as 6 when it lies on its side. What is left
#: is guessed once in 32,768 tries at five characters.
DIGITS = "01234568"
#: No vowels, so that no words appear; of each group of look-alikes (B R, C G, D O, K X, N Z, V Y …) at most one.
LETTERS = "CFHJKLMPRSTWYZ"

MINUS = "\N{MINUS SIGN}"
#: What the prompts of each kind are made of.
ALPHABETS = (DIGITS, LETTERS, f"0123456789+{MINUS}")


@dataclass(frozen=True)
class Challenge:
    """A prompt and what solves it. Neither appears in the repr, so neither can reach a log by way of it.

    :param prompt: what is drawn or spoken.
    :param answer: what the visitor has to type; letter case, white space and Unicode's compatibility variants
        (full-width digits, say) do not count.
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
    first, second = (_number(count) for count in _operand_digits(length))
    if secrets.randbelow(3):
        return Challenge(f"{first}+{second}", str(first + second))
    high, low = max(first, second), min(first, second)
    return Challenge(f"{high}{MINUS}{low}", str(high - low))


#: The kinds that come with the package: name, maker, and the shortest length that it can make.
KINDS: Mapping[str, Maker] = MappingProxyType({"digits": digits, "letters": letters, "arithmetic": arithmetic})
SHORTEST: Mapping[str, int] = MappingProxyType({"digits": 1, "letters": 1, "arithmetic": 3})


def normalise(text: str) -> str:
    """Fold away what does not count in an answer: compatibility variants, white space and letter case."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def is_typable(text: object) -> bool:
    """Tell whether ``text`` could be an answer at all: 1 to 64 characters, before and after normalisation.

    Surrogates and control characters are refused: no keyboard sends them, and some stores and encoders choke on them.
    """
    return (
        isinstance(text, str)
        and 1 <= len(text) <= LONGEST_ANSWER
        and not any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)
        and 1 <= len(normalise(text)) <= LONGEST_ANSWER
    )


def _row(alphabet: str, length: int) -> Challenge:
    row = "".join(secrets.choice(alphabet) for _ in range(length))
    return Challenge(row, row)


def _operand_digits(length: int) -> tuple[int, int]:
    longer = length // 2
    return longer, length - 1 - longer


def _number(digit_count: int) -> int:
    """Draw a number of exactly ``digit_count`` digits; a single digit may be 0."""
    lowest = 0 if digit_count == 1 else 10 ** (digit_count - 1)
    return lowest + secrets.randbelow(10**digit_count - lowest)
