"""The texts that browsers load, an app's own texts, and the language of a request."""

import json
import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from babel import Locale
from flask import Flask, request
from flask_babel import Babel, get_locale
from flask_wtf import FlaskForm

from flask_captcha_api import CaptchaApi, Kind
from flask_captcha_api.challenges.makers import letters
from flask_captcha_api.translations import BUNDLED
from flask_captcha_api.widget.assets import SCRIPT, file_url
from flask_captcha_api.widget.field import captcha_field
from flask_captcha_api.wtf import CaptchaField

LATIN = {
    "name": "Latina",
    "messages": {"captcha_required": "Litteras inscribe, quaeso"},
    "widget": {"refresh": "Imago <nova> & {0} %s", "length": "Numerus: {}."},
    "kinds": {"digits": {"seen": "Numeri imaginis", "missing": "Numeros inscribe."}},
}


def make_app(texts: Any = None, kinds: Any = None, **settings: Any) -> Flask:
    app = Flask("app")
    app.config.update(SECRET_KEY="s", **{f"CAPTCHA_{name.upper()}": value for name, value in settings.items()})
    CaptchaApi(app, texts=texts, kinds=kinds)
    return app


def texts_for(app: Flask, tag: str, digest: str = "latest") -> Any:
    response = app.test_client().get(f"/captcha/static/{digest}/{tag}.json")
    assert (response.status_code, response.mimetype) == (200, "application/json")
    return response.get_json()


def url_of(app: Flask, name: str) -> str:
    with app.test_request_context():
        return file_url(name)


def test_a_browser_gets_one_language() -> None:
    """All sentences of the widget and its work, those for a kind in a list, and nothing of the server's pages."""
    english = BUNDLED.catalogues["en"]
    texts = texts_for(make_app(), "en")
    assert (texts.pop("lang"), texts.pop("dir")) == ("en", "ltr")
    sentences = {**english.kinds, "{}": english.asks}
    assert texts == {
        **{kind: [each[part] for part in ("seen", "heard", "alt", "missing")] for kind, each in sentences.items()},
        **{key: text for key, text in english.widget.items() if key != "soundLanguage"},
        **english.work,
    }


@pytest.mark.parametrize(
    ("tag", "language"),
    [("en-GB", "en"), ("zh_TW", "zh-Hant"), ("zh", "zh-Hans"), ("qaa", "en"), ("", "en"), ("%2E%2E", "en")],
)
def test_the_server_decides_which_language_serves_a_tag(tag: str, language: str) -> None:
    assert texts_for(make_app(), tag)["lang"] == language


def test_the_fallback_of_a_page_can_be_chosen() -> None:
    """It is served under the tag's own URL, so its choice changes the digest."""
    app = make_app(fallback_language="ja")
    assert texts_for(app, "qaa")["lang"] == "ja"
    assert url_of(app, SCRIPT) != url_of(make_app(), SCRIPT)
    with app.test_request_context():
        assert "画像の数字" in captcha_field("web", lang="qaa")


def test_texts_may_be_kept_for_ever() -> None:
    """Under the digest, which changes with an app's texts. Any other URL is to be asked for again."""
    app, other = make_app(), make_app({"ja": {"widget": {"refresh": "次"}}})
    url = url_of(app, "en.json")
    assert url_of(other, "en.json") != url
    assert app.test_client().get(url).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    for client in (app.test_client(), other.test_client()):
        for digest in ("latest", "0123456789abcdef"):
            response = client.get(f"/captcha/static/{digest}/en.json")
            assert response.headers["Cache-Control"] == "no-cache"
            assert (
                client.get(response.request.path, headers={"If-None-Match": response.headers["ETag"]}).status_code
                == 304
            )


