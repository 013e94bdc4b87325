"""Apps as the diagnostics see them."""

from typing import Any

from flask import Flask

from flask_captcha_api import CaptchaApi
from flask_captcha_api.cli.diagnostics import diagnose
from flask_captcha_api.cli.report import Report


def diagnosed(app: Flask, **options: Any) -> Report:
    CaptchaApi(app, **options)
    return diagnosed_again(app)


def diagnosed_again(app: Flask) -> Report:
    with app.app_context():
        return diagnose(app)
