"""The theme of a picture: the one thing that its route reads of the query."""

import base64
from io import BytesIO
from typing import Any

import pytest
from flask import Flask, Request
from PIL import Image, ImageStat

from flask_captcha_api import CaptchaApi, Challenge, Kind
from flask_captcha_api.challenges.makers import digits
from flask_captcha_api.settings.config import SourceConfig
from flask_captcha_api.storage.answers import AnswerStore
from flask_captcha_api.testing import answers

from ..conftest import ANSWER


@pytest.fixture
def themes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the theme of every picture that is drawn."""
    drawn: list[str] = []

    def draw(*_: Any, theme: str, **__: Any) -> bytes:
        drawn.append(theme)
        return b"picture"

    monkeypatch.setattr("flask_captcha_api.rendering.draw", draw)
    return drawn


@pytest.mark.parametrize(
    ("configured", "query", "theme"),
    [
        ("auto", "", "light"),
        ("auto", "?theme=dark", "dark"),
        ("auto", "?theme=light", "light"),
        ("auto", "?0.8374629834&theme=dark", "dark"),
        ("auto", "?theme=dark&lang=ja&kind=letters&difficulty=calm", "dark"),
        ("auto", "?theme=light&theme=dark", "light"),
        ("auto", "?theme=Dark", "light"),
        ("auto", "?theme=auto", "light"),
        ("auto", "?theme=", "light"),
        ("auto", "?theme=%00", "light"),
        ("auto", "?theme[]=dark", "light"),
        ("light", "?theme=dark", "light"),
        ("dark", "?theme=light", "dark"),
        ("dark", "", "dark"),
    ],
)
def test_the_theme_of_a_picture(app: Flask, themes: list[str], configured: str, query: str, theme: str) -> None:
    """A source with ``auto`` follows the query, and is light with any value but dark; the others do not look at it."""
    app.config["CAPTCHA_THEME"] = configured
    CaptchaApi(app)
    assert app.test_client().get(f"/captcha/web{query}").status_code == 200
    assert themes == [theme]


def test_a_query_that_is_no_text_asks_for_no_theme(app: Flask, themes: list[str]) -> None:
    """Bytes that are not UTF-8 reach an app where a client does not escape them."""
    app.config["CAPTCHA_THEME"] = "auto"
    CaptchaApi(app)
    response = app.test_client().get("/captcha/web", environ_overrides={"QUERY_STRING": "theme=dark&\xff"})
    assert (response.status_code, themes) == (200, ["light"])


def test_no_other_source_parses_the_query(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ``auto`` the query string costs nothing, however long it is."""
    monkeypatch.setattr(Request, "args", property(lambda _: pytest.fail("the query was parsed")))
    CaptchaApi(app)
    assert app.test_client().get("/captcha/web?theme=dark").status_code == 200


def test_a_source_of_its_own_theme(app: Flask, themes: list[str]) -> None:
    """Each source decides for itself."""
    app.config["CAPTCHA_SOURCES"] = {"web": {"theme": "auto"}, "night": {"theme": "dark"}, "day": {}}
    CaptchaApi(app)
    for source in ("web", "night", "day"):
        app.test_client().get(f"/captcha/{source}?theme=dark")
    assert themes == ["dark", "dark", "light"]


def test_the_picture_is_dark(app: Flask) -> None:
    """What arrives is darker for a dark page."""
    app.config.update(CAPTCHA_THEME="auto", CAPTCHA_FORMAT="png")
    CaptchaApi(app)
    brightest = []
    for theme in ("light", "dark"):
        encoded = app.test_client().get(f"/captcha/web?theme={theme}").get_json()["response"]["image"]
        brightest.append(max(Image.open(BytesIO(base64.b64decode(encoded))).convert("L").tobytes()))
    assert brightest[1] < brightest[0] - 40


def test_the_entry_knows_no_theme(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dark captcha is stored and verified as any other."""
    entries: list[str] = []
    put = AnswerStore.put

    def put_and_note(self: AnswerStore, uuid: str, entry: str, ttl: int) -> None:
        entries.append(entry)
        put(self, uuid, entry, ttl)

    monkeypatch.setattr(AnswerStore, "put", put_and_note)
    app.config["CAPTCHA_THEME"] = "auto"
    CaptchaApi(app)
    client = app.test_client()
    with answers(app, ANSWER):
        uuids = [
            client.get(f"/captcha/web?theme={theme}").get_json()["response"]["uuid"] for theme in ("light", "dark")
        ]
    for uuid in uuids:
        assert client.post("/captcha/web", json={"uuid": uuid, "code": ANSWER}).get_json()["code"] == "00000"
    light, dark = ({*entry.split()[:3], *entry.split()[4:-1]} for entry in entries)
    assert light == dark
    assert "dark" not in entries[1]


def test_a_drawing_of_the_apps_own_gets_the_theme(app: Flask) -> None:
    """Its settings have the theme that was asked for, never ``auto``, and the hue."""
    seen = []

    def draw(prompt: str, settings: SourceConfig, rng: object) -> Image.Image:
        seen.append((settings.theme, settings.hue))
        return Image.new("L", (10, 10))

    def make(length: int) -> Challenge:
        return digits(length)

    app.config.update(CAPTCHA_THEME="auto", CAPTCHA_HUE=210, CAPTCHA_KIND="own")
    CaptchaApi(app, kinds={"own": Kind(make, draw=draw)})
    for query in ("?theme=dark", ""):
        app.test_client().get(f"/captcha/web{query}")
    assert seen == [("dark", 210), ("light", 210)]


def test_the_hue_of_a_picture(app: Flask) -> None:
    """A source's hue is that of its pictures."""
    app.config["CAPTCHA_SOURCES"] = {"green": {"hue": 120}, "blue": {"hue": 240}}
    CaptchaApi(app)
    strongest = []
    for source in ("green", "blue"):
        encoded = app.test_client().get(f"/captcha/{source}").get_json()["response"]["image"]
        mean = ImageStat.Stat(Image.open(BytesIO(base64.b64decode(encoded)))).mean
        strongest.append(mean.index(max(mean)))
    assert strongest == [1, 2]
