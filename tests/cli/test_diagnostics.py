"""The diagnostics: what they report of a good set-up, and that they find the errors of a bad one."""

import random
import re
import secrets
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import pytest
import redis
from flask import Flask, abort, redirect, request
from flask_babel import get_locale
from flask_caching import Cache
from flask_jwt_extended import JWTManager
from PIL import Image

from flask_captcha_api import CaptchaApi, Challenge, Kind, SourceConfig, is_captcha_request
from flask_captcha_api.challenges.guessing import GuessProbability
from flask_captcha_api.challenges.makers import digits
from flask_captcha_api.cli.diagnostics import diagnose
from flask_captcha_api.cli.formatting import format_report
from flask_captcha_api.cli.prices import SOUND_SECONDS
from flask_captcha_api.cli.report import Report, as_text
from flask_captcha_api.settings.config import ALL_KEYS
from flask_captcha_api.storage.secret_keys import weakness_of

from ..support.backends import SHARED, LyingCache, NaiveCache, params, running
from ..support.fonts import make_font
from ..support.paths import DOCS, ROOT
from ..support.servers import free_port, redis_server

WORKS = "a value was stored, and taken once"
NO_MANAGER = (
    "jwt is 'required' (sources: {}) and the app has no JWTManager, so no captcha is issued: call JWTManager(app)"
)
HANZI = "春夏秋冬東西南北山川日月"


def coin(length: int) -> Challenge:
    side = secrets.choice("HT")
    return Challenge(side, side)


def hanzi(length: int) -> Challenge:
    row = "".join(secrets.choice(HANZI) for _ in range(length))
    return Challenge(row, row)


def failing(length: int) -> Challenge:
    raise OSError("no list of words")


def diagnosed(app: Flask, **options: Any) -> Report:
    CaptchaApi(app, **options)
    return diagnosed_again(app)


def diagnosed_again(app: Flask) -> Report:
    with app.app_context():
        return diagnose(app)


