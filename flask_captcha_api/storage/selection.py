"""Selection of the cache that keeps an app's answers.

The cache is selected at the first use: a client that connects before the process forks shares its connection with all
workers, and one would read another's replies. ``init_app`` checks whatever can be checked without a connection.
"""

import logging
import os
import stat
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cachelib import FileSystemCache, SimpleCache
from flask import Flask

from ..exceptions import SetupError, StoreUnavailable
from ..settings.config import CaptchaConfig
from .answers import AnswerStore, refuse_unfit
from .cache_types import check_cache_type
from .capacity import capacity_warning
from .memcached import shorten_pylibmc_timeouts
from .memory import PrivateSimpleCache
from .secret_keys import CHANGED, have_changed

#: How many entries the package's own cache holds. Beyond that it evicts the oldest.
PRIVATE_THRESHOLD = 10_000

_logger = logging.getLogger("flask_captcha_api")


def open_store(app: Flask, cache: Any, *, config: CaptchaConfig, keys: tuple[bytes, ...], checked: Any) -> AnswerStore:
    """Open the store on the app's cache and probe it.

    Logs an error if the app's secret keys have changed since ``init_app``, and a warning if the cache is too small for
    the rate limit.

    :param cache: the Cache that ``CaptchaApi`` was given, or None.
    :param keys: as derived by ``init_app``.
    :param checked: the result of :func:`check_early`.
    :raises SetupError: the app's caches cannot keep captchas.
    :raises StoreUnavailable: the cache cannot be reached.
    """
    backend = _backend(app, cache, config)
    if backend is not checked:
        check_backend(backend)
    shorten_pylibmc_timeouts(backend)
    store = AnswerStore(backend, longest_ttl=config.longest_ttl)
    store.probe()
    if warning := capacity_warning(backend, config):
        _logger.warning(warning)
    if have_changed(app.config, keys):
        _logger.error(CHANGED)
    return store


def check_early(app: Flask, cache: Any, config: CaptchaConfig) -> Any:
    """Check the backend if it is known before the first request, and return it.

    :returns: None if a Cache may still be initialised later, or CAPTCHA_CACHE is set.
    :raises SetupError: the backend cannot keep captchas, or cannot be created, or the app has several and none was
        given.
    """
    if config.cache is not None:
        check_cache_type(config.cache)
        return None
    backends = app.extensions.get("cache", {})
    if cache is None:
        _refuse_several(backends)
        backend = next(iter(backends.values()), None)
        if backend is None:
            check_cache_type(app.config)
    else:
        backend = backends.get(cache)
    if backend is not None:
        check_backend(backend)
    return backend


def check_backend(backend: Any) -> None:
    """Warn if a backend may lose captchas.

    :raises SetupError: no captcha could be read from the backend.
    """
    refuse_unfit(backend)
    _warn_of_threshold(backend)
    _warn_of_open_folder(backend)


def _backend(app: Flask, cache: Any, config: CaptchaConfig) -> Any:
    if config.cache is not None:
        return _own_backend(config.cache)
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
        return _create_backend(app, "the app's CACHE_* settings")
    return PrivateSimpleCache(threshold=PRIVATE_THRESHOLD)


def _own_backend(settings: Mapping[str, Any]) -> Any:
    """Create a backend from CAPTCHA_CACHE. The app's CACHE_* settings do not apply, and no Cache is added to it."""
    holder = Flask(__name__, static_folder=None)
    # Flask-Caching's default is 500 entries. A FileSystemCache must have no limit: several processes miscount.
    holder.config["CACHE_THRESHOLD"] = 0 if "FileSystem" in settings["CACHE_TYPE"] else PRIVATE_THRESHOLD
    holder.config.update(settings)
    return _create_backend(holder, "CAPTCHA_CACHE")


def _create_backend(app: Flask, settings: str) -> Any:
    """Create a backend for captchas alone from the CACHE_* settings of an app.

    :param settings: what an error calls them.
    """
    from flask_caching import Cache

    private = Cache(with_jinja2_ext=False)  # {% cache %} belongs to the app's own Cache
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about NullCache: refuse_unfit has a better message
            private.init_app(app)
    except TypeError as error:
        where = "" if not app.config.get("CACHE_OPTIONS") else ": CACHE_OPTIONS may be meant for another CACHE_TYPE"
        raise SetupError(f"could not create a cache from {settings}: {error}{where}") from error
    except (ImportError, LookupError, ValueError) as error:
        raise SetupError(f"could not create a cache from {settings}: {error}") from error
    except Exception as error:  # Redis Cluster connects on creation
        if isinstance(error.__cause__, ImportError):  # cachelib's RuntimeError for a missing client library
            raise SetupError(f"could not create a cache from {settings}: {error}") from error
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
    except OSError:  # reported at the first use
        return
    if mode & stat.S_IWOTH:
        warnings.warn(
            f"CACHE_DIR {backend._path!r} can be written by every user of this host (mode {stat.S_IMODE(mode):04o}). "
            "Entries are pickled, so anyone who writes there can run code in the app: make it a folder of the app's "
            "user with mode 0700",
            stacklevel=2,
        )


def _warn_of_threshold(backend: Any) -> None:
    threshold = getattr(backend, "_threshold", None)
    if isinstance(backend, SimpleCache) and threshold is not None and threshold < PRIVATE_THRESHOLD:
        warnings.warn(
            f"the app's SimpleCache holds {threshold} entries, including the app's own, and evicts captchas first "
            f"beyond that: set CACHE_THRESHOLD to {PRIVATE_THRESHOLD} or more (0 means 500)",
            stacklevel=2,
        )
    elif isinstance(backend, FileSystemCache) and threshold:
        warnings.warn(
            f"the app's FileSystemCache deletes entries beyond {threshold}, captchas first, and miscounts them with "
            "several processes: set CACHE_THRESHOLD to 0",
            stacklevel=2,
        )
