"""When the cache is opened, and what is found then: forks, several processes, servers that are down."""

import json
import logging
import multiprocessing
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import serverless_wsgi
from apig_wsgi import make_lambda_handler
from flask import Flask
from flask_caching import Cache
from flask_caching.backends import MemcachedCache
from flask_caching.backends.base import BaseCache
from pymemcache.client.base import PooledClient

from flask_captcha_api import CaptchaApi, Outcome
from flask_captcha_api.testing import answers

from ..conftest import ANSWER
from ..support.backends import chosen_backend, running
from ..support.servers import memcached_server


class Spy(BaseCache):
    """A backend that notes that it was used."""

    used: list[str] = []  # noqa: RUF012 - shared on purpose: Flask-Caching makes the instance

    def take(self, key: str) -> Any:
        self.used.append(key)

    def set(self, key: str, value: Any, timeout: Any = None) -> bool:
        self.used.append(key)
        return True

    get = add = has = delete = set  # type: ignore[assignment]  # noqa: A003 - its own method


def test_init_app_touches_no_cache(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client used before a fork would give one worker another's answers."""
    used: list[str] = []
    monkeypatch.setattr(Spy, "used", used)
    app.config["CACHE_TYPE"] = "tests.storage.test_first_use.Spy"
    Cache(app)
    CaptchaApi(app)
    assert used == []
    app.test_client().get("/captcha/x")
    assert len(used) == 1


@pytest.mark.server
def test_a_fork_after_init_app_mixes_up_no_answers(settings_of: Callable[[str], dict[str, Any]]) -> None:
    """Four children of one initialised app, on pylibmc, verify 50 captchas each of their own: all pass."""
    app = Flask("app")
    app.config.update(SECRET_KEY="s", **settings_of("MemcachedCache-pylibmc"))
    Cache(app)
    captcha = CaptchaApi(app)

    def child() -> None:
        with app.app_context(), answers(app, ANSWER):
            uuids = [captcha.issue("x").uuid for _ in range(50)]
            os._exit(sum(captcha.verify(uuid, ANSWER) is Outcome.PASSED for uuid in uuids))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer Pythons warn of forking beside threads, which is the point here
        children = [multiprocessing.get_context("fork").Process(target=child) for _ in range(4)]
        for process in children:
            process.start()
    for process in children:
        process.join(60)
    assert [process.exitcode for process in children] == [50] * 4


@pytest.mark.server
def test_a_client_that_does_not_wait_is_told_when_its_server_is_up(
    app: Flask, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """While the server is down that is all that is said; the next request tries the client again."""
    server = memcached_server(tmp_path)
    app.config.update(CACHE_TYPE=f"{__name__}.hasty_pymemcache", CACHE_MEMCACHED_SERVERS=[server.address])
    CaptchaApi(app)
    client = app.test_client()
    assert client.get("/captcha/x").get_json()["code"] == "01007"
    assert "the captcha store is unavailable: ConnectionRefusedError" in caplog.text
    assert "default_noreply" not in caplog.text
    with running(server):
        codes = [client.get("/captcha/x").get_json()["code"] for _ in range(2)]
    assert codes == ["01007", "01007"]
    assert caplog.text.count("create a pymemcache client with default_noreply=False") == 1


def hasty_pymemcache(app: Flask, config: dict[str, Any], *args: Any) -> MemcachedCache:
    """CACHE_TYPE names this function."""
    return MemcachedCache(PooledClient(config["CACHE_MEMCACHED_SERVERS"][0]))


@pytest.mark.server
def test_a_store_that_was_down_at_first_use_is_used_once_it_is_up(app: Flask, tmp_path: Path) -> None:
    """The outage is no verdict."""
    server = memcached_server(tmp_path)
    app.config.update(CACHE_TYPE="tests.support.backends.pymemcache", CACHE_MEMCACHED_SERVERS=[server.address])
    CaptchaApi(app)
    assert app.test_client().get("/captcha/x").status_code == 503
    with running(server):
        assert app.test_client().get("/captcha/x").status_code == 200


@pytest.mark.parametrize("request_", [("GET", "/captcha/x"), ("POST", "/captcha/x")])
def test_a_custom_cache_that_lets_two_pass_is_refused(
    app: Flask, caplog: pytest.LogCaptureFixture, request_: tuple[str, str]
) -> None:
    """Nothing says how many processes share it, so add, delete or a take of its own has to tell."""
    app.config["CACHE_TYPE"] = "tests.support.backends.LyingCache"
    CaptchaApi(app)
    method, path = request_
    body = {"uuid": "1" * 23, "code": ANSWER} if method == "POST" else None
    response = app.test_client().open(path, method=method, json=body)
    assert (response.status_code, response.get_json()["code"]) == (503, "01007")
    assert "LyingCache reports success for a key that was already added and already deleted" in caplog.text


MULTIPROCESS = {"wsgi.multiprocess": True}


def test_a_private_cache_under_several_processes_is_not_served(
    app: Flask, issue: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    """Routes and guards answer 01007 rather than fail most of the time, and the remedy is logged at ERROR, once."""
    CaptchaApi(app)
    uuid = issue()
    client = app.test_client()
    responses = [
        client.get("/captcha/web", environ_overrides=MULTIPROCESS),
        client.post("/captcha/web", json={"uuid": uuid, "code": ANSWER}, environ_overrides=MULTIPROCESS),
    ]
    assert [(response.status_code, response.get_json()["code"]) for response in responses] == [(503, "01007")] * 2
    assert {response.headers["Retry-After"] for response in responses} == {"5"}
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert "set CACHE_TYPE to RedisCache, or FileSystemCache on a single host" in errors[0]
    assert client.post("/captcha/web", json={"uuid": uuid, "code": ANSWER}).get_json()["response"] == "ok"


#: As AWS API Gateway passes a request to a Lambda function.
EVENT: dict[str, Any] = {
    "path": "/captcha/web",
    "httpMethod": "GET",
    "headers": {},
    "body": None,
    "requestContext": {},
}


def _by_apig_wsgi(app: Flask) -> Any:
    return make_lambda_handler(app)(EVENT, None)


def _by_serverless_wsgi(app: Flask) -> Any:
    return serverless_wsgi.handle_request(app, EVENT, None)


@pytest.mark.parametrize("handle", [_by_apig_wsgi, _by_serverless_wsgi])
def test_a_lambda_adapter_is_not_believed_that_there_is_one_process(
    app: Flask, caplog: pytest.LogCaptureFixture, handle: Callable[[Flask], Any]
) -> None:
    """Lambda starts a process for each concurrent request, so a cache in memory is not served."""
    CaptchaApi(app)
    response = handle(app)
    assert (int(response["statusCode"]), json.loads(response["body"])["code"]) == (503, "01007")
    assert "does not say how many" in caplog.text


def test_lambda_is_recognised_without_an_adapter(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A web server may run in a function too."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "captchas")
    CaptchaApi(app)
    assert app.test_client().get("/captcha/web").get_json()["code"] == "01007"


def test_a_developer_who_knows_better_is_believed(app: Flask) -> None:
    """CAPTCHA_SINGLE_PROCESS states that the server is wrong."""
    app.config["CAPTCHA_SINGLE_PROCESS"] = True
    CaptchaApi(app)
    assert app.test_client().get("/captcha/web", environ_overrides=MULTIPROCESS).status_code == 200


def test_a_shared_cache_under_several_processes_is_served(app: Flask, tmp_path: Path) -> None:
    """Files are seen by every process."""
    app.config.update(CACHE_TYPE="FileSystemCache", CACHE_DIR=str(tmp_path), CACHE_THRESHOLD=0)
    CaptchaApi(app)
    assert app.test_client().get("/captcha/web", environ_overrides=MULTIPROCESS).status_code == 200


@pytest.mark.server
def test_pylibmc_is_told_to_tell_outages_soon(app: Flask, settings_of: Callable[[str], dict[str, Any]]) -> None:
    """The clients that Flask-Caching makes without options get ours; one that the app made keeps its own."""
    pytest.importorskip("pylibmc")
    app.config.update(settings_of("MemcachedCache-pylibmc"))
    CaptchaApi(app)
    pool = chosen_backend(app)._client
    if not hasattr(pool, "queue"):
        pytest.skip("before cachelib 0.15 there is no pool, by which clients made without options are known")
    (pooled,) = pool.queue
    assert {name: pooled.behaviors[name] for name in ("retry_timeout", "connect_timeout", "_poll_timeout")} == {
        "retry_timeout": 1,
        "connect_timeout": 1000,
        "_poll_timeout": 1000,
    }

    other = Flask("other")
    other.config.update(app.config, CACHE_TYPE=f"{__name__}.patient_pylibmc")
    CaptchaApi(other)
    assert chosen_backend(other)._client.behaviors["retry_timeout"] == 7


def patient_pylibmc(app: Flask, config: dict[str, Any], *args: Any) -> MemcachedCache:
    """CACHE_TYPE names this function."""
    import pylibmc

    return MemcachedCache(pylibmc.Client(config["CACHE_MEMCACHED_SERVERS"], behaviors={"retry_timeout": 7}))
