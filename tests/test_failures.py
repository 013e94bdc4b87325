"""Captchas that are asked only after failures."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from flask_captcha_api import CaptchaApi, fewer_failures_than, verify_captcha

from .conftest import ANSWER
from .servers import free_port

Issue = Callable[..., str]


@pytest.fixture
def failures_in(app: Flask) -> Callable[..., FlaskClient]:
    """Set up a login that asks for a captcha after two failures of an account; returns a client."""

    def set_up(**settings: Any) -> FlaskClient:
        app.config.update(settings)
        CaptchaApi(app)
        failures = fewer_failures_than(2, key=lambda: request.form["account"])

        @app.post("/login")
        @verify_captcha(unless=failures)
        def login() -> str:
            if request.form["password"] != "right":
                failures.add()
                return "wrong"
            failures.clear()
            return "in"

        return app.test_client()

    return set_up


def log_in(client: FlaskClient, account: str = "ann", *, password: str = "wrong", **fields: str) -> str:
    response = client.post("/login", data={"account": account, "password": password, **fields})
    return response.get_json()["code"] if response.is_json else response.text


def test_a_captcha_is_asked_after_so_many_failures(failures_in: Callable[..., FlaskClient], issue: Issue) -> None:
    """The third attempt needs one, that of another account does not, and success forgets the failures."""
    client = failures_in()
    assert [log_in(client) for _ in range(3)] == ["wrong", "wrong", "01001"]
    assert log_in(client, account="bob") == "wrong"
    assert log_in(client, password="right") == "01001"
    assert log_in(client, password="right", uuid=issue(), code=ANSWER) == "in"
    assert log_in(client, password="right") == "in"


def test_with_the_storage_down_the_captcha_is_asked(failures_in: Callable[..., FlaskClient], issue: Issue) -> None:
    """What cannot be told is no reason to skip it; counting goes on failing quietly."""
    client = failures_in(CAPTCHA_RATE_LIMIT_STORAGE=f"redis://127.0.0.1:{free_port()}")
    assert log_in(client) == "01001"
    assert log_in(client, uuid=issue(), code=ANSWER) == "wrong"


def test_failures_at_the_same_moment_are_all_counted(app: Flask, captcha: CaptchaApi) -> None:
    """Thirty-two threads that fail together are thirty-two failures."""
    failures = fewer_failures_than(32, key=lambda: "ann")
    barrier = threading.Barrier(32)

    def fail() -> None:
        with app.test_request_context():
            barrier.wait()
            failures.add()

    threads = [threading.Thread(target=fail) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.test_request_context():
        assert not failures()
        failures.clear()
        assert failures()


def test_the_key_is_not_kept(app: Flask, captcha: CaptchaApi) -> None:
    """An account's name does not stand in the storage."""
    failures = fewer_failures_than(3, key=lambda: "ann@example.org")
    with app.test_request_context():
        failures.add()
        (key,) = app.extensions["captcha_api"].counters.get()._limiter.get().storage.storage
    assert key.startswith("captcha_api/failures/")
    assert "ann" not in key


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 3, "seconds": 0}])
def test_a_limit_that_limits_nothing_is_refused(wrong: dict[str, int]) -> None:
    """Fewer than no failures are never there."""
    with pytest.raises(ValueError, match="must be at least 1"):
        fewer_failures_than(wrong.pop("limit"), key=lambda: "x", **wrong)
