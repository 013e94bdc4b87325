"""The answer store: keeps one value per uuid and gives it to exactly one taker."""

from functools import partial
from typing import Any

import cachelib
from cachelib import FileSystemCache, MemcachedCache, SimpleCache
from flask_caching.backends.nullcache import NullCache

from ..exceptions import SetupError, StoreUnavailable
from .cache_types import NULL_CACHE
from .files import FolderSweep
from .redis import decodes_responses
from .taking import access_to

NAMESPACE = "captcha_api:"

#: Backends round down to whole seconds, so an entry may expire up to a second early: keep it this much longer.
ROUNDING_SECONDS = 1


class AnswerStore:
    """Keeps answers (as digests) in a Flask-Caching backend until they are taken or expire.

    :param backend: what ``app.extensions["cache"][cache]`` holds. :func:`~.taking.access_to` says how values are taken.
    :param longest_ttl: the longest ttl, in seconds, that :meth:`put` will be given.
    """

    def __init__(self, backend: Any, *, longest_ttl: int) -> None:
        self._backend = backend
        self._cache, self._strategy = access_to(backend, longest_ttl + ROUNDING_SECONDS)
        self._sweep = FolderSweep(backend) if isinstance(backend, FileSystemCache) else None

    @property
    def backend(self) -> Any:
        """Return the Flask-Caching backend, for inspection only."""
        return self._backend

    @property
    def is_private_to_process(self) -> bool:
        """Return whether other processes of the same app cannot see these answers."""
        return isinstance(self._backend, SimpleCache)

    def probe(self) -> None:
        """Check, with a key of its own, that the backend refuses the second of two takers.

        What a backend returns depends on its client, which may be subclassed or wrapped, so types prove nothing.
        Connects to the cache, so it must not be called before the process forks.

        :raises SetupError: the backend would give one value to both.
        :raises StoreUnavailable: the cache cannot be reached; this says nothing about the backend.
        """
        try:
            is_refused = self._strategy.refuses_second_take()
        except Exception as error:  # no common base: each client library has its own
            raise _unavailable(error) from error
        if not is_refused:
            raise SetupError(
                f"{type(self._backend).__name__} reports success for a key that was already added and already "
                f"deleted, so two requests could pass with one captcha: {_remedy(self._backend)}"
            )

    def put(self, uuid: str, value: str, ttl: int) -> None:
        """Keep ``value`` for ``ttl`` seconds.

        With files, a few expired ones are removed first, and more if the write fails: the disk may be full of them.

        :raises StoreUnavailable: the value was not kept, or it is unknown whether it was.
        """
        write = partial(self._write, NAMESPACE + uuid, value, ttl)
        if self._sweep:
            self._sweep.write(write)
        else:
            write()

    def _write(self, key: str, value: str, ttl: int) -> None:
        try:
            is_kept = self._cache.set(key, value, timeout=ttl + ROUNDING_SECONDS)
            if is_kept is None:  # some backends never return a result, some return None on failure
                is_kept = _as_text(self._cache.get(key)) == value
        except Exception as error:  # no common base: each client library has its own
            raise _unavailable(error) from error
        if not is_kept:
            raise StoreUnavailable(f"{type(self._backend).__name__} did not keep the value")

    def take(self, uuid: str) -> str | None:
        """Remove the value and return it, to exactly one caller; return None to all others, or if there is no value.

        :raises StoreUnavailable: the cache failed; the value may be spent.
        """
        try:
            return _as_text(self._strategy.take(NAMESPACE + uuid))
        except Exception as error:
            raise _unavailable(error) from error


def refuse_unfit(backend: Any) -> None:
    """Raise SetupError for a backend from which no answer can be read. Does not connect to the cache."""
    if isinstance(backend, (NullCache, cachelib.NullCache)):
        raise SetupError(NULL_CACHE)
    if decodes_responses(backend):
        raise SetupError(
            f"the Redis client of {type(backend).__name__} has decode_responses=True, and the cache stores bytes that "
            "are not text, so none could be read: create the client without decode_responses"
        )


def _remedy(backend: Any) -> str:
    if isinstance(backend, MemcachedCache):
        return (
            "let its client wait for the server's replies: create a pymemcache client with default_noreply=False, a "
            "pylibmc client without the behavior _noreply"
        )
    return (
        "let its delete return False for a key that does not exist, or its add for a key that exists, whichever is "
        "atomic; or give it a method take(key) that returns a value to one caller and None to all others"
    )


def _as_text(value: Any) -> str | None:
    """Return the text that was put in, which some clients return as bytes; None for any other type."""
    if isinstance(value, bytes):
        return value.decode("ascii", "replace")
    return value if isinstance(value, str) else None


def _unavailable(error: Exception) -> StoreUnavailable:
    return StoreUnavailable(f"{type(error).__name__}: {error}")
