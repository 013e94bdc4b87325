"""What the diagnostics report of tokens, hooks and rates: all that stands before the routes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, abort, redirect, request
from flask_jwt_extended import JWTManager

from flask_captcha_api import CaptchaApi, is_captcha_request

from ..support.diagnosed import diagnosed, diagnosed_again
from ..support.servers import free_port

NO_MANAGER = (
    "jwt is 'required' (sources: {}) and the app has no JWTManager, so no captcha is issued: call JWTManager(app)"
)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"CAPTCHA_JWT": "required"}, NO_MANAGER.format("any")),
        (
            {"CAPTCHA_SOURCES": {"a": {"jwt": "required"}, "b": {}}},
            NO_MANAGER.format("a"),
        ),
    ],
)
def test_tokens_that_nobody_can_have(app: Flask, settings: dict[str, Any], text: str) -> None:
    """Where a token is required, the app has to have a JWTManager."""
    app.config.update(settings)
    assert diagnosed(app).errors == [text]
    JWTManager(app)
    report = diagnosed_again(app)
    assert report.errors == []
    assert report.facts["JWT"] == "captchas are bound to the token's identity; tokens are returned unchanged"


@pytest.mark.parametrize("location", ["cookies", ["cookies", "query_string"]], ids=str)
def test_required_tokens_that_never_arrive_in_a_header(app: Flask, location: Any) -> None:
    """An app whose tokens are in cookies cannot require them for captchas, which only read the header."""
    app.config.update(CAPTCHA_SOURCES={"a": {"jwt": "required"}, "b": {}}, JWT_TOKEN_LOCATION=location)
    JWTManager(app)
    (text,) = diagnosed(app).errors
    assert text.startswith("jwt is 'required' (sources: a), captchas accept a token only in the Authorization header")
    app.config["JWT_TOKEN_LOCATION"] = ["cookies", "headers"]
    assert diagnosed_again(app).errors == []


def _redirect() -> Any:
    return redirect("/login")


def _forbid() -> Any:
    abort(401)


def _require_login_for_captchas_of_reports() -> Any:
    return "log in" if request.path == "/captcha/report" else None


@pytest.mark.parametrize(
    ("hook", "text"),
    [
        (_redirect, "(localhost/captcha/static/latest/captcha-field.js: it answers instead)"),
        (_forbid, "(localhost/captcha/static/latest/captcha-field.js: it raises Unauthorized)"),
        (_require_login_for_captchas_of_reports, "(localhost/captcha/report: it answers instead)"),
    ],
)
def test_a_hook_that_keeps_visitors_from_the_routes(app: Flask, hook: Callable[[], Any], text: str) -> None:
    """The report says which request it refuses and how to let the routes pass."""
    app.config.update(CAPTCHA_SOURCES={"login": {}, "report": {}}, CAPTCHA_RATE_LIMIT="10 per day")
    app.before_request(hook)
    (found,) = diagnosed(app).errors
    assert found == (
        f"a before_request function of the app blocks the captcha routes for visitors who are not logged in {text}: "
        "let it return None if flask_captcha_api.is_captcha_request()"
    )


def test_hooks_that_let_visitors_pass(app: Flask) -> None:
    """One that lets the blueprint pass, one that wants https, and one that refuses only where a token is required."""
    app.config.update(
        CAPTCHA_SOURCES={"login": {}, "password": {"jwt": "required"}},
        APPLICATION_ROOT="/app",
        TRUSTED_HOSTS=[".example.com"],
    )
    JWTManager(app)

    @app.before_request
    def require_login() -> Any:
        return None if is_captcha_request() else redirect("/login")

    @app.before_request
    def require_https() -> Any:
        return None if request.is_secure else redirect(request.url.replace("http:", "https:"))

    @app.before_request
    def require_token() -> None:
        if request.path == "/captcha/password":
            abort(401)

    assert diagnosed(app).errors == []


def test_a_hook_that_fails(app: Flask) -> None:
    """It would fail for every visitor, too."""

    @app.before_request
    def fail() -> None:
        raise KeyError("tile")

    assert diagnosed(app).errors == [
        "a before_request function of the app raised KeyError for a request to the captcha routes, so no captcha could "
        "be issued: 'tile'"
    ]


def test_hooks_are_called_without_issuing_or_counting(app: Flask) -> None:
    """The check uses up nobody's rate and leaves no captcha behind."""
    app.config.update(CAPTCHA_RATE_LIMIT="1 per day", CAPTCHA_AUDIO=False)
    CaptchaApi(app)
    diagnosed_again(app)
    assert app.test_client().get("/captcha/any").status_code == 200


def test_rates(app: Flask) -> None:
    """Where rates are counted is told, and which sources have none; a cache for many hosts wants a storage for them."""
    app.config.update(CAPTCHA_SOURCES={"a": {"rate_limit": "30/minute"}, "b": {}})
    report = diagnosed(app)
    assert report.facts["rate limits"] == "counted in memory://"
    assert [note.partition(":")[0] for note in report.notes] == ["no rate limit on b"]


def test_rates_counted_by_each_process(app: Flask, tmp_path: Path) -> None:
    """Memory is no place to count for several processes."""
    app.config.update(
        CAPTCHA_RATE_LIMIT="30/minute", CACHE_TYPE="FileSystemCache", CACHE_DIR=str(tmp_path), CACHE_THRESHOLD=0
    )
    assert [note.partition(":")[0] for note in diagnosed(app).notes] == ["each process counts rates in its own memory"]


def test_a_storage_of_rates_that_is_down(app: Flask) -> None:
    """It is tried, and its password is not told."""
    app.config.update(
        CAPTCHA_RATE_LIMIT="30/minute", CAPTCHA_RATE_LIMIT_STORAGE=f"redis://:pass-word@127.0.0.1:{free_port()}/0?a=b"
    )
    report = diagnosed(app)
    assert report.errors == ["CAPTCHA_RATE_LIMIT_STORAGE cannot be reached, so nothing is limited: start or correct it"]
    assert "pass-word" not in str(vars(report))
