"""Which token a guard sees in a header: the one that the app's ``jwt_required`` sees, or it refuses."""

import logging
from collections.abc import Callable
from itertools import product
from typing import Any

import jwt
import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from flask_jwt_extended import JWTManager, get_jwt_identity, jwt_required, verify_jwt_in_request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flask_captcha_api import CaptchaApi, verify_captcha
from flask_captcha_api.exceptions import Unauthorized
from flask_captcha_api.http.jwt.authentication import caller_by_header
from flask_captcha_api.testing import answers

from ..conftest import ANSWER

SECRET = "a key that is long enough for HS256"
ALICE, BOB = (jwt.encode({"sub": name, "type": "access", "jti": "1"}, SECRET) for name in ("alice", "bob"))
REFRESH = jwt.encode({"sub": "alice", "type": "refresh", "jti": "1"}, SECRET)
EXPIRED = jwt.encode({"sub": "alice", "type": "access", "jti": "1", "exp": 1}, SECRET)
#: What headers are made of; commas stand also between the lines of a duplicate header, as servers join them.
FRAGMENTS = (
    *("Bearer", "bearer", "Basic", "Token", f"Bearer {ALICE}", f"bearer {ALICE}", f"Token {ALICE}"),
    *(ALICE, BOB, REFRESH, EXPIRED, " ", ",", ", "),
)
ODD_FRAGMENTS = ("BEARER", "JWT", "Bearer\xa0", "x", '"', "=", ";", "\t", "\xa0", "\x85", "\x0b", "\x1c", ",,", ",\t")
SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "type Token": {"JWT_HEADER_TYPE": "Token"},
    "lower-case type": {"JWT_HEADER_TYPE": "bearer"},
    "no type": {"JWT_HEADER_TYPE": ""},
    "name X-Token": {"JWT_HEADER_NAME": "X-Token"},
    "several locations": {"JWT_TOKEN_LOCATION": ["cookies", "headers"]},
}
REFUSED = "refused"


def make_app(**changes: Any) -> Flask:
    app = Flask("app")
    app.config.update(SECRET_KEY="s" * 32, JWT_SECRET_KEY=SECRET, **changes)
    JWTManager(app)
    CaptchaApi(app)
    return app


@pytest.fixture(scope="module", params=list(SETTINGS.values()), ids=list(SETTINGS))
def app(request: pytest.FixtureRequest) -> Flask:
    return make_app(**request.param)


def identity_for_jwt_required() -> Any:
    try:
        verify_jwt_in_request(optional=True)
    except Exception:  # IndexError among others, which is a 500 on the app's own routes
        return REFUSED
    return get_jwt_identity()


def identity_for_guard() -> Any:
    try:
        caller = caller_by_header()
    except Unauthorized:
        return REFUSED
    return caller.identity if caller else None


def assert_no_disagreement(app: Flask, header: str) -> None:
    """Assert that a header proves the same identity to both, if it proves any to either and the guard lets it pass."""
    with app.test_request_context(method="POST", headers={app.config["JWT_HEADER_NAME"]: header}):
        theirs, ours = identity_for_jwt_required(), identity_for_guard()
    if ours != REFUSED:
        assert ours == (None if theirs == REFUSED else theirs), (header, theirs, ours)


@pytest.mark.slow
def test_every_header_of_three_fragments(app: Flask) -> None:
    """All sequences of three fragments: some of them prove an identity, and none proves different ones."""
    for fragments in product(FRAGMENTS, repeat=3):
        assert_no_disagreement(app, "".join(fragments))


@pytest.mark.slow
@settings(max_examples=300, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.sampled_from(FRAGMENTS + ODD_FRAGMENTS) | st.text("Bearer, \t\xa0xX.", max_size=9), min_size=4, max_size=12
    )
)
def test_longer_headers(app: Flask, fragments: list[str]) -> None:
    """Random longer sequences, with odd blanks and letters, prove no different identities either."""
    assert_no_disagreement(app, "".join(fragments))


