"""The words for a prompt in each language, as phrases."""

import re
import string

from ...challenges.makers import MINUS
from .languages import WORDINGS, Phrase, Wording

_ROW = re.compile("[0-9A-Za-z]+")
_ARITHMETIC = re.compile(f"([0-9]{{1,6}})([+{MINUS}])([0-9]{{1,6}})")


def can_speak(prompt: str, language: str) -> bool:
    """Return whether ``prompt`` can be spoken: it is a row of digits and Latin letters, or a sum or difference."""
    return language in WORDINGS and bool(_ROW.fullmatch(prompt) or _ARITHMETIC.fullmatch(prompt))


def phrases(prompt: str, language: str) -> tuple[Phrase, ...]:
    """Return the phrases for ``prompt``, in the order of speech.

    :raises ValueError: :func:`can_speak` is false. The message does not quote the prompt, which may be the answer.
    """
    if not can_speak(prompt, language):
        raise ValueError(
            f"no words for this prompt in language {language!r}: the prompt must be a row of digits and Latin letters, "
            f"or a sum or difference, and the language one of {', '.join(WORDINGS)}"
        )
    wording = WORDINGS[language]
    question = _ARITHMETIC.fullmatch(prompt)
    if question is None:
        return tuple(wording.letters.get(character, (character,)) for character in prompt.upper())
    first, sign, second = question.groups()
    before, after = wording.question
    return (*before, *_number_phrases(first, wording), wording.signs[sign], *_number_phrases(second, wording), *after)


def announcement(prompt: str, language: str) -> Phrase:
    """Return the phrase that comes before those of ``prompt``, so that a screen reader does not cover its first digit.

    It names what is spoken, which for an app's own kind need not be what the visitor has to type.
    """
    wording = WORDINGS[language]
    if _ARITHMETIC.fullmatch(prompt):
        return wording.announcements["question"]
    for name, characters in (("digits", string.digits), ("letters", string.ascii_letters)):
        if set(prompt) <= set(characters):
            return wording.announcements[name]
    return wording.announcements["characters"]


def _number_phrases(digits: str, wording: Wording) -> tuple[Phrase, ...]:
    """Return the phrases of a number: from 10 to 99 in words, otherwise digit by digit."""
    if len(digits) == 2 and digits[0] != "0":
        return (wording.number(*digits),)
    return tuple((digit,) for digit in digits)
