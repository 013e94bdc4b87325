"""Rates: how they are read, and that they are kept on every storage that several processes share."""

import logging
import math
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from types import SimpleNamespace
from typing import Any

import limits.storage.memory
import pytest
from flask import Flask
from limits.storage import SCHEMES, RedisStorage  # type: ignore[attr-defined]  # as the package has it

from flask_captcha_api import CaptchaApi, SetupError
from flask_captcha_api import counters as counting
from flask_captcha_api.counters import Counters
from flask_captcha_api.settings import rate_storages
from flask_captcha_api.settings.rate_storages import has_window_too_long
from flask_captcha_api.settings.rates import is_rate, max_hits_within, never_allows, parse_rate

from ..support.backends import params, running, storage_uri
from ..support.servers import Server, free_port, memcached_server, redis_server, wait_until

NOON = 1_700_000_040.0  # a multiple of 60, as windows begin at multiples of their length


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Set the clock that counting in memory looks at; its first item is the time."""
    now = [NOON]
    for module in (limits.storage.memory, counting):
        monkeypatch.setattr(module, "time", SimpleNamespace(time=lambda: now[0]))
    return now


@pytest.fixture(
    params=params("memory", "RedisCache", "RedisSentinelCache", "RedisClusterCache", "MemcachedCache-pymemcache")
)
def counters(request: pytest.FixtureRequest, settings_of: Callable[[str], dict[str, Any]]) -> Counters:
    return Counters("memory://" if request.param == "memory" else storage_uri(settings_of(request.param)))


def seconds_to_wait(counters: Counters, rate: str, *who: str, cost: int = 1) -> int:
    """Count against a single rate."""
    return counters.seconds_to_wait([(rate, who)], cost=cost)


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
        while not seconds_to_wait(counters, "60 per minute", "a"):
            passed += 1
    most = max_hits_within("60 per minute", seconds)
    assert most == 60 + seconds
    assert passed <= most
    if begins == 59.9:
        assert passed >= most - 2


@pytest.mark.parametrize(("rate", "most"), [("1 per hour", 2), ("7 per hour", 8), ("59 per hour", 64)])
def test_what_has_drained_by_a_part_lets_through_a_whole_one(clock: list[float], rate: str, most: int) -> None:
    """The library rounds down what the window before it still weighs."""
    counters = Counters("memory://")
    passed = 0
    for second in range(301):
        clock[0] = NOON // 3600 * 3600 + 3599.5 + second
        while not seconds_to_wait(counters, rate, "a"):
            passed += 1
    assert max_hits_within(rate, 301) == passed == most


def test_of_several_rates_the_strictest_bounds_what_gets_through() -> None:
    """For each length of time it may be another one."""
    assert [max_hits_within("1/second; 100/hour", seconds) for seconds in (10, 3600)] == [11, 200]


@pytest.mark.parametrize(("rate", "is_too_long"), [("3 per 15 days", False), ("9/hour; 3 per 16 days", True)])
def test_what_outlasts_memcached(rate: str, is_too_long: bool) -> None:
    """Of several windows the longest counts; other storages keep any."""
    assert has_window_too_long(rate, "memcached://127.0.0.1:11211") is is_too_long
    assert not has_window_too_long(rate, "redis://127.0.0.1:6379/1")


class TestContract:
    """What holds on every storage."""

    def test_a_rate_lets_as_many_through_as_it_says(self, counters: Counters) -> None:
        """Three of five requests in an hour, the others are told to wait."""
        waits = [seconds_to_wait(counters, "3 per hour", "three") for _ in range(5)]
        assert waits[:3] == [0, 0, 0]
        assert all(1 <= wait <= 2 * 3600 for wait in waits[3:])

    def test_others_are_counted_by_themselves(self, counters: Counters) -> None:
        """Who has not asked yet may ask."""
        assert seconds_to_wait(counters, "1 per hour", "one") == 0
        assert seconds_to_wait(counters, "1 per hour", "one") > 0
        assert seconds_to_wait(counters, "1 per hour", "other") == 0

    def test_a_cost_is_counted_whole_or_not_at_all(self, counters: Counters) -> None:
        """What costs more than is left is refused and leaves what is left."""
        assert seconds_to_wait(counters, "12 per hour", "costs", cost=10) == 0
        assert seconds_to_wait(counters, "12 per hour", "costs", cost=10) > 0
        assert [seconds_to_wait(counters, "12 per hour", "costs") > 0 for _ in range(3)] == [False, False, True]

    @pytest.mark.parametrize("rate", ["2 per hour; 3 per day", "3 per day; 2 per hour"])
    def test_a_refusal_for_the_shorter_window_spends_nothing_of_the_longer(self, counters: Counters, rate: str) -> None:
        """Whoever was refused often has the rest of the day left, in whatever order the rate is written."""
        waits = [seconds_to_wait(counters, rate, "hour", rate[:1]) > 0 for _ in range(9)]
        assert waits == [False] * 2 + [True] * 7
        assert [seconds_to_wait(counters, "3 per day", "hour", rate[:1]) > 0 for _ in range(2)] == [False, True]

    @pytest.mark.parametrize("rate", ["4 per hour; 3 per day", "3 per day; 4 per hour"])
    def test_a_refusal_for_the_longer_window_spends_nothing_of_the_shorter(self, counters: Counters, rate: str) -> None:
        """The other way round it is the same."""
        waits = [seconds_to_wait(counters, rate, "day", rate[:1]) > 0 for _ in range(9)]
        assert waits == [False] * 3 + [True] * 6
        assert [seconds_to_wait(counters, "4 per hour", "day", rate[:1]) > 0 for _ in range(2)] == [False, True]

    def test_a_cost_is_counted_in_every_window_or_in_none(self, counters: Counters) -> None:
        """What is too much for one of them leaves what is left in the other."""
        rate = "12 per hour; 25 per day"
        assert [seconds_to_wait(counters, rate, "sound", cost=10) > 0 for _ in range(9)] == [False] + [True] * 8
        assert seconds_to_wait(counters, rate, "sound", cost=2) == 0
        assert seconds_to_wait(counters, "25 per day", "sound", cost=13) == 0
        assert seconds_to_wait(counters, "25 per day", "sound") > 0

    @pytest.mark.parametrize("rates", [("2 per hour", "3 per hour"), ("3 per hour", "2 per hour")], ids=" ".join)
    def test_several_rates_are_counted_together_or_not_at_all(self, counters: Counters, rates: tuple[str, str]) -> None:
        """A refusal by one of them spends nothing of the other, whichever comes first."""
        both = [(rate, ("several", *rates[0].split(), rate[:1])) for rate in rates]
        waits = [counters.seconds_to_wait(both) > 0 for _ in range(9)]
        assert waits == [False] * 2 + [True] * 7
        larger, who = max(both)
        assert [seconds_to_wait(counters, larger, *who) > 0 for _ in range(2)] == [False, True]

    @pytest.mark.parametrize(("rate", "cost", "most"), [("5 per hour; 4 per day", 1, 4), ("40/hour; 25/day", 10, 2)])
    def test_requests_in_the_same_moment_never_exceed_a_window(
        self, counters: Counters, monkeypatch: pytest.MonkeyPatch, rate: str, cost: int, most: int
    ) -> None:
        """Though each of sixteen has found all windows free before any is counted; in memory they take turns."""
        tested_by_all = Barrier(1 if counters.are_private_to_process else 16, timeout=20)
        limiter = counters._limiter.get()
        test = limiter.test

        def test_together(*what: Any, **costing: Any) -> bool:
            is_free = test(*what, **costing)
            if costing["cost"]:  # a test that costs nothing is of what has been counted
                tested_by_all.wait()
            return is_free

        monkeypatch.setattr(limiter, "test", test_together)
        with ThreadPoolExecutor(16) as pool:
            waits = list(pool.map(lambda _: seconds_to_wait(counters, rate, "race", str(cost), cost=cost), range(16)))
        assert not tested_by_all.broken
        assert waits.count(0) <= most  # or fewer, where one gives way to another that is refused

    def test_the_longest_windows_that_are_allowed_limit(self, counters: Counters) -> None:
        """Where a storage has a bound, it counts up to that: rates for half of it, failures for all of it."""
        longest = counters.longest_seconds or 400 * 24 * 3600
        rate = f"3 per {longest // 2} seconds"
        assert not has_window_too_long(rate, counters._uri)
        assert [seconds_to_wait(counters, rate, "long") > 0 for _ in range(4)] == [False] * 3 + [True]
        for _ in range(2):
            counters.add_failure("long", seconds=longest)
        assert counters.failures("long") == 2

    def test_what_is_counted_in_the_same_moment_is_all_counted(self, counters: Counters) -> None:
        """Every call gets a count of its own, whenever threads are switched."""
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            with ThreadPoolExecutor(16) as pool:
                counts = list(pool.map(lambda _: counters.count_issued("crowd", seconds=60), range(640)))
        finally:
            sys.setswitchinterval(before)
        assert sorted(counts, key=str) == sorted(range(1, 641), key=str)

    def test_failures_are_counted_and_forgotten(self, counters: Counters) -> None:
        """They add up until they are cleared."""
        assert counters.failures("ann") == 0
        for _ in range(3):
            counters.add_failure("ann", seconds=60)
        assert (counters.failures("ann"), counters.failures("bob")) == (3, 0)
        counters.clear_failures("ann")
        assert counters.failures("ann") == 0


@pytest.mark.server
def test_memcached_heeds_the_window_before_in_the_same_moment(
    settings_of: Callable[[str], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixteen that have all read that a few are left, since most was used before this window, get those at most."""
    counters = Counters(storage_uri(settings_of("MemcachedCache-pymemcache")))
    storage: Any = counters._limiter.get().storage
    (window,) = parse_rate("30 per 15 days")
    key, length = window.key_for("captcha_api", "before"), window.get_expiry()
    before, _ = storage.sliding_window_keys(key, length, time.time())
    share_left = 1 - time.time() / length % 1
    storage.storage.set(before, str(math.ceil(27.5 / share_left)), noreply=False)
    read_by_all, is_over, read = Barrier(16, timeout=20), Event(), storage._get_sliding_window_info

    def read_together(*what: Any, **at: Any) -> Any:
        found = read(*what, **at)
        if not is_over.is_set():
            read_by_all.wait()
            is_over.set()
        return found

    monkeypatch.setattr(storage, "_get_sliding_window_info", read_together)
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: seconds_to_wait(counters, "30 per 15 days", "before"), range(16)))
    assert not read_by_all.broken
    assert waits.count(0) <= 3


