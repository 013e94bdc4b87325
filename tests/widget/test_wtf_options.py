"""The options of the field for Flask-WTF forms, and templates that render every field alike."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from flask import Flask, render_template_string
from flask_bootstrap import Bootstrap5
from flask_wtf import FlaskForm
from jinja2 import StrictUndefined
from wtforms import Field, FieldList, IntegerField, StringField
from wtforms.validators import InputRequired, Length, ValidationError

from flask_captcha_api import CaptchaApi, StoreUnavailable, fewer_failures_than
from flask_captcha_api.wtf import CaptchaField

from ..conftest import ANSWER

Issue = Callable[..., str]

REQUIRED = "請輸入驗證碼"
WRONG = "驗證碼錯誤"


@pytest.fixture(autouse=True)
def without_csrf(app: Flask, captcha: CaptchaApi) -> None:
    app.config["WTF_CSRF_ENABLED"] = False


def form_with(captcha: Any) -> type[Any]:
    """Return a form with a captcha between two fields, the first of which would tell who has an account."""

    class AccountForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
        checks: list[str] = []  # noqa: RUF012 - a class of each test

        name = StringField("Name", [InputRequired()])
        age = IntegerField("Age")
        captcha_ = captcha
        nicks = FieldList(StringField(validators=[Length(3)]))
        more = StringField("More", [InputRequired()])

        def validate_name(self, field: Any) -> None:
            self.checks.append(field.data)
            if field.data == "ann":
                raise ValidationError("that name is taken")

    return AccountForm


def sent(uuid: str | Sequence[str], text: str = ANSWER, **fields: Any) -> dict[str, Any]:
    return {"name": "ann", "age": "x", "nicks-0": "a", "captcha_-uuid": uuid, "captcha_": text, **fields}


@pytest.mark.parametrize("button", ["image", "audio"])
def test_a_button_leaves_no_errors_before_or_behind(app: Flask, button: str) -> None:
    """The visitor has not finished the form, so nothing of it is validated, wherever the captcha stands."""
    form_class = form_with(CaptchaField(source="web"))
    with app.test_request_context(method="POST", data=sent(["1" * 23, button])):
        form = form_class()
        assert (form.validate_on_submit(), form.errors) == (False, {"captcha_": [REQUIRED]})
        form.more.errors.append("an error of the view")  # as views do
    assert form_class.checks == []


def test_errors_are_a_list_from_the_start(app: Flask) -> None:
    """A view may append to them before it has validated the form."""
    with app.test_request_context():
        assert form_with(CaptchaField(source="web"))().captcha_.errors == []


def test_the_captcha_comes_before_the_others(app: Flask, issue: Issue) -> None:
    """No validator runs, and no error of another field is told, until the captcha passes; then all are."""
    form_class = form_with(CaptchaField(source="web", before_others=True))
    with app.test_request_context(method="POST", data=sent(issue(), "00000")):
        form = form_class()
        for _ in range(2):
            assert (form.validate_on_submit(), form.errors) == (False, {"captcha_": [WRONG]})
    assert form_class.checks == []
    with app.test_request_context(method="POST", data=sent(issue())):
        form = form_class()
        assert not form.validate_on_submit()
        assert set(form.errors) == {"name", "age", "nicks", "more"}
    assert form_class.checks == ["ann"]
    fields = sent(issue(), name="bob", age="7", more="x", **{"nicks-0": "bobby"})
    with app.test_request_context(method="POST", data=fields):
        form = form_class()
        assert [form.validate(), form.validate()] == [True, True]


def test_without_the_option_the_others_are_told(app: Flask, issue: Issue) -> None:
    """The default is WTForms': all fields are validated."""
    form_class = form_with(CaptchaField(source="web"))
    with app.test_request_context(method="POST", data=sent(issue(), "00000")):
        form = form_class()
        assert not form.validate()
        assert set(form.errors) == {"name", "age", "captcha_", "nicks", "more"}


