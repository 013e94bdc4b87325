"""The example does what a visitor and a client of the customer's API expect of it."""

import re
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_jwt_extended import create_access_token, decode_token
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from example_app import accounts, create_app
from flask_captcha_api.testing import answers

from ..support import servers
from ..support.backends import running
from ..support.http.envelopes import envelope
from ..support.markup import Page

ANSWER = "12345"
DEMO = {"account": "demo", "password": "captcha-demo"}
IN_ENGLISH = {"Accept-Language": "en"}

CHANGED = envelope("success", language="en")


def failure(code: str, string_code: str, message: str) -> dict[str, Any]:
    return {"status": False, "code": code, "stringCode": string_code, "message": message, "response": None}


CAPTCHA_WRONG = envelope("captcha_wrong", language="en")
CAPTCHA_GONE = envelope("captcha_gone", language="en")
UNAUTHORIZED = envelope("unauthorized", language="en")
STORE_UNAVAILABLE = envelope("store_unavailable", language="en")
CREDENTIALS_WRONG = failure("02001", "credentials_wrong", "The account or the password is wrong")
SIGN_IN_REQUIRED = failure("02002", "sign_in_required", "Please sign in")
PASSWORD_WRONG = failure("02003", "password_wrong", "The current password is wrong")
PASSWORDS_DIFFER = failure("02004", "passwords_differ", "The new passwords differ")
PASSWORD_TOO_SHORT = failure("02005", "password_too_short", "The new password is too short")


class Visitor:
    """Sends what the page sends, with the token that it was given last."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._client = app.test_client()
        self.headers = dict(IN_ENGLISH)

    def captcha(self, source: str) -> dict[str, str]:
        """Get a captcha; returns the two fields that solve it."""
        with answers(self._app, ANSWER):
            response = self._client.get(f"/captcha/{source}", headers=self.headers)
        assert response.status_code == 200, response.text
        return {"uuid": response.get_json()["response"]["uuid"], "code": ANSWER}

    def login(self, **fields: object) -> tuple[int, Any]:
        """Log in to the demo account with a fresh captcha, but for what ``fields`` say otherwise."""
        body = {**DEMO, **self.captcha("login"), **fields}
        response = self._client.post("/auth/login", json=body, headers=self.headers)
        if "Authorization" in response.headers:
            self.headers["Authorization"] = response.headers["Authorization"]
        return response.status_code, response.get_json()

    def change_password(self, new: object, **fields: object) -> tuple[int, Any]:
        """Change the password with a fresh captcha, but for what ``fields`` say otherwise."""
        body = {"password": DEMO["password"], "newPassword": new, "confirmPassword": new, **fields}
        if "uuid" not in body:
            body |= self.captcha("password")
        response = self._client.post("/auth/changePassword", json=body, headers=self.headers)
        return response.status_code, response.get_json()


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with little work: a good hash is slow on purpose, and there are two in each start."""
    monkeypatch.setattr(accounts, "generate_password_hash", partial(generate_password_hash, method="scrypt:256:8:1"))


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Flask:
    for name in ("EXAMPLE_SECRET_KEY", "EXAMPLE_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    return create_app({"TESTING": True})


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


@pytest.fixture
def signed_in(visitor: Visitor) -> Visitor:
    status, _ = visitor.login()
    assert status == 200
    return visitor


def test_a_login_hands_out_a_token(app: Flask, client: FlaskClient, visitor: Visitor) -> None:
    """With captcha, account and password the token comes in the header and in the body, and is the account's."""
    response = client.post("/auth/login", json={**DEMO, **visitor.captcha("login")})
    scheme, _, token = response.headers["Authorization"].partition(" ")
    assert (response.status_code, scheme, response.headers["Cache-Control"]) == (200, "Bearer", "no-store")
    assert response.get_json() == {**CHANGED, "response": {"jwt": token}}
    with app.app_context():
        claims = decode_token(token)
    assert (claims["sub"], claims["exp"] - claims["iat"]) == ("demo", 15 * 60)


def test_a_wrong_captcha_ends_a_login(visitor: Visitor) -> None:
    """With a wrong text nothing else counts, and the captcha is spent."""
    captcha = visitor.captcha("login")
    assert visitor.login(uuid=captcha["uuid"], code="54321") == (422, CAPTCHA_WRONG)
    assert visitor.login(**captcha) == (422, CAPTCHA_GONE)


def test_a_captcha_logs_in_once(visitor: Visitor) -> None:
    """A captcha that was used does not do for a second login."""
    captcha = visitor.captcha("login")
    assert visitor.login(**captcha)[0] == 200
    assert visitor.login(**captcha) == (422, CAPTCHA_GONE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "captcha-demo?"},
        {"account": "nobody"},
        {"account": "nobody", "password": "captcha-demo?"},
        {"password": None},
        {"password": "\ud800"},
        {"account": ["demo"]},
        {"account": "", "password": ""},
    ],
    ids=repr,
)
def test_a_failed_login_does_not_tell_what_was_wrong(visitor: Visitor, wrong: dict[str, object]) -> None:
    """An unknown account, a wrong password and nonsense get the same answer."""
    assert visitor.login(**wrong) == (401, CREDENTIALS_WRONG)


