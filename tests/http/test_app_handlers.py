"""Protected views in apps with handlers, mounts and CSRF protection of their own."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, abort
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import HTTPException

from flask_captcha_api import (
    CaptchaApi,
    CaptchaRejected,
    Outcome,
    verify_captcha_in_request,
)
from flask_captcha_api.testing import answers

from ..conftest import ANSWER
from ..support.backends import NaiveCache
from ..support.http.envelopes import envelope
from ..support.http.protected import fields, guard, post, told

Issue = Callable[..., str]
Json = dict[str, Any]

REQUIRED = envelope("captcha_required")
WRONG = envelope("captcha_wrong")
GONE = envelope("captcha_gone")
SOURCE_UNKNOWN = envelope("source_unknown")
UNAVAILABLE = envelope("store_unavailable")
METHOD_NOT_ALLOWED = envelope("method_not_allowed")


def set_up(app: Flask, step: Callable[[], object], *, comes_first: bool) -> None:
    """Let an app take a step of its own before or after CaptchaApi."""
    if comes_first:
        step()
    CaptchaApi(app)
    if not comes_first:
        step()


@pytest.mark.parametrize("handled", [HTTPException, Exception, 422], ids=["HTTPException", "Exception", "422"])
@pytest.mark.parametrize("trap", [False, True], ids=["not trapping", "trapping"])
@pytest.mark.parametrize("comes_first", [True, False], ids=["before us", "after us"])
def test_generic_handlers_leave_us_alone(app: Flask, issue: Issue, handled: Any, trap: bool, comes_first: bool) -> None:
    """An app's handlers of wide classes and of a status get its own errors, not ours."""
    app.config["TRAP_HTTP_EXCEPTIONS"] = trap
    set_up(app, lambda: app.register_error_handler(handled, lambda error: "swallowed"), comes_first=comes_first)
    app.add_url_rule("/fails", view_func=lambda: abort(422))
    client = guard(app)
    assert client.get("/fails").text == "swallowed"
    assert told(post(client, issue(), "00000")) == (422, WRONG)
    assert told(client.post("/guarded")) == (400, REQUIRED)
    assert told(client.post("/captcha/web", json=fields("1" * 23))) == (422, GONE)
    assert told(client.get("/captcha/web/nothing")) == (404, SOURCE_UNKNOWN)
    assert told(client.put("/captcha/web")) == (405, METHOD_NOT_ALLOWED)


@pytest.mark.parametrize("comes_first", [True, False], ids=["before us", "after us"])
def test_app_may_answer_a_rejection_itself(app: Flask, issue: Issue, comes_first: bool) -> None:
    """An app's handler for CaptchaRejected gets the outcome and the envelope, and its answer is what counts."""

    def answer(rejected: CaptchaRejected) -> tuple[Json, int]:
        assert isinstance(rejected.response, Response)
        return {"outcome": str(rejected.outcome), "envelope": rejected.response.get_json()}, 418

    set_up(app, lambda: app.register_error_handler(CaptchaRejected, answer), comes_first=comes_first)
    client, uuid = guard(app), issue()
    assert told(client.post("/guarded")) == (418, {"outcome": "Outcome.MALFORMED", "envelope": REQUIRED})
    assert told(post(client, uuid, "00000")) == (418, {"outcome": "Outcome.WRONG", "envelope": WRONG})
    assert told(post(client, uuid)) == (418, {"outcome": "Outcome.GONE", "envelope": GONE})


@pytest.mark.parametrize(
    ("text", "status", "outcome"),
    [("", 400, Outcome.MALFORMED), ("00000", 422, Outcome.WRONG)],
)
def test_rejection_knows_its_status(
    app: Flask, captcha: CaptchaApi, issue: Issue, text: str, status: int, outcome: Outcome
) -> None:
    """The status stands on the instance, not on the class, where Flask would file the handler under it."""
    with app.test_request_context(json=fields(issue(), text), method="POST"), pytest.raises(CaptchaRejected) as caught:
        verify_captcha_in_request()
    assert vars(CaptchaRejected)["code"] is None
    assert (caught.value.code, caught.value.outcome) == (status, outcome)
    assert caught.value.get_response().status_code == status


