"""Failure counts, for asking for a captcha only after a few failures, such as at login."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NoReturn

from flask import current_app, has_request_context, request

from ..coroutines import resolve
from ..counters import Counters
from ..exceptions import SetupError
from ..state import current_state
from ..storage.digests import pseudonym_of
from .rate_limits import warn_about_private_counters

#: Whether a count is being called to decide if the request needs a captcha. Only then does it count the request.
_decides: ContextVar[bool] = ContextVar("flask_captcha_api_failure_count_decides", default=False)
#: The key in a request's environ for the counts that the request is in.
_COUNTED = "flask_captcha_api.counted"


@contextmanager
def deciding() -> Iterator[None]:
    """Mark the failure counts called in the block as deciding whether the request needs a captcha."""
    token = _decides.set(True)
    try:
        yield
    finally:
        _decides.reset(token)


class FailureCount:
    """The failures of the current request's visitor. Returned by :func:`fewer_failures_than`.

    Call it to compare the failures with the limit. The object itself is not a condition: ``if failures:`` raises a
    TypeError.
    """

    def __init__(self, limit: int, key: Callable[[], str | Awaitable[str]], seconds: int) -> None:
        self._limit = limit
        self._key = key
        self._seconds = seconds

    def __call__(self) -> bool:
        """Return whether there were fewer failures than the limit; False if the storage cannot be reached.

        Called as ``unless=`` or inside it, this counts the request as a failure in the same step. Called in a view it
        counts nothing: to let a request through there, use ``verify_captcha_in_request(unless=failures)``.
        """
        counters, pseudonym = self._counters(), self._pseudonym()
        if _decides.get():
            return self._lets_through(counters, pseudonym)
        failures = counters.failures(pseudonym)
        return failures is not None and failures < self._limit

    def __bool__(self) -> NoReturn:
        """Raise a TypeError, since an object that is always true would never require a captcha."""
        raise TypeError("a FailureCount is not a condition: call it, or pass it on as unless=failures")

    def add(self) -> None:
        """Count a failure, unless the request was already counted when ``unless=`` let it through."""
        pseudonym = self._pseudonym()
        if pseudonym in _counted_in_request():
            return
        warn_about_private_counters(current_state())
        self._counters().add_failure(pseudonym, seconds=self._seconds)

    def clear(self) -> None:
        """Reset the count after a success, including what this request added to it."""
        pseudonym = self._pseudonym()
        self._counters().clear_failures(pseudonym)
        _counted_in_request().pop(pseudonym, None)

    def _lets_through(self, counters: Counters, pseudonym: str) -> bool:
        """Count the request, once however often this is called, and return whether it is within the limit."""
        counted = _counted_in_request()
        if pseudonym not in counted:
            warn_about_private_counters(current_state())
            number = counters.count_below(self._limit, pseudonym, seconds=self._seconds)
            if number is None:
                return False
            counted[pseudonym] = number
        return counted[pseudonym] <= self._limit

    def _counters(self) -> Counters:
        """Return the current app's counters, if they can count for as long as ``seconds``."""
        counters = current_state().counters.get()
        longest = counters.longest_seconds
        if longest is not None and self._seconds > longest:
            raise SetupError(
                f"fewer_failures_than has seconds={self._seconds}, and memcached counts for {longest} (30 days) at "
                "most: use fewer, or a CAPTCHA_RATE_LIMIT_STORAGE without this limit, such as "
                "'redis://127.0.0.1:6379/1'"
            )
        return counters

    def _pseudonym(self) -> str:
        return pseudonym_of(current_state().keys[0], resolve(self._key(), current_app.ensure_sync))


def _counted_in_request() -> dict[str, int]:
    """Return, by pseudonym, the number that this request got in each count that it is in."""
    if not has_request_context():
        return {}
    counted: dict[str, int] = request.environ.setdefault(_COUNTED, {})
    return counted


def fewer_failures_than(limit: int, *, key: Callable[[], str | Awaitable[str]], seconds: int = 3600) -> FailureCount:
    """Let visitors through without a captcha until they have failed ``limit`` times.

    For ``unless=`` of :func:`verify_captcha`. The view reports failure and success::

        failures = fewer_failures_than(3, key=lambda: request.form["account"].casefold())

        @app.post("/login")
        @verify_captcha("uuid", "code", unless=failures)
        def login():
            if not has_password(request.form["account"], request.form["password"]):
                failures.add()
                return "wrong", 403
            failures.clear()
            ...

    A request that is let through counts as a failure at once, so that no more than ``limit`` of any number of
    simultaneous requests get by without a captcha. ``add`` then counts nothing more, ``clear`` resets the count, and if
    the view calls neither the request stays counted. A request that has passed a captcha is counted by ``add`` only.

    Counts are kept in CAPTCHA_RATE_LIMIT_STORAGE. If it cannot be reached, the captcha is required.

    The default storage, ``memory://``, is unbounded: 500,000 made-up account names take 130 MB until ``seconds``
    have passed. On a public site use a server such as Redis, which needs the extra ``limits``.

    :param limit: the number of failures after which a captcha is required; at least 1.
    :param key: a function, sync or async, called without arguments in each request, before the view. Returns whose
        failures are counted: the account's name or the client's address, for example. It has to accept any input, since
        the decorator lets its exceptions through. It has to normalise names exactly as the app does when it looks them
        up: each spelling that it returns is a separate count. Only a keyed digest is stored. Two counts whose keys
        return the same text share their count.
    :param seconds: the lifetime of a count, from its first failure; at least 1. On memcached at most 2,592,000 (30
        days): with more, each use of the count raises a :class:`SetupError`.
    :raises ValueError: ``limit`` or ``seconds`` is below 1.
    :raises TypeError: ``key`` is not callable.
    """
    if not callable(key):
        raise TypeError(
            f"key={key!r} must be a function without arguments, such as key=lambda: request.form['account']"
        )
    if limit < 1 or seconds < 1:
        raise ValueError(f"limit={limit!r} and seconds={seconds!r} must be at least 1")
    return FailureCount(limit, key, seconds)
