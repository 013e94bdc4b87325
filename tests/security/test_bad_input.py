"""What no honest client sends: each gets a clear envelope, and costs nobody a captcha."""

import gzip
import json
from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask, Response, jsonify
from flask.testing import FlaskClient
from flask_caching import Cache
from werkzeug.test import TestResponse

from flask_captcha_api import CaptchaApi, verify_captcha
from flask_captcha_api.testing import answers

from ..conftest import ANSWER
from ..support.backends import NaiveCache
from ..support.http.envelopes import envelope

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
MULTIPART = "multipart/form-data; boundary=b"
TOO_MUCH = "9" * 10_000_000
LARGEST_BODY = 64 * 1024
LARGEST_FORM = 4 * 1024
#: POST /captcha/web, and a guarded route of the app's own.
PATHS = ["/captcha/web", "/guarded"]

Issue = Callable[..., str]
Json = dict[str, Any]
Spoil = Callable[[str], Any]

REQUIRED = envelope("captcha_required")
WRONG = envelope("captcha_wrong")
SOURCE_UNKNOWN = envelope("source_unknown")
METHOD_NOT_ALLOWED = envelope("method_not_allowed")


class SpyCache(NaiveCache):
    """Notes every call."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def get(self, key: str) -> Any:
        self.calls.append("get")
        return super().get(key)

    def set(self, key: str, value: Any, timeout: Any = None) -> bool:
        self.calls.append("set")
        return super().set(key, value, timeout)

    def add(self, key: str, value: Any, timeout: Any = None) -> bool:
        self.calls.append("add")
        return super().add(key, value, timeout)

    def delete(self, key: str) -> bool:
        self.calls.append("delete")
        return super().delete(key)


@pytest.fixture
def store(app: Flask) -> SpyCache:
    """Set the app up on a store that notes its calls, with the sources ``web`` and ``other`` and a guarded route."""
    app.config.update(CAPTCHA_SOURCES={"web": {}, "other": {}}, CACHE_TYPE=f"{__name__}.spy_cache")
    cache = Cache(app)
    CaptchaApi(app, cache=cache)
    app.add_url_rule("/guarded", view_func=verify_captcha(source="web")(passed), methods=["GET", "POST", "DELETE"])
    spy: SpyCache = app.extensions["cache"][cache]
    return spy


def spy_cache(*args: Any) -> SpyCache:
    """CACHE_TYPE names this function."""
    return SpyCache()


def passed() -> Response:
    return jsonify(passed=True)


def fields(uuid: Any, text: Any = ANSWER) -> Json:
    return {"uuid": uuid, "code": text}


def told(response: TestResponse) -> tuple[int, str | None, Any]:
    return response.status_code, response.headers.get("Cache-Control"), response.get_json()


def assert_refused_for_nothing(app: Flask, store: SpyCache, uuid: str, path: str, **request: Any) -> None:
    """Assert that a request is told to be malformed, that no store was asked, and that the captcha still passes."""
    store.calls.clear()
    client = app.test_client()
    assert told(client.open(path, **{"method": "POST", **request})) == (400, "no-store", REQUIRED)
    assert store.calls == []
    assert client.post(path, json=fields(uuid)).status_code == 200


#: What may stand where the uuid should, made from a good one.
UUIDS: dict[str, Spoil] = {
    "trailing newline": lambda uuid: f"{uuid}\n",
    "CRLF": lambda uuid: f"{uuid}\r\n",
    "spaces around": lambda uuid: f" {uuid} ",
    "full-width digits": lambda uuid: uuid.translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)}),
    "Arabic digits": lambda uuid: uuid.translate({ord("0") + digit: 0x0660 + digit for digit in range(10)}),
    "22 digits": lambda uuid: uuid[1:],
    "24 digits": lambda uuid: f"0{uuid}",
    "10 kB": lambda uuid: uuid * 450,
    "empty": lambda uuid: "",
    "NUL": lambda uuid: f"{uuid}\0",
    "lone surrogate": lambda uuid: f"{uuid[1:]}\ud800",
    "int": int,
    "list": lambda uuid: [uuid],
    "null": lambda uuid: None,
    "object": lambda uuid: {uuid: uuid},
    "true": lambda uuid: True,
}

#: What may stand where the text should.
TEXTS: dict[str, Spoil] = {
    "empty": lambda text: "",
    "blanks": lambda text: "  ",
    "full-width blanks": lambda text: "\u3000\u3000",
    "format characters": lambda text: "\u200b\ufeff",
    "65 characters": lambda text: text * 13,
    "65 characters, fewer when folded": lambda text: text.ljust(65),
    "64 characters, more when folded": lambda text: "\ufdfa" * 64,
    "10 kB": lambda text: text * 2000,
    "10 MB": lambda text: TOO_MUCH,
    "NUL": lambda text: f"{text}\0",
    "newline": lambda text: f"{text}\n",
    "lone surrogate": lambda text: f"{text}\udfff",
    "int": int,
    "list": lambda text: [text],
    "null": lambda text: None,
    "object": lambda text: {"text": text},
    "true": lambda text: True,
}
#: A form cannot carry these.
ONLY_JSON = {"lone surrogate", "int", "list", "null", "object", "true"}


def spoilt(table: dict[str, Spoil]) -> pytest.MarkDecorator:
    """Run a test for every row of a table, in JSON and, where it can carry the row, in a form."""
    rows = [
        pytest.param(carrier, spoil, id=f"{name}-{carrier}")
        for name, spoil in table.items()
        for carrier in (("json",) if name in ONLY_JSON else ("json", "data"))
    ]
    return pytest.mark.parametrize(("carrier", "spoil"), rows)


@pytest.mark.parametrize("path", PATHS)
@spoilt(UUIDS)
def test_uuid_of_another_shape(
    app: Flask, store: SpyCache, issue: Issue, path: str, carrier: str, spoil: Spoil
) -> None:
    """A uuid that is not 23 ASCII digits in a string never reaches the store."""
    uuid = issue()
    assert_refused_for_nothing(app, store, uuid, path, **{carrier: fields(spoil(uuid))})


@pytest.mark.parametrize("path", PATHS)
@spoilt(TEXTS)
def test_text_of_another_shape(
    app: Flask, store: SpyCache, issue: Issue, path: str, carrier: str, spoil: Spoil
) -> None:
    """A text that nobody can type never reaches the store, and is no attempt."""
    uuid = issue()
    assert_refused_for_nothing(app, store, uuid, path, **{carrier: fields(uuid, spoil(ANSWER))})


def raw(body: str | bytes, content_type: str | None, **environ: str) -> Json:
    return {"data": body, "content_type": content_type, "environ_overrides": environ}


def parts(*pairs: tuple[str, str], end: str = "--b--\r\n") -> Json:
    """Build a multipart body that may repeat a name or lack its end."""
    body = "".join(f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in pairs)
    return raw(body + end, MULTIPART)


def good(uuid: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("uuid", uuid), ("code", ANSWER)


#: Bodies that hold, or seem to hold, the right uuid and text, and cannot be read.
BODIES: dict[str, Callable[[str], Json]] = {
    "nothing": lambda uuid: {},
    "no uuid": lambda uuid: {"json": {"code": ANSWER}},
    "no text": lambda uuid: {"json": {"uuid": uuid}},
    "null beside the alias": lambda uuid: {"json": {"uuid": None, "uuId": uuid, "code": ANSWER}},
    "query": lambda uuid: {"query_string": fields(uuid)},
    "JSON list": lambda uuid: {"json": [fields(uuid)]},
    "JSON string": lambda uuid: {"json": json.dumps(fields(uuid))},
    "JSON null": lambda uuid: raw("null", JSON),
    "empty as JSON": lambda uuid: raw("", JSON),
    "not JSON": lambda uuid: raw("{uuid: 1}", JSON),
    "truncated JSON": lambda uuid: raw(json.dumps(fields(uuid))[:-1], JSON),
    "two JSON objects": lambda uuid: raw(json.dumps(fields(uuid)) * 2, JSON),
    "JSON that is not UTF-8": lambda uuid: raw(json.dumps(fields(uuid)).encode() + b"\xff", JSON),
    "5,000 brackets": lambda uuid: raw("[" * 5000, JSON),
    "5,000 brackets, closed, as text": lambda uuid: raw(
        f'{{"uuid": "{uuid}", "code": {"[" * 5000}{"]" * 5000}}}', JSON
    ),
    "5,000 objects beside": lambda uuid: raw(f'{{"uuid": "{uuid}", "code": "{ANSWER}", "a": {"[{}," * 5000}', JSON),
    "5,000 digits as text": lambda uuid: raw(f'{{"uuid": "{uuid}", "code": {"9" * 5000}}}', JSON),
    "NaN as text": lambda uuid: raw(f'{{"uuid": "{uuid}", "code": NaN}}', JSON),
    "JSON as text/plain": lambda uuid: raw(json.dumps(fields(uuid)), "text/plain"),
    "JSON as form": lambda uuid: raw(json.dumps(fields(uuid)), FORM),
    "JSON as multipart": lambda uuid: raw(json.dumps(fields(uuid)), MULTIPART),
    "JSON as nothing": lambda uuid: raw(json.dumps(fields(uuid)), None),
    "JSON as text/json": lambda uuid: raw(json.dumps(fields(uuid)), "text/json"),
    "JSON as two types": lambda uuid: raw(json.dumps(fields(uuid)), f"{FORM}, {JSON}"),
    "JSON, compressed": lambda uuid: {
        **raw(gzip.compress(json.dumps(fields(uuid)).encode()), JSON),
        "headers": {"Content-Encoding": "gzip"},
    },
    "form as JSON": lambda uuid: raw(urlencode(fields(uuid)), JSON),
    "semicolons in a form": lambda uuid: raw(urlencode(good(uuid)).replace("&", ";"), FORM),
    "uuid twice in a form": lambda uuid: raw(urlencode([*good(uuid), ("uuid", uuid)]), FORM),
    "text twice in a form": lambda uuid: raw(urlencode([*good(uuid), ("code", ANSWER)]), FORM),
    "text twice in multipart": lambda uuid: parts(*good(uuid), ("code", ANSWER)),
    "text as a file": lambda uuid: {"data": {"uuid": uuid, "code": (BytesIO(ANSWER.encode()), "code.txt")}},
    "multipart without boundary": lambda uuid: {**parts(*good(uuid)), "content_type": "multipart/form-data"},
    "multipart with another boundary": lambda uuid: {**parts(*good(uuid)), "content_type": f"{MULTIPART}c"},
    "multipart without end": lambda uuid: parts(*good(uuid), end=""),
    "JSON, cut off": lambda uuid: raw(json.dumps(fields(uuid)), JSON, CONTENT_LENGTH="999"),
    "form, cut off": lambda uuid: raw(urlencode(fields(uuid)), FORM, CONTENT_LENGTH="999"),
    "600 kB multipart field": lambda uuid: parts(*good(uuid), ("more", "9" * 600_000)),
    "2,000 multipart parts": lambda uuid: parts(*good(uuid), *[("more", "9")] * 2000),
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_body_that_cannot_be_read(
    app: Flask, store: SpyCache, issue: Issue, path: str, body: Callable[[str], Json]
) -> None:
    """A body in another shape, place or size is as none."""
    uuid = issue()
    assert_refused_for_nothing(app, store, uuid, path, **body(uuid))


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda uuid: "", id="empty"),
        pytest.param(lambda uuid: f"uuid={uuid}", id="no text"),
        pytest.param(lambda uuid: f"uuid={uuid}&uuid={uuid}&code={ANSWER}", id="uuid twice"),
        pytest.param(lambda uuid: f"uuid={uuid}%0A&code={ANSWER}", id="trailing newline"),
        pytest.param(lambda uuid: f"uuid={uuid}&code=%00", id="NUL"),
        pytest.param(lambda uuid: f"uuid[]={uuid}&code={ANSWER}", id="another name"),
    ],
)
def test_query_that_cannot_be_read(
    app: Flask, store: SpyCache, issue: Issue, method: str, spoil: Callable[[str], str]
) -> None:
    """What is wrong in a query is wrong as in a body."""
    uuid = issue()
    assert_refused_for_nothing(app, store, uuid, "/guarded", method=method, query_string=spoil(uuid))


def padded(uuid: str, size: int, content_type: str = JSON) -> str:
    """Return a body of so many bytes that has the right uuid and text."""
    body = json.dumps(fields(uuid)) if content_type == JSON else urlencode({**fields(uuid), "more": ""})
    return body.ljust(size, " " if content_type == JSON else "9")


def form_of(fields: int) -> Any:
    """Make the types and the bodies of a form that has a uuid, a text and other fields."""

    def multipart(names: list[tuple[str, str]]) -> bytes:
        part = '--x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
        return "".join(part.format(*each) for each in names).encode() + b"--x--\r\n"

    def urlencoded(names: list[tuple[str, str]]) -> bytes:
        return "&".join(f"{name}={value}" for name, value in names).encode()

    others = [("other", "")] * (fields - 2)
    return (
        ("application/x-www-form-urlencoded", lambda uuid: urlencoded([("uuid", uuid), ("code", ANSWER), *others])),
        ("multipart/form-data; boundary=x", lambda uuid: multipart([("uuid", uuid), ("code", ANSWER), *others])),
    )


@pytest.mark.parametrize(("content_type", "body"), form_of(21))
def test_a_form_of_many_fields_is_not_parsed(
    app: Flask, store: SpyCache, issue: Issue, content_type: str, body: Callable[[str], bytes]
) -> None:
    """POST /captcha/{source} refuses a form with more than 20 fields, whose parsing would cost more than a captcha."""
    uuid = issue()
    assert_refused_for_nothing(app, store, uuid, "/captcha/web", data=body(uuid), content_type=content_type)


@pytest.mark.parametrize(("content_type", "body"), form_of(20))
def test_a_form_of_twenty_fields_is_read(
    app: Flask, store: SpyCache, issue: Issue, content_type: str, body: Callable[[str], bytes]
) -> None:
    """20 fields are read, and the forms of guarded routes are as large as the app allows."""
    for path in ("/captcha/web", "/guarded"):
        answer = app.test_client().post(path, data=body(issue()), content_type=content_type)
        assert answer.status_code == 200
    [(_, larger), _] = form_of(1000)
    answer = app.test_client().post("/guarded", data=larger(issue()), content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200


@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data; boundary=x"])
def test_a_large_form_is_not_parsed(app: Flask, store: SpyCache, issue: Issue, content_type: str) -> None:
    """Of 4 KiB a form is read on our route, and no larger one, whose parsing could cost more than twenty captchas."""

    def of_size(uuid: str, size: int) -> Any:
        if content_type == FORM:
            return padded(uuid, size, FORM).encode()
        head = b'--x\r\nContent-Disposition: form-data; name="more"; '
        [_, (_, form)] = form_of(2)
        return head.ljust(size - len(form(uuid)) - 6, b"z") + b"\r\n\r\n\r\n" + form(uuid)

    uuid = issue()
    too_large = {"data": of_size(uuid, LARGEST_FORM + 1), "content_type": content_type}
    assert_refused_for_nothing(app, store, uuid, "/captcha/web", **too_large)
    for path, size in (("/captcha/web", LARGEST_FORM), ("/guarded", LARGEST_FORM + 1)):
        answer = app.test_client().post(path, data=of_size(issue(), size), content_type=content_type)
        assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/captcha/web", "/guarded"])
def test_a_long_content_type_is_not_parsed(app: Flask, store: SpyCache, issue: Issue, path: str) -> None:
    """A content type of more than 1,000 characters is refused."""
    uuid = issue()
    body = json.dumps(fields(uuid))
    longest = "application/json;a=" + "b" * 981
    assert_refused_for_nothing(app, store, uuid, path, data=body, content_type=longest + "b")
    again = issue()
    assert app.test_client().post(path, data=json.dumps(fields(again)), content_type=longest).status_code == 200


@pytest.mark.parametrize("size", [LARGEST_BODY + 1, 10_000_000])
@pytest.mark.parametrize("content_type", [JSON, FORM], ids=["JSON", "form"])
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
def test_large_body_is_not_read(
    app: Flask, store: SpyCache, issue: Issue, size: int, content_type: str, announced: bool
) -> None:
    """A body of more than 64 KiB is refused on our route, be its length announced or not."""
    uuid = issue()
    stream = BytesIO(padded(uuid, size, content_type).encode())
    request: Json = {"input_stream": stream, "content_type": content_type}
    if announced:
        request["headers"] = {"Content-Length": str(size)}
    else:
        request["environ_overrides"] = {"wsgi.input_terminated": True}
    assert_refused_for_nothing(app, store, uuid, "/captcha/web", **request)
    assert stream.tell() <= LARGEST_BODY + 1


@pytest.mark.parametrize("limit", [None, 100 * 1024], ids=["ours", "the app's is higher"])
def test_body_of_64_kib_is_read(app: Flask, store: SpyCache, issue: Issue, limit: int | None) -> None:
    """Up to 64 KiB a body counts on our route, and a higher limit of the app's does not raise that."""
    app.config["MAX_CONTENT_LENGTH"] = limit
    uuid = issue()
    assert_refused_for_nothing(app, store, uuid, "/captcha/web", **raw(padded(uuid, LARGEST_BODY + 1), JSON))
    assert app.test_client().post("/captcha/web", **raw(padded(issue(), LARGEST_BODY), JSON)).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_limit_of_the_app_holds(app: Flask, store: SpyCache, issue: Issue, path: str) -> None:
    """A body above the app's own MAX_CONTENT_LENGTH is refused in the envelope."""
    app.config["MAX_CONTENT_LENGTH"] = 1000
    uuid = issue()
    assert_refused_for_nothing(app, store, uuid, path, **raw(padded(uuid, 1001), JSON))