def test_of_several_rates_each_holds(clock: list[float]) -> None:
    """The longest wait of those exceeded is told."""
    counters = Counters("memory://")
    rate = "2 per minute; 3 per hour"
    assert [seconds_to_wait(counters, rate, "x") for _ in range(2)] == [0, 0]
    assert seconds_to_wait(counters, rate, "x") > 0
    clock[0] += 130
    assert seconds_to_wait(counters, rate, "x") == 0
    assert seconds_to_wait(counters, rate, "x") > 130


def test_an_impatient_client_loses_nothing_of_its_hour(clock: list[float]) -> None:
    """After thirty captchas and three hundred refusals there are 270 left, thirty in every other minute."""
    counters = Counters("memory://")
    served = []
    for _ in range(10):
        served.append([seconds_to_wait(counters, "30 per minute; 300 per hour", "x") for _ in range(330)].count(0))
        clock[0] += 120
    assert served == [30] * 10


def test_who_waits_as_told_for_several_windows_is_let_through(clock: list[float]) -> None:
    """The wait is that of the window which is full for longest, and not a second more than that."""
    counters = Counters("memory://")
    rate = "2 per minute; 3 per hour"
    assert [seconds_to_wait(counters, rate, "x") for _ in range(2)] == [0, 0]
    clock[0] += 120
    assert seconds_to_wait(counters, rate, "x") == 0
    wait = seconds_to_wait(counters, rate, "x")
    told_at = clock[0]
    clock[0] = told_at + wait - 2
    assert seconds_to_wait(counters, rate, "x") > 0
    clock[0] = told_at + wait
    assert seconds_to_wait(counters, rate, "x") == 0


