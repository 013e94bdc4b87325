"""Requests that other sites can make a visitor's browser send: what counts of them, and what is refused uncounted."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from flask import Flask, Response, jsonify, render_template_string, request
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from flask_captcha_api import CaptchaApi, CaptchaRejected, verify_captcha

from ..conftest import ANSWER
from ..support.http.envelopes import envelope

Headers = dict[str, str]
Issue = Callable[..., str]

UNKNOWN = envelope("source_unknown")
REQUIRED = envelope("captcha_required")


def sec_fetch(mode: str, dest: str = "empty", site: str = "cross-site", **more: str) -> Headers:
    return {"Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": dest, "Sec-Fetch-Site": site, **more}


PREFETCH = {"Sec-Purpose": "prefetch;prerender"}
#: Sent by what no script can read the response of.
UNREADABLE: dict[str, Headers] = {
    "image": sec_fetch("no-cors", "image"),
    "image of the same site": sec_fetch("no-cors", "image", "same-origin"),
    "beacon": sec_fetch("no-cors"),
    "script": sec_fetch("no-cors", "script"),
    **{dest: sec_fetch("navigate", dest) for dest in ("iframe", "frame", "embed", "object")},
    "iframe of the same site": sec_fetch("navigate", "iframe", "same-origin"),
    "prefetched page": sec_fetch("navigate", "document", **PREFETCH),
    "mode alone": {"Sec-Fetch-Mode": "no-cors"},
    **{f"{dest} with CORS": sec_fetch("cors", dest) for dest in ("image", "font", "script", "style", "video")},
    "prefetch with CORS": sec_fetch("cors", **{"Sec-Purpose": "prefetch"}),
}
#: Sent by pages with the widget, by people, and by what is no browser.
SERVED: dict[str, Headers] = {
    "none": {},
    "fetch": sec_fetch("cors", site="same-origin"),
    "fetch of another site": sec_fetch("cors"),
    "same-origin": sec_fetch("same-origin", site="same-origin"),
    "tab": sec_fetch("navigate", "document", "none"),
    "link on another site": sec_fetch("navigate", "document"),
    "fetch of a page rendered in advance": sec_fetch("cors", site="same-origin", **PREFETCH),
    "site alone": {"Sec-Fetch-Site": "cross-site"},
}
FORCED = sec_fetch("no-cors", "image")
#: Made by a page of another site, which reads none of the responses.
FORCED_BY_IT: dict[str, Headers] = {
    "image": FORCED,
    "prefetch with CORS": sec_fetch("cors", **{"Sec-Purpose": "prefetch"}),
    "speculation rules": sec_fetch("navigate", "document", "none", **{"Sec-Purpose": "prefetch"}),
    "speculation rules to prerender": sec_fetch("navigate", "document", "none", **PREFETCH),
    "prefetch by a browser that names the site": sec_fetch("navigate", "document", **{"Sec-Purpose": "prefetch"}),
}


def each(table: dict[str, Headers]) -> pytest.MarkDecorator:
    """Run a test for every set of headers in a table."""
    return pytest.mark.parametrize("headers", table.values(), ids=table)


@pytest.fixture
def limited(app: Flask) -> FlaskClient:
    """Make an app in which everything may be done twice an hour."""
    return serve(app)


def serve(app: Flask) -> FlaskClient:
    app.config.update(
        CAPTCHA_RATE_LIMIT="2 per hour",
        CAPTCHA_VERIFY_RATE_LIMIT="2 per hour",
        CAPTCHA_AUDIO=False,
        CAPTCHA_SOURCES={"web": {}, "spoken": {"audio": True, "rate_limit": "10 per hour"}},  # a sound counts as 10
    )
    CaptchaApi(app)

    def guarded() -> Response:
        return jsonify(passed=True)

    app.add_url_rule("/guarded", view_func=verify_captcha()(guarded), methods=["GET", "POST"])
    app.add_url_rule("/page", view_func=lambda: render_template_string('<p>{{ captcha_field("web") }}'))
    return app.test_client()


@each(UNREADABLE)
def test_the_routes_refuse_what_nobody_can_read(limited: FlaskClient, headers: Headers) -> None:
    """01004, however often, and nothing of it counts."""
    for _ in range(3):
        for method, path in (("GET", "/captcha/web"), ("GET", "/captcha/spoken/audio"), ("POST", "/captcha/web")):
            response = limited.open(path, method=method, headers=headers)
            assert (response.status_code, response.get_json()) == (404, UNKNOWN)
        assert limited.head("/captcha/web", headers=headers).status_code == 404
    assert [limited.get("/captcha/web").status_code for _ in range(3)] == [200, 200, 429]
    assert [limited.post("/captcha/web").status_code for _ in range(3)] == [400, 400, 429]
    assert [limited.get("/captcha/spoken/audio").status_code for _ in range(2)] == [200, 429]


def test_a_refused_post_spends_nothing(limited: FlaskClient, issue: Issue) -> None:
    """What is not counted is not verified either."""
    body = {"uuid": issue(), "code": ANSWER}
    assert limited.post("/captcha/web", json=body, headers=FORCED).get_json() == UNKNOWN
    assert limited.post("/captcha/web", json=body).get_json()["code"] == "00000"


@each(SERVED)
def test_the_routes_serve_and_count_everything_else(limited: FlaskClient, headers: Headers) -> None:
    """Pages, people and clients that are no browsers get a captcha, and each counts."""
    assert [limited.get("/captcha/web", headers=headers).status_code for _ in range(3)] == [200, 200, 429]
    assert [limited.post("/captcha/web", headers=headers).status_code for _ in range(3)] == [400, 400, 429]


@each(UNREADABLE)
def test_files_and_description_are_for_all(limited: FlaskClient, headers: Headers) -> None:
    """A stylesheet is loaded without CORS; neither the widget's files nor the description cost anybody anything."""
    for path in ("static/latest/captcha-field.css", "static/latest/captcha-field.js", "openapi.json"):
        assert limited.get(f"/captcha/{path}", headers=headers).status_code == 200


