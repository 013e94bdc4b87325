"""Kinds of an app's own: registered by name, they work wherever the package's do."""

import base64
import random
import re
import secrets
from dataclasses import replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from PIL import Image, ImageStat

from flask_captcha_api import (
    KINDS,
    CaptchaApi,
    Challenge,
    Kind,
    Maker,
    Outcome,
    SourceConfig,
    speak_prompt,
    verify_captcha,
)
from flask_captcha_api.challenges.folding import EXACT, RULES, Folding
from flask_captcha_api.challenges.makers import digits
from flask_captcha_api.challenges.sources import Source
from flask_captcha_api.testing import answers
from flask_captcha_api.widget import captcha_field

from ..support.fonts import make_font

HANZI = "春夏秋冬東西南北山川日月"
WAV = b"RIFF, as if"


def hanzi(length: int) -> Challenge:
    row = "".join(secrets.choice(HANZI) for _ in range(length))
    return Challenge(row, row)


def picture_of(client: FlaskClient, source: str = "login") -> tuple[str, Image.Image]:
    """Get a captcha, and return its uuid and what is decoded of its picture."""
    response = client.get(f"/captcha/{source}")
    assert response.status_code == 200, response.text
    got = response.get_json()["response"]
    return got["uuid"], Image.open(BytesIO(base64.b64decode(got["image"])))


@pytest.fixture
def font(tmp_path: Path) -> str:
    return make_font(tmp_path / "hanzi.ttf", HANZI)


@pytest.fixture
def client(app: Flask, font: str) -> FlaskClient:
    """Set an app up whose source ``login`` asks for four ideographs, in a typeface that has nothing else."""
    app.config["CAPTCHA_SOURCES"] = {"login": {"kind": "hanzi", "length": 4, "fonts": [font]}}
    CaptchaApi(app, kinds={"hanzi": hanzi})

    @app.post("/guarded")
    @verify_captcha("uuid", "code", source="login")
    def guarded() -> str:
        return "passed"

    return app.test_client()


def test_the_route_and_the_guard(client: FlaskClient) -> None:
    """The picture is drawn from the app's typeface, the headers name the kind, and the guard takes the answer."""
    response = client.get("/captcha/login")
    about = [response.headers.get(f"Captcha-{name}") for name in ("Kind", "Length", "Audio")]
    assert about == ["hanzi", None, "no"]  # of a maker alone nobody knows how long its answers are
    with answers(client.application, "春夏秋冬"):
        uuid, picture = picture_of(client)
    assert (picture.format, picture.size) == ("JPEG", (166, 90))
    assert ImageStat.Stat(picture.convert("L")).stddev[0] > 20
    assert client.post("/guarded", json={"uuid": uuid, "code": "春夏 秋冬"}).text == "passed"


def test_what_is_made_is_what_passes(app: Flask, font: str) -> None:
    """The maker is asked for the source's length, and its own answer solves the captcha."""
    made: list[Challenge] = []

    def make(length: int) -> Challenge:
        made.append(hanzi(length))
        return made[-1]

    app.config.update(CAPTCHA_KIND="hanzi", CAPTCHA_LENGTH=3, CAPTCHA_FONTS=[font])
    captcha = CaptchaApi(app, kinds={"hanzi": make})
    with app.app_context():
        uuid = captcha.issue("web").uuid
        assert len(made[0].prompt) == 3
        assert captcha.verify(uuid, made[0].answer) is Outcome.PASSED


@pytest.mark.parametrize(
    ("digits_only", "passing"), [(False, ["\N{MINUS SIGN}5"]), (True, ["\N{MINUS SIGN}5", "-5", "–٥", "- 5"])]
)
def test_a_kind_of_numbers(app: Flask, digits_only: bool, passing: list[str]) -> None:
    """Where answers are numbers any dash is the minus sign, which never gets lost; elsewhere a dash is itself."""
    kind = Kind(lambda length: Challenge("3-8", "\N{MINUS SIGN}5"), digits_only=digits_only)
    captcha = CaptchaApi(app, kinds={"digits": kind})
    typed = ["\N{MINUS SIGN}5", "-5", "–٥", "- 5", "5", "٥", "5-"]
    with app.app_context():
        outcomes = {text: captcha.verify(captcha.issue("web").uuid, text) for text in typed}
    assert [text for text, outcome in outcomes.items() if outcome] == passing


