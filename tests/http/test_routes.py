"""The routes as a client sees them."""

import base64
import json
import re
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask import Flask, Request
from flask.testing import FlaskClient
from PIL import Image

from flask_captcha_api import CaptchaApi
from flask_captcha_api.translations import BUNDLED

from ..conftest import ANSWER
from ..support.http.envelopes import CAPTCHA_HEADERS, envelope


def test_the_envelope_of_a_captcha(client: FlaskClient) -> None:
    """GET answers with exactly these members, in this order; the uuid is 23 digits, the picture a 166 × 90 JPEG."""
    response = client.get("/captcha/TG?0.8374629834")
    body = json.loads(response.data, object_pairs_hook=list)
    assert [name for name, _ in body] == ["status", "code", "stringCode", "message", "response"]
    assert [value for _, value in body[:4]] == [True, "00000", "success", "成功"]
    assert [name for name, _ in body[4][1]] == ["image", "uuid"]

    captcha = dict(body[4][1])
    assert re.fullmatch(r"[0-9]{23}", captcha["uuid"])
    assert abs(int(captcha["uuid"][:13]) - time.time() * 1000) < 60_000
    picture = Image.open(BytesIO(base64.b64decode(captcha["image"], validate=True)))
    assert (picture.format, picture.size) == ("JPEG", (166, 90))


def test_the_headers_of_a_captcha(client: FlaskClient) -> None:
    """What a widget needs besides stands in the headers, and nothing may be cached."""
    response = client.get("/captcha/web")
    assert dict(response.headers) == {
        "Content-Type": "application/json",
        "Content-Length": str(len(response.data)),
        "Cache-Control": "no-store",
        **CAPTCHA_HEADERS,
        "Access-Control-Expose-Headers": ", ".join([*CAPTCHA_HEADERS, "Retry-After"]),
    }


@pytest.mark.parametrize("path", ["/captcha/web", "/captcha/web/audio", "/captcha/no.such"])
def test_the_body_is_compact_json(client: FlaskClient, path: str) -> None:
    """Byte for byte what a JSON encoder writes without spaces and escapes, the Base64 included."""
    response = client.get(path)
    assert response.data == json.dumps(response.get_json(), ensure_ascii=False, separators=(",", ":")).encode()


def test_non_ascii_is_not_escaped(client: FlaskClient) -> None:
    """The body is UTF-8 JSON that a person can read."""
    assert "成功" in client.get("/captcha/web").data.decode()


@pytest.mark.parametrize("query", ["", "?", "?0.123", "?a=b&c", "?_=1&_=2", "?%00%ff", "?lang=xx"])
def test_any_cache_buster_is_ignored(client: FlaskClient, query: str) -> None:
    """The query string keeps caches off and means nothing."""
    assert client.get(f"/captcha/web{query}").status_code == 200


