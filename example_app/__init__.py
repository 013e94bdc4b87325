"""An example app: registration form, login with a captcha, and change of password with a JWT and a captcha.

Run it with ``flask --app example_app run``, or ``gunicorn 'example_app:create_app()'``.
"""

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, render_template
from flask_jwt_extended import JWTManager

from flask_captcha_api import CaptchaApi

from . import auth, registration
from .accounts import DEMO_ACCOUNT, DEMO_PASSWORD, SHORTEST_PASSWORD, Accounts
from .settings import settings_from_environment

POLICY = "default-src 'self'; img-src 'self' data:; media-src 'self' data:"


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """Create the app.

    :param settings: override those from the environment.
    """
    app = Flask(__name__)
    app.config.from_mapping(settings_from_environment())
    app.config.from_mapping(settings)

    CaptchaApi(app)
    auth.set_error_handlers(JWTManager(app))
    accounts = Accounts()
    app.register_blueprint(auth.new_blueprint(accounts))
    app.register_blueprint(registration.new_blueprint(accounts))
    app.after_request(add_security_headers)

    @app.get("/")
    def page() -> str:
        return render_template(
            "page.html",
            demo_account=DEMO_ACCOUNT,
            demo_password=DEMO_PASSWORD,
            shortest_password=SHORTEST_PASSWORD,
        )

    return app


def add_security_headers(response: Response) -> Response:
    """Forbid what the pages do not need."""
    # Pictures and sounds are data: URLs. Everything else comes from files of this app, so injected scripts and styles
    # do not run.
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