def test_a_sentence_is_replaced_everywhere() -> None:
    """Literally, in the envelope, the form without JavaScript, the widget's texts and a form field's errors."""
    own = {
        "messages": {"captcha_required": "Type <it> %s $&"},
        "widget": {"refresh": "Another <one> & $&"},
        "kinds": {"digits": {"seen": "What do you see?"}},
    }
    app = make_app({"en": own}, language="en")
    texts = texts_for(app, "en")
    assert texts["refresh"] == "Another <one> & $&"
    assert texts["digits"][0] == "What do you see?"
    assert texts["listen"] == "Listen"
    assert app.test_client().post("/captcha/web").get_json()["message"] == "Type <it> %s $&"
    with app.test_request_context():
        rendered = captcha_field("web")
        assert "Another &lt;one&gt; &amp; $&amp;</button>" in rendered
        assert ">What do you see?</label>" in rendered

    class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
        captcha = CaptchaField(source="web")

    with app.test_request_context(method="POST"):
        form = Form(meta={"csrf": False})
        assert not form.validate()
        assert form.captcha.errors == ["Type <it> %s $&"]
    assert texts_for(make_app(), "en")["refresh"] == "New picture"


def test_a_language_is_added() -> None:
    """What it lacks is English, and so is its sound, which it says."""
    latin = {**LATIN, "widget": {"refresh": "Imago nova"}}
    app = make_app({"la": latin}, language="auto")
    texts = texts_for(app, "la-VA")
    assert [texts[key] for key in ("lang", "dir", "refresh", "listen")] == ["la", "ltr", "Imago nova", "Listen"]
    assert texts["soundLanguage"] == "The sound is in English."
    client = app.test_client()
    answer = client.post("/captcha/web", headers={"Accept-Language": "la"}).get_json()
    assert answer["message"] == "Litteras inscribe, quaeso"
    assert client.get("/captcha/web/audio?lang=la").status_code == 200
    assert make_app({"la": latin}, language="la").test_client().post("/captcha/web").get_json() == answer
    with app.test_request_context():
        rendered = captcha_field("web", lang="la")
    assert 'role="group" aria-label="Captcha" lang="la" dir="ltr"' in rendered
    assert ">Numeri imaginis</label>" in rendered
    with app.test_request_context("/?uuid=audio"):
        assert ">The picture is hidden. Type what you hear. The sound is in English.</span>" in captcha_field(
            "web", lang="la"
        )
        assert ">The picture is hidden. Type what you hear.</span>" in captcha_field("web", lang="en")


@pytest.mark.parametrize(("language", "is_said"), [("de", False), ("pt-BR", False), ("pt-PT", False), ("nl", True)])
def test_a_sound_in_another_language_is_said(language: str, is_said: bool) -> None:
    """The widget's texts name the sound's language only where the page's language has no voice."""
    assert ("soundLanguage" in texts_for(make_app(), language)) == is_said


def test_a_language_from_right_to_left_is_added() -> None:
    app = make_app({"fa": {"name": "فارسی", "tags": ["fa", "prs"], "direction": "rtl"}})
    assert [texts_for(app, "prs-AF")[key] for key in ("lang", "dir")] == ["fa", "rtl"]
    with app.test_request_context():
        assert 'lang="fa" dir="rtl"' in captcha_field("web", lang="fa-IR")