def test_a_small_app_is_well(app: Flask) -> None:
    """With nothing set, nothing is wrong; every key is told, and that nothing is limited."""
    report = diagnosed(app)
    assert report.errors == []
    assert report.facts == {
        "cache": f"PrivateSimpleCache, scope: one process; {WORKS}",
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


@pytest.mark.parametrize("name", params(*SHARED))
def test_every_cache(app: Flask, name: str, settings_of: Callable[[str], dict[str, Any]]) -> None:
    """A value goes into each cache that several processes share, comes out once, and it is told who can share it."""
    app.config.update(settings_of(name))
    report = diagnosed(app)
    scope = "one host" if name == "FileSystemCache" else "any number of hosts"
    kind = name.partition("-")[0]
    assert report.facts["cache"] == f"{kind}, scope: {scope}; {WORKS}"
    assert report.errors == []
    assert not any("could not be read" in note for note in report.notes)


@pytest.mark.server
@pytest.mark.parametrize(
    ("options", "texts"),
    [
        ((), []),
        (("--save", "3600 1", "--appendonly", "yes"), []),
        (("--save", "3600 1"), ["Redis takes snapshots without an append-only file"]),
        (
            ("--maxmemory", "50mb", "--maxmemory-policy", "volatile-ttl"),
            ["Redis evicts keys when its memory is full (maxmemory-policy volatile-ttl)"],
        ),
        (("--maxmemory-policy", "volatile-ttl"), []),
        (("--maxmemory", "50mb"), []),
        (("--rename-command", "CONFIG", ""), ["CONFIG of the Redis server could not be read (ResponseError)"]),
        (("--rename-command", "INFO", ""), ["INFO of the Redis server could not be read (ResponseError)"]),
    ],
    ids=str,
)
def test_a_redis_that_may_lose_or_restore_captchas(
    app: Flask, tmp_path: Path, options: tuple[str, ...], texts: list[str]
) -> None:
    """What its memory and its snapshots can do to captchas is a note, and so is what it does not say."""
    with running(redis_server(tmp_path, *options)) as server:
        app.config.update(CACHE_TYPE="RedisCache", CACHE_REDIS_PORT=server.port, CAPTCHA_RATE_LIMIT="10 per hour")
        app.config["CAPTCHA_RATE_LIMIT_STORAGE"] = f"redis://127.0.0.1:{server.port}/1"
        report = diagnosed(app)
    assert [note.partition(":")[0].partition(", and captchas")[0] for note in report.notes] == texts
    assert report.errors == []


@pytest.mark.server
def test_a_redis_that_is_nearly_full(app: Flask, tmp_path: Path) -> None:
    """It will refuse captchas, and the note says how full it is."""
    with running(redis_server(tmp_path)) as server, closing(redis.Redis(port=server.port)) as client:
        client.set("much", "x" * 100_000_000)  # beside which what connections take does not count
        client.config_set("maxmemory", int(client.info("memory")["used_memory"] * 1.05))
        app.config.update(CACHE_TYPE="RedisCache", CACHE_REDIS_PORT=server.port)
        report = diagnosed(app)
    assert any(re.match(r"Redis uses 9\d% of its maxmemory", note) for note in report.notes)


@pytest.mark.server
def test_the_keys_in_redis_begin_as_documented(app: Flask, tmp_path: Path) -> None:
    """An operator can find and remove them."""
    with running(redis_server(tmp_path)) as server, closing(redis.Redis(port=server.port)) as client:
        app.config.update(CACHE_TYPE="RedisCache", CACHE_REDIS_PORT=server.port)
        captcha = CaptchaApi(app)
        with app.app_context():
            uuid = captcha.issue("web").uuid
        assert client.keys() == [f"flask_cache_captcha_api:{uuid}".encode()]
    assert "--pattern 'flask_cache_captcha_api:*'" in (DOCS / "how-to" / "redis.md").read_text()


def test_a_cache_of_ones_own(app: Flask) -> None:
    """How far it reaches is its author's to know; that it works is tried like any other's."""
    cache = Cache()
    app.extensions["cache"] = {cache: NaiveCache()}
    report = diagnosed(app, cache=cache)
    assert report.facts["cache"].startswith("NaiveCache, scope: unknown (custom backend); a value")
    assert report.errors == []


class Forgetful(NaiveCache):
    def set(self, key: str, value: Any, timeout: Any = None) -> bool:
        return True

    def add(self, key: str, value: Any, timeout: Any = None) -> bool:
        return key not in self.values and super().set(key, value, timeout)


class Generous(NaiveCache):
    def take(self, key: str) -> Any:
        return self.values.get(key)


@pytest.mark.parametrize(
    ("backend", "text"),
    [
        (Forgetful(), "the cache does not return what was stored, so no captcha can pass"),
        (Generous(), "the cache returned the same value twice, so a captcha could pass more than once"),
    ],
)
def test_a_cache_that_lies(app: Flask, backend: Any, text: str) -> None:
    """One that forgets, and one that gives a value to everybody, are found out."""
    cache = Cache()
    app.extensions["cache"] = {cache: backend}
    assert diagnosed(app, cache=cache).errors == [text]


def test_a_cache_that_lets_two_pass(app: Flask) -> None:
    """It is refused with its remedy."""
    cache = Cache()
    app.extensions["cache"] = {cache: LyingCache()}
    (text,) = diagnosed(app, cache=cache).errors
    assert text.startswith("LyingCache reports success for a key that was already added and already deleted")


def test_a_cache_that_is_down(app: Flask) -> None:
    """What the client library says of it is told, and the password in its address is not."""
    app.config.update(CACHE_TYPE="RedisCache", CACHE_REDIS_URL=f"redis://:pass-word@127.0.0.1:{free_port()}/0")
    report = diagnosed(app)
    (text,) = report.errors
    assert text.startswith("the cache does not work: ConnectionError: ")
    assert "pass-word" not in text + str(report.facts)


def test_a_cache_that_is_found_unfit_only_now(app: Flask) -> None:
    """A Cache that is initialised after CaptchaApi is checked like one before it."""
    CaptchaApi(app)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not every Flask-Caching warns of it
        Cache(app, config={"CACHE_TYPE": "NullCache"})
    report = diagnosed_again(app)
    assert report.facts["cache"] == "none that can store captchas"
    assert report.errors[0].startswith("CACHE_TYPE is NullCache, which keeps nothing")


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
    """No page has a key that the check would accept."""
    pages = [ROOT / "README.md", *DOCS.rglob("*.md")]
    pattern = r'''\bSECRET_KEY(?:"\] = |=|", )(?:os\.environ\.get\("SECRET_KEY", )?"([^"]+)"'''
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
    ("settings", "text"),
    [
        ({"CAPTCHA_JWT": "required"}, NO_MANAGER.format("any")),
        (
            {"CAPTCHA_SOURCES": {"a": {"jwt": "required"}, "b": {}}},
            NO_MANAGER.format("a"),
        ),
    ],
)
def test_tokens_that_nobody_can_have(app: Flask, settings: dict[str, Any], text: str) -> None:
    """Where a token is required, the app has to have a JWTManager."""
    app.config.update(settings)
    assert diagnosed(app).errors == [text]
    JWTManager(app)
    report = diagnosed_again(app)
    assert report.errors == []
    assert report.facts["JWT"] == "captchas are bound to the token's identity; tokens are returned unchanged"


