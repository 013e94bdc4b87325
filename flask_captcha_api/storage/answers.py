"""The store: one answer under one uuid, given to exactly one taker.

Flask-Caching's backends differ in what their ``delete`` and ``add`` return, so each family has its own way to take.
What a backend returns depends on its client too, whose type says nothing (it may be subclassed or wrapped), so it is
probed before it is used. What Redis and memcached need besides stands in ``primary`` and ``memcached``.
"""

import os
import secrets
from functools import partial
from typing import Any, Protocol

import cachelib
from cachelib import FileSystemCache, MemcachedCache, SimpleCache, UWSGICache
from flask_caching.backends.nullcache import NullCache

from ..exceptions import SetupError, StoreUnavailable
from .files import Sweep
from .memcached import by_servers_clock
from .redis import OnPrimary, on_primary

NAMESPACE = "captcha_api:"
_CLAIMS = "captcha_api_claim:"
_PROBE = "captcha_api_probe"

#: Backends round down to whole seconds, so an entry may die up to a second early: it is kept this much longer.
ROUNDING_SECONDS = 1


class AnswerStore:
    """Keeps answers (as digests) in a Flask-Caching backend until they are taken or expire.

    :param backend: what ``app.extensions["cache"][cache]`` holds. One with a method ``take(key)`` of its own, which
        must give a value to exactly one caller and None to all others, is trusted to do so.
    :param longest_ttl: seconds that no entry outlives.
    """

    def __init__(self, backend: Any, *, longest_ttl: int) -> None:
        self._backend = backend
        self._cache = backend if _takes(backend) else on_primary(by_servers_clock(backend))
        self._way = _way_to_take(self._cache, longest_ttl + ROUNDING_SECONDS)
        self._sweep = Sweep(backend) if isinstance(backend, FileSystemCache) else None

    @property
    def backend(self) -> Any:
        """Return the Flask-Caching backend, to be looked at and not to be used."""
        return self._backend

    @property
    def is_private_to_process(self) -> bool:
        """Tell whether another process of the same app would see none of these answers."""
        return isinstance(self._backend, SimpleCache)

    def probe(self) -> None:
        """Try with a key of its own whether the backend would refuse the second of two takers.

        Talks to the cache, so it must not be called before the process forks.

        :raises SetupError: it would give one value to both.
        :raises StoreUnavailable: the cache cannot be reached; this says nothing about the backend.
        """
        try:
            refuses = self._way.refuses_second()
        except Exception as error:  # no common base: each client library has its own
            raise StoreUnavailable(_told(error)) from error
        if not refuses:
            raise SetupError(
                f"{type(self._backend).__name__} reports success for a key that was already added and already "
                f"deleted, so two requests could pass with one captcha: {_remedy(self._backend)}"
            )

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
            return _as_text(self._way.take(NAMESPACE + uuid))
        except Exception as error:
            raise StoreUnavailable(_told(error)) from error


def refuse_unfit(backend: Any) -> None:
    """Raise SetupError for a backend that loses every answer. Talks to no cache."""
    if isinstance(backend, (NullCache, cachelib.NullCache)):
        raise SetupError(
            "CACHE_TYPE is NullCache, which keeps nothing, so no captcha could ever be verified: set CACHE_TYPE to "
            "SimpleCache (one process), FileSystemCache (one host) or RedisCache, or pass cache= to CaptchaApi"
        )


def _remedy(backend: Any) -> str:
    if isinstance(backend, MemcachedCache):
        return (
            "let its client wait for the server's replies: create a pymemcache client with default_noreply=False, a "
            "pylibmc client without the behavior _noreply"
        )
    return (
        "let its delete return False for a key that is not there, or its add for a key that is, whichever is atomic; "
        "or give it a method take(key) that returns a value to one caller and None to all others"
    )


class _Way(Protocol):
    """A way to take a value: each family of backends has its own."""

    def take(self, key: str) -> Any:
        """Remove a value and return it, to one caller; None to all others."""

    def refuses_second(self) -> bool:
        """Return whether the backend's answers tell the second of two takers that it was the second."""


