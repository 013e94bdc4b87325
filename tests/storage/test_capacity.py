"""Crowding: how much of a cache one address can fill within its rate limit, and what is said where that is too much."""

import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import limits.storage.memory
import pytest
from flask import Flask
from flask_caching import Cache
from flask_caching.backends import FileSystemCache, SimpleCache

from flask_captcha_api import CaptchaApi
from flask_captcha_api.challenges.kinds import kinds_with
from flask_captcha_api.cli.diagnostics import diagnose
from flask_captcha_api.settings.config import CaptchaConfig
from flask_captcha_api.settings.reading import read_config
from flask_captcha_api.storage.capacity import capacity_warning, max_issued_to_one_address
from flask_captcha_api.storage.memory import PrivateSimpleCache

from ..conftest import ANSWER

HOUR = 3600
NOON = 472_222 * HOUR  # windows begin at multiples of their length
GENEROUS = {"CAPTCHA_RATE_LIMIT": "12000 per hour", "CAPTCHA_TTL": HOUR}
TOLD = (
    "one address can be issued 24,004 captchas within its rate limit while one is outstanding, and {} holds 10,000 "
    "entries, so it can evict the captchas of others: lower CAPTCHA_RATE_LIMIT or CAPTCHA_TTL, or set CACHE_TYPE to "
    "SimpleCache and CACHE_THRESHOLD to more than that"
)


def config_of(**settings: Any) -> CaptchaConfig:
    return read_config(settings, kinds=kinds_with({}))


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize(
    ("settings", "most"),
    [
        ({}, None),
        ({"CAPTCHA_RATE_LIMIT": "60 per minute"}, 361),
        ({"CAPTCHA_RATE_LIMIT": "60 per minute; 100 per hour"}, 109),
        (GENEROUS, 24_004),
        ({"CAPTCHA_RATE_LIMIT": "60 per minute", "CAPTCHA_SOURCES": {"a": {}, "b": {"ttl": 599}}}, 660),
        (
            {
                "CAPTCHA_RATE_LIMIT": "60 per minute",
                "CAPTCHA_SOURCES": {
                    "a": {},
                    "b": {"rate_limit": "10 per hour", "ttl": HOUR - 1},
                    "c": {"rate_limit": "10 per hour", "ttl": HOUR - 1},
                },
            },
            3700,
        ),
        ({"CAPTCHA_RATE_LIMIT": "60 per minute", "CAPTCHA_SOURCES": {"a": {}, "b": {"rate_limit": None}}}, None),
        ({"CAPTCHA_SOURCES": {"a": {"rate_limit": "60 per minute"}}}, 361),
        ({"CAPTCHA_SOURCES": {"a": {"rate_limit": "60 per minute"}, "b": {}}}, None),
    ],
)
def test_what_one_address_can_be_issued(settings: dict[str, Any], most: int | None) -> None:
    """What each count lets through while the longest-lived is outstanding: one that sources share, others their own."""
    assert max_issued_to_one_address(config_of(**settings)) == most


@pytest.mark.parametrize(("rate", "is_told"), [("5000 per hour", True), ("4999 per hour", False)])
def test_where_the_threshold_is_reached(rate: str, is_told: bool) -> None:
    """10,000 outstanding fill a cache of 10,000; 9,998 do not."""
    config = config_of(CAPTCHA_RATE_LIMIT=rate, CAPTCHA_TTL=HOUR - 1)
    assert (capacity_warning(SimpleCache(threshold=10_000), config) is not None) == is_told


def test_files(tmp_path: Path) -> None:
    """With a threshold files are pushed out too, without one they are not; nor is there one without a rate limit."""
    with_threshold = FileSystemCache(str(tmp_path), threshold=500)
    told = capacity_warning(with_threshold, config_of(**GENEROUS))
    assert told
    assert "FileSystemCache holds 500 entries" in told
    assert told.endswith("or set CACHE_THRESHOLD to 0")
    assert capacity_warning(with_threshold, config_of()) is None
    assert capacity_warning(FileSystemCache(str(tmp_path), threshold=0), config_of(**GENEROUS)) is None


DIFFERENT = {"CAPTCHA_SOURCES": {"newsletter": {"ttl": 86400}, "login": {"ttl": 120}}}


@pytest.mark.parametrize(
    ("backend", "settings", "is_told"),
    [
        (SimpleCache(threshold=10_000), DIFFERENT, True),
        (SimpleCache(threshold=10_000), {"CAPTCHA_SOURCES": {"newsletter": {}, "login": {}}}, False),
        (PrivateSimpleCache(threshold=10_000), DIFFERENT, False),
    ],
)
def test_sources_of_different_ttl(backend: Any, settings: dict[str, Any], is_told: bool) -> None:
    """A cache that drops first what expires soonest loses fresh captchas to long-lived ones; the package's own not."""
    told = capacity_warning(backend, config_of(**settings))
    assert (told is not None) == is_told
    if told:
        assert told.startswith("the ttl of sources is 120 to 86400 s, and a full SimpleCache evicts first")


