"""The demo: the playground does what its settings say, and its code runs; the example app is beside it."""

import base64
import io
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, render_template
from flask.testing import FlaskClient
from PIL import Image

from example_app import demo, playground
from flask_captcha_api.cli.prices import PICTURE_SECONDS, SOUND_SECONDS, cents_on_cpu, native_seconds, short
from flask_captcha_api.testing import answers

from ..support.http.envelopes import envelope
from ..support.markup import Page

ANSWER = "12345"
SOURCE = "digits-auto-332-on-none"


@pytest.fixture(scope="module")
def app() -> Flask:
    return playground.create_app({"SECRET_KEY": "a secret of the tests", "CAPTCHA_RATE_LIMIT": None})


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.mark.parametrize(
    ("query", "source", "headers", "size"),
    [
        ("", SOURCE, {"Kind": "digits", "Audio": "yes", "Work": "no"}, (332, 180)),
        ("kind=letters&size=166", "letters-auto-166-on-none", {"Kind": "letters"}, (166, 90)),
        ("kind=arithmetic&difficulty=hard", "arithmetic-hard-332-on-none", {"Kind": "arithmetic"}, (332, 180)),
        ("sound=off&difficulty=calm&size=480", "digits-calm-480-off-none", {"Audio": "no"}, (480, 180)),
        ("work=alone", "digits-auto-332-on-alone", {"Work": "yes"}, (332, 180)),
        ("kind=%3Cb%3E&size=9&sound=&language=xx&theme=red", SOURCE, {"Kind": "digits"}, (332, 180)),
    ],
)
def test_the_captcha_is_as_chosen(
    client: FlaskClient, query: str, source: str, headers: dict[str, str], size: tuple[int, int]
) -> None:
    """The widget has a source with the settings chosen, and what is no option is ignored."""
    page = Page(client.get(f"/?{query}").text)
    (field,) = page.attributes("captcha-field")
    assert (field["source"], field["lang"]) == (source, "en")
    response = client.get(f"/captcha/{source}")
    assert {name: response.headers[f"Captcha-{name}"] for name in headers} == headers
    with Image.open(io.BytesIO(base64.b64decode(response.get_json()["response"]["image"]))) as picture:
        assert picture.size == size


def test_every_combination_has_a_source(app: Flask) -> None:
    """There is one for each, with the difficulty, theme and work that its name says."""
    sources = app.config["CAPTCHA_SOURCES"]
    assert len(sources) == 3 * 4 * 3 * 2 * 3
    for difficulty, (work, settings) in product(
        ("calm", "normal", "hard"), {"none": {}, "also": {"work": 50_000}, "alone": {"work_alone": 200_000}}.items()
    ):
        assert sources[f"letters-{difficulty}-480-off-{work}"] == {
            "kind": "letters",
            "difficulty": difficulty,
            "width": 480,
            "height": 180,
            "audio": False,
            "theme": "auto",
            **settings,
        }


@pytest.mark.parametrize(
    ("query", "direction"),
    [("", "ltr"), ("language=ar", "rtl"), ("language=ar&direction=ltr", "ltr"), ("language=en&direction=rtl", "rtl")],
)
def test_the_direction_is_that_of_the_language_unless_chosen(client: FlaskClient, query: str, direction: str) -> None:
    """Arabic is written from right to left."""
    page = Page(client.get(f"/?{query}").text)
    assert [form["dir"] for form in page.attributes("form") if "dir" in form] == [direction]


def test_a_right_answer_passes_once(app: Flask, client: FlaskClient) -> None:
    """The check answers with the envelope, whatever the source."""
    with answers(app, ANSWER):
        captcha = client.get("/captcha/letters-hard-166-off-none").get_json()["response"]
    body = {"uuid": captcha["uuid"], "code": ANSWER}
    in_english = {"Accept-Language": "en"}
    response = client.post("/check", json=body, headers=in_english)
    assert (response.status_code, response.get_json()) == (
        200,
        {**envelope("success", language="en"), "response": "ok"},
    )
    response = client.post("/check", json=body, headers=in_english)
    assert (response.status_code, response.get_json()) == (422, envelope("captcha_gone", language="en"))


def row(way: str, seconds: float) -> str:
    return f'<th scope="row">{way}</th><td>{short(seconds)} s</td><td>{short(cents_on_cpu(seconds))} ¢</td>'


