"""Functions of an app that may be async: how they are recognised, and how they are awaited."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from flask import Flask, request

from flask_captcha_api.coroutines import is_async, resolve


def plain() -> str:
    return request.path


async def waiting() -> str:
    await asyncio.sleep(0)
    return request.path


class Waiting:
    async def __call__(self) -> str:
        return await waiting()

    async def method(self) -> str:
        return await waiting()


@wraps(waiting)
def returning() -> Awaitable[str]:
    return waiting()


async def generating() -> Any:
    yield request.path


async def asking_a_thread() -> str:
    """Run sync code from async code, as an ORM does."""
    return await sync_to_async(plain)()


#: Async functions, and whether that shows before they are called.
ASYNC: dict[str, tuple[Callable[[], Any], bool]] = {
    "function": (waiting, True),
    "method": (Waiting().method, True),
    "object": (Waiting(), True),
    "partial": (partial(partial(waiting)), True),
    "partial of an object": (partial(Waiting()), True),
    "function that returns a coroutine": (returning, False),
    "lambda": (lambda: waiting(), False),
    "with sync code in it": (asking_a_thread, True),
}


@pytest.mark.parametrize(("function", "shows"), ASYNC.values(), ids=ASYNC)
def test_async_functions_are_recognised(function: Callable[[], Any], shows: bool) -> None:
    """Whatever form they have, as long as it shows without a call."""
    assert is_async(function) is shows


#: By name, since a repr with an address in it would name a test otherwise in each worker of pytest-xdist.
OTHERS: dict[str, object] = {
    "function": plain,
    "partial": partial(plain),
    "class": Waiting,
    "method": str.upper,
    "bound method": "x".upper,
    "None": None,
    "number": 5,
}


@pytest.mark.parametrize("function", OTHERS.values(), ids=OTHERS)
def test_others_are_not(function: object) -> None:
    """Neither plain functions, nor a class whose objects are async, nor what is no function."""
    assert not is_async(function)


def test_an_async_generator_is_recognised() -> None:
    """It is no function that could return a challenge."""
    assert is_async(generating)


@pytest.mark.parametrize("function", [plain, *(function for function, _ in ASYNC.values())], ids=["plain", *ASYNC])
@pytest.mark.parametrize("inside_a_loop", [False, True], ids=["", "in an async view"])
def test_the_value_of_sync_and_async_functions(app: Flask, function: Callable[[], Any], inside_a_loop: bool) -> None:
    """Both are run to their end, in the context of the request, and in an async view as well."""

    def value() -> str:
        return str(resolve(function(), app.ensure_sync))

    async def value_in_a_loop() -> str:
        return value()

    app.add_url_rule("/here", "view", value_in_a_loop if inside_a_loop else value)
    assert app.test_client().get("/here").text == "/here"


@pytest.mark.parametrize("inside_a_loop", [False, True], ids=["", "in an async view"])
def test_what_an_async_function_raises_is_raised(app: Flask, inside_a_loop: bool) -> None:
    """As a plain function's error is."""

    async def failing() -> None:
        raise KeyError("account")

    def call() -> None:
        resolve(failing(), app.ensure_sync)

    async def call_in_a_loop() -> None:
        call()

    with pytest.raises(KeyError, match="account"):
        app.ensure_sync(call_in_a_loop if inside_a_loop else call)()


def test_a_task_of_the_views_own_loop_is_an_error(app: Flask) -> None:
    """It can only go on when the view does, so it cannot be waited for: an error, and no endless wait."""

    async def in_a_loop() -> None:
        task = asyncio.ensure_future(asyncio.sleep(0))
        with pytest.raises(RuntimeError, match="attached to a different loop"):
            resolve(task, app.ensure_sync)
        task.cancel()

    asyncio.run(in_a_loop())


def test_without_the_extra_the_remedy_is_told(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flask says what to install; nothing is left that Python would warn of."""
    monkeypatch.setitem(sys.modules, "asgiref.sync", None)
    with pytest.raises(RuntimeError, match="Install Flask with the 'async' extra"):
        resolve(waiting(), app.ensure_sync)
