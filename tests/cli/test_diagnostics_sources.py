"""What the diagnostics report of the sources: their kinds, fonts and work, and what a pass costs."""

import random
import re
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
from flask import Flask
from PIL import Image

from flask_captcha_api import Challenge, Kind, SourceConfig
from flask_captcha_api.challenges.folding import Folding
from flask_captcha_api.challenges.guessing import GuessProbability
from flask_captcha_api.challenges.makers import digits
from flask_captcha_api.cli import source_checks
from flask_captcha_api.cli.formatting import format_report
from flask_captcha_api.cli.prices import SOUND_SECONDS
from flask_captcha_api.rendering import FORMS, VOICES

from ..support.diagnosed import diagnosed, diagnosed_again
from ..support.fonts import make_font

HANZI = "春夏秋冬東西南北山川日月"


def coin(length: int) -> Challenge:
    side = secrets.choice("HT")
    return Challenge(side, side)


def hanzi(length: int) -> Challenge:
    row = "".join(secrets.choice(HANZI) for _ in range(length))
    return Challenge(row, row)


def failing(length: int) -> Challenge:
    raise OSError("no list of words")


def test_a_source_tells_what_it_has_of_its_own(app: Flask) -> None:
    """What differs from the app is told by source, and that guards should name theirs where some are easier."""
    app.config.update(CAPTCHA_SOURCES={"login": {}, "sms": {"length": 6, "audio": False}})
    report = diagnosed(app)
    assert [(source.name, source.overrides, source.has_sound) for source in report.sources] == [
        ("login", "", True),
        ("sms", "length 6, audio False", False),
    ]
    assert any(note.startswith("sources differ in difficulty") for note in report.notes)


def test_odds_of_a_kind_of_ones_own_are_estimated(app: Flask, tmp_path: Path) -> None:
    """From what its maker makes: a coin is found out, and of what has many answers a bound is told."""
    fonts = [make_font(tmp_path / "hanzi.ttf", HANZI)]
    app.config.update(CAPTCHA_SOURCES={"coin": {"kind": "coin"}, "hanzi": {"kind": "hanzi", "fonts": fonts}})
    report = diagnosed(app, kinds={"coin": coin, "hanzi": hanzi})
    first, second = (source.guess for source in report.sources)
    assert first
    assert not first.is_exact
    assert first.probability == pytest.approx(0.5, abs=0.05)
    assert second == GuessProbability(1 / 500, is_exact=False, is_upper_bound=True)
    assert [text.partition(":")[0] for text in report.errors] == ["source coin"]
    assert "a blind guess passes about 1 in 2 times: a greater length does not help" in report.errors[0]


@pytest.mark.parametrize(("heard", "probability"), [(Folding(), 0.5), (Folding(digits_only=True), 1)])
def test_odds_are_of_the_form_that_folds_most(
    app: Flask, monkeypatch: pytest.MonkeyPatch, heard: Folding, probability: float
) -> None:
    """A minus sign that is told from another dash in the picture alone is no help where the sound has none."""
    dashes = Kind(lambda length: Challenge("5", secrets.choice(["-5", "\u22125"])))
    audio = replace(FORMS["audio"], folding=lambda _: heard)
    monkeypatch.setattr(source_checks, "FORMS", {**FORMS, "audio": audio})
    app.config.update(CAPTCHA_SOURCES={"dashes": {"kind": "dashes"}})
    (source,) = diagnosed(app, kinds={"dashes": dashes}).sources
    assert source.guess
    assert source.guess.probability == pytest.approx(probability, abs=0.05)


@pytest.mark.parametrize(
    "kind", [Kind(digits, best_guess=lambda length: 1 / 8**length), digits], ids=["own", "estimated"]
)
def test_a_short_length_has_its_remedy(app: Flask, kind: Any) -> None:
    """Where a greater length gives more answers, that is what helps: by the kind's own figures or by its answers."""
    app.config.update(CAPTCHA_SOURCES={"short": {"kind": "short", "length": 2}})
    (text,) = diagnosed(app, kinds={"short": kind}).errors
    assert text.endswith("times: increase the length, or use a kind with more answers")


def test_a_lifetime_that_nobody_can_meet(app: Flask) -> None:
    """A source that locks everybody out is an error, with the remedy."""
    app.config["CAPTCHA_SOURCES"] = {"login": {"ttl": 29}, "sms": {"ttl": 30}}
    assert diagnosed(app).errors == [
        "source login: captchas expire after 29 s, too soon for visitors to read or hear them and type: set ttl, or "
        "CAPTCHA_TTL for all sources, to 30 or more"
    ]