@pytest.mark.parametrize("location", ["cookies", ["cookies", "query_string"]], ids=str)
def test_required_tokens_that_never_arrive_in_a_header(app: Flask, location: Any) -> None:
    """An app whose tokens are in cookies cannot require them for captchas, which only read the header."""
    app.config.update(CAPTCHA_SOURCES={"a": {"jwt": "required"}, "b": {}}, JWT_TOKEN_LOCATION=location)
    JWTManager(app)
    (text,) = diagnosed(app).errors
    assert text.startswith("jwt is 'required' (sources: a), captchas accept a token only in the Authorization header")
    app.config["JWT_TOKEN_LOCATION"] = ["cookies", "headers"]
    assert diagnosed_again(app).errors == []


def _redirect() -> Any:
    return redirect("/login")


def _forbid() -> Any:
    abort(401)


def _require_login_for_captchas_of_reports() -> Any:
    return "log in" if request.path == "/captcha/report" else None


@pytest.mark.parametrize(
    ("hook", "text"),
    [
        (_redirect, "(localhost/captcha/static/latest/captcha-field.js: it answers instead)"),
        (_forbid, "(localhost/captcha/static/latest/captcha-field.js: it raises Unauthorized)"),
        (_require_login_for_captchas_of_reports, "(localhost/captcha/report: it answers instead)"),
    ],
)
def test_a_hook_that_keeps_visitors_from_the_routes(app: Flask, hook: Callable[[], Any], text: str) -> None:
    """The report says which request it refuses and how to let the routes pass."""
    app.config.update(CAPTCHA_SOURCES={"login": {}, "report": {}}, CAPTCHA_RATE_LIMIT="10 per day")
    app.before_request(hook)
    (found,) = diagnosed(app).errors
    assert found == (
        f"a before_request function of the app refuses visitors who are not logged in the captcha routes {text}: let "
        "it return None if flask_captcha_api.is_captcha_request()"
    )


def test_hooks_that_let_visitors_pass(app: Flask) -> None:
    """One that lets the blueprint pass, one that wants https, and one that refuses only where a token is required."""
    app.config.update(
        CAPTCHA_SOURCES={"login": {}, "password": {"jwt": "required"}},
        APPLICATION_ROOT="/app",
        TRUSTED_HOSTS=[".example.com"],
    )
    JWTManager(app)

    @app.before_request
    def require_login() -> Any:
        return None if is_captcha_request() else redirect("/login")

    @app.before_request
    def require_https() -> Any:
        return None if request.is_secure else redirect(request.url.replace("http:", "https:"))

    @app.before_request
    def require_token() -> None:
        if request.path == "/captcha/password":
            abort(401)

    assert diagnosed(app).errors == []


def test_a_hook_that_fails(app: Flask) -> None:
    """It would fail for every visitor, too."""
    app.before_request(_fail)
    assert diagnosed(app).errors == [
        "a before_request function of the app raised KeyError for a request to the captcha routes, so no captcha could "
        "be issued: 'tile'"
    ]


def test_hooks_are_called_without_issuing_or_counting(app: Flask) -> None:
    """The check uses up nobody's rate and leaves no captcha behind."""
    app.config.update(CAPTCHA_RATE_LIMIT="1 per day", CAPTCHA_AUDIO=False)
    CaptchaApi(app)
    diagnosed_again(app)
    assert app.test_client().get("/captcha/any").status_code == 200


