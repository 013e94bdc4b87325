"""The store: one answer under one uuid, given to exactly one taker.

Flask-Caching's backends differ in what their ``delete`` and ``add`` tell, so each family is taken from in its own way:
the table at the end says which, and why it is exact. What Redis and memcached need besides stands in ``primary`` and
``memcached``. Knows the backends by type and nothing of requests.
"""

import os
import secrets
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import cachelib
from cachelib import FileSystemCache, MemcachedCache, SimpleCache, UWSGICache
from flask_caching.backends.nullcache import NullCache

from .config import SetupError
from .memcached import by_servers_clock
from .primary import on_primary
from .sweep import Sweep

NAMESPACE = "captcha_api:"
_CLAIMS = "captcha_api_claim:"
_PROBE = "captcha_api_probe"

#: Backends round down to whole seconds, so an entry may die up to a second early: it is kept this much longer.
ROUNDING_SECONDS = 1


class StoreUnavailable(Exception):
    """The cache cannot be reached or refuses to work; whether a captcha passed cannot be told, so it did not."""


class AnswerStore:
    """Keeps answers (as digests) in a Flask-Caching backend until they are taken or expire.

    :param backend: what ``app.extensions["cache"][cache]`` holds. One with a method ``take(key)`` of its own, which
        must give a value to exactly one caller and None to all others, is trusted to do so.
    :param longest_ttl: seconds that no entry outlives.
    """

    def __init__(self, backend: Any, *, longest_ttl: int) -> None:
        self._backend = backend
        self._cache = backend if _takes(backend) else on_primary(by_servers_clock(backend))
        self._take = _way_to_take(self._cache, longest_ttl + ROUNDING_SECONDS)
        self._sweep = Sweep(backend) if isinstance(backend, FileSystemCache) else None

    @property
    def backend(self) -> Any:
        """Return the Flask-Caching backend, to be looked at and not to be used."""
        return self._backend

    @property
    def is_private_to_process(self) -> bool:
        """Tell whether another process of the same app would see none of these answers."""
        return isinstance(self._backend, SimpleCache)

    def put(self, uuid: str, value: str, ttl: int) -> None:
        """Keep ``value`` for ``ttl`` seconds.

        Files are swept first, and further where the write fails: a disk that is full of expired captchas has room.

        :raises StoreUnavailable: it is not kept, or it cannot be told.
        """
        keep = partial(self._keep, NAMESPACE + uuid, value, ttl)
        if self._sweep:
            self._sweep.write(keep)
        else:
            keep()

    def _keep(self, key: str, value: str, ttl: int) -> None:
        try:
            kept = self._cache.set(key, value, timeout=ttl + ROUNDING_SECONDS)
            if kept is None:  # some backends do not say, and some say it this way that they failed
                kept = _as_text(self._cache.get(key)) == value
        except Exception as error:  # no common base: each client library has its own
            raise StoreUnavailable(_told(error)) from error
        if not kept:
            raise StoreUnavailable(f"{type(self._backend).__name__} did not keep the value")

    def take(self, uuid: str) -> str | None:
        """Remove the value and return it, to exactly one caller; None to every other and where there is none.

        :raises StoreUnavailable: it cannot be told; the value may be spent.
        """
        try:
            return _as_text(self._take(NAMESPACE + uuid))
        except Exception as error:
            raise StoreUnavailable(_told(error)) from error


def refuse_unfit(backend: Any) -> None:
    """Raise SetupError for a backend that loses every answer or cannot tell who took it."""
    if isinstance(backend, (NullCache, cachelib.NullCache)):
        raise SetupError(
            "CACHE_TYPE is NullCache, which keeps nothing, so no captcha could ever be verified: set CACHE_TYPE to "
            "SimpleCache (one process), FileSystemCache (one host) or RedisCache, or pass cache= to CaptchaApi"
        )
    if isinstance(backend, MemcachedCache) and not _waits_for_replies(backend._client):
        raise SetupError(
            "pymemcache answers before memcached does, so two requests could pass with one captcha: create its client "
            "with default_noreply=False"
        )


def _waits_for_replies(client: Any) -> bool:
    """Tell whether a memcached client's ``add`` and ``delete`` report what the server did. Only pymemcache may not."""
    if type(client).__module__.partition(".")[0] != "pymemcache":
        return True
    for_each_server = getattr(client, "default_kwargs", {})  # of a HashClient
    return getattr(client, "default_noreply", for_each_server.get("default_noreply")) is False


def _way_to_take(backend: Any, claim_seconds: int) -> Callable[[str], Any]:
    if _takes(backend):
        return backend.take  # type: ignore[no-any-return]
    for family, take in _WAYS:
        if isinstance(backend, family):
            return lambda key: take(backend, key)
    return _Claims(backend, claim_seconds).take


def _takes(backend: Any) -> bool:
    return callable(getattr(backend, "take", None))


def _take_by_rename(backend: Any, key: str) -> Any:
    """Take by a rename, which succeeds once. ``delete`` would not do: it is true for a file that is not there."""
    taken = f"{key}:{secrets.token_hex(8)}"
    try:
        os.replace(backend._get_filename(key), backend._get_filename(taken))
    except FileNotFoundError:
        return None
    value = backend.get(taken)  # None where it has expired
    backend.delete(taken)
    return value


def _take_by_delete(backend: Any, key: str) -> Any:
    """Take by ``delete``, which in these backends is atomic and tells whether there was something to delete."""
    value = backend.get(key)
    return value if value is not None and backend.delete(key) else None


class _Claims:
    """The way for every other backend (all memcached clients, DynamoDB, custom ones).

    It takes both an ``add`` that says yes once and a ``delete`` that does not say no, so one of the two being atomic
    is enough; within a process a lock makes it exact even where neither is. A claim outlives the captcha: released
    early, it would let a slow second reader through.
    """

    def __init__(self, backend: Any, claim_seconds: int) -> None:
        self._backend = backend
        self._claim_seconds = claim_seconds
        self._locks = tuple(threading.Lock() for _ in range(64))

    def take(self, key: str) -> Any:
        with self._locks[hash(key) % len(self._locks)]:
            value = self._backend.get(key)
            if value is None:
                value = self._get_again(key)
            if value is None:
                return None
            if not self._backend.add(_CLAIMS + key, 1, timeout=self._claim_seconds):
                return None
            if self._backend.delete(key) is False:  # None: it does not say
                return None
            return value

    def _get_again(self, key: str) -> Any:
        """Get once more, after a write that succeeds.

        To most memcached clients a lost connection is a key that is not there: an outage would spend captchas, and the
        first request after an idle hour would find its own gone. Writing, they tell the truth or connect anew.
        """
        if self._backend.set(_PROBE, 1, timeout=self._claim_seconds) is False:  # None: it does not say
            raise ConnectionError("the cache neither finds nor keeps anything")
        return self._backend.get(key)


_WAYS: tuple[tuple[type, Callable[[Any, str], Any]], ...] = (
    (FileSystemCache, _take_by_rename),
    (SimpleCache, _take_by_delete),
    (UWSGICache, _take_by_delete),
    *([(cachelib.MongoDbCache, _take_by_delete)] if hasattr(cachelib, "MongoDbCache") else []),  # since cachelib 0.11
)


def _as_text(value: Any) -> str | None:
    """Return what was put in; anything else under our keys is not ours. Some clients give text back as bytes."""
    if isinstance(value, bytes):
        return value.decode("ascii", "replace")
    return value if isinstance(value, str) else None


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
