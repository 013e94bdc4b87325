"""An adapter for memcached, whose entries expire by the server's clock, and timeouts for pylibmc."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from cachelib import MemcachedCache
from flask_caching.backends import MemcachedCache as FlaskCachingMemcachedCache
from flask_caching.backends import SpreadSASLMemcachedCache

#: memcached reads a larger number as a Unix timestamp.
_MAX_RELATIVE_SECONDS = 30 * 24 * 60 * 60

#: The first in seconds, the others in milliseconds.
_PYLIBMC_BEHAVIORS = {"retry_timeout": 1, "connect_timeout": 1000, "_poll_timeout": 1000}


class MemcachedAdapter:
    """Sends the lifetime of an entry as seconds, not as a date.

    MemcachedCache sends a date by the app's clock: if that is behind the server's by more than the lifetime, every
    entry has expired at once.
    """

    def __init__(self, backend: MemcachedCache) -> None:
        self._backend = backend
        self.get: Callable[[str], Any] = backend.get
        self.delete: Callable[[str], bool | None] = backend.delete

    def set(self, key: str, value: Any, timeout: int) -> bool:
        """Keep a value for ``timeout`` seconds, at most 30 days."""
        with self._client() as client:
            return bool(client.set(self._backend._normalize_key(key), value, min(timeout, _MAX_RELATIVE_SECONDS)))

    def add(self, key: str, value: Any, timeout: int) -> bool:
        """Keep a value unless the key exists. Return whether it was kept."""
        with self._client() as client:
            return bool(client.add(self._backend._normalize_key(key), value, min(timeout, _MAX_RELATIVE_SECONDS)))

    def _client(self) -> AbstractContextManager[Any]:
        if hasattr(self._backend, "_client_context"):  # since cachelib 0.15, which has a pool of clients
            return self._backend._client_context()
        return nullcontext(self._backend._client)


def adapt_memcached(backend: Any) -> Any:
    """Return a :class:`MemcachedAdapter` if the backend is a MemcachedCache, else the backend."""
    # SpreadSASLMemcachedCache writes a value in several pieces, by its own set.
    is_spread = isinstance(backend, SpreadSASLMemcachedCache)
    return MemcachedAdapter(backend) if isinstance(backend, MemcachedCache) and not is_spread else backend


def shorten_pylibmc_timeouts(backend: Any) -> None:
    """Let pylibmc's clients report an outage within a second; Flask-Caching's MemcachedCache has no setting for it.

    By default they wait five seconds for a server that does not reply, then avoid it for two to three seconds.
    A client that the app created itself keeps its options; before cachelib 0.15 the two cannot be distinguished, and
    no client is changed.
    """
    pool: Any = getattr(backend, "_client", None)
    if type(backend) is FlaskCachingMemcachedCache and type(pool).__module__ == "pylibmc.pools":
        for client in list(pool.queue):
            client.behaviors = _PYLIBMC_BEHAVIORS
