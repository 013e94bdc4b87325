"""Signals: what receivers are told, and that they can do no harm."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from flask_jwt_extended import JWTManager, create_access_token

from flask_captcha_api import CaptchaApi, Outcome, verify_captcha, verify_captcha_in_request
from flask_captcha_api.signals import captcha_issued, captcha_verified

from ..conftest import ANSWER

Issue = Callable[..., str]


@pytest.fixture
def told(app: Flask) -> Iterator[list[dict[str, Any]]]:
    """Collect what both signals of the app tell."""
    heard: list[dict[str, Any]] = []

    def receive(sender: Any, **about: Any) -> None:
        assert sender is app
        heard.append(about)

    with captcha_issued.connected_to(receive, app), captcha_verified.connected_to(receive, app):
        yield heard


def test_a_captchas_life_is_told(client: FlaskClient, issue: Issue, told: list[dict[str, Any]]) -> None:
    """Issued, passed, and gone when it is tried again: with the source where the store knows it."""
    uuid = issue("login")
    for _ in range(2):
        client.post("/captcha/login", json={"uuid": uuid, "code": ANSWER})
    client.post("/captcha/login", json={"uuid": issue("web"), "code": ANSWER})
    client.post("/captcha/login", json={})
    assert told == [
        {"source": "login", "form": "image", "identity": None},
        {"outcome": Outcome.PASSED, "source": "login", "identity": None},
        {"outcome": Outcome.GONE, "source": None, "identity": None},
        {"source": "web", "form": "image", "identity": None},
        {"outcome": Outcome.WRONG, "source": "web", "identity": None},
        {"outcome": Outcome.MALFORMED, "source": None, "identity": None},
    ]


def test_a_kept_captcha_is_issued_too(
    app: Flask, captcha: CaptchaApi, issue: Issue, told: list[dict[str, Any]]
) -> None:
    """Every captcha that passes was issued, so that the numbers of both agree."""
    with app.test_request_context(method="POST", data={"uuid": issue(), "code": ANSWER}):
        kept = verify_captcha_in_request().keep(1)
        assert kept is not None
        captcha.verify(kept.uuid, kept.text)
    passed = {"outcome": Outcome.PASSED, "source": "web", "identity": None}
    assert told == [
        {"source": "web", "form": "image", "identity": None},
        passed,
        {"source": "web", "form": "kept", "identity": None},
        passed,
    ]


def test_the_identity_is_told(app: Flask, told: list[dict[str, Any]]) -> None:
    """Whose captcha it is, where the client sends a token; and that it was a sound."""
    app.config["JWT_SECRET_KEY"] = "a secret of the tests that is long enough"
    JWTManager(app)
    CaptchaApi(app)
    with app.app_context():
        headers = {"Authorization": f"Bearer {create_access_token('ann')}"}
    app.test_client().get("/captcha/web/audio", headers=headers)
    assert told == [{"source": "web", "form": "audio", "identity": "ann"}]


def test_guards_tell_too(app: Flask, captcha: CaptchaApi, issue: Issue, told: list[dict[str, Any]]) -> None:
    """A guarded route's verification is told like that of our own route."""

    @app.post("/guarded")
    @verify_captcha()
    def guarded() -> str:
        return "passed"

    app.test_client().post("/guarded", json={"uuid": issue(), "code": "1"})
    assert told[-1] == {"outcome": Outcome.WRONG, "source": "web", "identity": None}


def test_no_signal_carries_the_answer(issue: Issue, client: FlaskClient, told: list[dict[str, Any]]) -> None:
    """Neither what was asked nor what was typed is in any of them."""
    client.post("/captcha/web", json={"uuid": issue(), "code": ANSWER})
    assert ANSWER not in repr(told)


