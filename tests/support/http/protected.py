"""A protected view for tests, and what is sent to it."""

from typing import Any

from flask import Flask, Response, jsonify
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_captcha_api import verify_captcha

from ...conftest import ANSWER

PASSED = {"passed": True}


def passed() -> Response:
    return jsonify(PASSED)


def guard(app: Flask, *names: str, **options: Any) -> FlaskClient:
    """Add a guarded view at ``/guarded`` that answers every method."""
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    app.add_url_rule("/guarded", view_func=verify_captcha(*names, **options)(passed), methods=methods)
    return app.test_client()


def fields(uuid: str, text: str = ANSWER) -> dict[str, str]:
    return {"uuid": uuid, "code": text}


def post(client: FlaskClient, uuid: str, text: str = ANSWER, **more: Any) -> TestResponse:
    return client.post("/guarded", json=fields(uuid, text), **more)


def told(response: TestResponse) -> tuple[int, Any]:
    return response.status_code, response.get_json()
