"""The caches that the store is tested on: for each a name and the CACHE_* settings that make it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask
from flask_caching.backends.base import BaseCache
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.retry import Retry

from . import servers

Settings = dict[str, Any]


def fast_failing_redis() -> Settings:
    """Return the options that the README gives for Redis: an outage is told within a second, not a minute."""
    return {"socket_timeout": 1, "socket_connect_timeout": 1, "retry": Retry(NoBackoff(), 0)}


class NaiveCache(BaseCache):
    """What a user might write: its add looks first and then sets, and its delete is true for what is not there."""

    def __init__(self, default_timeout: int = 300) -> None:
        super().__init__(default_timeout)
        self.values: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        return self.values.get(key)

    def set(self, key: str, value: Any, timeout: Any = None) -> bool:
        self.values[key] = value
        return True

    def delete(self, key: str) -> bool:
        self.values.pop(key, None)
        return True  # a lie half of the time, as in many caches

    def add(self, key: str, value: Any, timeout: Any = None) -> bool:
        return key not in self.values and self.set(key, value, timeout)  # not atomic


class LyingCache(NaiveCache):
    """One whose add and delete always report success."""

    def add(self, key: str, value: Any, timeout: Any = None) -> bool:
        return True


class CountingCache(BaseCache):
    """One over redis-py, whose delete returns the server's count, and whose add is not atomic."""

    def __init__(self, client: redis.Redis) -> None:
        super().__init__(300)
        self._client = client

    @classmethod
    def factory(cls, app: Any, config: Settings, args: list[Any], kwargs: Settings) -> "CountingCache":
        return cls(redis.Redis(port=config["CACHE_REDIS_PORT"], decode_responses=True))

    def get(self, key: str) -> Any:
        return self._client.get(key)

    def set(self, key: str, value: Any, timeout: Any = None) -> Any:
        return self._client.set(key, value, ex=timeout)

    def add(self, key: str, value: Any, timeout: Any = None) -> Any:
        return not self._client.exists(key) and self.set(key, value, timeout)

    def delete(self, key: str) -> Any:
        return self._client.delete(key)


def python_memcached(app: Any, config: Settings, args: list[Any], kwargs: Settings) -> Any:
    """Make a backend over the pure Python client: Flask-Caching calls the function that CACHE_TYPE names."""
    import memcache
    from flask_caching.backends import MemcachedCache

    return MemcachedCache(memcache.Client(config["CACHE_MEMCACHED_SERVERS"]))


def pymemcache(app: Any, config: Settings, args: list[Any], kwargs: Settings) -> Any:
    """Make a backend over pymemcache, set up as the store demands it."""
    from flask_caching.backends import MemcachedCache
    from pymemcache.client.base import PooledClient

    return MemcachedCache(PooledClient(config["CACHE_MEMCACHED_SERVERS"][0], default_noreply=False))


def chosen_backend(app: Flask) -> Any:
    """Return the backend of the cache that an app's captchas are in."""
    return app.extensions["captcha_api"].store.get()._backend


def storage_uri(settings: Settings) -> str:
    """Return the URI by which the limits library counts in the server that a backend's settings name."""
    match settings:
        case {"CACHE_TYPE": "RedisCache"}:
            return f"redis://127.0.0.1:{settings['CACHE_REDIS_PORT']}"
        case {"CACHE_TYPE": "RedisSentinelCache"}:
            host, port = settings["CACHE_REDIS_SENTINELS"][0]
            return f"redis+sentinel://{host}:{port}/mymaster"
        case {"CACHE_TYPE": "RedisClusterCache"}:
            return f"redis+cluster://{settings['CACHE_REDIS_CLUSTER']}"
        case _:
            return f"memcached://{settings['CACHE_MEMCACHED_SERVERS'][0]}"


@contextmanager
def file_system(directory: Path) -> Iterator[Settings]:
    yield {"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": str(directory / "entries"), "CACHE_THRESHOLD": 0}


@contextmanager
def redis_cache(directory: Path) -> Iterator[Settings]:
    with running(servers.redis_server(directory)) as server:
        yield {
            "CACHE_TYPE": "RedisCache",
            "CACHE_REDIS_HOST": "127.0.0.1",
            "CACHE_REDIS_PORT": server.port,
            "CACHE_OPTIONS": {"socket_timeout": 30, "socket_connect_timeout": 30},  # a busy machine is no outage
        }


