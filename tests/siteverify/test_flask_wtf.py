"""Flask-WTF's RecaptchaField, unchanged, in an app whose settings name the service."""

from collections.abc import Iterator

import pytest
from flask import Flask, render_template_string
from flask_wtf import FlaskForm, RecaptchaField

from ..support.servers import free_port
from ..support.siteverify import ANSWER, SHOP, VERIFY, issue, make_service, serving


@pytest.fixture
def service() -> Iterator[tuple[Flask, str]]:
    port, app = free_port(), make_service()
    with serving(app, port):
        yield app, f"http://127.0.0.1:{port}"


@pytest.fixture
def shop(service: tuple[Flask, str]) -> Flask:
    app = Flask("shop")
    app.config.update(
        RECAPTCHA_PARAMETERS={"hl": "en"},
        RECAPTCHA_PRIVATE_KEY=SHOP,
        RECAPTCHA_PUBLIC_KEY="shop",
        RECAPTCHA_SCRIPT=service[1] + "/recaptcha/api.js",
        RECAPTCHA_VERIFY_SERVER=service[1] + VERIFY,
        SECRET_KEY="the shop's own",
    )

    class Registration(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
        recaptcha = RecaptchaField()

    @app.route("/register", methods=["GET", "POST"])
    def register() -> str:
        form = Registration(meta={"csrf": False})
        if form.validate_on_submit():
            return "registered"
        return render_template_string("{{ form.recaptcha }}{{ form.recaptcha.errors }}", form=form)

    return app


def test_a_form_passes_once(service: tuple[Flask, str], shop: Flask) -> None:
    """With the settings alone, as form and as JSON; the page asks the service for its script."""
    client, (app, address) = shop.test_client(), service
    page = client.get("/register").text
    assert f"<script src='{address}/recaptcha/api.js?hl=en' async defer></script>" in page
    assert '<div class="g-recaptcha" data-sitekey="shop" id="recaptcha"></div>' in page
    for encoding in ("data", "json"):
        response = {"g-recaptcha-response": issue(app)}
        assert client.post("/register", **{encoding: response}).text == "registered"
        assert "registered" not in client.post("/register", **{encoding: response}).text
        for refused in (issue(app).replace(ANSWER, "11111"), issue(app, "blog")):
            again = client.post("/register", **{encoding: {"g-recaptcha-response": refused}})
            assert "The response parameter is invalid or malformed." in again.text
