"""Captchas that a form keeps: a right captcha survives a mistake in another field."""

import re
from typing import Any

import pytest
from flask import Flask
from flask_wtf import FlaskForm
from wtforms import Form, FormField, StringField
from wtforms.validators import Length, ValidationError

from flask_captcha_api import CaptchaApi, Outcome, StoreUnavailable
from flask_captcha_api.storage.answers import AnswerStore
from flask_captcha_api.testing import answers, outcomes
from flask_captcha_api.translations import BUNDLED
from flask_captcha_api.wtf import CaptchaField

from ..conftest import ANSWER
from ..support.http.kept import LONG_ENOUGH, SHORT, Fields, Issue, kept_in, post, register_form, solved

pytestmark = pytest.mark.usefixtures("without_csrf")


def test_a_right_captcha_survives_a_mistake_in_another_field(app: Flask, form: type[Any], issue: Issue) -> None:
    """It is spent; the form shown again has a tick in its place, and what it holds passes once."""
    uuid = issue()
    response = app.test_client().post("/register", data=SHORT | solved(uuid))
    kept = kept_in(response.text)
    assert response.headers["Cache-Control"] == "no-store"
    assert kept["captcha-uuid"] != uuid
    assert "<img" in post(app, LONG_ENOUGH | solved(uuid))
    assert post(app, LONG_ENOUGH | kept) == "registered"
    assert "<img" in post(app, LONG_ENOUGH | kept)


def test_it_may_stand_in_a_paragraph(app: Flask, form: type[Any], issue: Issue) -> None:
    """As the widget may: a <div>, <fieldset> or <p> would end the paragraph."""
    page = post(app, SHORT | solved(issue()))
    assert set(re.findall(r"<(\w+)", page)) == {"span", "link", "button", "input"}


