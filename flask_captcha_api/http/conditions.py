"""The ``unless=`` of protected views and form fields: the app's function that says when no captcha is needed."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from flask import current_app

from ..coroutines import resolve
from ..state import current_state
from ..throttling.failure_counts import deciding

#: Returns whether the current request needs no captcha.
Condition: TypeAlias = Callable[[], bool | Awaitable[bool]]


def check_condition(unless: object) -> None:
    """Check the value of ``unless=``.

    :raises TypeError: it is neither None nor callable.
    """
    if unless is not None and not callable(unless):
        raise TypeError(f"unless={unless!r} must be a function without arguments, such as unless=lambda: app.testing")


def holds(unless: Condition) -> bool:
    """Return whether a request needs no captcha, and let a FailureCount count the request if so.

    Only exactly True counts: a merely truthy value must not switch verification off.
    """
    with deciding():
        return would_hold(unless)


def would_hold(unless: Condition) -> bool:
    """Return the same for a page that only shows a form, without counting."""
    result: object = resolve(unless(), current_app.ensure_sync)
    if result is not True and not _is_false(result):
        name = getattr(unless, "__qualname__", type(unless).__qualname__)
        current_state().log_once(
            f"unless={name} returned {type(result).__name__}, and only True lets a request through without a captcha, "
            "so the captcha was required: return True or False"
        )
    return result is True


def _is_false(result: object) -> bool:
    try:
        return not result
    except Exception:  # an object that refuses to be a condition, as a FailureCount does, is not false
        return False
