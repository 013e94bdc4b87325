"""The store: one contract on every backend, and what backends that lie or fail are taken for."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cachelib.memcached
import cachelib.simple
import pytest
from flask import Flask
from flask_caching import Cache
from flask_caching.backends import FileSystemCache, MemcachedCache, NullCache, SimpleCache
from flask_caching.backends.base import BaseCache
from pymemcache.client.base import Client, PooledClient
from pymemcache.client.hash import HashClient

from flask_captcha_api import SetupError, StoreUnavailable
from flask_captcha_api.store import NAMESPACE, AnswerStore, refuse_unfit

from .backends import SHARED, NaiveCache
from .servers import wait_until

UUID = "17637696000000000000001"
OTHER = "17637696000000000000002"
VALUE = "web " + "0123456789abcdef" * 4


class TakingCache(NaiveCache):
    """A custom backend with a take of its own."""

    def take(self, key: str) -> Any:
        return self.values.pop(key, None)


def in_process(name: str) -> BaseCache | None:
    return {"SimpleCache": SimpleCache(), "custom": NaiveCache(), "custom-with-take": TakingCache()}.get(name)


@pytest.fixture(params=["SimpleCache", "custom", "custom-with-take", *SHARED])
def backend(request: pytest.FixtureRequest, settings_of: Callable[[str], dict[str, Any]]) -> Iterator[Any]:
    backend = in_process(request.param)
    if backend is None:
        app = Flask("app")
        app.config.update(settings_of(request.param))
        cache = Cache(app)
        backend = app.extensions["cache"][cache]
    yield backend
    backend.delete(NAMESPACE + UUID)
    backend.delete(NAMESPACE + OTHER)
    backend.delete("captcha_api_claim:" + NAMESPACE + UUID)


@pytest.fixture
def store(backend: Any) -> AnswerStore:
    return AnswerStore(backend, longest_ttl=300)


class TestContract:
    """What holds on every backend."""

    def test_what_was_put_is_taken_once(self, store: AnswerStore) -> None:
        """The first take has the value, the second finds nothing."""
        store.put(UUID, VALUE, 300)
        assert [store.take(UUID), store.take(UUID)] == [VALUE, None]

    def test_what_was_never_put_is_absent(self, store: AnswerStore) -> None:
        """Absence is None, not an empty string and not an error."""
        assert store.take(OTHER) is None

    def test_uuids_do_not_disturb_each_other(self, store: AnswerStore) -> None:
        """Taking one leaves the other."""
        store.put(UUID, VALUE, 300)
        store.put(OTHER, "web other", 300)
        assert [store.take(OTHER), store.take(UUID)] == ["web other", VALUE]

    def test_the_value_is_a_plain_short_text(self, store: AnswerStore, backend: Any) -> None:
        """What is kept is a str, which no client library has to pickle as an object."""
        store.put(UUID, VALUE, 300)
        wait_until(lambda: backend.get(NAMESPACE + UUID) is not None, "the value on a replica")
        kept = backend.get(NAMESPACE + UUID)
        assert (kept.decode() if isinstance(kept, bytes) else kept) == VALUE


@pytest.mark.parametrize("backend", [name for name in SHARED if name.startswith("Memcached")], indirect=True)
def test_a_value_put_again_by_a_slow_hand_is_not_taken_twice(store: AnswerStore, backend: Any) -> None:
    """Where a claim decides, it outlives the take."""
    store.put(UUID, VALUE, 300)
    assert store.take(UUID) == VALUE
    backend.set(NAMESPACE + UUID, VALUE, timeout=300)
    assert store.take(UUID) is None


@pytest.mark.parametrize("backend", ["RedisCache"], indirect=True)
def test_what_an_app_does_in_its_own_redis_backend_does_not_part_put_and_take(
    backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backend that keeps something else than it is given, and gives back what it was given, has its captchas."""
    its_set, its_get = backend.set, backend.get
    monkeypatch.setattr(backend, "set", lambda key, value, timeout=None: its_set(key, f"packed {value}", timeout))
    monkeypatch.setattr(backend, "get", lambda key: its_get(key).removeprefix("packed "))
    store = AnswerStore(backend, longest_ttl=300)
    store.put(UUID, VALUE, 300)
    assert [store.take(UUID), store.take(UUID)] == [VALUE, None]