@each(FORCED_BY_IT)
def test_a_guard_rejects_what_another_site_forces(
    app: Flask, limited: FlaskClient, issue: Issue, headers: Headers
) -> None:
    """Cross-site and no-cors, or a prefetch: 01001 without an outcome; nothing counts, and the captcha stays."""
    outcomes: list[Any] = []

    def note(rejected: CaptchaRejected) -> Any:
        outcomes.append(rejected.outcome)
        return rejected.get_response()

    app.register_error_handler(CaptchaRejected, note)
    body = {"uuid": issue(), "code": ANSWER}
    for method in ("GET", "POST", "POST"):
        response = limited.open("/guarded", method=method, data=body, headers=headers)
        assert (response.status_code, response.get_json()) == (400, REQUIRED)
    assert outcomes == [None] * 3
    answered = [limited.post("/guarded", data=body).status_code for _ in range(3)]
    assert answered == [200, 422, 429]


def test_a_guard_rejects_it_before_it_asks_unless(app: Flask) -> None:
    """What ``unless`` counts, such as failures, is not counted for the visitor of another site."""
    asked: list[bool] = []

    def let_in() -> bool:
        asked.append(True)
        return True

    app.add_url_rule("/login", "login", verify_captcha(unless=let_in)(lambda: "in"))
    client = serve(app)
    assert (client.get("/login", headers=FORCED).status_code, asked) == (400, [])
    assert (client.get("/login").status_code, asked) == (200, [True])


@pytest.mark.parametrize(
    "headers",
    [
        *SERVED.values(),
        sec_fetch("no-cors", site="same-site"),
        sec_fetch("no-cors", site="same-origin"),
        sec_fetch("no-cors", site="same-origin", **{"Sec-Purpose": "prefetch"}),
        sec_fetch("cors", **PREFETCH),
        sec_fetch("navigate", "iframe"),
        sec_fetch("navigate", "document"),
    ],
    ids=str,
)
def test_a_guard_verifies_and_counts_everything_else(limited: FlaskClient, issue: Issue, headers: Headers) -> None:
    """A form of another site, a beacon of the app's own, a client without these headers: verified, and counted."""
    body = {"uuid": issue(), "code": ANSWER}
    answered = [limited.post("/guarded", json=body, headers=headers).status_code for _ in range(3)]
    assert answered == [200, 422, 429]


@each(FORCED_BY_IT)
def test_a_page_with_the_widget_is_not_charged_for_an_image(limited: FlaskClient, headers: Headers) -> None:
    """Loaded as an image of another site, or prefetched, it has no captcha; its visitor keeps what they may ask for."""
    for _ in range(3):
        assert "data:image" not in limited.get("/page", headers=headers).text
    has_captcha = ["data:image" in limited.get("/page").text for _ in range(3)]
    assert has_captcha == [True, True, False]


