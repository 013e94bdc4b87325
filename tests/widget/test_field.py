"""What ``captcha_field`` renders, without a browser."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from babel import Locale
from flask import Blueprint, Flask, render_template_string, request
from flask.testing import FlaskClient
from flask_caching import Cache
from flask_jwt_extended import JWTManager, create_access_token, get_jwt, get_jwt_identity, jwt_required

from flask_captcha_api import CaptchaApi, Challenge, StoreUnavailable, verify_captcha
from flask_captcha_api.service import CaptchaService
from flask_captcha_api.signals import captcha_issued
from flask_captcha_api.testing import answers
from flask_captcha_api.widget.assets import SCRIPT, STYLESHEET, file_url
from flask_captcha_api.widget.field import captcha_field

from ..conftest import ANSWER
from ..support.paths import PACKAGE
from ..support.widget import DIGEST, SCRIPT_URL, STATIC


class Element(HTMLParser):
    """The element and what stands in it: the attributes of each tag, in order, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str, /, **attributes: str) -> list[dict[str, str | None]]:
        return [found for name, found in self.tags if name == tag and attributes.items() <= found.items()]

    def one(self, tag: str, /, **attributes: str) -> dict[str, str | None]:
        (found,) = self.all(tag, **attributes)
        return found


@pytest.fixture
def page(app: Flask, captcha: CaptchaApi) -> str:
    """Serve a page with a field below /page; returns its path. The query gives the arguments, in Python."""

    @app.route("/page", methods=["GET", "POST"])
    def shown() -> str:
        return render_template_string("{{ captcha_field(" + request.args.get("with", "'web'") + ") }}")

    return "/page"


def rendered(client: FlaskClient, arguments: str = "'web'", **request: Any) -> Element:
    """Render a field with these arguments."""
    method = client.post if "data" in request else client.get
    response = method("/page", query_string={"with": arguments}, **request)
    assert response.status_code == 200, response.text
    return Element(response.text)


def test_what_the_script_takes_over(client: FlaskClient, page: str) -> None:
    """The element holds what the script looks for, and its uuid can be solved."""
    with answers(client.application, ANSWER):
        element = rendered(client)
    assert element.one("captcha-field") == {
        "source": "web", "uuid-name": "uuid", "text-name": "code", "data-kind": "digits", "data-expires-in": "300",
        "data-length": "5", "data-hints": "length",
    }  # fmt: skip
    assert element.one("script") == {"type": "module", "src": SCRIPT_URL}
    assert element.one("link")["href"] == SCRIPT_URL.replace(SCRIPT, STYLESHEET)
    assert str(element.one("img")["src"]).startswith("data:image/jpeg;base64,/9j/")
    uuid = element.one("input", type="hidden")["value"]
    response = client.post("/captcha/web", json={"uuid": uuid, "code": ANSWER})
    assert response.get_json()["response"] == "ok"


def test_the_form_without_javascript(client: FlaskClient, page: str) -> None:
    """Label, alternative text, key pad and buttons are there, and Return does not press one of the buttons."""
    element = rendered(client, "'web', lang='en'")
    text = element.one("input", name="code")
    assert element.one("label")["for"] == text["id"]
    assert {name: text[name] for name in ("inputmode", "autocomplete", "autocapitalize", "spellcheck", "dir")} == {
        "inputmode": "numeric", "autocomplete": "off", "autocapitalize": "off", "spellcheck": "false", "dir": "ltr",
    }  # fmt: skip
    assert element.one("img")["alt"] == (
        "Captcha: type the digits in this picture. If you cannot see it, choose “Listen”."
    )
    first, *buttons = element.all("button")
    assert (first.get("name"), first["aria-hidden"]) == (None, "true")
    assert buttons == [{"name": "uuid", "value": form, "formnovalidate": None} for form in ("image", "audio")]


