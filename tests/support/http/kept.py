"""A form that keeps its captcha, and what its pages hold."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, render_template_string
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import Length

from flask_captcha_api.wtf import CaptchaField

from ...conftest import ANSWER

Issue = Callable[..., str]
Fields = dict[str, str]

LONG_ENOUGH, SHORT = {"name": "long enough"}, {"name": "ann"}


def register_form(app: Flask, path: str = "/register", **options: Any) -> type[Any]:
    """Add a view with a form that has a field which may be wrong, and return the form."""

    class RegistrationForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
        name = StringField(validators=[Length(8)])
        captcha = CaptchaField(**{"source": "web", "keeps": 1, **options})

    @app.route(path, methods=["GET", "POST"], endpoint=path)
    def view() -> str:
        form = RegistrationForm()
        if form.validate_on_submit():
            return "registered"
        return render_template_string("{{ form.captcha() }}", form=form)

    return RegistrationForm


def solved(uuid: str, text: str = ANSWER) -> Fields:
    return {"captcha-uuid": uuid, "captcha": text}


def hidden_in(page: str) -> Fields:
    """Return the hidden fields of a page, as its form sends them."""
    inputs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page)
    return dict(inputs)


def kept_in(page: str) -> Fields:
    """Return what a page with a tick sends for the captcha."""
    assert "✓" in page
    assert "<img" not in page
    kept = hidden_in(page)
    assert re.fullmatch("[0-9]{23}", kept["captcha-uuid"])
    assert re.fullmatch("[0-9a-f]{32}", kept["captcha"])
    return kept


def post(app: Flask, fields: Mapping[str, str | list[str]], path: str = "/register", **more: Any) -> str:
    return app.test_client().post(path, data=fields, **more).text