def test_what_cannot_be_spoken_offers_no_sound(client: FlaskClient) -> None:
    """The route for the sound is 01004, the field has no button for it and no word of it, and Python is told."""
    assert client.get("/captcha/login/audio").get_json()["code"] == "01004"
    with client.application.test_request_context():
        field = render_template_string("{{ captcha_field('login', lang='en') }}")
        assert not CaptchaApi().issue("login").has_sound
    assert " nosound" in field
    assert "Listen" not in field


def test_the_field_says_what_is_asked(client: FlaskClient) -> None:
    """In the page's words, without JavaScript and, by the attributes, with it; without them in general words."""
    with client.application.test_request_context():
        plain = render_template_string("{{ captcha_field('login', lang='en') }}")
        told = render_template_string(
            "{{ captcha_field('login', lang='en', asks='Chinese \"characters\"', inputmode='search') }}"
        )
    assert 'alt="Captcha: type the characters in this picture."' in plain
    assert "asks=" not in plain
    assert 'inputmode="text"' in plain
    assert "<label" in told
    assert "Chinese &#34;characters&#34; in the picture</label>" in told
    assert re.search(r'<captcha-field [^>]*asks="Chinese &#34;characters&#34;" inputmode="search"', told)
    assert told.count('inputmode="search"') == 2


@pytest.mark.parametrize("file_format", ["jpeg", "png", "webp"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "YCbCr"])
def test_a_drawing_of_ones_own(app: Flask, file_format: str, mode: str) -> None:
    """A kind may draw its prompts itself, of any size; the source's format holds, and the package's maker will do."""
    seen: list[tuple[str, SourceConfig]] = []

    def draw(prompt: str, settings: SourceConfig, rng: random.Random) -> Image.Image:
        seen.append((prompt, settings))
        return Image.new("RGB", (settings.width, 40), "white").convert(mode)

    app.config.update(CAPTCHA_FORMAT=file_format, CAPTCHA_WIDTH=200)
    CaptchaApi(app, kinds={"digits": Kind(digits, draw=draw)})
    client = app.test_client()
    with answers(app, "lower case", prompt="any text at all"):
        uuid, picture = picture_of(client, "web")
    assert (picture.format, picture.size) == (file_format.upper(), (200, 40))
    assert ImageStat.Stat(picture.convert("L")).mean[0] > 250
    assert [(prompt, settings.format) for prompt, settings in seen] == [("any text at all", file_format)]
    assert client.post("/captcha/web", json={"uuid": uuid, "code": "LOWERCASE"}).status_code == 200


def test_a_sound_of_ones_own(app: Flask) -> None:
    """A kind may speak its prompts itself, in the visitor's language, and has a sound then; a source may still not."""
    asked: list[tuple[str, str]] = []

    def speak(prompt: str, language: str, rng: random.Random) -> bytes:
        asked.append((prompt, language))
        return WAV

    def draw(prompt: str, settings: SourceConfig, rng: random.Random) -> Image.Image:
        return Image.new("L", (80, 40))

    app.config["CAPTCHA_SOURCES"] = {"loud": {"kind": "hanzi"}, "quiet": {"kind": "hanzi", "audio": False}}
    captcha = CaptchaApi(app, kinds={"hanzi": Kind(hanzi, draw=draw, speak=speak)})
    client = app.test_client()
    with answers(app, "春夏"):
        response = client.get("/captcha/loud/audio?lang=ja")
    assert response.headers["Captcha-Media-Type"] == "audio/wav"
    assert base64.b64decode(response.get_json()["response"]["audio"]) == WAV
    assert asked == [("春夏", "ja")]
    assert client.get("/captcha/quiet/audio").status_code == 404
    with app.app_context():
        assert [captcha.issue(source).has_sound for source in ("loud", "quiet")] == [True, False]


