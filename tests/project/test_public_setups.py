"""Apps set up as public ones are: the parts of FlaskBB, Superset and CTFd that a captcha has to get along with."""

import re
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, abort, render_template_string, request, session
from flask_caching import Cache
from flask_limiter import Limiter
from flask_talisman import Talisman
from flask_wtf import CSRFProtect, FlaskForm
from wtforms import StringField
from wtforms.validators import InputRequired

from flask_captcha_api import CaptchaApi, CaptchaRejected, verify_captcha
from flask_captcha_api.testing import answers
from flask_captcha_api.wtf import CaptchaField

from ..conftest import ANSWER

WRONG = "The captcha is wrong, please try again"


@pytest.fixture
def app() -> Flask:
    app = Flask("app")
    app.config.update(SECRET_KEY="a secret of the tests", CAPTCHA_LANGUAGE="en")
    return app


def solved(app: Flask, source: str, uuid: str = "captcha-uuid", text: str = "captcha") -> dict[str, str]:
    """Return the fields of a form that has solved a captcha of a source."""
    with answers(app, ANSWER):
        return {uuid: app.test_client().get(f"/captcha/{source}").get_json()["response"]["uuid"], text: ANSWER}


FORUM_PAGE = """
{% macro field(field) %}<div class="form-group {{ 'has-error' if field.errors }}">
  {{ field.label(class="control-label") }}{{ field(class="form-control", placeholder=field.label.text, **kwargs) }}
  {% for error in field.errors %}<span class="help-block">{{ error }}</span>{% endfor %}</div>{% endmacro %}
<form method="post">{{ form.hidden_tag() }}{{ field(form.username) }}{{ field(form.captcha) }}{{ field(form.email) }}
</form>"""


def test_a_forum_whose_macros_render_every_field(app: Flask) -> None:
    """As in FlaskBB: CSRF protection, a limiter with default limits, and a captcha between other fields.

    Label and error of the captcha stand once, a button without JavaScript judges no field, and the right captcha with
    the token registers.
    """

    class RegisterForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
        username = StringField("Username", [InputRequired("A name, please.")])
        captcha = CaptchaField("Captcha", source="register", in_macro=True)
        email = StringField("Email", [InputRequired("An address, please.")])

    CSRFProtect(app)
    limiter = Limiter(lambda: str(request.remote_addr), app=app, default_limits=["3 per hour"], storage_uri="memory://")
    blueprint = CaptchaApi().init_app(app)
    limiter.exempt(blueprint)

    @app.route("/register", methods=["GET", "POST"])
    @limiter.exempt
    def register() -> str:
        form = RegisterForm()
        return "registered" if form.validate_on_submit() else render_template_string(FORUM_PAGE, form=form)

    client = app.test_client()
    page = client.get("/register").text
    assert [page.count(text) for text in ('for="captcha"', "Digits in the picture</label>")] == [0, 1]
    fields = {"csrf_token": re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)[1]}  # type: ignore[index]

    pressed = client.post("/register", data={**fields, "captcha-uuid": ["1" * 23, "audio"], "captcha": ""}).text
    assert "<audio" in pressed
    assert "help-block" not in pressed.replace('<span class="help-block"></span>', "")
    refused = client.post("/register", data={**fields, **solved(app, "register"), "captcha": "11111"}).text
    assert refused.count(WRONG) == 2  # the attribute for the script, and the text without JavaScript
    assert "An address, please." in refused
    fields |= {"username": "ann", "email": "ann@example.com"}
    assert client.post("/register", data={**fields, **solved(app, "register")}).text == "registered"
    assert [client.get("/captcha/register").status_code for _ in range(5)] == [200] * 5


CACHES = ("CACHE_CONFIG", "DATA_CACHE_CONFIG", "THUMBNAIL_CACHE_CONFIG", "FILTER_STATE_CACHE_CONFIG", "EXPLORE_CONFIG")


