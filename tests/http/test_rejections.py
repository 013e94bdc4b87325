"""What an app's error handler learns from a rejection, and what other extensions make of it."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask
from flask_restx import Api, Resource
from werkzeug.exceptions import HTTPException

from flask_captcha_api import CaptchaApi, CaptchaRejected, Outcome, verify_captcha, verify_captcha_in_request

from ..conftest import ANSWER
from ..support.http.envelopes import envelope

Issue = Callable[..., str]

REQUIRED = envelope("captcha_required")


def rejection(app: Flask, **request: Any) -> CaptchaRejected:
    """Return the rejection of a request."""
    with app.test_request_context(**{"method": "POST", **request}), pytest.raises(CaptchaRejected) as caught:
        verify_captcha_in_request("id", "text")
    return caught.value


def test_it_has_the_sentence_of_its_envelope(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """Handlers need not parse the response."""
    rejected = rejection(app, json={"id": issue(), "text": "00000"})
    assert (rejected.message, rejected.description) == ("驗證碼錯誤", "驗證碼錯誤")
    assert rejected.string_code == "captcha_wrong"
    assert rejection(app).data == REQUIRED


def test_a_handler_of_a_blueprint_sees_the_sentence(app: Flask, captcha: CaptchaApi) -> None:
    """Flask calls a blueprint's handler for HTTPException, which shows the description."""
    blueprint = Blueprint("auth", __name__)
    blueprint.register_error_handler(HTTPException, lambda error: (error.description, error.code))
    blueprint.add_url_rule("/login", view_func=verify_captcha()(lambda: "in"), methods=["POST"])
    app.register_blueprint(blueprint)
    response = app.test_client().post("/login")
    assert (response.status_code, response.text) == (400, "請輸入驗證碼")


@pytest.mark.parametrize("button", ["image", "audio"])
@pytest.mark.parametrize("place", ["data", "query_string"])
def test_a_button_is_told_from_a_guess(app: Flask, captcha: CaptchaApi, issue: Issue, button: str, place: str) -> None:
    """The buttons of the widget without JavaScript submit its form, in the body or, by GET, in the query."""
    method = "POST" if place == "data" else "GET"
    uuid = issue()
    rejected = rejection(app, method=method, **{place: {"id": [uuid, button], "text": ANSWER}})
    assert (rejected.outcome, rejected.asked_for) == (Outcome.MALFORMED, button)
    with app.app_context():
        assert captcha.verify(uuid, ANSWER), "a button spends nothing"


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"id": ["1" * 23, "other"]},
        {"id": ["1" * 23, "1" * 23], "text": "audio"},
        {"id": "1" * 23, "text": ""},
        {"id": "1" * 23, "text": "12345"},
    ],
    ids=repr,
)
@pytest.mark.parametrize("query", ["", "id=audio"])
def test_everything_else_is_a_guess(app: Flask, captcha: CaptchaApi, sent: dict[str, Any], query: str) -> None:
    """So is a form that was sent from a page with a button's name in its address."""
    assert rejection(app, data=sent, query_string=query).asked_for is None


def test_what_cannot_be_read_asks_for_nothing(app: Flask, captcha: CaptchaApi) -> None:
    """A body that is too large is malformed, and nobody's button."""
    app.config["MAX_CONTENT_LENGTH"] = 100
    rejected = rejection(app, data={"id": ["1" * 23, "audio"], "more": "x" * 100})
    assert (rejected.outcome, rejected.asked_for) == (Outcome.MALFORMED, None)


def restx(app: Flask) -> Api:
    api = Api(app)

    @api.route("/login")
    class Login(Resource):  # type: ignore[misc]  # Flask-RESTX publishes no types
        @verify_captcha()
        def post(self) -> Any:
            return {"in": True}

    return api


def test_flask_restx_answers_with_the_envelope(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """It answers for its own routes, before the app's handlers are looked at."""
    restx(app)
    client = app.test_client()
    response = client.post("/login", json={})
    assert (response.status_code, response.get_json()) == (400, REQUIRED)
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers.getlist("Content-Type") == ["application/json"]
    assert client.post("/login", json={"uuid": issue(), "code": ANSWER}).get_json() == {"in": True}


def test_a_handler_of_flask_restx_decides_about_status_and_headers(app: Flask, captcha: CaptchaApi) -> None:
    """The body stays the envelope, as with every exception that has data."""
    restx(app).errorhandler(CaptchaRejected)(lambda rejected: ({}, 418, {"X-Code": rejected.string_code}))
    response = app.test_client().post("/login", json={})
    assert (response.status_code, response.get_json()) == (418, REQUIRED)
    assert response.headers["X-Code"] == "captcha_required"