@pytest.mark.parametrize(("cost", "used"), [(1, 30), (10, 30), (10, 21)])
@pytest.mark.parametrize("second", [0, 7, 59])
def test_the_wait_is_neither_too_short_nor_too_long(clock: list[float], cost: int, used: int, second: int) -> None:
    """Who waits as told is let through, and was not two seconds earlier."""
    counters = Counters("memory://")
    clock[0] += second
    for _ in range(used):
        assert seconds_to_wait(counters, "30 per minute", "x") == 0
    wait = seconds_to_wait(counters, "30 per minute", "x", cost=cost)
    told_at = clock[0]
    clock[0] = told_at + wait - 2
    assert wait == 1 or seconds_to_wait(counters, "30 per minute", "x", cost=cost) > 0
    clock[0] = told_at + wait
    assert seconds_to_wait(counters, "30 per minute", "x", cost=cost) == 0


def test_failures_are_forgotten_in_time(clock: list[float]) -> None:
    """A count ends when its time is over, counted from the first failure."""
    counters = Counters("memory://")
    counters.add_failure("ann", seconds=60)
    clock[0] += 50
    counters.add_failure("ann", seconds=60)
    assert counters.failures("ann") == 2
    clock[0] += 11
    assert counters.failures("ann") == 0


def test_counts_that_have_ended_make_room(clock: list[float]) -> None:
    """A crowd of clients that never return is forgotten, and those that still count are not."""
    counters = Counters("memory://")
    for number in range(5_000):
        counters.count_issued(str(number), seconds=60)
        clock[0] += 0.1
    assert len(counters._issued_in_memory._counts) < 2_000
    assert [counters.count_issued(str(number), seconds=60) for number in (4_999, 4_500, 0)] == [2, 2, 1]
    clock[0] += 120
    counters.count_issued("long after the crowd", seconds=60)
    assert len(counters._issued_in_memory._counts) == 1


