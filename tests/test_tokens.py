"""Whose request it is by its token, what a captcha is bound to, and which token goes back."""

import base64
import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from flask import Flask, Response, jsonify
from flask.testing import FlaskClient
from flask_cors import CORS
from flask_jwt_extended import JWTManager, get_jwt, get_jwt_identity, jwt_required
from werkzeug.test import TestResponse

from flask_captcha_api import CaptchaApi, verify_captcha

from .conftest import ANSWER

SECRET = "a key that is long enough for HS256"
NOW = int(time.time())
RENEW = timedelta(hours=1)
OWN_HEADERS = {"Captcha-Expires-In", "Captcha-Kind", "Captcha-Length", "Captcha-Media-Type", "Retry-After"}

Issue = Callable[..., str]


def error(code: str, string_code: str, message: str) -> dict[str, Any]:
    return {"status": False, "code": code, "stringCode": string_code, "message": message, "response": None}


OK = {"status": True, "code": "00000", "stringCode": "success", "message": "成功", "response": "ok"}
WRONG = error("01002", "captcha_wrong", "驗證碼錯誤")
GONE = error("01003", "captcha_gone", "驗證碼已失效，請重新取得")
UNAUTHORIZED = error("01006", "unauthorized", "未授權")
UNAVAILABLE = error("01007", "store_unavailable", "服務暫時無法使用")


def signed(key: str = SECRET, **changes: Any) -> str:
    """Sign alice's access token of one hour; a claim that is changed to None is left out."""
    claims = {"sub": "alice", "type": "access", "fresh": False, "jti": "1", "iat": NOW - 60, "exp": NOW + 3540}
    return jwt.encode({name: value for name, value in {**claims, **changes}.items() if value is not None}, key)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


ALICE, BOB = signed(), signed(sub="bob")
EXPIRED = signed(iat=NOW - 3600, exp=NOW - 60)
REFRESH = signed(type="refresh")

#: The header by what is the matter with it: anonymous where a token is optional.
ANONYMOUS = {
    "none": None,
    "empty": "",
    "Basic": "Basic YWxpY2U6c2VjcmV0",
    "raw token": ALICE,
    "expired": f"Bearer {EXPIRED}",
}
#: Not valid and not merely expired; none of these decodes.
UNDECODABLE = {
    "lower-case bearer": f"bearer {ALICE}",
    "two Bearers": f"Bearer {ALICE}, Bearer {ALICE}",
    "Bearer alone": "Bearer",
    "Bearer a b": "Bearer a b",
    "bad signature": f"Bearer {signed(key='another key that is long enough, too')}",
    "expired with a bad signature": f"Bearer {signed(key='another key that is long enough, too', exp=NOW - 60)}",
    "garbage": "Bearer garbage",
    "not ASCII": "Bearer é.é.é",
    "nested too deeply": f"Bearer {encoded('{"alg":"HS256"}')}.{encoded('[' * 5000)}.AAAA",
    "alg none": f"Bearer {jwt.encode({'sub': 'alice'}, None, algorithm='none')}",
    "nbf in the future": f"Bearer {signed(nbf=NOW + 3600)}",
    "no sub": f"Bearer {signed(sub=None)}",
    "int sub": f"Bearer {signed(sub=7)}",
    "expired without sub": f"Bearer {signed(sub=None, exp=NOW - 60)}",
}
#: Signed well, and refused by type or by a callback of the app.
REFUSED = {
    "refresh token": f"Bearer {REFRESH}",
    "revoked": f"Bearer {signed(jti='revoked')}",
    "user lookup None": f"Bearer {signed(sub='nobody')}",
    "claims verification failed": f"Bearer {signed(forged=True)}",
}
INVALID = UNDECODABLE | REFUSED


def each(table: dict[str, Any]) -> Any:
    """Run a test for every header of a table."""
    named = [pytest.param({} if value is None else {"Authorization": value}, id=name) for name, value in table.items()]
    return pytest.mark.parametrize("headers", named)


