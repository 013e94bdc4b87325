"""The command line, as ``flask captcha …`` runs it."""

import re
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result
from flask import Blueprint, Flask
from PIL import Image

from flask_captcha_api import CaptchaApi, Challenge, Kind, SourceConfig
from flask_captcha_api.challenges.makers import digits

from ..support.paths import ROOT


def run(app: Flask, *arguments: Any) -> Result:
    return app.test_cli_runner().invoke(args=["captcha", *map(str, arguments)])


def test_check_of_a_good_app(app: Flask) -> None:
    """Facts, settings, sources and findings stand in columns, and the exit status is 0."""
    app.config.update(CAPTCHA_SOURCES={"login": {}, "sum": {"kind": "arithmetic"}}, CAPTCHA_TTL=120)
    CaptchaApi(app)
    result = run(app, "check")
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].startswith("cache        PrivateSimpleCache, scope: one process")
    assert "CAPTCHA_TTL                 120           default: 300" in lines
    assert "CAPTCHA_LENGTH              5" in lines
    assert "source  kind        length  picture              sound  JWT       blind guess" in lines
    assert "login   digits      5       166 × 90 jpeg, auto  yes    optional  1 in 16,807" in lines
    assert "sum     arithmetic  5       166 × 90 jpeg, auto  yes    optional  1 in 135" in lines
    assert "sum     kind arithmetic" in lines
    assert lines[-1] == "No errors."
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize(("length", "verdict"), [(1, "2 errors."), (4, "1 error.")])
@pytest.mark.filterwarnings("ignore:CAPTCHA_LENGTH is 1")
def test_check_of_a_bad_app(app: Flask, length: int, verdict: str) -> None:
    """What is wrong stands before what is to be considered, and the exit status is 1."""
    app.config.update(CAPTCHA_LENGTH=length, SECRET_KEY="a secret of the tests" if length == 1 else "short")
    CaptchaApi(app)
    result = run(app, "check")
    assert result.exit_code == 1
    assert re.findall(r"^(error|note) ", result.output, re.MULTILINE) == ["error"] * (3 - min(length, 2)) + ["note"]
    assert result.output.splitlines()[-1] == verdict


def test_check_says_which_odds_are_estimated(app: Flask) -> None:
    """What was computed and what was sampled are told apart."""
    CaptchaApi(app, kinds={"digits": lambda length: Challenge("1", "1")})
    assert "about 1 in 1 (estimated)" in run(app, "check").output


def test_check_colours_only_a_terminal(app: Flask) -> None:
    """A log gets no escape codes."""
    CaptchaApi(app)
    assert "\x1b" not in run(app, "check").output
    assert "\x1b" in app.test_cli_runner().invoke(args=["captcha", "check"], color=True).output


def test_sheet(app: Flask, tmp_path: Path) -> None:
    """A page of numbered pictures and a sound beside it, in a folder that need not be there; no cache is touched."""
    app.config.update(CACHE_TYPE="RedisCache", CACHE_REDIS_HOST="127.0.0.1", CACHE_REDIS_PORT=1)
    CaptchaApi(app)
    result = run(app, "sheet", "--count", 6, "--out", tmp_path / "new" / "look.png")
    assert result.exit_code == 0
    with Image.open(tmp_path / "new" / "look.png") as page:
        assert (page.format, page.size) == ("PNG", (4 * 342, 2 * 202))
    with wave.open(str(tmp_path / "new" / "look.wav")) as sound:
        assert sound.getnframes() / sound.getframerate() > 2


def test_sheet_of_a_source(app: Flask, tmp_path: Path) -> None:
    """The source named, else the first; its size, and no sound where it has none."""
    app.config.update(CAPTCHA_SOURCES={"login": {"width": 320}, "sms": {"width": 100, "audio": False}})
    CaptchaApi(app)
    for options, width, has_sound in (((), 330, True), (("--source", "sms"), 210, False)):
        out = tmp_path / str(width)
        result = run(app, "sheet", "--count", 1, "--out", out, *options)
        assert result.exit_code == 0
        with Image.open(out.with_suffix(".png")) as page:
            assert page.width == width
        assert out.with_suffix(".wav").exists() is has_sound
    assert result.output.endswith("source sms has no sound\n")


