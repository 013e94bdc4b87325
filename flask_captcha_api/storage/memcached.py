"""memcached, where captchas need more of it than Flask-Caching's MemcachedCache gives.

Knows the backend and its clients, and nothing of captchas.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from cachelib import MemcachedCache
from flask_caching.backends import MemcachedCache as WithoutOptions
from flask_caching.backends import SpreadSASLMemcachedCache

#: memcached takes a longer time for a date.
_LONGEST_SECONDS = 30 * 24 * 60 * 60

#: The first in seconds, the others in milliseconds.
_PYLIBMC_BEHAVIORS = {"retry_timeout": 1, "connect_timeout": 1000, "_poll_timeout": 1000}


class ByServersClock:
    """The same cache, whose entries live for a number of seconds by the server's clock.

    MemcachedCache sends a date of its own instead: where the app's clock is behind the server's by more than the
    entry's life, every entry is dead at once.
    """

    def __init__(self, backend: MemcachedCache) -> None:
        self._backend = backend
        self.get: Callable[[str], Any] = backend.get
        self.delete: Callable[[str], bool | None] = backend.delete

    def set(self, key: str, value: Any, timeout: int) -> bool:
        """Keep a value."""
        with self._client() as client:
            return bool(client.set(self._backend._normalize_key(key), value, min(timeout, _LONGEST_SECONDS)))

    def add(self, key: str, value: Any, timeout: int) -> bool:
        """Keep a value where there is none; returns whether there was none."""
        with self._client() as client:
            return bool(client.add(self._backend._normalize_key(key), value, min(timeout, _LONGEST_SECONDS)))

    def _client(self) -> AbstractContextManager[Any]:
        if hasattr(self._backend, "_client_context"):  # since cachelib 0.15, which has a pool of clients
            return self._backend._client_context()
        return nullcontext(self._backend._client)


def by_servers_clock(backend: Any) -> Any:
    """Return a cache that is right whatever the app's clock says, where the backend is memcached; else the backend."""
    spread = isinstance(backend, SpreadSASLMemcachedCache)  # which writes a value in pieces, in its own way
    return ByServersClock(backend) if isinstance(backend, MemcachedCache) and not spread else backend


def have_outages_told_soon(backend: Any) -> None:
    """Give pylibmc's clients the options for which Flask-Caching's MemcachedCache has no setting.

    By themselves they wait five seconds for a server that is silent, and leave one that failed alone for two to three.
    A client that the app made itself keeps what the app chose; before cachelib 0.15 the two cannot be told apart, and
    all of them do.
    """
    pool: Any = getattr(backend, "_client", None)
    if type(backend) is WithoutOptions and type(pool).__module__ == "pylibmc.pools":
        for client in list(pool.queue):
            client.behaviors = _PYLIBMC_BEHAVIORS