def test_names_and_attributes(client: FlaskClient, page: str) -> None:
    """Names, id, language, error and nonce go where they belong, and nothing of them is taken for HTML."""
    element = rendered(client, "'web', uuid='a', text='b', id='x', lang='ja', error='<b>&', nonce='n'")
    host = element.one("captcha-field")
    assert [host[name] for name in ("uuid-name", "text-name", "id", "lang", "error")] == ["a", "b", "x", "ja", "<b>&"]
    assert element.one("input", type="hidden")["name"] == "a"
    text = element.one("input", name="b")
    error, hint = (element.one("span", **{"class": name}) for name in ("captcha-error", "captcha-hint"))
    assert text["aria-describedby"] == f"{error['id']} {hint['id']}"
    assert text["aria-invalid"] == "true"
    assert element.one("script")["nonce"] == element.one("link")["nonce"] == "n"
    assert "<b>&" in element.text
    assert "画像の数字" in element.text


@pytest.mark.parametrize(
    ("configured", "accepted", "label"),
    [("zh-Hant", "en", "圖中的數字"), ("en", "ja", "Digits in the picture"), ("auto", "ja", "画像の数字")],
)
def test_the_language_without_javascript(configured: str, accepted: str, label: str) -> None:
    """Without ``lang`` it is that of the messages."""
    app = Flask("app")
    app.config.update(SECRET_KEY="s", CAPTCHA_LANGUAGE=configured)
    CaptchaApi(app)
    with app.test_request_context(headers={"Accept-Language": accepted}):
        assert f">{label}</label>" in captcha_field("web")


@pytest.mark.parametrize(
    ("locale", "attribute", "label"),
    [
        (Locale("sw", "KE"), "sw-KE", "Digits in the picture"),
        (Locale("zh", "TW", "Hant"), "zh-Hant-TW", "圖中的數字"),
        (Locale.parse("zh_Hans_CN"), "zh-Hans-CN", "图中的数字"),
        ("ja_JP", "ja-JP", "画像の数字"),
        ("", None, "圖中的數字"),
    ],
    ids=str,
)
def test_the_language_may_be_a_locale(app: Flask, locale: object, attribute: str | None, label: str) -> None:
    """As Flask-Babel's ``get_locale()`` returns it: it becomes a tag that browsers know; no text is no language."""
    CaptchaApi(app)
    with app.test_request_context("/?uuid=audio"):
        element = Element(captcha_field("web", lang=locale))
        assert element.one("captcha-field").get("lang") == attribute
        assert captcha_field("web", lang=locale).count("<audio") == 1
    with app.test_request_context():
        assert f">{label}</label>" in captcha_field("web", lang=locale)


def test_a_query_that_is_no_text_asks_for_nothing(app: Flask) -> None:
    """A page that reads no query itself is shown, whatever bytes stand in it."""
    CaptchaApi(app)
    app.add_url_rule("/page", view_func=lambda: render_template_string('{{ captcha_field("web") }}'))
    page = app.test_client().get("/page", environ_overrides={"QUERY_STRING": "uuid=audio&\xff"})
    assert "data:image" in page.text


def test_the_page_is_not_stored(client: FlaskClient, page: str) -> None:
    """A page with a captcha must not be shown twice."""
    assert client.get(page).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("asked", "tag"), [("audio", "audio"), ("image", "img")])
def test_the_button_for_another_form(client: FlaskClient, page: str, asked: str, tag: str) -> None:
    """A form sent by one of the buttons is answered with a new captcha of the form that it asks for."""
    element = rendered(client, data={"uuid": ["17637696123458305712946", asked], "code": ANSWER})
    assert str(element.one(tag)["src"]).startswith("data:audio/wav" if asked == "audio" else "data:image/jpeg")
    assert [each["value"] for each in element.all("button", name="uuid")] == ["image", "audio"]


def test_a_button_is_told_no_error(client: FlaskClient, page: str) -> None:
    """A view may always say what was wrong: to whoever has only asked for a sound, nothing was."""
    element = rendered(client, "'web', error='Wrong.'", data={"uuid": ["17637696123458305712946", "audio"], "code": ""})
    assert "error" not in element.one("captcha-field")
    assert "Wrong." not in element.text


