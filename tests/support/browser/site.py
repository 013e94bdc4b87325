"""The site that the tests in a browser visit: the example app and a few pages beside it, with a known answer.

Run it by hand with ``python -m tests.support.browser.site``: it prints its address.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

from flask import Flask, Response, jsonify, make_response, render_template_string, request
from flask_cors import CORS
from flask_wtf import FlaskForm
from werkzeug.security import generate_password_hash
from werkzeug.serving import make_server
from wtforms import StringField
from wtforms.validators import InputRequired, ValidationError

import example_app
from example_app import accounts
from example_app.settings import settings_from_environment
from flask_captcha_api import CaptchaRejected, verify_captcha, verify_captcha_in_request
from flask_captcha_api.testing import answers
from flask_captcha_api.wtf import CaptchaField

ANSWER = "40718"
POLICY = "default-src 'self'; img-src 'self' data:; media-src 'self' data: blob:"

#: Beside the example's own.
SOURCES: dict[str, dict[str, Any]] = {
    "web": {},
    "letters": {"kind": "letters"},
    "sums": {"kind": "arithmetic"},
    "long": {"length": 12, "width": 640},
    "alone": {"work_alone": 20_000},
    "besides": {"work": 20_000, "ttl": 600},
    "slow": {"work": 3_000_000, "work_alone": 3_000_000, "ttl": 1_000},
}

#: Around what a test puts between the tags of the body.
PAGE = """<!doctype html>
<html lang="{{ lang }}" dir="{{ 'rtl' if lang in ('ar', 'fa', 'he') else 'ltr' }}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Captcha</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/static/page.css">
  </head>
  <body><main><h1>Captcha</h1>{{ body | safe }}</main></body>
</html>"""


class RegistrationForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
    """A form that keeps its captcha when the name is too short."""

    name = StringField(validators=[InputRequired()])
    captcha = CaptchaField(source="web", lang="en", keeps=1)

    def validate_name(self, field: StringField) -> None:
        """Refuse what a browser lets through."""
        if len(field.data) < 8:
            raise ValidationError("at least 8 characters")


class Site:
    """The running site, and what of it a test may bend."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        #: Answers the next requests for a captcha, each once, in the place of a captcha: status and headers.
        self.failures: list[tuple[int, dict[str, str]]] = []
        #: Every request for a captcha: path with query, and the Authorization header.
        self.asked: list[tuple[str, str | None]] = []
        #: What guarded routes have been sent.
        self.sent: list[dict[str, str]] = []
        #: What ``/page`` has between the tags of its body, a template.
        self.body = ""
        self.lang = "en"
        self.policy = POLICY
        self.address = ""

    def reset(self) -> None:
        """Forget what an earlier test has bent."""
        self.failures, self.asked, self.sent = [], [], []
        self.body, self.lang, self.policy = "", "en", POLICY


def make_site() -> Site:
    """Make the site, not yet running."""
    own = settings_from_environment()["CAPTCHA_SOURCES"]
    # A good hash is slow on purpose.
    with patch.object(accounts, "generate_password_hash", partial(generate_password_hash, method="scrypt:256:8:1")):
        app = example_app.create_app(
            {"SECRET_KEY": "s" * 32, "CAPTCHA_SOURCES": {**own, **SOURCES}, "CAPTCHA_RATE_LIMIT": None}
        )
    site = Site(app)

    @app.before_request
    def fail_when_told() -> Response | None:
        if not request.path.startswith("/captcha/") or request.path.startswith("/captcha/static/"):
            return None
        site.asked.append((request.full_path.rstrip("?"), request.headers.get("Authorization")))
        if not site.failures:
            return None
        status, headers = site.failures.pop(0)
        codes = {429: "01005", 503: "01007", 404: "01004", 401: "01006"}
        body = {"status": False, "code": codes[status], "stringCode": "", "message": "", "response": None}
        return make_response(body, status, headers)

    @app.get("/page")
    def any_page() -> str:
        return render_template_string(PAGE, body=render_template_string(site.body), lang=site.lang)

    @app.route("/guarded", methods=["GET", "POST"])
    def plain_form() -> str:
        site.body = (
            '<form method="post" action="/guarded/send"><label>Name <input name="name" value="{{ request.form.name }}">'
            '</label>{{ captcha_field("web", error=error) }}<button>Send</button></form>'
        )
        body = render_template_string(site.body, error=None)
        return render_template_string(PAGE, body=body, lang="en")

    @app.post("/guarded/send")
    @verify_captcha("uuid", "code", source="web")
    def send() -> Any:
        site.sent.append(request.form.to_dict())
        return jsonify(passed=True)

    @app.post("/passes/<source>")
    def passes(source: str) -> str:
        verify_captcha_in_request("uuid", "code", source=source)
        return render_template_string(PAGE, body="<p>passed</p>", lang="en")

    @app.route("/keeps", methods=["GET", "POST"])
    def keeping_form() -> str:
        form = RegistrationForm(meta={"csrf": False})
        if form.validate_on_submit():
            return render_template_string(PAGE, body="<p>Registered</p>", lang="en")
        body = (
            '<form method="post"><label>Name {{ form.name() }}</label><p>{{ form.name.errors | join }}</p>'
            "{{ form.captcha() }}<button>Register</button></form>"
        )
        return render_template_string(PAGE, body=render_template_string(body, form=form), lang="en")

    @app.errorhandler(CaptchaRejected)
    def show_again(rejected: CaptchaRejected) -> Any:
        if request.is_json or request.path != "/guarded/send":
            return rejected.get_response()
        body = render_template_string(site.body, error="Wrong, sorry.")
        return render_template_string(PAGE, body=body, lang="en"), 422

    CORS(app, resources="/captcha/*", allow_headers=["Authorization"])  # for pages of other origins

    def use_policy(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = site.policy
        return response

    app.after_request_funcs[None].insert(0, use_policy)  # the first is called last, after the example's own

    return site


@contextmanager
def running() -> Iterator[Site]:
    """Serve the site, with its known answer."""
    site = make_site()
    with answers(site.app, ANSWER), serving(site):
        yield site


@contextmanager
def serving(site: Site) -> Iterator[None]:
    """Serve a site from a thread of this process, and set its address."""
    server = make_server("127.0.0.1", 0, site.app, threaded=True)
    site.address = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


if __name__ == "__main__":
    with running() as shown:
        print(shown.address)  # noqa: T201 - whoever runs this wants to know
        threading.Event().wait()
