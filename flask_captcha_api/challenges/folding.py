"""Folding: the normalisation of answers before they are compared."""

import re
import unicodedata
from dataclasses import dataclass
from typing import NamedTuple

#: The most code points of an answer.
LONGEST_ANSWER = 64
#: Lower-case hexadecimal digits of a puzzle's solution.
SOLUTION_DIGITS = 16
#: The same, with a dot and the solution of a puzzle.
LONGEST_TEXT = LONGEST_ANSWER + 1 + SOLUTION_DIGITS

#: What a visitor typed, a dot, and the solution of a puzzle.
_WITH_SOLUTION = re.compile(rf"(.+)\.[0-9a-f]{{{SOLUTION_DIGITS}}}", re.DOTALL)
_DASHES_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])-+(?=[0-9])")


class Rule(NamedTuple):
    """A rule of :class:`Folding` that a kind may have.

    :ivar flag: its letter in a captcha's entry.
    :ivar meaning: for the documentation.
    """

    flag: str
    meaning: str


#: The rules, by the names that they have in :class:`Folding` and in ``Kind``. New ones go at the end.
RULES = {"digits_only": Rule("d", "the answer is a number: dashes between digits do not count")}


@dataclass(frozen=True)
class Folding:
    """Which differences between two texts do not matter. Decided when a captcha is issued, and kept in its entry.

    :data:`DIFFERENCES` lists them. Letters are never removed.

    :param digits_only: the answer is a number: dashes between two digits do not matter either, and any other dash is
        an ASCII minus sign, so that −5 is -5 and not 5.
    :param exact: every difference matters: the answer was never read by a person.
    """

    digits_only: bool = False
    exact: bool = False

    def fold(self, text: str) -> str:
        """Return ``text`` without the differences that do not matter. Idempotent."""
        if self.exact:
            return text
        folded = _fold_once(text)
        # Repeat: case folding can undo NFKC, and a removed character may have separated a letter from its accent.
        while folded != text:
            text, folded = folded, _fold_once(folded)
        if not self.digits_only:
            return folded
        if not folded.isascii():
            folded = "".join("-" if _is_dash(character) else character for character in folded)
        return _DASHES_BETWEEN_DIGITS.sub("", folded)

    @property
    def ignores_case(self) -> bool:
        """Return whether letter case does not matter."""
        return not self.exact

    @property
    def flags(self) -> str:
        """Return the flags of the rules that hold, in the order of :data:`RULES`."""
        return "".join(rule.flag for name, rule in RULES.items() if getattr(self, name))

    @classmethod
    def from_flags(cls, flags: str) -> "Folding":
        """Return the rules that the flags stand for. Flags of other things are ignored."""
        return cls(**{name: rule.flag in flags for name, rule in RULES.items()})


#: For the answers of kept captchas.
EXACT = Folding(exact=True)


@dataclass(frozen=True)
class Difference:
    """A difference between answer and typed text that never matters, or only under some rules.

    :ivar name: for the documentation.
    :ivar typed: an example that passes, because it is folded into the same as ``answer``.
    :ivar where: the captchas that ignore it, for the documentation.
    :ivar ignored_by: the rules of such captchas.
    :ivar counts_in: the rules of captchas in which it matters; None: it matters only in kept ones.
    """

    name: str
    typed: str
    answer: str
    where: str = "all"
    ignored_by: Folding = Folding()
    counts_in: Folding | None = None


_NUMBERS = "numbers: `digits`, `arithmetic`, and your own kinds with `digits_only`"
#: What does not matter in an answer. The documentation has this table, and the tests try its examples.
DIFFERENCES: tuple[Difference, ...] = (
    Difference("letter case", "cFhJ", "CFHJ"),
    Difference("white space", " 40 718", "40718"),
    Difference(
        "format characters: direction marks, zero-width spaces and joiners, soft hyphens, the byte order mark",
        "407\N{ZERO WIDTH SPACE}18",
        "40718",
    ),
    Difference("compatibility variants (Unicode's NFKC), such as full width", "４０７18", "40718"),
    Difference("the script of a digit", "٤٠٧١٨", "40718"),
    Difference("dashes between two digits", "407-18", "40718", _NUMBERS, Folding(digits_only=True), Folding()),
    Difference("which dash the minus sign is", "−5", "-5", _NUMBERS, Folding(digits_only=True), Folding()),
)


def is_typable(text: object) -> bool:
    """Return whether ``text`` could be an answer: a str of 1 to 64 code points, before and after folding.

    Surrogates and control characters are rejected: no keyboard sends them, and some stores and encoders fail on them.
    """
    return (
        isinstance(text, str)
        and 1 <= len(text) <= LONGEST_ANSWER
        and not _has_unusable_character(text)
        and 1 <= len(Folding().fold(text)) <= LONGEST_ANSWER
    )


def _has_unusable_character(text: str) -> bool:
    if text.isascii():
        return not text.isprintable()
    return any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)


def is_acceptable(text: object) -> bool:
    """Return whether ``text`` could be what a client sends: what can be typed, perhaps with a solution after a dot."""
    if not isinstance(text, str) or len(text) > LONGEST_TEXT:  # a long one would take long to match
        return False
    if is_typable(text):
        return True
    with_solution = _WITH_SOLUTION.fullmatch(text)
    return with_solution is not None and is_typable(with_solution[1])


def _fold_once(text: str) -> str:
    if text.isascii():  # what nearly everybody types: the same result by a shortcut
        return "".join(text.split()).casefold()
    return "".join(map(_fold_character, unicodedata.normalize("NFKC", text))).casefold()


def _fold_character(character: str) -> str:
    if character.isspace() or unicodedata.category(character) == "Cf":
        return ""
    # NFKC converts full-width digits, but not those of other scripts: Arabic, Devanagari, Thai, …
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def _is_dash(character: str) -> bool:
    """Return whether this is a dash or the minus sign, which Unicode does not count among the dashes."""
    return character == "\N{MINUS SIGN}" or unicodedata.category(character) == "Pd"