def test_a_page_in_a_frame_has_its_captcha(limited: FlaskClient) -> None:
    """Sites that may be framed work in a frame, and what is issued there counts."""
    framed = sec_fetch("navigate", "iframe")
    has_captcha = ["data:image" in limited.get("/page", headers=framed).text for _ in range(3)]
    assert has_captcha == [True, True, False]


class Recording(Flask):
    """An app that notes what browsers say of their requests."""

    def __init__(self) -> None:
        super().__init__("app")
        self.config["SECRET_KEY"] = "a secret of the tests"
        #: Method, path, mode and destination.
        self.seen: list[tuple[str, str, str | None, str | None]] = []
        self.before_request(self._note)

    def _note(self) -> None:
        sent = request.headers
        self.seen.append((request.method, request.path, sent.get("Sec-Fetch-Mode"), sent.get("Sec-Fetch-Dest")))


@contextmanager
def running(app: Flask) -> Iterator[int]:
    """Serve an app from a thread of this process; gives the port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


#: What the page of another site holds, with the place of a URL, and how it is asked for: method, mode, destination.
ATTACKS = {
    "img": ('<img src="{0}">', "GET", "no-cors", "image"),
    "style": ("<p style=\"background: url('{0}')\">x</p>", "GET", "no-cors", "image"),
    "script": ('<script src="{0}"></script>', "GET", "no-cors", "script"),
    "audio": ('<audio src="{0}" preload="auto"></audio>', "GET", "no-cors", "audio"),
    "img with CORS": ('<img crossorigin src="{0}">', "GET", "cors", "image"),
    "mask": ("<p style=\"mask-image: url('{0}')\">x</p>", "GET", "cors", "image"),
    "module": ('<script type="module" src="{0}"></script>', "GET", "cors", "script"),
    "prefetch with CORS": ('<link rel="prefetch" crossorigin href="{0}">', "GET", "cors", "empty"),
    "preload": ('<link rel="preload" as="image" href="{0}">', "GET", "no-cors", "image"),
    "prefetch": ('<link rel="prefetch" href="{0}">', "GET", "no-cors", "empty"),
    "iframe": ('<iframe src="{0}"></iframe>', "GET", "navigate", "iframe"),
    "object": ('<object data="{0}"></object>', "GET", "navigate", "object"),
    "embed": ('<embed src="{0}">', "GET", "navigate", "embed"),
    "fetch": ('<script>fetch("{0}", {{mode: "no-cors"}})</script>', "GET", "no-cors", "empty"),
    "post": ('<script>fetch("{0}", {{mode: "no-cors", method: "POST"}})</script>', "POST", "no-cors", "empty"),
    "beacon": ('<script>navigator.sendBeacon("{0}", "x=1")</script>', "POST", "no-cors", "empty"),
    "form in a frame": (
        '<iframe name="f"></iframe><form method="post" action="{0}" target="f"></form>'
        "<script>document.forms[0].submit()</script>",
        "POST",
        "navigate",
        "iframe",
    ),
}


#: The same for a page, which another site may also have prefetched.
PREFETCHES = {
    "link": '<link rel="prefetch" crossorigin href="{0}">',
    "rules": '<script type="speculationrules">{{"prefetch": [{{"urls": ["{0}"], "eagerness": "immediate"}}]}}</script>',
    "prerender": (
        '<script type="speculationrules">{{"prerender": [{{"urls": ["{0}"], "eagerness": "immediate"}}]}}</script>'
    ),
}
#: A page whose widget has to ask for its captcha.
EMPTY = """<!doctype html><link rel="icon" href="data:,">
<script type="module" src="/captcha/static/latest/captcha-field.js"></script>
<captcha-field source="web"></captcha-field>"""


def is_blind(mode: str, dest: str) -> bool:
    return mode == "no-cors" or (mode == "cors" and dest != "empty")


class Sites:
    """A site with captchas and another site, whose page a browser visits."""

    def __init__(self, app: Recording, port: int, page: Page, evil_port: int, evil: Flask) -> None:
        self.app = app
        self.home = f"http://localhost:{port}"
        self.page = page
        self._evil = evil
        self._evil_port = evil_port

    def visit_other_site(self, body: str) -> None:
        self._evil.config["BODY"] = body
        self.page.goto(f"http://127.0.0.1:{self._evil_port}/")

    def wait_for(self, method: str, path: str) -> tuple[str | None, str | None]:
        """Wait for a request and return its mode and destination."""
        for _ in range(500):
            for seen_method, seen_path, mode, dest in self.app.seen:
                if (seen_method, seen_path) == (method, path):
                    return mode, dest
            self.page.wait_for_timeout(10)
        raise TimeoutError(f"{method} {path} did not come: {self.app.seen}")


@pytest.fixture
def sites(chromium: Browser) -> Iterator[Sites]:
    app, evil = Recording(), Flask("evil")
    serve(app)
    app.add_url_rule("/empty", "empty", view_func=lambda: EMPTY)
    evil.add_url_rule("/", view_func=lambda: f"<!doctype html><link rel=icon href=data:,>{evil.config['BODY']}")
    with running(app) as port, running(evil) as evil_port:
        context = chromium.new_context()
        context.set_default_timeout(10_000)
        yield Sites(app, port, context.new_page(), evil_port, evil)
        context.close()


@pytest.mark.browser
@pytest.mark.parametrize(("html", "method", "mode", "dest"), ATTACKS.values(), ids=ATTACKS)
def test_another_site_in_chromium(sites: Sites, html: str, method: str, mode: str, dest: str) -> None:
    """Chromium says how a page of another site asks a route, and nothing of it counts."""
    sites.visit_other_site("".join(html.format(f"{sites.home}/captcha/web?{number}") for number in range(2)))
    assert sites.wait_for(method, "/captcha/web") == (mode, dest)
    client = sites.app.test_client()
    sites.page.goto("about:blank")
    once = 200 if method == "GET" else 400
    assert [client.open("/captcha/web", method=method).status_code for _ in range(3)] == [once, once, 429]


@pytest.mark.browser
@pytest.mark.parametrize("how", [name for name, (_, _, mode, dest) in ATTACKS.items() if is_blind(mode, dest)])
def test_another_site_at_a_guard_in_chromium(sites: Sites, how: str) -> None:
    """Nothing counts of what a page of another site sends to a guard without being able to read the answer."""
    html, method, *said = ATTACKS[how]
    sites.visit_other_site("".join(html.format(f"{sites.home}/guarded?{number}") for number in range(2)))
    assert sites.wait_for(method, "/guarded") == tuple(said)
    sites.page.goto("about:blank")
    client = sites.app.test_client()
    assert [client.post("/guarded").status_code for _ in range(3)] == [400, 400, 429]


@pytest.mark.browser
@pytest.mark.parametrize("html", PREFETCHES.values(), ids=PREFETCHES)
def test_another_site_that_prefetches_a_page_in_chromium(sites: Sites, html: str) -> None:
    """A page with the widget that another site has Chromium prefetch costs its visitor nothing."""
    sites.visit_other_site("".join(html.format(f"{sites.home}/page?{number}") for number in range(2)))
    sites.wait_for("GET", "/page")
    sites.page.goto("about:blank")
    client = sites.app.test_client()
    assert ["data:image" in client.get("/page").text for _ in range(3)] == [True, True, False]


@pytest.mark.browser
def test_the_widget_and_a_person_in_chromium(sites: Sites) -> None:
    """The widget fetches a captcha with CORS and gets it; a person who opens the route in a tab sees it."""
    page = sites.page
    with page.expect_response("**/captcha/web*") as fetched:
        page.goto(f"{sites.home}/empty")
    assert fetched.value.status == 200
    assert sites.wait_for("GET", "/captcha/web") == ("cors", "empty")
    sites.app.seen.clear()
    shown = page.goto(f"{sites.home}/captcha/web")
    assert sites.wait_for("GET", "/captcha/web") == ("navigate", "document")
    assert shown is not None
    assert shown.status == 200


@pytest.mark.browser
def test_a_web_view_without_the_headers(sites: Sites) -> None:
    """A browser that does not send these headers is served as before."""

    def without_headers(route: Any) -> None:
        kept = {name: value for name, value in route.request.headers.items() if not name.startswith("sec-fetch")}
        response = route.fetch(headers=kept)
        route.fulfill(response=response)

    sites.page.route("**/captcha/web*", without_headers)
    shown = sites.page.goto(f"{sites.home}/captcha/web")
    assert sites.wait_for("GET", "/captcha/web") == (None, None)
    assert shown is not None
    assert (shown.status, json.loads(shown.text())["code"]) == (200, "00000")