@pytest.mark.parametrize("path", PATHS)
def test_captcha_of_another_source_or_identity_is_wrong(app: Flask, store: SpyCache, issue: Issue, path: str) -> None:
    """A uuid that belongs elsewhere is answered like a wrong text."""
    with app.app_context(), answers(app, ANSWER):
        of_alice = CaptchaApi().issue("web", identity="alice").uuid
    for uuid in (issue("other"), of_alice):
        assert told(app.test_client().post(path, json=fields(uuid))) == (422, "no-store", WRONG)


#: No sources where some are named.
UNNAMED_SOURCES = {"unknown": "/captcha/unknown", "another case": "/captcha/Web"}
#: Malformed or reserved sources, and other paths below the prefix.
MALFORMED_SOURCES = {
    "33 characters": f"/captcha/{'a' * 33}",
    "10 kB": f"/captcha/{'a' * 10_000}",
    "dot": "/captcha/a.b",
    "space": "/captcha/web%20",
    "newline": "/captcha/web%0A",
    "NUL": "/captcha/web%00",
    "not ASCII": "/captcha/%E7%B6%B2",
    "not UTF-8": "/captcha/%ff",
    "full-width": "/captcha/%EF%BD%97eb",
    "reserved": "/captcha/static",
    "below the reserved": "/captcha/static/x/y/z.js",
    "trailing slash": "/captcha/web/",
    "two deep": "/captcha/web/x",
    "escaped slash": "/captcha/web%2Fx",
    "escaped twice": "/captcha/%2577eb",
    "dot segment": "/captcha/./web",
    "way up": "/captcha/web/../web",
    "parameter": "/captcha/web;x=1",
    "backslash": "/captcha/web%5C",
    "no source": "/captcha/",
}