def _way_to_take(cache: Any, claim_seconds: int) -> _Way:
    if isinstance(cache, OnPrimary):
        return cache
    if _takes(cache):
        return _Own(cache)
    if isinstance(cache, FileSystemCache):
        return _Rename(cache)
    return _Delete(cache) if isinstance(cache, _DELETING) else _Claims(cache, claim_seconds)


def _takes(backend: Any) -> bool:
    return callable(getattr(backend, "take", None))


class _Own:
    """A custom backend's own ``take``, which is trusted."""

    def __init__(self, backend: Any) -> None:
        self.take = backend.take

    def refuses_second(self) -> bool:
        return True


class _Rename:
    """A rename, which succeeds once. FileSystemCache's ``delete`` returns True for a file that is not there."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def take(self, key: str) -> Any:
        taken = f"{key}:{secrets.token_hex(8)}"
        try:
            os.replace(self._backend._get_filename(key), self._backend._get_filename(taken))
        except FileNotFoundError:
            return None
        value = self._backend.get(taken)  # None where it has expired
        self._backend.delete(taken)
        return value

    def refuses_second(self) -> bool:
        return True


#: Backends whose ``delete`` is atomic and returns whether there was something to delete.
_DELETING = (
    SimpleCache,
    UWSGICache,
    *([cachelib.MongoDbCache] if hasattr(cachelib, "MongoDbCache") else []),  # since cachelib 0.11
)


class _Delete:
    """An atomic ``delete``."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def take(self, key: str) -> Any:
        value = self._backend.get(key)
        return value if value is not None and self._backend.delete(key) else None

    def refuses_second(self) -> bool:
        return not self._backend.delete(_probe_key())


class _Claims:
    """Both an ``add`` that succeeds once and a ``delete`` that does not say no: one of them being atomic is enough.

    For all memcached clients, DynamoDB and custom backends. Within a process it is exact even where neither is atomic.
    A claim outlives the captcha: released early, it would let a slow second reader through.
    """

    def __init__(self, backend: Any, claim_seconds: int) -> None:
        self._backend = backend
        self._claim_seconds = claim_seconds
        #: Keys that callers in this process are taking now. A lock would be held while the client waits for its server.
        self._callers: dict[str, object] = {}

    def take(self, key: str) -> Any:
        caller = object()
        if self._callers.setdefault(key, caller) is not caller:
            return None
        try:
            return self._take(key)
        finally:
            del self._callers[key]

    def refuses_second(self) -> bool:
        key = _probe_key()
        was_added, was_added_again = (self._add(key) for _ in range(2))
        was_there, was_there_again = (not _says_no(self._backend.delete(key)) for _ in range(2))
        if not (was_added and was_there):  # some clients report an outage in no other way
            raise ConnectionError("the cache does not keep a new key: it cannot be reached, or add or delete says no")
        return not (was_added_again and was_there_again)

    def _take(self, key: str) -> Any:
        value = self._backend.get(key)
        if value is None:
            value = self._get_again(key)
        if value is None or not self._add(_CLAIMS + key) or _says_no(self._backend.delete(key)):
            return None
        return value

    def _add(self, key: str) -> bool:
        return bool(self._backend.add(key, 1, timeout=self._claim_seconds))

    def _get_again(self, key: str) -> Any:
        """Get once more, after a write that succeeds.

        To most memcached clients a lost connection is a key that is not there: an outage would spend captchas, and the
        first request after an idle hour would find its own gone. Writing, they tell the truth or connect anew.
        """
        if self._backend.set(_PROBE, 1, timeout=self._claim_seconds) is False:  # None: it does not say
            raise ConnectionError("the cache neither finds nor keeps anything")
        return self._backend.get(key)


def _says_no(deleted: Any) -> bool:
    """Return whether what ``delete`` returned means that nothing was there. None means that it does not say."""
    return not deleted and deleted is not None


def _probe_key() -> str:
    return f"{_PROBE}:{secrets.token_hex(8)}"


def _as_text(value: Any) -> str | None:
    """Return what was put in; anything else under our keys is not ours. Some clients give text back as bytes."""
    if isinstance(value, bytes):
        return value.decode("ascii", "replace")
    return value if isinstance(value, str) else None


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
