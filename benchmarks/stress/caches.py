"""The CACHE_* settings of the stores that rows work on, as the documentation gives them."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.support.servers import Server

from .row import Skipped

Settings = dict[str, Any]


def redis(server: Server) -> Settings:
    """Describe a single Redis."""
    return {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_HOST": "127.0.0.1", "CACHE_REDIS_PORT": server.port}


def files(directory: Path) -> Settings:
    """Describe files in a folder of their own."""
    return {"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": str(directory / "entries"), "CACHE_THRESHOLD": 0}


def pylibmc(server: Server) -> Settings:
    """Describe memcached through pylibmc, which Flask-Caching prefers where it is installed."""
    if find_spec("pylibmc") is None:
        raise Skipped("pylibmc is not installed")
    return memcached(server, "MemcachedCache")


def memcached(server: Server, client: str) -> Settings:
    """Describe memcached.

    :param client: the CACHE_TYPE that brings the client library.
    """
    return {"CACHE_TYPE": client, "CACHE_MEMCACHED_SERVERS": [server.address]}
