"""Captchas that are asked only after failures."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from flask_captcha_api import CaptchaApi, SetupError, fewer_failures_than, verify_captcha

from .backends import storage_uri
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


@pytest.mark.parametrize("storage", ["RedisCache", "MemcachedCache-pymemcache"])
def test_failures_at_the_same_moment_are_all_counted(
    app: Flask, monkeypatch: pytest.MonkeyPatch, settings_of: Callable[[str], dict[str, Any]], storage: str
) -> None:
    """One failure and thirty-two threads that fail together are 33, though all have read before any writes."""
    app.config["CAPTCHA_RATE_LIMIT_STORAGE"] = storage_uri(settings_of(storage))
    CaptchaApi(app)
    failures = fewer_failures_than(33, key=lambda: "ann")
    one_more = fewer_failures_than(34, key=lambda: "ann")
    counted_in: Any = app.extensions["captcha_api"].counters.get()._limiter.get().storage
    begun, read_by_all = threading.Barrier(32), threading.Barrier(32, timeout=20)
    read = counted_in.get

    def read_together(key: str) -> int:
        count: int = read(key)
        read_by_all.wait()
        return count

    def fail() -> None:
        with app.test_request_context():
            begun.wait()
            failures.add()

    with app.test_request_context():
        failures.add()
    with monkeypatch.context() as patched:
        patched.setattr(counted_in, "get", read_together)
        threads = [threading.Thread(target=fail) for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with app.test_request_context():
        assert (failures(), one_more()) == (False, True)
        failures.clear()
        assert failures()


def test_failures_that_memcached_would_not_count_are_an_error(app: Flask) -> None:
    """Beyond thirty days the count would stay at none: each use of it says so, and what to do."""
    app.config["CAPTCHA_RATE_LIMIT_STORAGE"] = f"memcached://127.0.0.1:{free_port()}"
    CaptchaApi(app)
    month = fewer_failures_than(3, key=lambda: "ann", seconds=2_592_000)
    too_long = fewer_failures_than(3, key=lambda: "ann", seconds=2_592_001)
    with app.test_request_context():
        assert not month()  # memcached does not run, so it cannot be told
        for use in (too_long, too_long.add, too_long.clear):
            with pytest.raises(SetupError, match=r"seconds=2592001, and memcached .* a CAPTCHA_RATE_LIMIT_STORAGE"):
                use()


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
