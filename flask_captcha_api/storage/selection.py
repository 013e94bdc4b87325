"""Which cache an app's answers go to.

Chosen once, at the first use and not before: a client that has spoken to its server before the process forks gives
one worker another's answers. What can be told to be wrong without touching a cache is told earlier, by ``init_app``.
"""

import logging
import os
import stat
import warnings
from pathlib import Path
from typing import Any

from cachelib import FileSystemCache, SimpleCache
from flask import Flask

from ..exceptions import SetupError, StoreUnavailable
from ..settings.config import CaptchaConfig
from .answers import AnswerStore, refuse_unfit
from .capacity import crowding_of
from .memcached import have_outages_told_soon
from .memory import PrivateSimpleCache

#: What our own SimpleCache holds. Beyond it, the oldest captchas are pushed out.
PRIVATE_THRESHOLD = 10_000

_logger = logging.getLogger("flask_captcha_api")


def open_store(app: Flask, cache: Any, *, config: CaptchaConfig, checked: Any) -> AnswerStore:
    """Open the store on the app's cache and probe it, and log where one address can push out the captchas of others.

    :param cache: the Cache that ``CaptchaApi`` was given, or None.
    :param checked: what :func:`check_early` returned.
    :raises SetupError: the app's caches do not allow captchas.
    :raises StoreUnavailable: the cache cannot be reached.
    """
    backend = _backend(app, cache)
    if backend is not checked:
        check_backend(backend)
    have_outages_told_soon(backend)
    store = AnswerStore(backend, longest_ttl=config.longest_ttl)
    store.probe()
    if crowding := crowding_of(backend, config):
        _logger.warning(crowding)
    return store


def check_early(app: Flask, cache: Any) -> Any:
    """Check the backend that is certain already, and return it; None where a Cache may still be initialised after us.

    :raises SetupError: it cannot keep captchas, or which of several is meant cannot be told.
    """
    backends = app.extensions.get("cache", {})
    if cache is None:
        _refuse_several(backends)
        backend = next(iter(backends.values()), None)
    else:
        backend = backends.get(cache)
    if backend is not None:
        check_backend(backend)
    return backend


def check_backend(backend: Any) -> None:
    """Warn of a backend that loses captchas.

    :raises SetupError: it loses them all.
    """
    refuse_unfit(backend)
    _warn_of_threshold(backend)
    _warn_of_open_folder(backend)


def _backend(app: Flask, cache: Any) -> Any:
    backends = app.extensions.get("cache", {})
    if cache is not None:
        if cache not in backends:
            raise SetupError(
                "the Cache given to CaptchaApi as cache= was never initialised for this app: call cache.init_app(app)"
            )
        return backends[cache]
    _refuse_several(backends)
    if backends:
        return next(iter(backends.values()))
    if app.config.get("CACHE_TYPE"):
        return _configured_backend(app)
    return PrivateSimpleCache(threshold=PRIVATE_THRESHOLD)


def _configured_backend(app: Flask) -> Any:
    """Make the backend that the app's CACHE_* settings describe, for captchas alone."""
    from flask_caching import Cache

    private = Cache(with_jinja2_ext=False)  # the app's {% cache %} tag is not ours
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that NullCache keeps nothing is told better by refuse_unfit
            private.init_app(app)
    except (ImportError, LookupError, TypeError, ValueError) as error:
        raise SetupError(f"the app's CACHE_* settings make no cache: {error}") from error
    except Exception as error:  # Redis Cluster connects when it is made
        raise StoreUnavailable(f"{type(error).__name__}: {error}") from error
    return app.extensions["cache"][private]


def _refuse_several(backends: dict[Any, Any]) -> None:
    if len(backends) > 1:
        raise SetupError(
            f"the app has {len(backends)} Caches and captchas must be kept in one: pass cache= to CaptchaApi"
        )


def _warn_of_open_folder(backend: Any) -> None:
    if not isinstance(backend, FileSystemCache) or os.name != "posix":
        return
    try:
        mode = Path(backend._path).stat().st_mode
    except OSError:  # told at the first use
        return
    if mode & stat.S_IWOTH:
        warnings.warn(
            f"CACHE_DIR {backend._path!r} can be written by every user of this host (mode {stat.S_IMODE(mode):04o}). "
            "Entries are pickled, so whoever writes there can run code in the app: make it a folder of the app's user "
            "with mode 0700",
            stacklevel=2,
        )


def _warn_of_threshold(backend: Any) -> None:
    threshold = getattr(backend, "_threshold", None)
    if isinstance(backend, SimpleCache) and threshold is not None and threshold < PRIVATE_THRESHOLD:
        warnings.warn(
            f"the app's SimpleCache holds {threshold} entries, its own among them, and beyond that the captchas are "
            f"the first to be lost: set CACHE_THRESHOLD to {PRIVATE_THRESHOLD} or more (0 means 500)",
            stacklevel=2,
        )
    elif isinstance(backend, FileSystemCache) and threshold:
        warnings.warn(
            f"the app's FileSystemCache deletes entries beyond {threshold}, the captchas first, and its count of them "
            "drifts with several processes: set CACHE_THRESHOLD to 0",
            stacklevel=2,
        )
