"""Whose request it is by its token, what a captcha is bound to, and which token goes back."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient
from flask_cors import CORS
from flask_jwt_extended import JWTManager
from werkzeug.test import TestResponse

from flask_captcha_api import CaptchaApi, Outcome
from flask_captcha_api.testing import answers

from ..conftest import ANSWER
from ..support.http.envelopes import CAPTCHA_HEADERS
from ..support.http.tokens import (
    ALICE,
    ALL,
    ANONYMOUS,
    BLANK_PART,
    BOB,
    EXPIRED,
    GONE,
    INVALID,
    INVALID_AT_A_GUARD,
    OK,
    REFUSED,
    SECRET,
    SESSION,
    TOKEN,
    UNAVAILABLE,
    WRONG,
    Headers,
    Issue,
    Serve,
    assert_refused,
    bearer,
    each,
    manage,
    post,
    set_up,
    signed,
)


def assert_anonymous(client: FlaskClient, issue: Issue, headers: Headers) -> None:
    """Assert that a header proves nobody: no token goes back, and anonymous captchas pass, to and fro."""
    assert "Authorization" not in client.get("/captcha/web", headers=headers).headers
    assert post(client, "/captcha/web", issue(headers=headers)).get_json() == OK
    assert post(client, "/captcha/web", issue(), headers).get_json() == OK
    assert post(client, "/guarded", issue(), headers).get_json() == OK


@pytest.mark.parametrize("loader", ["decode_key_loader", "token_in_blocklist_loader", "user_lookup_loader"])
def test_callback_that_raises_is_told_in_the_envelope(
    serve: Serve, manager: JWTManager, issue: Issue, caplog: pytest.LogCaptureFixture, loader: str
) -> None:
    """Where a callback of the app raises, the token is refused by routes and guards; one line of the log says where."""
    client, uuid = serve(), issue(headers=ALICE)
    callback = getattr(manager, loader)(lambda *about: 1 / 0)
    line = callback.__code__.co_firstlineno
    refused = [client.get("/captcha/web", headers=ALICE), post(client, "/captcha/web", uuid, ALICE)]
    if loader != "user_lookup_loader":  # which a guard does not ask
        refused.append(post(client, "/guarded", uuid, ALICE))
    for response in refused:
        assert_refused(response)
    sentence = f"a token was refused because verifying it raised ZeroDivisionError at {__file__}:{line}"
    assert [(record.levelname, record.getMessage(), record.exc_info) for record in caplog.records] == [
        ("ERROR", sentence, None)
    ] * len(refused)
    getattr(manager, loader)({"decode_key_loader": lambda *_: SECRET}.get(loader, lambda *_: False))
    assert post(client, "/guarded", uuid, ALICE).get_json() == OK


def test_token_in_a_header_of_another_name(serve: Serve, issue: Issue) -> None:
    """An app that calls its header otherwise is served by that name, in both directions and for other origins."""
    client = serve(JWT_HEADER_NAME="X-Token")
    token = {"X-Token": ALICE["Authorization"]}
    response = client.get("/captcha/web", headers=token)
    assert response.headers["X-Token"] == token["X-Token"]
    assert "X-Token" in exposed(response)
    assert post(client, "/guarded", issue(headers=token), token).get_json() == OK
    assert post(client, "/guarded", issue(headers=token), ALICE).get_json() != OK


@each(ANONYMOUS)
def test_optional_takes_no_token_and_an_expired_one_for_nobody(serve: Serve, issue: Issue, headers: Headers) -> None:
    """Where a token is optional, these are anonymous."""
    assert_anonymous(serve(), issue, headers)


@each(INVALID | {"blank part": BLANK_PART})
def test_optional_refuses_an_invalid_token(serve: Serve, issue: Issue, headers: Headers) -> None:
    """Where a token is optional, an invalid one gets 401 from both routes, renews nothing and spends nothing."""
    client, uuid = serve(CAPTCHA_JWT_RENEW=SESSION), issue()
    assert_refused(client.get("/captcha/web", headers=headers))
    assert_refused(post(client, "/captcha/web", uuid, headers))
    assert post(client, "/captcha/web", uuid).get_json() == OK


@each(ANONYMOUS | INVALID)
def test_required_takes_nothing_but_a_valid_token(serve: Serve, issue: Issue, headers: Headers) -> None:
    """Where a token is required, everything else gets 401 from both routes, and no captcha is spent."""
    client, uuid = serve(CAPTCHA_JWT="required"), issue(headers=ALICE)
    assert_refused(client.get("/captcha/web", headers=headers))
    assert_refused(post(client, "/captcha/web", uuid, headers))
    head = client.head("/captcha/web", headers=headers)
    assert (head.status_code, head.data, head.headers["WWW-Authenticate"]) == (401, b"", "Bearer")
    assert post(client, "/captcha/web", uuid, ALICE).get_json() == OK


@each(ALL)
def test_off_heeds_no_header(serve: Serve, issue: Issue, headers: Headers) -> None:
    """With JWT off, the routes read no header, and a captcha is bound to nobody."""
    client = serve(CAPTCHA_JWT="off")
    assert "Authorization" not in client.get("/captcha/web", headers=headers).headers
    assert post(client, "/captcha/web", issue(headers=headers)).get_json() == OK
    assert post(client, "/captcha/web", issue(), headers).get_json() == OK
    assert post(client, "/guarded", issue(headers=headers)).get_json() == OK


@pytest.mark.parametrize("policy", ["off", "optional", "required"])
@each(INVALID_AT_A_GUARD | {"blank part": BLANK_PART})
def test_guard_refuses_an_invalid_token(serve: Serve, issue: Issue, headers: Headers, policy: str) -> None:
    """Whatever CAPTCHA_JWT says, a guard gives an invalid token 401, without an outcome, and spends nothing."""
    client, uuid = serve(CAPTCHA_JWT=policy), issue(headers=ALICE)
    assert_refused(post(client, "/guarded", uuid, headers))
    assert post(client, "/guarded", uuid, ALICE).get_json() == OK


def test_a_refused_token_uses_up_nobodys_tries(serve: Serve, issue: Issue) -> None:
    """A revoked token is counted for its address alone, so it cannot use up the tries of the identity it names."""
    client = serve(CAPTCHA_VERIFY_RATE_LIMIT="2 per hour")
    for number in range(3):
        address = {"REMOTE_ADDR": f"192.0.2.{number}"}
        answer = client.post("/guarded", json={}, headers=REFUSED["revoked"], environ_base=address)
        assert_refused(answer)
    uuid = issue(headers=ALICE)
    assert post(client, "/guarded", uuid, ALICE).get_json() == OK


def test_guard_does_not_look_the_user_up(serve: Serve, issue: Issue, manager: JWTManager) -> None:
    """The lookup, which may ask a database, is left to the app's own ``jwt_required``."""
    client, uuid = serve(), issue(headers=ALICE)
    looked_up: list[Any] = []
    manager.user_lookup_loader(lambda _, claims: looked_up.append(claims))
    assert (post(client, "/guarded", uuid, ALICE).get_json(), looked_up) == (OK, [])


