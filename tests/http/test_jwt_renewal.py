"""Tokens that are sent back renewed: when, for how long, and with which claims."""

import time
from datetime import timedelta
from typing import Any

import jwt
import pytest
from flask_jwt_extended import JWTManager

from ..support.http.tokens import NOW, SECRET, SESSION, Serve, sent_back, signed


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