def test_a_receiver_that_fails_harms_nobody(
    app: Flask, client: FlaskClient, issue: Issue, told: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    """Its error is logged, the other receivers are told, and the visitor gets what is due."""

    def fail(sender: Any, **about: Any) -> None:
        raise RuntimeError("the metrics are down")

    with captcha_issued.connected_to(fail, app), captcha_verified.connected_to(fail, app):
        uuid = issue()
        assert client.post("/captcha/web", json={"uuid": uuid, "code": ANSWER}).get_json()["code"] == "00000"
    assert len(told) == 2
    assert [record.getMessage() for record in caplog.records] == [
        "a receiver of the signal 'captcha-issued' failed",
        "a receiver of the signal 'captcha-verified' failed",
    ]
    assert ANSWER not in caplog.text


def test_another_apps_captchas_are_not_told(told: list[dict[str, Any]]) -> None:
    """A receiver connected to one app hears nothing of a second one in the same process."""
    other = Flask("other")
    other.config["SECRET_KEY"] = "s"
    CaptchaApi(other)
    other.test_client().get("/captcha/web")
    assert told == []


def test_muted_signals_tell_nothing(client: FlaskClient, issue: Issue, told: list[dict[str, Any]]) -> None:
    """What blinker mutes is silent, and each signal by itself."""
    with captcha_issued.muted():
        uuid = issue()
    assert told == []
    with captcha_verified.muted():
        client.post("/captcha/web", json={"uuid": uuid, "code": ANSWER})
    assert told == []
    issue()
    assert len(told) == 1


def test_a_receiver_may_be_async(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """It is run to its end within the request, for our routes as for guards of plain and of async views."""
    heard: list[tuple[str, str]] = []

    async def receive(sender: Any, *, outcome: Outcome, **about: Any) -> None:
        await asyncio.sleep(0)
        heard.append((request.path, outcome.name))

    @app.post("/plain")
    @verify_captcha()
    def plain() -> str:
        return "passed"

    @app.post("/async")
    @verify_captcha()
    async def waiting() -> str:
        return "passed"

    with captcha_verified.connected_to(receive, app):
        for path in ("/captcha/web", "/plain", "/async"):
            app.test_client().post(path, json={"uuid": issue(), "code": ANSWER})
    assert heard == [("/captcha/web", "PASSED"), ("/plain", "PASSED"), ("/async", "PASSED")]


@pytest.mark.parametrize("error", [RuntimeError, asyncio.CancelledError])
def test_an_async_receiver_that_fails_harms_nobody(
    app: Flask, captcha: CaptchaApi, issue: Issue, caplog: pytest.LogCaptureFixture, error: type[BaseException]
) -> None:
    """Neither by an error nor by a task of its own that was cancelled."""

    async def fail(sender: Any, **about: Any) -> None:
        raise error

    with captcha_issued.connected_to(fail, app):
        assert issue()
    assert [record.getMessage() for record in caplog.records] == ["a receiver of the signal 'captcha-issued' failed"]


def test_a_receiver_that_ends_the_process_ends_it(app: Flask, captcha: CaptchaApi) -> None:
    """What a server raises to stop a worker is no failure of a receiver."""

    def stop(sender: Any, **about: Any) -> None:
        raise SystemExit

    with captcha_issued.connected_to(stop, app), app.app_context(), pytest.raises(SystemExit):
        captcha.issue("web")


class Receiver:
    """A receiver that is an object."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    async def __call__(self, sender: Any, *, outcome: Outcome, **about: Any) -> None:
        await asyncio.sleep(0)
        self.heard.append((request.path, outcome.name))


def test_an_async_receiver_inside_an_async_view(
    app: Flask, captcha: CaptchaApi, issue: Issue, told: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    """It is run to its end there too, in the context of the request, as function and as object."""
    receiver = Receiver()

    async def receive(sender: Any, **about: Any) -> None:
        await receiver(sender, **about)

    @app.post("/async")
    async def waiting() -> str:
        verify_captcha_in_request()
        return "passed"

    with captcha_verified.connected_to(receive, app), captcha_verified.connected_to(receiver, app):
        assert app.test_client().post("/async", json={"uuid": issue(), "code": ANSWER}).text == "passed"
    assert receiver.heard == [("/async", "PASSED")] * 2
    assert told[-1] == {"outcome": Outcome.PASSED, "source": "web", "identity": None}
    assert caplog.records == []


@pytest.mark.parametrize("error", [RuntimeError, asyncio.CancelledError])
def test_an_async_receiver_that_fails_inside_an_async_view_harms_nobody(
    app: Flask, captcha: CaptchaApi, issue: Issue, caplog: pytest.LogCaptureFixture, error: type[BaseException]
) -> None:
    """It is logged there too."""

    async def fail(sender: Any, **about: Any) -> None:
        raise error

    @app.post("/async")
    async def waiting() -> str:
        verify_captcha_in_request()
        return "passed"

    with captcha_verified.connected_to(fail, app):
        assert app.test_client().post("/async", json={"uuid": issue(), "code": ANSWER}).text == "passed"
    assert [record.getMessage() for record in caplog.records] == ["a receiver of the signal 'captcha-verified' failed"]
