"""Failures: for captchas that are asked only after somebody has failed a few times, at signing in for example."""

from collections.abc import Callable

from ._current import current_state
from .config import SetupError
from .digests import pseudonym_of
from .rates import Counters
from .throttle import warn_of_private_counters


class FailureCount:
    """How often the visitor of the current request has failed; true when called means fewer times than the limit.

    What :func:`fewer_failures_than` returns.
    """

    def __init__(self, limit: int, key: Callable[[], str], seconds: int) -> None:
        self._limit = limit
        self._key = key
        self._seconds = seconds

    def __call__(self) -> bool:
        """Tell whether there were fewer failures than the limit; false, too, where that cannot be told."""
        failures = self._counters().failures(self._pseudonym())
        return failures is not None and failures < self._limit

    def add(self) -> None:
        """Count a failure."""
        warn_of_private_counters()
        self._counters().add_failure(self._pseudonym(), seconds=self._seconds)

    def clear(self) -> None:
        """Forget the failures, after a success."""
        self._counters().clear_failures(self._pseudonym())

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
        return pseudonym_of(current_state().keys[0], self._key())


def fewer_failures_than(limit: int, *, key: Callable[[], str], seconds: int = 3600) -> FailureCount:
    """Let visitors in without a captcha as long as they have failed less often than ``limit`` times.

    For ``unless=`` of :func:`verify_captcha`; the view says what a failure is::

        failures = fewer_failures_than(3, key=lambda: request.form["account"].casefold())

        @app.post("/login")
        @verify_captcha("uuid", "code", unless=failures)
        def login():
            if not has_password(request.form["account"], request.form["password"]):
                failures.add()
                return "wrong", 403
            failures.clear()
            ...

    Counted atomically in CAPTCHA_RATE_LIMIT_STORAGE (the extra ``limits``). When that cannot be reached, the captcha is
    asked. Requests that come in the same moment may all find the count still low: their number is bounded by how many
    the server works on at once, so let a rate limit on the route bound it further.

    The default storage, ``memory://``, has no bound: 500,000 account names that somebody makes up take 160 MB and slow
    every request down until ``seconds`` have passed. On a public site, use a server such as Redis.

    :param limit: at this many failures the captcha is asked.
    :param key: called in each request, before the view; returns whose failures are counted, such as the account's name
        or the client's address. What it raises is raised from the guard, so it has to bear what anybody may send. It
        has to fold names as the app does where it looks them up: each spelling of its own is a count of its own. Only a
        keyed digest is kept. Two counts whose keys give the same text are one.
    :param seconds: after the first failure, until the count begins anew. On memcached 2,592,000 (30 days) at most: with
        more, each use of the count is a :exc:`SetupError`.
    :raises ValueError: a limit or a time below 1.
    """
    if limit < 1 or seconds < 1:
        raise ValueError(f"limit={limit!r} and seconds={seconds!r} must be at least 1")
    return FailureCount(limit, key, seconds)