def blank(prompt: str, settings: SourceConfig, rng: random.Random) -> Image.Image:
    return Image.new("L", (80, 40))


def test_what_draws_itself_is_not_spoken_unasked(app: Flask) -> None:
    """What a picture shows may be encoded in its prompt, and spelling that out would help nobody, or too many."""
    app.config["CAPTCHA_SOURCES"] = {
        "mute": {"kind": "clock"}, "loud": {"kind": "stencil"}, "web": {},
    }  # fmt: skip
    stencil = replace(KINDS["digits"], draw=blank, speak=speak_prompt)
    CaptchaApi(app, kinds={"clock": Kind(digits, draw=blank), "stencil": stencil})
    client = app.test_client()
    assert client.get("/captcha/mute/audio").get_json()["code"] == "01004"
    assert client.get("/captcha/mute").headers["Captcha-Audio"] == "no"
    assert client.get("/captcha/loud").headers["Captcha-Audio"] == "yes"
    sound = client.get("/captcha/loud/audio?lang=ja").get_json()["response"]["audio"]
    assert base64.b64decode(sound).startswith(b"RIFF")
    with app.test_request_context("/?uuid=audio"):
        assert "<img" in captcha_field("mute")
        assert "nosound" in captcha_field("mute")
        assert "<audio" in captcha_field("loud")


def test_the_package_does_not_speak_everything() -> None:
    with pytest.raises(ValueError, match="no words for this prompt in language 'en'"):
        speak_prompt("12:30", "en", random.Random(1))


@pytest.mark.parametrize(
    ("answer_length", "told"), [(None, None), (lambda length: 4, "4"), (lambda length: length + 1, "6")]
)
def test_a_kind_says_how_long_its_answers_are(app: Flask, answer_length: Any, told: str | None) -> None:
    """By its length or not; without it clients are told nothing."""
    CaptchaApi(app, kinds={"digits": Kind(digits, answer_length=answer_length)})
    assert app.test_client().get("/captcha/web").headers.get("Captcha-Length") == told
    with app.test_request_context():
        assert (f' data-length="{told}"' in captcha_field("web")) is (told is not None)


@pytest.mark.parametrize(
    ("answer", "kind", "told"), [("407-18", "digits", "6"), ("ab c", "letters", "3"), ("7", "arithmetic", None)]
)
def test_a_known_answer_has_its_own_length(app: Flask, answer: str, kind: str, told: str | None) -> None:
    """A test that solves its captchas by a short answer is not told that it is too short."""
    app.config["CAPTCHA_KIND"] = kind
    CaptchaApi(app)
    with answers(app, answer, prompt="7"):
        assert app.test_client().get("/captcha/web").headers.get("Captcha-Length") == told


@pytest.mark.parametrize("number", [0, 65, -1, 4.0, True, "4"], ids=repr)
def test_no_answer_is_that_long(app: Flask, number: Any) -> None:
    """It is refused at the start, for every source's length."""
    app.config["CAPTCHA_SOURCES"] = {"web": {}, "sms": {"length": 6}}
    kind = Kind(digits, answer_length=lambda length: 5 if length == 5 else number)
    message = f"answer_length of kind 'digits' returned {number!r} for length 6: it must be a whole number from 1 to 64"
    with pytest.raises(ValueError, match=message):
        CaptchaApi(app, kinds={"digits": kind})


def test_the_rng_is_the_drawings_only_randomness(app: Flask) -> None:
    """A drawing gets a generator of its own, seeded anew each time."""
    drawn: list[float] = []

    def draw(prompt: str, settings: SourceConfig, rng: random.Random) -> Image.Image:
        drawn.append(rng.random())
        return Image.new("L", (80, 40))

    captcha = CaptchaApi(app, kinds={"digits": Kind(digits, draw=draw)})
    with app.app_context():
        for _ in range(5):
            captcha.issue("web")
    assert len(set(drawn)) == 5