@pytest.fixture
def manager(app: Flask) -> JWTManager:
    """A JWTManager with the callbacks that the tables speak of."""
    app.config["JWT_SECRET_KEY"] = SECRET
    manager = JWTManager(app)
    manager.token_in_blocklist_loader(lambda _, claims: claims["jti"] == "revoked")
    manager.token_verification_loader(lambda _, claims: "forged" not in claims)
    manager.user_lookup_loader(lambda _, claims: None if claims["sub"] == "nobody" else claims["sub"])
    return manager


def serve(app: Flask, **settings: Any) -> FlaskClient:
    """Set CaptchaApi up, with a guarded route."""
    app.config.update(settings)
    CaptchaApi(app)
    app.add_url_rule("/guarded", view_func=verify_captcha("uuid", "code")(passed), methods=["POST"])
    return app.test_client()


def passed() -> Response:
    return jsonify(OK)  # the same words as POST /captcha has, so that a test can ask either way


def post(client: FlaskClient, path: str, uuid: str, headers: dict[str, str] | None = None) -> TestResponse:
    return client.post(path, json={"uuid": uuid, "code": ANSWER}, headers=headers)


def assert_refused(response: TestResponse) -> None:
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert "Authorization" not in response.headers
    assert response.get_json() == UNAUTHORIZED


@each(ANONYMOUS)
def test_optional_takes_no_token_or_an_expired_one_for_anonymous(
    app: Flask, manager: JWTManager, issue: Issue, headers: dict[str, str]
) -> None:
    """With a token optional, these get a captcha that is bound to nobody, and no token back."""
    client = serve(app)
    assert "Authorization" not in client.get("/captcha/web", headers=headers).headers
    assert post(client, "/captcha/web", issue(headers=headers)).get_json() == OK
    assert post(client, "/captcha/web", issue(), headers).get_json() == OK


@each(INVALID)
def test_optional_refuses_an_invalid_token(
    app: Flask, manager: JWTManager, issue: Issue, headers: dict[str, str]
) -> None:
    """With a token optional, an invalid one gets 401 from both routes, and no captcha is spent."""
    client, uuid = serve(app), issue()
    assert_refused(client.get("/captcha/web", headers=headers))
    assert_refused(post(client, "/captcha/web", uuid, headers))
    assert post(client, "/captcha/web", uuid).get_json() == OK


@each(ANONYMOUS | INVALID)
def test_required_takes_nothing_but_a_valid_token(
    app: Flask, manager: JWTManager, issue: Issue, headers: dict[str, str]
) -> None:
    """With a token required, everything else gets 401 from both routes, and no captcha is spent."""
    client = serve(app, CAPTCHA_JWT="required")
    uuid = issue(headers=bearer(ALICE))
    assert_refused(client.get("/captcha/web", headers=headers))
    assert_refused(post(client, "/captcha/web", uuid, headers))
    head = client.head("/captcha/web", headers=headers)
    assert (head.status_code, head.data, head.headers["WWW-Authenticate"]) == (401, b"", "Bearer")
    assert post(client, "/captcha/web", uuid, bearer(ALICE)).get_json() == OK


@each(ANONYMOUS | INVALID | {"valid": f"Bearer {ALICE}"})
def test_off_heeds_no_header(app: Flask, manager: JWTManager, issue: Issue, headers: dict[str, str]) -> None:
    """With JWT off, every header gets a captcha that is bound to nobody, and no token back."""
    client = serve(app, CAPTCHA_JWT="off")
    assert "Authorization" not in client.get("/captcha/web", headers=headers).headers
    assert post(client, "/captcha/web", issue(headers=headers), bearer(BOB)).get_json() == OK
    assert post(client, "/guarded", issue(), headers).get_json() == OK


@pytest.mark.parametrize(
    ("source", "statuses"),
    [("a", [200, 200, 200]), ("b", [200, 200, 401]), ("c", [401, 200, 401]), ("d", [401, 200, 401])],
    ids=["off", "optional", "required", "the app's default"],
)
def test_each_source_has_its_own_demand(app: Flask, manager: JWTManager, source: str, statuses: list[int]) -> None:
    """What CAPTCHA_SOURCES says of a source wins over CAPTCHA_JWT: without token, with one, with an invalid one."""
    sources = {"a": {"jwt": "off"}, "b": {"jwt": "optional"}, "c": {"jwt": "required"}, "d": {}}
    client = serve(app, CAPTCHA_JWT="required", CAPTCHA_SOURCES=sources)
    given: list[dict[str, str]] = [{}, bearer(ALICE), bearer("garbage")]
    assert [client.get(f"/captcha/{source}", headers=headers).status_code for headers in given] == statuses


