"""How each language speaks prompts: the table of its words. A word is the name of a recording.

Digits and capital letters are named by their character, other words by their spelling.
"""

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from ...challenges.makers import MINUS

#: Words that are spoken without a pause.
Phrase: TypeAlias = tuple[str, ...]


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
#: The same for letters that sound alike in another language. Letters with distinct names need no word.
_SPELLINGS = {
    "ja": {
        "B": "ボーイ", "D": "ドッグ", "F": "フレンド", "G": "ゴルフ", "M": "マイク", "N": "ナンシー", "P": "パパ",
        "S": "サンデー", "T": "タイガー", "V": "ビクトリー",
    },
    "de": {
        "B": "Berta", "D": "Dora", "F": "Friedrich", "G": "Gustav", "M": "Martha", "N": "Nordpol", "P": "Paula",
        "S": "Siegfried", "T": "Theodor", "W": "Wilhelm",
    },
    "fr": {
        "B": "Berthe", "C": "Célestin", "D": "Désiré", "F": "François", "M": "Marcel", "N": "Nicolas", "P": "Pierre",
        "S": "Suzanne", "T": "Thérèse", "V": "Victor",
    },
    "es": {
        "B": "Barcelona", "C": "Carmen", "D": "Dolores", "F": "Francia", "M": "Madrid", "N": "Navarra", "P": "París",
        "S": "Sábado", "T": "Toledo", "Z": "Zaragoza",
    },
    "pt": {
        "B": "Bahia", "C": "Casa", "D": "Dado", "F": "Faca", "M": "Maria", "N": "Nove", "P": "Pato", "S": "Sapo",
        "T": "Tatu", "V": "Vaca", "Z": "Zebra",
    },
    "it": {
        "B": "Bologna", "C": "Como", "D": "Domodossola", "F": "Firenze", "G": "Genova", "M": "Milano", "N": "Napoli",
        "P": "Padova", "S": "Savona", "T": "Torino", "V": "Venezia",
    },
    "ru": {
        "B": "браво", "D": "дельта", "F": "фокстрот", "G": "гольф", "M": "майк", "N": "новембер", "P": "папа",
        "S": "сьерра", "T": "танго", "V": "вольт",
    },
    "ko": {
        "B": "브라보", "D": "델타", "F": "프렌드", "G": "골프", "M": "마이크", "N": "노벰버", "P": "파파",
        "S": "시에라", "T": "탱고", "V": "빅터",
    },
}
# fmt: on


def _en_number(tens: str, units: str) -> Phrase:
    return (_EN_TEENS[int(units)],) if tens == "1" else (_EN_TENS[int(tens)], *_unless_zero(units))


def _sino_number(tens: str, units: str) -> Phrase:
    """Return "ten seven" for 17 and "four ten seven" for 47, as Chinese and Japanese do."""
    return (*(() if tens == "1" else (tens,)), "十", *_unless_zero(units))


def _ko_number(tens: str, units: str) -> Phrase:
    return tuple("십" if word == "十" else word for word in _sino_number(tens, units))


def _digit_by_digit(tens: str, units: str) -> Phrase:
    return tens, units


def _unless_zero(units: str) -> Phrase:
    return () if units == "0" else (units,)


_EN_LETTERS = MappingProxyType({word[0].upper(): (word[0].upper(), word) for word in _EN_SPELLING})


def _letters(language: str) -> Mapping[str, Phrase]:
    """Return the name of each letter, with the word that distinguishes it if it has one."""
    words = _SPELLINGS[language]
    return MappingProxyType(
        {letter: (letter, words[letter]) if letter in words else (letter,) for letter in string.ascii_uppercase}
    )


def _european(
    language: str, *, signs: tuple[str, str], question: str, attention: str, announcements: tuple[str, str, str, str]
) -> Wording:
    """Return the wording of a language that says "how much is" before a sum, and speaks numbers digit by digit."""
    names = ("digits", "letters", "characters", "question")
    return Wording(
        _letters(language),
        _digit_by_digit,
        {sign: (word,) for sign, word in zip(("+", MINUS), signs, strict=True)},
        (((question,),), ()),
        {name: (attention, words) for name, words in zip(names, announcements, strict=True)},
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
            _letters("ja"),
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
        "de": _european(
            "de",
            signs=("plus", "minus"),
            question="Wie viel ist",
            attention="Bitte zuhören",
            announcements=("Die Ziffern sind", "Die Buchstaben sind", "Die Zeichen sind", "Die Aufgabe ist"),
        ),
        "fr": _european(
            "fr",
            signs=("plus", "moins"),
            question="Combien font",
            attention="Veuillez écouter",
            announcements=("Les chiffres sont", "Les lettres sont", "Les caractères sont", "La question est"),
        ),
        "es": _european(
            "es",
            signs=("más", "menos"),
            question="Cuánto es",
            attention="Escucha, por favor",
            announcements=("Los dígitos son", "Las letras son", "Los caracteres son", "La pregunta es"),
        ),
        "pt": _european(
            "pt",
            signs=("mais", "menos"),
            question="Quanto é",
            attention="Ouça, por favor",
            announcements=("Os dígitos são", "As letras são", "Os caracteres são", "A pergunta é"),
        ),
        "it": _european(
            "it",
            signs=("più", "meno"),
            question="Quanto fa",
            attention="Ascolta",
            announcements=("Le cifre sono", "Le lettere sono", "I caratteri sono", "La domanda è"),
        ),
        "ru": _european(
            "ru",
            signs=("плюс", "минус"),
            question="Сколько будет",
            attention="Прослушайте",
            announcements=("Вот цифры", "Вот буквы", "Вот символы", "Вот задача"),
        ),
        "ko": Wording(
            _letters("ko"),
            _ko_number,
            {"+": ("더하기",), MINUS: ("빼기",)},
            ((), (("얼마입니까",),)),
            {
                "digits": ("들어 주세요", "숫자입니다"),
                "letters": ("들어 주세요", "알파벳입니다"),
                "characters": ("들어 주세요", "문자입니다"),
                "question": ("들어 주세요", "문제입니다"),
            },
        ),
    }
)
