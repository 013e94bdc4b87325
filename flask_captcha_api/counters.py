"""Counters for rates, failures and issued captchas: in memory, or in a storage of the ``limits`` library."""

import logging
import math
import time
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from .lazy import Lazy, ProcessLock
from .settings.rate_storages import MAX_SECONDS, check_storage, client_options
from .settings.rates import parse_rate

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.storage import Storage
    from limits.strategies import SlidingWindowCounterRateLimiter

_Answer = TypeVar("_Answer")

_NAMESPACE = "captcha_api"
#: The key in a request's mapping for the counters whose storage has failed.
_FAILED = "flask_captcha_api.counting_failed"
#: Until the next sweep, counts that have ended stay in memory. Looking through half a million takes 0.2 s.
_SECONDS_BETWEEN_SWEEPS = 60
#: The most clients whose captchas are counted in memory. They take 25 MB.
_MOST_ISSUED_IN_MEMORY = 100_000

_logger = logging.getLogger("flask_captcha_api")


class Counters:
    """Counts rates and failures in one storage, opened at the first use so that it is never opened before a fork.

    If the storage cannot be reached, nothing is counted, everything is allowed, and the outage is logged: limits exist
    to keep captchas available.

    :param storage_uri: a URI of the ``limits`` library, such as ``memory://`` or ``redis://127.0.0.1:6379/1``.
    :param has_rates: whether :meth:`seconds_to_wait` will be used, which needs the library in memory too.
    :param request: returns a mapping that lasts as long as the current request: after a failure, the storage is not
        asked again in the same request.
    :raises ImportError: the ``limits`` library is needed and not installed, or the client library that it needs for
        this storage; the message says what to install.
    :raises ValueError: there is no such storage, or it does not support sliding windows.
    """

    def __init__(
        self,
        storage_uri: str,
        *,
        has_rates: bool = True,
        request: Callable[[], MutableMapping[str, Any]] = dict,
    ) -> None:
        self._uri = storage_uri
        self._scheme = urlsplit(storage_uri).scheme
        if has_rates or not self.are_private_to_process:
            check_storage(self._scheme)
        self._limiter = Lazy(self._open)
        self._failures_in_memory = _CountsInMemory()
        self._issued_in_memory = _CountsInMemory(most=_MOST_ISSUED_IN_MEMORY)
        self._lock = ProcessLock()
        self._windows: dict[str, Sequence[RateLimitItem]] = {}
        self._request = request

    @property
    def are_private_to_process(self) -> bool:
        """Return whether each process counts for itself."""
        return self._scheme == "memory"

    @property
    def longest_seconds(self) -> int | None:
        """Return the longest period for which failures can be counted, in seconds; None: unlimited."""
        return MAX_SECONDS.get(self._scheme)

    def seconds_to_wait(self, rates: "Iterable[tuple[str, Sequence[str]]]", *, cost: int = 1) -> int:
        """Count ``cost`` against rates and return 0; if that would exceed one, return the seconds until it would not.

        All windows of all the rates count it, or none does.

        :param rates: pairs of a rate and the parts of the key that it is counted under, short and without white space.
        :param cost: at most what each rate ever allows: see :func:`~flask_captcha_api.settings.rates.never_allows`.
        """

        def count() -> int:
            windows = [(window, who) for rate, who in rates for window in self._windows_of(rate)]
            windows.sort(key=lambda each: each[0].get_expiry())
            with self._counting_lock():
                if self._hit_all(windows, cost):
                    return 0
            return max(1, *(self._seconds_to_wait_for(window, who, cost) for window, who in windows))

        return self._ask(count, otherwise=0, consequence="nothing is limited")

    def failures(self, *who: str) -> int | None:
        """Return the number of failures counted; None: the storage is unavailable."""
        return self._ask(lambda: self._failures.get(_key(who)), otherwise=None, consequence="failures are unknown")

    def add_failure(self, *who: str, seconds: int) -> None:
        """Count a failure, atomically. The count expires ``seconds`` after its first failure."""

        def count() -> None:
            with self._counting_lock():
                self._failures.incr(_key(who), seconds)

        self._ask(count, otherwise=None, consequence="a failure was not counted")

    def count_below(self, limit: int, *who: str, seconds: int) -> int | None:
        """Count a failure unless ``limit`` of them are counted already.

        :returns: the new count, which is different for each caller, and may exceed ``limit`` if others counted at the
            same time. None: nothing was counted, because the limit was reached or the storage is unavailable.
        """
        key = _key(who)

        def count() -> int | None:
            failures = self._failures
            with self._counting_lock():
                # A client of memcached may return False for a host that is down.
                return (failures.incr(key, seconds) or None) if failures.get(key) < limit else None

        return self._ask(count, otherwise=None, consequence="failures are unknown")

    def count_issued(self, *who: str, seconds: int) -> int | None:
        """Count a captcha, atomically. The count expires ``seconds`` after it began.

        :returns: the count; None: the storage is unavailable, or has no room for another client.
        """

        def count() -> int | None:
            issued = self._issued_in_memory if self.are_private_to_process else self._limiter.get().storage
            with self._counting_lock():
                return issued.incr("/".join((_NAMESPACE, "issued", *who)), seconds)

        return self._ask(count, otherwise=None, consequence="pictures are of normal difficulty")

    def clear_failures(self, *who: str) -> None:
        """Reset the count of failures."""

        def clear() -> None:
            with self._counting_lock():
                self._failures.clear(_key(who))

        self._ask(clear, otherwise=None, consequence="failures were not cleared")

    def _ask(self, ask: Callable[[], _Answer], *, otherwise: _Answer, consequence: str) -> _Answer:
        """Return the storage's answer; ``otherwise`` if it is unavailable, and then for the rest of the request.

        A silent storage would hold up the worker until its client gives up, once for each count. Other requests still
        ask it: a visitor whose own counts fail must not switch off the limits for all.
        """
        request = self._request()
        if request.get(_FAILED) is self:
            return otherwise
        try:
            return ask()
        except Exception as error:  # no common base: each client library has its own
            request[_FAILED] = self
            _logger.error(
                "the rate limit storage is unavailable, so %s: %s: %s", consequence, type(error).__name__, error
            )
            return otherwise

    @property
    def _failures(self) -> "Storage | _CountsInMemory":
        return self._failures_in_memory if self.are_private_to_process else self._limiter.get().storage

    def _counting_lock(self) -> AbstractContextManager[Any]:
        """Return the lock to hold while counting in memory, where the library's storage loses concurrent first hits.

        The library starts a thread between them, which yields under gevent.
        """
        return self._lock.get() if self.are_private_to_process else nullcontext()

    def _open(self) -> "SlidingWindowCounterRateLimiter":
        from limits.storage import storage_from_string
        from limits.strategies import SlidingWindowCounterRateLimiter

        return SlidingWindowCounterRateLimiter(storage_from_string(self._uri, **client_options(self._uri)))

    def _windows_of(self, rate: str) -> "Sequence[RateLimitItem]":
        """Return the windows of a rate, which is parsed once."""
        if rate not in self._windows:
            self._windows[rate] = parse_rate(rate)
        return self._windows[rate]

    def _hit_all(self, windows: "Sequence[tuple[RateLimitItem, Sequence[str]]]", cost: int) -> bool:
        """Count in all windows, or in none if one of them is full. Return whether it counted.

        A hit tests its own window atomically, so no window is ever exceeded; the other windows are tested before the
        first hit. A concurrent request may fill one of those after its test. This request is then refused, but remains
        counted in the shorter windows, which are the first to be free again.

        :param windows: pairs of a window and ``who``, the shortest window first.
        """
        limiter = self._limiter.get()
        return all(limiter.test(window, _NAMESPACE, *who, cost=cost) for window, who in windows[1:]) and all(
            limiter.hit(window, _NAMESPACE, *who, cost=cost) and self._is_within(window, who) for window, who in windows
        )

    def _is_within(self, window: "RateLimitItem", who: Sequence[str]) -> bool:
        """Return whether the count after a hit is within the window.

        On memcached a hit increments the current window atomically, but does not weigh in the previous one, so that
        concurrent requests could use that up again. Test once more: a hit too many is refused, though counted.
        """
        return self._scheme != "memcached" or self._limiter.get().test(window, _NAMESPACE, *who, cost=0)

    def _seconds_to_wait_for(self, window: "RateLimitItem", who: Sequence[str], cost: int) -> int:
        storage: Any = self._limiter.get().storage
        counted = storage.get_sliding_window(window.key_for(_NAMESPACE, *who), window.get_expiry())
        return _seconds_until_free(window.get_expiry(), window.amount - cost + 1, *counted)


