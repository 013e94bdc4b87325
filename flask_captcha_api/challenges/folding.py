"""Folding: which differences between two texts do not matter, and what a visitor can type at all."""

import re
import unicodedata

LONGEST_ANSWER = 64

_DASHES_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])-+(?=[0-9])")


def fold(text: str, *, digits_only: bool = False) -> str:
    """Return ``text`` without what does not matter in an answer. Folding twice changes nothing more.

    Compatibility variants (NFKC), white space, format characters (Unicode's category Cf: direction marks, zero-width
    spaces and joiners, soft hyphens, the byte order mark) and letter case do not matter, and a decimal digit of any
    script is the ASCII digit. Letters always stay.

    :param digits_only: the answer is a number: dashes between two digits do not matter either, and any dash elsewhere
        is a minus sign, so that −5 is -5 and not 5.
    """
    folded = _folded_once(text)
    # Case folding can undo NFKC, and what is removed may have stood between a letter and its accent.
    while folded != text:
        text, folded = folded, _folded_once(folded)
    if not digits_only:
        return folded
    return _DASHES_BETWEEN_DIGITS.sub("", "".join("-" if _is_dash(character) else character for character in folded))


def is_typable(text: object) -> bool:
    """Return whether ``text`` could be an answer: a str of 1 to 64 code points, and still 1 to 64 once it is folded.

    Surrogates and control characters are refused: no keyboard sends them, and some stores and encoders choke on them.
    """
    return (
        isinstance(text, str)
        and 1 <= len(text) <= LONGEST_ANSWER
        and not any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)
        and 1 <= len(fold(text)) <= LONGEST_ANSWER
    )


def _folded_once(text: str) -> str:
    return "".join(map(_folded_character, unicodedata.normalize("NFKC", text))).casefold()


def _folded_character(character: str) -> str:
    if character.isspace() or unicodedata.category(character) == "Cf":
        return ""
    # NFKC knows full-width digits, and none of those that belong to a script: Arabic, Devanagari, Thai, …
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def _is_dash(character: str) -> bool:
    """Return whether this is a dash; Unicode counts the minus sign among the mathematical symbols."""
    return character == "\N{MINUS SIGN}" or unicodedata.category(character) == "Pd"
