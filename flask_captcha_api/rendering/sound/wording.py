"""What a person says for a prompt, in each language: phrases of words, where a word is the name of a recording.

Knows nothing of sound. Digits and capital letters go by their own character, other words by their spelling.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from ...challenges.makers import MINUS

#: Words said in one breath.
Phrase: TypeAlias = tuple[str, ...]

_ROW = re.compile("[0-9A-Za-z]+")
_ARITHMETIC = re.compile(f"([0-9]{{1,6}})([+{MINUS}])([0-9]{{1,6}})")


@dataclass(frozen=True)
class Wording:
    """How one language says what a captcha can ask."""

    letters: Mapping[str, Phrase]
    #: Says a number of two digits that does not begin with 0.
    number: Callable[[str, str], Phrase]
    signs: Mapping[str, Phrase]
    #: What stands around the sum or difference and makes it a question.
    question: tuple[tuple[Phrase, ...], tuple[Phrase, ...]]


# fmt: off
_EN_TEENS = (
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)
_EN_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

#: Over a telephone's band B, D, P, T and V sound alike, and so do M and N, F and S: a word tells which.
_EN_SPELLING = (
    "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo", "lima",
    "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor", "whiskey", "x-ray",
    "yankee", "zulu",
)
#: The same; letters whose Japanese names are distinct stand alone.
_JA_SPELLING = {
    "B": "ボーイ", "D": "ドッグ", "F": "フレンド", "G": "ゴルフ", "M": "マイク", "N": "ナンシー", "P": "パパ",
    "S": "サンデー", "T": "タイガー", "V": "ビクトリー",
}
# fmt: on


def _en_number(tens: str, units: str) -> Phrase:
    return (_EN_TEENS[int(units)],) if tens == "1" else (_EN_TENS[int(tens)], *_unless_zero(units))


def _ten_by_ten(tens: str, units: str) -> Phrase:
    """Say 17 as "ten seven" and 47 as "four ten seven"."""
    return (*(() if tens == "1" else (tens,)), "十", *_unless_zero(units))


def _unless_zero(units: str) -> Phrase:
    return () if units == "0" else (units,)


_EN_LETTERS = MappingProxyType({word[0].upper(): (word[0].upper(), word) for word in _EN_SPELLING})
_JA_LETTERS = MappingProxyType(
    {letter: (letter, _JA_SPELLING[letter]) if letter in _JA_SPELLING else (letter,) for letter in _EN_LETTERS}
)

WORDINGS: Mapping[str, Wording] = MappingProxyType(
    {
        "en": Wording(_EN_LETTERS, _en_number, {"+": ("plus",), MINUS: ("minus",)}, ((("how much is",),), ())),
        # Mandarin speakers name the Latin letters in English.
        "zh": Wording(_EN_LETTERS, _ten_by_ten, {"+": ("加",), MINUS: ("減",)}, ((), (("等於多少",),))),
        "ja": Wording(_JA_LETTERS, _ten_by_ten, {"+": ("たす",), MINUS: ("ひく",)}, ((), (("はいくつですか",),))),
    }
)


def can_speak(prompt: str, language: str) -> bool:
    """Tell whether there are words for ``prompt``: a row of digits and Latin letters, or a sum or difference."""
    return language in WORDINGS and bool(_ROW.fullmatch(prompt) or _ARITHMETIC.fullmatch(prompt))


def phrases(prompt: str, language: str) -> tuple[Phrase, ...]:
    """Word ``prompt`` as phrases in the order of speech.

    :raises ValueError: where :func:`can_speak` is false. It quotes nothing of the prompt, which may be the answer.
    """
    if not can_speak(prompt, language):
        raise ValueError(
            "no words for this prompt in this language: only digits, Latin letters and sums or differences are spoken"
        )
    wording = WORDINGS[language]
    question = _ARITHMETIC.fullmatch(prompt)
    if question is None:
        return tuple(wording.letters.get(character, (character,)) for character in prompt.upper())
    first, sign, second = question.groups()
    before, after = wording.question
    return (*before, *_number(first, wording), wording.signs[sign], *_number(second, wording), *after)


def _number(figures: str, wording: Wording) -> tuple[Phrase, ...]:
    """Say a number as a person does below 100, and figure by figure above, or where it begins with 0."""
    if len(figures) == 2 and figures[0] != "0":
        return (wording.number(*figures),)
    return tuple((figure,) for figure in figures)
