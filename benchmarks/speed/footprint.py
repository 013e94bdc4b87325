"""How many bytes an outstanding captcha takes in each cache, and what that comes to at a given rate.

Puts captchas into real caches as the package does and asks each for its own figures: the allocator for SimpleCache, the
file system for FileSystemCache, and the servers' statistics for Redis and memcached. ``make bench-footprint``.
"""

import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis
from flask import Flask
from flask_caching import Cache
from flask_caching.backends import FileSystemCache, SimpleCache
from pymemcache.client.base import Client

from flask_captcha_api.challenges.folding import Folding
from flask_captcha_api.settings.config import SourceConfig
from flask_captcha_api.storage.answers import AnswerStore
from flask_captcha_api.storage.entries import Entry, Terms
from tests.support import backends

CAPTCHAS = 20_000
RATES = (1, 100, 10_000)
TTL = SourceConfig().ttl

#: What stands in the store for a captcha of the source "login".
VALUE = str(
    Entry(
        Terms(
            key_id="8b1d0c5e", is_bound=True, folding=Folding(digits_only=True), expires=1_790_000_000, source="login"
        ),
        digest="0123456789abcdef" * 4,
    )
)

Used = Callable[[], int]


def main() -> None:
    """Measure and print."""
    print(f"bytes an outstanding captcha takes, of {CAPTCHAS:,}; at {TTL} s to live and none of them answered:")
    outstanding = [rate * TTL for rate in RATES]
    print(f"{'':28} {'bytes':>6} {'spent':>6} " + " ".join(f"{f'{rate:,}/s':>10}" for rate in RATES))
    print(f"{'captchas outstanding':28} {'':6} {'':6} " + " ".join(f"{each:>10,}" for each in outstanding))
    for name, place in PLACES.items():
        with place() as (backend, used):
            each, spent = bytes_each(name, AnswerStore(backend, longest_ttl=TTL), used)
        print(
            f"{name:28} {each:6.0f} {spent:6.0f} "
            + " ".join(f"{in_megabytes(each * count):>10}" for count in outstanding),
            flush=True,
        )


def bytes_each(name: str, store: AnswerStore, used: Used) -> tuple[float, float]:
    """Put captchas in and take them out again; return what each adds, and what of it stays when it is spent."""
    before = used()
    for number in range(CAPTCHAS):
        if number % 1000 == 0:
            print(f"\r{name}: {number:,} of {CAPTCHAS:,}", end="", file=sys.stderr, flush=True)
        store.put(f"{number:023}", VALUE, TTL)
    print("\r" + " " * 50 + "\r", end="", file=sys.stderr, flush=True)
    full = used()
    for number in range(CAPTCHAS):
        store.take(f"{number:023}")
    return (full - before) / CAPTCHAS, (used() - before) / CAPTCHAS


def in_megabytes(count: float) -> str:
    """Write a number of bytes for people."""
    return f"{count / 1e6:,.1f} MB" if count < 1e9 else f"{count / 1e9:,.1f} GB"


@contextmanager
def simple() -> Iterator[tuple[Any, Used]]:
    """Keep them in this process."""
    tracemalloc.start()
    try:
        yield SimpleCache(threshold=CAPTCHAS), lambda: tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


@contextmanager
def files() -> Iterator[tuple[Any, Used]]:
    """Keep them in files, counted in the blocks that they take."""
    with tempfile.TemporaryDirectory() as folder:

        def used() -> int:
            return int(subprocess.check_output(["du", "-sk", folder]).split()[0]) * 1024  # noqa: S607 - of every Unix

        yield FileSystemCache(folder, threshold=0), used


@contextmanager
def redis_server() -> Iterator[tuple[Any, Used]]:
    """Keep them in Redis, which tells what its allocator holds."""
    with tempfile.TemporaryDirectory() as folder, backends.redis_cache(Path(folder)) as settings:
        client = redis.Redis(port=settings["CACHE_REDIS_PORT"])
        yield backend_of(settings), lambda: int(client.info("memory")["used_memory"])
        client.close()


@contextmanager
def memcached() -> Iterator[tuple[Any, Used]]:
    """Keep them in memcached: what counts is the chunk that an item occupies, not its own length."""
    with tempfile.TemporaryDirectory() as folder, backends.SHARED["MemcachedCache-pylibmc"](Path(folder)) as settings:
        client = Client(settings["CACHE_MEMCACHED_SERVERS"][0])

        def used() -> int:
            told = client.stats("slabs")
            return sum(
                int(chunks) * int(told[key.replace(b"used_chunks", b"chunk_size")])
                for key, chunks in told.items()
                if key.endswith(b":used_chunks")
            )

        yield backend_of(settings), used
        client.close()


def backend_of(settings: dict[str, Any]) -> Any:
    """Make the backend that CACHE_* settings describe."""
    app = Flask("footprint")
    app.config.update(settings)
    cache = Cache(app)
    return app.extensions["cache"][cache]


PLACES = {"SimpleCache": simple, "FileSystemCache": files, "Redis": redis_server, "memcached (pylibmc)": memcached}


if __name__ == "__main__":
    main()