def test_a_dashboard_with_several_caches_and_nonces(app: Flask, tmp_path: Path) -> None:
    """As in Superset: five Caches, none of them for captchas, and a policy that runs no script without a nonce."""
    for number, name in enumerate(CACHES):
        Cache(app, config={"CACHE_TYPE": "SimpleCache" if number else "NullCache", "CACHE_NO_NULL_WARNING": True})
        app.config[name] = {"CACHE_TYPE": "SimpleCache"}
    app.config["CAPTCHA_CACHE"] = {"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": str(tmp_path), "CACHE_THRESHOLD": 0}
    CSRFProtect(app)
    policy = {"default-src": "'self'", "img-src": "'self' data:", "media-src": "'self' data:"}
    policy |= {"script-src": "'strict-dynamic'", "object-src": "'none'"}
    Talisman(app, force_https=False, content_security_policy=policy, content_security_policy_nonce_in=["script-src"])
    CaptchaApi(app)

    class RegisterUserForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
        captcha = CaptchaField(source="register", before_others=True)

    @app.route("/register/form", methods=["GET", "POST"])
    def register() -> str:
        form = RegisterUserForm(meta={"csrf": False})
        if form.validate_on_submit():
            return "registered"
        return render_template_string("{{ form.captcha(nonce=csp_nonce()) }}", form=form)

    app.extensions["csrf"].exempt(register)
    response = app.test_client().get("/register/form")
    nonces = re.findall(r'nonce="([^"]+)"', response.text)
    assert len(nonces) == 2
    assert f"script-src 'strict-dynamic' 'nonce-{nonces[0]}'" in response.headers["Content-Security-Policy"]
    assert app.test_client().post("/register/form", data=solved(app, "register")).text == "registered"
    assert (
        app.test_client().post("/register/form", data=solved(app, "register") | {"captcha": "1"}).text != "registered"
    )
    assert len(list(tmp_path.iterdir())) == 2  # the captchas of the two pages that were shown


WTFORMS_JSON = """
import wtforms_json
wtforms_json.init()
from flask import Flask
from flask_wtf import FlaskForm
from wtforms import StringField
from flask_captcha_api import CaptchaApi
from flask_captcha_api.testing import answers
from flask_captcha_api.wtf import CaptchaField

app = Flask("app")
app.config.update(SECRET_KEY="a secret of the tests", WTF_CSRF_ENABLED=False)
CaptchaApi(app)

class Form(FlaskForm):
    name = StringField()
    captcha = CaptchaField(source="web")

for text, passes in (("40718", True), ("11111", False)):
    with answers(app, "40718"):
        uuid = app.test_client().get("/captcha/web").get_json()["response"]["uuid"]
    with app.test_request_context(method="POST", data={"captcha-uuid": uuid, "captcha": text}):
        assert Form().validate_on_submit() is passes
"""


def test_forms_that_wtforms_json_has_patched() -> None:
    """As in Superset, which replaces methods of every field; in a process of its own, since it does so for good."""
    command = [sys.executable, "-W", "ignore", "-c", WTFORMS_JSON]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_contest_with_its_own_csrf_check_and_hooks(app: Flask, tmp_path: Path) -> None:
    """As in CTFd: the app's hooks check a nonce of the session, answer what has no route, and run before all else."""
    app.config.update(CACHE_TYPE="FileSystemCache", CACHE_DIR=str(tmp_path), CACHE_THRESHOLD=0)

    @app.before_request
    def check_csrf() -> None:
        if request.endpoint not in app.view_functions:
            abort(404)
        session.setdefault("nonce", secrets.token_hex())
        if request.method == "POST" and request.form.get("nonce") != session["nonce"]:
            abort(403)

    @app.errorhandler(404)
    def page_not_found(error: Exception) -> tuple[str, int]:
        return "<h1>404</h1>", 404

    Cache(app)
    CaptchaApi(app)

    def show(error: str | None = None) -> str:
        page = '<input name="nonce" value="{{ session.nonce }}">{{ captcha_field("register", error=error) }}'
        return render_template_string(page, error=error)

    @app.errorhandler(CaptchaRejected)
    def show_again(rejected: CaptchaRejected) -> Any:
        return show(rejected.message), rejected.code

    @app.route("/register", methods=["GET", "POST"])
    @verify_captcha("uuid", "code", source="register", except_methods=("GET",))
    def register() -> str:
        return "registered" if request.method == "POST" else show()

    client: Any = app.test_client()
    nonce = re.search(r'name="nonce" value="(\w+)"', client.get("/register").text)
    assert nonce is not None
    fields = {"nonce": nonce[1], **solved(app, "register", "uuid", "code")}
    assert client.post("/register", data=fields | {"nonce": "another"}).status_code == 403  # and nothing is spent
    refused = client.post("/register", data=fields | solved(app, "register", "uuid", "code") | {"code": "11111"})
    assert (refused.status_code, WRONG in refused.text) == (422, True)
    assert client.post("/register", data=fields).text == "registered"
    assert client.get("/captcha/no.such").get_json()["code"] == "01004"
    assert client.get("/no-such-page").text == "<h1>404</h1>"
