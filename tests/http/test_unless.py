"""The condition ``unless``: what lets a request through without a captcha, and what does not."""

import asyncio
import re
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask, Response, current_app, request
from flask.testing import FlaskClient

from flask_captcha_api import (
    CaptchaApi,
    SetupError,
    StoreUnavailable,
    fewer_failures_than,
    verify_captcha,
    verify_captcha_in_request,
)

from ..conftest import ANSWER
from ..support.http.envelopes import envelope
from ..support.http.protected import PASSED, guard, passed, post, told

Issue = Callable[..., str]

REQUIRED = envelope("captcha_required")
UNAVAILABLE = envelope("store_unavailable")


@pytest.mark.parametrize("fault", [SetupError("a setting"), StoreUnavailable("a cache")], ids=str)
def test_an_unless_that_cannot_tell_is_an_outage(
    app: Flask, captcha: CaptchaApi, issue: Issue, fault: Exception
) -> None:
    """A fault behind ``unless`` lets nobody through, is told as the store's faults are, and spends no captcha."""

    def unless() -> bool:
        raise fault

    client, uuid = guard(app, unless=unless), issue()
    answer = client.post("/guarded", json={"uuid": uuid, "code": ANSWER})
    assert (answer.status_code, answer.get_json()) == (503, UNAVAILABLE)
    with app.app_context():
        assert captcha.verify(uuid, ANSWER)


