"""Rates: how often somebody may do something, counted by the ``limits`` library (the extra ``limits``).

Knows nothing of requests or sources: who and what are counted come as names.
"""

import logging
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .lazy import Lazy

if TYPE_CHECKING:
    from limits import RateLimitItem
    from limits.strategies import SlidingWindowCounterRateLimiter

_NAMESPACE = "captcha_api"

_logger = logging.getLogger("flask_captcha_api")


def is_rate(value: object) -> bool:
    """Tell whether ``value`` is a rate such as ``30 per minute`` or ``10/second; 200/hour``, each at least 1.

    Without the ``limits`` library any text will do: :meth:`Counters.__init__` tells what is missing then.
    """
    try:
        return isinstance(value, str) and all(item.amount >= 1 for item in parsed(value))
    except ImportError:
        return True
    except ValueError:
        return False


def never_allows(rate: str, cost: int) -> bool:
    """Tell whether a rate is so low that it never lets through what counts as ``cost``."""
    try:
        return any(item.amount < cost for item in parsed(rate))
    except ImportError:
        return False


def most_within(rate: str, seconds: int) -> int:
    """Return a bound on what a rate lets through in any ``seconds`` on end.

    A count can be filled at once, at the end of a window; it then drains by the rate's amount in a window's length, and
    as much as has drained is let through besides.

    :raises ImportError: the ``limits`` library is not installed.
    """
    return min(item.amount + item.amount * seconds // item.get_expiry() for item in parsed(rate))


def parsed(rate: str) -> "Sequence[RateLimitItem]":
    """Read a rate.

    :raises ValueError: it is none.
    :raises ImportError: the ``limits`` library is not installed.
    """
    import limits

    return limits.parse_many(rate)


class Counters:
    """Counts what each may do only so often. The storage is opened at the first use, never before a process forks.

    When the storage cannot be reached, nothing is counted and everything is let through, which is logged: limits are
    there to keep captchas available.

    :param storage_uri: as the ``limits`` library has it, such as ``memory://`` or ``redis://127.0.0.1:6379/1``.
    :raises ImportError: the ``limits`` library is not installed.
    :raises ValueError: it knows no such storage.
    """

    def __init__(self, storage_uri: str) -> None:
        from limits.storage import SCHEMES  # type: ignore[attr-defined]  # its registry of storages; it names no other

        scheme = urlsplit(storage_uri).scheme
        if scheme not in SCHEMES or scheme.startswith("async+"):
            raise ValueError(f"{scheme!r} is no scheme of a storage that the limits library knows")
        self._uri = storage_uri
        self._limiter = Lazy(self._open)
        self._items: dict[str, Sequence[RateLimitItem]] = {}

    @property
    def are_private_to_process(self) -> bool:
        """Tell whether each process counts for itself."""
        return urlsplit(self._uri).scheme == "memory"

    def seconds_to_wait(self, rate: str, *who: str, cost: int = 1) -> int:
        """Count ``cost`` against a rate; return 0, or where that exceeds it the seconds until it will not.

        :param who: whose rate it is: parts of a key, short and without white space.
        """
        try:
            return max(self._wait(item, who, cost) for item in self._parsed_once(rate))
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
            self._limiter.get().storage.incr(_key(who), seconds)
        except Exception as error:
            _log_outage("a failure was not counted", error)

    def clear_failures(self, *who: str) -> None:
        """Forget the failures."""
        try:
            self._limiter.get().storage.clear(_key(who))
        except Exception as error:
            _log_outage("failures were not forgotten", error)

    def _open(self) -> "SlidingWindowCounterRateLimiter":
        from limits.storage import storage_from_string
        from limits.strategies import SlidingWindowCounterRateLimiter

        scheme = urlsplit(self._uri).scheme
        of_primary = {"use_replicas": False} if scheme.endswith("+sentinel") else {}  # a replica lags behind
        return SlidingWindowCounterRateLimiter(storage_from_string(self._uri, **of_primary))

    def _parsed_once(self, rate: str) -> "Sequence[RateLimitItem]":
        if rate not in self._items:
            self._items[rate] = parsed(rate)
        return self._items[rate]

    def _wait(self, item: "RateLimitItem", who: Sequence[str], cost: int) -> int:
        limiter = self._limiter.get()
        if limiter.hit(item, _NAMESPACE, *who, cost=cost):
            return 0
        storage: Any = limiter.storage
        window = storage.get_sliding_window(item.key_for(_NAMESPACE, *who), item.get_expiry())
        return _seconds_until_free(item.get_expiry(), item.amount - cost + 1, *window)


def _log_outage(so: str, error: Exception) -> None:
    _logger.error("the storage of rate limits is unavailable, so %s: %s: %s", so, type(error).__name__, error)


def _key(who: Sequence[str]) -> str:
    return "/".join((_NAMESPACE, "failures", *who))


def _seconds_until_free(
    length: int, free: int, previous: int, previous_ends_in: float, current: int, current_ends_in: float
) -> int:
    """Return when a sliding window's count, which weighs the previous window by how much of it is left, is below free.

    The count t seconds from now is ``previous * (previous_ends_in - t) / length + current``; at the end of this window
    the current count becomes the previous one. The library's own answer is when the count falls at all.

    :param length: of a window, in seconds.
    :param current_ends_in: as the library has it: a window's length later than it is over.
    """
    if current < free:
        seconds = previous_ends_in - (free - current) * length / previous if previous else 0
    else:
        seconds = current_ends_in - length + length * (1 - free / current)
    return math.floor(seconds + 0.001) + 1  # below, not at; the parts come rounded
