"""The field for Flask-WTF forms."""

import importlib
import sys
from collections.abc import Callable
from typing import Any

import pytest
from babel import Locale
from flask import Flask, render_template_string
from flask_jwt_extended import JWTManager
from flask_wtf import FlaskForm
from wtforms import FieldList, Form, FormField, StringField
from wtforms.validators import InputRequired

from flask_captcha_api import CaptchaApi, StoreUnavailable, verify_captcha
from flask_captcha_api.service import CaptchaService
from flask_captcha_api.wtf import CaptchaField

from ..conftest import ANSWER

Issue = Callable[..., str]


class NameForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
    name = StringField(validators=[InputRequired()])
    captcha = CaptchaField(source="web")


@pytest.fixture
def validated(app: Flask, captcha: CaptchaApi) -> Callable[..., Any]:
    """Send fields to a form and validate it; returns the form, which outlives the request."""
    app.config["WTF_CSRF_ENABLED"] = False

    def validate(**fields: Any) -> Any:
        with app.test_request_context(method="POST", data=fields):
            form = NameForm()
            form.passed = form.validate_on_submit()
            return form

    return validate


def sent(uuid: str, text: str = ANSWER, **fields: str) -> dict[str, Any]:
    """Return what the form sends."""
    return {"name": "ann", "captcha-uuid": uuid, "captcha": text, **fields}


def test_a_solved_captcha_validates(validated: Callable[..., Any], issue: Issue) -> None:
    """The form passes, once."""
    fields = sent(issue())
    assert validated(**fields).passed
    again = validated(**fields)
    assert (again.passed, again.errors) == (False, {"captcha": ["驗證碼已失效，請重新取得"]})


def test_validating_twice_spends_nothing(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """One form object remembers its outcome, passed or not."""
    app.config["WTF_CSRF_ENABLED"] = False
    for text, passes in ((ANSWER, True), ("11111", False)):
        with app.test_request_context(method="POST", data=sent(issue(), text)):
            form = NameForm()
            assert [form.validate(), form.validate(), form.validate_on_submit()] == [passes] * 3
            assert form.captcha.errors == ([] if passes else ["驗證碼錯誤"])


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.delitem(sys.modules, "flask_captcha_api.wtf")
    monkeypatch.setitem(sys.modules, "wtforms", None)
    with pytest.raises(ImportError, match=r"pip install 'flask_captcha_api\[wtf\]'"):
        importlib.import_module("flask_captcha_api.wtf")


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"captcha": "11111"}, "驗證碼錯誤"),
        ({"captcha": ""}, "請輸入驗證碼"),
        ({"captcha-uuid": "1"}, "請輸入驗證碼"),
        ({"captcha-uuid": ["1" * 23, "2" * 23]}, "請輸入驗證碼"),
        ({"captcha": [ANSWER, ANSWER]}, "請輸入驗證碼"),
        ({"captcha-uuid": "1" * 23}, "驗證碼已失效，請重新取得"),
    ],
)
def test_what_does_not_validate(validated: Callable[..., Any], issue: Issue, fields: dict[str, Any], told: str) -> None:
    """Wrong, missing, doubled and unknown fields are told by the sentences of the result table."""
    form = validated(**{**sent(issue()), **fields})
    assert (form.passed, form.errors) == (False, {"captcha": [told]})


def test_a_captcha_of_another_source_does_not_count(validated: Callable[..., Any], issue: Issue) -> None:
    """A captcha that was issued for another form is a wrong one."""
    assert validated(**sent(issue("other"))).errors == {"captcha": ["驗證碼錯誤"]}


