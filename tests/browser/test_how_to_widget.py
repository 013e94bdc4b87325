"""What docs/how-to/widget.md shows does what the page says, in Debian's Chromium."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask, Response
from playwright.sync_api import Browser, Page, Route, expect
from werkzeug.serving import make_server

from flask_captcha_api.testing import answers, outcomes
from flask_captcha_api.widget.assets import STYLESHEET

from ..conftest import ANSWER
from ..support.browser.browsers import HINT
from ..support.paths import DOCS, PACKAGE
from ..support.servers import free_port

pytestmark = pytest.mark.browser

HOWTO = (DOCS / "how-to" / "widget.md").read_text()


def blocks(language: str) -> list[str]:
    """Return the page's code in a language, in its order."""
    return re.findall(rf"```{language}\n(.*?)```", HOWTO, re.DOTALL)


TEMPLATE_APP, KEEPING_VIEWS, WTF_APP, CORS_APP, TALISMAN_APP = blocks("python")
(HTML,) = blocks("html")
SUBMIT, TOKEN = blocks("js")
CSS, PLACE = blocks("css")


@contextmanager
def served(code: str, *, port: int = 0, html: str = "", script: str = "") -> Iterator[str]:
    """Run an app of the page, its captchas' answer known, and beside it a page with a script; gives its address."""
    names: dict[str, Any] = {"__name__": "howto"}
    exec(code, names)  # noqa: S102 - it is our own
    app: Flask = names["app"]
    document = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Sign in</title>{html}'
    app.add_url_rule("/", "home", lambda: document)
    app.add_url_rule("/login.js", "script", lambda: Response(script, mimetype="text/javascript"))
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    with answers(app, ANSWER):
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def page(chromium: Browser, complaints: list[str]) -> Iterator[Page]:
    """Open a window that tells of every error of a script."""
    with chromium.new_context() as context:
        opened = context.new_page()
        opened.set_default_timeout(5000)
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        yield opened
        assert complaints == []


def test_in_a_template(page: Page) -> None:
    """A wrong text is told in the form, which keeps the account; the right one lets in."""
    with served(TEMPLATE_APP) as address:
        page.goto(f"{address}/login")
        page.get_by_label("Account").fill("ann")
        for text, then in (("11111", "The captcha is wrong, please try again"), (ANSWER, "Welcome")):
            expect(page.get_by_role("img")).to_be_visible()
            expect(page.get_by_label("Account")).to_have_value("ann")
            page.get_by_role("textbox", name="Digits").fill(text)
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_text(then)).to_be_visible()
        page.goto(f"{address}/login")
        page.add_style_tag(content=CSS)
        box = page.get_by_role("img").bounding_box()
        assert box is not None
        assert box["height"] == 120


def test_the_place_is_that_of_the_style_sheet() -> None:
    """What a page may set itself, while it has no style sheet, is what that has."""
    sheet = (PACKAGE / "widget" / "static" / STYLESHEET).read_text(encoding="utf-8")
    (rule,) = re.findall(r"^captcha-field:not\(:defined\) \{\n(.*?)^}", sheet, re.DOTALL | re.MULTILINE)
    assert rule in PLACE


def test_in_a_template_without_javascript(chromium: Browser) -> None:
    """The button for a sound shows the form again, with what was typed and without an error."""
    with served(TEMPLATE_APP) as address, chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{address}/login")
        page.get_by_label("Account").fill("ann")
        page.get_by_role("button", name="Listen").click()
        expect(page.locator("audio")).to_be_visible()
        expect(page.locator(".captcha-error")).to_have_count(0)
        expect(page.get_by_label("Account")).to_have_value("ann")
        page.get_by_role("textbox", name="Digits").fill(ANSWER)
        page.keyboard.press("Enter")
        expect(page.get_by_text("Welcome")).to_be_visible()


def test_in_a_template_a_script_gets_the_envelope() -> None:
    """So does a visitor whose guess was not looked at, with the advice when to come again."""
    names: dict[str, Any] = {"__name__": "howto"}
    exec(TEMPLATE_APP, names)  # noqa: S102 - it is our own
    client = names["app"].test_client()
    refused = client.post("/login", json={"uuid": "1" * 23, "code": ANSWER})
    assert (refused.status_code, refused.get_json()["code"]) == (422, "01003")
    with outcomes(names["app"], None):
        unavailable = client.post("/login", data={"uuid": "1" * 23, "code": ANSWER})
    assert (unavailable.status_code, unavailable.get_json()["code"]) == (503, "01007")
    assert unavailable.headers["Retry-After"]


def test_a_solved_captcha_is_kept() -> None:
    """By a view with a template and by one for scripts: both let the second request in, and only that."""
    names: dict[str, Any] = {"__name__": "howto"}
    exec(TEMPLATE_APP + KEEPING_VIEWS, names)  # noqa: S102 - it is our own
    client = names["app"].test_client()

    def solved() -> dict[str, str]:
        with answers(names["app"], ANSWER):
            return {"uuid": client.get("/captcha/order").get_json()["response"]["uuid"], "code": ANSWER}

    page = client.post("/order", data={"postcode": "1", **solved()}).text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(\w+)"', page))
    assert client.post("/order", data={"postcode": "12345", **hidden}).text == "Thank you"
    assert client.post("/order", data={"postcode": "12345", **hidden}).status_code == 422

    refused = client.post("/api/order", json={"postcode": "1", **solved()})
    kept = refused.get_json()["captcha"]
    assert refused.status_code == 422
    assert client.post("/api/order", json={"postcode": "12345", **kept}).get_json() == {"ordered": True}
    assert client.post("/api/order", json={"postcode": "12345", **kept}).get_json()["code"] == "01003"