def test_it_is_kept_as_often_as_the_form_says(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """Each kept captcha has one keep less; after the last the visitor solves another, and that begins anew."""
    register_form(app, keeps=3)
    page = post(app, SHORT | solved(issue()))
    for _ in range(2):
        page = post(app, SHORT | kept_in(page))
    last = kept_in(page)
    page = post(app, SHORT | last)
    assert "<img" in page
    assert "✓" not in page
    assert "✓" in post(app, SHORT | solved(issue()))


def test_keeps_left_are_those_of_the_entry_or_fewer(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """A form that keeps more often adds none, and one that keeps less often counts by its own number."""
    register_form(app, "/one", keeps=1)
    register_form(app, "/nine", keeps=9)
    kept = kept_in(post(app, SHORT | solved(issue()), "/one"))
    assert "<img" in post(app, SHORT | kept, "/nine")
    kept = kept_in(post(app, SHORT | solved(issue()), "/nine"))
    kept = kept_in(post(app, SHORT | kept, "/one"))
    assert "<img" in post(app, SHORT | kept, "/nine")


@pytest.mark.parametrize(
    ("options", "fields"),
    [({"keeps": 0}, SHORT), ({}, SHORT | {"captcha": "11111"}), ({}, SHORT | {"captcha": ""})],
    ids=["never", "wrong", "missing"],
)
def test_what_is_not_kept(
    app: Flask, captcha: CaptchaApi, issue: Issue, options: dict[str, Any], fields: Fields
) -> None:
    """Nothing in a form that does not say so, as none does by default, and nothing that did not pass."""
    register_form(app, **options)
    assert "<img" in post(app, solved(issue()) | fields)


def test_the_default_is_never(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    class DefaultForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
        name = StringField(validators=[Length(8)])
        captcha = CaptchaField(source="web")

    with app.test_request_context(method="POST", data=SHORT | solved(issue())):
        form = DefaultForm()
        assert not form.validate()
        assert "<img" in form.captcha()


def test_a_form_without_errors_has_used_its_captcha_up(app: Flask, form: type[Any], issue: Issue) -> None:
    """A page that shows the form again after it did what it is for asks for another captcha."""
    with app.test_request_context(method="POST", data=LONG_ENOUGH | solved(issue())):
        shown = form()
        assert shown.validate()
        assert "<img" in shown.captcha()


def test_an_error_that_the_view_adds_counts(app: Flask, form: type[Any], issue: Issue) -> None:
    with app.test_request_context(method="POST", data=LONG_ENOUGH | solved(issue())):
        shown = form()
        assert shown.validate()
        shown.name.errors.append("that name is taken")
        assert "✓" in shown.captcha()


def test_an_error_of_the_captcha_itself_is_shown(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """A validator of the app's may refuse what has passed: the visitor then sees its message."""

    def refuse(form: Any, field: Any) -> None:
        raise ValidationError("not today")

    register_form(app, validators=[refuse])
    page = post(app, SHORT | solved(issue()))
    assert "<img" in page
    assert 'error="not today"' in page


def test_rendered_twice_it_is_one_captcha(app: Flask, form: type[Any], issue: Issue) -> None:
    """A template that shows the field in two places makes no two captchas of one."""
    with app.test_request_context(method="POST", data=SHORT | solved(issue())):
        shown = form()
        shown.validate()
        pages = [shown.captcha(), shown.captcha()]
    assert kept_in(pages[0]) == kept_in(pages[1])


def test_a_form_that_is_filled_anew_has_no_captcha(app: Flask, form: type[Any], issue: Issue) -> None:
    """As its other fields forget what was sent, the captcha forgets that it passed."""
    with app.test_request_context(method="POST", data=SHORT | solved(issue())):
        shown = form()
        shown.validate()
        shown.process(None)
        shown.name.errors.append("once more")
        assert "<img" in shown.captcha()


def test_a_form_in_a_form(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """Errors beside the captcha count, and those of the form around them do not."""

    class Part(Form):  # type: ignore[misc]  # WTForms publishes no types
        name = StringField(validators=[Length(8)])
        captcha = CaptchaField(source="web", keeps=1)

    class Whole(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
        title = StringField(validators=[Length(8)])
        part = FormField(Part)

    for name, title, is_kept in (("ann", "long enough", True), ("long enough", "short", False)):
        fields = {"title": title, "part-name": name, "part-captcha-uuid": issue(), "part-captcha": ANSWER}
        with app.test_request_context(method="POST", data=fields):
            form = Whole()
            assert not form.validate()
            assert ("✓" in form.part.captcha()) is is_kept


def test_the_button_gets_another_captcha(app: Flask, form: type[Any], issue: Issue) -> None:
    """It sends a second uuid, as the widget's buttons do: nothing is verified, and nothing is spent."""
    kept = kept_in(post(app, SHORT | solved(issue())))
    page = post(app, {**SHORT, **kept, "captcha-uuid": [kept["captcha-uuid"], "image"]})
    assert "<img" in page
    assert "error=" not in page
    assert post(app, LONG_ENOUGH | kept) == "registered"


def test_while_the_store_is_down_nothing_is_kept(
    app: Flask, form: type[Any], issue: Issue, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The page is shown all the same."""

    def fail(*_: object) -> None:
        raise StoreUnavailable("down, for a test")

    uuid = issue()
    monkeypatch.setattr(AnswerStore, "put", fail)
    response = app.test_client().post("/register", data=SHORT | solved(uuid))
    assert (response.status_code, "✓" in response.text) == (200, False)
    assert "the captcha store is unavailable: down, for a test" in caplog.messages


@pytest.mark.parametrize("jwt", ["off", "optional"])
def test_a_source_without_tokens_keeps_captchas(app: Flask, issue: Issue, jwt: str) -> None:
    app.config["CAPTCHA_JWT"] = jwt
    CaptchaApi(app)
    register_form(app)
    assert post(app, LONG_ENOUGH | kept_in(post(app, SHORT | solved(issue())))) == "registered"


def test_a_fixed_outcome_keeps_nothing(app: Flask, form: type[Any]) -> None:
    """There is no captcha then that could be kept."""
    with outcomes(app, Outcome.PASSED):
        assert "<img" in post(app, SHORT | solved("1" * 23))


@pytest.mark.parametrize("language", BUNDLED.catalogues)
def test_the_tick_speaks_the_language_of_the_page(app: Flask, captcha: CaptchaApi, issue: Issue, language: str) -> None:
    register_form(app, lang=language)
    page = post(app, SHORT | solved(issue()))
    assert f'<span aria-hidden="true">✓</span> {BUNDLED.catalogues[language].page["kept"]}</span>' in page
    assert f'lang="{language}"' in page
    assert BUNDLED.catalogues[language].widget["refresh"] in page


def test_a_captcha_of_a_known_answer_is_kept_with_another(app: Flask, form: type[Any]) -> None:
    """``answers`` is about what is solved: nobody types the answer of a kept captcha."""
    with answers(app, ANSWER):
        uuid = app.test_client().get("/captcha/web").get_json()["response"]["uuid"]
        kept = kept_in(post(app, SHORT | solved(uuid)))
        assert "驗證碼錯誤" in post(app, LONG_ENOUGH | kept | {"captcha": ANSWER})