def test_a_region_is_completed_from_its_language() -> None:
    """Also from an app's own sentences for the language, whichever comes first."""
    app = make_app({"ja-JP": {"widget": {"stop": "止める"}}, "JA": {"widget": {"retry": "もう一回"}}})
    texts = texts_for(app, "ja_JP.UTF-8")
    assert [texts[key] for key in ("lang", "stop", "retry", "listen")] == ["ja-JP", "止める", "もう一回", "音声"]
    assert "soundLanguage" not in texts
    assert texts_for(app, "ja")["stop"] == "停止"


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        (["de"], "texts= is ['de']: it must be a mapping of language tags to texts"),
        ({"de_DE": {}}, "texts['de_DE'] is not for a language tag: it must be one such as 'de' or 'pt-BR'"),
        ({"de": "Neu"}, "texts['de'] is 'Neu': it must be a mapping such as"),
        ({"de": {"wigdet": {}}}, "texts['de'] has 'wigdet', which is not among the texts: did you mean 'widget'?"),
        (
            {"de": {"voice": "en"}},
            "texts['de'] has 'voice', which is not among the texts: it must be one of 'name'",
        ),
        (
            {"de": {"widget": {"refersh": "Neu"}}},
            "texts['de']['widget'] has 'refersh', which is not among the texts: did",
        ),
        (
            {"de": {"widget": {"wait": "Warten"}}},
            "['wait'] is 'Warten': it must contain {} exactly once, as the English",
        ),
        ({"de": {"widget": {"wait": "{} {}"}}}, "['wait'] is '{} {}': it must contain {} exactly once"),
        ({"de": {"widget": {"wait": "{n} s"}}}, "['wait'] is '{n} s': it must contain {} exactly once"),
        ({"de": {"widget": {"stop": "{}"}}}, "['stop'] is '{}': it must contain no placeholder, as the English 'Stop'"),
        ({"de": {"widget": {"stop": " "}}}, "['stop'] is ' ': it must be text, not empty and without control"),
        ({"de": {"widget": {"stop": "\ud800"}}}, "['stop'] is '\\ud800': it must be text"),
        ({"de": {"widget": {"stop": None}}}, "['stop'] is None: it must be text"),
        (
            {"de": {"widget": "Neu"}},
            "texts['de']['widget'] is 'Neu': it must be a mapping with some of group, altSound",
        ),
        (
            {"de": {"kinds": {"hanzi": {}}}},
            "texts['de']['kinds'] has 'hanzi', which is not among the texts: it must be one of 'digits'",
        ),
        ({"de": {"kinds": {"digits": {"alt": ""}}}}, "texts['de']['kinds']['digits']['alt'] is ''"),
        ({"de": {"tags": "de"}}, "texts['de']['tags'] is 'de': it must be a list of language tags"),
        ({"de": {"direction": "up"}}, "texts['de']['direction'] is 'up': it must be 'ltr' or 'rtl'"),
        ({"de": {"name": ""}}, "texts['de']['name'] is '': it must be the language's own name"),
    ],
)
def test_a_fault_in_the_texts_names_key_language_and_remedy(texts: Any, fault: str) -> None:
    with pytest.raises(ValueError, match="invalid texts") as raised:
        make_app(texts)
    assert fault in str(raised.value)


def test_all_faults_in_the_texts_are_named_at_once() -> None:
    with pytest.raises(ValueError, match="'wait'") as raised:
        make_app({"de": {"widget": {"wait": "Warten", "stop": ""}, "tags": []}})
    assert len(str(raised.value).splitlines()) == 4


def message_of(app: Flask, **headers: str) -> str:
    return str(app.test_client().post("/captcha/web", headers=headers).get_json()["message"])


@pytest.mark.parametrize("chosen", ["en", "en_GB", Locale("en", "GB")], ids=str)
def test_a_function_chooses_the_language(chosen: object) -> None:
    """For each request, such as Flask-Babel's ``get_locale``: of messages, forms without ``lang`` and errors."""
    app = make_app(language=lambda: chosen if request.path else None)
    assert message_of(app, **{"Accept-Language": "ja"}) == "Please enter the captcha"
    with app.test_request_context():
        assert "Digits in the picture" in captcha_field("web")


def test_flask_babels_locale_is_followed() -> None:
    """Its ``get_locale`` is the function; it returns a Locale, or None outside a request."""
    app = Flask("app")
    app.config.update(SECRET_KEY="s", CAPTCHA_LANGUAGE=get_locale)
    Babel(app, locale_selector=lambda: request.args.get("locale"))
    CaptchaApi(app)
    for locale, message in {"en_GB": "Please enter the captcha", "zh_Hant_TW": "請輸入驗證碼"}.items():
        answer = app.test_client().post(f"/captcha/web?locale={locale}").get_json()
        assert answer["message"] == message
    with app.test_request_context("/?locale=en"):
        assert "Digits in the picture" in captcha_field("web")


