"""Folding: the normalisation of answers before they are compared."""

import re
import unicodedata

#: In code points.
LONGEST_ANSWER = 64

_DASHES_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])-+(?=[0-9])")


def fold(text: str, *, digits_only: bool = False) -> str:
    """Return ``text`` without the differences that do not matter in an answer. Idempotent.

    Removed are compatibility variants (NFKC), white space, format characters (Unicode's category Cf: direction marks,
    zero-width spaces and joiners, soft hyphens, the byte order mark) and letter case. A decimal digit of any script
    becomes the ASCII digit. Letters are never removed.

    :param digits_only: the answer is a number: dashes between two digits are removed too, and any other dash becomes
        an ASCII minus sign, so that −5 is -5 and not 5.
    """
    folded = _fold_once(text)
    # Repeat: case folding can undo NFKC, and a removed character may have separated a letter from its accent.
    while folded != text:
        text, folded = folded, _fold_once(folded)
    if not digits_only:
        return folded
    return _DASHES_BETWEEN_DIGITS.sub("", "".join("-" if _is_dash(character) else character for character in folded))


def is_typable(text: object) -> bool:
    """Return whether ``text`` could be an answer: a str of 1 to 64 code points, before and after folding.

    Surrogates and control characters are rejected: no keyboard sends them, and some stores and encoders fail on them.
    """
    return (
        isinstance(text, str)
        and 1 <= len(text) <= LONGEST_ANSWER
        and not any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)
        and 1 <= len(fold(text)) <= LONGEST_ANSWER
    )


def _fold_once(text: str) -> str:
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
