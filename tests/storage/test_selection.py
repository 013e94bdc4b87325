"""Which cache an app's answers go to, when it is opened, and what is told when it will not do."""

import json
import logging
import multiprocessing
import os
import re
import sys
import time
import warnings
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import redis
import serverless_wsgi
from apig_wsgi import make_lambda_handler
from flask import Flask, render_template_string
from flask.sansio.app import App
from flask_caching import Cache
from flask_caching.backends import FileSystemCache, MemcachedCache, SimpleCache
from flask_caching.backends.base import BaseCache
from PIL import Image
from pymemcache.client.base import PooledClient
from redis.sentinel import Sentinel

from flask_captcha_api import CaptchaApi, Kind, Outcome, SetupError
from flask_captcha_api.challenges.makers import digits
from flask_captcha_api.storage import selection as caches
from flask_captcha_api.testing import answers

from ..conftest import ANSWER
from ..support.backends import running
from ..support.servers import memcached_server

GOOD = {"CACHE_TYPE": "SimpleCache", "CACHE_THRESHOLD": 10_000}
#: Digits on which no time is spent, for tests that issue thousands.
BLANK = Kind(digits, draw=lambda *_: Image.new("L", (1, 1)))
NULL = {"CACHE_TYPE": "NullCache", "CACHE_NO_NULL_WARNING": True}


def state_of(app: Flask) -> Any:
    return app.extensions["captcha_api"]


def chosen_backend(app: Flask) -> Any:
    return state_of(app).store.get()._backend


def test_the_embedded_default_is_private(app: Flask) -> None:
    """Without any cache settings, a SimpleCache for 10,000 captchas is used, and none of the app's is made."""
    CaptchaApi(app)
    app.test_client().get("/captcha/x")
    assert isinstance(chosen_backend(app), SimpleCache)
    assert chosen_backend(app)._threshold == 10_000
    assert "cache" not in app.extensions


@pytest.mark.slow
def test_2000_outstanding_on_the_default_all_verify(app: Flask) -> None:
    """Nothing is pushed out that a busy site of one process could have outstanding."""
    captcha = CaptchaApi(app, kinds={"digits": BLANK})
    with app.app_context(), answers(app, ANSWER):
        uuids = [captcha.issue("x").uuid for _ in range(2000)]
        assert {captcha.verify(uuid, ANSWER) for uuid in uuids} == {Outcome.PASSED}


