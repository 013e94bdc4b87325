"""Tokens elsewhere than in the header, and routes of the app's own that demand one."""

from typing import Any

import pytest
from flask import Flask, Response, jsonify
from flask_jwt_extended import get_jwt, get_jwt_identity, jwt_required

from flask_captcha_api import verify_captcha

from ..conftest import ANSWER
from ..support.http.tokens import (
    ALICE,
    ANONYMOUS,
    BOB,
    INVALID,
    OK,
    SECRET,
    TOKEN,
    WRONG,
    Headers,
    Issue,
    Serve,
    assert_refused,
    bearer,
    each,
    manage,
    post,
    reached,
    sent_back,
    set_up,
    signed,
)

EVERYWHERE = {
    "JWT_TOKEN_LOCATION": ["headers", "query_string", "cookies", "json"],
    "JWT_COOKIE_CSRF_PROTECT": False,
}


@pytest.mark.parametrize("place", ["query_string", "cookies", "json"])
def test_only_the_header_counts(serve: Serve, issue: Issue, place: str) -> None:
    """A token in the query, in a cookie or in the JSON is none, although the app accepts it there."""
    client = serve(CAPTCHA_SOURCES={"web": {}, "strict": {"jwt": "required"}}, **EVERYWHERE)
    if place == "cookies":
        client.set_cookie("access_token_cookie", TOKEN)
    query = {"jwt": TOKEN} if place == "query_string" else {}
    token = {"access_token": TOKEN} if place == "json" else {}
    got = client.get("/captcha/web", query_string=query)
    assert (got.status_code, got.headers.get("Authorization")) == (200, None)
    for path in ("/captcha/web", "/guarded"):
        body = {"uuid": issue(), "code": ANSWER, **token}
        assert client.post(path, json=body, query_string=query).get_json() == OK
    for method in ("GET", "POST"):
        assert_refused(client.open("/captcha/strict", method=method, json=token, query_string=query))


def test_header_counts_whatever_locations_the_app_uses(serve: Serve, issue: Issue) -> None:
    """In an app that accepts tokens in cookies alone, captchas are bound by the header."""
    client = serve(JWT_TOKEN_LOCATION=["cookies"])
    assert sent_back(client, TOKEN) == TOKEN
    assert post(client, "/guarded", issue(headers=ALICE), BOB).get_json() == WRONG
    assert post(client, "/guarded", issue(headers=ALICE), ALICE).get_json() == OK


def add_me(app: Flask, **demand: Any) -> None:
    """Add a route of the app's own that demands a token and a captcha, and tells whose and which token it got."""

    def me() -> Response:
        return jsonify(identity=get_jwt_identity(), jti=get_jwt()["jti"])

    app.add_url_rule("/me", view_func=jwt_required(**demand)(verify_captcha("uuid", "code")(me)), methods=["POST"])


def test_cookie_route_keeps_its_identity(app: Flask, serve: Serve, issue: Issue) -> None:
    """A guarded route that takes its token from a cookie keeps it, whatever the header holds."""
    client = serve(**EVERYWHERE)
    add_me(app, locations=["cookies"])
    client.set_cookie("access_token_cookie", signed(jti="in the cookie"))
    alice = {"identity": "alice", "jti": "in the cookie"}
    assert post(client, "/me", issue()).get_json() == alice
    assert post(client, "/me", issue(headers=BOB), BOB).get_json() == alice
    assert_refused(post(client, "/me", issue(), bearer("garbage")))


def test_refresh_route_takes_its_token_from_elsewhere(app: Flask, serve: Serve, issue: Issue) -> None:
    """A guarded route for refresh tokens is reached with one in a cookie, not with one in the header."""
    client = serve(**EVERYWHERE)
    add_me(app, refresh=True, locations=["headers", "cookies"])
    token = signed(type="refresh", jti="2")
    assert_refused(post(client, "/me", issue(headers=ALICE), bearer(token)))
    client.set_cookie("refresh_token_cookie", token)
    assert post(client, "/me", issue()).get_json() == {"identity": "alice", "jti": "2"}


@each(ANONYMOUS | INVALID)
def test_handlers_of_the_app_answer_on_its_own_routes(headers: Headers) -> None:
    """On the app's own routes an unfit token is answered word for word as it is without CaptchaApi."""
    answers = []
    for with_us in (False, True):
        app = Flask("app")
        app.config["SECRET_KEY"] = SECRET
        manage(app).invalid_token_loader(lambda reason: (jsonify(mine=reason), 499))
        if with_us:
            set_up(app)
            add_me(app)
        else:
            app.add_url_rule("/me", view_func=jwt_required()(reached), methods=["POST"])
        answer = post(app.test_client(), "/me", "1" * 23, headers)
        answers.append((answer.status_code, answer.headers.get("WWW-Authenticate"), answer.get_json()))
    assert answers[0] == answers[1]
    assert answers[0][0] in {400, 401, 499}
