"""docs/how-to/flask-extensions.md: the field in forms of other packages, unchanged, with one label and one error."""

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import flask_security
import pytest
from flask import Flask, render_template
from flask_admin import Admin
from flask_appbuilder.security.sqla.models import RegisterUser
from flask_babel import Babel
from flask_security import SQLAlchemyUserDatastore, hash_password
from flask_security.models import fsqla_v3
from flask_sqlalchemy import SQLAlchemy
from jinja2 import DictLoader

from flask_captcha_api.testing import answers
from tests.support.http.envelopes import RESULTS

from .extensions import ANSWER, run_recipe, templates

WRONG, GONE, REQUIRED = (RESULTS[name][3] for name in ("captcha_wrong", "captcha_gone", "captcha_required"))
PASSWORD = "correct horse battery staple"
ANN = {"email": "ann@shop.example.com", "password": PASSWORD}


def text_of(page: str) -> str:
    """Return what a visitor reads in a page, without JavaScript."""
    return re.sub("<[^>]*>", " ", page)


def form_of(app: Flask, path: str) -> tuple[Any, dict[str, str]]:
    """Open a page as a new visitor; returns their client and what their form sends, with the right answer."""
    client = app.test_client()
    with answers(app, ANSWER):
        page = client.get(path).text
    assert_widget_stands_once(page)
    inputs = [dict(re.findall(r'([\w-]+)="([^"]*)"', tag)) for tag in re.findall("<input ([^>]*)>", page)]
    hidden = {each["name"]: each["value"] for each in inputs if each.get("type") == "hidden"}
    assert "captcha-uuid" in hidden
    return client, {**hidden, "captcha": ANSWER}


def assert_widget_stands_once(page: str, error: str | None = None) -> None:
    """Check that the widget's label is the only one, and its error, if any."""
    text = text_of(page)
    assert text.count("Digits in the picture") == 1
    assert "Captcha" not in text  # the field's own label
    assert not re.search("<captcha-field [^>]*class=", page)  # of a text field
    assert [text.count(each) for each in (WRONG, GONE, REQUIRED)] == [each == error for each in (WRONG, GONE, REQUIRED)]


def assert_form_passes_once(app: Flask, path: str, passed: str | int, **fields: str) -> None:
    """Check that a wrong answer and a second use show the form again, with one error, and the right answer passes.

    :param passed: the status or the page of the response to the right answer.
    """
    client, form = form_of(app, path)
    refused = client.post(path, data={**form, **fields, "captcha": "11111"})
    assert refused.status_code == 200
    assert_widget_stands_once(refused.text, WRONG)

    client, form = form_of(app, path)
    done = client.post(path, data={**form, **fields})
    assert passed in (done.status_code, done.text)

    client, fresh = form_of(app, path)
    again = client.post(path, data={**fresh, **fields, "captcha-uuid": form["captcha-uuid"]})
    assert again.status_code == 200
    assert_widget_stands_once(again.text, GONE)


def shop_has(monkeypatch: pytest.MonkeyPatch, **names: Any) -> None:
    """Provide what a recipe imports from its reader's own ``shop``."""
    shop = ModuleType("shop")
    vars(shop).update(names)
    monkeypatch.setitem(sys.modules, "shop", shop)


@pytest.fixture
def shop(tmp_path: Path) -> Flask:
    """Return an app that exists, with the settings of a database."""
    app = Flask("shop")
    app.config.update(CAPTCHA_LANGUAGE="en", SECRET_KEY="the app's own")
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path}/shop.db"
    app.jinja_loader = DictLoader(templates())
    Babel(app)  # Flask-Admin looks for it wherever it is installed
    return app


@pytest.fixture
def security(shop: Flask, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """Return an app with Flask-Security by the recipe, whose line is in the package's own templates."""
    shop.config.update(
        SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False},
        SECURITY_PASSWORD_HASH="pbkdf2_sha512",
        SECURITY_PASSWORD_SALT="1",
        SECURITY_REGISTERABLE=True,
        SECURITY_SEND_REGISTER_EMAIL=False,
        SECURITY_USE_REGISTER_V2=True,
    )
    database = SQLAlchemy(shop)
    fsqla_v3.FsModels.set_db_info(database)
    role = type("Role", (database.Model, fsqla_v3.FsRoleMixin), {})
    users = SQLAlchemyUserDatastore(database, type("User", (database.Model, fsqla_v3.FsUserMixin), {}), role)
    shop_has(monkeypatch, app=shop, users=users)
    run_recipe("captchas.py")
    originals = Path(flask_security.__file__).parent / "templates"
    changed = {}
    for name in ("security/login_user.html", "security/register_user.html"):
        lines = templates()[name]
        button = lines.splitlines(keepends=True)[-1]
        original = (originals / name).read_text()
        assert original.count(button) == 1
        changed[name] = original.replace(button, lines)
    shop.jinja_loader = DictLoader(changed)
    with shop.app_context():
        database.create_all()
        users.create_user(**{**ANN, "password": hash_password(PASSWORD)})
        database.session.commit()
    return shop


