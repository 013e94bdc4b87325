"""The store goes away in the middle of use, and comes back."""

import time
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from ..support import servers
from ..support.apps import KNOWN_ANSWER, make_app
from ..support.backends import fast_failing_redis, running
from ..support.http.envelopes import envelope

pytestmark = pytest.mark.server

GUARD_SECONDS = 30

UNAVAILABLE = envelope("store_unavailable")


@pytest.fixture
def redis_server(tmp_path: Path) -> Any:
    with running(servers.redis_server(tmp_path)) as server:
        yield server


@pytest.fixture(params=["host-and-port", "url"])
def client(request: pytest.FixtureRequest, redis_server: servers.Server) -> FlaskClient:
    addresses: dict[str, dict[str, Any]] = {
        "host-and-port": {"CACHE_REDIS_HOST": "127.0.0.1", "CACHE_REDIS_PORT": redis_server.port},
        "url": {"CACHE_REDIS_URL": f"redis://{redis_server.address}/0"},
    }
    # A server that is gone refuses connections at once, and a busy machine is no outage.
    options = {"CACHE_TYPE": "RedisCache", "CACHE_OPTIONS": {**fast_failing_redis(), "socket_timeout": 30}}
    return make_app({**options, **addresses[request.param]}).test_client()


def test_redis_stops_and_returns(
    client: FlaskClient, redis_server: servers.Server, caplog: pytest.LogCaptureFixture
) -> None:
    """While Redis is down every answer is a 503 envelope and nothing passes; after its return no restart is needed."""
    uuid = new_captcha(client)
    redis_server.stop()
    for response in within_guard(
        lambda: client.get("/captcha/web"),
        lambda: client.post("/captcha/web", json={"uuid": uuid, "code": KNOWN_ANSWER}),
        lambda: client.post("/guarded", json={"uuid": uuid, "code": KNOWN_ANSWER}),
    ):
        assert (response.status_code, response.get_json()) == (503, UNAVAILABLE)
        assert response.headers["Retry-After"] == "5"
        assert response.headers["Cache-Control"] == "no-store"
    assert caplog.text.count("the captcha store is unavailable: ConnectionError") == 3

    redis_server.start()
    fresh = new_captcha(client)
    assert client.post("/guarded", json={"uuid": fresh, "code": KNOWN_ANSWER}).get_json() == {"passed": True}
    # What was only in memory is gone with it, and says so.
    assert client.post("/guarded", json={"uuid": uuid, "code": KNOWN_ANSWER}).get_json()["code"] == "01003"


def test_redis_that_refuses_to_write(client: FlaskClient, redis_server: servers.Server) -> None:
    """A full Redis with noeviction issues nothing, keeps what it has, and verifies that."""
    import redis

    uuid = new_captcha(client)
    with redis.Redis(port=redis_server.port) as direct:
        direct.config_set("maxmemory-policy", "noeviction")
        direct.config_set("maxmemory", "1")
        assert client.get("/captcha/web").get_json() == UNAVAILABLE
        direct.config_set("maxmemory", "0")
    assert client.post("/guarded", json={"uuid": uuid, "code": KNOWN_ANSWER}).get_json() == {"passed": True}


@pytest.fixture
def memcached_server(tmp_path: Path) -> Any:
    with running(servers.memcached_server(tmp_path)) as server:
        yield server


def memcached_client(server: servers.Server, cache_type: str) -> FlaskClient:
    return make_app({"CACHE_TYPE": cache_type, "CACHE_MEMCACHED_SERVERS": [server.address]}).test_client()


@pytest.mark.parametrize(
    "cache_type", ["MemcachedCache", "tests.support.backends.python_memcached", "tests.support.backends.pymemcache"]
)
def test_memcached_stops(memcached_server: servers.Server, cache_type: str) -> None:
    """Through every client an outage is a 503, although to most of them every key is merely absent then."""
    client = memcached_client(memcached_server, cache_type)
    uuid = new_captcha(client)
    memcached_server.stop()
    for response in within_guard(
        lambda: client.post("/guarded", json={"uuid": uuid, "code": KNOWN_ANSWER}),
        lambda: client.get("/captcha/web"),
        lambda: client.post("/guarded", json={"uuid": uuid, "code": KNOWN_ANSWER}),
    ):
        assert (response.status_code, response.get_json()) == (503, UNAVAILABLE)


def test_memcached_is_silent_for_a_while(memcached_server: servers.Server) -> None:
    """Through pylibmc a captcha outlives a silence: it is not told to be gone, and passes afterwards."""
    pytest.importorskip("pylibmc")
    client = memcached_client(memcached_server, "MemcachedCache")
    uuid = new_captcha(client)
    memcached_server.freeze()
    (response,) = within_guard(lambda: client.post("/guarded", json={"uuid": uuid, "code": KNOWN_ANSWER}))
    assert (response.status_code, response.get_json()) == (503, UNAVAILABLE)
    memcached_server.thaw()
    servers.wait_until(lambda: client.get("/captcha/web").status_code == 200, "memcached in pylibmc's eyes")
    assert client.post("/guarded", json={"uuid": uuid, "code": KNOWN_ANSWER}).get_json() == {"passed": True}


def new_captcha(client: FlaskClient) -> str:
    response = client.get("/captcha/web")
    assert response.status_code == 200, response.text
    return str(response.get_json()["response"]["uuid"])


def within_guard(*calls: Any) -> list[Any]:
    """Make the calls; a guard against hanging, not a measurement."""
    responses = []
    for call in calls:
        begin = time.monotonic()
        responses.append(call())
        assert time.monotonic() - begin < GUARD_SECONDS, "it hung"
    return responses