def test_a_kind_without_sound(app: Flask, tmp_path: Path) -> None:
    """The report says so by source, and notes whom it locks out unless the source is meant to have none."""
    fonts = [make_font(tmp_path / "hanzi.ttf", HANZI)]
    app.config.update(
        CAPTCHA_RATE_LIMIT="10 per hour",
        CAPTCHA_SOURCES={
            "mute": {"kind": "hanzi", "fonts": fonts},
            "quiet": {"kind": "hanzi", "fonts": fonts, "audio": False},
            "blank": {"kind": "digits", "fonts": fonts},
        },
    )
    report = diagnosed(app, kinds={"hanzi": hanzi})
    assert [source.has_sound for source in report.sources] == [False, False, True]
    assert [note.partition(", ")[0] for note in report.notes if "no sound" in note] == [
        "source mute: kind 'hanzi' has no sound"
    ]


def test_a_kind_that_draws_and_does_not_speak(app: Flask) -> None:
    """The report says that it has no sound, and the note why."""
    app.config["CAPTCHA_SOURCES"] = {"own": {"kind": "drawn"}}
    report = diagnosed(app, kinds={"drawn": Kind(digits, draw=lambda *_: Image.new("L", (80, 40)))})
    assert [source.has_sound for source in report.sources] == [False]
    (note,) = (note for note in report.notes if "no sound" in note)
    assert note == (
        "source own: kind 'drawn' has no sound, because it draws its prompts itself and has no speak=, so people "
        "who cannot see the picture cannot pass: give the Kind a speak=, or offer these visitors another way"
    )


def test_answers_that_are_longer_than_a_kind_says(app: Flask) -> None:
    """Its maker is asked; built-in kinds say what is so."""
    app.config["CAPTCHA_SOURCES"] = {name: {"kind": name} for name in ("digits", "letters", "wrong")}
    report = diagnosed(app, kinds={"wrong": Kind(digits, answer_length=lambda length: 4)})
    assert report.errors == [
        "source wrong: answer_length of kind 'wrong' is 4, and its maker made answers of 5 characters, so "
        "visitors are told a wrong number: correct answer_length, or leave it out"
    ]


def test_odds_that_a_kind_tells_itself(app: Flask) -> None:
    """Are believed, if they are a chance at all."""
    app.config.update(CAPTCHA_SOURCES={name: {"kind": name} for name in ("fair", "sure", "never")})
    kinds = {
        "fair": Kind(digits, best_guess=lambda length: 1 / 9**length),
        "sure": Kind(digits, best_guess=lambda length: 1.0),
        "never": Kind(digits, best_guess=lambda length: 0.0),
    }
    report = diagnosed(app, kinds=kinds)
    assert [source.guess for source in report.sources] == [GuessProbability(1 / 9**5), GuessProbability(1.0), None]
    assert [text.partition(",")[0] for text in report.errors] == [
        "source sure: a blind guess passes 1 in 1 times: a greater length does not help",
        "source never: no captcha could be made: ValueError: best_guess of kind 'never' returned 0.0: it must be a "
        "probability above 0 and at most 1",
    ]


def _fail(*_: object) -> Any:
    raise KeyError("tile")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (failing, "OSError: no list of words"),
        (Kind(digits, draw=_fail), "KeyError: 'tile'"),
        (Kind(digits, speak=_fail), "KeyError: 'tile'"),
        (
            lambda length: Challenge("1", ""),
            "ValueError: the maker of kind 'digits' made an answer that no visitor can",
        ),
    ],
    ids=["maker", "drawing", "sound", "answer"],
)
def test_a_kind_that_fails(app: Flask, kind: Any, text: str) -> None:
    """Each part of a kind is tried."""
    (found,) = diagnosed(app, kinds={"digits": kind}).errors
    assert found.startswith(f"any source: no captcha could be made: {text}")


@pytest.mark.parametrize(
    ("broken", "errors"), [("", []), ("th", ["any source: no captcha could be made: LookupError: no Thai"])]
)
def test_a_kinds_own_sound_is_tried_once_in_each_language(app: Flask, broken: str, errors: list[str]) -> None:
    """It may fail in a single one."""
    spoken = []

    def speak(prompt: str, language: str, rng: random.Random) -> bytes:
        spoken.append(language)
        if language == broken:
            raise LookupError("no Thai")
        return b""

    assert diagnosed(app, kinds={"digits": Kind(digits, speak=speak)}).errors == errors
    assert spoken == list(VOICES)[: list(VOICES).index("th") + 1 if broken else None]


