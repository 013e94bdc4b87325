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

from flask_captcha_api import CaptchaApi, Outcome, verify_captcha
from flask_captcha_api.testing import answers

from ..conftest import ANSWER
from ..support.envelopes import CAPTCHA_HEADERS, envelope

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


@pytest.fixture
def manager(app: Flask) -> JWTManager:
    return manage(app)


@pytest.fixture
def serve(app: Flask, manager: JWTManager) -> Serve:
    return lambda **settings: set_up(app, **settings)


def post(client: FlaskClient, path: str, uuid: str, headers: Headers | None = None) -> TestResponse:
    return client.post(path, json={"uuid": uuid, "code": ANSWER}, headers=headers)


def assert_refused(response: TestResponse) -> None:
    told = (response.status_code, response.headers["WWW-Authenticate"], response.headers.get("Authorization"))
    assert (*told, response.get_json()) == (401, "Bearer", None, UNAUTHORIZED)


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


def sent_back(client: FlaskClient, token: str) -> str:
    response = client.get("/captcha/web", headers=bearer(token))
    assert response.status_code == 200, response.text
    scheme, sent = response.headers["Authorization"].split()
    assert scheme == "Bearer"
    return str(sent)


def claims_of(token: str) -> dict[str, Any]:
    """Verify a token and return its claims."""
    return jwt.decode(token, SECRET, algorithms=["HS256"])


#: Renewal, in an app whose tokens live as long as those that ``due`` signs.
RENEWAL: dict[str, Any] = {"CAPTCHA_JWT_RENEW": SESSION, "JWT_ACCESS_TOKEN_EXPIRES": 30_000}


def due(**changes: Any) -> str:
    """Sign a token of 30,000 seconds with a third of them left."""
    return signed(**{"iat": NOW - 20_000, "exp": NOW + 10_000, **changes})


def older(token: str, seconds: int) -> str:
    """Return a token as it will look in so many seconds."""
    claims = claims_of(token)
    return signed(**claims | {name: claims[name] - seconds for name in ("iat", "nbf", "exp", "auth_time")})


@pytest.mark.parametrize(
    ("token", "renew"),
    [
        pytest.param(due(), None, id="renewal off"),
        pytest.param(signed(iat=NOW - 10_000, exp=NOW + 20_000), SESSION, id="first half of life"),
        pytest.param(due(iat=None), SESSION, id="no iat"),
        pytest.param(due(exp=None), SESSION, id="no exp"),
        pytest.param(due(auth_time=NOW - 95_000), SESSION, id="end of session"),
        pytest.param(due(iat=NOW - 8000, exp=NOW + 4000, purpose="reset"), SESSION, id="of another lifetime"),
        pytest.param(due(exp=NOW + 9_990), SESSION, id="a little shorter than the app's"),
        pytest.param(due(exp=NOW + 10_010), SESSION, id="a little longer than the app's"),
    ],
)
def test_token_that_is_not_due_is_echoed(
    serve: Serve, caplog: pytest.LogCaptureFixture, token: str, renew: timedelta | None
) -> None:
    """Echoed: without renewal, in the first half of life, at the end of the session, of another life than the app's."""
    client = serve(**RENEWAL | {"CAPTCHA_JWT_RENEW": renew})
    assert (sent_back(client, token), caplog.records) == (token, [])