@pytest.mark.parametrize("path", ["/captcha/web", "/guarded"])
@pytest.mark.parametrize(
    ("issued_to", "asked_by", "expected"),
    [
        pytest.param(bearer(ALICE), bearer(ALICE), OK, id="hers"),
        pytest.param(bearer(ALICE), bearer(signed(jti="2")), OK, id="hers with another token"),
        pytest.param(bearer(ALICE), bearer(BOB), WRONG, id="of another"),
        pytest.param(bearer(ALICE), {}, WRONG, id="hers without token"),
        pytest.param(bearer(ALICE), bearer(EXPIRED), WRONG, id="hers with an expired token"),
        pytest.param({}, {}, OK, id="nobody's"),
        pytest.param({}, bearer(ALICE), WRONG, id="nobody's with a token"),
    ],
)
def test_captcha_passes_only_for_whom_it_was_issued_to(
    app: Flask,
    manager: JWTManager,
    issue: Issue,
    path: str,
    issued_to: dict[str, str],
    asked_by: dict[str, str],
    expected: dict[str, Any],
) -> None:
    """A captcha passes for its identity alone, and an attempt of another spends it."""
    client = serve(app)
    uuid = issue(headers=issued_to)
    assert post(client, path, uuid, asked_by).get_json() == expected
    assert post(client, path, uuid, issued_to).get_json() == GONE


@each(UNDECODABLE)
def test_guard_takes_what_does_not_decode_for_anonymous(
    app: Flask, manager: JWTManager, issue: Issue, headers: dict[str, str]
) -> None:
    """A guarded view leaves the judgement of a token to the app: one that does not decode proves nobody."""
    client = serve(app)
    assert post(client, "/guarded", issue(), headers).get_json() == OK
    assert post(client, "/guarded", issue(headers=bearer(ALICE)), headers).get_json() == WRONG


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("header", [f"Bearer {ALICE}", f"Basic abc, Bearer {ALICE}"], ids=["alone", "beside Basic"])
def test_token_that_came_goes_back(app: Flask, manager: JWTManager, method: str, header: str) -> None:
    """A 200 with a token carries the same token back."""
    response = serve(app).open("/captcha/web", method=method, headers={"Authorization": header})
    assert (response.status_code, response.headers["Authorization"]) == (200, f"Bearer {ALICE}")


def test_failure_carries_no_token(app: Flask, manager: JWTManager) -> None:
    """An unknown source carries no token back."""
    response = serve(app, CAPTCHA_SOURCES={"web": {}}).get("/captcha/other", headers=bearer(ALICE))
    assert (response.status_code, response.headers.get("Authorization")) == (404, None)


def sent_back(client: FlaskClient, token: str) -> str:
    response = client.get("/captcha/web", headers=bearer(token))
    assert response.status_code == 200, response.text
    scheme, sent = response.headers["Authorization"].split()
    assert scheme == "Bearer"
    return str(sent)


def claims_of(token: str) -> dict[str, Any]:
    """Verify a token and return its claims."""
    return jwt.decode(token, SECRET, algorithms=["HS256"])


def due(**changes: Any) -> str:
    """Sign a token of five minutes with less than half of them left."""
    return signed(**{"iat": NOW - 200, "exp": NOW + 100, **changes})


def older(token: str, seconds: int) -> str:
    """Return the token as it will look in so many seconds."""
    times = {"iat", "nbf", "exp", "auth_time"}
    return signed(
        **{name: value - seconds * (name in times) for name, value in claims_of(token).items() if name in times}
        | {name: value for name, value in claims_of(token).items() if name not in times}
    )