def test_typefaces_that_lack_characters(app: Flask, tmp_path: Path) -> None:
    """The characters that a kind asks for and no font file has are counted and named; an own drawing needs none."""
    fonts = [make_font(tmp_path / "half.ttf", HANZI[:6])]
    app.config.update(
        CAPTCHA_SOURCES={
            "half": {"kind": "hanzi", "fonts": fonts},
            "none": {"kind": "hanzi"},
            "drawn": {"kind": "drawn"},
        }
    )

    def draw(prompt: str, settings: SourceConfig, rng: random.Random) -> Image.Image:
        return Image.new("L", (80, 40))

    found = diagnosed(app, kinds={"hanzi": hanzi, "drawn": Kind(hanzi, draw=draw)}).errors
    missing = "".join(sorted(HANZI[6:]))
    assert found == [
        f"source half: its fonts lack 6 of the 12 characters in 10,000 challenges ({missing}): "
        "add a font file that has them to CAPTCHA_FONTS",
        f"source none: its fonts lack 12 of the 12 characters in 10,000 challenges "
        f"({''.join(sorted(HANZI))[:10]}…): add a font file that has them to CAPTCHA_FONTS",
    ]


def test_a_file_that_is_no_typeface(app: Flask, tmp_path: Path) -> None:
    """It is found before a visitor asks for the first picture."""
    (tmp_path / "no.ttf").write_text("nothing")
    app.config.update(CAPTCHA_FONTS=[str(tmp_path / "no.ttf")])
    assert diagnosed(app).errors == ["any source: no captcha could be made: OSError: unknown file format"]


def test_the_ways_into_a_source_and_their_prices(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work besides is part of the price of picture and sound; what was not measured is no cheapest way."""
    monkeypatch.setattr(
        "flask_captcha_api.cli.prices.PICTURE_SECONDS",
        {("digits", "calm"): 3.0, ("digits", "normal"): 0.5, ("digits", "hard"): 2.0},
    )
    app.config["CAPTCHA_SOURCES"] = {
        "plain": {},
        "mute": {"audio": False},
        "hard": {"audio": False, "difficulty": "hard", "work": 1_000_000},
        "work": {"work_alone": 10_000},
        "letters": {"kind": "letters", "audio": False},
        "own": {"kind": "drawn"},
    }
    kinds = {"drawn": Kind(digits, draw=lambda *_: Image.new("L", (80, 40)), speak=lambda *_: b"RIFF")}
    ways_in = {source.name: source.ways_in for source in diagnosed(app, kinds=kinds).sources}
    assert {name: [(each.form, each.seconds) for each in found] for name, found in ways_in.items()} == {
        "plain": [("picture", 0.5), ("sound", SOUND_SECONDS)],
        "mute": [("picture", 0.5)],
        "hard": [("picture", pytest.approx(2.3))],
        "work": [("picture", 0.5), ("sound", SOUND_SECONDS), ("work", pytest.approx(0.003))],
        "letters": [("picture", None)],
        "own": [("picture", None), ("sound", None)],
    }
    shown = click.unstyle(format_report(diagnosed_again(app)))
    rows = dict(re.findall("^(plain|hard|work|letters|own) +((?:picture|sound|work|unknown) .+)$", shown, re.MULTILINE))
    assert {name: " ".join(row.split()) for name, row in rows.items()} == {
        "plain": "sound picture 0.5, sound 0.02",
        "hard": "picture picture 2.3",
        "work": "work picture 0.5, sound 0.02, work 0.003",
        "letters": "unknown picture not measured",
        "own": "unknown picture not measured, sound not measured",
    }


def test_what_squarings_mean(app: Flask) -> None:
    """Each number of squarings has a row of 80 columns at most, the last cell but two as this machine takes it."""
    app.config["CAPTCHA_SOURCES"] = {"a": {"work_alone": 200_000}, "b": {"work": 3_000_000}, "c": {"work": 200_000}}
    report = diagnosed(app)
    assert report.seconds_per_squaring is not None
    assert 1e-8 < report.seconds_per_squaring < 1e-3
    report.seconds_per_squaring = 4e-6
    lines = click.unstyle(format_report(report)).splitlines()
    head = lines.index("squarings  old phone  phone  laptop  native  here   1,000 on CPU  on GPU")
    assert lines[head + 1 : head + 3] == [
        "200,000    10 s       2.0 s  0.4 s   0.06 s  0.8 s  0.07 ¢        0.0004 ¢",
        "3,000,000  150 s      30 s   6.0 s   0.9 s   12 s   1.0 ¢         0.006 ¢",
    ]
    assert not lines[head + 3]


def test_no_work_is_timed_where_there_is_none(app: Flask) -> None:
    """The table is left out."""
    report = diagnosed(app)
    assert report.seconds_per_squaring is None
    assert "squarings" not in format_report(report)


def test_work_that_needs_javascript_is_noted(app: Flask) -> None:
    """Of the sources whose pictures come with work."""
    app.config["CAPTCHA_SOURCES"] = {"a": {"work": 1_000}, "b": {"work_alone": 1_000}}
    assert [note for note in diagnosed(app).notes if "JavaScript" in note] == [
        "source a: work needs JavaScript: without it, a page that renders the widget shows a sentence instead of a "
        "captcha; set work_alone in place of work if these visitors have to get through"
    ]
