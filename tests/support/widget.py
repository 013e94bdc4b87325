"""Where the widget's files are, in the package and in an app without settings or texts of its own."""

from flask import Flask

from flask_captcha_api import CaptchaApi
from flask_captcha_api.widget.assets import SCRIPT, current_digest

from .paths import PACKAGE

STATIC = PACKAGE / "widget" / "static"


def _digest_of_default_app() -> str:
    app = Flask("app")
    app.config["SECRET_KEY"] = "s"
    CaptchaApi(app)
    with app.app_context():
        return current_digest()


DIGEST = _digest_of_default_app()
SCRIPT_URL = f"/captcha/static/{DIGEST}/{SCRIPT}"