@pytest.mark.parametrize(
    ("token", "renew"),
    [
        pytest.param(due(), None, id="renewal off"),
        pytest.param(signed(iat=NOW - 100, exp=NOW + 200), RENEW, id="first half of life"),
        pytest.param(due(iat=None), RENEW, id="no iat"),
        pytest.param(due(exp=None), RENEW, id="no exp"),
        pytest.param(due(auth_time=NOW - 3500), RENEW, id="end of session"),
    ],
)
def test_token_not_due_is_echoed(app: Flask, manager: JWTManager, token: str, renew: timedelta | None) -> None:
    """Without renewal, in the first half of life, without iat or exp and at the session's end the token goes back."""
    assert sent_back(serve(app, CAPTCHA_JWT_RENEW=renew), token) == token


@pytest.mark.parametrize("fresh", [False, True, NOW + 50, NOW + 50.5], ids=str)
def test_renewed_token_is_of_the_same_session(app: Flask, manager: JWTManager, fresh: float) -> None:
    """In the second half of life: a new jti and its times, the rest as it was, and when the session began."""
    client = serve(app, CAPTCHA_JWT_RENEW=RENEW)
    before = int(time.time())
    claims = claims_of(sent_back(client, due(fresh=fresh, tenant="t1")))
    moment = claims["iat"]
    assert before <= moment <= time.time()
    assert claims.pop("jti") != "1"
    claims.pop("csrf", None)
    assert 0 <= moment + 300 - claims["exp"] <= 1
    assert claims | {"exp": 0} == {
        "sub": "alice",
        "type": "access",
        "fresh": fresh,
        "tenant": "t1",
        "iat": moment,
        "nbf": moment,
        "auth_time": NOW - 200,
        "exp": 0,
    }


@pytest.mark.parametrize(
    ("times", "expiry"),
    [
        pytest.param({"iat": NOW - 3000, "exp": NOW + 100}, NOW + 600, id="counted from iat"),
        pytest.param({"auth_time": NOW - 3450}, NOW + 150, id="counted from auth_time"),
        pytest.param({"iat": NOW - 3000, "exp": NOW + 100, "auth_time": NOW}, NOW + 600, id="auth_time after iat"),
    ],
)
def test_renewal_is_capped(app: Flask, manager: JWTManager, times: dict[str, int], expiry: int) -> None:
    """No renewed token outlives the longest session."""
    assert claims_of(sent_back(serve(app, CAPTCHA_JWT_RENEW=RENEW), due(**times)))["exp"] == expiry


def test_session_is_counted_from_its_first_token(app: Flask, manager: JWTManager) -> None:
    """Over two renewals the beginning of the session stays, and the second token counts its cap from there."""
    client = serve(app, CAPTCHA_JWT_RENEW=timedelta(seconds=700))
    first = older(sent_back(client, due()), 250)
    second = claims_of(sent_back(client, first))
    assert second["auth_time"] == claims_of(first)["auth_time"] == NOW - 450
    assert second["exp"] == NOW - 450 + 700


def test_claims_loader_wins(app: Flask, manager: JWTManager) -> None:
    """A renewed token has the claims that the app sets now, not those that it had set before."""
    manager.additional_claims_loader(lambda user: {"role": "reader"})
    claims = claims_of(sent_back(serve(app, CAPTCHA_JWT_RENEW=RENEW), due(role="admin", tenant="t1")))
    assert (claims["role"], claims["tenant"]) == ("reader", "t1")


def test_refresh_token_is_not_renewed(app: Flask, manager: JWTManager) -> None:
    """A refresh token is refused, due or not."""
    assert_refused(serve(app, CAPTCHA_JWT_RENEW=RENEW).get("/captcha/web", headers=bearer(due(type="refresh"))))


class User:
    def __init__(self, name: str) -> None:
        self.name = name


def test_loaders_that_expect_a_user_get_one(app: Flask, manager: JWTManager) -> None:
    """With user_lookup_loader, the identity and claims loaders are called with the user, as the app itself does."""
    manager.user_lookup_loader(lambda _, claims: User(claims["sub"]))
    manager.user_identity_loader(lambda user: user.name)
    manager.additional_claims_loader(lambda user: {"initial": user.name[0]})
    claims = claims_of(sent_back(serve(app, CAPTCHA_JWT_RENEW=RENEW), due()))
    assert (claims["sub"], claims["initial"], claims["jti"] != "1") == ("alice", "a", True)