@pytest.mark.parametrize("backend", ["RedisCache"], indirect=True)
def test_an_entry_in_redis_expires(store: AnswerStore, backend: Any) -> None:
    """Redis itself forgets what nobody takes, a second after the TTL."""
    store.put(UUID, VALUE, 300)
    assert backend._write_client.ttl(backend.key_prefix + NAMESPACE + UUID) in {300, 301}


@pytest.mark.parametrize("backend", [name for name in SHARED if name.startswith("Memcached")], indirect=True)
def test_memcached_counts_by_its_own_clock(store: AnswerStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """An app whose clock is an hour behind the server's keeps its captchas."""
    real_time = time.time
    monkeypatch.setattr(cachelib.memcached, "time", lambda: real_time() - 3600)
    store.put(UUID, VALUE, 300)
    assert store.take(UUID) == VALUE


@pytest.mark.parametrize("backend", [name for name in SHARED if name.startswith("Memcached")], indirect=True)
def test_memcached_keeps_for_the_longest_ttl_that_there_is(store: AnswerStore) -> None:
    """A longer time would be a date to it, and long past."""
    store.put(UUID, VALUE, 2_592_000)
    assert store.take(UUID) == VALUE


def test_an_entry_lives_its_ttl_and_not_much_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """SimpleCache rounds down to whole seconds; the entry lives to the end of its TTL all the same."""
    clock = [1_700_000_000.999]
    monkeypatch.setattr(cachelib.simple, "time", lambda: clock[0])
    store = AnswerStore(SimpleCache(), longest_ttl=10)
    store.put(UUID, VALUE, 10)
    store.put(OTHER, VALUE, 10)
    clock[0] += 9.99
    assert store.take(UUID) == VALUE
    clock[0] += 1.02
    assert store.take(OTHER) is None


def test_a_taken_file_leaves_no_file_behind(tmp_path: Path) -> None:
    """Nothing of a spent captcha stays on the disk."""
    store = AnswerStore(FileSystemCache(str(tmp_path), threshold=0), longest_ttl=300)
    store.put(UUID, VALUE, 300)
    assert len(list(tmp_path.iterdir())) == 1
    assert store.take(UUID) == VALUE
    assert list(tmp_path.iterdir()) == []


class Answering(NaiveCache):
    """A backend whose operations answer what a test wants them to; an exception is raised."""

    def __init__(self, **answers: Any) -> None:
        super().__init__()
        self.answers = answers

    def _answer(self, operation: str, otherwise: Any) -> Any:
        answer = self.answers.get(operation, otherwise)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def get(self, key: str) -> Any:
        return self._answer("get", super().get(key))

    def set(self, key: str, value: Any, timeout: Any = None) -> Any:
        if not self.answers.get("loses"):
            super().set(key, value)
        return self._answer("set", True)

    def add(self, key: str, value: Any, timeout: Any = None) -> Any:
        return self._answer("add", True)

    def delete(self, key: str) -> Any:
        super().delete(key)
        return self._answer("delete", True)


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        ({"set": True}, True),
        ({"set": False}, False),
        ({"set": None}, True),
        ({"set": None, "loses": True}, False),
        ({"set": ConnectionError("down")}, False),
        ({"set": Exception("of no known kind")}, False),
        ({"set": None, "get": OSError("down")}, False),
    ],
    ids=str,
)
def test_a_put_that_is_not_kept_is_an_error(answers: dict[str, Any], kept: bool) -> None:
    """False and an exception mean no; None is looked into."""
    store = AnswerStore(Answering(**answers), longest_ttl=300)
    if kept:
        store.put(UUID, VALUE, 300)
    else:
        with pytest.raises(StoreUnavailable):
            store.put(UUID, VALUE, 300)


