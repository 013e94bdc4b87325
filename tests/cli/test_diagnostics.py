"""The diagnostics: what they report of a good set-up, of settings and of secret keys."""

import re
import warnings
from typing import Any

import pytest
from flask import Flask
from flask_babel import get_locale
from flask_caching import Cache

from flask_captcha_api import CaptchaApi, SourceConfig
from flask_captcha_api.challenges.guessing import GuessProbability
from flask_captcha_api.cli.diagnostics import diagnose
from flask_captcha_api.cli.report import as_text
from flask_captcha_api.settings.config import ALL_KEYS
from flask_captcha_api.storage.secret_keys import weakness_of

from ..support.backends import NaiveCache
from ..support.diagnosed import diagnosed, diagnosed_again
from ..support.paths import DOCS, ROOT


def test_a_small_app_is_well(app: Flask) -> None:
    """With nothing set, nothing is wrong; every key is told, and that nothing is limited."""
    report = diagnosed(app)
    assert report.errors == []
    assert report.facts == {
        "cache": "PrivateSimpleCache, scope: one process; a value was stored, and taken once",
        "secret key": "set",
        "JWT": "no JWTManager, so all requests are anonymous",
        "rate limits": "none",
    }
    assert set(report.settings) == set(ALL_KEYS)
    assert report.settings["CAPTCHA_LENGTH"] == ("5", "5")
    (source,) = report.sources
    assert (source.name, source.overrides, source.has_sound, source.guess) == (
        "any",
        "",
        True,
        GuessProbability(1 / 7**5),
    )
    assert [note.partition(":")[0] for note in report.notes] == ["no rate limit"]


def test_an_app_without_captchas(app: Flask) -> None:
    """The mistake is named with its remedy."""
    with pytest.raises(RuntimeError, match=r"call CaptchaApi\(app\)"):
        diagnosed_again(app)


def test_thresholds(app: Flask) -> None:
    """What the app was warned of when it started is said again."""
    Cache(app, config={"CACHE_TYPE": "SimpleCache"})
    with pytest.warns(UserWarning, match="SimpleCache holds 500 entries"):
        CaptchaApi(app)
    assert [text.partition(",")[0] for text in diagnosed_again(app).errors] == [
        "the app's SimpleCache holds 500 entries"
    ]


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"CAPTCHA_LENGHT": 6}, "CAPTCHA_LENGHT is not a setting of flask_captcha_api: did you mean CAPTCHA_LENGTH?"),
        ({"CAPTCHA_LENGTH": 3}, "CAPTCHA_LENGTH is 3: it should be at least 4, or a blind guess passes too often"),
    ],
)
def test_what_the_settings_warn_of(app: Flask, settings: dict[str, Any], text: str) -> None:
    """A misspelling and a short length are said again."""
    app.config.update(settings)
    with pytest.warns(UserWarning, match=text.partition(":")[0]):
        CaptchaApi(app)
    assert diagnosed_again(app).errors == [text]


def test_warnings_of_others_are_not_its_matter(app: Flask) -> None:
    """What a cache's library deprecates is no fault of the set-up."""

    class Deprecated(NaiveCache):
        def get(self, key: str) -> Any:
            warnings.warn("get is deprecated", DeprecationWarning, stacklevel=2)
            return super().get(key)

    cache = Cache()
    app.extensions["cache"] = {cache: Deprecated()}
    assert diagnosed(app, cache=cache).errors == []


def test_settings_that_come_too_late(app: Flask) -> None:
    """A key that was set after CaptchaApi read the settings has no effect, and one that is faulty is told to be."""
    CaptchaApi(app)
    app.config.update(CAPTCHA_LENGTH=6, CAPTCHA_LANGUAGE="en")
    assert diagnosed_again(app).errors == [
        "CAPTCHA_LANGUAGE, CAPTCHA_LENGTH changed after init_app, which has no effect: set them before it"
    ]
    app.config.update(CAPTCHA_LENGTH=60)
    (text,) = diagnosed_again(app).errors
    assert "the app will not start with the new values" in text


def test_a_weak_secret_key(app: Flask) -> None:
    """A key that can be tried out is told to be short, and not told."""
    app.config.update(SECRET_KEY="sesame", SECRET_KEY_FALLBACKS=["older", "oldest"])
    report = diagnosed(app)
    assert report.errors[0].startswith("SECRET_KEY is shorter than 16 characters")
    assert report.facts["secret key"] == "set; fallbacks: 2"
    assert not any(word in str(vars(report)) for word in ("sesame", "older", "oldest"))


def test_a_published_secret_key(app: Flask) -> None:
    """A key from an example is known to everybody, however long it is."""
    app.config["SECRET_KEY"] = b"a long random text, the same in every worker"
    assert diagnosed(app).errors == [
        "SECRET_KEY is an example from the documentation, so everybody knows it: set one from secrets.token_hex()"
    ]


def test_every_key_of_the_documentation_counts_as_published() -> None:
    """No page, and none of the playground's code, has a key that the check would accept."""
    pages = [ROOT / "README.md", *DOCS.rglob("*.md"), DOCS / "llms.txt"]
    pages += (ROOT / "example_app" / "templates" / "snippets").glob("*.txt")
    pattern = r"""SECRET_KEY(?:"?\]? ?[=:] ?|", ?)(?:os\.environ\.get\("SECRET_KEY", )?["']([^"']+)["']"""
    keys = {key for page in pages for key in re.findall(pattern, page.read_text())}
    assert len(keys) >= 5
    assert [key for key in keys if weakness_of(key) is None] == []


@pytest.mark.parametrize(
    "late",
    [{"SECRET_KEY": "k" * 40}, {"SECRET_KEY_FALLBACKS": ["an earlier secret key"]}, {"SECRET_KEY": None}],
    ids=str,
)
def test_secret_keys_that_come_too_late(app: Flask, caplog: pytest.LogCaptureFixture, late: dict[str, Any]) -> None:
    """The report says so, and the log does at the first use, once."""
    CaptchaApi(app)
    app.config.update(late)
    (text,) = diagnosed_again(app).errors
    assert text.startswith("SECRET_KEY or SECRET_KEY_FALLBACKS changed after init_app")
    for _ in range(2):
        app.test_client().get("/captcha/web")
    assert caplog.text.count("SECRET_KEY or SECRET_KEY_FALLBACKS changed after init_app") == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("redis://user:pass-word@host:6379/1?password=pass-word", "redis://host:6379/1"),
        ("memory://", "memory://"),
        (None, "none"),
        (True, "True"),
        (["/fonts/a.ttf", "/fonts/b.ttf"], "/fonts/a.ttf, /fonts/b.ttf"),
        ({"login": SourceConfig()}, "1, see below"),
        (get_locale, "the function get_locale"),
    ],
)
def test_what_is_shown_of_a_value(value: Any, text: str) -> None:
    """Values stand as people write them, and of an address no password and no options."""
    assert as_text(value) == text


def test_routes_that_are_mounted_nowhere(app: Flask) -> None:
    """Whoever mounts the blueprint is reminded of it."""
    report = diagnosed(app, url_prefix=None)
    assert any(note.startswith("the captcha routes are not mounted") for note in report.notes)


def test_nothing_is_left_in_the_cache(app: Flask) -> None:
    """The value that the cache is tried with is taken out again, and nobody's captcha is touched."""
    captcha = CaptchaApi(app)
    with app.app_context():
        captcha.issue("web")
        backend = app.extensions["captcha_api"].store.get().backend
        before = dict(backend._cache)
        diagnose(app)
        assert backend._cache == before
