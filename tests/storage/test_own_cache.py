"""A cache that only captchas use: CAPTCHA_CACHE."""

import logging
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_caching import Cache
from flask_caching.backends import FileSystemCache, SimpleCache

from flask_captcha_api import CaptchaApi, SetupError
from flask_captcha_api.cli.diagnostics import diagnose
from flask_captcha_api.testing import answers

from ..conftest import ANSWER

NULL = {"CACHE_TYPE": "NullCache", "CACHE_NO_NULL_WARNING": True}
SMALL = {"CACHE_TYPE": "SimpleCache", "CACHE_THRESHOLD": 50}


def backend_of(app: Flask) -> Any:
    with app.app_context():
        return app.extensions["captcha_api"].store.get().backend


def passes(app: Flask) -> bool:
    client = app.test_client()
    with answers(app, ANSWER):
        uuid = client.get("/captcha/web").get_json()["response"]["uuid"]
    return client.post("/captcha/web", json={"uuid": uuid, "code": ANSWER}).status_code == 200


@pytest.mark.parametrize("others", [[], [NULL], [SMALL], [SMALL, NULL, SMALL]], ids=len)
@pytest.mark.parametrize("given", [False, True])
def test_it_goes_before_the_apps_caches(app: Flask, others: list[dict[str, Any]], given: bool) -> None:
    """Whatever caches the app has, and even if it gives one, and without adding one to it."""
    app.config.update(CAPTCHA_CACHE={"CACHE_TYPE": "SimpleCache"}, CACHE_TYPE="NullCache", CACHE_THRESHOLD=3)
    caches = [Cache(app, config=settings) for settings in others]
    CaptchaApi(app, cache=caches[0] if given and caches else None)
    assert passes(app)
    backend = backend_of(app)
    assert (type(backend), backend._threshold) == (SimpleCache, 10_000)
    assert list(app.extensions.get("cache", {})) == caches


def test_a_folder_has_no_limit_of_its_own(app: Flask, tmp_path: Path) -> None:
    """Unless the setting has one, since a FileSystemCache deletes captchas first."""
    app.config["CAPTCHA_CACHE"] = {"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": str(tmp_path / "captchas")}
    CaptchaApi(app)
    assert passes(app)
    backend = backend_of(app)
    assert (type(backend), backend._threshold) == (FileSystemCache, 0)


@pytest.mark.server
def test_redis(app: Flask, settings_of: Any) -> None:
    """With the settings that Flask-Caching documents."""
    app.config["CAPTCHA_CACHE"] = settings_of("RedisCache")
    CaptchaApi(app)
    assert passes(app)
    assert type(backend_of(app)).__name__ == "RedisCache"


@pytest.mark.parametrize(
    "value",
    ["SimpleCache", {}, {"CACHE_THRESHOLD": 5}, {"CACHE_TYPE": None}, {"CACHE_TYPE": "SimpleCache", "X": "secret"}],
)
def test_what_it_must_be(app: Flask, value: Any) -> None:
    """An error at start, without the value, which may hold a password."""
    app.config["CAPTCHA_CACHE"] = value
    with pytest.raises(ValueError, match=r"CAPTCHA_CACHE must be None or a mapping of CACHE_\*") as caught:
        CaptchaApi(app)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [(NULL, "NullCache, which keeps nothing"), ({"CACHE_TYPE": "RedisCahce"}, "did you mean 'RedisCache'")],
)
def test_a_type_that_cannot_work_is_refused_at_start(app: Flask, settings: dict[str, Any], message: str) -> None:
    """As one in the app's own CACHE_TYPE is."""
    app.config["CAPTCHA_CACHE"] = settings
    with pytest.raises(SetupError, match=message):
        CaptchaApi(app)


def test_one_that_cannot_be_created_is_reported(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """Requests are answered 01007, and the log says why."""
    message = "a cache from CAPTCHA_CACHE"
    app.config["CAPTCHA_CACHE"] = {"CACHE_TYPE": "no.such.Cache"}
    CaptchaApi(app)
    with caplog.at_level(logging.ERROR):
        assert app.test_client().get("/captcha/web").get_json()["code"] == "01007"
    assert message in caplog.text
    with app.app_context(), pytest.raises(SetupError, match=message):
        app.extensions["captcha_api"].store.get()


def test_its_password_is_shown_nowhere(app: Flask) -> None:
    """Neither in the repr of the settings nor in the report of ``flask captcha check``."""
    app.config["CAPTCHA_CACHE"] = {"CACHE_TYPE": "SimpleCache", "CACHE_REDIS_PASSWORD": "open sesame"}
    CaptchaApi(app)
    with app.app_context():
        report = diagnose(app)
    assert report.settings["CAPTCHA_CACHE"][0].strip("'") == "SimpleCache"
    assert "open sesame" not in f"{report} {app.extensions['captcha_api']}"