@pytest.mark.parametrize(
    ("of_source", "options", "drawn"),
    [
        ("auto", (), "calm"),
        ("auto", ("--difficulty", "hard"), "hard"),
        ("normal", (), "normal"),
        ("normal", ("--difficulty", "calm"), "calm"),
    ],
)
def test_sheet_of_a_difficulty(
    app: Flask, tmp_path: Path, of_source: str, options: tuple[str, ...], drawn: str
) -> None:
    """The one asked for, else the source's: for ``auto`` what visitors see first. It says which."""
    seen: list[str] = []

    def draw(prompt: str, settings: SourceConfig, rng: Any) -> Image.Image:
        seen.append(settings.difficulty)
        return Image.new("RGB", (settings.width, settings.height))

    app.config.update(CAPTCHA_DIFFICULTY=of_source, CAPTCHA_AUDIO=False)
    CaptchaApi(app, kinds={"digits": Kind(digits, draw=draw)})
    result = run(app, "sheet", "--count", 2, "--out", tmp_path / "a.png", *options)
    assert seen == [drawn] * 2
    assert f": 2 of source any, {drawn}\n" in result.output


def test_sheet_speaks_the_language_asked_for(app: Flask, tmp_path: Path) -> None:
    """``--lang`` wins, then CAPTCHA_AUDIO_LANGUAGE, then CAPTCHA_LANGUAGE."""
    spoken: list[str] = []

    def speak(prompt: str, language: str, rng: Any) -> bytes:
        spoken.append(language)
        return b""

    for settings, options in (
        ({}, ("--lang", "ja")),
        ({"CAPTCHA_AUDIO_LANGUAGE": "en"}, ()),
        ({"CAPTCHA_LANGUAGE": "zh-Hans"}, ()),
        ({"CAPTCHA_LANGUAGE": "auto"}, ()),
    ):
        app = Flask("app")
        app.config.update(settings, SECRET_KEY="s")
        CaptchaApi(app, kinds={"digits": Kind(digits, speak=speak)})
        run(app, "sheet", "--count", 1, "--out", tmp_path / "a.png", *options)
    assert spoken == ["ja", "en", "zh-Hans", "zh-Hant"]


@pytest.mark.parametrize(
    ("sources", "name", "text"),
    [
        ({"login": {}, "sms": {}}, "web", "there is no source 'web': CAPTCHA_SOURCES has login, sms"),
        (None, "no name", "there is no source 'no name': a name must be 1 to 32 of A-Z a-z 0-9 _ - and not 'static'"),
    ],
)
def test_sheet_of_no_source(app: Flask, tmp_path: Path, sources: Any, name: str, text: str) -> None:
    """An unknown name is told with those there are."""
    app.config.update(CAPTCHA_SOURCES=sources)
    CaptchaApi(app)
    result = run(app, "sheet", "--source", name, "--out", tmp_path / "a.png")
    assert result.exit_code == 2
    assert text in " ".join(result.output.split())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("count", [0, 101, "many"])
def test_sheet_of_too_many(app: Flask, count: Any) -> None:
    """A page has 1 to 100 pictures."""
    CaptchaApi(app)
    assert run(app, "sheet", "--count", count).exit_code == 2


@pytest.mark.parametrize("mounts", [0, 1, 2])
def test_the_commands_are_there_once(mounts: int) -> None:
    """However often the routes are mounted, and wherever."""
    app = Flask("app")
    app.config["SECRET_KEY"] = "s"
    captchas = CaptchaApi().init_app(app, url_prefix=None)
    for mount in range(mounts):
        parent = Blueprint(f"parent{mount}", __name__, url_prefix=f"/{mount}")
        parent.register_blueprint(captchas)
        app.register_blueprint(parent)
    result = app.test_cli_runner().invoke(args=["--help"])
    assert len(re.findall(r"^  \S*captcha\S* ", result.output, re.MULTILINE)) == 1
    assert re.findall(r"^  (\w+)  ", run(app, "--help").output, re.MULTILINE) == ["check", "sheet"]


@pytest.mark.parametrize("is_first", [True, False])
def test_a_command_of_the_apps_own_keeps_its_name(app: Flask, is_first: bool) -> None:
    """Whether it was there before us or comes after us."""

    def add() -> None:
        app.cli.add_command(click.Command("captcha", callback=lambda: click.echo("the app's own")))

    if is_first:
        add()
    CaptchaApi(app)
    if not is_first:
        add()
    assert run(app).output == "the app's own\n"


@pytest.mark.slow
def test_the_example_app_from_a_shell(tmp_path: Path) -> None:
    """``flask --app example_app captcha check`` finds nothing wrong with the example, in a process of its own."""
    command = [sys.executable, "-W", "error", "-m", "flask", "--app", "example_app", "captcha", "check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("No errors.\n")
