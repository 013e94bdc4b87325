"""What an app's hooks and browsers' headers say of caching and languages, and that it cannot cost or leak anything."""

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest
from flask import Flask, Response, render_template_string
from flask.testing import FlaskClient
from flask_jwt_extended import JWTManager, create_access_token

from flask_captcha_api import CaptchaApi, verify_captcha

CACHING = {
    "Expires": "Thu, 01 Jan 2099 00:00:00 GMT",
    "ETag": '"1"',
    "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT",
    "CDN-Cache-Control": "max-age=60",
    "Cloudflare-CDN-Cache-Control": "max-age=60",
    "Surrogate-Control": "max-age=60",
    "X-Accel-Expires": "60",
}


def make_cacheable(response: Response) -> Response:
    """Do what apps do to have everything cached."""
    response.headers["Cache-Control"] = "public, max-age=60"
    response.headers.extend(CACHING)
    response.last_modified = datetime.now(timezone.utc)
    response.vary.add("Accept-Encoding")
    return response


def set_up(app: Flask, **mounting: Any) -> FlaskClient:
    app.config["JWT_SECRET_KEY"] = "a key that is long enough for HS256"
    app.config["CAPTCHA_SOURCES"] = {"web": {}}
    JWTManager(app)
    CaptchaApi(app, **mounting)
    app.add_url_rule("/guarded", "guarded", verify_captcha()(lambda: "in"), methods=["POST"])
    app.add_url_rule("/page", "page", lambda: render_template_string('{{ captcha_field("web") }}'))
    app.add_url_rule("/plain", "plain", lambda: "plain")
    return app.test_client()


def hook_first(app: Flask) -> FlaskClient:
    app.after_request(make_cacheable)
    return set_up(app)


def hook_last(app: Flask) -> FlaskClient:
    client = set_up(app)
    app.after_request(make_cacheable)
    return client


@pytest.mark.parametrize("start", [hook_first, hook_last])
def test_no_hook_of_the_app_makes_us_cacheable(app: Flask, start: Callable[[Flask], FlaskClient]) -> None:
    """Captchas, tokens, errors, rejections and pages with the widget are no-store, and no other header says else."""
    client = start(app)
    with app.app_context():
        token = {"Authorization": f"Bearer {create_access_token('alice')}"}
    responses = [
        client.get("/captcha/web", headers=token),
        client.get("/captcha/web/audio"),
        client.head("/captcha/web"),
        client.get("/captcha/other"),
        client.get("/captcha/no/such/path"),
        client.post("/captcha/web"),
        client.post("/guarded"),
        client.get("/page"),
    ]
    assert [response.status_code for response in responses] == [200, 200, 200, 404, 404, 400, 400, 200]
    for response in responses:
        assert response.headers.getlist("Cache-Control") == ["no-store"]
        assert not CACHING.keys() & set(response.headers.keys())
        assert response.headers["Vary"] == "Accept-Encoding"
    assert responses[0].headers["Authorization"] == token["Authorization"]


@pytest.mark.parametrize("start", [hook_first, hook_last])
def test_other_pages_are_left_to_the_app(app: Flask, start: Callable[[Flask], FlaskClient]) -> None:
    """A page without the widget, and the widget's files, keep what the app says of caching."""
    client = start(app)
    client.get("/page")
    for path in ("/plain", "/captcha/static/latest/captcha-field.js"):
        response = client.get(path)
        assert response.headers["Cache-Control"] == "public, max-age=60"
        assert set(response.headers.keys()) >= CACHING.keys()


def test_a_page_of_a_nested_blueprint(app: Flask) -> None:
    """The page is no-store, too, where the app mounts the routes itself."""
    app.config["CAPTCHA_SOURCES"] = {"web": {}}
    app.register_blueprint(CaptchaApi().init_app(app, url_prefix=None), url_prefix="/elsewhere")
    app.after_request(make_cacheable)
    app.add_url_rule("/page", "page", lambda: render_template_string('{{ captcha_field("web") }}'))
    assert app.test_client().get("/page").headers["Cache-Control"] == "no-store"
