"""The registration of Flask-AppBuilder, unchanged, in an app whose settings name the service."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_appbuilder import AppBuilder
from flask_sqlalchemy import SQLAlchemy

from tests.support.siteverify import ANSWER, SHOP, VERIFY, issue

from .conftest import Service


@pytest.fixture
def app(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setenv("SSL_CERT_FILE", service.certificate)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    app = Flask("appbuilder")
    app.config.update(
        AUTH_TYPE=1,  # AUTH_DB
        AUTH_USER_REGISTRATION=True,
        AUTH_USER_REGISTRATION_ROLE="Public",
        MAIL_DEFAULT_SENDER="site@shop.example",
        MAIL_SUPPRESS_SEND=True,
        RECAPTCHA_PRIVATE_KEY=SHOP,
        RECAPTCHA_PUBLIC_KEY="shop",
        RECAPTCHA_SCRIPT=f"https://{service.address}/recaptcha/api.js",
        RECAPTCHA_VERIFY_SERVER=f"https://{service.address}{VERIFY}",
        SECRET_KEY="the app's own",
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path}/app.db",
    )
    database = SQLAlchemy(app)
    with app.app_context():
        AppBuilder(app, database.session)
    return app


def test_a_registration_passes_once(service: Service, app: Flask) -> None:
    """The page asks the service for its script, and who has solved a captcha is sent a mail."""
    client = app.test_client()
    page = client.get("/register/form").text
    assert f"<script src='https://{service.address}/recaptcha/api.js' async defer>" in page
    (token,) = re.findall(r'name="csrf_token"[^>]* value="([^"]+)"', page)
    response = issue(service.app)

    def register(name: str, response: str) -> Any:
        form = {
            **dict.fromkeys(("username", "first_name", "last_name"), name),
            **dict.fromkeys(("password", "conf_password"), "open sesame"),
            "email": f"{name}@shop.example",
            "csrf_token": token,
            "g-recaptcha-response": response,
        }
        return client.post("/register/form", data=form, follow_redirects=True).text

    refused = "The response parameter is invalid or malformed."
    assert refused in register("ann", issue(service.app).replace(ANSWER, "11111"))
    assert "Registration sent to your email" in register("ann", response)
    assert "Registration sent to your email" not in register("ben", response)