@pytest.mark.parametrize(
    ("source", "statuses"),
    [
        ("off", [200, 200, 200]),
        ("optional", [200, 200, 401]),
        ("required", [401, 200, 401]),
        ("plain", [401, 200, 401]),
    ],
)
def test_each_source_makes_its_own_demand(serve: Serve, source: str, statuses: list[int]) -> None:
    """What CAPTCHA_SOURCES says of a source wins over CAPTCHA_JWT: without a token, with one, with an invalid one."""
    sources = {"off": {"jwt": "off"}, "optional": {"jwt": "optional"}, "required": {"jwt": "required"}, "plain": {}}
    client = serve(CAPTCHA_JWT="required", CAPTCHA_SOURCES=sources)
    headers: list[Headers] = [{}, ALICE, bearer("garbage")]
    assert [client.get(f"/captcha/{source}", headers=each).status_code for each in headers] == statuses


@pytest.mark.parametrize("path", ["/captcha/web", "/guarded"])
@pytest.mark.parametrize(
    ("owner", "asking", "expected"),
    [
        pytest.param(ALICE, ALICE, OK, id="hers"),
        pytest.param(ALICE, bearer(signed(jti="2")), OK, id="hers with another token"),
        pytest.param(ALICE, BOB, WRONG, id="hers with a token of another"),
        pytest.param(ALICE, {}, WRONG, id="hers without a token"),
        pytest.param(ALICE, EXPIRED, WRONG, id="hers with an expired token"),
        pytest.param({}, {}, OK, id="of nobody"),
        pytest.param({}, ALICE, WRONG, id="of nobody with a token"),
    ],
)
def test_captcha_passes_for_its_owner_alone(
    serve: Serve, issue: Issue, path: str, owner: Headers, asking: Headers, expected: dict[str, Any]
) -> None:
    """A captcha passes for the identity that it was issued to, and an attempt of another spends it."""
    client, uuid = serve(), issue(headers=owner)
    assert post(client, path, uuid, asking).get_json() == expected
    assert post(client, path, uuid, owner).get_json() == GONE


