"""The app that the workers serve: the tests' app, whose answers are known to this run, with more routes."""

import os
import time
from typing import Any

from flask import Blueprint, Flask, Response, jsonify, request

from flask_captcha_api import verify_captcha
from tests.support import apps
from tests.support.backends import fast_failing_redis

#: As long as the average picture in Base64.
_AS_LARGE_AS_A_PICTURE = "A" * 4116


def make_app(settings: dict[str, Any]) -> Flask:
    """Make the app on the cache that the settings describe; ``JWT_SECRET_KEY`` among them adds a JWTManager."""
    app = apps.make_app({**_options(settings), **settings})
    if "JWT_SECRET_KEY" in settings:
        from flask_jwt_extended import JWTManager

        JWTManager(app)

    @app.get("/bare")
    def bare() -> Any:
        return jsonify(status=True, code="00000", response={"image": _AS_LARGE_AS_A_PICTURE, "uuid": "1" * 23})

    @app.post("/solve")
    @verify_captcha("uuid", "code")
    def solve() -> Any:
        return jsonify(solved=request.get_json()["uuid"])

    app.register_blueprint(_replays())

    @app.get("/worker")
    def worker() -> Any:
        return jsonify(pid=os.getpid())

    @app.get("/clock")
    def clock() -> Any:
        return jsonify(time=time.time())

    return app


def _replays() -> Blueprint:
    """Make a guarded route whose answers, all of them, say that they are its own."""
    replays = Blueprint("replays", __name__)

    @replays.post("/replay")
    @verify_captcha("uuid", "code")
    def replay() -> Any:
        return jsonify(passed=True)

    @replays.after_request
    def say_so(response: Response) -> Response:
        response.headers["Replay"] = "yes"
        return response

    return replays


def _options(settings: dict[str, Any]) -> dict[str, Any]:
    """Return what the documentation adds for Redis, which cannot be written down in the name of an app."""
    return {"CACHE_OPTIONS": fast_failing_redis()} if "Redis" in settings.get("CACHE_TYPE", "") else {}