@pytest.mark.parametrize(
    ("header", "theirs", "ours"),
    [
        (f"Bearer {ALICE}", "alice", "alice"),
        (f"Bearer {ALICE}, bearer x", "alice", "alice"),
        (f"bearer x,Bearer {ALICE}", "alice", "alice"),
        (f"Basic x, Bearer {ALICE}", "alice", "alice"),
        (f"Bearer\xa0{ALICE}", "alice", "alice"),
        (f",Bearer {ALICE},", "alice", "alice"),
        (f"Bearer {ALICE}, Bearer {BOB}", None, REFUSED),
        (f"bearer {ALICE}", None, REFUSED),
        (f", , Bearer {ALICE}", REFUSED, REFUSED),
        (f"Bearer {REFRESH}", REFUSED, REFUSED),
        (f"Bearer {EXPIRED}", REFUSED, None),
        ("Basic x", None, None),
        ("", None, None),
    ],
)
def test_who_sees_whom(header: str, theirs: Any, ours: Any) -> None:
    """What Flask-JWT-Extended and a guard see in some headers."""
    with make_app().test_request_context(method="POST", headers={"Authorization": header}):
        assert (identity_for_jwt_required(), identity_for_guard()) == (theirs, ours)


@pytest.mark.parametrize(
    "header",
    [f"Bearer {ALICE}" + " " * 8192, f"Bearer {ALICE}" + "," * 20, "Basic x," * 95_000, "Bearer " + "x" * 760_000],
    ids=["long", "many parts", "many lines", "long token"],
)
def test_a_header_beyond_all_need_is_refused_unread(monkeypatch: pytest.MonkeyPatch, header: str) -> None:
    """More than 8,192 characters or 20 parts, of which servers pass on hundreds of kilobytes, are not parsed."""
    app = make_app()
    monkeypatch.setattr("flask_jwt_extended.view_decorators._decode_jwt_from_headers", lambda: pytest.fail("was read"))
    for method, path in (("GET", "/captcha/web"), ("POST", "/captcha/web")):
        response = app.test_client().open(path, method=method, json={}, headers={"Authorization": header})
        assert (response.status_code, response.get_json()["code"]) == (401, "01006")
    with app.test_request_context(headers={"Authorization": header}), pytest.raises(Unauthorized):
        caller_by_header()


def test_a_header_as_long_as_allowed_is_read() -> None:
    """8,192 characters, and 20 parts, are read."""
    padding = 8192 - len(f"Bearer {ALICE}")
    for header in (f"Bearer {ALICE}" + " " * padding, ",".join([f"Bearer {ALICE}", *["x"] * 19])):
        with make_app().test_request_context(headers={"Authorization": header}):
            caller = caller_by_header()
            assert caller is not None
            assert caller.identity == "alice"


@pytest.fixture
def guarded() -> tuple[Flask, FlaskClient]:
    app = make_app(CAPTCHA_VERIFY_RATE_LIMIT="3 per hour", CAPTCHA_LANGUAGE="en")

    def transfer() -> Any:
        return {"identity": get_jwt_identity()}

    app.add_url_rule("/transfer", view_func=jwt_required()(verify_captcha("uuid", "code")(transfer)), methods=["POST"])

    @app.get("/page")
    def page() -> str:
        return render_template_string('{{ captcha_field("web") }}')

    return app, app.test_client()


@pytest.mark.parametrize("header", [f"Bearer {ALICE}, bearer x", f"bearer x, Bearer {ALICE}", f"Bearer {ALICE},BEARER"])
def test_a_second_scheme_is_no_way_past_binding_or_limit(
    guarded: tuple[Flask, FlaskClient], issue: Callable[..., str], header: str
) -> None:
    """An anonymous captcha does not pass where the view sees alice, and her tries are counted as hers."""
    _, client = guarded
    codes = []
    for number in range(4):
        body = {"uuid": issue(), "code": ANSWER}
        address = {"REMOTE_ADDR": f"192.0.2.{number}"}
        told = client.post("/transfer", json=body, headers={"Authorization": header}, environ_base=address)
        codes.append(told.get_json()["code"])
    assert codes == ["01002", "01002", "01002", "01005"]


@pytest.fixture
def issue(guarded: tuple[Flask, FlaskClient]) -> Callable[..., str]:
    app, client = guarded

    def issue_known() -> str:
        with answers(app, ANSWER):
            return str(client.get("/captcha/web").get_json()["response"]["uuid"])

    return issue_known


@pytest.mark.parametrize("header", [", , Bearer x", "Bearer", f"bearer {ALICE}", "Bearer " + "x" * 9000])
def test_a_page_with_the_widget_survives_a_broken_header(
    guarded: tuple[Flask, FlaskClient], caplog: pytest.LogCaptureFixture, header: str
) -> None:
    """The page comes without a captcha and says why; nothing is logged, as the fault is the client's."""
    caplog.set_level(logging.INFO)
    _, client = guarded
    response = client.get("/page", headers={"Authorization": header})
    assert response.status_code == 200
    assert "Not authorised" in response.text
    assert "data:image" not in response.text
    assert caplog.records == []