#: What turns the page's app into one with nonces, without which no script runs.
WITH_NONCES = {
    '"default-src": ': '"script-src": "\'strict-dynamic\'", "style-src": "", "default-src": ',
    "    },\n)": '    },\n    content_security_policy_nonce_in=["script-src", "style-src"],\n)',
    'captcha_field("login")': 'captcha_field("login", nonce=csp_nonce())',
}


@pytest.mark.parametrize("changes", [{}, WITH_NONCES], ids=["without nonces", "with nonces"])
def test_under_talismans_policy(page: Page, changes: dict[str, str]) -> None:
    """With two directives more than its default, picture and sound are shown and played."""
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    code = TALISMAN_APP
    for old, new in changes.items():
        assert code.count(old) == 1
        code = code.replace(old, new)
    with served(code + "app.debug = True  # or Talisman redirects to HTTPS\n") as address:
        response = page.goto(f"{address}/login")
        assert response is not None
        policy = response.headers["content-security-policy"]
        assert "default-src 'self'; object-src 'none'; img-src 'self' data:; media-src 'self' data:" in policy
        assert ("script-src 'strict-dynamic' 'nonce-" in policy) is bool(changes)
        picture = page.get_by_role("img")
        expect(picture).to_be_visible()
        assert picture.evaluate("picture => picture.naturalWidth") == 166
        page.get_by_role("button", name="Listen").click()
        expect(page.get_by_role("textbox", name="Digits you hear")).to_be_visible()
        audio = page.locator("captcha-field audio")
        assert audio.evaluate(
            "audio => new Promise((done) => { audio.onended = () => done(true); audio.playbackRate = 16 })"
        )
    assert [text for text in told if "Content Security Policy" in text or "violates" in text] == []


def test_in_a_flask_wtf_form(page: Page) -> None:
    """The form in Japanese says in Japanese what is wrong, and passes."""
    with served(WTF_APP) as address:
        page.goto(f"{address}/comment")
        for text, then in (
            ("11111", "画像認証の文字が違います。もう一度お試しください"),
            (ANSWER, "ありがとうございます"),
        ):
            expect(page.get_by_role("img")).to_be_visible()
            page.get_by_label("コメント").fill("はい")
            page.get_by_role("textbox", name="画像の数字").fill(text)
            page.get_by_role("button", name="送信").click()
            expect(page.get_by_text(then)).to_be_visible()


@pytest.mark.parametrize("is_elsewhere", [False, True], ids=["same origin", "another origin"])
def test_on_a_page_of_ones_own(page: Page, is_elsewhere: bool) -> None:
    """The script sends the form, is refused once, and passes, also where page and back end have different origins."""
    with back_end(SUBMIT, is_elsewhere=is_elsewhere) as home:
        page.goto(home)
        text = page.get_by_role("textbox", name="Digits")
        text.fill("11111")
        page.get_by_role("button", name="Sign in").click()
        expect(text).to_have_accessible_description("The captcha is wrong, please try again" + HINT)
        expect(text).to_be_focused()
        expect(page.get_by_role("img")).to_be_visible()
        text.fill(ANSWER)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_have_text("Welcome")


def test_with_a_token(page: Page) -> None:
    """The captcha is asked for with the page's token, and with what comes back in its stead."""

    def renew(route: Route) -> None:
        if sent := route.request.headers.get("authorization"):  # none, where the widget was quicker than the page
            asked.append(sent)
        answer = route.fetch()
        route.fulfill(response=answer, headers={**answer.headers, "authorization": "Bearer new.er.one"})

    asked: list[str] = []
    page.route("**/captcha/login", renew)
    with back_end(TOKEN.replace("let token = null", 'let token = "a.b.c"'), is_elsewhere=False) as home:
        with page.expect_response(lambda answer: answer.request.headers.get("authorization") == "Bearer a.b.c"):
            page.goto(home)
        expect(page.get_by_role("img")).to_be_visible()
        with page.expect_response(lambda answer: answer.request.headers.get("authorization") == "Bearer new.er.one"):
            page.get_by_role("button", name="New picture").click()
    assert asked[0] == "Bearer a.b.c"
    assert set(asked[1:]) == {"Bearer new.er.one"}


@contextmanager
def back_end(script: str, *, is_elsewhere: bool) -> Iterator[str]:
    """Run the back end, and a page of the same or of another origin; gives the page's address."""
    port = free_port()
    api, home = f"http://127.0.0.1:{port}", f"http://{'localhost' if is_elsewhere else '127.0.0.1'}:{port}"
    html = HTML
    if is_elsewhere:
        html = html.replace('src="/captcha', f'src="{api}/captcha')
        script = script.replace('fetch("/', f'fetch("{api}/')
    with served(CORS_APP.replace("https://www.example.com", home), port=port, html=html, script=script):
        yield f"{home}/"
