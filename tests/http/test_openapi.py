"""The description of the routes: where it is served, what it says by the settings, and that answers are as it says."""

from collections.abc import Callable
from itertools import product
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from flask import Blueprint, Flask
from flask.testing import FlaskClient
from flask_jwt_extended import JWTManager, create_access_token
from PIL import Image
from werkzeug.test import TestResponse

from flask_captcha_api import CaptchaApi, Kind
from flask_captcha_api.challenges.makers import digits
from flask_captcha_api.http.openapi.results import error_response
from flask_captcha_api.http.results import Result
from flask_captcha_api.rendering import FORMS

from ..conftest import ANSWER
from ..support.backends import NaiveCache
from ..support.http.envelopes import CAPTCHA_HEADERS, envelope
from ..support.http.forms import EVERY_FORM, EVERY_FORM_OF_APP

Json = dict[str, Any]

SOURCES = {
    "web": {"length": 6, "format": "png", "theme": "auto", **EVERY_FORM},
    "sms": {"kind": "letters", "ttl": 60, "audio": False},
}
#: What a server adds to any response, and what other origins may read.
OF_ANY_RESPONSE = {"Content-Type", "Content-Length", "Access-Control-Expose-Headers"}
SOURCE_UNKNOWN = envelope("source_unknown")


def described(app: Flask, path: str = "/captcha/openapi.json", **request: Any) -> Json:
    """Return the description that an app serves."""
    response = app.test_client().get(path, **request)
    assert (response.status_code, response.mimetype) == (200, "application/json")
    description: Json = response.get_json()
    return description


def set_up(app: Flask, *, tokens: bool = False, **settings: Any) -> Flask:
    """Give an app the routes, and tokens if it is to have them."""
    app.config.update(settings)
    if tokens:
        app.config.setdefault("JWT_SECRET_KEY", "a key that is long enough for HS256")
        JWTManager(app)
    CaptchaApi(app)
    return app


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"CAPTCHA_JWT": "off", "CAPTCHA_AUDIO": False},
        {"tokens": True, "CAPTCHA_SOURCES": SOURCES, "CAPTCHA_LANGUAGE": "auto"},
        {"tokens": True, "CAPTCHA_JWT": "required", "JWT_HEADER_NAME": "X-Token", "JWT_HEADER_TYPE": ""},
    ],
    ids=["default", "least", "most", "other header"],
)
def test_it_is_openapi(app: Flask, settings: Json) -> None:
    """Whatever the settings, the description keeps to the schema of OpenAPI 3.1."""
    schemathesis.openapi.from_dict(described(set_up(app, **settings))).validate()


def mounted_by_prefix(app: Flask) -> None:
    CaptchaApi(app, url_prefix="/api/v1/captcha")


def mounted_in_a_parent(app: Flask) -> None:
    parent = Blueprint("parent", __name__, url_prefix="/parent")
    parent.register_blueprint(CaptchaApi(url_prefix=None).init_app(app))
    app.register_blueprint(parent)


def mounted_at_the_root(app: Flask) -> None:
    CaptchaApi(app, url_prefix="/")


@pytest.mark.parametrize(
    ("mount", "path", "request_settings", "server"),
    [
        (CaptchaApi, "/captcha/openapi.json", {}, "/captcha"),
        (CaptchaApi, "/captcha/openapi.json", {"environ_overrides": {"SCRIPT_NAME": "/below"}}, "/below/captcha"),
        (mounted_by_prefix, "/api/v1/captcha/openapi.json", {}, "/api/v1/captcha"),
        (mounted_in_a_parent, "/parent/captcha/openapi.json", {}, "/parent/captcha"),
        (mounted_at_the_root, "/openapi.json", {}, "/"),
    ],
    ids=["default", "application below a path", "prefix", "nested", "root"],
)
def test_the_server_is_where_the_routes_are(
    app: Flask, mount: Callable[[Flask], Any], path: str, request_settings: Json, server: str
) -> None:
    """The URL below which the paths are is that of the mount which was asked."""
    mount(app)
    assert described(app, path, **request_settings)["servers"] == [{"url": server}]