def test_tokens_that_never_expire_are_not_renewed(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """In an app whose tokens live for ever, one that does not was made to end."""
    client, token = serve(**RENEWAL | {"JWT_ACCESS_TOKEN_EXPIRES": False}), due()
    assert (sent_back(client, token), caplog.records) == (token, [])


@pytest.mark.parametrize("seconds", [-1, 1])
def test_lifetime_may_be_rounded(serve: Serve, seconds: int) -> None:
    """A token whose times were rounded apart is of the app's lifetime, and its successor is exactly."""
    claims = claims_of(sent_back(serve(**RENEWAL), due(exp=NOW + 10_000 + seconds)))
    assert 29_999 <= claims["exp"] - claims["iat"] <= 30_000  # the clock is read twice


@pytest.mark.parametrize("fresh", [False, True, NOW + 5000, NOW + 5000.5], ids=["stale", "fresh", "until", "until .5"])
def test_renewed_token_is_of_the_same_session(serve: Serve, fresh: float) -> None:
    """In the second half of life: jti and times are new, the rest stays but freshness, auth_time says when it began."""
    claims = claims_of(sent_back(serve(**RENEWAL), due(fresh=fresh, tenant="t1")))
    now, jti, expiry = claims["iat"], claims.pop("jti"), claims.pop("exp")
    assert NOW <= now <= time.time()
    assert now + 29_999 <= expiry <= now + 30_000  # the clock is read twice
    assert jti not in {"1", None}
    del claims["csrf"]
    kept = {"sub": "alice", "type": "access", "fresh": False, "tenant": "t1"}
    assert claims == {**kept, "iat": now, "nbf": now, "auth_time": NOW - 20_000}


@pytest.mark.parametrize(
    ("times", "expiry"),
    [
        pytest.param({"iat": NOW - 85_000, "exp": NOW + 5_000}, NOW + 15_000, id="counted from iat"),
        pytest.param({"auth_time": NOW - 85_000}, NOW + 15_000, id="counted from auth_time"),
        pytest.param(
            {"iat": NOW - 85_000, "exp": NOW + 5_000, "auth_time": NOW}, NOW + 15_000, id="auth_time after iat"
        ),
    ],
)
def test_renewal_is_capped(serve: Serve, times: dict[str, int], expiry: int) -> None:
    """No renewed token outlives the longest session."""
    lifetime = times.get("exp", NOW + 10_000) - times.get("iat", NOW - 20_000)
    client = serve(CAPTCHA_JWT_RENEW=SESSION, JWT_ACCESS_TOKEN_EXPIRES=lifetime)
    assert claims_of(sent_back(client, due(**times)))["exp"] == expiry


def test_session_is_counted_from_its_first_token(serve: Serve) -> None:
    """Over two renewals the beginning of the session stays, and the second is capped from there."""
    client = serve(**RENEWAL | {"CAPTCHA_JWT_RENEW": timedelta(seconds=70_000)})
    second = claims_of(sent_back(client, older(sent_back(client, due()), 25_000)))
    assert (second["auth_time"], second["exp"]) == (NOW - 45_000, NOW + 25_000)


def test_loaders_of_the_app_are_given_its_user_and_win(serve: Serve, manager: JWTManager) -> None:
    """A renewed token has the claims that the app sets now, not those it had set before, made from the user object."""
    manager.user_lookup_loader(lambda _, claims: {"name": claims["sub"], "role": "reader"})
    manager.user_identity_loader(lambda user: user["name"])
    manager.additional_claims_loader(lambda user: {"role": user["role"]})
    claims = claims_of(sent_back(serve(**RENEWAL), due(role="admin", tenant="t1")))
    assert (claims["sub"], claims["role"], claims["tenant"], claims["jti"] == "1") == ("alice", "reader", "t1", False)


def test_renewal_leaves_the_claims_of_the_app_alone(serve: Serve, manager: JWTManager) -> None:
    """Where the app's loader hands out one dict for everybody, a renewal puts nobody's claims and expiry into it."""
    shared = {"site": "main"}
    manager.additional_claims_loader(lambda user: shared)
    sent_back(serve(**RENEWAL), due(tenant="t1"))
    assert shared == {"site": "main"}


def test_raising_loader_signs_nobody_out(serve: Serve, manager: JWTManager, caplog: pytest.LogCaptureFixture) -> None:
    """Where a loader of the app's raises, the token goes back as it came, and the log says so without the token."""
    manager.additional_claims_loader(lambda user: user["role"])
    token = due()
    assert sent_back(serve(**RENEWAL), token) == token
    assert "the token was not renewed" in caplog.text
    assert token not in caplog.text


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