def test_raising_loader_signs_nobody_out(app: Flask, manager: JWTManager, caplog: pytest.LogCaptureFixture) -> None:
    """Where the app's loader raises, the token goes back as it came, and the log says so without the token."""
    manager.additional_claims_loader(lambda user: {}["role"])
    token = due()
    assert sent_back(serve(app, CAPTCHA_JWT_RENEW=RENEW), token) == token
    assert "the token was not renewed" in caplog.text
    assert token not in caplog.text


@each(ANONYMOUS | INVALID | {"valid": f"Bearer {ALICE}"})
def test_optional_is_off_without_a_manager(app: Flask, issue: Issue, headers: dict[str, str]) -> None:
    """In an app without a JWTManager no header is looked at."""
    client = serve(app)
    assert "Authorization" not in client.get("/captcha/web", headers=headers).headers
    assert post(client, "/captcha/web", issue(headers=headers)).get_json() == OK
    assert post(client, "/guarded", issue(), headers).get_json() == OK


def test_required_without_a_manager_is_an_error(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """A token that is required and cannot be verified is 01007; the remedy is logged once."""
    client = serve(app, CAPTCHA_JWT="required")
    for response in (client.get("/captcha/web", headers=bearer(ALICE)), post(client, "/captcha/web", "1" * 23)):
        assert (response.status_code, "Retry-After" in response.headers) == (503, True)
        assert response.get_json() == UNAVAILABLE
    [record] = caplog.records
    assert (record.name, record.levelno) == ("flask_captcha_api", logging.ERROR)
    assert "call JWTManager(app)" in record.getMessage()


def test_manager_may_be_initialised_later(app: Flask, issue: Issue) -> None:
    """A JWTManager that comes after CaptchaApi counts."""
    client = serve(app, JWT_SECRET_KEY=SECRET)
    JWTManager(app)
    assert_refused(client.get("/captcha/web", headers=bearer("garbage")))
    assert post(client, "/guarded", issue(headers=bearer(ALICE)), bearer(ALICE)).get_json() == OK


EVERYWHERE = {
    "JWT_TOKEN_LOCATION": ["headers", "query_string", "cookies", "json"],
    "JWT_COOKIE_CSRF_PROTECT": False,
}


@pytest.mark.parametrize("path", ["/captcha/web", "/guarded"])
@pytest.mark.parametrize("place", ["query_string", "cookies", "json"])
def test_only_the_header_counts(app: Flask, manager: JWTManager, issue: Issue, path: str, place: str) -> None:
    """A token in the query, in a cookie or in the JSON is none, although the app accepts it there."""
    client, uuid = serve(app, **EVERYWHERE), issue()
    body = {"uuid": uuid, "code": ANSWER}
    if place == "cookies":
        client.set_cookie("access_token_cookie", ALICE)
    elif place == "json":
        body["access_token"] = ALICE
    query = f"?jwt={ALICE}" if place == "query_string" else ""
    got = client.get(f"/captcha/web{query}")
    assert (got.status_code, got.headers.get("Authorization")) == (200, None)
    assert client.post(path + query, json=body).get_json() == OK


def test_token_outside_the_header_does_not_meet_the_demand(app: Flask, manager: JWTManager) -> None:
    """Where a token is required, one in the query or in a cookie is none."""
    client = serve(app, CAPTCHA_JWT="required", **EVERYWHERE)
    client.set_cookie("access_token_cookie", ALICE)
    assert_refused(client.get(f"/captcha/web?jwt={ALICE}"))
    assert_refused(client.post("/captcha/web", json={"access_token": ALICE}))


def test_header_counts_whatever_locations_the_app_uses(app: Flask, manager: JWTManager, issue: Issue) -> None:
    """An app that accepts tokens in cookies alone still has its captchas bound by the header."""
    client = serve(app, JWT_TOKEN_LOCATION=["cookies"])
    assert sent_back(client, ALICE) == ALICE
    assert post(client, "/guarded", issue(headers=bearer(ALICE)), bearer(BOB)).get_json() == WRONG
    assert post(client, "/guarded", issue(headers=bearer(ALICE)), bearer(ALICE)).get_json() == OK


def add_me(app: Flask, path: str = "/me", **required: Any) -> None:
    """Add a route of the app's own that needs a token and a captcha, and tells whose and which token it is."""

    def me() -> Response:
        return jsonify(identity=get_jwt_identity(), jti=get_jwt()["jti"])

    view = verify_captcha("uuid", "code")(me)
    app.add_url_rule(path, path, jwt_required(**required)(view), methods=["POST"])


def test_cookie_route_keeps_its_identity(app: Flask, manager: JWTManager, issue: Issue) -> None:
    """A guarded route that takes its token from a cookie keeps it, with no header and with another's in the header."""
    client = serve(app, **EVERYWHERE)
    add_me(app, locations=["cookies"])
    client.set_cookie("access_token_cookie", signed(jti="in the cookie"))
    alice = {"identity": "alice", "jti": "in the cookie"}
    assert post(client, "/me", issue()).get_json() == alice
    assert post(client, "/me", issue(headers=bearer(BOB)), bearer(BOB)).get_json() == alice
    assert post(client, "/me", issue(), bearer("garbage")).get_json() == alice


def test_refresh_route_keeps_its_identity(app: Flask, manager: JWTManager, issue: Issue) -> None:
    """A guarded route that takes a refresh token is reached with a captcha of the same identity."""
    client = serve(app)
    add_me(app, refresh=True)
    token = bearer(signed(type="refresh", jti="refreshing"))
    assert post(client, "/me", issue(headers=bearer(ALICE)), token).get_json() == {
        "identity": "alice",
        "jti": "refreshing",
    }
    assert post(client, "/me", issue(headers=bearer(BOB)), token).get_json() == WRONG


@each(ANONYMOUS | INVALID)
def test_handlers_of_the_app_answer_on_its_own_routes(app: Flask, manager: JWTManager, headers: dict[str, str]) -> None:
    """On the app's routes an unfit token is answered word for word as it is without CaptchaApi."""
    manager.invalid_token_loader(lambda reason: (jsonify(mine=reason), 499))
    app.add_url_rule("/plain", view_func=jwt_required()(passed), methods=["POST"])
    client = app.test_client()
    without = client.post("/plain", headers=headers)
    app._got_first_request = False  # CaptchaApi comes to the same app, as if it had not served yet
    client = serve(app)
    add_me(app)
    for answer in (client.post("/plain", headers=headers), post(client, "/me", "1" * 23, headers)):
        assert (answer.status_code, answer.get_json()) == (without.status_code, without.get_json())
        assert answer.status_code >= 400


def own_after_request(app: Flask) -> None:
    @app.after_request
    def expose(response: Response) -> Response:
        response.headers["Access-Control-Expose-Headers"] = "X-App"
        return response


def cors(app: Flask) -> None:
    CORS(app, expose_headers=["X-App"])


def exposed(response: TestResponse) -> list[str]:
    """List what a browser reads from the header, on however many lines it stands."""
    return ", ".join(response.headers.getlist("Access-Control-Expose-Headers")).split(", ")


@pytest.mark.parametrize("comes_first", [True, False], ids=["before us", "after us"])
@pytest.mark.parametrize("expose", [own_after_request, cors])
def test_our_headers_are_exposed_beside_those_of_the_app(
    app: Flask, manager: JWTManager, expose: Callable[[Flask], None], comes_first: bool
) -> None:
    """Our headers are exposed to other origins, Authorization when sent, and what the app exposes stays."""
    if comes_first:
        expose(app)
    client = serve(app)
    if not comes_first:
        expose(app)
    origin = {"Origin": "https://other.example"}
    anonymous = exposed(client.get("/captcha/web", headers=origin))
    assert sorted(anonymous) == sorted({"X-App"} | OWN_HEADERS)
    named = exposed(client.get("/captcha/web", headers=origin | bearer(ALICE)))
    assert sorted(named) == sorted({"X-App", "Authorization"} | OWN_HEADERS)
    rejected = exposed(post(client, "/guarded", "1" * 23, origin))
    assert sorted(rejected) == sorted({"X-App"} | OWN_HEADERS)
