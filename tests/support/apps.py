"""Apps for tests that run in processes of their own, whose captchas have an answer that the test knows."""

import hashlib
import os
from typing import Any

from flask import Flask, jsonify
from flask_jwt_extended import JWTManager

from flask_captcha_api import CaptchaApi, Challenge, verify_captcha

#: The answer is derived from a secret of this test run, which the processes inherit.
_SECRET_NAME = "CAPTCHA_TESTS_SECRET"
os.environ.setdefault(_SECRET_NAME, os.urandom(16).hex())
KNOWN_ANSWER = f"{int(hashlib.sha256(os.environ[_SECRET_NAME].encode()).hexdigest(), 16) % 10**5:05d}"


def known(length: int) -> Challenge:
    """Make the challenge whose answer the tests of this run know."""
    return Challenge(KNOWN_ANSWER, KNOWN_ANSWER)


def make_app(settings: dict[str, Any] | None = None) -> Flask:
    """Make an app with two guarded routes on the cache that the settings describe.

    ``POST /guarded`` reads the body, and ``POST /guarded-by-headers`` the two headers.

    It has tokens where the settings have a JWT_SECRET_KEY.
    """
    app = Flask(__name__)
    app.config.update(SECRET_KEY="the same in every process", **(settings or {}))
    if "JWT_SECRET_KEY" in app.config:
        JWTManager(app)
    CaptchaApi(app, kinds={"digits": known})

    @app.post("/guarded")
    @verify_captcha("uuid", "code")
    def guarded() -> Any:
        return jsonify(passed=True)

    app.add_url_rule(
        "/guarded-by-headers", view_func=verify_captcha(from_headers=True)(lambda: {"passed": True}), methods=["POST"]
    )
    return app


def __getattr__(name: str) -> Flask:
    """Make the apps that Granian, which cannot call a function with arguments, finds by name."""
    if name == "default_app":
        return make_app()
    if name == "single_process_app":
        return make_app({"CAPTCHA_SINGLE_PROCESS": True})
    raise AttributeError(name)
