"""Tokens good and bad, and an app that knows them."""

import base64
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from flask import Flask, Response, jsonify
from flask.testing import FlaskClient
from flask_jwt_extended import JWTManager
from werkzeug.test import TestResponse

from flask_captcha_api import CaptchaApi, verify_captcha

from ...conftest import ANSWER
from .envelopes import envelope

SECRET = "a key that is long enough for HS256"
OTHER_SECRET = "another key that is long enough, too"
#: When this module was imported, which in a run of all tests is minutes before its tests run.
NOW = int(time.time())
SESSION = timedelta(seconds=100_000)

Headers = dict[str, str]
Issue = Callable[..., str]
Serve = Callable[..., FlaskClient]

OK = envelope("success", "ok")
WRONG = envelope("captcha_wrong")
GONE = envelope("captcha_gone")
UNAUTHORIZED = envelope("unauthorized")
UNAVAILABLE = envelope("store_unavailable")


def signed(key: str = SECRET, **changes: Any) -> str:
    """Sign alice's access token of one hour; a claim that is changed to None is left out."""
    claims = {"sub": "alice", "type": "access", "fresh": False, "jti": "1", "iat": NOW - 60, "exp": NOW + 3540}
    return jwt.encode({name: value for name, value in {**claims, **changes}.items() if value is not None}, key)


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def bearer(token: str) -> Headers:
    return {"Authorization": f"Bearer {token}"}


ALICE, BOB = bearer(signed()), bearer(signed(sub="bob"))
EXPIRED = bearer(signed(iat=NOW - 3600, exp=NOW - 60))
TOKEN = signed()
DEEP = ".".join((encoded('{"alg":"HS256"}'), encoded("[" * 5000), "AAAA"))

#: By what is the matter with the header. These are anonymous where a token is optional.
ANONYMOUS: dict[str, Headers] = {
    "none": {},
    "empty": {"Authorization": ""},
    "Basic": {"Authorization": "Basic YWxpY2U6c2VjcmV0"},
    "raw token": {"Authorization": TOKEN},
    "commas": {"Authorization": ",,"},
    "expired": EXPIRED,
}
#: Not valid and not merely expired; none of these decodes.
UNDECODABLE: dict[str, Headers] = {
    "lower-case bearer": {"Authorization": f"bearer {TOKEN}"},
    "two Bearers": {"Authorization": f"Bearer {TOKEN}, Bearer {TOKEN}"},
    "Bearer alone": {"Authorization": "Bearer"},
    "Bearer a b": bearer("a b"),
    "bad signature": bearer(signed(OTHER_SECRET)),
    "expired with a bad signature": bearer(signed(OTHER_SECRET, exp=NOW - 60)),
    "garbage": bearer("garbage"),
    "not ASCII": bearer("é.é.é"),
    "nested too deeply": bearer(DEEP),
    "alg none": bearer(jwt.encode({"sub": "alice"}, "", algorithm="none")),
    "nbf in the future": bearer(signed(nbf=NOW + 3600)),
    "no sub": bearer(signed(sub=None)),
    "int sub": bearer(signed(sub=7)),
    "expired without sub": bearer(signed(sub=None, exp=NOW - 60)),
}
#: Well signed, and refused by type or by one of the app's callbacks.
REFUSED: dict[str, Headers] = {
    "refresh token": bearer(signed(type="refresh")),
    "refresh token past half of its life": bearer(signed(type="refresh", iat=NOW - 20_000, exp=NOW + 10_000)),
    "revoked": bearer(signed(jti="revoked")),
    "user lookup None": bearer(signed(sub="nobody")),
    "claims verification failed": bearer(signed(forged=True)),
}
INVALID = UNDECODABLE | REFUSED
#: A guard looks no user up.
INVALID_AT_A_GUARD = {name: headers for name, headers in INVALID.items() if name != "user lookup None"}
ALL = ANONYMOUS | INVALID | {"valid": ALICE}


#: What Flask-JWT-Extended itself stumbles over.
BLANK_PART = {"Authorization": f", , Bearer {TOKEN}"}


def each(table: dict[str, Headers]) -> pytest.MarkDecorator:
    """Run a test for every header of a table."""
    return pytest.mark.parametrize("headers", table.values(), ids=table)


def manage(app: Flask) -> JWTManager:
    """Give an app a JWTManager with the callbacks that the tables speak of."""
    app.config["JWT_SECRET_KEY"] = SECRET
    manager = JWTManager(app)
    manager.token_in_blocklist_loader(lambda _, claims: claims["jti"] == "revoked")
    manager.token_verification_loader(lambda _, claims: "forged" not in claims)
    manager.user_lookup_loader(lambda _, claims: None if claims["sub"] == "nobody" else claims["sub"])
    return manager


def set_up(app: Flask, **settings: Any) -> FlaskClient:
    """Give an app our routes and a guarded one that says, when reached, what POST /captcha says."""
    app.config.update(settings)
    CaptchaApi(app)
    app.add_url_rule("/guarded", view_func=verify_captcha("uuid", "code")(reached), methods=["POST"])
    return app.test_client()


def reached() -> Response:
    return jsonify(OK)


def post(client: FlaskClient, path: str, uuid: str, headers: Headers | None = None) -> TestResponse:
    return client.post(path, json={"uuid": uuid, "code": ANSWER}, headers=headers)


def assert_refused(response: TestResponse) -> None:
    told = (response.status_code, response.headers["WWW-Authenticate"], response.headers.get("Authorization"))
    assert (*told, response.get_json()) == (401, "Bearer", None, UNAUTHORIZED)


def sent_back(client: FlaskClient, token: str) -> str:
    response = client.get("/captcha/web", headers=bearer(token))
    assert response.status_code == 200, response.text
    scheme, sent = response.headers["Authorization"].split()
    assert scheme == "Bearer"
    return str(sent)