def fails() -> str:
    raise ValueError("no user")


@pytest.mark.parametrize(
    ("choose", "logged"),
    [
        (lambda: None, []),
        (lambda: "qaa", ["the CAPTCHA_LANGUAGE function returned 'qaa', which no catalogue serves"]),
        (fails, ["the CAPTCHA_LANGUAGE function raised"]),
    ],
    ids=["None", "unknown", "raises"],
)
def test_a_function_that_chooses_no_language(
    choose: Callable[[], object], logged: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The fallback is used, and the log says why, once."""
    caplog.set_level(logging.INFO, "flask_captcha_api")
    app = make_app(language=choose)
    assert message_of(app) == message_of(app) == "請輸入驗證碼"
    assert message_of(make_app(language=lambda: None, fallback_language="ja")) != message_of(app)
    assert [record.getMessage().partition(":")[0].partition(", which no")[0] for record in caplog.records] == [
        each.partition(", which no")[0] for each in logged
    ]


def test_auto_has_a_fallback() -> None:
    """For requests that accept no language that there is."""
    app = make_app(language="auto", fallback_language="en")
    assert message_of(app, **{"Accept-Language": "qaa"}) == message_of(app) == "Please enter the captcha"
    assert message_of(app, **{"Accept-Language": "qaa, ja"}) != message_of(app)


async def choose_late() -> str:
    return "en"


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        (
            {"language": choose_late},
            "it must be a language, 'auto', or a function (not async) that returns a language tag",
        ),
        ({"language": 3}, "CAPTCHA_LANGUAGE is 3: it must be a language, 'auto', or a function"),
        ({"fallback_language": "auto"}, "CAPTCHA_FALLBACK_LANGUAGE is 'auto': it must be one of 'zh-Hant', "),
        ({"fallback_language": 3}, "CAPTCHA_FALLBACK_LANGUAGE is 3: it must be None or a language"),
        ({"audio_language": "la"}, "CAPTCHA_AUDIO_LANGUAGE is 'la': it must be one of 'zh-Hant', "),
    ],
)
def test_a_setting_that_is_no_language(settings: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match="invalid captcha configuration") as raised:
        make_app(**settings)
    assert fault in str(raised.value)


@pytest.mark.parametrize(
    ("source", "hints", "sentences"),
    [
        ({"kind": "letters"}, "length case", "Number of characters: 5. Upper or lower case does not matter."),
        ({"length": 7}, "length", "Number of characters: 7."),
        ({"kind": "runes"}, "case", "Upper or lower case does not matter."),
        ({"kind": "arithmetic"}, None, None),
    ],
)
@pytest.mark.parametrize("asks", [None, "signs"])
def test_what_is_known_of_an_answer(source: Any, hints: str | None, sentences: str | None, asks: str | None) -> None:
    """The page says it, and header and attribute have its keys: the length, and that case does not matter."""
    app = make_app(kinds={"runes": Kind(letters, has_case=True)}, language="en", sources={"web": source})
    assert app.test_client().get("/captcha/web").headers.get("Captcha-Hints") == hints
    with app.test_request_context():
        field = captcha_field("web", asks=asks)
    assert re.findall(r' data-hints="(.*?)"', field) == ([hints] if hints else [])
    assert re.findall(r'"captcha-hint">(.*?)<', field) == ([sentences] if sentences else [])
    assert ("aria-describedby" in field) is (hints is not None)


def test_texts_are_valid_json_in_utf_8() -> None:
    response = make_app().test_client().get("/captcha/static/latest/ja.json")
    assert "画像の数字" in response.data.decode()
    assert json.loads(response.data)["lang"] == "ja"
