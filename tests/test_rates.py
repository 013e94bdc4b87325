"""Rates: how they are read, and that they are kept on every storage that several processes share."""

import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import limits.storage.memory
import pytest

from flask_captcha_api.rates import Counters, is_rate, most_within, never_allows

from .servers import free_port

NOON = 1_700_000_040.0  # a multiple of 60, as windows begin at multiples of their length


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Set the clock that counting in memory looks at; its first item is the time."""
    now = [NOON]
    monkeypatch.setattr(limits.storage.memory, "time", SimpleNamespace(time=lambda: now[0]))
    return now


def storage_uri(settings: dict[str, Any]) -> str:
    """Return the URI of the server that a backend's settings name."""
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


@pytest.fixture(params=["memory", "RedisCache", "RedisSentinelCache", "RedisClusterCache", "MemcachedCache-pymemcache"])
def counters(request: pytest.FixtureRequest, settings_of: Callable[[str], dict[str, Any]]) -> Counters:
    return Counters("memory://" if request.param == "memory" else storage_uri(settings_of(request.param)))


@pytest.mark.parametrize("rate", ["30 per minute", "1/second", "10/second; 500 per 2 hours", "5 per 30 minutes"])
def test_rates_are_read(rate: str) -> None:
    """What the limits library can parse is a rate, several of them too."""
    assert is_rate(rate)


@pytest.mark.parametrize("no_rate", ["", "often", "30", "30 per fortnight", "0 per minute", "-1/second", 30, None, []])
def test_what_is_no_rate(no_rate: object) -> None:
    """Everything else is not, and neither is one that lets nothing through."""
    assert not is_rate(no_rate)


def test_what_a_rate_never_allows() -> None:
    """Of several rates the one that allows the least at once counts."""
    assert [never_allows("10/second; 500/hour", cost) for cost in (10, 11)] == [False, True]


@pytest.mark.parametrize("seconds", [30, 60, 90, 300])
@pytest.mark.parametrize("begins", [0, 29, 58.9, 59.9])
def test_the_most_within_a_time_is_never_exceeded(clock: list[float], seconds: int, begins: float) -> None:
    """Whoever takes all that is let through does not get more, and gets near it from the end of a window on."""
    counters = Counters("memory://")
    passed = 0
    for tenth in range(seconds * 10):
        clock[0] = NOON + begins + tenth / 10
        while not counters.seconds_to_wait("60 per minute", "a"):
            passed += 1
    most = most_within("60 per minute", seconds)
    assert most == 60 + seconds
    assert passed <= most
    if begins == 59.9:
        assert passed >= most - 2


def test_of_several_rates_the_strictest_bounds_what_gets_through() -> None:
    """For each length of time it may be another one."""
    assert [most_within("1/second; 100/hour", seconds) for seconds in (10, 3600)] == [11, 200]


class TestContract:
    """What holds on every storage."""

    def test_a_rate_lets_as_many_through_as_it_says(self, counters: Counters) -> None:
        """Three of five requests in an hour, the others are told to wait."""
        waits = [counters.seconds_to_wait("3 per hour", "three") for _ in range(5)]
        assert waits[:3] == [0, 0, 0]
        assert all(1 <= wait <= 2 * 3600 for wait in waits[3:])

    def test_others_are_counted_by_themselves(self, counters: Counters) -> None:
        """Who has not asked yet may ask."""
        assert counters.seconds_to_wait("1 per hour", "one") == 0
        assert counters.seconds_to_wait("1 per hour", "one") > 0
        assert counters.seconds_to_wait("1 per hour", "other") == 0

    def test_a_cost_is_counted_whole_or_not_at_all(self, counters: Counters) -> None:
        """What costs more than is left is refused and leaves what is left."""
        assert counters.seconds_to_wait("12 per hour", "costs", cost=10) == 0
        assert counters.seconds_to_wait("12 per hour", "costs", cost=10) > 0
        assert [counters.seconds_to_wait("12 per hour", "costs") > 0 for _ in range(3)] == [False, False, True]

    def test_failures_are_counted_and_forgotten(self, counters: Counters) -> None:
        """They add up until they are cleared."""
        assert counters.failures("ann") == 0
        for _ in range(3):
            counters.add_failure("ann", seconds=60)
        assert (counters.failures("ann"), counters.failures("bob")) == (3, 0)
        counters.clear_failures("ann")
        assert counters.failures("ann") == 0


def test_of_several_rates_each_holds(clock: list[float]) -> None:
    """The longest wait of those exceeded is told."""
    counters = Counters("memory://")
    rate = "2 per minute; 3 per hour"
    assert [counters.seconds_to_wait(rate, "x") for _ in range(2)] == [0, 0]
    assert counters.seconds_to_wait(rate, "x") > 0
    clock[0] += 130
    counters.seconds_to_wait(rate, "x")
    assert counters.seconds_to_wait(rate, "x") > 130


@pytest.mark.parametrize(("cost", "used"), [(1, 30), (10, 30), (10, 21)])
@pytest.mark.parametrize("second", [0, 7, 59])
def test_the_wait_is_neither_too_short_nor_too_long(clock: list[float], cost: int, used: int, second: int) -> None:
    """Who waits as told is let through, and was not two seconds earlier."""
    counters = Counters("memory://")
    clock[0] += second
    for _ in range(used):
        assert counters.seconds_to_wait("30 per minute", "x") == 0
    wait = counters.seconds_to_wait("30 per minute", "x", cost=cost)
    told_at = clock[0]
    clock[0] = told_at + wait - 2
    assert wait == 1 or counters.seconds_to_wait("30 per minute", "x", cost=cost) > 0
    clock[0] = told_at + wait
    assert counters.seconds_to_wait("30 per minute", "x", cost=cost) == 0


def test_failures_are_forgotten_in_time(clock: list[float]) -> None:
    """A count ends when its time is over, counted from the first failure."""
    counters = Counters("memory://")
    counters.add_failure("ann", seconds=60)
    clock[0] += 50
    counters.add_failure("ann", seconds=60)
    assert counters.failures("ann") == 2
    clock[0] += 11
    assert counters.failures("ann") == 0


def test_an_outage_is_logged_and_limits_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Without its storage a limit lets everybody through, and failures cannot be told."""
    counters = Counters(f"redis://127.0.0.1:{free_port()}")
    with caplog.at_level(logging.ERROR, "flask_captcha_api"):
        assert counters.seconds_to_wait("1 per hour", "x") == 0
        assert counters.failures("x") is None
        counters.add_failure("x", seconds=60)
        counters.clear_failures("x")
    told = [record.getMessage().partition(": ")[0] for record in caplog.records]
    assert told == [
        "the storage of rate limits is unavailable, so nothing is limited",
        "the storage of rate limits is unavailable, so failures cannot be told",
        "the storage of rate limits is unavailable, so a failure was not counted",
        "the storage of rate limits is unavailable, so failures were not forgotten",
    ]


@pytest.mark.parametrize("uri", ["nowhere://x", "async+memory://", ""])
def test_an_unknown_storage_is_refused_at_once(uri: str) -> None:
    """A URI whose scheme is no storage of the library's is an error before anything is counted."""
    with pytest.raises(ValueError, match="is no scheme of a storage"):
        Counters(uri)