class _CountsInMemory:
    """Counts in this process. Callers that count must hold a lock.

    The library's own storage starts a thread up to a hundred times a second to drop expired keys. It looks at all keys,
    which costs a tenth of what it takes to issue a captcha.

    :param most: the most keys that are counted; None: any number.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._counts: dict[str, tuple[int, float]] = {}
        self._next_sweep = 0.0

    def incr(self, key: str, seconds: int) -> int | None:
        """Count one and return the count, which ends ``seconds`` after it began; None: there is no room for the key."""
        now = time.time()
        number, end = self._counts.get(key, (0, 0.0))
        if end <= now:
            self._make_room(now)
            if self._most is not None and len(self._counts) >= self._most:
                return None
            number, end = 0, now + seconds
        self._counts[key] = number + 1, end
        return number + 1

    def get(self, key: str) -> int:
        """Return the count."""
        number, end = self._counts.get(key, (0, 0.0))
        return number if end > time.time() else 0

    def clear(self, key: str) -> None:
        """Reset the count."""
        self._counts.pop(key, None)

    def _make_room(self, now: float) -> None:
        """Forget the counts that have ended, once in a while."""
        if now >= self._next_sweep:
            self._counts = {key: (number, end) for key, (number, end) in self._counts.items() if end > now}
            self._next_sweep = now + _SECONDS_BETWEEN_SWEEPS


def _key(who: Sequence[str]) -> str:
    return "/".join((_NAMESPACE, "failures", *who))


def _seconds_until_free(
    length: int, free: int, previous: int, previous_ends_in: float, current: int, current_ends_in: float
) -> int:
    """Return the seconds until the count of a sliding window is below ``free``; 0 if it is.

    The count t seconds from now is ``previous * (previous_ends_in - t) / length + current``; at the end of the current
    window the current count becomes the previous one. The library itself only returns when the count next decreases.

    :param length: the length of the window, in seconds.
    :param current_ends_in: as the library reports it: the end of the current window plus ``length``.
    """
    if previous * previous_ends_in / length + current < free:
        return 0
    if current < free:
        seconds = previous_ends_in - (free - current) * length / previous
    else:
        seconds = current_ends_in - length + length * (1 - free / current)
    return math.floor(seconds + 0.001) + 1  # below ``free``, not at it; the library's numbers are rounded
