"""Counters of rates and failures over the ``limits`` library (the extra ``limits``).

Who and what are counted come as names.
"""

import logging
import math
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .lazy import Lazy, ProcessLock
from .settings.rates import LONGEST_SECONDS, parsed

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.strategies import SlidingWindowCounterRateLimiter

_NAMESPACE = "captcha_api"
#: The schemes of Redis and of servers that speak its protocol begin so.
_REDIS_SCHEMES = ("redis", "valkey")
#: redis-py opens 100 connections at most. A request that needs another would count as an outage, so beyond 100 requests
#: at once the rest would not be limited. A URI's max_connections wins over this.
_MOST_CONNECTIONS = 2**31 - 1

_logger = logging.getLogger("flask_captcha_api")


class Counters:
    """Counts what each may do only so often. The storage is opened at the first use, never before a process forks.

    When the storage cannot be reached, nothing is counted and everything is let through, which is logged: limits are
    there to keep captchas available.

    :param storage_uri: as the ``limits`` library has it, such as ``memory://`` or ``redis://127.0.0.1:6379/1``.
    :raises ImportError: the ``limits`` library is not installed, or not the client library that it needs for this
        storage; the message says what to install.
    :raises ValueError: it knows no such storage, or cannot count sliding windows in it.
    """

    def __init__(self, storage_uri: str) -> None:
        self._uri = storage_uri
        self._scheme = urlsplit(storage_uri).scheme
        _check_storage(self._scheme)
        self._limiter = Lazy(self._open)
        self._lock = ProcessLock()
        self._items: dict[str, Sequence[RateLimitItem]] = {}

    @property
    def are_private_to_process(self) -> bool:
        """Tell whether each process counts for itself."""
        return self._scheme == "memory"

    @property
    def longest_seconds(self) -> int | None:
        """Return for how many seconds failures can be counted; None: as long as one likes."""
        return LONGEST_SECONDS.get(self._scheme)

    def seconds_to_wait(self, rate: str, *who: str, cost: int = 1) -> int:
        """Count ``cost`` against a rate; return 0, or where that exceeds it the seconds until it will not.

        A rate of several windows counts in all of them or in none.

        :param who: whose rate it is: parts of a key, short and without white space.
        :param cost: no more than the rate allows at once: see :func:`never_allows`.
        """
        return self.seconds_to_wait_for_all([(rate, who)], cost=cost)

    def seconds_to_wait_for_all(self, rates: "Iterable[tuple[str, Sequence[str]]]", *, cost: int = 1) -> int:
        """Count ``cost`` against several rates, in all of their windows or in none, as :meth:`seconds_to_wait` does.

        :param rates: each with whose it is.
        """
        try:
            windows = [(window, who) for rate, who in rates for window in self._parsed_once(rate)]
            windows.sort(key=lambda each: each[0].get_expiry())
            with self._turn():
                if self._hit_all(windows, cost):
                    return 0
            return max(1, *(self._wait(window, who, cost) for window, who in windows))
        except Exception as error:  # no common base: each client library has its own
            _log_outage("nothing is limited", error)
            return 0

    def failures(self, *who: str) -> int | None:
        """Return how many failures are counted; None: the storage cannot tell."""
        try:
            return self._limiter.get().storage.get(_key(who))
        except Exception as error:
            _log_outage("failures cannot be told", error)
            return None

    def add_failure(self, *who: str, seconds: int) -> None:
        """Count a failure, in one step that no other can come between. The count ends ``seconds`` after its first."""
        try:
            with self._turn():
                self._limiter.get().storage.incr(_key(who), seconds)
        except Exception as error:
            _log_outage("a failure was not counted", error)

    def count_below(self, limit: int, *who: str, seconds: int) -> int | None:
        """Count one more, like a failure, unless as many as ``limit`` are counted already.

        :returns: how many are counted now, this one included, and for each caller another number: above ``limit``, too,
            where others have counted since it was looked up. None: nothing was counted, for there were as many already,
            or the storage cannot tell.
        """
        key = _key(who)
        try:
            storage = self._limiter.get().storage
            with self._turn():
                return storage.incr(key, seconds) if storage.get(key) < limit else None
        except Exception as error:
            _log_outage("failures cannot be told", error)
            return None

    def clear_failures(self, *who: str) -> None:
        """Forget the failures."""
        try:
            self._limiter.get().storage.clear(_key(who))
        except Exception as error:
            _log_outage("failures were not forgotten", error)

    def _turn(self) -> AbstractContextManager[Any]:
        """Return what to hold while counting: the library's storage in memory loses hits that begin a count together.

        The library starts a thread meanwhile, which yields under gevent.
        """
        return self._lock.get() if self.are_private_to_process else nullcontext()

    def _open(self) -> "SlidingWindowCounterRateLimiter":
        from limits.storage import storage_from_string
        from limits.strategies import SlidingWindowCounterRateLimiter

        options: dict[str, Any] = {}
        if self._scheme.startswith(_REDIS_SCHEMES):
            options["max_connections"] = _MOST_CONNECTIONS
        if self._scheme.endswith("+sentinel"):  # a replica lags behind
            options["use_replicas"] = False
        return SlidingWindowCounterRateLimiter(storage_from_string(self._uri, **options))

    def _parsed_once(self, rate: str) -> "Sequence[RateLimitItem]":
        """Return the windows of a rate."""
        if rate not in self._items:
            self._items[rate] = parsed(rate)
        return self._items[rate]

    def _hit_all(self, windows: "Sequence[tuple[RateLimitItem, Sequence[str]]]", cost: int) -> bool:
        """Count in all windows, or in none where one is full, and tell which.

        A hit tests its own window as it counts, so that no window is ever exceeded; the other windows are tested before
        the first hit. Where requests come in the same moment, one may be refused by a window that was
        free when it was tested: it has been counted in the shorter ones then, which are the first to be free again.

        :param windows: each with whose it is, the shortest first.
        """
        limiter = self._limiter.get()
        return all(limiter.test(window, _NAMESPACE, *who, cost=cost) for window, who in windows[1:]) and all(
            limiter.hit(window, _NAMESPACE, *who, cost=cost) and self._is_kept(window, who) for window, who in windows
        )

    def _is_kept(self, window: "RateLimitItem", who: Sequence[str]) -> bool:
        """Tell whether what is counted by now is within a window.

        On memcached a hit adds to this window in one step, and forgets to weigh in the one before: those that come in
        the same moment could use it up once more. So it is looked at again; one too many is refused, though counted.
        """
        return self._scheme != "memcached" or self._limiter.get().test(window, _NAMESPACE, *who, cost=0)

    def _wait(self, window: "RateLimitItem", who: Sequence[str], cost: int) -> int:
        storage: Any = self._limiter.get().storage
        counted = storage.get_sliding_window(window.key_for(_NAMESPACE, *who), window.get_expiry())
        return _seconds_until_free(window.get_expiry(), window.amount - cost + 1, *counted)