def test_a_crowd_that_fills_the_memory_is_counted_no_further(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is counted already still is, and there is room again once counts have ended. Failures have no bound."""
    monkeypatch.setattr("flask_captcha_api.counters._MOST_ISSUED_IN_MEMORY", 100)
    counters = Counters("memory://")
    crowd = [counters.count_issued(str(number), seconds=60) for number in range(150)]
    assert crowd == [1] * 100 + [None] * 50
    assert counters.count_issued("99", seconds=60) == 2
    for number in range(150):
        counters.add_failure(str(number), seconds=60)
    assert counters.failures("149") == 1
    clock[0] += 120
    assert counters.count_issued("149", seconds=60) == 1


@pytest.mark.parametrize(
    ("ask", "answer", "consequence"),
    [
        (lambda counters: seconds_to_wait(counters, "1 per hour", "x"), 0, "nothing is limited"),
        (lambda counters: counters.failures("x"), None, "failures are unknown"),
        (lambda counters: counters.add_failure("x", seconds=60), None, "a failure was not counted"),
        (lambda counters: counters.count_below(3, "x", seconds=60), None, "failures are unknown"),
        (lambda counters: counters.count_issued("x", seconds=60), None, "pictures are of normal difficulty"),
        (lambda counters: counters.clear_failures("x"), None, "failures were not cleared"),
    ],
)
def test_an_outage_is_logged_and_limits_nothing(
    caplog: pytest.LogCaptureFixture, ask: Callable[[Counters], object], answer: object, consequence: str
) -> None:
    """Without its storage a limit lets everybody through, and failures cannot be told."""
    counters = Counters(f"redis://127.0.0.1:{free_port()}")
    with caplog.at_level(logging.ERROR, "flask_captcha_api"):
        assert ask(counters) == answer
    (told,) = (record.getMessage() for record in caplog.records)
    assert told.startswith(f"the rate limit storage is unavailable, so {consequence}: ConnectionError: ")


@pytest.mark.server
@pytest.mark.parametrize("make_server", [redis_server, memcached_server])
def test_a_request_waits_for_a_silent_storage_once(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    make_server: Callable[[Path], Server],
) -> None:
    """Each count would hold the worker until the client gives up. The next request asks again."""
    monkeypatch.setattr(rate_storages, "TIMEOUT", 1)
    requests: list[dict[str, Any]] = [{}]
    with running(make_server(tmp_path)) as server:
        scheme = "redis" if make_server is redis_server else "memcached"
        counters = Counters(f"{scheme}://{server.address}", request=lambda: requests[-1])
        assert counters.count_issued("x", seconds=600) == 1
        server.freeze()
        for number in (1, 2):
            requests.append({})
            assert counters.count_issued("x", seconds=600) is None
            assert counters.failures("x") is None
            assert seconds_to_wait(counters, "1 per hour", "x") == 0
            assert len(caplog.records) == number
        server.thaw()
        assert counters.failures("x") is None
        requests.append({})
        assert counters.failures("x") == 0


@pytest.mark.parametrize("variant", ["", "+sentinel"])
def test_clients_of_redis_give_up_soon(monkeypatch: pytest.MonkeyPatch, variant: str) -> None:
    """The sentinels' too, which are asked first. A URI may say otherwise where its client reads it."""
    monkeypatch.setattr(rate_storages, "TIMEOUT", 7)
    storage: Any = Counters(f"redis{variant}://127.0.0.1:1/mymaster")._limiter.get().storage
    clients = [storage.storage, *(storage.sentinel.sentinels if variant else ())]
    for client in clients:
        settings = client.connection_pool.connection_kwargs
        assert (settings["socket_timeout"], settings["socket_connect_timeout"]) == (7, 7)
    if variant:
        assert clients[1].connection_pool.connection_kwargs["retry"]._retries == 0
    else:
        storage = Counters("redis://127.0.0.1:1?socket_timeout=3")._limiter.get().storage
        assert storage.storage.connection_pool.connection_kwargs["socket_timeout"] == 3


@pytest.mark.server
@pytest.mark.parametrize("has_options", [True, False])
def test_a_memcached_host_that_is_down_lets_nobody_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_options: bool
) -> None:
    """The client of several hosts may return zero for one that it leaves alone; with ours, the others take over."""
    if not has_options:
        monkeypatch.setattr(counting, "client_options", lambda uri: {})
    with running(memcached_server(tmp_path / "a")) as kept, running(memcached_server(tmp_path / "b")) as killed:
        counters = Counters(f"memcached://{kept.address},{killed.address}")
        accounts = [str(number) for number in range(20)]
        assert [counters.count_below(1, each, seconds=600) for each in accounts] == [1] * 20
        killed.stop()
        passed = [sum(counters.count_below(1, each, seconds=600) is not None for _ in range(5)) for each in accounts]
        # With the package's options, those of the host that is gone are counted anew, once.
        assert max(passed) == has_options
        assert sum(passed) < 20