def test_the_server_of_a_subdomain_is_the_one_asked() -> None:
    """Below a subdomain the URL is relative to it."""
    app = Flask("app", subdomain_matching=True)
    app.config.update(SECRET_KEY="a secret of the tests", SERVER_NAME="example.test")
    app.register_blueprint(CaptchaApi(url_prefix=None).init_app(app), subdomain="api")
    path = "http://api.example.test/captcha/openapi.json"
    assert described(app, path)["servers"] == [{"url": "/captcha"}]


@pytest.mark.parametrize(("method", "body"), [("GET", SOURCE_UNKNOWN), ("HEAD", None)])
def test_it_can_be_switched_off(app: Flask, method: str, body: Json | None) -> None:
    """With CAPTCHA_OPENAPI off the path is as unknown as any other."""
    client = set_up(app, CAPTCHA_OPENAPI=False).test_client()
    response = client.open("/captcha/openapi.json", method=method)
    assert (response.status_code, response.get_json(silent=True)) == (404, body)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_it_can_only_be_read(client: FlaskClient, method: str) -> None:
    """Another method finds no source of that name, or no such method: the name is taken from nobody."""
    response = client.open("/captcha/openapi.json", method=method, json={})
    assert response.get_json()["code"] == {"POST": "01004", "PUT": "01008"}[method]


def test_any_name_is_a_source(app: Flask) -> None:
    """Without CAPTCHA_SOURCES the description says what a name looks like, and which one is not to be had."""
    paths = described(set_up(app, **EVERY_FORM_OF_APP))["paths"]
    name = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,32}$", "not": {"enum": ["static"]}}
    assert {path: item["parameters"][0]["schema"] for path, item in paths.items()} == {
        f"/{{source}}{form.path}": name for form in FORMS.values()
    }


@pytest.mark.parametrize("themes", [("light", "dark"), ("light", "auto")])
def test_the_theme_in_the_query(app: Flask, themes: tuple[str, str]) -> None:
    """It is described for the forms that depend on it, and where some source reads it."""
    sources = {"web": {"theme": themes[0]}, "app": {"theme": themes[1], "work_alone": 1_000}}
    paths = described(set_up(app, CAPTCHA_SOURCES=sources))["paths"]
    found = {
        (path, method)
        for path, item in paths.items()
        for method in ("get", "head", "post")
        for parameter in item.get(method, {}).get("parameters", ())
        if (parameter["name"], parameter["in"]) == ("theme", "query")
    }
    with_theme = {f"/{{source}}{form.path}" for form in FORMS.values() if form.has_theme and "auto" in themes}
    assert found == set(product(with_theme, ("get", "head")))
    assert (("/{source}", "get") in found) is ("auto" in themes)


def test_sources_are_named(app: Flask) -> None:
    """With CAPTCHA_SOURCES the description lists them, for the sound those that have one, and what each may tell."""
    paths = described(set_up(app, CAPTCHA_SOURCES=SOURCES))["paths"]
    expected = {"/{source}": ["web", "sms"], "/{source}/audio": ["web"], "/{source}/work": ["web"]}
    for path, names in expected.items():
        assert paths[path]["parameters"][0]["schema"] == {"type": "string", "enum": names}


def test_the_headers_of_a_captcha_are_described(app: Flask) -> None:
    """Each with every value that it may have, by source and form."""
    paths = described(set_up(app, CAPTCHA_SOURCES=SOURCES))["paths"]
    told = {
        path: {
            name: header["schema"].get("enum")
            for name, header in item["get"]["responses"]["200"]["headers"].items()
            if name in CAPTCHA_HEADERS
        }
        for path, item in paths.items()
    }
    of_web = {
        "Captcha-Expires-In": [300],
        "Captcha-Kind": ["digits"],
        "Captcha-Length": [6],
        "Captcha-Media-Type": ["audio/wav"],
        "Captcha-Audio": ["yes"],
        "Captcha-Work": ["yes"],
    }
    of_both = {
        "Captcha-Expires-In": [60, 300],
        "Captcha-Kind": ["digits", "letters"],
        "Captcha-Length": [5, 6],
        "Captcha-Media-Type": ["image/jpeg", "image/png"],
        "Captcha-Audio": ["no", "yes"],
        "Captcha-Work": ["no", "yes"],
        "Captcha-Hints": ["length", "length case"],
    }
    others = {name: [value] for name, value in CAPTCHA_HEADERS.items()}
    expected = {
        "/{source}": {**others, **of_both},
        "/{source}/audio": {**others, **of_web},
        "/{source}/work": {"Captcha-Expires-In": [300]},
    }
    assert {path: told[path] for path in expected} == expected