def test_long_lived_captchas_do_not_push_out_fresh_ones(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two sources with different TTLs, neither has its captchas pushed out before older ones."""
    monkeypatch.setattr(caches, "PRIVATE_THRESHOLD", 50)
    app.config["CAPTCHA_SOURCES"] = {"newsletter": {"ttl": 86400}, "login": {"ttl": 120}}
    captcha = CaptchaApi(app, kinds={"digits": BLANK})
    with app.app_context(), answers(app, ANSWER):
        first, *_ = [captcha.issue("newsletter").uuid for _ in range(51)]
        fresh = captcha.issue("login").uuid
        for _ in range(50):
            captcha.issue("newsletter")
        assert [captcha.verify(uuid, ANSWER) for uuid in (first, fresh)] == [Outcome.GONE, Outcome.PASSED]

        fresh = captcha.issue("login").uuid
        for _ in range(51):
            captcha.issue("newsletter")
        assert captcha.verify(fresh, ANSWER) is Outcome.GONE


def test_the_apps_only_cache_is_used(app: Flask) -> None:
    """An initialised Cache needs no cache=."""
    app.config.update(GOOD)
    CaptchaApi(app)
    cache = Cache(app)  # after us
    app.test_client().get("/captcha/x")
    assert chosen_backend(app) is app.extensions["cache"][cache]


def test_the_given_cache_is_used(app: Flask) -> None:
    """Of several Caches, the one given as cache=, whether it is initialised before us or after."""
    pages, codes = Cache(config=NULL), Cache(config=GOOD)
    pages.init_app(app)
    CaptchaApi(app, cache=codes)
    codes.init_app(app)
    assert app.test_client().get("/captcha/x").status_code == 200
    assert chosen_backend(app) is app.extensions["cache"][codes]


def test_cache_settings_without_a_cache_make_a_private_one(app: Flask, tmp_path: Path) -> None:
    """CACHE_TYPE alone is enough, and the {% cache %} tag of templates is not taken from the app."""
    app.config.update(CACHE_TYPE="FileSystemCache", CACHE_DIR=str(tmp_path), CACHE_THRESHOLD=0)
    CaptchaApi(app)
    assert app.test_client().get("/captcha/x").status_code == 200
    assert isinstance(chosen_backend(app), FileSystemCache)
    assert "flask_caching.jinja2ext.CacheExtension" not in app.jinja_env.extensions


def test_the_apps_template_tag_stays_with_its_cache(app: Flask) -> None:
    """{% cache %} still writes to the app's Cache when captchas have been issued."""
    app.config.update(GOOD)
    cache = Cache(app)
    CaptchaApi(app, cache=cache)
    app.test_client().get("/captcha/x")
    with app.test_request_context():
        assert render_template_string("{% cache 60, 'tag' %}text{% endcache %}") == "text"
        assert any("tag" in key for key in app.extensions["cache"][cache]._cache)


@pytest.mark.parametrize("cache_type", ["no.such.module.Cache", "cachelib.UWSGICache"])
def test_a_cache_type_that_does_not_exist_or_lacks_a_setting_is_told(
    app: Flask, caplog: pytest.LogCaptureFixture, cache_type: str
) -> None:
    """The routes answer 503, and the log says what is wrong."""
    app.config["CACHE_TYPE"] = cache_type
    CaptchaApi(app)
    assert app.test_client().get("/captcha/x").get_json()["code"] == "01007"
    assert "could not create a cache from the app's CACHE_* settings" in caplog.text


@pytest.mark.parametrize(
    ("cache_type", "text"),
    [
        ("Rediscache", "CACHE_TYPE is 'Rediscache': did you mean 'RedisCache'?"),
        ("simple", "CACHE_TYPE is 'simple': did you mean 'SimpleCache'?"),
        ("disk", "CACHE_TYPE is 'disk': it must be one of "),
        ("flask_caching.backends.MemcacheCache", "did you mean 'MemcachedCache'?"),
        (SimpleCache, "it must be one of "),
        ("NullCache", "CACHE_TYPE is NullCache, which keeps nothing"),
    ],
    ids=str,
)
def test_a_cache_type_of_flask_caching_is_checked_at_start(app: Flask, cache_type: Any, text: str) -> None:
    """A misspelt one is refused with the name that was meant, and one that keeps nothing with its remedy."""
    app.config["CACHE_TYPE"] = cache_type
    with pytest.raises(SetupError, match=re.escape(text)):
        CaptchaApi(app)


@pytest.mark.parametrize(
    ("cache_type", "modules", "remedy"),
    [
        ("RedisCache", ["redis"], "pip install 'flask_captcha_api[redis]'"),
        ("RedisClusterCache", ["redis"], "pip install 'flask_captcha_api[redis]'"),
        ("MemcachedCache", ["pylibmc", "memcache", "libmc"], "pip install 'flask_captcha_api[memcached]'"),
        ("SASLMemcachedCache", ["pylibmc"], "pip install 'flask_captcha_api[memcached]'"),
    ],
)
def test_a_missing_client_library_is_named_at_start(
    app: Flask, monkeypatch: pytest.MonkeyPatch, cache_type: str, modules: list[str], remedy: str
) -> None:
    """The error names the package and how to install it; the same settings start once it is installed."""
    for module in modules:
        monkeypatch.setitem(sys.modules, module, None)
    app.config["CACHE_TYPE"] = cache_type
    with pytest.raises(SetupError, match=f"needs the Python package {modules[0]}.*{re.escape(remedy)}"):
        CaptchaApi(app)
    package = ModuleType(modules[0])
    package.__spec__ = ModuleSpec(modules[0], None)
    monkeypatch.setitem(sys.modules, modules[0], package)
    CaptchaApi(app)


def test_a_memcached_client_given_as_the_server_needs_no_other(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flask-Caching uses it as it is, so no other client library has to be installed."""
    for module in ("pylibmc", "memcache", "libmc"):
        monkeypatch.setitem(sys.modules, module, None)
    client = PooledClient("127.0.0.1", default_noreply=False)
    app.config.update(CACHE_TYPE="MemcachedCache", CACHE_MEMCACHED_SERVERS=client)
    CaptchaApi(app)


@pytest.mark.parametrize(
    "make_client",
    [
        lambda: redis.Redis(decode_responses=True),
        lambda: redis.Redis.from_url("redis://127.0.0.1/0?decode_responses=true"),
        lambda: Sentinel([("127.0.0.1", 26379)]).master_for("main", decode_responses=True),  # type: ignore[no-untyped-call]
    ],
    ids=["client", "url", "sentinel"],
)
def test_a_redis_client_that_decodes_is_refused(
    app: Flask, caplog: pytest.LogCaptureFixture, make_client: Callable[[], Any]
) -> None:
    """At start if a Cache has it, else at the first request, in each case before anything is stored."""
    app.config.update(CACHE_TYPE="RedisCache", CACHE_REDIS_HOST=make_client())
    CaptchaApi(app)
    assert app.test_client().get("/captcha/x").get_json()["code"] == "01007"
    assert "create the client without decode_responses" in caplog.text
    later = Flask("later")
    later.config.update(app.config)
    Cache(later)
    with pytest.raises(SetupError, match="RedisCache has decode_responses=True"):
        CaptchaApi(later)


def test_a_null_cache_is_refused_at_start(app: Flask) -> None:
    """What is visible in init_app is told there."""
    Cache(app, config=NULL)
    with pytest.raises(RuntimeError, match="NullCache, which keeps nothing"):
        CaptchaApi(app)


def test_a_null_cache_that_comes_late_is_told_at_first_use(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """The routes answer 01007 and the log says what to change, once; issue() raises it."""
    captcha = CaptchaApi(app)
    Cache(app, config=NULL)
    responses = [app.test_client().get("/captcha/x") for _ in range(2)]
    assert [response.get_json()["code"] for response in responses] == ["01007", "01007"]
    assert caplog.text.count("NullCache, which keeps nothing") == 1
    with app.app_context(), pytest.raises(SetupError, match="set CACHE_TYPE to SimpleCache"):
        captcha.issue("x")


def test_several_caches_are_refused(app: Flask) -> None:
    """Which of them is meant cannot be guessed."""
    for _ in range(2):
        Cache(app, config=GOOD)
    with pytest.raises(RuntimeError, match=r"the app has 2 Caches .* pass cache= to CaptchaApi"):
        CaptchaApi(app)


def test_a_cache_that_is_none_is_refused(app: Flask) -> None:
    """Settings are not a Cache; the error shows how to make one of them."""
    with pytest.raises(TypeError, match=r"cache= is builtins.dict: it must be a flask_caching.Cache, such as Cache\("):
        CaptchaApi(app, cache=GOOD)  # type: ignore[arg-type]  # the mistake


def test_an_app_of_another_framework_is_refused() -> None:
    """Quart's app shares its base class with Flask's, and would fail only at its first request."""

    class Other(App):
        default_config = Flask.default_config

    with pytest.raises(TypeError, match=r"Other as the app: it must be a Flask app"):
        CaptchaApi(Other("app"))  # type: ignore[arg-type]  # the mistake


def test_a_given_cache_that_was_never_initialised_is_told(app: Flask) -> None:
    """The message says which call is missing."""
    captcha = CaptchaApi(app, cache=Cache(config=GOOD))
    with app.app_context(), pytest.raises(SetupError, match=r"never initialised .* call cache.init_app\(app\)"):
        captcha.issue("x")


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"CACHE_TYPE": "SimpleCache"}, "holds 500 entries.*set CACHE_THRESHOLD to 10000 or more"),
        ({"CACHE_TYPE": "SimpleCache", "CACHE_THRESHOLD": 0}, "holds 500 entries.*0 means 500"),
        ({"CACHE_TYPE": "FileSystemCache"}, "deletes entries beyond 500.*set CACHE_THRESHOLD to 0"),
    ],
    ids=str,
)
def test_a_small_threshold_gets_a_warning(app: Flask, tmp_path: Path, settings: dict[str, Any], remedy: str) -> None:
    """It says what is lost and which setting mends it."""
    app.config.update(settings, CACHE_DIR=str(tmp_path))
    CaptchaApi(app)
    with pytest.warns(UserWarning, match=remedy):
        app.test_client().get("/captcha/x")


def test_a_threshold_that_is_visible_at_start_is_warned_of_there_and_only_there(app: Flask) -> None:
    """A Cache initialised before us is looked at in init_app, and not again."""
    Cache(app, config={"CACHE_TYPE": "SimpleCache"})
    with pytest.warns(UserWarning, match="holds 500 entries"):
        CaptchaApi(app)
    assert app.test_client().get("/captcha/x").status_code == 200


def test_a_large_threshold_gets_none(app: Flask) -> None:
    """Settings that are right are met with silence."""
    app.config.update(GOOD)
    CaptchaApi(app)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert app.test_client().get("/captcha/x").status_code == 200


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
    app.config["CACHE_TYPE"] = "tests.storage.test_selection.Spy"
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


@pytest.mark.slow
def test_long_lived_entries_of_the_app_do_not_push_captchas_out(app: Flask) -> None:
    """With the threshold that the warning asks for, 501 cached pages and 2,000 captchas live side by side."""
    app.config.update(GOOD)
    cache = Cache(app)
    captcha = CaptchaApi(app, kinds={"digits": BLANK})
    with app.app_context(), answers(app, ANSWER):
        for number in range(501):
            cache.set(f"page {number}", "x", timeout=3600)
        uuids = [captcha.issue("x").uuid for _ in range(2000)]
        assert {captcha.verify(uuid, ANSWER) for uuid in uuids} == {Outcome.PASSED}


def test_expired_captchas_are_gone(app: Flask, issue: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """After its TTL and the second of grace a captcha is answered like one that never was."""
    CaptchaApi(app)
    uuid = issue()
    now = time.time()
    monkeypatch.setattr("cachelib.simple.time", lambda: now + 302)
    response = app.test_client().post("/captcha/web", json={"uuid": uuid, "code": ANSWER})
    assert response.get_json()["code"] == "01003"


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


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o702])
def test_a_folder_that_everybody_can_write_gets_a_warning(app: Flask, tmp_path: Path, mode: int) -> None:
    """It names the folder and the remedy, and makes the check fail, as whoever writes there can run code in the app."""
    tmp_path.chmod(mode)
    app.config.update(CACHE_TYPE="FileSystemCache", CACHE_DIR=str(tmp_path), CACHE_THRESHOLD=0)
    captcha = CaptchaApi(app)
    with app.app_context(), pytest.warns(UserWarning, match=f"{tmp_path}.*mode {mode:04o}.*mode 0700"):
        captcha.issue("web")
    checked = app.test_cli_runner().invoke(args=["captcha", "check"])
    assert (checked.exit_code, "can run code in the app" in " ".join(checked.output.split())) == (1, True)


def test_a_folder_of_the_apps_user_gets_none(app: Flask, tmp_path: Path) -> None:
    """A group may write there: it may be the app's."""
    tmp_path.chmod(0o770)
    app.config.update(CACHE_TYPE="FileSystemCache", CACHE_DIR=str(tmp_path), CACHE_THRESHOLD=0)
    captcha = CaptchaApi(app)
    with app.app_context():
        captcha.issue("web")


@pytest.mark.parametrize("fallbacks", ["an older key", b"an older key", {"a": "key"}, ["older", ""], ["older", None]])
def test_fallbacks_that_are_no_list_of_keys_are_refused(app: Flask, fallbacks: Any) -> None:
    """A single text would make each of its letters a key; the message does not show it."""
    app.config["SECRET_KEY_FALLBACKS"] = fallbacks
    with pytest.raises(ValueError, match="SECRET_KEY_FALLBACKS must be a list") as told:
        CaptchaApi(app)
    assert "older" not in str(told.value)