def test_an_identity_that_no_token_carries_is_refused(app: Flask, manager: JWTManager) -> None:
    """A captcha bound to 42 would never pass with a token of "42"; the error says what to pass."""
    captcha = CaptchaApi(app)
    with app.app_context():
        uuid = captcha.issue("web", identity="42").uuid
        for call in (lambda: captcha.issue("web", identity=42), lambda: captcha.verify(uuid, "1", identity=42)):
            with pytest.raises(ValueError, match=r"identity is of type int: .* it must be text.*str\(user.id\)"):
                call()
        assert captcha.verify(uuid, "no answer", identity="42") is Outcome.WRONG  # it was not spent


@pytest.mark.parametrize(
    "settings", [{"JWT_VERIFY_SUB": False}, {"JWT_IDENTITY_CLAIM": "user"}], ids=["unverified", "own claim"]
)
def test_an_identity_that_is_no_text_may_be_in_other_tokens(
    app: Flask, manager: JWTManager, settings: dict[str, Any]
) -> None:
    """Only the registered claim has to be text, and only where it is verified."""
    app.config.update(settings)
    captcha = CaptchaApi(app)
    with app.app_context(), answers(app, ANSWER):
        assert captcha.verify(captcha.issue("web", identity=42).uuid, ANSWER, identity=42) is Outcome.PASSED


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("header", [f"Bearer {TOKEN}", f"Basic abc, Bearer {TOKEN}"], ids=["alone", "beside Basic"])
def test_token_that_came_goes_back(serve: Serve, method: str, header: str) -> None:
    """A 200 with a token carries the same token back."""
    response = serve().open("/captcha/web", method=method, headers={"Authorization": header})
    assert (response.status_code, response.headers["Authorization"]) == (200, f"Bearer {TOKEN}")


def test_failure_carries_no_token(serve: Serve) -> None:
    """An error carries no token back, valid as it may be."""
    response = serve(CAPTCHA_SOURCES={"web": {}}).get("/captcha/other", headers=ALICE)
    assert (response.status_code, response.headers.get("Authorization")) == (404, None)


@each(ALL)
def test_optional_is_off_without_a_manager(app: Flask, issue: Issue, headers: Headers) -> None:
    """In an app without a JWTManager every header is as good as none."""
    assert_anonymous(set_up(app), issue, headers)


def test_required_without_a_manager_is_an_error(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """A token that is required and cannot be verified is 01007; the remedy is logged once."""
    client = set_up(app, CAPTCHA_JWT="required")
    for response in (client.get("/captcha/web", headers=ALICE), post(client, "/captcha/web", "1" * 23)):
        assert (response.status_code, "Retry-After" in response.headers) == (503, True)
        assert response.get_json() == UNAVAILABLE
    [record] = caplog.records
    assert (record.name, record.levelno) == ("flask_captcha_api", logging.ERROR)
    assert "call JWTManager(app)" in record.getMessage()


def test_manager_may_be_initialised_later(app: Flask, issue: Issue) -> None:
    """A JWTManager that comes after CaptchaApi counts."""
    client = set_up(app)
    manage(app)
    assert_refused(client.get("/captcha/web", headers=bearer("garbage")))
    assert post(client, "/guarded", issue(headers=ALICE), ALICE).get_json() == OK


def own_after_request(app: Flask) -> None:
    @app.after_request
    def expose(response: Response) -> Response:
        response.headers["Access-Control-Expose-Headers"] = "X-App"
        return response


def cors(app: Flask) -> None:
    CORS(app, expose_headers=["X-App"])


def exposed(response: TestResponse) -> list[str]:
    """List what a browser takes from the header, on however many lines it stands."""
    return sorted(", ".join(response.headers.getlist("Access-Control-Expose-Headers")).split(", "))


@pytest.mark.parametrize("comes_first", [True, False], ids=["before us", "after us"])
@pytest.mark.parametrize("expose", [own_after_request, cors])
def test_our_headers_are_exposed_beside_the_apps(
    app: Flask, serve: Serve, expose: Callable[[Flask], None], comes_first: bool
) -> None:
    """Other origins may read our headers, Authorization where it is sent, and what the app lets them read."""
    if comes_first:
        expose(app)
    client, origin = serve(), {"Origin": "https://other.example"}
    if not comes_first:
        expose(app)
    ours = [*sorted(CAPTCHA_HEADERS), "Retry-After", "X-App"]
    assert exposed(client.get("/captcha/web", headers=origin)) == ours
    assert exposed(client.get("/captcha/web", headers=origin | ALICE)) == ["Authorization", *ours]
    assert exposed(post(client, "/guarded", "1" * 23, origin | ALICE)) == ours
