"""Folding: what does not count in an answer, and what can be an answer at all."""

import unicodedata
from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flask_captcha_api.challenges.folding import DIFFERENCES, EXACT, Difference, Folding, is_typable
from flask_captcha_api.challenges.makers import DIGITS, LETTERS, MINUS, operand_ranges

#: Every decimal digit zero that Unicode knows: ASCII, full-width, Arabic, Persian, Devanagari, Thai and dozens more.
ZEROS = [chr(code) for code in range(0x110000) if unicodedata.decimal(chr(code), None) == 0]
FORMAT_CHARACTERS = "\u200f\u200e\u200b\u200c\u200d\u2060\ufeff\u00ad\u061c\u2066\u2069\U000e0020"
DASHES = "-‐‑‒–—―−﹣－⁻₋"


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("BDF", "bdf"),
        (" b d\u3000f ", "bdf"),
        ("４０７", "407"),
        ("ＢＤＦ", "bdf"),
        ("straße", "strasse"),
        ("\u00a07", "7"),
        ("٤٠٧١٨", "40718"),
        ("۴۰۷۱۸", "40718"),
        ("४०७१८", "40718"),
        ("๔๐๗๑๘", "40718"),
        ("𝟜𝟘𝟟", "407"),
        ("④⁰₇", "407"),
    ],
)
def test_what_does_not_count(text: str, folded: str) -> None:
    """Letter case, white space, compatibility variants and the script of a digit do not count."""
    assert Folding().fold(text) == Folding(digits_only=True).fold(text) == folded


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda each: each.name)
def test_the_documented_differences(difference: Difference) -> None:
    """The documentation's examples pass as it says, and where a difference counts they do not."""
    assert difference.typed != difference.answer
    ignored_by, counts_in = difference.ignored_by, difference.counts_in
    assert ignored_by.fold(difference.typed) == ignored_by.fold(difference.answer)
    assert counts_in is None or counts_in.fold(difference.typed) != counts_in.fold(difference.answer)
    assert EXACT.fold(difference.typed) != EXACT.fold(difference.answer)


def test_digits_of_every_script() -> None:
    """Whatever keyboard the digits come from, and there are more than fifty, they are the ASCII ones."""
    assert len(ZEROS) > 50
    for zero in ZEROS:
        assert Folding().fold("".join(chr(ord(zero) + digit) for digit in (4, 0, 7, 1, 8))) == "40718", ascii(zero)


@pytest.mark.parametrize("character", FORMAT_CHARACTERS, ids=ascii)
@pytest.mark.parametrize("answer", ["40718", "cfhj", "春夏"])
def test_format_characters(character: str, answer: str) -> None:
    """Direction marks, zero-width characters, byte order marks and soft hyphens do not count, wherever they stand."""
    assert Folding().fold(character.join(["", *answer, ""])) == answer


@pytest.mark.parametrize("dash", DASHES, ids=ascii)
def test_dashes_in_numbers(dash: str) -> None:
    """Between two digits a dash is punctuation; before a number it is the sign, whichever dash it is."""
    assert Folding(digits_only=True).fold(f"407{dash}18") == "40718"
    assert Folding(digits_only=True).fold(f"4 {dash}{dash} ٠") == "40"
    assert Folding(digits_only=True).fold(f"{dash}5") == "-5"
    assert Folding(digits_only=True).fold(f"1{dash}x") == "1-x"
    assert Folding(digits_only=True).fold(f"5{dash}") == "5-"


@pytest.mark.parametrize("text", ["407-18", "well-known", "a–b", "−5"])
def test_dashes_elsewhere(text: str) -> None:
    """Where answers are no numbers every dash counts."""
    assert Folding().fold(text) == text


@pytest.mark.parametrize("text", ["4o7", "l07", "4x7", "40７ー18", "四零七", "4.07", "4,07", "+47", "4e7"])
def test_nothing_else_is_removed(text: str) -> None:
    """Letters, signs and points always stay, in numbers too."""
    assert Folding(digits_only=True).fold(text) == text.replace("７", "7")


@settings(deadline=None, database=None, max_examples=1000)
@given(st.text(max_size=64), st.booleans())
@example("ǰ\u0345", False)
@example("a\u200d\u0301", False)
@example("1-\u200b-2", True)
@example("\u00a8\u0301", False)
@example("٤−−٤-", True)
def test_folding_twice_changes_nothing(text: str, digits_only: bool) -> None:
    """What is folded stays as it is, so text and answer meet however often each was folded."""
    folded = Folding(digits_only=digits_only).fold(text)
    assert Folding(digits_only=digits_only).fold(folded) == folded
    assert Folding(digits_only=digits_only).fold(Folding().fold(text)) == folded


@pytest.mark.slow
def test_every_character_alone() -> None:
    """No character is folded without end, and none into one that would be folded once more."""
    for code in range(0x110000):
        folded = Folding().fold(chr(code))
        assert folded == chr(code) or Folding().fold(folded) == folded, hex(code)


@pytest.mark.parametrize(("alphabet", "digits_only"), [(DIGITS, True), (LETTERS, False)])
def test_different_rows_stay_different(alphabet: str, digits_only: bool) -> None:
    """No two rows of the package's kinds are folded into one: character for character they keep apart."""
    rows = ["".join(row) for length in (1, 2, 3) for row in product(alphabet, repeat=length)]
    assert len({Folding(digits_only=digits_only).fold(row) for row in rows}) == len(rows)


@pytest.mark.parametrize("length", [3, 4, 5])
def test_a_sum_is_not_solved_by_typing_it(length: int) -> None:
    """The results of sums are kept apart, and a difference typed as it stands is not its result by way of the dash."""
    first, second = operand_ranges(length)
    results = {str(result) for one, other in product(first, second) for result in (one + other, abs(one - other))}
    assert {Folding(digits_only=True).fold(result) for result in results} == results
    for one, other in product(first, second):
        high, low = max(one, other), min(one, other)
        assert Folding(digits_only=True).fold(f"{high}{MINUS}{low}") != str(high - low)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "\u3000\u00a0", "x" * 65, "\ufdfa" * 5),
        *("4\x007", "4\n", "\t4", "4\x7f", "\ud800"),
        *("\u200b", "\ufeff \u00ad", "\u200f" * 64),
        *(40718, None, ["4"], {}, b"4"),
    ],
    ids=ascii,
)
def test_what_nobody_can_type(text: object) -> None:
    """Blank, too long (also only after folding), control characters, surrogates, and what is no text."""
    assert not is_typable(text)


@pytest.mark.parametrize(
    "text", ["4", "x" * 64, " 4 ", "驗證碼", "４０７１８", "٤٠٧١٨", "\u200f4", "-", "x" + "\u200b" * 63]
)
def test_what_somebody_can_type(text: str) -> None:
    """Anything else of 1 to 64 characters."""
    assert is_typable(text)
