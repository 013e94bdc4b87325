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
from pymemcache.client.base import Client, PooledClient
from pymemcache.client.hash import HashClient

from flask_captcha_api import SetupError, StoreUnavailable
from flask_captcha_api.storage.answers import NAMESPACE, AnswerStore, refuse_unfit
from flask_captcha_api.storage.taking import TAKE_METHODS

from ..support.backends import SHARED, NaiveCache, params
from ..support.servers import free_port, wait_until

UUID = "17637696000000000000001"
OTHER = "17637696000000000000002"
VALUE = "web " + "0123456789abcdef" * 4


def take_or_none(self: NaiveCache, key: str) -> Any:
    return self.values.pop(key, None)


def take_or_raise(self: NaiveCache, key: str) -> Any:
    return self.values.pop(key)


#: Classes of custom backends with a method of their own that takes, by name.
TAKING: dict[str, Any] = {
    f"custom-with-{method}{suffix}": type("TakingCache", (NaiveCache,), {method: take})
    for method in TAKE_METHODS
    for suffix, take in {"": take_or_none, "-or-KeyError": take_or_raise}.items()
}


def in_process(name: str) -> Any:
    if name in TAKING:
        return TAKING[name]()
    return {"SimpleCache": SimpleCache(), "custom": NaiveCache()}.get(name)


MEMCACHED = [name for name in SHARED if name.startswith("Memcached")]


@pytest.fixture(params=params("SimpleCache", "custom", *TAKING, *SHARED))
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

    def test_the_probe_finds_it_fit(self, store: AnswerStore) -> None:
        """None of these would give one value to two."""
        store.probe()

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


@pytest.mark.parametrize("backend", params(*MEMCACHED), indirect=True)
def test_a_value_put_again_by_a_slow_hand_is_not_taken_twice(store: AnswerStore, backend: Any) -> None:
    """Where a claim decides, it outlives the take."""
    store.put(UUID, VALUE, 300)
    assert store.take(UUID) == VALUE
    backend.set(NAMESPACE + UUID, VALUE, timeout=300)
    assert store.take(UUID) is None


@pytest.mark.parametrize("backend", TAKING, indirect=True)
def test_a_backend_that_takes_by_itself_keeps_no_claim(store: AnswerStore, backend: Any) -> None:
    """Its method alone decides: nothing is added, so nothing is left after it."""
    store.probe()
    store.put(UUID, VALUE, 300)
    assert store.take(UUID) == VALUE
    assert backend.values == {}


@pytest.mark.parametrize("backend", params("RedisCache"), indirect=True)
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


@pytest.mark.parametrize("backend", params("RedisCache"), indirect=True)
def test_an_entry_in_redis_expires(store: AnswerStore, backend: Any) -> None:
    """Redis itself forgets what nobody takes, a second after the TTL."""
    store.put(UUID, VALUE, 300)
    assert backend._write_client.ttl(backend.key_prefix + NAMESPACE + UUID) in {300, 301}