def test_a_button_passes_no_guard(app: Flask, client: FlaskClient, page: str) -> None:
    """With the answer beside it, a button's request does not pass, and the captcha is as good as before."""

    @app.post("/guarded")
    @verify_captcha("uuid", "code")
    def guarded() -> str:
        return "passed"

    with answers(app, ANSWER):
        uuid = str(rendered(client).one("input", type="hidden")["value"])
    for form in ("image", "audio"):
        response = client.post("/guarded", data={"uuid": [uuid, form], "code": ANSWER})
        assert (response.status_code, response.get_json()["code"]) == (400, "01001")
    assert client.post("/guarded", data={"uuid": uuid, "code": ANSWER}).text == "passed"


def test_without_sound() -> None:
    """A source without sound, and a kind that there are no words for, offer none, whatever is asked."""
    app = Flask("app")
    app.config.update(SECRET_KEY="s", CAPTCHA_SOURCES={"quiet": {"audio": False}, "own": {"kind": "own"}})
    CaptchaApi(app, kinds={"own": lambda length: Challenge("1+2=?", "3")})
    for source in ("quiet", "own"):
        with app.test_request_context(method="POST", data={"uuid": ["", "audio"]}):
            element = Element(captcha_field(source))
        assert "nosound" in element.one("captcha-field")
        assert element.all("button", value="audio") == element.all("audio") == []
        assert "語音" not in str(element.one("img")["alt"])


def test_the_captcha_is_bound_to_the_token_of_the_request() -> None:
    """By the rules of the routes: to the identity, to nobody, or not at all where a token is required and absent."""
    app = Flask("app")
    app.config.update(
        SECRET_KEY="a secret of the tests, of 32 bytes", CAPTCHA_SOURCES={"web": {}, "members": {"jwt": "required"}}
    )
    captcha = CaptchaApi(app)
    JWTManager(app)
    with app.app_context():
        bearer = {"Authorization": f"Bearer {create_access_token('ann')}"}
    for headers, identity in ((bearer, "ann"), ({}, None)):
        with answers(app, ANSWER), app.test_request_context(headers=headers):
            uuid = Element(captcha_field("web")).one("input", type="hidden")["value"]
            assert captcha.verify(uuid, ANSWER, identity=identity)
    with app.test_request_context():
        element = Element(captcha_field("members", lang="en"))
    assert element.all("input") == []
    assert "Not authorised" in element.text
    assert element.one("script")["src"] == SCRIPT_URL


def test_the_view_keeps_its_own_token() -> None:
    """Whose request it is for the view does not change with the widget, which looks at the header alone."""
    app = Flask(__name__)
    app.config.update(SECRET_KEY="s" * 32, JWT_TOKEN_LOCATION=["cookies", "headers"])
    JWTManager(app)
    CaptchaApi(app)

    @app.get("/")
    @jwt_required(optional=True, locations=["cookies"])  # type: ignore[untyped-decorator]  # it has no types
    def page() -> list[Any]:
        identities = [get_jwt_identity(), render_template_string("{{ captcha_field('web') }}") and get_jwt_identity()]
        return [*identities, get_jwt().get("sub")]

    with app.app_context():
        in_cookie, in_header = create_access_token("ann"), create_access_token("bob")
    client = app.test_client()
    headers = {"Authorization": f"Bearer {in_header}"}
    assert client.get("/", headers=headers).get_json() == [None, None, None]
    client.set_cookie("access_token_cookie", in_cookie)
    assert client.get("/", headers=headers).get_json() == ["ann", "ann", "ann"]