@pytest.mark.server
def test_more_requests_at_once_than_redis_py_connects_by_itself(tmp_path: Path) -> None:
    """150 requests that wait for Redis at the same moment are all counted, and none is let through as in an outage."""
    with running(redis_server(tmp_path)) as server, ThreadPoolExecutor(150) as threads:
        counters = Counters(f"redis://{server.address}?socket_timeout=60")
        assert seconds_to_wait(counters, "2 per hour", "x") == 0
        server.freeze()
        waits = [threads.submit(seconds_to_wait, counters, "2 per hour", "x") for _ in range(150)]
        storage: Any = counters._limiter.get().storage
        connected = storage.storage.connection_pool._in_use_connections
        wait_until(lambda: len(connected) == 150 or any(map(Future.done, waits)), "a connection for each request")
        server.thaw()
        assert [each.result() for each in waits].count(0) == 1


@pytest.mark.parametrize("uri", ["nowhere://x", "async+memory://", ""])
def test_an_unknown_storage_is_refused_at_once(uri: str) -> None:
    """A URI whose scheme is no storage of the library's is an error before anything is counted."""
    with pytest.raises(ValueError, match="has the unsupported scheme"):
        Counters(uri)


def test_a_storage_that_cannot_count_sliding_windows_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits library has had such storages, and apps may add theirs."""
    monkeypatch.setitem(SCHEMES, "notebook", type("Notebook", (), {}))
    with pytest.raises(ValueError, match="the unsupported scheme 'notebook'"):
        Counters("notebook://x")


@pytest.mark.parametrize(
    ("uri", "module", "package"),
    [
        ("memcached://127.0.0.1:11211", "pymemcache", "pymemcache"),
        ("redis://127.0.0.1:6379/1", "redis", "redis"),
        ("rediss://127.0.0.1:6379/1", "redis", "redis"),
        ("redis+cluster://127.0.0.1:6379", "redis", "redis"),
        ("redis+sentinel://127.0.0.1:26379/mymaster", "redis.sentinel", "redis"),
        ("mongodb://127.0.0.1:27017", "pymongo", "pymongo"),
    ],
)
@pytest.mark.parametrize("settings", [{"CAPTCHA_RATE_LIMIT": "10 per hour"}, {}], ids=["rates", "failures only"])
def test_a_storage_without_its_client_library_is_refused_at_start(
    app: Flask, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], uri: str, module: str, package: str
) -> None:
    """It would look like an outage at each request; the error says what to install, and no password."""
    monkeypatch.setitem(sys.modules, module, None)
    app.config.update(settings, CAPTCHA_RATE_LIMIT_STORAGE=uri.replace("//", "//:pass-word@"))
    with pytest.raises(SetupError, match=f"the limits library needs {package}: pip install {package}$") as raised:
        CaptchaApi(app)
    assert "pass-word" not in str(raised.value)


@pytest.mark.parametrize("uri", ["redis://127.0.0.1:6379/1", "memory://"])
def test_only_the_library_that_the_storage_needs_is_missed(monkeypatch: pytest.MonkeyPatch, uri: str) -> None:
    """The limits library names redis and valkey for the same storage, of which the URI says one."""
    for other in ("valkey", "pymemcache", "pymongo"):
        monkeypatch.setitem(sys.modules, other, None)
    Counters(uri)


def test_a_storage_of_the_apps_own_needs_one_of_its_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under another name, a storage like the library's own works with redis or with valkey."""

    class Own(RedisStorage):
        STORAGE_SCHEME = ["acme"]  # noqa: RUF012 - as in the class above it

    monkeypatch.setitem(SCHEMES, "acme", Own)
    monkeypatch.setitem(sys.modules, "valkey", None)
    Counters("acme://127.0.0.1:6379")
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(ImportError, match="pip install redis"):
        Counters("acme://127.0.0.1:6379")


