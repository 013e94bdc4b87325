"""The same small site with each peer: a GET that issues and a POST that verifies, five digits, in one process.

``python apps.py NAME DIRECTORY`` serves one of them to itself: it answers commands, a line of JSON each, from
standard input. It imports nothing of this project but what a site would, so that any environment that has the peer can
run it.
"""

import asyncio
import base64
import itertools
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from flask import Flask, jsonify, request
from werkzeug.test import create_environ

WIDTH, HEIGHT = 166, 90
LENGTH = 5
SECRET = "the same in every worker, as all of them ask for it"  # noqa: S105 - it signs nothing
SECONDS_A_ROUND = 0.3

#: What a client sends to pass: the hidden fields, the name of the text's field, and the text.
Solution = tuple[dict[str, str], str, str]


@dataclass
class Site:
    """An app, and what a client that happens to know the answers needs."""

    app: Flask
    packages: Sequence[str]
    #: Returns the solution of the captcha that was issued last, given the body of the response with it.
    solve: Callable[[bytes], Solution]
    path: str = "/captcha"


def ours(directory: str) -> Site:
    """Make ours as the quick start has it."""
    return _ours({})


def ours_on_files(directory: str) -> Site:
    """Make ours with a cache that workers share."""
    return _ours({"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": f"{directory}/captchas", "CACHE_THRESHOLD": 0})


def _ours(settings: dict[str, Any]) -> Site:
    from flask_captcha_api import CaptchaApi, Challenge, verify_captcha
    from flask_captcha_api.challenges.makers import digits

    last = Challenge("", "")

    def remembered(length: int) -> Challenge:
        nonlocal last
        last = digits(length)
        return last

    app = Flask(__name__)
    app.config.update(SECRET_KEY=SECRET, **settings)
    CaptchaApi(app, kinds={"digits": remembered})

    @app.post("/guarded")
    @verify_captcha("uuid", "code")
    def guarded() -> Any:
        return jsonify(passed=True)

    def solve(body: bytes) -> Solution:
        # The last member; parsing the rest is a client's work, and no part of the trip.
        return {"uuid": body.rpartition(b'"uuid":"')[2][:23].decode()}, "code", last.answer

    return Site(app, ["flask_captcha_api", "flask-caching"], solve, path="/captcha/login")


def flask_session_captcha(directory: str) -> Site:
    """Make flask-session-captcha's with Flask's own sessions, which are cookies."""
    return _in_session(Flask(__name__), [])


def flask_session_captcha_on_files(directory: str) -> Site:
    """Make flask-session-captcha's with Flask-Session, as its README has it; the sessions are files."""
    from cachelib import FileSystemCache
    from flask_session import Session

    app = Flask(__name__)
    app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=FileSystemCache(f"{directory}/sessions", threshold=0))
    Session(app)
    return _in_session(app, ["flask-session"])


def _in_session(app: Flask, packages: Sequence[str]) -> Site:
    from flask_session_captcha import FlaskSessionCaptcha

    app.config.update(SECRET_KEY=SECRET, CAPTCHA_LENGTH=LENGTH, CAPTCHA_WIDTH=WIDTH, CAPTCHA_HEIGHT=HEIGHT)
    captcha = FlaskSessionCaptcha(app)
    last = ""

    @app.get("/captcha")
    def issue() -> str:
        nonlocal last
        html = captcha.generate()
        last = captcha.get_answer()
        return str(html)

    @app.post("/guarded")
    def guarded() -> Any:
        return _told(captcha.validate())

    return Site(app, ["flask-session-captcha", "captcha", *packages], lambda body: ({}, "captcha", last))


def flask_simple_captcha(directory: str) -> Site:
    """Make flask-simple-captcha's. Its picture is always 180 × 60; of its two formats JPEG is the faster one."""
    from flask_simple_captcha import CAPTCHA

    app = Flask(__name__)
    captcha = CAPTCHA({"SECRET_CAPTCHA_KEY": SECRET, "CAPTCHA_LENGTH": LENGTH, "CHARACTER_POOL": "0123456789"})
    last: dict[str, str] = {}

    @app.get("/captcha")
    def issue() -> str:
        last.update(captcha.create())
        return str(captcha.captcha_html(last))

    @app.post("/guarded")
    def guarded() -> Any:
        return _told(captcha.verify(request.form["captcha-text"], request.form["captcha-hash"]))

    def solve(body: bytes) -> Solution:
        return {"captcha-hash": last["hash"]}, "captcha-text", last["text"]

    return Site(app, ["flask-simple-captcha"], solve)