def _check_storage(scheme: str) -> None:
    """See that what a scheme names can count here: what is missing would look like an outage at every request.

    :raises ImportError: a library is missing.
    :raises ValueError: there is no such storage, or it cannot count sliding windows.
    """
    try:
        from limits.storage import SCHEMES  # type: ignore[attr-defined]  # its registry of storages; it names no other
    except ImportError as error:
        raise ImportError(
            "rate limits and failure counts need the limits library: pip install 'flask_captcha_api[limits]'"
        ) from error
    storage = SCHEMES.get(scheme)
    if not hasattr(storage, "get_sliding_window") or scheme.startswith("async+"):
        raise ValueError(f"{scheme!r} is no scheme of a storage in which the limits library can count for us")
    missing = _missing_for(scheme, getattr(storage, "DEPENDENCIES", ()))
    if missing is not None:
        raise ImportError(
            f"CAPTCHA_RATE_LIMIT_STORAGE begins with {scheme}://, for which the limits library needs {missing}: "
            f"pip install {missing}"
        )


def _missing_for(scheme: str, modules: Iterable[str]) -> str | None:
    """Return the package that a storage needs and does not find.

    Of several, such as redis and valkey, the one that the scheme names; any one will do where it names none.
    """
    packages: dict[str, list[str]] = {}
    for module in modules:
        packages.setdefault(module.partition(".")[0], []).append(module)
    needed = {package: its for package, its in packages.items() if scheme.startswith(package)} or packages
    if not needed or any(all(map(_can_be_imported, its)) for its in needed.values()):
        return None
    return next(iter(needed))


def _can_be_imported(module: str) -> bool:
    try:
        import_module(module)
    except ImportError:
        return False
    return True


def _log_outage(so: str, error: Exception) -> None:
    _logger.error("the storage of rate limits is unavailable, so %s: %s: %s", so, type(error).__name__, error)


def _key(who: Sequence[str]) -> str:
    return "/".join((_NAMESPACE, "failures", *who))


def _seconds_until_free(
    length: int, free: int, previous: int, previous_ends_in: float, current: int, current_ends_in: float
) -> int:
    """Return when a sliding window's count, which weighs the previous window by how much of it is left, is below free.

    0: it is now.

    The count t seconds from now is ``previous * (previous_ends_in - t) / length + current``; at the end of this window
    the current count becomes the previous one. The library's own answer is when the count falls at all.

    :param length: of a window, in seconds.
    :param current_ends_in: as the library has it: a window's length later than it is over.
    """
    if previous * previous_ends_in / length + current < free:
        return 0
    if current < free:
        seconds = previous_ends_in - (free - current) * length / previous
    else:
        seconds = current_ends_in - length + length * (1 - free / current)
    return math.floor(seconds + 0.001) + 1  # below, not at; the parts come rounded
