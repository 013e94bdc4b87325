"""Views that show a form and receive it: ``verify_captcha(except_methods=…)``."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Blueprint, Flask, flash, redirect, render_template_string, request
from flask.views import MethodView
from werkzeug.wrappers import Response

from flask_captcha_api import CaptchaApi, CaptchaRejected, verify_captcha

from ..conftest import ANSWER

Issue = Callable[..., str]

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "PROPFIND"]


@pytest.fixture
def runs(app: Flask, captcha: CaptchaApi) -> list[str]:
    """Add a view whose GET needs no captcha; returns the methods with which it ran."""
    methods: list[str] = []

    @app.route("/login", methods=METHODS)
    @verify_captcha(except_methods=("GET",))
    def login() -> str:
        methods.append(request.method)
        return "in"

    return methods


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_form_is_shown(app: Flask, runs: list[str], issue: Issue, method: str) -> None:
    """GET and HEAD need no captcha, and spend none that the query has."""
    uuid = issue()
    fields = {"uuid": uuid, "code": ANSWER}
    assert app.test_client().open("/login", method=method, query_string=fields).status_code == 200
    assert app.test_client().post("/login", data=fields).text == "in"
    assert runs == ["GET", "POST"]


@pytest.mark.parametrize("is_async", [False, True])
def test_head_shows_the_form_where_a_view_asks_for_get(app: Flask, captcha: CaptchaApi, is_async: bool) -> None:
    """Otherwise it would log in without a captcha: such a view takes whatever is not GET for the form that was sent."""

    def log_in() -> str:
        return "the form" if request.method == "GET" else f"in as {request.form['account']}"

    async def log_in_async() -> str:
        return log_in()

    view = verify_captcha(except_methods=("GET",))(log_in_async if is_async else log_in)
    app.add_url_rule("/form", view_func=view, methods=["GET", "POST"])

    response = app.test_client().head("/form", data={"account": "ann"})
    assert (response.status_code, response.text, response.content_length) == (200, "", len("the form"))


@pytest.mark.parametrize("of_blueprint", [False, True])
@pytest.mark.parametrize("is_async", [False, True])
def test_head_shows_the_form_behind_a_hook_too(
    app: Flask, captcha: CaptchaApi, is_async: bool, of_blueprint: bool
) -> None:
    """The decorator is then done when the view is called, which must not see HEAD again."""
    rules = Blueprint("shop", __name__) if of_blueprint else app

    def protect() -> None:
        return None

    async def protect_async() -> None:
        return None

    rules.before_request(verify_captcha(except_methods=("GET",))(protect_async if is_async else protect))

    @rules.route("/form", methods=["GET", "POST"])
    def log_in() -> str:
        return "the form" if request.method == "GET" else f"in as {request.form['account']}"

    if isinstance(rules, Blueprint):
        app.register_blueprint(rules)
    client = app.test_client()
    assert client.post("/form", data={"account": "ann"}).status_code == 400
    response = client.head("/form", data={"account": "ann"})
    assert (response.status_code, response.text, response.content_length) == (200, "", len("the form"))


def test_head_issues_nothing_behind_a_hook(app: Flask, captcha: CaptchaApi) -> None:
    """The captcha routes go by the method that was sent."""
    app.before_request(verify_captcha(except_methods=("GET",))(lambda: None))
    client = app.test_client()
    assert client.get("/captcha/web").get_json()["response"]
    assert client.head("/captcha/web").content_length < 200


@pytest.mark.parametrize(("methods", "status"), [(("GET",), 400), (("GET", "HEAD"), 200)])
def test_head_of_a_route_without_get_is_a_method_of_its_own(
    app: Flask, captcha: CaptchaApi, methods: tuple[str, ...], status: int
) -> None:
    """It shows no form, so it needs a captcha unless HEAD is named too, and is not called as GET."""

    class Message(MethodView):
        def head(self) -> str:
            return "there is one"

    app.before_request(verify_captcha(except_methods=methods)(lambda: None))
    app.add_url_rule("/message", view_func=Message.as_view("message"))
    assert app.test_client().head("/message").status_code == status


@pytest.mark.parametrize("method", [*METHODS[1:], "get", "Get"])
def test_every_other_method_is_protected(app: Flask, runs: list[str], method: str) -> None:
    """Whatever the method is called; one that Flask does not know by this name is not routed."""
    response = app.test_client().open(
        "/login", method=method, environ_overrides={"REQUEST_METHOD": method}, headers={"X-HTTP-Method-Override": "GET"}
    )
    assert response.status_code == (400 if method in METHODS else 200)
    assert runs == ([] if method in METHODS else ["GET"])


def test_a_method_view(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """The same for a class that is decorated as a whole, with an async method."""

    class Login(MethodView):
        decorators = [verify_captcha(except_methods={"GET"})]  # noqa: RUF012 - as Flask's documentation writes it

        def get(self) -> str:
            return "form"

        async def post(self) -> str:
            return "in"

    app.add_url_rule("/login", view_func=Login.as_view("login"))
    client = app.test_client()
    assert (client.get("/login").text, client.post("/login").status_code) == ("form", 400)
    assert client.post("/login", json={"uuid": issue(), "code": ANSWER}).text == "in"


@pytest.mark.parametrize(
    ("methods", "error", "message"),
    [
        ("GET", TypeError, r"write except_methods=\('GET',\)"),
        (
            ["get"],
            ValueError,
            "has 'get': name methods in upper case, of DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE",
        ),
        (("GET", "FETCH"), ValueError, "has 'FETCH'"),
        ((None,), ValueError, "has None"),
    ],
)
def test_methods_are_checked_when_decorating(methods: Any, error: type[Exception], message: str) -> None:
    """A misspelt method would be protected, and its form never be shown."""
    with pytest.raises(error, match=message):
        verify_captcha(except_methods=methods)


PAGE = '{% for each in get_flashed_messages() %}{{ each }}{% endfor %}{{ captcha_field("login") }}'


def test_a_redirecting_handler_neither_loops_nor_loses_the_sound(app: Flask, captcha: CaptchaApi) -> None:
    """As described for pages: after a guess the form is shown with a message, after a button with what it is for."""

    @app.route("/login", methods=["GET", "POST"])
    @verify_captcha(except_methods=("GET",))
    def login() -> str:
        return render_template_string(PAGE)

    @app.errorhandler(CaptchaRejected)
    def show_the_form_again(rejected: CaptchaRejected) -> Response:
        if rejected.asked_for:
            return redirect(f"{request.base_url}?uuid={rejected.asked_for}")
        flash(rejected.message)
        return redirect(request.url)

    client = app.test_client()
    for button, shown, hidden in (("audio", "<audio", "<img"), ("image", "<img", "<audio")):
        sent = {"uuid": ["1" * 23, button], "code": ""}
        response = client.post("/login", data=sent, follow_redirects=True)
        assert [each.status_code for each in response.history] == [302]
        assert shown in response.text
        assert hidden not in response.text
        assert "請輸入驗證碼" not in response.text
    # From the page with the sound, whose address has the button's name.
    response = client.post("/login?uuid=audio", data={"uuid": "1" * 23, "code": "12345"}, follow_redirects=True)
    assert (response.status_code, response.text.startswith("驗證碼已失效"), "<audio" in response.text) == (
        200,
        True,
        True,
    )
