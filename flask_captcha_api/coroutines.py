"""Calling an app's functions, which may be sync or async, from sync code."""

import inspect
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Any


def is_async(function: object) -> bool:
    """Return whether a call would return a coroutine or an async generator, as far as can be seen without calling.

    True for an ``async def`` function, a method or partial of one, and an object whose ``__call__`` is one.
    """
    while isinstance(function, partial):
        function = function.func
    call = getattr(type(function), "__call__", None)  # noqa: B004 - the method itself, not whether there is one
    return any(inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each) for each in (function, call))


def resolve(result: Any, ensure_sync: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Any:
    """Await ``result`` if it is awaitable, and return its value.

    Inside an async view, whose event loop is busy with the caller, it is awaited in a new thread with a new loop and
    the caller's context, so that ``request`` and ``current_app`` work. Whatever belongs to the view's loop, such as a
    task or a connection opened there, cannot be awaited this way.

    :param ensure_sync: ``Flask.ensure_sync`` of the app.
    :raises RuntimeError: Flask's extra ``async`` is not installed, or ``result`` belongs to another event loop.
    """
    if not inspect.isawaitable(result):
        return result
    try:
        await_in_sync = ensure_sync(_await)
    except RuntimeError:
        if inspect.iscoroutine(result):
            result.close()  # or Python warns that it was never awaited
        raise
    if not _has_running_loop():
        return await_in_sync(result)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(copy_context().run, await_in_sync, result).result()


async def _await(awaitable: Any) -> Any:
    return await awaitable


def _has_running_loop() -> bool:
    import asyncio  # slow to import, and rarely needed

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