@pytest.mark.parametrize("backend", params(*MEMCACHED), indirect=True)
def test_memcached_counts_by_its_own_clock(store: AnswerStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """An app whose clock is an hour behind the server's keeps its captchas."""
    real_time = time.time
    monkeypatch.setattr(cachelib.memcached, "time", lambda: real_time() - 3600)
    store.put(UUID, VALUE, 300)
    assert store.take(UUID) == VALUE


@pytest.mark.parametrize("backend", params(*MEMCACHED), indirect=True)
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
        ({"delete": 0, "add": True}, None),
        ({"delete": 1, "add": True}, VALUE),
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


@pytest.mark.server
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


class Subclassed(PooledClient):  # type: ignore[misc]  # it publishes no types
    """As an app has it that adds something of its own."""


class Wrapped:
    """A proxy that passes for what it wraps, as instrumentation does it."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @property  # type: ignore[misc]  # what isinstance looks at
    def __class__(self) -> Any:
        return type(self._client)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


class Delegate:
    """An app's own class, with a client inside."""

    def __init__(self, client: Any) -> None:
        self.inner = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def pylibmc_without_replies(server: tuple[str, int]) -> Any:
    pylibmc = pytest.importorskip("pylibmc")
    return pylibmc.Client([f"{server[0]}:{server[1]}"], behaviors={"_noreply": True})


def python_memcached(server: tuple[str, int]) -> Any:
    import memcache

    return memcache.Client([f"{server[0]}:{server[1]}"])


@pytest.fixture
def server(settings_of: Callable[[str], dict[str, Any]]) -> tuple[str, int]:
    """Return host and port of a memcached."""
    (address,) = settings_of("MemcachedCache-pymemcache")["CACHE_MEMCACHED_SERVERS"]
    host, _, port = address.partition(":")
    return host, int(port)


def probe(backend: Any) -> None:
    AnswerStore(backend, longest_ttl=300).probe()


@pytest.mark.server
@pytest.mark.parametrize(
    "client_of",
    [
        Client,
        PooledClient,
        lambda server: HashClient([server]),
        Subclassed,
        lambda server: Wrapped(PooledClient(server)),
        lambda server: Delegate(PooledClient(server)),
        pylibmc_without_replies,
    ],
    ids=["Client", "PooledClient", "HashClient", "subclassed", "wrapped", "delegated", "pylibmc"],
)
def test_a_client_that_does_not_wait_for_replies_is_refused(client_of: Any, server: tuple[str, int]) -> None:
    """Two requests would pass with one captcha. However the client is wrapped, the message names the setting."""
    with pytest.raises(SetupError, match="default_noreply=False, a pylibmc client without the behavior _noreply"):
        probe(MemcachedCache(client_of(server)))


@pytest.mark.server
@pytest.mark.parametrize(
    "client_of",
    [
        lambda server: Client(server, default_noreply=False),
        lambda server: HashClient([server], default_noreply=False),
        lambda server: Subclassed(server, default_noreply=False),
        lambda server: Delegate(PooledClient(server, default_noreply=False)),
        python_memcached,
    ],
    ids=["Client", "HashClient", "subclassed", "delegated", "python-memcached"],
)
def test_a_client_that_waits_for_replies_is_not(client_of: Any, server: tuple[str, int]) -> None:
    """Whatever its class."""
    probe(MemcachedCache(client_of(server)))


@pytest.mark.parametrize(
    "client_of",
    [
        Client,
        lambda server: Client(server, default_noreply=False),
        lambda server: HashClient([server], ignore_exc=True, retry_attempts=0),
        python_memcached,
    ],
    ids=["Client", "Client that waits", "HashClient that ignores errors", "python-memcached"],
)
def test_a_server_that_is_down_says_nothing_about_its_client(client_of: Any) -> None:
    """Some raise, and some return False as for a key that is there: neither is a verdict."""
    with pytest.raises(StoreUnavailable):
        probe(MemcachedCache(client_of(("127.0.0.1", free_port()))))


class Scripted(NaiveCache):
    """A backend that returns what a test has written down; an exception is raised."""

    def __init__(self, adds: list[Any], deletes: list[Any]) -> None:
        super().__init__()
        self.adds, self.deletes = iter(adds), iter(deletes)

    def add(self, key: str, value: Any, timeout: Any = None) -> Any:
        return next(self.adds)

    def delete(self, key: str) -> Any:
        return next(self.deletes)


@pytest.mark.parametrize(
    ("adds", "deletes", "verdict"),
    [
        ([True, False], [True, True], None),
        ([True, True], [True, False], None),
        ([True, True], [1, 0], None),
        ([1, 0], [1, 1], None),
        ([True, False], [None, None], None),
        ([True, True], [True, True], SetupError),
        ([True, True], [None, None], SetupError),
        ([True, True], [True, None], SetupError),
        ([False, False], [False, False], StoreUnavailable),
        ([None, None], [0, 0], StoreUnavailable),
        ([True, False], [False, False], StoreUnavailable),
    ],
    ids=str,
)
def test_what_a_backend_must_return_to_be_used(adds: list[Any], deletes: list[Any], verdict: Any) -> None:
    """The second add or the second delete says no; None says nothing, and where the first says no it is an outage."""
    if verdict is None:
        probe(Scripted(adds, deletes))
    else:
        with pytest.raises(verdict, match=r"take\(key\)" if verdict is SetupError else "does not keep a new key"):
            probe(Scripted(adds, deletes))


class Boastful(SimpleCache):
    """A subclass that lost what the delete it overrides returns."""

    def delete(self, key: str) -> bool:
        super().delete(key)
        return True


def test_a_subclass_of_a_known_cache_is_probed_too() -> None:
    """SimpleCache is taken from by its delete, so a delete that is always true is refused."""
    with pytest.raises(SetupError, match=r"Boastful reports success .* let its delete return False"):
        probe(Boastful())


@pytest.mark.parametrize("backend", params("RedisCache"), indirect=True)
def test_a_redis_client_that_miscounts_is_refused(backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What DEL is said to have removed decides who took a captcha."""
    monkeypatch.setattr(backend._write_client, "delete", lambda key: True)
    with pytest.raises(SetupError, match="RedisCache reports success"):
        probe(backend)
