"""Failures: for captchas that are asked only after somebody has failed a few times, at signing in for example."""

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
from .rate_limits import warn_of_private_counters

#: Whether a guard is asking now. Only then does the answer let a request through, and only then is it counted.
_a_guard_asks: ContextVar[bool] = ContextVar("flask_captcha_api_a_guard_asks", default=False)
#: The key in a request's environ for what it has been counted in by a guard.
_COUNTED = "flask_captcha_api.counted"


@contextmanager
def asked_by_a_guard() -> Iterator[None]:
    """Mark the calls in the block as those of a guard that decides whether to ask for a captcha."""
    token = _a_guard_asks.set(True)
    try:
        yield
    finally:
        _a_guard_asks.reset(token)


class FailureCount:
    """How often the visitor of the current request has failed; true when called means fewer times than the limit.

    What :func:`fewer_failures_than` returns. It is to be called: in a condition by itself it raises a TypeError.
    """

    def __init__(self, limit: int, key: Callable[[], str | Awaitable[str]], seconds: int) -> None:
        self._limit = limit
        self._key = key
        self._seconds = seconds

    def __call__(self) -> bool:
        """Return whether there were fewer failures than the limit; false, too, where that cannot be told.

        Called by a guard, as ``unless=`` or inside it, this counts the request as a failure in the same step. In a
        view it only looks: there, use ``verify_captcha_in_request(unless=failures)`` to let a request through.
        """
        counters, pseudonym = self._counters(), self._pseudonym()
        if _a_guard_asks.get():
            return self._lets_through(counters, pseudonym)
        failures = counters.failures(pseudonym)
        return failures is not None and failures < self._limit

    def __bool__(self) -> NoReturn:
        """Raise a TypeError: every object would be true, and a captcha never asked."""
        raise TypeError("a FailureCount is not a condition by itself: call it, or pass it as it is: unless=failures")

    def add(self) -> None:
        """Count a failure, unless this request was counted already when a guard let it through."""
        pseudonym = self._pseudonym()
        if pseudonym in _counted_in_request():
            return
        warn_of_private_counters()
        self._counters().add_failure(pseudonym, seconds=self._seconds)

    def clear(self) -> None:
        """Forget the failures, after a success, and that this request was counted."""
        pseudonym = self._pseudonym()
        self._counters().clear_failures(pseudonym)
        _counted_in_request().pop(pseudonym, None)

    def _lets_through(self, counters: Counters, pseudonym: str) -> bool:
        """Count the request once, however often it is asked for, and return whether it is within the limit."""
        counted = _counted_in_request()
        if pseudonym not in counted:
            warn_of_private_counters()
            number = counters.count_below(self._limit, pseudonym, seconds=self._seconds)
            if number is None:
                return False
            counted[pseudonym] = number
        return counted[pseudonym] <= self._limit

    def _counters(self) -> Counters:
        """Return what counts for the current app; only then is it known for how long that can."""
        counters = current_state().counters.get()
        longest = counters.longest_seconds
        if longest is not None and self._seconds > longest:
            raise SetupError(
                f"fewer_failures_than has seconds={self._seconds}, and memcached counts for {longest} (30 days) at "
                "most: take fewer, or a CAPTCHA_RATE_LIMIT_STORAGE without that bound, such as 'redis://127.0.0.1:6379/1'"
            )
        return counters

    def _pseudonym(self) -> str:
        return pseudonym_of(current_state().keys[0], resolve(self._key(), current_app.ensure_sync))


def _counted_in_request() -> dict[str, int]:
    """Return the counts that this request is in, by pseudonym, each with the number that the request has there."""
    if not has_request_context():
        return {}
    counted: dict[str, int] = request.environ.setdefault(_COUNTED, {})
    return counted


def fewer_failures_than(limit: int, *, key: Callable[[], str | Awaitable[str]], seconds: int = 3600) -> FailureCount:
    """Let visitors in without a captcha as long as they have failed less often than ``limit`` times.

    For ``unless=`` of :func:`verify_captcha`; the view says what a success is::

        failures = fewer_failures_than(3, key=lambda: request.form["account"].casefold())

        @app.post("/login")
        @verify_captcha("uuid", "code", unless=failures)
        def login():
            if not has_password(request.form["account"], request.form["password"]):
                failures.add()
                return "wrong", 403
            failures.clear()
            ...

    A request that is let through counts as a failure at once, so of any number of requests in the same moment no more
    than ``limit`` get by without a captcha. ``add`` then counts nothing more, ``clear`` forgets it with the others, and
    where the view calls neither it stays counted. A request that has passed a captcha is counted by ``add`` alone.

    Counted in CAPTCHA_RATE_LIMIT_STORAGE (the extra ``limits``). When that cannot be reached, the captcha is asked.

    The default storage, ``memory://``, has no bound: 500,000 account names that somebody makes up take 160 MB and slow
    every request down until ``seconds`` have passed. On a public site, use a server such as Redis.

    :param limit: at this many failures the captcha is asked.
    :param key: a function, sync or async, called in each request, before the view; returns whose failures are counted,
        such as the account's name or the client's address. What it raises is raised from the guard, so it has to bear
        what anybody may send. It has to fold names as the app does where it looks them up: each spelling of its own is
        a count of its own. Only a keyed digest is kept. Two counts whose keys give the same text are one.
    :param seconds: after the first failure, until the count begins anew. On memcached 2,592,000 (30 days) at most: with
        more, each use of the count is a :exc:`SetupError`.
    :raises ValueError: a limit or a time below 1.
    :raises TypeError: a key that cannot be called.
    """
    if not callable(key):
        raise TypeError(
            f"key={key!r} must be a function without arguments, such as key=lambda: request.form['account']"
        )
    if limit < 1 or seconds < 1:
        raise ValueError(f"limit={limit!r} and seconds={seconds!r} must be at least 1")
    return FailureCount(limit, key, seconds)