def test_rates(app: Flask) -> None:
    """Where rates are counted is told, and which sources have none; a cache for many hosts wants a storage for them."""
    app.config.update(CAPTCHA_SOURCES={"a": {"rate_limit": "30/minute"}, "b": {}})
    report = diagnosed(app)
    assert report.facts["rate limits"] == "counted in memory://"
    assert [note.partition(":")[0] for note in report.notes] == ["no rate limit on b"]


def test_rates_counted_by_each_process(app: Flask, tmp_path: Path) -> None:
    """Memory is no place to count for several processes."""
    app.config.update(
        CAPTCHA_RATE_LIMIT="30/minute", CACHE_TYPE="FileSystemCache", CACHE_DIR=str(tmp_path), CACHE_THRESHOLD=0
    )
    assert [note.partition(":")[0] for note in diagnosed(app).notes] == ["each process counts rates in its own memory"]


def test_a_storage_of_rates_that_is_down(app: Flask) -> None:
    """It is tried, and its password is not told."""
    app.config.update(
        CAPTCHA_RATE_LIMIT="30/minute", CAPTCHA_RATE_LIMIT_STORAGE=f"redis://:pass-word@127.0.0.1:{free_port()}/0?a=b"
    )
    report = diagnosed(app)
    assert report.errors == ["CAPTCHA_RATE_LIMIT_STORAGE cannot be reached, so nothing is limited: start or correct it"]
    assert "pass-word" not in str(vars(report))


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


def test_a_source_tells_what_it_has_of_its_own(app: Flask) -> None:
    """What differs from the app is told by source, and that guards should name theirs where some are easier."""
    app.config.update(CAPTCHA_SOURCES={"login": {}, "sms": {"length": 6, "audio": False}})
    report = diagnosed(app)
    assert [(source.name, source.overrides, source.has_sound) for source in report.sources] == [
        ("login", "", True),
        ("sms", "length 6, audio False", False),
    ]
    assert any(note.startswith("sources differ in difficulty") for note in report.notes)


def test_odds_of_a_kind_of_ones_own_are_estimated(app: Flask, tmp_path: Path) -> None:
    """From what its maker makes: a coin is found out, and of what has many answers a bound is told."""
    fonts = [make_font(tmp_path / "hanzi.ttf", HANZI)]
    app.config.update(CAPTCHA_SOURCES={"coin": {"kind": "coin"}, "hanzi": {"kind": "hanzi", "fonts": fonts}})
    report = diagnosed(app, kinds={"coin": coin, "hanzi": hanzi})
    first, second = (source.guess for source in report.sources)
    assert first
    assert not first.is_exact
    assert first.probability == pytest.approx(0.5, abs=0.05)
    assert second == GuessProbability(1 / 500, is_exact=False, is_upper_bound=True)
    assert [text.partition(":")[0] for text in report.errors] == ["source coin"]
    assert "a blind guess passes about 1 in 2 times: a greater length does not help" in report.errors[0]


@pytest.mark.parametrize(
    "kind", [Kind(digits, best_guess=lambda length: 1 / 8**length), digits], ids=["own", "estimated"]
)
def test_a_short_length_has_its_remedy(app: Flask, kind: Any) -> None:
    """Where a greater length gives more answers, that is what helps: by the kind's own figures or by its answers."""
    app.config.update(CAPTCHA_SOURCES={"short": {"kind": "short", "length": 2}})
    (text,) = diagnosed(app, kinds={"short": kind}).errors
    assert text.endswith("times: increase the length, or use a kind with more answers")


def test_a_kind_without_sound(app: Flask, tmp_path: Path) -> None:
    """The report says so by source, and notes whom it locks out unless the source is meant to have none."""
    fonts = [make_font(tmp_path / "hanzi.ttf", HANZI)]
    app.config.update(
        CAPTCHA_RATE_LIMIT="10 per hour",
        CAPTCHA_SOURCES={
            "mute": {"kind": "hanzi", "fonts": fonts},
            "quiet": {"kind": "hanzi", "fonts": fonts, "audio": False},
            "blank": {"kind": "digits", "fonts": fonts},
        },
    )
    report = diagnosed(app, kinds={"hanzi": hanzi})
    assert [source.has_sound for source in report.sources] == [False, False, True]
    assert [note.partition(", ")[0] for note in report.notes if "no sound" in note] == [
        "source mute: kind 'hanzi' has no sound"
    ]