def test_guards_that_name_no_source_have_their_rate_checked_too(app: Flask) -> None:
    """The app's own rate counts for them, although every source has another."""
    app.config.update(
        CAPTCHA_VERIFY_RATE_LIMIT="2 per month",
        CAPTCHA_RATE_LIMIT_STORAGE="memcached://127.0.0.1:11211",
        CAPTCHA_SOURCES={"a": {"verify_rate_limit": "9 per hour"}},
    )
    with pytest.raises(ValueError, match="- CAPTCHA_VERIFY_RATE_LIMIT is '2 per month', and memcached counts"):
        CaptchaApi(app)


def test_threads_that_begin_a_count_together_are_all_counted() -> None:
    """In memory too a limit is never exceeded, and no failure is lost: the library alone would lose some."""
    counters = Counters("memory://")
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for attempt in range(60):
            begun = threading.Barrier(16)
            waits: list[int] = []

            def ask(name: str, begun: threading.Barrier = begun, waits: list[int] = waits) -> None:
                begun.wait()
                counters.add_failure(name, seconds=60)
                waits.append(seconds_to_wait(counters, "4 per hour", name))

            threads = [threading.Thread(target=ask, args=(str(attempt),)) for _ in range(16)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert (waits.count(0), counters.failures(str(attempt))) == (4, 16)
    finally:
        sys.setswitchinterval(usual)


def test_an_app_whose_rates_outlast_memcached_does_not_start(app: Flask) -> None:
    """Each rate is named, with the remedy; without memcached the same rates are fine."""
    app.config.update(
        CAPTCHA_RATE_LIMIT="30 per minute; 1000 per month",
        CAPTCHA_RATE_LIMIT_STORAGE="memcached://127.0.0.1:11211",
        CAPTCHA_SOURCES={"a": {}, "b": {"rate_limit": "10 per 15 days", "verify_rate_limit": "9 per year"}},
    )
    too_long = (
        "and memcached counts in windows of 15 days at most: set a shorter one, or a CAPTCHA_RATE_LIMIT_STORAGE "
        "without that limit, such as 'redis://127.0.0.1:6379/1'"
    )
    with pytest.raises(ValueError, match="invalid captcha configuration") as raised:
        CaptchaApi(app)
    assert str(raised.value).splitlines()[1:] == [
        f"- CAPTCHA_RATE_LIMIT is '30 per minute; 1000 per month', {too_long}",
        f"- CAPTCHA_SOURCES['b']: verify_rate_limit is '9 per year', {too_long}",
    ]
    app.config["CAPTCHA_RATE_LIMIT_STORAGE"] = "redis://127.0.0.1:6379/1"
    CaptchaApi(app)