def captchakit(directory: str) -> Site:
    """Make captchakit's behind a minimal view, as it has no adapter for Flask. One event loop serves all requests."""
    from captchakit import CaptchaManager, ImageRenderer, MemoryStorage, TextChallengeFactory
    from captchakit.errors import CaptchaKitError

    app = Flask(__name__)
    storage = MemoryStorage()
    factory = TextChallengeFactory(length=LENGTH, charset="0123456789")
    manager = CaptchaManager(factory, ImageRenderer(width=WIDTH, height=HEIGHT), storage)
    loop = asyncio.new_event_loop()
    last = ""

    @app.get("/captcha")
    def issue() -> Any:
        nonlocal last
        last, picture = loop.run_until_complete(manager.issue())
        return jsonify(id=last, image=base64.b64encode(picture).decode())

    @app.post("/guarded")
    def guarded() -> Any:
        try:
            return _told(loop.run_until_complete(manager.verify(request.form["id"], request.form["text"])))
        except CaptchaKitError:
            return _told(False)

    return Site(app, ["captchakit"], lambda body: ({"id": last}, "text", storage._data[last].solution))


def _told(passed: bool) -> Any:
    return jsonify(passed=passed), 200 if passed else 422


#: The client of this site asks for everything from one address, so that ``auto`` makes its pictures hard.
ONE_VISITOR = "flask_captcha_api, all for one visitor"

SITES: dict[str, Callable[[str], Site]] = {
    "flask_captcha_api": ours,
    ONE_VISITOR: ours,
    "flask_captcha_api, on files": ours_on_files,
    "flask-session-captcha": flask_session_captcha,
    "flask-session-captcha, on files": flask_session_captcha_on_files,
    "flask-simple-captcha": flask_simple_captcha,
    "captchakit": captchakit,
}


def _address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


class Client:
    """Speaks to a site through its WSGI stack. What a server says of a request is made once, for all requests.

    Every captcha is asked for by another visitor, from an address of its own, unless ``is_one_visitor``.
    """

    def __init__(self, site: Site, *, is_one_visitor: bool = False) -> None:
        self._site = site
        self._visitors = itertools.repeat("10.0.0.0") if is_one_visitor else map(_address, itertools.count())
        form = "application/x-www-form-urlencoded"
        self._get = create_environ(site.path)
        self._post = create_environ("/guarded", method="POST", content_type=form)

    def issue(self) -> dict[str, Any]:
        """Get a captcha as the next visitor; returns what its client holds, and the answer."""
        self._get["REMOTE_ADDR"] = self._post["REMOTE_ADDR"] = next(self._visitors)
        status, headers, body = self._call(self._get, b"", "")
        if status != 200:
            return {"status": status}
        cookie = "; ".join(value.partition(";")[0] for name, value in headers if name == "Set-Cookie")
        fields, text_name, answer = self._site.solve(body)
        return {"status": status, "fields": fields, "text_name": text_name, "answer": answer, "cookie": cookie}

    def spend(self, held: dict[str, Any], text: str) -> int:
        """Send a text for a captcha; returns the status."""
        body = urlencode({**held["fields"], held["text_name"]: text}).encode()
        return self._call(self._post, body, held["cookie"])[0]

    def seconds_for_a_trip(self) -> float:
        """Get captchas and solve them for a while; returns how long one takes."""
        trips = 0
        begin = now = time.perf_counter()
        while now < begin + SECONDS_A_ROUND:
            held = self.issue()
            if self.spend(held, held["answer"]) != 200:
                raise SystemExit("a captcha that was solved was refused")
            trips += 1
            now = time.perf_counter()
        return (now - begin) / trips

    def say_that_there_are_more_processes(self) -> None:
        """Have the server say what it says when it runs several workers."""
        for environ in (self._get, self._post):
            environ["wsgi.multiprocess"] = True

    def _call(self, environ: dict[str, Any], body: bytes, cookie: str) -> tuple[int, list[tuple[str, str]], bytes]:
        told: list[Any] = []
        request_environ = {
            **environ,
            "wsgi.input": BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_COOKIE": cookie,
        }

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[..., object]:
            told.extend((status, headers))
            return lambda data: None

        answer = b"".join(self._site.app.wsgi_app(request_environ, start_response))
        return int(told[0].split()[0]), told[1], answer


def main() -> None:
    """Answer what standard input asks."""
    site = SITES[sys.argv[1]](sys.argv[2])
    client = Client(site, is_one_visitor=sys.argv[1] == ONE_VISITOR)
    for line in sys.stdin:
        match json.loads(line):
            case ["versions"]:
                answer: Any = {name: version(name) for name in ("flask", "werkzeug", "pillow", *site.packages)}
            case ["time"]:
                answer = client.seconds_for_a_trip()
            case ["issue"]:
                answer = client.issue()
            case ["spend", held, text]:
                answer = client.spend(held, text)
            case ["several"]:
                client.say_that_there_are_more_processes()
                answer = None
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
