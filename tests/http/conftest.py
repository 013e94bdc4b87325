"""Fixtures of the tests of tokens."""

import pytest
from flask import Flask
from flask_jwt_extended import JWTManager

from ..support.http.tokens import Serve, manage, set_up


@pytest.fixture
def manager(app: Flask) -> JWTManager:
    return manage(app)


@pytest.fixture
def serve(app: Flask, manager: JWTManager) -> Serve:
    return lambda **settings: set_up(app, **settings)