@pytest.mark.parametrize(
    ("sources", "described_as"),
    [
        ({"a": {}, "b": {"kind": "letters", "length": 4}}, ([4, 5], True)),
        ({"a": {}, "b": {"kind": "arithmetic"}}, ([5], False)),
        ({"a": {"kind": "arithmetic"}}, None),
    ],
)
def test_the_length_of_an_answer(app: Flask, sources: dict[str, Any], described_as: Any) -> None:
    """It is described where at least one source has it, and as required where all have it."""
    headers = described(set_up(app, CAPTCHA_SOURCES=sources))["paths"]["/{source}"]["get"]["responses"]["200"][
        "headers"
    ]
    found = headers.get("Captcha-Length")
    assert (found and (found["schema"]["enum"], found["required"])) == described_as


def test_a_kind_that_cannot_have_a_sound_has_no_path_for_it(app: Flask) -> None:
    kinds = {"drawn": Kind(digits, draw=lambda *_: Image.new("L", (80, 40)))}
    app.config["CAPTCHA_SOURCES"] = {"web": {}, "own": {"kind": "drawn"}}
    CaptchaApi(app, kinds=kinds)
    paths = described(app)["paths"]
    assert paths["/{source}/audio"]["parameters"][0]["schema"]["enum"] == ["web"]


def test_without_sound_there_is_no_path_for_it(app: Flask) -> None:
    """Where no source has a sound, none is described."""
    paths = described(set_up(app, CAPTCHA_AUDIO=False))["paths"]
    assert ("/{source}" in paths, "/{source}/audio" in paths) == (True, False)


BEARER = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
MIXED = {"a": {"jwt": "required"}, "b": {"jwt": "off"}}