def test_a_failed_login_takes_the_same_work_whatever_was_wrong(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One hash of the same method is checked for an account that exists and for one that does not."""
    checked: list[str] = []

    def check(stored: str, password: str) -> bool:
        checked.append(stored.partition("$")[0])
        return False

    monkeypatch.setattr(accounts, "check_password_hash", check)
    visitor.login(account="demo")
    visitor.login(account="nobody")
    assert len(checked) == 2
    assert len(set(checked)) == 1


def test_a_form_is_no_login(client: FlaskClient, visitor: Visitor) -> None:
    """The fields are read from JSON only: a form passes the captcha and fails at the account."""
    response = client.post("/auth/login", data={**DEMO, **visitor.captcha("login")})
    assert (response.status_code, response.get_json()) == (401, CREDENTIALS_WRONG)


def test_a_changed_password_counts_at_once(signed_in: Visitor, app: Flask) -> None:
    """After a change the new password logs in and the old one does not."""
    assert signed_in.change_password("another-one") == (200, CHANGED)
    assert Visitor(app).login() == (401, CREDENTIALS_WRONG)
    status, body = Visitor(app).login(password="another-one")
    assert (status, body["status"]) == (200, True)


def test_two_apps_have_their_own_accounts(signed_in: Visitor) -> None:
    """A password changed in one app is as it was in another."""
    assert signed_in.change_password("another-one") == (200, CHANGED)
    assert Visitor(create_app()).login()[0] == 200


@pytest.mark.parametrize(
    ("new", "fields", "told"),
    [
        ("another-one", {"confirmPassword": "another-on"}, PASSWORDS_DIFFER),
        ("another-one", {"confirmPassword": None}, PASSWORDS_DIFFER),
        ("seven-7", {}, PASSWORD_TOO_SHORT),
        (None, {}, PASSWORD_TOO_SHORT),
        ("another-one", {"password": "captcha-demo?"}, PASSWORD_WRONG),
        ("another-one", {"password": 7}, PASSWORD_WRONG),
    ],
)
def test_a_refused_change_changes_nothing(
    signed_in: Visitor, app: Flask, new: object, fields: dict[str, object], told: dict[str, Any]
) -> None:
    """A wrong old password, a slip in the new one, and one that is too short are each told, and the old one stays."""
    assert signed_in.change_password(new, **fields) == (422, told)
    assert Visitor(app).login()[0] == 200


def test_a_change_needs_a_captcha_of_its_own(signed_in: Visitor) -> None:
    """A captcha that was asked for to log in does not do to change the password, even to the same visitor."""
    captcha = signed_in.captcha("login")
    assert signed_in.change_password("another-one", **captcha) == (422, CAPTCHA_WRONG)


def test_a_change_needs_a_token(signed_in: Visitor, app: Flask) -> None:
    """Without a valid token there is neither a captcha nor a change, and the captcha of another is not spent."""
    captcha = signed_in.captcha("password")
    with app.app_context():
        expired = create_access_token("demo", expires_delta=timedelta(seconds=-1))
    stranger = Visitor(app)
    for header in ({}, {"Authorization": f"Bearer {expired}"}, {"Authorization": "Bearer a.b.c"}):
        stranger.headers = {**IN_ENGLISH, **header}
        assert stranger.change_password("another-one", **captcha) == (401, SIGN_IN_REQUIRED)
        response = app.test_client().get("/captcha/password", headers=stranger.headers)
        assert (response.status_code, response.get_json()) == (401, UNAUTHORIZED)
    assert signed_in.change_password("another-one", **captcha) == (200, CHANGED)


def test_the_captcha_hands_the_token_back(signed_in: Visitor, client: FlaskClient) -> None:
    """A captcha that is got with a token comes with the token, which the page adopts."""
    response = client.get("/captcha/password", headers=signed_in.headers)
    assert response.headers["Authorization"] == signed_in.headers["Authorization"]


@pytest.mark.parametrize(("path", "own"), [("/", ["page.css", "page.js"]), ("/register", ["page.css"])])
def test_the_pages_run_only_files_of_their_own(client: FlaskClient, path: str, own: list[str]) -> None:
    """A page has no inline script or style, forbids them, names only files that exist, and loads none from afar."""
    response = client.get(path)
    page = Page(response.text)
    assert (response.status_code, response.mimetype) == (200, "text/html")
    assert response.headers["Content-Security-Policy"] == (
        "default-src 'self'; img-src 'self' data:; media-src 'self' data:"
    )
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert page.inline == []
    assert [name for name in page.files if name.startswith("/static/")] == [f"/static/{name}" for name in own]
    assert all(name.startswith(("/static/", "/captcha/static/")) for name in page.files)
    for name in page.files:
        with client.get(name) as file:
            assert file.status_code == 200


def test_the_page_tells_the_demo_account(client: FlaskClient, visitor: Visitor) -> None:
    """What the page says about the demo account is what logs in."""
    page = client.get("/").text
    assert f"<kbd>{DEMO['account']}</kbd>" in page
    assert f"<kbd>{DEMO['password']}</kbd>" in page
    assert visitor.login()[0] == 200


class Applicant:
    """Fills in the form to register."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._client = app.test_client()

    def register(self, **fields: Any) -> TestResponse:
        """Send the form with a fresh captcha, but for what ``fields`` say otherwise."""
        with answers(self._app, ANSWER):
            page = self._client.get("/register").text
        filled = {
            "csrf_token": value_of("csrf_token", page),
            "captcha-uuid": value_of("captcha-uuid", page),
            "captcha": ANSWER,
            "account": "ann",
            "password": "long-enough",
            "confirmation": "long-enough",
        }
        return self._client.post("/register", data={**filled, **fields})


def value_of(name: str, page: str) -> str:
    """Return the value of a hidden field."""
    tag = next(tag for tag in re.findall("<input[^>]*>", page) if f'name="{name}"' in tag)
    return str(re.findall('value="([^"]*)"', tag)[0])


@pytest.fixture
def applicant(app: Flask) -> Applicant:
    return Applicant(app)


def test_a_registered_account_signs_in(applicant: Applicant, visitor: Visitor) -> None:
    """Whoever has registered is told so and can sign in; the name is taken then."""
    response = applicant.register()
    assert (response.status_code, response.location) == (302, "/")
    assert visitor.login(account="ann", password="long-enough")[0] == 200
    assert "This name is taken." in applicant.register().text


def test_the_rules_are_known_beforehand(client: FlaskClient) -> None:
    """What an account and a password must be stands beside their fields, and is read with them."""
    page = Page(client.get("/register").text)
    rules = {field["id"]: field.get("aria-describedby") for field in page.attributes("input") if "id" in field}
    assert (rules["account"], rules["password"], rules["confirmation"]) == ("account-rule", "password-rule", None)
    assert '<small id="account-rule">3 to 32 small letters and digits</small>' in client.get("/register").text
    assert '<small id="password-rule">At least 8 characters</small>' in client.get("/register").text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"captcha": "54321"}, 'error="The captcha is wrong, please try again"'),
        ({"captcha-uuid": ""}, 'error="Please enter the captcha"'),
        ({"account": "Ann"}, "3 to 32 small letters and digits, please."),
        ({"account": "ann\n"}, "3 to 32 small letters and digits, please."),
        ({"password": "short"}, "At least 8 characters, please."),
        ({"confirmation": "long-enoug"}, "The passwords differ."),
        ({"csrf_token": "forged"}, 'name="csrf_token"'),
    ],
)
def test_a_form_that_is_refused_makes_no_account(
    applicant: Applicant, visitor: Visitor, fields: dict[str, str], told: str
) -> None:
    """What is wrong is told in the form, which holds the name and a fresh captcha, and nobody can sign in by it."""
    response = applicant.register(**fields)
    assert response.status_code == 200
    assert told in response.text
    assert visitor.login(account="ann", password="long-enough")[0] == 401