def test_a_kind_that_draws_and_does_not_speak(app: Flask) -> None:
    """The report says that it has no sound, and the note why."""
    app.config["CAPTCHA_SOURCES"] = {"own": {"kind": "drawn"}}
    report = diagnosed(app, kinds={"drawn": Kind(digits, draw=lambda *_: Image.new("L", (80, 40)))})
    assert [source.has_sound for source in report.sources] == [False]
    (note,) = (note for note in report.notes if "no sound" in note)
    assert note == (
        "source own: kind 'drawn' has no sound, because it draws its prompts itself and has no speak=, so nobody "
        "passes who cannot see the picture: give the Kind a speak=, or offer these visitors another way"
    )


def test_answers_that_are_longer_than_a_kind_says(app: Flask) -> None:
    """Its maker is asked; built-in kinds say what is so."""
    app.config["CAPTCHA_SOURCES"] = {name: {"kind": name} for name in ("digits", "letters", "wrong")}
    report = diagnosed(app, kinds={"wrong": Kind(digits, answer_length=lambda length: 4)})
    assert report.errors == [
        "source wrong: answer_length of kind 'wrong' is 4, and its maker made answers of 5 characters, so "
        "visitors are told a wrong number: correct answer_length, or leave it out"
    ]


def test_odds_that_a_kind_tells_itself(app: Flask) -> None:
    """Are believed, if they are a chance at all."""
    app.config.update(CAPTCHA_SOURCES={name: {"kind": name} for name in ("fair", "sure", "never")})
    kinds = {
        "fair": Kind(digits, best_guess=lambda length: 1 / 9**length),
        "sure": Kind(digits, best_guess=lambda length: 1.0),
        "never": Kind(digits, best_guess=lambda length: 0.0),
    }
    report = diagnosed(app, kinds=kinds)
    assert [source.guess for source in report.sources] == [GuessProbability(1 / 9**5), GuessProbability(1.0), None]
    assert [text.partition(",")[0] for text in report.errors] == [
        "source sure: a blind guess passes 1 in 1 times: a greater length does not help",
        "source never: no captcha could be made: ValueError: best_guess of kind 'never' returned 0.0: it must be a "
        "probability above 0 and at most 1",
    ]


def _fail(*_: object) -> Any:
    raise KeyError("tile")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (failing, "OSError: no list of words"),
        (Kind(digits, draw=_fail), "KeyError: 'tile'"),
        (Kind(digits, speak=_fail), "KeyError: 'tile'"),
        (
            lambda length: Challenge("1", ""),
            "ValueError: the maker of kind 'digits' made an answer that no visitor can",
        ),
    ],
    ids=["maker", "drawing", "sound", "answer"],
)
def test_a_kind_that_fails(app: Flask, kind: Any, text: str) -> None:
    """Each part of a kind is tried."""
    (found,) = diagnosed(app, kinds={"digits": kind}).errors
    assert found.startswith(f"any source: no captcha could be made: {text}")


def test_typefaces_that_lack_characters(app: Flask, tmp_path: Path) -> None:
    """The characters that a kind asks for and no font file has are counted and named; an own drawing needs none."""
    fonts = [make_font(tmp_path / "half.ttf", HANZI[:6])]
    app.config.update(
        CAPTCHA_SOURCES={
            "half": {"kind": "hanzi", "fonts": fonts},
            "none": {"kind": "hanzi"},
            "drawn": {"kind": "drawn"},
        }
    )

    def draw(prompt: str, settings: SourceConfig, rng: random.Random) -> Image.Image:
        return Image.new("L", (80, 40))

    found = diagnosed(app, kinds={"hanzi": hanzi, "drawn": Kind(hanzi, draw=draw)}).errors
    missing = "".join(sorted(HANZI[6:]))
    assert found == [
        f"source half: its fonts lack 6 of the 12 characters in 10,000 challenges ({missing}): "
        "add a font file that has them to CAPTCHA_FONTS",
        f"source none: its fonts lack 12 of the 12 characters in 10,000 challenges "
        f"({''.join(sorted(HANZI))[:10]}…): add a font file that has them to CAPTCHA_FONTS",
    ]