@pytest.mark.server
def test_a_shared_server_has_no_threshold(app: Flask, settings_of: Callable[[str], dict[str, Any]]) -> None:
    """What Redis holds is its own matter."""
    app.config.update(settings_of("RedisCache"))
    CaptchaApi(app)
    backend = app.extensions["captcha_api"].store.get().backend
    assert capacity_warning(backend, config_of(**GENEROUS)) is None


@pytest.mark.parametrize("cache_comes", ["never", "before", "after"])
def test_it_is_logged_once(app: Flask, caplog: pytest.LogCaptureFixture, cache_comes: str) -> None:
    """When the store is opened, whichever SimpleCache it is on."""
    app.config.update(GENEROUS, CACHE_THRESHOLD=10_000)
    if cache_comes != "never":
        app.config["CACHE_TYPE"] = "SimpleCache"
    if cache_comes == "before":
        Cache(app)
    CaptchaApi(app)
    if cache_comes == "after":
        Cache(app)
    assert logged(caplog) == []
    for _ in range(2):
        assert app.test_client().get("/captcha/web").status_code == 200
    assert logged(caplog) == [TOLD.format("PrivateSimpleCache" if cache_comes == "never" else "SimpleCache")]


@pytest.mark.parametrize(
    "settings",
    [{"CAPTCHA_RATE_LIMIT": "30 per minute"}, {}, {**GENEROUS, "CACHE_TYPE": "SimpleCache", "CACHE_THRESHOLD": 24_005}],
)
def test_a_set_up_that_is_right_is_met_with_silence(
    app: Flask, caplog: pytest.LogCaptureFixture, settings: dict[str, Any]
) -> None:
    """A rate that the cache is large enough for, no rate at all, and the remedy that the warning names."""
    app.config.update(settings)
    CaptchaApi(app)
    assert app.test_client().get("/captcha/web").status_code == 200
    assert logged(caplog) == []


@pytest.mark.parametrize(("settings", "is_told"), [(GENEROUS, True), ({"CAPTCHA_RATE_LIMIT": "30 per minute"}, False)])
def test_the_checkup_tells_it(app: Flask, settings: dict[str, Any], is_told: bool) -> None:
    """As something to be considered: with no limit at all, which is no fault either, the same can happen."""
    app.config.update(settings)
    CaptchaApi(app)
    with app.app_context():
        report = diagnose(app)
    assert report.notes == ([TOLD.format("PrivateSimpleCache")] if is_told else [])
    assert report.errors == []


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Set the clock of the counters and of the cache; its first item is the time."""
    now = [float(NOON)]
    monkeypatch.setattr(limits.storage.memory, "time", SimpleNamespace(time=lambda: now[0]))
    monkeypatch.setattr("cachelib.simple.time", lambda: now[0])
    return now


@pytest.mark.parametrize(("rate", "is_told"), [("24 per hour", False), ("60 per hour", True)])
def test_an_address_that_uses_up_its_limit_leaves_the_captcha_of_another(
    app: Flask,
    issue: Callable[..., str],
    clock: list[float],
    caplog: pytest.LogCaptureFixture,
    rate: str,
    is_told: bool,
) -> None:
    """It takes all it may, until the other's captcha expires; where the other loses that, the log had told so."""
    caplog.set_level(logging.WARNING)
    app.config.update(
        CAPTCHA_RATE_LIMIT=rate,
        CAPTCHA_TTL=HOUR - 1,
        CACHE_TYPE="SimpleCache",
        CACHE_THRESHOLD=50,
    )
    CaptchaApi(app)
    client = app.test_client()
    clock[0] = NOON + HOUR - 1  # the end of a window, from where it gets most
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the threshold is small for an app's own entries
        uuid = issue()
    assert bool(logged(caplog)) == is_told
    for _ in range(60):
        answered = 200
        while answered == 200:
            answered = client.get("/captcha/web", environ_base={"REMOTE_ADDR": "192.0.2.7"}).status_code
        assert answered == 429
        clock[0] += 59.5
    told = client.post("/captcha/web", json={"uuid": uuid, "code": ANSWER}).get_json()["code"]
    assert told == ("01003" if is_told else "00000")


class _Contended(dict[str, Any]):
    """Each second time that its keys are looked at, another thread takes the oldest meanwhile."""

    looks = 0

    def __iter__(self) -> Iterator[str]:
        keys = super().__iter__()
        self.looks += 1
        if self.looks % 2:
            del self[next(super().__iter__())]
        return keys


def test_threads_that_use_a_full_cache_at_once_do_not_fail() -> None:
    """Before cachelib 0.15 no lock is held: a captcha was not issued if another thread changed the cache meanwhile."""
    cache = PrivateSimpleCache(threshold=3)
    cache._cache = _Contended({str(number): (0, b"") for number in range(6)})
    cache._prune()
    assert list(dict.keys(cache._cache)) == ["3", "4", "5"]
