"""What the diagnostics report of the cache."""

import re
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask
from flask_caching import Cache

from flask_captcha_api import CaptchaApi

from ..support.backends import SHARED, LyingCache, NaiveCache, params, running
from ..support.diagnosed import diagnosed, diagnosed_again
from ..support.paths import DOCS
from ..support.servers import free_port, redis_server

WORKS = "a value was stored, and taken once"


@pytest.mark.parametrize("name", params(*SHARED))
def test_every_cache(app: Flask, name: str, settings_of: Callable[[str], dict[str, Any]]) -> None:
    """A value goes into each cache that several processes share, comes out once, and it is told who can share it."""
    app.config.update(settings_of(name))
    report = diagnosed(app)
    scope = "one host" if name == "FileSystemCache" else "any number of hosts"
    kind = name.partition("-")[0]
    assert report.facts["cache"] == f"{kind}, scope: {scope}; {WORKS}"
    assert report.errors == []
    assert not any("could not be read" in note for note in report.notes)


@pytest.mark.server
@pytest.mark.parametrize(
    ("options", "texts"),
    [
        ((), []),
        (("--save", "3600 1", "--appendonly", "yes"), []),
        (("--save", "3600 1"), ["Redis takes snapshots without an append-only file"]),
        (
            ("--maxmemory", "50mb", "--maxmemory-policy", "volatile-ttl"),
            ["Redis evicts keys when its memory is full (maxmemory-policy volatile-ttl)"],
        ),
        (("--maxmemory-policy", "volatile-ttl"), []),
        (("--maxmemory", "50mb"), []),
        (("--rename-command", "CONFIG", ""), ["CONFIG of the Redis server could not be read (ResponseError)"]),
        (("--rename-command", "INFO", ""), ["INFO of the Redis server could not be read (ResponseError)"]),
    ],
    ids=str,
)
def test_a_redis_that_may_lose_or_restore_captchas(
    app: Flask, tmp_path: Path, options: tuple[str, ...], texts: list[str]
) -> None:
    """What its memory and its snapshots can do to captchas is a note, and so is what it does not say."""
    with running(redis_server(tmp_path, *options)) as server:
        app.config.update(CACHE_TYPE="RedisCache", CACHE_REDIS_PORT=server.port, CAPTCHA_RATE_LIMIT="10 per hour")
        app.config["CAPTCHA_RATE_LIMIT_STORAGE"] = f"redis://127.0.0.1:{server.port}/1"
        report = diagnosed(app)
    assert [note.partition(":")[0].partition(", and captchas")[0] for note in report.notes] == texts
    assert report.errors == []


@pytest.mark.server
def test_a_redis_that_is_nearly_full(app: Flask, tmp_path: Path) -> None:
    """It will refuse captchas, and the note says how full it is."""
    with running(redis_server(tmp_path)) as server, closing(redis.Redis(port=server.port)) as client:
        # Beside which connections do not count. Redis makes it, as it would keep a buffer for as much that it is sent.
        client.setrange("much", 100_000_000, "x")
        client.config_set("maxmemory", int(client.info("memory")["used_memory"] * 1.05))
        app.config.update(CACHE_TYPE="RedisCache", CACHE_REDIS_PORT=server.port)
        report = diagnosed(app)
    assert any(re.match(r"Redis uses 9\d% of its maxmemory", note) for note in report.notes)


@pytest.mark.server
def test_the_keys_in_redis_begin_as_documented(app: Flask, tmp_path: Path) -> None:
    """An operator can find and remove them."""
    with running(redis_server(tmp_path)) as server, closing(redis.Redis(port=server.port)) as client:
        app.config.update(CACHE_TYPE="RedisCache", CACHE_REDIS_PORT=server.port)
        captcha = CaptchaApi(app)
        with app.app_context():
            uuid = captcha.issue("web").uuid
        assert client.keys() == [f"flask_cache_captcha_api:{uuid}".encode()]
    assert "--pattern 'flask_cache_captcha_api:*'" in (DOCS / "how-to" / "redis.md").read_text()


def test_a_cache_of_ones_own(app: Flask) -> None:
    """How far it reaches is its author's to know; that it works is tried like any other's."""
    cache = Cache()
    app.extensions["cache"] = {cache: NaiveCache()}
    report = diagnosed(app, cache=cache)
    assert report.facts["cache"].startswith("NaiveCache, scope: unknown (custom backend); a value")
    assert report.errors == []


class Forgetful(NaiveCache):
    def set(self, key: str, value: Any, timeout: Any = None) -> bool:
        return True

    def add(self, key: str, value: Any, timeout: Any = None) -> bool:
        return key not in self.values and super().set(key, value, timeout)


class Generous(NaiveCache):
    def take(self, key: str) -> Any:
        return self.values.get(key)


@pytest.mark.parametrize(
    ("backend", "text"),
    [
        (Forgetful(), "the cache does not return what was stored, so no captcha can pass"),
        (Generous(), "the cache returned the same value twice, so a captcha could pass more than once"),
    ],
)
def test_a_cache_that_lies(app: Flask, backend: Any, text: str) -> None:
    """One that forgets, and one that gives a value to everybody, are found out."""
    cache = Cache()
    app.extensions["cache"] = {cache: backend}
    assert diagnosed(app, cache=cache).errors == [text]


def test_a_cache_that_lets_two_pass(app: Flask) -> None:
    """It is refused with its remedy."""
    cache = Cache()
    app.extensions["cache"] = {cache: LyingCache()}
    (text,) = diagnosed(app, cache=cache).errors
    assert text.startswith("LyingCache reports success for a key that was already added and already deleted")


def test_a_cache_that_is_down(app: Flask) -> None:
    """What the client library says of it is told, and the password in its address is not."""
    app.config.update(CACHE_TYPE="RedisCache", CACHE_REDIS_URL=f"redis://:pass-word@127.0.0.1:{free_port()}/0")
    report = diagnosed(app)
    (text,) = report.errors
    assert text.startswith("the cache does not work: ConnectionError: ")
    assert "pass-word" not in text + str(report.facts)


def test_a_cache_that_is_found_unfit_only_now(app: Flask) -> None:
    """A Cache that is initialised after CaptchaApi is checked like one before it."""
    CaptchaApi(app)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not every Flask-Caching warns of it
        Cache(app, config={"CACHE_TYPE": "NullCache"})
    report = diagnosed_again(app)
    assert report.facts["cache"] == "none that can store captchas"
    assert report.errors[0].startswith("CACHE_TYPE is NullCache, which keeps nothing")