@pytest.mark.parametrize(
    ("settings", "security", "schemes"),
    [
        ({}, None, None),
        ({"tokens": True}, [{}, {"token": []}], BEARER),
        ({"tokens": True, "CAPTCHA_JWT": "off"}, None, None),
        ({"tokens": True, "CAPTCHA_JWT": "required"}, [{"token": []}], BEARER),
        ({"CAPTCHA_JWT": "required"}, [{"token": []}], BEARER),
        ({"tokens": True, "CAPTCHA_SOURCES": MIXED}, [{}, {"token": []}], BEARER),
        (
            {"tokens": True, "JWT_HEADER_NAME": "X-Token", "JWT_HEADER_TYPE": "JWT"},
            [{}, {"token": []}],
            {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Token",
                    "description": "A JWT after the word JWT and a space.",
                }
            },
        ),
    ],
    ids=["no manager", "optional", "off", "required", "required without a manager", "mixed", "other header"],
)
def test_tokens_are_asked_for_as_configured(app: Flask, settings: Json, security: Any, schemes: Any) -> None:
    """``security`` says whether a token is heeded or demanded, and 401 is described exactly where there may be one."""
    description = described(set_up(app, **EVERY_FORM_OF_APP, **settings))
    operations = [
        operation
        for item in description["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
    ]
    assert len(operations) == 2 * len(FORMS) + 1
    assert all(operation.get("security") == security for operation in operations)
    assert all(("401" in operation["responses"]) == (security is not None) for operation in operations)
    assert description["components"].get("securitySchemes") == schemes


def test_every_error_is_described(app: Flask) -> None:
    """Each row of the result table has its envelope and its response, be it given by an operation or by the router."""
    components = described(set_up(app))["components"]
    errors = [result for result in Result if result is not Result.SUCCESS]
    told = {
        name: (schema["properties"]["code"]["const"], schema["properties"]["stringCode"]["const"])
        for name, schema in components["schemas"].items()
    }
    assert told == {result.string_code: (result.code, result.string_code) for result in errors}
    assert set(components["responses"]) == {str(result.status) for result in errors}


def test_an_operation_has_no_results_of_others() -> None:
    """Of several with one status, it refers to their common description only if it can have all of them."""
    both = [Result.CAPTCHA_WRONG, Result.CAPTCHA_GONE]
    assert error_response(both) == {"$ref": "#/components/responses/422"}
    for result in both:
        schema = {"$ref": f"#/components/schemas/{result.string_code}"}
        assert error_response([result])["content"] == {"application/json": {"schema": schema}}
        told = [each.code in error_response([result])["description"] for each in both]
        assert told == [each is result for each in both]


class FlakyCache(NaiveCache):
    """A cache whose server comes and goes as the test says."""

    down = False

    def get(self, key: str) -> Any:
        if self.down:
            raise ConnectionError
        return super().get(key)

    def set(self, key: str, value: Any, timeout: Any = None) -> bool:
        if self.down:
            raise ConnectionError
        return super().set(key, value, timeout)


def test_answers_are_as_described(app: Flask, issue: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every result that the routes give, body and headers are those described, and no header is besides."""
    set_up(app, tokens=True, CACHE_TYPE=f"{__name__}.FlakyCache", CAPTCHA_SOURCES=SOURCES)
    description, client = described(app), app.test_client()
    with app.app_context():
        alice = {"Authorization": f"Bearer {create_access_token('alice')}"}
    solved, other = issue("web"), issue("sms")
    nobody = {"Authorization": "Bearer nobody"}

    given = []
    for path, url in ((f"/{{source}}{form.path}", f"/captcha/web{form.path}") for form in FORMS.values()):
        for method in ("GET", "HEAD"):
            for headers in ({}, alice, nobody):
                given.append((path, client.open(url, method=method, headers=headers)))
            given.append((path, client.open(url.replace("web", "unknown"), method=method)))
    for uuid, text in ((solved, ANSWER), (solved, ANSWER), (other, ANSWER), (solved, "")):
        given.append(("/{source}", client.post("/captcha/web", json={"uuid": uuid, "code": text})))
    given.append(("/{source}", client.post("/captcha/web", json={}, headers=nobody)))
    given.append(("/{source}", client.post("/captcha/unknown", json={})))
    monkeypatch.setattr(FlakyCache, "down", True)
    given.append(("/{source}", client.get("/captcha/web")))
    given.append(("/{source}/audio", client.get("/captcha/web/audio")))
    given.append(("/{source}", client.post("/captcha/web", json={"uuid": solved, "code": ANSWER})))

    for path, response in given:
        assert_as_described(description, description["paths"][path][response.request.method.lower()], response)
    refused = client.put("/captcha/web")
    assert_matches(description, description["components"]["responses"]["405"], refused)

    codes = {answer.get_json()["code"] for answer in (*(each for _, each in given), refused) if answer.data}
    assert codes == {result.code for result in Result} - {Result.TOO_MANY_REQUESTS.code}


def test_limits_are_as_described(app: Flask) -> None:
    """What is told beyond a rate is described too, for each operation that counts."""
    rate = "1 per minute"
    set_up(app, CAPTCHA_AUDIO=False, CAPTCHA_RATE_LIMIT=rate, CAPTCHA_VERIFY_RATE_LIMIT=rate)
    description, client = described(app), app.test_client()
    for method in ("GET", "POST"):
        client.open("/captcha/web", method=method)
    for method in ("GET", "HEAD", "POST"):
        refused = client.open("/captcha/web", method=method)
        assert refused.status_code == 429
        assert_as_described(description, description["paths"]["/{source}"][method.lower()], refused)


def assert_as_described(description: Json, operation: Json, response: TestResponse) -> None:
    told = operation["responses"][str(response.status_code)]
    if "$ref" in told:
        told = description["components"]["responses"][told["$ref"].rpartition("/")[2]]
    assert_matches(description, told, response)


def assert_matches(description: Json, told: Json, response: TestResponse) -> None:
    sent = set(response.headers.keys()) - OF_ANY_RESPONSE
    assert sent <= set(told["headers"])
    assert {name for name, header in told["headers"].items() if header["required"]} <= sent
    assert bool(response.data) == ("content" in told)
    if response.data:
        schema = {**told["content"]["application/json"]["schema"], "components": description["components"]}
        jsonschema_rs.Draft202012Validator(schema).validate(response.get_json())