def test_unless_lets_through_unverified(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """While ``unless`` says true the view runs and no captcha is spent; it is asked in each request."""
    client, uuid = guard(app, unless=lambda: "Trusted" in request.headers), issue()
    assert told(client.post("/guarded", headers={"Trusted": "yes"})) == (200, PASSED)
    assert told(post(client, uuid, headers={"Trusted": "yes"})) == (200, PASSED)
    assert told(client.post("/guarded")) == (400, REQUIRED)
    assert told(post(client, uuid)) == (200, PASSED)


@pytest.mark.parametrize("unless", [False, True, "no", []], ids=repr)
def test_an_unless_that_is_no_function_is_told_at_once(app: Flask, captcha: CaptchaApi, unless: Any) -> None:
    """When the view is decorated, not in the first request; the plain function tells it when it is called."""
    with pytest.raises(TypeError, match=re.escape(f"unless={unless!r} must be a function without arguments")):
        verify_captcha(unless=unless)
    with app.test_request_context(), pytest.raises(TypeError, match="must be a function without arguments"):
        verify_captcha_in_request(unless=unless)


class Saying:
    """A condition that is an object, sync or async."""

    def __init__(self, result: object) -> None:
        self.result = result

    def __call__(self) -> Any:
        return self.result


class SayingLater(Saying):
    async def __call__(self) -> Any:
        await asyncio.sleep(0)
        return self.result


def conditions(result: object) -> dict[str, Callable[[], Any]]:
    """Return functions in all forms that give a result."""
    later = SayingLater(result)

    async def waiting() -> Any:
        return await later()

    return {
        "function": lambda: result,
        "object": Saying(result),
        "async function": waiting,
        "async object": later,
        "async method": later.__call__,
        "partial": partial(waiting),
        "function that returns a coroutine": lambda: waiting(),
    }


#: The views behind a guard, and those that ask by themselves.
CONDITIONAL: dict[str, Callable[[Any], Callable[[], Any]]] = {
    "decorator": lambda unless: verify_captcha(unless=unless)(passed),
    "decorator of an async view": lambda unless: verify_captcha(unless=unless)(passed_async),
    "function": lambda unless: asking(unless),
    "function in an async view": lambda unless: asking_in_async(unless),
}


async def passed_async() -> Response:
    return passed()


def asking(unless: Any) -> Callable[[], Any]:
    def view() -> Response:
        verify_captcha_in_request(unless=unless)
        return passed()

    return view


def asking_in_async(unless: Any) -> Callable[[], Any]:
    async def view() -> Response:
        await asyncio.sleep(0)
        verify_captcha_in_request(unless=unless)
        return passed()

    return view


def conditional(app: Flask, view: Callable[[], Any]) -> FlaskClient:
    app.add_url_rule("/guarded", "guarded", view, methods=["POST"])
    return app.test_client()


@pytest.mark.parametrize("view", CONDITIONAL.values(), ids=CONDITIONAL)
@pytest.mark.parametrize("form", conditions(True))
def test_unless_may_be_sync_or_async(
    app: Flask, captcha: CaptchaApi, caplog: pytest.LogCaptureFixture, view: Callable[[Any], Any], form: str
) -> None:
    """It is awaited where it has to be, in async views too: what it gives counts, not that it gave something."""
    client = conditional(app, view(conditions(True)[form]))
    assert told(client.post("/guarded")) == (200, PASSED)
    asking = Flask("asking")
    asking.config["SECRET_KEY"] = "s"
    CaptchaApi(asking)
    client = conditional(asking, view(conditions(False)[form]))
    assert told(client.post("/guarded")) == (400, REQUIRED)
    assert caplog.records == []


@pytest.mark.parametrize("view", CONDITIONAL.values(), ids=CONDITIONAL)
def test_an_async_unless_knows_the_request(app: Flask, captcha: CaptchaApi, view: Callable[[Any], Any]) -> None:
    """Wherever it is run, ``request`` and ``current_app`` are those of the guarded view."""

    async def is_trusted() -> bool:
        await asyncio.sleep(0)
        return current_app.name == "app" and request.headers.get("Trusted") == "yes"

    client = conditional(app, view(is_trusted))
    assert told(client.post("/guarded", headers={"Trusted": "yes"})) == (200, PASSED)
    assert told(client.post("/guarded")) == (400, REQUIRED)


@pytest.mark.parametrize("result", [False, None, 0, "", [], {}], ids=repr)
def test_what_is_false_asks_without_a_word(
    app: Flask, captcha: CaptchaApi, caplog: pytest.LogCaptureFixture, result: object
) -> None:
    """It is what a function gives that has nothing to say."""
    assert told(guard(app, unless=lambda: result).post("/guarded")) == (400, REQUIRED)
    assert caplog.records == []


class Undecided:
    def __bool__(self) -> bool:
        raise ValueError("of several items")


@pytest.mark.parametrize(
    "result",
    [1, "yes", [False], object(), Undecided(), fewer_failures_than(3, key=lambda: "k")],
    ids=["1", "text", "list", "object", "undecided", "FailureCount"],
)
@pytest.mark.parametrize("form", conditions(True))
def test_what_is_neither_true_nor_false_asks_and_is_logged_once(
    app: Flask, captcha: CaptchaApi, issue: Issue, caplog: pytest.LogCaptureFixture, result: object, form: str
) -> None:
    """Only True lets through: anything else may be a mistake, such as a function that was not called."""
    client = guard(app, unless=conditions(result)[form])
    assert [told(client.post("/guarded")) for _ in range(3)] == [(400, REQUIRED)] * 3
    assert told(post(client, issue())) == (200, PASSED)
    [record] = caplog.records
    assert (record.name, record.levelname) == ("flask_captcha_api", "ERROR")
    assert f" returned {type(result).__name__}, and only True lets a request through" in record.getMessage()
    assert ": return True or False" in record.getMessage()


@pytest.mark.parametrize("view", CONDITIONAL.values(), ids=CONDITIONAL)
def test_an_unless_that_fails_lets_nobody_through(app: Flask, captcha: CaptchaApi, view: Callable[[Any], Any]) -> None:
    """Its error is the app's own, sync or async."""

    async def failing() -> bool:
        raise KeyError("account")

    app.testing = True
    with pytest.raises(KeyError, match="account"):
        conditional(app, view(failing)).post("/guarded")


def test_an_async_unless_without_the_extra_lets_nobody_through(
    app: Flask, captcha: CaptchaApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "asgiref.sync", None)
    app.testing = True
    with pytest.raises(RuntimeError, match="Install Flask with the 'async' extra"):
        guard(app, unless=SayingLater(True)).post("/guarded")