def test_the_query_of_a_picture_is_not_parsed(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parsing a line full of parameters would take as long as issuing four captchas."""
    monkeypatch.setattr(Request, "args", property(lambda _: pytest.fail("parsed the query string")))
    assert client.get("/captcha/web?" + "%ff&" * 1000).status_code == 200


def test_every_captcha_is_another(client: FlaskClient) -> None:
    """No two requests get the same picture or uuid."""
    captchas = [client.get("/captcha/web?same").get_json()["response"] for _ in range(50)]
    assert len({captcha["uuid"] for captcha in captchas}) == 50
    assert len({captcha["image"] for captcha in captchas}) == 50


def test_head_issues_nothing(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """HEAD answers 200 with the headers that do not depend on the captcha, without a body and without a captcha."""

    def put(*args: Any) -> None:
        raise AssertionError("a captcha was issued")

    monkeypatch.setattr("flask_captcha_api.storage.answers.AnswerStore.put", put)
    response = client.head("/captcha/web")
    assert (response.status_code, response.data) == (200, b"")
    of_any = {name: value for name, value in CAPTCHA_HEADERS.items() if name != "Captcha-Audio"}
    assert {name: value for name, value in response.headers.items() if name.startswith("Captcha-")} == of_any
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("file_format", "media_type"), [("jpeg", "image/jpeg"), ("png", "image/png"), ("webp", "image/webp")]
)
def test_settings_of_a_source(app: Flask, file_format: str, media_type: str) -> None:
    """Kind, length, lifetime, size and format are each source's own."""
    app.config["CAPTCHA_SOURCES"] = {
        "sms": {"kind": "letters", "length": 6, "ttl": 60, "width": 200, "height": 64, "format": file_format}
    }
    CaptchaApi(app)
    response = app.test_client().get("/captcha/sms")
    picture = Image.open(BytesIO(base64.b64decode(response.get_json()["response"]["image"])))
    assert (picture.format, picture.size) == (file_format.upper(), (200, 64))
    assert {name: value for name, value in response.headers.items() if name.startswith("Captcha-")} == {
        **CAPTCHA_HEADERS,
        "Captcha-Expires-In": "60",
        "Captcha-Kind": "letters",
        "Captcha-Length": "6",
        "Captcha-Media-Type": media_type,
        "Captcha-Hints": "length case",
    }
    assert app.test_client().get("/captcha/web").get_json()["code"] == "01004"


@pytest.mark.parametrize(
    ("source", "length"),
    [({"length": 7}, "7"), ({"kind": "letters"}, "5"), ({"kind": "arithmetic"}, None)],
    ids=str,
)
def test_the_length_is_that_of_the_answer(app: Flask, source: dict[str, Any], length: str | None) -> None:
    """A sum of five characters has an answer of one to three, so nobody can say how many are missing."""
    app.config["CAPTCHA_SOURCES"] = {"web": source}
    CaptchaApi(app)
    client = app.test_client()
    for response in (client.get("/captcha/web"), client.head("/captcha/web"), client.get("/captcha/web/audio")):
        assert response.status_code == 200
        assert response.headers.get("Captcha-Length") == length


def test_a_client_is_told_whether_there_is_a_sound(app: Flask) -> None:
    """By a header of picture and sound, so that it need not try."""
    app.config["CAPTCHA_SOURCES"] = {"loud": {}, "quiet": {"audio": False}}
    CaptchaApi(app)
    client = app.test_client()
    paths = ("/captcha/loud", "/captcha/loud/audio", "/captcha/quiet", "/captcha/quiet/audio")
    assert [client.get(path).headers.get("Captcha-Audio") for path in paths] == ["yes", "yes", "no", None]


@pytest.mark.parametrize(
    "body",
    [
        {"json": {"uuid": "{}", "code": ANSWER}},
        {"data": {"uuid": "{}", "code": ANSWER}},
        {"data": {"uuid": "{}", "code": ANSWER}, "content_type": "multipart/form-data"},
        {"json": {"uuId": "{}", "text": ANSWER}},
        {"data": {"uuId": "{}", "text": ANSWER}},
        {"json": {"uuid": "{}", "uuId": "other", "code": ANSWER, "text": "other"}},
        {"json": {"uuid": "{}", "code": " ４０７ 18 "}},
    ],
    ids=["json", "form", "multipart", "json-aliases", "form-aliases", "aliases-beside-names", "full-width"],
)
def test_a_right_answer_passes_once(issue: Callable[..., str], client: FlaskClient, body: dict[str, Any]) -> None:
    """POST answers ok the first time and gone the second."""
    uuid = issue()
    request = {
        name: {key: value.format(uuid) for key, value in values.items()} if isinstance(values, dict) else values
        for name, values in body.items()
    }
    assert client.post("/captcha/web", **request).get_json() == envelope("success", "ok")
    assert client.post("/captcha/web", **request).get_json() == envelope("captcha_gone")


def test_a_wrong_answer_spends_the_captcha(issue: Callable[..., str], client: FlaskClient) -> None:
    """There is one guess for each captcha."""
    uuid = issue()
    codes = [
        client.post("/captcha/web", json={"uuid": uuid, "code": code}).get_json()["code"] for code in ("00000", ANSWER)
    ]
    assert codes == ["01002", "01003"]


def test_a_captcha_of_another_source_is_wrong(issue: Callable[..., str], client: FlaskClient) -> None:
    """A captcha of an easy source does not open a hard one, and is spent by the attempt."""
    uuid = issue("web")
    first = client.post("/captcha/login", json={"uuid": uuid, "code": ANSWER})
    assert (first.status_code, first.get_json()["code"]) == (422, "01002")
    assert client.post("/captcha/web", json={"uuid": uuid, "code": ANSWER}).get_json()["code"] == "01003"


def test_letters_are_taken_in_either_case(app: Flask, issue: Callable[..., str], client: FlaskClient) -> None:
    """A phone's keyboard types small letters."""
    uuid = issue(answer="BDFHK")
    assert client.post("/captcha/web", json={"uuid": uuid, "code": "bdfhk"}).get_json()["response"] == "ok"


@pytest.mark.parametrize(
    ("language", "accepted", "message"),
    [
        ("zh-Hant", "en", "來源別不存在"),
        ("zh-Hans", "", "来源不存在"),
        ("en", "ja", "There is no such source"),
        ("ja", "", "指定された取得元はありません"),
        ("auto", "", "來源別不存在"),
        ("auto", "qaa, qab", "來源別不存在"),
        ("auto", "qaa, ja;q=0.5, en;q=0.4", "指定された取得元はありません"),
        ("auto", "en-GB,en;q=0.9", "There is no such source"),
        ("auto", "zh-TW", "來源別不存在"),
        ("auto", "zh-HK", "來源別不存在"),
        ("auto", "zh-Hant-CN", "來源別不存在"),
        ("auto", "zh-CN", "来源不存在"),
        ("auto", "zh-Hans-TW", "来源不存在"),
        ("auto", "zh", "来源不存在"),
    ],
)
def test_messages_in_the_visitors_language(app: Flask, language: str, accepted: str, message: str) -> None:
    """The setting chooses the language; ``auto`` follows Accept-Language, and is traditional Chinese without it."""
    app.config.update(CAPTCHA_LANGUAGE=language, CAPTCHA_SOURCES={"web": {}})
    CaptchaApi(app)
    response = app.test_client().get("/captcha/other", headers={"Accept-Language": accepted})
    assert response.get_json()["message"] == message


@pytest.mark.parametrize("language", BUNDLED.catalogues)
def test_messages_in_every_language(app: Flask, language: str) -> None:
    """Each catalogue can be chosen, and serves visitors who accept one of its tags."""
    app.config["CAPTCHA_SOURCES"] = {"web": {}}
    chosen, automatic = Flask("chosen"), Flask("automatic")
    for each, setting in ((chosen, language), (automatic, "auto")):
        each.config.update(app.config, CAPTCHA_LANGUAGE=setting)
        CaptchaApi(each)
    catalogue = BUNDLED.catalogues[language]
    messages = [chosen.test_client().get("/captcha/other").get_json()["message"]]
    for tag in catalogue.tags:
        response = automatic.test_client().get("/captcha/other", headers={"Accept-Language": f"qaa, {tag};q=0.5"})
        messages.append(response.get_json()["message"])
    assert set(messages) == {catalogue.messages["source_unknown"]}


def test_an_apps_generic_error_handlers_do_not_touch_the_envelope(app: Flask) -> None:
    """Our own views and routing errors below the prefix answer as documented whatever handlers the app has."""
    CaptchaApi(app)
    app.register_error_handler(Exception, lambda error: ("the app's page", 500))
    client = app.test_client()
    codes = {
        "wrong source": client.get("/captcha/a b"),
        "no such path": client.get("/captcha/a/b/c"),
        "method": client.put("/captcha/web"),
        "malformed": client.post("/captcha/web", data="{"),
    }
    assert {name: response.get_json()["code"] for name, response in codes.items()} == {
        "wrong source": "01004",
        "no such path": "01004",
        "method": "01008",
        "malformed": "01001",
    }
    assert client.get("/elsewhere").text == "the app's page"


def test_a_second_set_up_of_one_app_is_an_error(app: Flask) -> None:
    """Two sets of routes and rules in one app would contradict each other."""
    CaptchaApi(app)
    with pytest.raises(RuntimeError, match="call init_app once for each app"):
        CaptchaApi(app)


@pytest.mark.parametrize("secret", [None, "", b""])
def test_an_app_without_a_secret_key_is_told(secret: Any) -> None:
    """Without it, whoever reads the cache could read the answers."""
    app = Flask("app")
    app.config["SECRET_KEY"] = secret
    with pytest.raises(ValueError, match=r"no SECRET_KEY.*the same in every worker"):
        CaptchaApi(app)


def test_captchas_outlive_a_change_of_the_secret_key(app: Flask, issue: Callable[..., str]) -> None:
    """SECRET_KEY_FALLBACKS verify what the old key signed; without them it is gone."""
    app.config.update(CACHE_TYPE="SimpleCache", CACHE_THRESHOLD=10_000)
    from flask_caching import Cache

    cache = Cache(app)
    CaptchaApi(app)
    uuids = [issue(), issue()]
    outcomes = {}
    for uuid, fallbacks in zip(uuids, (["a secret of the tests"], None), strict=True):
        renewed = Flask("renewed")
        renewed.config.update(app.config, SECRET_KEY="new", SECRET_KEY_FALLBACKS=fallbacks)
        renewed.extensions["cache"] = {cache: app.extensions["cache"][cache]}
        CaptchaApi(renewed)
        response = renewed.test_client().post("/captcha/web", json={"uuid": uuid, "code": ANSWER})
        outcomes[fallbacks is None] = response.get_json()["code"]
    assert outcomes == {False: "00000", True: "01003"}
