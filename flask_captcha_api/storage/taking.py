"""Strategies for taking a value from a cache exactly once: each family of backends needs its own.

Flask-Caching's backends differ in what their ``delete`` and ``add`` return, and in which of them is atomic.
"""

import os
import secrets
from collections.abc import Callable
from typing import Any, Protocol

import cachelib
from cachelib import FileSystemCache, SimpleCache, UWSGICache

from .memcached import adapt_memcached
from .redis import RedisAdapter, adapt_redis

_CLAIMS = "captcha_api_claim:"
_PROBE = "captcha_api_probe"

#: Methods by which a backend itself takes a value, and what each must do. The first that a backend has is trusted. The
#: documentation's table and the tests of the store are made from this.
TAKE_METHODS = {
    "take": (
        "remove the value and return it to one caller; return `None` to all others, and if the key is absent or "
        "expired, or raise `KeyError`"
    ),
}

#: Backends whose ``delete`` is atomic and returns whether there was something to delete.
_WITH_ATOMIC_DELETE = (
    SimpleCache,
    UWSGICache,
    *([cachelib.MongoDbCache] if hasattr(cachelib, "MongoDbCache") else []),  # since cachelib 0.11
)


class TakeStrategy(Protocol):
    """A way to take a value exactly once."""

    def take(self, key: str) -> Any:
        """Remove a value and return it, to one caller; return None to all others."""

    def refuses_second_take(self) -> bool:
        """Return whether the backend's replies distinguish the second of two takers from the first."""


def access_to(backend: Any, claim_seconds: int) -> tuple[Any, TakeStrategy]:
    """Return the cache to write to, which is the backend or an adapter for it, and the strategy for taking.

    :param claim_seconds: must be at least the lifetime of every value.
    """
    for name in TAKE_METHODS:
        if callable(getattr(backend, name, None)):
            return backend, _TakeByBackend(getattr(backend, name))
    cache = adapt_redis(adapt_memcached(backend))
    if isinstance(cache, RedisAdapter):
        return cache, cache
    if isinstance(cache, FileSystemCache):
        return cache, _TakeByRename(cache)
    if isinstance(cache, _WITH_ATOMIC_DELETE):
        return cache, _TakeByDelete(cache)
    return cache, _TakeByClaim(cache, claim_seconds)


class _TakeByBackend:
    """Call a method of a custom backend, which is trusted."""

    def __init__(self, method: Callable[[str], Any]) -> None:
        self._method = method

    def take(self, key: str) -> Any:
        try:
            return self._method(key)
        except KeyError:  # as a dict's pop does
            return None

    def refuses_second_take(self) -> bool:
        return True


class _TakeByRename:
    """Rename the file, which succeeds once. FileSystemCache's ``delete`` returns True even if there is no file."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def take(self, key: str) -> Any:
        taken = f"{key}:{secrets.token_hex(8)}"
        try:
            os.replace(self._backend._get_filename(key), self._backend._get_filename(taken))
        except FileNotFoundError:
            return None
        value = self._backend.get(taken)  # None if it has expired
        self._backend.delete(taken)
        return value

    def refuses_second_take(self) -> bool:
        return True


class _TakeByDelete:
    """Get the value and delete it: ``delete`` is atomic."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def take(self, key: str) -> Any:
        value = self._backend.get(key)
        return value if value is not None and self._backend.delete(key) else None

    def refuses_second_take(self) -> bool:
        return not self._backend.delete(_probe_key())


class _TakeByClaim:
    """Require both an ``add`` of a claim and a ``delete`` that does not fail: it is enough if one of them is atomic.

    For all memcached clients, DynamoDB and custom backends. Within one process it is exact even if neither is atomic.
    A claim outlives the captcha: released early, it would let a slow second reader through.
    """

    def __init__(self, backend: Any, claim_seconds: int) -> None:
        self._backend = backend
        self._claim_seconds = claim_seconds
        #: Who is taking each key in this process. A lock would be held while the client waits for its server.
        self._callers: dict[str, object] = {}

    def take(self, key: str) -> Any:
        caller = object()
        if self._callers.setdefault(key, caller) is not caller:
            return None
        try:
            return self._take(key)
        finally:
            del self._callers[key]

    def refuses_second_take(self) -> bool:
        key = _probe_key()
        was_added, was_added_again = (self._add(key) for _ in range(2))
        was_deleted, was_deleted_again = (not _found_nothing(self._backend.delete(key)) for _ in range(2))
        if not (was_added and was_deleted):  # some clients report an outage in no other way
            raise ConnectionError(
                "the cache does not keep a new key: it cannot be reached, or its add or delete reports failure"
            )
        return not (was_added_again and was_deleted_again)

    def _take(self, key: str) -> Any:
        value = self._backend.get(key)
        if value is None:
            value = self._get_again(key)
        if value is None or not self._add(_CLAIMS + key) or _found_nothing(self._backend.delete(key)):
            return None
        return value

    def _add(self, key: str) -> bool:
        return bool(self._backend.add(key, 1, timeout=self._claim_seconds))

    def _get_again(self, key: str) -> Any:
        """Get once more, after a write that succeeds.

        Most memcached clients report a lost connection as a missing key: an outage would spend captchas, and the first
        request after an idle hour would not find its captcha. A write fails or reconnects instead.
        """
        if self._backend.set(_PROBE, 1, timeout=self._claim_seconds) is False:  # None: the client does not report
            raise ConnectionError("the cache neither finds nor keeps anything")
        return self._backend.get(key)


def _found_nothing(deleted: Any) -> bool:
    """Return whether the result of ``delete`` means that there was no such key. None means that it is not reported."""
    return not deleted and deleted is not None


def _probe_key() -> str:
    return f"{_PROBE}:{secrets.token_hex(8)}"