def test_the_sound_is_no_attempt(applicant: Applicant, visitor: Visitor) -> None:
    """A form sent for the sound comes back with the name, the sound and no complaint."""
    response = applicant.register(**{"captcha-uuid": ["", "audio"], "password": "", "captcha": ""})
    assert 'src="data:audio/wav;base64,' in response.text
    assert 'value="ann"' in response.text
    assert 'class="note"' not in response.text
    assert "error=" not in response.text


def test_there_is_an_end_to_the_accounts(
    applicant: Applicant, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are in memory, which nobody may fill."""
    monkeypatch.setattr(accounts, "MOST_ACCOUNTS", 1)
    assert applicant.register().status_code == 200
    assert visitor.login(account="ann", password="long-enough")[0] == 401


def test_asking_without_end_is_limited() -> None:
    """An address gets sixty captchas a minute; a sound counts as ten."""
    client = create_app().test_client()
    codes = [client.get("/captcha/login/audio", headers=IN_ENGLISH).get_json()["code"] for _ in range(7)]
    assert codes[0] == "00000"
    assert codes[-1] == "01005"


def test_the_secret_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """With EXAMPLE_SECRET_KEY set, a token of one process is good in another; without, each start has its own key."""
    monkeypatch.delenv("EXAMPLE_SECRET_KEY", raising=False)
    assert create_app().config["SECRET_KEY"] != create_app().config["SECRET_KEY"]
    monkeypatch.setenv("EXAMPLE_SECRET_KEY", "a secret of the tests, of 32 bytes or more")
    visitor = Visitor(create_app())
    visitor.login()
    response = create_app().test_client().get("/captcha/password", headers=visitor.headers)
    assert response.status_code == 200


@pytest.mark.server
def test_one_variable_puts_the_captchas_into_redis(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With EXAMPLE_REDIS_URL set, a captcha of one process solves another's, and an outage is told in the envelope."""
    with running(servers.redis_server(tmp_path)) as server:
        monkeypatch.setenv("EXAMPLE_SECRET_KEY", "a secret of the tests, of 32 bytes or more")
        monkeypatch.setenv("EXAMPLE_REDIS_URL", f"redis://{server.address}/0")
        app = create_app()
        assert app.config["CACHE_TYPE"] == "RedisCache"
        assert app.config["CAPTCHA_RATE_LIMIT_STORAGE"] == f"redis://{server.address}/0"
        visitor = Visitor(app)
        assert Visitor(create_app()).login(**visitor.captcha("login"))[0] == 200
    response = app.test_client().get("/captcha/login", headers=IN_ENGLISH)
    assert (response.status_code, response.get_json()) == (503, STORE_UNAVAILABLE)