@pytest.mark.parametrize(
    ("answers", "taken"),
    [
        ({"delete": True, "add": True}, VALUE),
        ({"delete": None, "add": True}, VALUE),
        ({"delete": False, "add": True}, None),
        ({"delete": True, "add": False}, None),
        ({"get": VALUE.encode()}, VALUE),
        ({"get": 17}, None),
        ({"get": {"answer": "1"}}, None),
        ({"get": ConnectionError("down")}, StoreUnavailable),
        ({"add": RuntimeError("down")}, StoreUnavailable),
        ({"delete": Exception("of no known kind")}, StoreUnavailable),
    ],
    ids=str,
)
def test_who_wins_by_what_a_backend_answers(answers: dict[str, Any], taken: Any) -> None:
    """An add that says no or a delete that says no is a loss, silence is none, and an outage is never a win."""
    store = AnswerStore(Answering(**answers), longest_ttl=300)
    store.put(UUID, VALUE, 300)
    if taken is StoreUnavailable:
        with pytest.raises(StoreUnavailable, match=r"down|of no known kind"):
            store.take(UUID)
    else:
        assert store.take(UUID) == taken


def test_a_lost_connection_that_reads_as_absence_loses_no_captcha() -> None:
    """A client that connects anew at the next write has the value after it."""

    class Reconnecting(Answering):
        def set(self, key: str, value: Any, timeout: Any = None) -> Any:
            self.answers.pop("get", None)
            return super().set(key, value)

    backend = Reconnecting()
    store = AnswerStore(backend, longest_ttl=300)
    store.put(UUID, VALUE, 300)
    backend.answers["get"] = None
    assert store.take(UUID) == VALUE


@pytest.mark.parametrize("told", [False, ConnectionError("down")], ids=["False", "an exception"])
def test_an_outage_that_reads_as_absence_is_an_outage(told: Any) -> None:
    """What a client finds nothing of is not there only if it can write."""
    with pytest.raises(StoreUnavailable, match=r"neither finds nor keeps anything|down"):
        AnswerStore(Answering(get=None, set=told), longest_ttl=300).take(UUID)


def test_a_lagging_replica_hides_no_fresh_captcha(settings_of: Callable[[str], dict[str, Any]]) -> None:
    """Redis is read on the primary: a read client that knows nothing yet does not matter."""
    app = Flask("app")
    app.config.update(settings_of("RedisCache"))
    cache = Cache(app)
    backend = app.extensions["cache"][cache]

    class Lagging:
        def get(self, key: str) -> None:
            return None

    backend._read_client = Lagging()
    store = AnswerStore(backend, longest_ttl=300)
    store.put(UUID, VALUE, 300)
    assert store.take(UUID) == VALUE


@pytest.mark.parametrize("null", [NullCache(), cachelib.NullCache()], ids=["flask_caching", "cachelib"])
def test_a_cache_that_keeps_nothing_is_refused(null: Any) -> None:
    """The message names the settings that work."""
    with pytest.raises(SetupError, match=r"NullCache, which keeps nothing.*set CACHE_TYPE to"):
        refuse_unfit(null)


@pytest.mark.parametrize(
    "client",
    [Client(("127.0.0.1", 1)), PooledClient(("127.0.0.1", 1)), HashClient([("127.0.0.1", 1)])],
    ids=["Client", "PooledClient", "HashClient"],
)
def test_pymemcache_that_does_not_wait_for_replies_is_refused(client: Any) -> None:
    """By default two requests would pass with one captcha; the message names the setting."""
    with pytest.raises(SetupError, match="default_noreply=False"):
        refuse_unfit(MemcachedCache(client))


@pytest.mark.parametrize(
    "client",
    [
        Client(("127.0.0.1", 1), default_noreply=False),
        PooledClient(("127.0.0.1", 1), default_noreply=False),
        HashClient([("127.0.0.1", 1)], default_noreply=False),
    ],
    ids=["Client", "PooledClient", "HashClient"],
)
def test_pymemcache_that_waits_for_replies_is_not(client: Any) -> None:
    """Each of its clients is accepted with that setting, without being talked to."""
    refuse_unfit(MemcachedCache(client))