def test_the_forms_of_flask_security(security: Flask) -> None:
    """Log-in and registration."""
    assert_form_passes_once(security, "/login", 302, **ANN)
    ben = {"email": "ben@shop.example.com", "password": PASSWORD, "password_confirm": PASSWORD}
    assert_form_passes_once(security, "/register", 302, **ben)


def test_flask_security_says_nothing_about_accounts(security: Flask) -> None:
    """Without a right captcha, neither form tells an account that exists from one that does not."""
    for path in ("/login", "/register"):
        pages = []
        for email in (ANN["email"], "cem@shop.example.com"):
            client, form = form_of(security, path)
            fields = {**form, "email": email, "password": "x", "captcha": "11111"}
            page = text_of(client.post(path, data=fields).text)
            pages.append(page)
        assert pages[0] == pages[1]
        assert WRONG in pages[0]


def test_the_json_login_of_flask_security(security: Flask) -> None:
    """It is refused without the captcha, with a wrong one, a number or a list, and a second time."""

    def log_in(fields: dict[str, Any]) -> tuple[int, Any]:
        response = security.test_client().post("/login", json={**ANN, **fields})
        return response.status_code, response.get_json()["response"].get("field_errors")

    def solved() -> dict[str, str]:
        form = form_of(security, "/login")[1]
        return {name: form[name] for name in ("captcha-uuid", "captcha")}

    security.config["WTF_CSRF_ENABLED"] = False
    right = solved()
    assert log_in({}) == (400, {"captcha": [REQUIRED]})
    assert log_in({**solved(), "captcha": "11111"}) == (400, {"captcha": [WRONG]})
    for malformed in ({**right, "captcha": int(ANSWER)}, {**right, "captcha-uuid": [right["captcha-uuid"], "audio"]}):
        assert log_in(malformed) == (400, {"captcha": [REQUIRED]})
    assert log_in(right) == (200, None)
    assert log_in(right) == (400, {"captcha": [GONE]})


def test_the_login_before_flask_admin(shop: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody gets to the password without the captcha, nor to the index without both."""
    tried: list[str] = []

    def is_right(password: str) -> bool:
        tried.append(password)
        return password == PASSWORD

    shop_has(monkeypatch, app=shop, is_right=is_right)
    run_recipe("admin.py")
    assert_form_passes_once(shop, "/admin/", 302, password=PASSWORD)
    assert tried == [PASSWORD]
    client, form = form_of(shop, "/admin/")
    wrong = client.post("/admin/", data={**form, "password": "x"})
    assert_widget_stands_once(wrong.text)
    assert "The password is wrong." in wrong.text
    client, form = form_of(shop, "/admin/")
    client.post("/admin/", data={**form, "password": PASSWORD})
    assert "captcha-field" not in client.get("/admin/").text


def test_a_form_of_flask_admin(shop: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is made from a model: an order is written for each captcha that passes."""
    database = SQLAlchemy(shop)
    column = database.mapped_column
    order = type(
        "Order",
        (database.Model,),
        {"id": column(database.Integer, primary_key=True), "street": column(database.String(40))},
    )
    shop_has(monkeypatch, app=shop, is_right=None)
    admin: Admin = run_recipe("admin.py")["admin"]
    admin.add_view(run_recipe("orders.py")["OrderView"](order, database))
    with shop.app_context():
        database.create_all()
        assert_form_passes_once(shop, "/admin/order/new/", 302, street="High Street")
        assert [each.street for each in database.session.query(order)] == ["High Street"]


def test_the_registration_of_flask_appbuilder(shop: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has solved a captcha is registered, and nobody else."""
    shop.config.update(AUTH_TYPE=1, AUTH_USER_REGISTRATION=True, AUTH_USER_REGISTRATION_ROLE="Public")
    shop.config.update(MAIL_DEFAULT_SENDER="site@shop.example.com", MAIL_SUPPRESS_SEND=True)
    database = SQLAlchemy(shop)
    shop_has(monkeypatch, app=shop, database=database)
    run_recipe("registration.py")
    ben = {
        **dict.fromkeys(("username", "first_name", "last_name"), "ben"),
        **dict.fromkeys(("password", "conf_password"), PASSWORD),
        "email": "ben@shop.example.com",
    }
    assert_form_passes_once(shop, "/register/form", 302, **ben)
    with shop.app_context():
        assert [each.username for each in database.session.query(RegisterUser)] == ["ben"]


@pytest.mark.parametrize("template", ["register.html", "register_by_field.html"])
def test_the_macros_of_bootstrap_flask(template: str) -> None:
    """``render_form`` and ``render_field``."""
    recipe = run_recipe("register.py")
    app = recipe["app"]
    app.jinja_loader = DictLoader(templates())
    if template != "register.html":
        recipe["render_template"] = lambda _, **names: render_template(template, **names)
    assert_form_passes_once(app, "/register", "welcome", email="ann@shop.example.com")
