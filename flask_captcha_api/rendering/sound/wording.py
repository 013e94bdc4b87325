"""The words for a prompt in each language, as phrases. A word is the name of a recording.

Digits and capital letters are named by their character, other words by their spelling.
"""

import re
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from ...challenges.makers import MINUS

#: Words that are spoken without a pause.
Phrase: TypeAlias = tuple[str, ...]

_ROW = re.compile("[0-9A-Za-z]+")
_ARITHMETIC = re.compile(f"([0-9]{{1,6}})([+{MINUS}])([0-9]{{1,6}})")


@dataclass(frozen=True)
class Wording:
    """How a language speaks prompts.

    :ivar letters: the phrase for each capital letter.
    :ivar number: returns the phrase for a number of two digits that does not begin with 0.
    :ivar signs: the phrase for each operator.
    :ivar question: the phrases before and after a sum or difference.
    :ivar announcements: the phrase that says what follows: ``digits``, ``letters``, ``characters`` or a ``question``.
    """

    letters: Mapping[str, Phrase]
    number: Callable[[str, str], Phrase]
    signs: Mapping[str, Phrase]
    question: tuple[tuple[Phrase, ...], tuple[Phrase, ...]]
    announcements: Mapping[str, Phrase]


# fmt: off
_EN_TEENS = (
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
_EN_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

#: At 8 kHz B, D, P, T and V sound alike, and so do M and N, and F and S: a word distinguishes them.
_EN_SPELLING = (
    "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo", "lima",
    "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor", "whiskey", "x-ray",
    "yankee", "zulu",
)
#: The same for Japanese. Letters with distinct names need no word.
_JA_SPELLING = {
    "B": "ボーイ", "D": "ドッグ", "F": "フレンド", "G": "ゴルフ", "M": "マイク", "N": "ナンシー", "P": "パパ",
    "S": "サンデー", "T": "タイガー", "V": "ビクトリー",
}
# fmt: on


def _en_number(tens: str, units: str) -> Phrase:
    return (_EN_TEENS[int(units)],) if tens == "1" else (_EN_TENS[int(tens)], *_unless_zero(units))


def _sino_number(tens: str, units: str) -> Phrase:
    """Return "ten seven" for 17 and "four ten seven" for 47, as Chinese and Japanese do."""
    return (*(() if tens == "1" else (tens,)), "十", *_unless_zero(units))


def _unless_zero(units: str) -> Phrase:
    return () if units == "0" else (units,)


_EN_LETTERS = MappingProxyType({word[0].upper(): (word[0].upper(), word) for word in _EN_SPELLING})
_JA_LETTERS = MappingProxyType(
    {letter: (letter, _JA_SPELLING[letter]) if letter in _JA_SPELLING else (letter,) for letter in _EN_LETTERS}
)

WORDINGS: Mapping[str, Wording] = MappingProxyType(
    {
        "en": Wording(
            _EN_LETTERS,
            _en_number,
            {"+": ("plus",), MINUS: ("minus",)},
            ((("how much is",),), ()),
            {
                "digits": ("please listen", "the digits are"),
                "letters": ("please listen", "the letters are"),
                "characters": ("please listen", "the characters are"),
                "question": ("please listen", "the question is"),
            },
        ),
        "zh": Wording(
            _EN_LETTERS,  # Mandarin speakers name the Latin letters in English
            _sino_number,
            {"+": ("加",), MINUS: ("減",)},
            ((), (("等於多少",),)),
            {
                "digits": ("請聽", "數字是"),
                "letters": ("請聽", "字母是"),
                "characters": ("請聽", "內容是"),
                "question": ("請聽", "題目是"),
            },
        ),
        "ja": Wording(
            _JA_LETTERS,
            _sino_number,
            {"+": ("たす",), MINUS: ("ひく",)},
            ((), (("はいくつですか",),)),
            {
                "digits": ("聞いてください", "数字は"),
                "letters": ("聞いてください", "文字は"),
                "characters": ("聞いてください", "文字は"),
                "question": ("聞いてください", "問題は"),
            },
        ),
    }
)


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
    """Return the phrase that comes before those of ``prompt``, so that nothing else is heard over its first digit.

    It says what is spoken, which of a kind of the app's own need not be what the visitor has to type.
    """
    wording = WORDINGS[language]
    if _ARITHMETIC.fullmatch(prompt):
        return wording.announcements["question"]
    for name, characters in (("digits", string.digits), ("letters", string.ascii_letters)):
        if set(prompt) <= set(characters):
            return wording.announcements[name]
    return wording.announcements["characters"]


def _number_phrases(digits: str, wording: Wording) -> tuple[Phrase, ...]:
    """Return a number in words from 10 to 99; digit by digit otherwise, or if it begins with 0."""
    if len(digits) == 2 and digits[0] != "0":
        return (wording.number(*digits),)
    return tuple((digit,) for digit in digits)
