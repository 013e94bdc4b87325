"""How many captchas a cache holds before it pushes one out."""

import warnings
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_caching import Cache
from PIL import Image

from flask_captcha_api import CaptchaApi, Kind, Outcome
from flask_captcha_api.challenges.makers import digits
from flask_captcha_api.storage import selection as caches
from flask_captcha_api.testing import answers

from ..conftest import ANSWER

GOOD = {"CACHE_TYPE": "SimpleCache", "CACHE_THRESHOLD": 10_000}
#: Digits on which no time is spent, for tests that issue thousands.
BLANK = Kind(digits, draw=lambda *_: Image.new("L", (1, 1)))


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