def test_the_captcha_comes_before_what_the_form_validates_itself(app: Flask, issue: Issue) -> None:
    """A form that looks a password up in ``validate`` does so only behind the captcha."""
    looked_up = []

    class LoginForm(form_with(CaptchaField(source="web", before_others=True))):  # type: ignore[misc]  # the same
        def validate(self, extra_validators: Any = None) -> bool:
            looked_up.append(self.name.data)
            return bool(super().validate(extra_validators))

    with app.test_request_context(method="POST", data=sent(issue(), "00000")):
        assert not LoginForm().validate_on_submit()
    assert looked_up == []


def test_a_deleted_captcha_comes_before_nothing(app: Flask) -> None:
    """``del form.captcha`` takes the field out, as WTForms documents for optional fields."""
    fields = sent("", name="bob", age="7", more="x", **{"nicks-0": "bobby"})
    with app.test_request_context(method="POST", data=fields):
        form = form_with(CaptchaField(source="web", before_others=True))()
        del form.captcha_
        assert form.validate_on_submit()


@pytest.mark.parametrize("asynchronous", [False, True])
def test_unless(app: Flask, issue: Issue, asynchronous: bool) -> None:
    """Where it returns True, the form needs no captcha, spends none and shows none; else it does."""
    trusted = [True]

    async def is_trusted() -> bool:
        return trusted[0]

    unless = is_trusted if asynchronous else lambda: trusted[0]

    class TrustingForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
        captcha = CaptchaField(source="web", unless=unless)

    uuid = issue()
    fields = {"captcha-uuid": uuid, "captcha": ANSWER}
    for trust, passes in ((True, True), (False, True), (False, False)):
        trusted[0] = trust
        with app.test_request_context(method="POST", data=fields):
            form = TrustingForm()
            assert form.validate_on_submit() is passes
            assert ("<captcha-field" in form.captcha()) is not trust


def test_unless_counts_attempts_and_not_pages(app: Flask) -> None:
    """A form that is only shown uses up no attempt without a captcha."""
    failures = fewer_failures_than(1, key=lambda: "ann")

    class LoginForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
        captcha = CaptchaField(source="web", unless=failures)

    for _ in range(3):
        with app.test_request_context():
            assert LoginForm().captcha() == ""
    for passes in (True, False):
        with app.test_request_context(method="POST", data={"x": "y"}):
            form = LoginForm()
            assert (form.validate_on_submit(), form.validate_on_submit()) == (passes, passes)
            assert "<captcha-field" in form.captcha()


def test_an_unless_that_fails_shows_and_requires_the_captcha(app: Flask) -> None:
    """As in a protected view, an outage of what it asks lets nobody through."""

    def fail() -> bool:
        raise StoreUnavailable("down, for a test")

    class LoginForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
        captcha = CaptchaField(source="web", unless=fail)

    with app.test_request_context(method="POST", data={"x": "y"}):
        form = LoginForm()
        assert (form.validate(), form.errors) == (False, {"captcha": ["服務暫時無法使用"]})
        assert "<captcha-field" in form.captcha()


def test_an_unless_that_is_no_function_is_an_error(app: Flask) -> None:
    """When the form is made: WTForms makes its fields then."""
    with app.test_request_context(), pytest.raises(TypeError, match="unless=True must be a function"):
        form_with(CaptchaField(source="web", unless=True))()  # type: ignore[arg-type]


def test_attributes_by_render_kw_and_template(app: Flask) -> None:
    """What other fields accept: the template goes before ``render_kw``, and what would break the widget is ignored."""
    render_kw = {"class_": "wide", "placeholder": "five digits", "data_step": "2", "value": "x", "name": "y"}
    with app.test_request_context():
        form = form_with(CaptchaField(source="web", render_kw=render_kw))()
        field = str(form.captcha_(class_="narrow", required=True, aria_label="captcha"))
    (tag,) = re.findall(r"<captcha-field [^>]*>", field)
    assert ' class="narrow" placeholder="five digits" data-step="2" aria-label="captcha" data-expires-in=' in tag
    assert not re.search(r' (value|name|required)="', tag)
    assert field.count('placeholder="five digits"') == 2


