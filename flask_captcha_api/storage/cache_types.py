"""Checks the cache that CACHE_TYPE names before it is created, for the types that come with Flask-Caching.

An import path of the app's own is not imported early: the app's modules may still be importing each other.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from typing import Any

from flask_caching import backends
from flask_caching.backends.base import BaseCache

from ..exceptions import SetupError

_REDIS = "pip install 'flask_captcha_api[redis]'"
_MEMCACHED = "pip install 'flask_captcha_api[memcached]'"
_PYLIBMC = (("pylibmc",), _MEMCACHED)

#: By cache type: the modules, any one of which is enough, and how to install one.
_CLIENTS = {
    "RedisCache": (("redis",), _REDIS),
    "RedisSentinelCache": (("redis",), _REDIS),
    "RedisClusterCache": (("redis",), _REDIS),
    "MemcachedCache": (("pylibmc", "google.appengine.api.memcache", "memcache", "libmc"), _MEMCACHED),
    "SASLMemcachedCache": _PYLIBMC,
    "SpreadSASLMemcachedCache": _PYLIBMC,
}

NULL_CACHE = (
    "CACHE_TYPE is NullCache, which keeps nothing, so no captcha could ever be verified: set CACHE_TYPE to "
    "SimpleCache (one process), FileSystemCache (one host) or RedisCache, or pass cache= to CaptchaApi"
)


def check_cache_type(settings: Mapping[str, Any]) -> None:
    """Check that Flask-Caching can create the cache that CACHE_TYPE names. Imports no client and connects to nothing.

    :param settings: the app's.
    :raises SetupError: Flask-Caching has no such cache, or it keeps nothing, or the client library that it needs is
        not installed.
    """
    given = settings.get("CACHE_TYPE")
    if not given:
        return
    if not isinstance(given, str):
        raise SetupError(f"CACHE_TYPE is {given!r}: it must be one of {', '.join(_names())}, or an import path")
    name = given.removeprefix("flask_caching.backends.")
    if "." in name:
        return
    if name not in _names():
        raise SetupError(f"CACHE_TYPE is {given!r}: {_suggestion(name)}")
    if name == "NullCache":
        raise SetupError(NULL_CACHE)
    if name == "MemcachedCache" and not isinstance(settings.get("CACHE_MEMCACHED_SERVERS"), list | tuple | None):
        return  # a client object, not addresses
    modules, remedy = _CLIENTS.get(name, ((), ""))
    if modules and not any(map(_is_installed, modules)):
        raise SetupError(f"CACHE_TYPE is {given!r}, which needs the Python package {' or '.join(modules)}: {remedy}")


def _names() -> list[str]:
    """Return the cache types of the installed Flask-Caching."""
    return [
        name
        for name, value in vars(backends).items()
        if isinstance(value, type) and issubclass(value, BaseCache) and value is not BaseCache
    ]


def _suggestion(name: str) -> str:
    by_lower_case = {each.lower(): each for each in _names()}
    close = get_close_matches(name.lower(), by_lower_case, n=1)
    return f"did you mean {by_lower_case[close[0]]!r}?" if close else f"it must be one of {', '.join(_names())}"


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # its parent package is not installed
        return False