def test_a_file_that_is_no_typeface(app: Flask, tmp_path: Path) -> None:
    """It is found before a visitor asks for the first picture."""
    (tmp_path / "no.ttf").write_text("nothing")
    app.config.update(CAPTCHA_FONTS=[str(tmp_path / "no.ttf")])
    assert diagnosed(app).errors == ["any source: no captcha could be made: OSError: unknown file format"]


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


def test_the_ways_into_a_source_and_their_prices(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work besides is part of the price of picture and sound; what was not measured is no cheapest way."""
    monkeypatch.setattr(
        "flask_captcha_api.cli.prices.PICTURE_SECONDS",
        {("digits", "calm"): 3.0, ("digits", "normal"): 0.5, ("digits", "hard"): 2.0},
    )
    app.config["CAPTCHA_SOURCES"] = {
        "plain": {},
        "mute": {"audio": False},
        "hard": {"audio": False, "difficulty": "hard", "work": 1_000_000},
        "work": {"work_alone": 10_000},
        "letters": {"kind": "letters", "audio": False},
        "own": {"kind": "drawn"},
    }
    kinds = {"drawn": Kind(digits, draw=lambda *_: Image.new("L", (80, 40)), speak=lambda *_: b"RIFF")}
    doors = {source.name: source.doors for source in diagnosed(app, kinds=kinds).sources}
    assert {name: [(each.form, each.seconds) for each in found] for name, found in doors.items()} == {
        "plain": [("picture", 0.5), ("sound", SOUND_SECONDS)],
        "mute": [("picture", 0.5)],
        "hard": [("picture", pytest.approx(2.3))],
        "work": [("picture", 0.5), ("sound", SOUND_SECONDS), ("work", pytest.approx(0.003))],
        "letters": [("picture", None)],
        "own": [("picture", None), ("sound", None)],
    }
    shown = click.unstyle(format_report(diagnosed_again(app)))
    rows = dict(re.findall("^(plain|hard|work|letters|own) +((?:picture|sound|work|unknown) .+)$", shown, re.MULTILINE))
    assert {name: " ".join(row.split()) for name, row in rows.items()} == {
        "plain": "sound picture 0.5, sound 0.02",
        "hard": "picture picture 2.3",
        "work": "work picture 0.5, sound 0.02, work 0.003",
        "letters": "unknown picture not measured",
        "own": "unknown picture not measured, sound not measured",
    }


def test_what_squarings_mean(app: Flask) -> None:
    """Each number of squarings has a row of 80 columns at most, the last cell but two as this machine takes it."""
    app.config["CAPTCHA_SOURCES"] = {"a": {"work_alone": 200_000}, "b": {"work": 3_000_000}, "c": {"work": 200_000}}
    report = diagnosed(app)
    assert report.seconds_per_squaring is not None
    assert 1e-8 < report.seconds_per_squaring < 1e-3
    report.seconds_per_squaring = 4e-6
    lines = click.unstyle(format_report(report)).splitlines()
    head = lines.index("squarings  old phone  phone  laptop  native  here   1,000 on CPU  on GPU")
    assert lines[head + 1 : head + 3] == [
        "200,000    10 s       2.0 s  0.4 s   0.06 s  0.8 s  0.07 ¢        0.0004 ¢",
        "3,000,000  150 s      30 s   6.0 s   0.9 s   12 s   1.0 ¢         0.006 ¢",
    ]
    assert not lines[head + 3]


def test_no_work_is_timed_where_there_is_none(app: Flask) -> None:
    """The table is left out."""
    report = diagnosed(app)
    assert report.seconds_per_squaring is None
    assert "squarings" not in format_report(report)


def test_work_that_needs_javascript_is_noted(app: Flask) -> None:
    """Of the sources whose pictures come with work."""
    app.config["CAPTCHA_SOURCES"] = {"a": {"work": 1_000}, "b": {"work_alone": 1_000}}
    assert [note for note in diagnosed(app).notes if "JavaScript" in note] == [
        "source a: work needs JavaScript: without it, a page that renders the widget shows a sentence instead of a "
        "captcha; set work_alone in place of work if these visitors have to get through"
    ]
