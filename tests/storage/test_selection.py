"""Which cache an app's answers go to, and what is told when it will not do."""

import re
import sys
import time
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import redis
from flask import Flask, render_template_string
from flask.sansio.app import App
from flask_caching import Cache
from flask_caching.backends import FileSystemCache, SimpleCache
from pymemcache.client.base import PooledClient
from redis.sentinel import Sentinel

from flask_captcha_api import CaptchaApi, SetupError

from ..conftest import ANSWER
from ..support.backends import chosen_backend

GOOD = {"CACHE_TYPE": "SimpleCache", "CACHE_THRESHOLD": 10_000}
NULL = {"CACHE_TYPE": "NullCache", "CACHE_NO_NULL_WARNING": True}


def state_of(app: Flask) -> Any:
    return app.extensions["captcha_api"]


def test_the_embedded_default_is_private(app: Flask) -> None:
    """Without any cache settings, a SimpleCache for 10,000 captchas is used, and none of the app's is made."""
    CaptchaApi(app)
    app.test_client().get("/captcha/x")
    assert isinstance(chosen_backend(app), SimpleCache)
    assert chosen_backend(app)._threshold == 10_000
    assert "cache" not in app.extensions


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


@pytest.mark.parametrize("settings", [{}, {"CACHE_OPTIONS": {"socket_timeout": 1}}])
def test_options_of_another_cache_type_are_named(
    app: Flask, caplog: pytest.LogCaptureFixture, settings: dict[str, Any]
) -> None:
    """As where an app's tests set CACHE_TYPE alone; the log then leads to the setting that is left over."""
    app.config.update(settings, CACHE_TYPE="SimpleCache", CACHE_THRESHOLD=10_000)
    CaptchaApi(app)
    assert app.test_client().get("/captcha/x").status_code == (503 if settings else 200)
    assert ("CACHE_OPTIONS may be meant for another CACHE_TYPE" in caplog.text) is bool(settings)


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


def test_expired_captchas_are_gone(app: Flask, issue: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """After its TTL and the second of grace a captcha is answered like one that never was."""
    CaptchaApi(app)
    uuid = issue()
    now = time.time()
    monkeypatch.setattr("cachelib.simple.time", lambda: now + 302)
    response = app.test_client().post("/captcha/web", json={"uuid": uuid, "code": ANSWER})
    assert response.get_json()["code"] == "01003"


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