def test_an_outage_does_not_take_the_page_along(
    client: FlaskClient, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the store down the page is served, without a captcha and with a sentence for those without JavaScript."""

    def fail(*_: object, **__: object) -> None:
        raise StoreUnavailable("down, for a test")

    monkeypatch.setattr(CaptchaService, "issue", fail)
    element = rendered(client, "'web', lang='en'")
    assert element.all("input") == []
    assert "The service is temporarily unavailable" in element.text


def test_a_source_that_does_not_exist(app: Flask, client: FlaskClient, page: str) -> None:
    """A name that is none is the programmer's mistake."""
    with app.test_request_context(), pytest.raises(LookupError, match="no source"):
        captcha_field("no source")


def test_outside_a_request(app: Flask, captcha: CaptchaApi) -> None:
    """The error says what is missing, as when a mail is rendered in a command."""
    with (
        app.app_context(),
        pytest.raises(RuntimeError, match=r"outside a request.*test_request_context\(\)"),
    ):
        render_template_string("{{ captcha_field('login') }}")


def test_urls_follow_the_mount() -> None:
    """Below a prefix, a parent blueprint and the server's own path the script is found; unmounted it is not."""
    app = Flask("app")
    app.config["SECRET_KEY"] = "s"
    routes = CaptchaApi(url_prefix=None).init_app(app)
    with app.test_request_context(), pytest.raises(RuntimeError, match="not mounted: register the blueprint"):
        file_url(SCRIPT)
    parent = Blueprint("api", __name__, url_prefix="/api")
    parent.register_blueprint(routes, url_prefix="/human")
    app.register_blueprint(parent)
    with app.test_request_context(base_url="http://localhost/mounted"):
        assert file_url(SCRIPT) == f"/mounted/api/human/static/{DIGEST}/{SCRIPT}"
        assert f'src="/mounted/api/human/static/{DIGEST}/{SCRIPT}"' in captcha_field("web")
    assert app.test_client().get(f"/api/human/static/{DIGEST}/{SCRIPT}").status_code == 200


def test_a_function_of_the_apps_own_stays() -> None:
    """Where a template's ``captcha_field`` is the app's own already, it is left alone."""
    app = Flask("app")
    app.config["SECRET_KEY"] = "s"
    app.jinja_env.globals["captcha_field"] = "mine"
    CaptchaApi(app)
    assert app.jinja_env.globals["captcha_field"] == "mine"


def test_a_body_that_cannot_be_read_asks_for_nothing(app: Flask, client: FlaskClient, page: str) -> None:
    """An error page may show the form: there the body may be too large to read."""
    app.config["MAX_CONTENT_LENGTH"] = 10
    element = rendered(client, data={"uuid": ["", "audio"], "code": "x" * 100})
    assert element.one("img")


def test_more_attributes_of_the_element(app: Flask, captcha: CaptchaApi) -> None:
    """They are escaped; a placeholder is also that of the text field; what is false is left out."""
    attributes = {"class": 'a"b', "placeholder": "5 <digits>", "hidden": True, "title": None, "data-x": False}
    with app.test_request_context():
        field = str(captcha_field("web", attributes=attributes))
    assert ' class="a&#34;b" placeholder="5 &lt;digits&gt;" hidden="" data-expires-in="300" data-kind="digits"' in field
    assert field.count(' placeholder="5 &lt;digits&gt;"') == 2
    assert "title" not in field
    assert "data-x" not in field


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("error", "which the widget sets itself"),
        ("VALUE", "which the widget sets itself"),
        ("a b", "Invalid character"),
    ],
)
def test_attributes_that_the_widget_cannot_have(app: Flask, captcha: CaptchaApi, name: str, message: str) -> None:
    """Neither its own, nor one that would end the tag."""
    with app.test_request_context(), pytest.raises(ValueError, match=message):
        captcha_field("web", attributes={name: "x"})


def test_every_class_has_the_prefix_of_the_package(client: FlaskClient, page: str) -> None:
    """Bootstrap and others style names such as ``row``. Neither does the style sheet define names of a page's own."""
    classes = set()
    for query in ({}, {"data": {"uuid": ["", "audio"]}}):
        for _, attributes in rendered(client, "'web', error='Wrong.'", **query).tags:
            classes.update((attributes.get("class") or "").split())
    assert classes == {f"captcha-{name}" for name in ("field", "row", "frame", "buttons", "quiet", "error", "hint")}
    for template in (PACKAGE / "widget" / "templates").rglob("*.html"):
        classes = set(" ".join(re.findall('class="([^"{]*)"', template.read_text(encoding="utf-8"))).split())
        assert {name for name in classes if not name.startswith("captcha-")} == set(), template.name
    style = (STATIC / STYLESHEET).read_text(encoding="utf-8")
    names = re.findall(r"(?:@keyframes\s+|(?<![\w)])\.)([a-z][\w-]*)", style)
    assert {name for name in names if not name.startswith("captcha-")} == set()


