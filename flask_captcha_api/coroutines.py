"""An app's own functions, which may be sync or async, as sync code calls them."""

import inspect
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Any


def is_async(function: object) -> bool:
    """Return whether a call gives a coroutine or an async generator, as far as that shows without a call.

    True for an ``async def``, a method or partial of one, and an object whose ``__call__`` is one.
    """
    while isinstance(function, partial):
        function = function.func
    call = getattr(type(function), "__call__", None)  # noqa: B004 - what is called, not whether it can be
    return any(inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each) for each in (function, call))


def finished(result: Any, ensure_sync: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Any:
    """Return ``result``, or what comes of it where it has to be awaited.

    Inside an async view, whose event loop is busy with the caller, it is awaited in a thread of its own with a loop of
    its own, and with the caller's context, so that ``request`` and ``current_app`` work. What belongs to the view's
    loop, such as a task or a connection that was opened there, cannot be awaited so.

    :param ensure_sync: Flask's method of that name.
    :raises RuntimeError: Flask's extra ``async`` is not installed, or it belongs to another event loop.
    """
    if not inspect.isawaitable(result):
        return result
    try:
        wait = ensure_sync(_value_of)
    except RuntimeError:
        if inspect.iscoroutine(result):
            result.close()  # or Python warns that nobody awaited it
        raise
    if not _is_inside_a_loop():
        return wait(result)
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(copy_context().run, wait, result).result()


async def _value_of(awaitable: Any) -> Any:
    return await awaitable


def _is_inside_a_loop() -> bool:
    import asyncio  # slow to import, and few need it

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