def test_nothing_passes_without_the_store(
    validated: Callable[..., Any], issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the store is down the form does not validate, and says so."""

    def fail(*_: object, **__: object) -> None:
        raise StoreUnavailable("down, for a test")

    fields = sent(issue())
    monkeypatch.setattr(CaptchaService, "verify", fail)
    assert validated(**fields).errors == {"captcha": ["服務暫時無法使用"]}


def test_errors_in_the_pages_language(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """``lang`` decides, for the error and for the widget."""

    class EnglishForm(NameForm):
        captcha = CaptchaField(source="web", lang="en-GB")

    app.config["WTF_CSRF_ENABLED"] = False
    with app.test_request_context(method="POST", data=sent(issue(), "11111")):
        form = EnglishForm()
        assert not form.validate()
        assert form.errors == {"captcha": ["The captcha is wrong, please try again"]}
        shown = form.captcha()
    assert 'lang="en-GB" error="The captcha is wrong, please try again"' in shown
    assert "Digits in the picture" in shown


@pytest.mark.parametrize("lang", [Locale("ja", "JP"), "ja_JP"], ids=repr)
def test_the_language_of_a_locale(app: Flask, captcha: CaptchaApi, issue: Issue, lang: object) -> None:
    """The error is in the language of a locale as it is in that of a tag."""

    class JapaneseForm(NameForm):
        captcha = CaptchaField(source="web", lang=lang)

    app.config["WTF_CSRF_ENABLED"] = False
    with app.test_request_context(method="POST", data=sent(issue(), "11111")):
        form = JapaneseForm()
        assert not form.validate()
        assert 'lang="ja-JP" error="画像認証の文字が違います。もう一度お試しください"' in form.captcha()


def test_a_failed_form_shows_a_fresh_captcha(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """Rendered after a failure, the field has another uuid, its error, and its names; nothing of the text."""
    app.config["WTF_CSRF_ENABLED"] = False
    uuid = issue()
    with app.test_request_context(method="POST", data=sent(uuid, "11111")):
        form = NameForm(prefix="")
        form.validate()
        shown = render_template_string("{{ form.captcha() }}", form=form)
    assert 'uuid-name="captcha-uuid" text-name="captcha" id="captcha" error="驗證碼錯誤"' in shown
    assert 'name="captcha-uuid" value="' in shown
    assert uuid not in shown
    assert "11111" not in shown.replace(uuid, "")


def test_the_template_says_what_is_asked(app: Flask, captcha: CaptchaApi) -> None:
    """What concerns the widget reaches it, and what else WTForms passes becomes attributes of its element."""
    with app.test_request_context():
        field = str(NameForm(meta={"csrf": False}).captcha(lang="en", asks="numerals", inputmode="text", class_="wide"))
    assert "Numerals in the picture</label>" in field
    assert ' asks="numerals" inputmode="text" class="wide" data-expires-in=' in field


def test_a_button_of_the_field_is_no_attempt(validated: Callable[..., Any], issue: Issue) -> None:
    """Asking for a sound in a form that is half filled in fails, and spends nothing.

    The one error is for views that look at errors alone: without it, the button would be a way past the captcha.
    """
    uuid = issue()
    form = validated(**{"name": "", "captcha": ANSWER, "captcha-uuid": [uuid, "audio"]})
    assert (form.passed, form.errors) == (False, {"captcha": ["請輸入驗證碼"]})
    assert validated(**sent(uuid)).passed


@pytest.mark.parametrize("button", ["image", "audio"])
def test_a_button_is_no_attempt_in_a_form_of_several_parts(app: Flask, captcha: CaptchaApi, button: str) -> None:
    """Whether the captcha stands in a part of the form, or beside it."""

    class Part(Form):  # type: ignore[misc]  # WTForms publishes no types
        name = StringField(validators=[InputRequired()])

    class PartWithCaptcha(Part):
        captcha = CaptchaField(source="web")

    class Whole(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
        part = FormField(Part)
        parts = FieldList(FormField(Part), min_entries=1)
        captcha = CaptchaField(source="web")

    class WholeOfParts(FlaskForm):  # type: ignore[misc]  # the same
        part = FormField(PartWithCaptcha)

    class ListOfParts(FlaskForm):  # type: ignore[misc]  # the same
        parts = FieldList(FormField(PartWithCaptcha), min_entries=1)

    app.config["WTF_CSRF_ENABLED"] = False
    told = {"captcha": ["請輸入驗證碼"]}
    for form_class, name, errors in (
        (Whole, "captcha", told),
        (WholeOfParts, "part-captcha", {"part": told}),
        (ListOfParts, "parts-0-captcha", {"parts": [told]}),
    ):
        with app.test_request_context(method="POST", data={f"{name}-uuid": ["1" * 23, button], name: ANSWER}):
            form = form_class()
            assert (form.validate(), form.errors) == (False, errors)


def test_two_forms_with_prefixes(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """The names follow the form's prefix, so that two forms in one page do not take each other's captcha."""
    app.config["WTF_CSRF_ENABLED"] = False
    uuid = issue()
    fields = {"b-name": "ann", "b-captcha-uuid": uuid, "b-captcha": ANSWER}
    with app.test_request_context(method="POST", data=fields):
        assert not NameForm(prefix="a").validate()
        assert NameForm(prefix="b").validate()


def test_it_fills_no_object(validated: Callable[..., Any], issue: Issue) -> None:
    """``populate_obj`` leaves the app's object without the captcha."""

    class Account:
        name = ""

    form, account = validated(**sent(issue())), Account()
    form.populate_obj(account)
    assert vars(account) == {"name": "ann"}


def test_decorator_and_field_never_pass(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """The documented mistake: whichever comes first spends what the other looks for."""
    app.config["WTF_CSRF_ENABLED"] = False

    @app.post("/both")
    @verify_captcha("captcha-uuid", "captcha")
    def both() -> str:
        return str(NameForm().validate_on_submit())

    assert app.test_client().post("/both", data=sent(issue())).text == "False"


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"Authorization": "Bearer garbage"}, "未授權"),
        ({"Authorization": ", , Bearer x"}, "未授權"),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, "請輸入驗證碼"),
    ],
)
def test_what_a_guard_refuses_does_not_validate(
    app: Flask, captcha: CaptchaApi, issue: Issue, headers: dict[str, str], message: str
) -> None:
    """A broken token, and a request that another site forces, get a message in the form and spend nothing."""
    app.config.update(WTF_CSRF_ENABLED=False, JWT_SECRET_KEY="a key that is long enough for HS256")
    JWTManager(app)
    fields = sent(issue())
    with app.test_request_context(method="POST", data=fields, headers=headers):
        form = NameForm()
        assert (form.validate(), form.captcha.errors) == (False, [message])
    with app.test_request_context(method="POST", data=fields):
        assert NameForm().validate()
