"""The captcha service for other apps, with an answer that the test knows, and what its clients send.

The tests of ``tests/recipes`` use this module too, in an environment of their own.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from flask_captcha_api.siteverify import create_app
from flask_captcha_api.testing import answers

ANSWER = "40718"
SECRET_KEY = "the key of the service, long enough to be one"
SHOP = "the shop's secret".replace(" ", "-").ljust(40, "0")
BLOG = "the blog's secret".replace(" ", "-").ljust(40, "0")
SITES: Mapping[str, Mapping[str, Any]] = {
    "shop": {"secret": SHOP, "sources": ["shop", "checkout"], "origins": ["https://shop.example"]},
    "blog": {"secret": BLOG, "sources": ["blog"], "origins": ["https://blog.example", "http://localhost:8000"]},
}
VERIFY = "/recaptcha/api/siteverify"


def make_service(**settings: Any) -> Flask:
    """Make the service for two sites."""
    return create_app({"SECRET_KEY": SECRET_KEY, "CAPTCHA_SITES": SITES, **settings})


def issue(app: Flask, source: str = "shop", answer: str = ANSWER) -> str:
    """Issue a captcha; returns what the field of its page holds once it is solved."""
    with answers(app, answer, prompt=ANSWER):
        response = app.test_client().get(f"/captcha/{source}")
    return f"{response.get_json()['response']['uuid']}.{answer}"


def ask(client: FlaskClient, response: str, secret: str = SHOP, **more: Any) -> Any:
    """Verify a response, as a site's server does; returns the JSON."""
    return client.post(VERIFY, data={"secret": secret, "response": response, **more}).get_json()


@contextmanager
def serving(app: Any, port: int, ssl_context: Any = None) -> Iterator[None]:
    """Serve a WSGI app for the length of a with block."""
    server = make_server("127.0.0.1", port, app, threaded=True, ssl_context=ssl_context)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
