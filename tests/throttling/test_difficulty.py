"""Pictures that get harder the more captchas a client asks for."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_jwt_extended import JWTManager, create_access_token
from PIL import Image

from flask_captcha_api import CaptchaApi, Challenge, Kind
from flask_captcha_api.throttling.difficulty import STEPS

from ..support.backends import params, storage_uri

HARD, NORMAL, _ = (count for count, _ in STEPS)
Set = Callable[..., FlaskClient]


@pytest.fixture
def drawn() -> list[str]:
    """Return the difficulties of the pictures drawn so far."""
    return []


@pytest.fixture
def set_up(app: Flask, drawn: list[str]) -> Set:
    def draw(prompt: str, settings: Any, rng: Any) -> Image.Image:
        drawn.append(settings.difficulty)
        return Image.new("RGB", (90, 40))

    def set_up(**settings: Any) -> FlaskClient:
        app.config.update(CAPTCHA_KIND="own", JWT_SECRET_KEY="a key that is long enough for HS256", **settings)
        JWTManager(app)
        CaptchaApi(app, kinds={"own": Kind(lambda length: Challenge("1", "1"), draw=draw, speak=lambda *_: b"RIFF")})
        return app.test_client()

    return set_up


@pytest.fixture(params=params("memory", "RedisCache", "MemcachedCache-pymemcache"))
def storage(request: pytest.FixtureRequest, settings_of: Callable[[str], dict[str, Any]]) -> str:
    return "memory://" if request.param == "memory" else storage_uri(settings_of(request.param))


def test_it_follows_the_thresholds(set_up: Set, drawn: list[str], storage: str) -> None:
    """An address is drawn the first ones calm, those from a threshold on normal, from the next on hard."""
    client = set_up(CAPTCHA_RATE_LIMIT_STORAGE=storage)
    for _ in range(HARD + 5):
        assert client.get("/captcha/web").status_code == 200
    assert drawn == ["calm"] * NORMAL + ["normal"] * (HARD - NORMAL) + ["hard"] * 5


def test_each_address_is_counted_by_itself(set_up: Set, drawn: list[str]) -> None:
    """What others ask for makes nobody's picture harder; addresses of one IPv6 network are one client."""
    client = set_up()
    for _ in range(NORMAL):
        client.get("/captcha/web", environ_base={"REMOTE_ADDR": "2001:db8::1"})
    for address in ("192.0.2.1", "2001:db8:0:1::1", "2001:db8::2"):
        client.get("/captcha/web", environ_base={"REMOTE_ADDR": address})
    assert drawn[NORMAL:] == ["calm", "calm", "normal"]


def test_an_identity_is_counted_from_wherever_it_asks(set_up: Set, drawn: list[str]) -> None:
    """With many addresses, the token tells that it is one client."""
    client = set_up()
    with client.application.app_context():
        token = {"Authorization": f"Bearer {create_access_token('alice')}"}
    for number in range(NORMAL + 1):
        client.get("/captcha/web", headers=token, environ_base={"REMOTE_ADDR": f"192.0.2.{number}"})
    assert Counter(drawn) == {"calm": NORMAL, "normal": 1}


def test_sounds_and_pages_count_too(set_up: Set, drawn: list[str]) -> None:
    """Whoever listens to many gets harder pictures; HEAD, which issues nothing, counts nothing."""
    client = set_up()
    for _ in range(NORMAL):
        client.get("/captcha/web/audio")
        client.head("/captcha/web")
    client.get("/captcha/web")
    assert drawn == ["normal"]


@pytest.mark.parametrize("difficulty", ["auto", "calm"])
def test_counting_in_memory_under_several_processes_is_warned_of(
    set_up: Set, difficulty: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Each process has as many easy pictures for a client; said once, and only where pictures are counted."""
    cache = {"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": str(tmp_path), "CACHE_THRESHOLD": 0}
    client = set_up(CAPTCHA_DIFFICULTY=difficulty, **cache)
    assert client.get("/captcha/web").status_code == 200
    assert caplog.records == []
    for _ in range(2):
        client.get("/captcha/web", environ_overrides={"wsgi.multiprocess": True})
    warned = [record.getMessage().partition(" and ")[0] for record in caplog.records]
    assert warned == (["CAPTCHA_RATE_LIMIT_STORAGE is 'memory://'"] if difficulty == "auto" else [])


def test_a_difficulty_that_is_set_stays(set_up: Set, drawn: list[str]) -> None:
    """Other values of the setting count nothing."""
    client = set_up(CAPTCHA_DIFFICULTY="calm")
    for _ in range(HARD + 1):
        client.get("/captcha/web")
    assert set(drawn) == {"calm"}


def test_where_nothing_can_be_counted_it_is_normal(set_up: Set, drawn: list[str]) -> None:
    """With the storage down, without an address, and outside a request."""
    client = set_up(CAPTCHA_RATE_LIMIT_STORAGE="redis://127.0.0.1:1/0")
    client.get("/captcha/web")
    client.get("/captcha/web", environ_base={"REMOTE_ADDR": ""})
    with client.application.app_context():
        CaptchaApi().issue("web")
    assert drawn == ["normal"] * 3


def test_a_crowd_that_fills_the_memory_is_drawn_normal_pictures(
    set_up: Set, drawn: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can have a process keep a count for each of any number of addresses."""
    monkeypatch.setattr("flask_captcha_api.counters._MOST_ISSUED_IN_MEMORY", 3)
    client = set_up()
    for number in range(5):
        client.get("/captcha/web", environ_base={"REMOTE_ADDR": f"192.0.2.{number}"})
    assert drawn == ["calm"] * 3 + ["normal"] * 2