@contextmanager
def counting(directory: Path) -> Iterator[Settings]:
    with running(servers.redis_server(directory)) as server:
        yield {"CACHE_TYPE": "tests.support.backends.CountingCache", "CACHE_REDIS_PORT": server.port}


@contextmanager
def sentinel(directory: Path) -> Iterator[Settings]:
    with watched_pair(directory) as (_, _, watcher):
        yield sentinel_settings(watcher)


@contextmanager
def watched_pair(directory: Path) -> Iterator[tuple[servers.Server, servers.Server, servers.Server]]:
    """Run a master, its replica and the Sentinel that watches both, from when it knows both."""
    with ExitStack() as stack:
        # Without the delay a replica asks for its first copy at once, and not after the usual five seconds.
        master = stack.enter_context(
            running(servers.redis_server(directory / "master", "--repl-diskless-sync-delay", "0"))
        )
        replica_of = ("--replicaof", "127.0.0.1", str(master.port))
        replica = stack.enter_context(running(servers.redis_server(directory / "replica", *replica_of)))
        watcher = stack.enter_context(running(servers.sentinel_server(directory / "sentinel", master)))
        with closing(redis.Redis(port=watcher.port)) as eye, closing(redis.Redis(port=replica.port)) as copy:

            def is_watched() -> bool:
                told: Any = copy.info("replication")
                return told["master_link_status"] == "up" and bool(eye.sentinel_slaves("mymaster"))

            servers.wait_until(is_watched, "the replica with all that the master has, in Sentinel's eyes")
        yield master, replica, watcher


def sentinel_settings(watcher: servers.Server) -> Settings:
    return {"CACHE_TYPE": "RedisSentinelCache", "CACHE_REDIS_SENTINELS": [("127.0.0.1", watcher.port)]}


@contextmanager
def cluster(directory: Path) -> Iterator[Settings]:
    with running_cluster(directory) as server, closing(RedisCluster(host="127.0.0.1", port=server.port)):
        yield cluster_settings(server)


@contextmanager
def running_cluster(directory: Path) -> Iterator[servers.Server]:
    """Run a Cluster of one node, from when it has all slots."""
    port = servers.free_port()
    with running(servers.redis_server(directory, "--cluster-enabled", "yes", port=port)) as server:
        with closing(redis.Redis(port=port)) as client:
            command: Any = client.execute_command
            command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)

            def is_up() -> bool:
                return b"cluster_state:ok" in command("CLUSTER", "INFO")

            servers.wait_until(is_up, "the cluster")
        yield server


def cluster_settings(server: servers.Server) -> Settings:
    return {"CACHE_TYPE": "RedisClusterCache", "CACHE_REDIS_CLUSTER": server.address}


def memcached_through(cache_type: str) -> Callable[[Path], Any]:
    @contextmanager
    def memcached(directory: Path) -> Iterator[Settings]:
        with running(servers.memcached_server(directory)) as server:
            yield {"CACHE_TYPE": cache_type, "CACHE_MEMCACHED_SERVERS": [server.address]}

    return memcached


@contextmanager
def running(server: servers.Server) -> Iterator[servers.Server]:
    """Run a server for the length of a with block."""
    try:
        yield server.start()
    finally:
        server.stop()


#: The backends that several processes share.
SHARED: dict[str, Callable[[Path], Any]] = {
    "FileSystemCache": file_system,
    "RedisCache": redis_cache,
    "RedisSentinelCache": sentinel,
    "RedisClusterCache": cluster,
    "MemcachedCache-pylibmc": memcached_through("MemcachedCache"),
    "MemcachedCache-python-memcached": memcached_through("tests.support.backends.python_memcached"),
    "MemcachedCache-pymemcache": memcached_through("tests.support.backends.pymemcache"),
}

#: Those that the fixture ``settings_of`` can start: these, and one that a user might write.
STARTED = {**SHARED, "CountingCache": counting}


def params(*names: str | None) -> list[Any]:
    """Return names of backends as parameters of tests, those marked that need a server."""
    return [pytest.param(name, marks=[pytest.mark.server] if needs_server(name) else []) for name in names]


def needs_server(name: str | None) -> bool:
    """Return whether a backend, of whatever name, is one that a server is started for."""
    return name in STARTED and name != "FileSystemCache"