def test_without_the_script_a_source_with_work_says_so(app: Flask) -> None:
    """There is no form that could never pass, no captcha is issued, and the script is told of work alone."""
    app.config.update(CAPTCHA_LANGUAGE="en", CAPTCHA_WORK=1_000, CAPTCHA_WORK_ALONE=1_000)
    CaptchaApi(app)
    with app.test_request_context():
        rendered = str(captcha_field("web"))
    assert '<noscript><span lang="en" dir="ltr">This captcha needs JavaScript.' in rendered
    assert "<input" not in rendered
    assert re.search("<captcha-field [^>]* work", rendered)


def test_a_lazy_field_comes_without_a_captcha(client: FlaskClient, page: str) -> None:
    """None is issued, the page may be stored, and a button gets one by submitting the form."""
    with captcha_issued.connected_to(lambda *_, **__: pytest.fail("issued one"), client.application):
        response = client.get(page, query_string={"with": "'web', lang='en', lazy=True"})
    element = Element(response.text)
    assert "Cache-Control" not in response.headers
    assert element.one("captcha-field") == {
        "source": "web", "uuid-name": "uuid", "text-name": "code", "lang": "en", "lazy": None, "data-kind": "digits",
        "data-length": "5", "data-hints": "length",
    }  # fmt: skip
    assert element.all("img") == element.all("input") == element.all("noscript") == []
    assert element.one("button") == {"name": "uuid", "value": "image", "formnovalidate": None}
    assert element.text.split() == ["Show", "picture"]
    assert element.one("script") == {"type": "module", "src": SCRIPT_URL}


@pytest.mark.parametrize(
    "sent",
    [
        {"data": {"uuid": "image"}},
        {"data": {"name": "wrong"}},
        {"error": "error='Wrong.', "},
    ],
)
def test_a_lazy_field_that_is_in_use_has_a_captcha(client: FlaskClient, page: str, sent: dict[str, Any]) -> None:
    """In the response to a POST, such as to its button, and with an error."""
    more = sent.pop("error", "")
    query = {"with": f"'web', {more}lazy=True"}
    method = client.post if "data" in sent else client.get
    response = method(page, query_string=query, **sent)
    element = Element(response.text)
    assert element.one("img")
    assert "lazy" not in element.one("captcha-field")
    assert response.headers["Cache-Control"] == "no-store"


def test_no_query_puts_a_captcha_into_a_page_that_is_cached(app: Flask) -> None:
    """A cache of the app's goes by the path alone, and would give everybody the same captcha."""
    app.config.update(CAPTCHA_LANGUAGE="en")
    CaptchaApi(app)
    cache = Cache(app, config={"CACHE_TYPE": "SimpleCache"})

    @app.get("/footer")
    @cache.cached()
    def footer() -> str:
        return render_template_string("{{ captcha_field('web', lazy=True) }}")

    pages = [
        app.test_client().get(f"/footer{query}") for query in ("?uuid=image", "?uuid=1&uuid=image", "?uuid=audio", "")
    ]
    assert [Element(page.text).all("img") for page in pages] == [[], [], [], []]


@pytest.mark.parametrize(
    ("language", "lang", "vary"), [("auto", None, True), ("auto", "de", False), ("en", None, False)]
)
def test_a_lazy_page_says_that_its_language_was_asked_for(
    app: Flask, language: str, lang: str | None, vary: bool
) -> None:
    """A cache between would give it to visitors who read another."""
    app.config.update(CAPTCHA_LANGUAGE=language)
    CaptchaApi(app)
    app.add_url_rule(
        "/footer",
        view_func=lambda: captcha_field("web", lang=lang, lazy=True) + captcha_field("web", lang="fr", lazy=True),
    )
    assert app.test_client().get("/footer").headers.get("Vary") == ("Accept-Language" if vary else None)


def test_a_lazy_field_of_a_source_with_work_needs_the_script(app: Flask) -> None:
    """The button could not help."""
    app.config.update(CAPTCHA_LANGUAGE="en", CAPTCHA_WORK=1_000)
    CaptchaApi(app)
    with app.test_request_context():
        element = Element(str(captcha_field("web", lazy=True)))
    assert "lazy" in element.one("captcha-field")
    assert element.all("button") == []
    assert "This captcha needs JavaScript." in element.text