class DownCache(NaiveCache):
    """A cache whose server went away after the captcha was issued."""

    def get(self, key: str) -> Any:
        raise ConnectionError("refused")


def test_outage_is_told_and_has_no_outcome(app: Flask, issue: Issue) -> None:
    """While the store fails the view does not run: 503 with Retry-After, and no outcome for a handler."""
    app.config["CACHE_TYPE"] = f"{__name__}.DownCache"
    CaptchaApi(app)
    client, uuid = guard(app), issue()
    response = post(client, uuid)
    assert (*told(response), "Retry-After" in response.headers) == (503, UNAVAILABLE, True)
    with app.test_request_context(json=fields(uuid), method="POST"), pytest.raises(CaptchaRejected) as caught:
        verify_captcha_in_request()
    assert (caught.value.code, caught.value.outcome) == (503, None)


MOUNTS: dict[str, tuple[str, str]] = {
    "prefix": ("http://example.test/api/captcha", "http://example.test/api/x"),
    "nested": ("http://example.test/parent/captcha", "http://example.test/parent/x"),
    "subdomain": ("http://api.example.test/captcha", "http://example.test/captcha/web"),
}


def mount(app: Flask, way: str) -> None:
    blueprint = CaptchaApi(url_prefix=None).init_app(app)
    if way == "prefix":
        app.register_blueprint(blueprint, url_prefix="/api/captcha")
    elif way == "nested":
        parent = Blueprint("parent", __name__, url_prefix="/parent")
        parent.register_blueprint(blueprint)
        app.register_blueprint(parent)
    else:
        app.register_blueprint(blueprint, subdomain="api")


@pytest.mark.parametrize("protected", [False, True], ids=["", "CSRFProtect"])
@pytest.mark.parametrize("way", MOUNTS)
def test_app_may_mount_the_blueprint_itself(way: str, protected: bool) -> None:
    """Wherever the app mounts it, the blueprint answers there, its errors too, and nowhere else."""
    app = Flask("app", subdomain_matching=True)
    app.config.update(SECRET_KEY="a secret of the tests", SERVER_NAME="example.test")
    if protected:
        CSRFProtect(app)
    mount(app, way)
    (base, beside), client = MOUNTS[way], app.test_client()
    with answers(app, ANSWER):
        uuid = client.get(f"{base}/web").get_json()["response"]["uuid"]
    assert told(client.post(f"{base}/web", json=fields(uuid, "00000"))) == (422, WRONG)
    assert told(client.post(f"{base}/web", json=fields(uuid))) == (422, GONE)
    assert told(client.get(f"{base}/a.b")) == (404, SOURCE_UNKNOWN)
    assert told(client.get(f"{base}/web/nothing")) == (404, SOURCE_UNKNOWN)
    assert told(client.put(f"{base}/web")) == (405, METHOD_NOT_ALLOWED)
    for other in (beside, f"{base}x/web"):
        response = client.get(other)
        assert (response.status_code, response.mimetype) == (404, "text/html")


@pytest.mark.parametrize("comes_first", [True, False], ids=["before us", "after us"])
def test_csrf_protection_spares_our_routes_alone(app: Flask, issue: Issue, comes_first: bool) -> None:
    """Under CSRFProtect our POST needs no CSRF token, and the app's guarded route does, spending nothing."""
    set_up(app, lambda: CSRFProtect(app), comes_first=comes_first)
    client = guard(app)
    assert told(client.post("/captcha/web", json=fields("1" * 23))) == (422, GONE)
    uuid = issue()
    refused = post(client, uuid)
    assert (refused.status_code, "CSRF token is missing" in refused.text) == (400, True)
    assert client.post("/captcha/web", json=fields(uuid)).status_code == 200