def test_the_price_is_that_of_the_settings(client: FlaskClient) -> None:
    """Each way in is named with what ``flask captcha check`` says of it."""
    assert row("picture", PICTURE_SECONDS["digits", "calm"]) in client.get("/?difficulty=calm").text
    plain = client.get("/").text
    assert row("picture", min(each for (kind, _), each in PICTURE_SECONDS.items() if kind == "digits")) in plain
    assert row("sound", SOUND_SECONDS) in plain
    assert "1 time in 16,807" in plain
    silent = client.get("/?sound=off&difficulty=hard&work=also").text
    assert row("picture", PICTURE_SECONDS["digits", "hard"] + native_seconds(50_000)) in silent
    assert '<th scope="row">sound</th>' not in silent
    assert "The work takes a telephone 0.5 s." in silent
    assert row("work", native_seconds(200_000)) in client.get("/?work=alone").text
    if ("arithmetic", "normal") not in PICTURE_SECONDS:
        assert '<th scope="row">picture</th><td colspan="2">not measured</td>' in client.get("/?kind=arithmetic").text


CHOSEN = {"kind": "digits", "difficulty": "calm", "size": "480", "theme": "dark", "language": "ar", "direction": "rtl"}


@pytest.mark.parametrize("work", ["none", "also", "alone"])
@pytest.mark.parametrize("sound", ["on", "off"])
@pytest.mark.parametrize("tab", ["Jinja", "Flask-WTF"])
def test_the_code_runs(
    app: Flask, tab: str, sound: str, work: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is copied makes an app with the settings chosen, whose template has the widget and whose view passes."""
    with app.test_request_context("/"):
        files = playground.snippets_for({**CHOSEN, "sound": sound, "work": work})[tab]
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "login.html").write_text(files["templates/login.html"])
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "snippet"}
    exec(files["app.py"], names)  # noqa: S102 - the claim is that it runs
    copied: Flask = names["app"]
    expected = app.config["CAPTCHA_SOURCES"][f"digits-calm-480-{sound}-{work}"]
    assert copied.config["CAPTCHA_SOURCES"] == {"login": {**expected, "theme": "dark"}}

    copied.config["WTF_CSRF_ENABLED"] = False
    with copied.test_request_context("/login"):
        form = {"form": names["LoginForm"]()} if tab == "Flask-WTF" else {}
        page = Page(render_template("login.html", **form))
    assert page.attributes("form")[0]["dir"] == "rtl"
    field = page.attributes("captcha-field")[0]
    assert (field["source"], field["lang"]) == ("login", "ar")
    if work == "also":
        return  # the answer has the solution too
    client = copied.test_client()
    with answers(copied, ANSWER):
        uuid = client.get("/captcha/login").get_json()["response"]["uuid"]
    assert client.get("/login").status_code == 200
    sent = {field["uuid-name"]: "1" * 23, field["text-name"]: ANSWER}
    refused = client.post("/login", data=sent, headers={"Accept-Language": "en"})
    assert Page(refused.text).attributes("captcha-field")[0]["error"]
    sent = {field["uuid-name"]: uuid, field["text-name"]: ANSWER}
    assert client.post("/login", data=sent).get_json() == {"message": "Welcome"}


def test_the_page_runs_only_files_of_its_own(client: FlaskClient) -> None:
    """As the example's pages: no inline script or style, a policy that forbids them, and nothing from afar."""
    response = client.get("/")
    page = Page(response.text)
    assert response.headers["Content-Security-Policy"] == (
        "default-src 'self'; img-src 'self' data:; media-src 'self' data:"
    )
    assert page.inline == []
    assert page.files == [
        "/static/page.css",
        "/static/playground.css",
        "/static/playground.js",
        "/captcha/static/latest/captcha-field.js",
    ]
    for name in page.files:
        with client.get(name) as file:
            assert file.status_code == 200


def test_the_demo_has_a_tab_for_each_page() -> None:
    """Each is there, names itself as the current one, and finds its files and captchas below its own prefix."""
    client = demo.create_app().test_client()
    for path in ("/", "/example/", "/example/register"):
        response = client.get(path)
        page = Page(response.text)
        tabs = [link for link in page.attributes("a") if link["href"] in demo.TABS.values()][: len(demo.TABS)]
        assert [link["href"] for link in tabs] == list(demo.TABS.values())
        assert [link["href"] for link in tabs if link.get("aria-current") == "page"] == [path]
        for name in page.files:
            with client.get(name) as file:
                assert file.status_code == 200
    assert client.get("/example/captcha/login").status_code == 200
    assert 'id="change-password"' in client.get("/example/").text
    assert "<nav" not in playground.create_app().test_client().get("/").text