def test_a_drawing_that_fails_is_told_in_the_envelope(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """The visitor is answered 01007, and the log says why."""

    def draw(prompt: str, settings: SourceConfig, rng: random.Random) -> Image.Image:
        raise OSError("the board is not there")

    CaptchaApi(app, kinds={"digits": Kind(digits, draw=draw)})
    assert app.test_client().get("/captcha/web").get_json()["code"] == "01007"
    assert "the board is not there" in caplog.text


@pytest.mark.parametrize("name", ["漢字", "", "two words", "x" * 33, "line\nbreak", "a:b"])
def test_names_that_no_header_could_carry(app: Flask, name: str) -> None:
    """They are refused at the start: a kind's name goes into a header."""
    with pytest.raises(ValueError, match=r"kinds= has the name .*: it must be 1 to 32 of A-Z a-z 0-9 _ -"):
        CaptchaApi(app, kinds={name: hanzi})


async def waiting(*what: Any) -> Any:
    raise AssertionError("never awaited")


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        (waiting, "make"),
        (partial(waiting), "make"),
        (Kind(waiting), "make"),  # type: ignore[arg-type]  # which is the mistake
        (Kind(hanzi, draw=waiting), "draw"),  # type: ignore[arg-type]
        (Kind(hanzi, speak=waiting), "speak"),  # type: ignore[arg-type]
        (Kind(hanzi, best_guess=waiting), "best_guess"),  # type: ignore[arg-type]
    ],
    ids=["maker", "partial", "make", "draw", "speak", "best_guess"],
)
def test_async_functions_are_refused(app: Flask, kind: Any, role: str) -> None:
    """At the start: nobody would await them, and every captcha would fail."""
    with pytest.raises(TypeError, match=f"kinds= has an async function as {role} of 'hanzi'.* use a plain def"):
        CaptchaApi(app, kinds={"hanzi": kind})


@pytest.mark.parametrize("kind", ["hanzi", Challenge("1", "1"), None])
def test_what_is_no_kind(app: Flask, kind: Any) -> None:
    """Neither a maker nor a Kind is refused at the start."""
    with pytest.raises(TypeError, match="it must be a function that makes a Challenge, or a Kind"):
        CaptchaApi(app, kinds={"own": kind})


def test_lengths_are_the_kinds(app: Flask) -> None:
    """A kind may need a length, or be weak below one; what replaces a kind of the package has its own say in both."""
    app.config["CAPTCHA_SOURCES"] = {"web": {"kind": "pairs", "length": 4}, "sum": {"kind": "arithmetic", "length": 1}}
    kinds: dict[str, Maker | Kind] = {"pairs": Kind(hanzi, shortest=6, advisable=8), "arithmetic": hanzi}
    with pytest.raises(ValueError, match=r"length is 4: it must be at least 6 for pairs$"):
        CaptchaApi(app, kinds=kinds)
    app.config["CAPTCHA_SOURCES"]["web"]["length"] = 6
    with pytest.warns(UserWarning, match=r"length is 6: it should be at least 8") as warned:
        CaptchaApi(app, kinds=kinds)
    assert len(warned) == 1


def test_each_instance_has_its_own_kinds(font: str) -> None:
    """Kinds given to the constructor hold for all of its apps, those given to init_app for one."""
    captcha = CaptchaApi(kinds={"one": hanzi})
    for more, kinds in (({"two": hanzi}, {"one", "two"}), ({}, {"one"})):
        app = Flask("app")
        app.config["SECRET_KEY"] = "s"
        captcha.init_app(app, kinds=more)
        assert set(app.extensions["captcha_api"].sources.kinds) == kinds | {"digits", "letters", "arithmetic"}


@pytest.mark.parametrize("folding", [Folding(), EXACT, *(Folding(**{name: True}) for name in RULES)], ids=str)
def test_letter_case_is_said_not_to_matter_where_it_does_not(folding: Folding) -> None:
    """Of a kind that has it, by the rules of the captcha, and of no other kind."""
    hints = [Source("web", SourceConfig(kind=name), KINDS[name]).hints(folding) for name in ("letters", "digits")]
    assert ["case" in each for each in hints] == [folding.fold("A") == folding.fold("a"), False]
