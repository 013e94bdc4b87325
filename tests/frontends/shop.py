"""A recipe's app, running: what its pages come from, and a record of what they send."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import jwt
from flask import Flask, Response, request, send_from_directory

from flask_captcha_api.testing import answers

from ..support import pages
from ..support.servers import free_port
from .recipes import RECIPES

ANSWER = "40718"
#: Nothing inline, no eval, nothing from elsewhere.
POLICY = "default-src 'self'; img-src 'self' data:; media-src 'self' data:"


class Sent(NamedTuple):
    """A request, and how it was answered."""

    method: str
    path: str
    status: int
    token: str | None


class Shop:
    """The running app."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.address = ""
        #: Requests to the app's own routes and to the captcha routes, files excepted.
        self.sent: list[Sent] = []
        #: By how much a token that the login returns is older than it says.
        self.age = timedelta(0)
        self.policy = POLICY

    def posts(self) -> list[tuple[str, int]]:
        """Return the path and status of every form that was sent."""
        return [(each.path, each.status) for each in self.sent if each.method == "POST"]

    def aged(self, token: str) -> str:
        """Return a token as it would be had it been issued earlier."""
        key = self.app.config["SECRET_KEY"]
        claims = jwt.decode(token, key, algorithms=["HS256"])
        return jwt.encode({**claims, **{name: claims[name] - self.age.seconds for name in ("iat", "nbf", "exp")}}, key)


def make_shop(page: str, files: Path, changes: Mapping[str, str]) -> Shop:
    """Make the app of a recipe's page, with a folder of files that it serves, and some words of it replaced."""
    recipe = RECIPES / f"{page}.md"
    app: Flask = pages.run(recipe, changes)["app"]
    app.jinja_loader = pages.templates_of(recipe)
    shop = Shop(app)

    if page == "index":  # the others have a front page
        app.add_url_rule("/", "front_page", lambda: send_from_directory(files, "index.html"))
    app.add_url_rule("/<path:file>", "front_file", lambda file: send_from_directory(files, file))

    @app.after_request
    def record(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = shop.policy
        if request.path.startswith(("/api/", "/captcha/")) and "/static/" not in request.path:
            shop.sent.append(
                Sent(request.method, request.path, response.status_code, request.headers.get("Authorization"))
            )
        if shop.age and request.path == "/api/login" and response.status_code == 200:
            if response.is_json:
                response.set_data(app.json.dumps({"token": shop.aged(response.get_json()["token"])}))
            elif header := response.headers.get("Authorization"):
                response.headers["Authorization"] = "Bearer " + shop.aged(header.removeprefix("Bearer "))
        return response

    return shop


@contextmanager
def open_shop(page: str, files: Path, changes: Mapping[str, str]) -> Iterator[Shop]:
    """Serve the app of a page from a thread of this process, the answer of its captchas known."""
    shop = make_shop(page, files, changes)
    port = free_port()
    shop.address = f"http://127.0.0.1:{port}"
    with answers(shop.app, ANSWER), pages.serving(shop.app, port):
        yield shop
