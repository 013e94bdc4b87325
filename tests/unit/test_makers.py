"""Challenges: every maker's answers and their odds."""

import pytest

from flask_captcha_api.challenges.kinds import KINDS
from flask_captcha_api.challenges.makers import DIGITS, LETTERS, MINUS, Challenge


@pytest.mark.parametrize(("kind", "alphabet"), [("digits", DIGITS), ("letters", LETTERS)])
@pytest.mark.parametrize("length", [1, 5, 12])
def test_rows(kind: str, alphabet: str, length: int) -> None:
    """A row has the length asked for, every character of the alphabet occurs, and it is its own answer."""
    made = [KINDS[kind].make(length) for _ in range(600)]
    assert {len(challenge.prompt) for challenge in made} == {length}
    assert set("".join(challenge.prompt for challenge in made)) == set(alphabet)
    assert all(challenge.answer == challenge.prompt for challenge in made)


def test_letters_make_no_words_and_no_look_alikes() -> None:
    """No vowel is among the letters, and no two of them are mistaken for each other."""
    assert not set(LETTERS) & set("AEIOU")
    assert not set(LETTERS) & set("KL")
    groups = ("BPR", "CG", "DOQ", "MW", "NZ", "TY", "UVY", "IJ", "EF")
    assert all(len(set(group) & set(LETTERS)) <= 1 for group in groups)


@pytest.mark.parametrize("length", range(3, 13))
def test_arithmetic_is_right_and_never_negative(length: int) -> None:
    """The prompt has the length asked for and its value is the answer."""
    operators = set()
    for _ in range(300):
        challenge = KINDS["arithmetic"].make(length)
        operator = "+" if "+" in challenge.prompt else MINUS
        first, second = map(int, challenge.prompt.split(operator))
        assert len(challenge.prompt) == length
        assert int(challenge.answer) == (first + second if operator == "+" else first - second) >= 0
        operators.add(operator)
    assert operators == {"+", MINUS}


def test_arithmetic_is_drawn_as_the_enumeration_assumes() -> None:
    """Of many sums of default length, two thirds are additions and all operands have two digits."""
    made = [KINDS["arithmetic"].make(5).prompt for _ in range(6000)]
    additions = sum("+" in prompt for prompt in made)
    assert 3700 < additions < 4300  # eight standard deviations
    assert {len(part) for prompt in made for part in prompt.replace(MINUS, "+").split("+")} == {2}


def test_nothing_of_a_challenge_is_in_its_repr() -> None:
    """A challenge that lands in a log tells nothing."""
    assert repr(Challenge("2+2", "4")) == "Challenge()"
