"""Fixtures of the tests of forms that keep captchas."""

from typing import Any

import pytest
from flask import Flask

from flask_captcha_api import CaptchaApi

from ..support.http.kept import register_form


@pytest.fixture
def without_csrf(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture
def form(app: Flask, captcha: CaptchaApi) -> type[Any]:
    return register_form(app)
