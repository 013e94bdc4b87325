"""The storages of the ``limits`` library: which ones can count, what they need, for how long they count, and how."""

from collections.abc import Iterable
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from .rates import parse_rate

#: The longest lifetime of a counter, in seconds, by URI scheme; the other storages have no limit. The limits library
#: passes lifetimes on to memcached, which reads larger numbers as dates: in 1970, so that nothing would be counted.
MAX_SECONDS = {"memcached": 30 * 24 * 3600}
#: Seconds that the client of a server waits for a connection and for an answer, unless the URI of a single Redis says
#: otherwise. By default some releases of redis-py, and pymemcache, wait for ever.
TIMEOUT = 1
#: redis-py opens 100 connections at most. A request that needs another would count as an outage, so beyond 100 requests
#: at once the rest would not be limited. A URI's max_connections wins over this.
_MOST_CONNECTIONS = 2**31 - 1
#: A sliding window is stored for twice its length, because it weighs in the window before it.
_WINDOWS_STORED = 2


def check_storage(scheme: str) -> None:
    """Check that the storage of a scheme can count. An unsuitable one would look like an outage at every request.

    :raises ImportError: a library is missing; the message says what to install.
    :raises ValueError: there is no such storage, or it cannot count sliding windows.
    """
    try:
        from limits.storage import SCHEMES  # type: ignore[attr-defined]  # its registry of storages, not re-exported
    except ImportError as error:
        raise ImportError(
            "rate limits, and counts in any storage but memory://, need the limits library: "
            "pip install 'flask_captcha_api[limits]'"
        ) from error
    storage = SCHEMES.get(scheme)
    if not hasattr(storage, "get_sliding_window") or scheme.startswith("async+"):
        raise ValueError(
            f"CAPTCHA_RATE_LIMIT_STORAGE has the unsupported scheme {scheme!r}: it must be that of a storage of the "
            "limits library that supports sliding windows and is not async, such as 'redis' in "
            "'redis://127.0.0.1:6379/1'"
        )
    missing = _missing_package(scheme, getattr(storage, "DEPENDENCIES", ()))
    if missing is not None:
        raise ImportError(
            f"CAPTCHA_RATE_LIMIT_STORAGE begins with {scheme}://, for which the limits library needs {missing}: "
            f"pip install {missing}"
        )


def client_options(storage_uri: str) -> dict[str, Any]:
    """Return the options for the client of a storage: it must not hold a request for long, nor hide an outage."""
    parts = urlsplit(storage_uri)
    scheme, _, variant = parts.scheme.partition("+")
    if scheme in ("redis", "rediss", "valkey", "valkeys"):
        timeouts = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
        options: dict[str, Any] = {**timeouts, "max_connections": _MOST_CONNECTIONS}
        if variant == "sentinel":
            client = "valkey" if scheme.startswith("valkey") else "redis"
            once = import_module(f"{client}.retry").Retry(import_module(f"{client}.backoff").NoBackoff(), 0)
            options |= {"use_replicas": False, "sentinel_kwargs": {**timeouts, "retry": once}}  # replicas lag behind
        return options
    if scheme == "memcached":
        options = {"timeout": TIMEOUT, "connect_timeout": TIMEOUT}
        if "," in parts.netloc:
            # Between two attempts, the client would return for a host that is down what it does for a missing key.
            options["retry_attempts"] = 0
        return options
    if scheme == "mongodb":
        return {"serverSelectionTimeoutMS": 1000 * TIMEOUT, "socketTimeoutMS": 1000 * TIMEOUT}
    return {}


def has_window_too_long(rate: str, storage_uri: str) -> bool:
    """Return whether a rate has a window so long that the storage would not count it."""
    try:
        max_seconds = MAX_SECONDS.get(urlsplit(storage_uri).scheme)
        return max_seconds is not None and any(
            item.get_expiry() * _WINDOWS_STORED > max_seconds for item in parse_rate(rate)
        )
    except (ImportError, ValueError):  # no library, or no URI: check_storage reports it
        return False


def _missing_package(scheme: str, modules: Iterable[str]) -> str | None:
    """Return the package that a storage needs and that is not installed.

    If the storage works with several packages, such as redis and valkey, only the one that the scheme names counts; if
    it names none, any one of them is enough.
    """
    packages: dict[str, list[str]] = {}
    for module in modules:
        packages.setdefault(module.partition(".")[0], []).append(module)
    usable = {package: its for package, its in packages.items() if scheme.startswith(package)} or packages
    if not usable or any(all(map(_can_be_imported, its)) for its in usable.values()):
        return None
    return next(iter(usable))


def _can_be_imported(module: str) -> bool:
    try:
        import_module(module)
    except ImportError:
        return False
    return True
