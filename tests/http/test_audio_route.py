"""The sound as a client gets it."""

import base64
import json
import wave
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_captcha_api import CaptchaApi, Challenge
from flask_captcha_api.testing import answers

from ..conftest import ANSWER
from ..support.http.envelopes import envelope


def test_the_envelope_of_a_sound(client: FlaskClient) -> None:
    """GET answers with a WAV and an id, in the envelope and with the headers of a captcha."""
    response = client.get("/captcha/web/audio?lang=en")
    body = json.loads(response.data, object_pairs_hook=list)
    assert [name for name, _ in body] == ["status", "code", "stringCode", "message", "response"]
    assert [name for name, _ in body[4][1]] == ["audio", "uuid"]
    with wave.open(BytesIO(base64.b64decode(dict(body[4][1])["audio"], validate=True))) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 1, 8000)
        assert 5 < sound.getnframes() / 8000 < 10
    assert response.headers["Captcha-Media-Type"] == "audio/wav"
    assert response.headers["Cache-Control"] == "no-store"


def test_a_sound_is_a_captcha_of_its_own(app: Flask, client: FlaskClient) -> None:
    """Its answer passes once, and the picture's captcha knows nothing of it."""
    with answers(app, ANSWER):
        sound = client.get("/captcha/web/audio").get_json()["response"]["uuid"]
        picture = client.get("/captcha/web").get_json()["response"]["uuid"]
    codes = [
        client.post("/captcha/web", json={"uuid": uuid, "code": ANSWER}).get_json()["code"]
        for uuid in (sound, sound, picture)
    ]
    assert codes == ["00000", "01003", "00000"]


def test_no_two_sounds_are_alike(app: Flask, client: FlaskClient) -> None:
    """The same text in the same language never gives the same bytes, nor the same length of more than a few."""
    with answers(app, ANSWER):
        sounds = [client.get("/captcha/web/audio?lang=ja").get_json()["response"]["audio"] for _ in range(20)]
    assert len(set(sounds)) == 20
    assert len({len(sound) for sound in sounds}) > 15


@pytest.mark.parametrize(
    ("settings", "query", "accepted", "voice"),
    [
        ({}, "", "", "zh"),
        ({}, "", "qaa, ja;q=0.5", "ja"),
        ({}, "?lang=en", "ja", "en"),
        ({}, "?lang=zh-TW", "ja", "zh"),
        ({}, "", "de-AT", "de"),
        ({}, "?lang=pt-BR", "", "pt"),
        ({}, "?lang=pt-PT", "", "pt"),
        ({}, "?lang=ko", "", "ko"),
        ({}, "?lang=nl", "", "en"),
        ({}, "?lang=xx", "ja", "ja"),
        ({}, "?lang=xx&lang=en", "", "zh"),
        ({}, "?lang=", "qaa", "zh"),
        ({"CAPTCHA_LANGUAGE": "en"}, "", "qaa", "en"),
        ({"CAPTCHA_LANGUAGE": "auto"}, "", "", "zh"),
        ({"CAPTCHA_AUDIO_LANGUAGE": "ja"}, "", "en", "ja"),
        ({"CAPTCHA_AUDIO_LANGUAGE": "ja"}, "?lang=en", "", "en"),
        ({"CAPTCHA_AUDIO_LANGUAGE": "zh-Hans"}, "?lang=%00", "en", "zh"),
    ],
    ids=str,
)
def test_the_language_of_a_sound(
    app: Flask, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], query: str, accepted: str, voice: str
) -> None:
    """The query decides, then the setting, then the visitor, then the language of the messages."""
    spoken = []

    def speak(prompt: str, *, language: str, rng: object) -> bytes:
        spoken.append(language)
        return b"RIFF"

    monkeypatch.setattr("flask_captcha_api.rendering.speak", speak)
    app.config.update(settings)
    CaptchaApi(app)
    app.test_client().get(f"/captcha/web/audio{query}", headers={"Accept-Language": accepted})
    assert spoken == [voice]


def test_a_query_that_is_no_text_asks_for_no_language(client: FlaskClient) -> None:
    """Bytes that are not UTF-8 reach an app where a client does not escape them."""
    spoken = client.get("/captcha/web/audio", environ_overrides={"QUERY_STRING": "lang=en&\xff"})
    assert (spoken.status_code, spoken.get_json()["code"]) == (200, "00000")


SILENT = envelope("source_unknown")


def test_sound_can_be_switched_off(app: Flask) -> None:
    """For one source or for all; the picture stays."""
    app.config["CAPTCHA_SOURCES"] = {"loud": {}, "silent": {"audio": False}}
    CaptchaApi(app)
    client = app.test_client()
    assert client.get("/captcha/loud/audio").status_code == 200
    response = client.get("/captcha/silent/audio")
    assert (response.status_code, response.get_json()) == (404, SILENT)
    assert client.get("/captcha/silent").status_code == 200


def test_what_there_are_no_words_for_has_no_sound(app: Flask) -> None:
    """A kind whose prompts cannot be spoken answers like one whose sound is switched off, and says so to Python."""
    captcha = CaptchaApi(app, kinds={"digits": lambda length: Challenge("驗證", "驗證")})
    response = app.test_client().get("/captcha/web/audio")
    assert (response.status_code, response.get_json()) == (404, SILENT)
    with app.app_context(), pytest.raises(LookupError, match="digits"):
        captcha.issue("web", form="audio")


def test_head_speaks_nothing(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """HEAD answers with the headers of a sound, and none is made."""

    def speak(*args: Any, **options: Any) -> bytes:
        raise AssertionError("a sound was made")

    monkeypatch.setattr("flask_captcha_api.rendering.speak", speak)
    response = client.head("/captcha/web/audio")
    assert (response.status_code, response.headers["Captcha-Media-Type"], response.data) == (200, "audio/wav", b"")


def test_a_picture_makes_no_sound(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sound costs nothing until somebody asks for it."""

    def speak(*args: Any, **options: Any) -> bytes:
        raise AssertionError("a sound was made")

    monkeypatch.setattr("flask_captcha_api.rendering.speak", speak)
    assert client.get("/captcha/web").status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods(client: FlaskClient, method: str) -> None:
    """A sound can only be asked for."""
    response = client.open("/captcha/web/audio", method=method)
    assert (response.status_code, response.get_json()["code"]) == (405, "01008")
    assert response.headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(("language", "kind"), [("en", "letters"), ("ja", "arithmetic"), ("zh-Hant", "digits")])
def test_every_kind_speaks(app: Flask, language: str, kind: str) -> None:
    """Ten sounds of each kind are made without a fault, outside of requests too."""
    app.config["CAPTCHA_KIND"] = kind
    captcha = CaptchaApi(app)
    with app.app_context():
        sounds = {captcha.issue("web", form="audio", language=language).data for _ in range(10)}
    assert len(sounds) == 10
