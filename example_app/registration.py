"""The registration page: a form rendered by the server, which works without JavaScript."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length, Regexp

from flask_captcha_api.wtf import CaptchaField

from .accounts import SHORTEST_PASSWORD, Accounts


class RegistrationForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
    """A name, a password twice, and a captcha. The page shows the descriptions as rules."""

    account = StringField(
        "Account",
        [Regexp(r"[a-z0-9]{3,32}\Z", message="3 to 32 small letters and digits, please.")],
        description="3 to 32 small letters and digits",
    )
    password = PasswordField(
        "Password",
        [Length(SHORTEST_PASSWORD, 128, message=f"At least {SHORTEST_PASSWORD} characters, please.")],
        description=f"At least {SHORTEST_PASSWORD} characters",
    )
    confirmation = PasswordField(
        "Password again", [InputRequired("Once more, please."), EqualTo("password", "The passwords differ.")]
    )
    captcha = CaptchaField(source="register", lang="en")


def new_blueprint(accounts: Accounts) -> Blueprint:
    """Create the blueprint with the page."""
    blueprint = Blueprint("registration", __name__)

    @blueprint.route("/register", methods=["GET", "POST"])
    def register() -> ResponseReturnValue:
        form = RegistrationForm()
        if form.validate_on_submit():
            if accounts.create(form.account.data, form.password.data):
                flash("Your account was created. You can sign in now.")
                return redirect(url_for("page"))
            form.account.errors = ["This name is taken."]
        return render_template("register.html", form=form)

    return blueprint