@pytest.mark.parametrize(
    ("method", "answer"),
    [("GET", (404, SOURCE_UNKNOWN)), ("HEAD", (404, None)), ("POST", (405, METHOD_NOT_ALLOWED))],
)
def test_static_file_that_does_not_exist(app: Flask, method: str, answer: tuple[int, Any]) -> None:
    """The widget's files can only be asked for, and what is none of them is told in the envelope."""
    CaptchaApi(app)
    response = app.test_client().open("/captcha/static/x/y.js", method=method)
    assert (response.status_code, response.get_json(silent=True)) == answer


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
@pytest.mark.parametrize(
    ("sources", "path"),
    [pytest.param({"web": {}}, path, id=name) for name, path in (MALFORMED_SOURCES | UNNAMED_SOURCES).items()]
    + [pytest.param(None, path, id=f"{name}, any source") for name, path in MALFORMED_SOURCES.items()],
)
def test_path_below_the_prefix_that_is_no_source(
    app: Flask, issue: Issue, path: str, method: str, sources: Any
) -> None:
    """Each gets 01004, without a body for HEAD, and spends nothing."""
    app.config["CAPTCHA_SOURCES"] = sources
    CaptchaApi(app)
    client, uuid = app.test_client(), issue()
    response = client.open(path, method=method, json=fields(uuid))
    expected = None if method == "HEAD" else SOURCE_UNKNOWN
    assert (response.status_code, response.mimetype, response.get_json(silent=True)) == (404, JSON, expected)
    assert client.post("/captcha/web", json=fields(uuid)).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_other_methods(client: FlaskClient, issue: Issue, method: str) -> None:
    """Another method gets 01008 with the methods that there are, and spends nothing."""
    uuid = issue()
    response = client.open("/captcha/web", method=method, json=fields(uuid))
    assert told(response) == (405, "no-store", METHOD_NOT_ALLOWED)
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    assert client.post("/captcha/web", json=fields(uuid)).status_code == 200


@pytest.mark.parametrize("path", ["/captcha", "/captchas/web", "/captcha.json", "/Captcha/web", "/x/captcha/web", "/"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_path_beside_the_prefix_is_the_apps(app: Flask, client: FlaskClient, path: str, method: str) -> None:
    """What is not below our prefix is answered by the app, as it answers any path that it does not know."""
    app.register_error_handler(404, lambda error: ("the app's own", 404))
    response = client.open(path, method=method)
    assert (response.status_code, response.text) == (404, "the app's own")


def test_double_slash_is_redirected_by_flask(client: FlaskClient) -> None:
    """Redirects are the router's, not ours."""
    response = client.get("/captcha//web")
    assert (response.status_code, response.headers["Location"]) == (308, "http://localhost/captcha/web")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS"])
def test_head_and_options_cost_nothing(app: Flask, store: SpyCache, method: str) -> None:
    """Both answer 200 without a body and without a call to the store, once that has been probed."""
    app.extensions["captcha_api"].store.get()
    store.calls.clear()
    response = app.test_client().open("/captcha/web", method=method)
    assert (response.status_code, response.data, store.calls) == (200, b"", [])
    if method == "OPTIONS":
        assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