def test_filters_are_passed_on_by_name(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Extensions such as wtforms-json replace ``Field.process`` by one without positional filters."""
    original, calls = Field.process, []

    def process(self: Any, formdata: Any, data: Any = None, **options: Any) -> None:
        calls.append((self.name, options))
        original(self, formdata, data, **options)

    monkeypatch.setattr(Field, "process", process)
    with app.test_request_context():
        form_with(CaptchaField(source="web"))()
    assert ("captcha_", {"extra_filters": []}) in calls


MACRO = """
{% from "bootstrap5/form.html" import render_form %}{{ render_form(form) }}
<ul>{% for error in form.captcha_.errors %}<li>{{ error }}</li>{% endfor %}</ul>{{ form.captcha_.errors|join }}
"""


def test_label_and_errors_stand_once_in_a_page_of_macros(app: Flask, issue: Issue) -> None:
    """With ``in_macro`` the widget alone shows them, and the view still has them as text."""
    Bootstrap5(app)
    form_class = form_with(CaptchaField("Captcha", source="web", in_macro=True))
    with app.test_request_context(method="POST", data=sent(issue(), "00000")):
        form = form_class()
        form.validate()
        page = render_template_string(MACRO, form=form)
        assert form.captcha_.label.text == "Captcha"
        assert app.json.dumps(form.errors["captcha_"], ensure_ascii=False) == f'["{WRONG}"]'
    assert 'for="captcha_"' not in page
    assert page.count(WRONG) == 2  # the attribute for the script, and the text without JavaScript
    assert f'error="{WRONG}"' in page


def test_the_class_of_a_macro_is_left_out(app: Flask) -> None:
    """In Bootstrap 4 ``form-control`` has the height of one line. A class of ``render_kw`` stays."""
    for render_kw, expected in ((None, []), ({"class": "wide"}, ["wide"]), ({"class_": "wide"}, ["wide"])):
        form_class = form_with(CaptchaField(source="web", in_macro=True, render_kw=render_kw))
        with app.test_request_context():
            (tag,) = re.findall("<captcha-field [^>]*>", str(form_class().captcha_(**{"class": "form-control"})))
        assert re.findall(' class="([^"]*)"', tag) == expected


def test_a_lazy_field(app: Flask) -> None:
    """The template passes it on, or the form's class; a form that was sent has a captcha again."""
    for render_kw, options in (({}, {"lazy": True}), ({"lazy": True}, {})):
        form_class = form_with(CaptchaField(source="web", render_kw=render_kw))
        for method, has_captcha in (("GET", False), ("POST", True)):
            with app.test_request_context(method=method):
                rendered = str(form_class().captcha_(**options))
            assert ("<img" in rendered, " lazy" in rendered) == (has_captcha, not has_captcha)


def test_a_macro_that_writes_the_label_itself(app: Flask) -> None:
    """Flask-Admin's writes the text, and not the label: that renders as nothing too, and is text elsewhere."""
    with app.test_request_context():
        form = form_with(CaptchaField("What it is", source="web", in_macro=True))()
        page = render_template_string("<label>{{ form.captcha_.label.text }}</label>", form=form)
        assert page == "<label></label>"
        assert form.captcha_.label.text == "What it is"


def test_a_button_shows_no_error_in_a_page_of_macros(app: Flask) -> None:
    """The visitor has made no mistake."""
    Bootstrap5(app)
    with app.test_request_context(method="POST", data=sent(["1" * 23, "audio"])):
        form = form_with(CaptchaField(source="web", in_macro=True))()
        assert not form.validate()
        page = render_template_string(MACRO, form=form)
    assert REQUIRED not in page
    assert "<audio" in page


def test_templates_that_look_at_the_widget(app: Flask) -> None:
    """Macros choose a layout by the input type, also where a missing attribute is an error."""
    app.jinja_env.undefined = StrictUndefined
    with app.test_request_context():
        form = form_with(CaptchaField(source="web"))()
        assert render_template_string("{{ form.captcha_.widget.input_type }}", form=form) == "text"
