"""Where the routes can be mounted, and that errors below the mount stay in the envelope."""

from collections.abc import Callable

import pytest
from flask import Blueprint, Flask, abort, request

from flask_captcha_api import CaptchaApi, SetupError, is_captcha_request

from ..support.http.envelopes import envelope

UNKNOWN = envelope("source_unknown")


def configured(app: Flask) -> Flask:
    app.config.update(SECRET_KEY="a secret of the tests", SERVER_NAME="example.test")
    return app


def mount(app: Flask, subdomain: str) -> None:
    app.register_blueprint(CaptchaApi(url_prefix=None).init_app(app), subdomain=subdomain)


def mount_nested(app: Flask, subdomain: str) -> None:
    parent = Blueprint("parent", __name__, subdomain=subdomain)
    parent.register_blueprint(CaptchaApi(url_prefix=None).init_app(app))
    app.register_blueprint(parent)


@pytest.mark.parametrize("way", [mount, mount_nested])
def test_a_subdomain_with_a_variable_is_refused(way: Callable[[Flask, str], None]) -> None:
    """As a prefix with one: the views take a source and nothing else, so every request would be a 500."""
    app = configured(Flask("app", subdomain_matching=True))
    with pytest.raises(ValueError, match="the subdomain '<tenant>' has a variable"):
        way(app, "<tenant>")


@pytest.mark.parametrize("way", [mount, mount_nested])
def test_a_subdomain_that_the_app_ignores_is_refused(way: Callable[[Flask, str], None]) -> None:
    """Flask would answer each request with 404."""
    with pytest.raises(ValueError, match=r"'api', and the app ignores .* subdomain_matching=True"):
        way(configured(Flask("app")), "api")


def test_the_default_subdomain_is_none_that_the_app_ignores() -> None:
    """It is the one that Flask uses without subdomain_matching."""
    app = configured(Flask("app"))
    app.url_map.default_subdomain = "api"
    mount(app, "api")
    assert app.test_client().get("http://api.example.test/captcha/web").status_code == 200


def test_host_matching_is_refused() -> None:
    """Routes of a blueprint have no host, so none would be found; without routes the extension works."""
    app = configured(Flask("app", host_matching=True, static_host="example.test"))
    with pytest.raises(SetupError, match="host_matching=True"):
        CaptchaApi(app)
    app = configured(Flask("app", host_matching=True, static_host="example.test"))
    captcha = CaptchaApi(app, url_prefix=None)
    with app.app_context():
        assert captcha.issue("web").uuid


def test_errors_below_a_subdomain_in_capitals() -> None:
    """Hosts are matched without regard to case, for errors too."""
    app = configured(Flask("app", subdomain_matching=True))
    mount(app, "api")
    response = app.test_client().get(
        "http://API.example.test/captcha/web/nothing", headers={"Host": "API.Example.test"}
    )
    assert (response.status_code, response.get_json()) == (404, UNKNOWN)


def test_no_hook_of_the_app_answers_for_paths_below_the_mount(app: Flask) -> None:
    """A hook that was there first, and answers what has no route, is asked about the app's own paths only."""

    @app.before_request
    def own_page_for_what_is_not_found() -> None:
        if request.routing_exception is not None:
            abort(404, "a page of the app")

    CaptchaApi(app)
    client = app.test_client()
    assert client.get("/captcha/web/nothing").get_json() == UNKNOWN
    assert client.put("/captcha/web").get_json()["code"] == "01008"
    assert "a page of the app" in client.get("/captchas").text


@pytest.mark.parametrize("way", [mount, mount_nested])
def test_a_hook_knows_the_captcha_routes(way: Callable[[Flask, str], None]) -> None:
    """Wherever they are mounted, with the widget's files, and not the app's own routes or paths without one."""
    app = configured(Flask("app", subdomain_matching=True))
    way(app, "api")
    app.add_url_rule("/captcha/web", "own", lambda: "the app's own")
    of_captchas = []

    @app.before_request
    def note() -> None:
        of_captchas.append(is_captcha_request())

    client = app.test_client()
    paths = ("web", "web/audio", "openapi.json", "static/latest/captcha-field.js")
    for path in paths:
        assert client.get(f"http://api.example.test/captcha/{path}").status_code == 200
    client.post("http://api.example.test/captcha/web")
    client.get("http://example.test/captcha/web")
    client.get("http://example.test/nothing")
    assert of_captchas == [True] * 5 + [False] * 2


def test_an_app_without_captchas_has_no_captcha_requests() -> None:
    """A hook that is shared between apps gets an error that says what is missing."""
    with Flask("app").test_request_context(), pytest.raises(RuntimeError, match="this app has no CaptchaApi"):
        is_captcha_request()
