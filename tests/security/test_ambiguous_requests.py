"""Requests that can be read in two ways: guard and view read the same, and what stands elsewhere counts for nothing."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask, Response, jsonify, request
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_captcha_api import CaptchaApi, verify_captcha

from ..conftest import ANSWER

Issue = Callable[..., str]
Json = dict[str, Any]
#: Makes a request of a uuid that counts and another that does not.
Request = Callable[[str, str], Json]

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
WRONG_TEXT = "00000"


def echo() -> Response:
    """Tell what the view reads, as an app would."""
    read = request.get_json() if request.is_json else request.form
    return jsonify(uuid=read["uuid"], code=read["code"])


@pytest.fixture
def client(app: Flask, captcha: CaptchaApi) -> FlaskClient:
    app.add_url_rule("/guarded", view_func=verify_captcha()(echo), methods=["GET", "POST"])
    return app.test_client()


def fields(uuid: str, text: str = ANSWER) -> dict[str, str]:
    return {"uuid": uuid, "code": text}


def raw(body: str | bytes, content_type: str, **more: Any) -> Json:
    return {"method": "POST", "data": body, "content_type": content_type, **more}


def in_json(uuid: str, encoding: str = "utf-8") -> bytes:
    return json.dumps(fields(uuid)).encode(encoding)


def part(name: str, text: str) -> str:
    return f"--b\r\nContent-Disposition: form-data; {name}\r\n\r\n{text}\r\n"


#: Odd requests that pass, since they can be read after all.
AMBIGUOUS: dict[str, Request] = {
    "JSON with a BOM": lambda uuid, _: raw(in_json(uuid, "utf-8-sig"), JSON),
    "JSON in UTF-16": lambda uuid, _: raw(in_json(uuid, "utf-16"), JSON),
    "JSON in UTF-32": lambda uuid, _: raw(in_json(uuid, "utf-32-be"), JSON),
    "JSON that is said to be Latin-1": lambda uuid, _: raw(in_json(uuid), f"{JSON}; charset=latin-1"),
    "JSON in capitals": lambda uuid, _: raw(in_json(uuid), "APPLICATION/JSON"),
    "JSON of a vendor": lambda uuid, _: raw(in_json(uuid), "application/vnd.a+json"),
    "JSON with escaped names": lambda uuid, _: raw(f'{{"\\u0075uid": "{uuid}", "c\\u006fde": "{ANSWER}"}}', JSON),
    "JSON with duplicate keys": lambda uuid, other: raw(
        f'{{"uuid": "{other}", "code": "{WRONG_TEXT}", "uuid": "{uuid}", "code": "{ANSWER}"}}', JSON
    ),
    "JSON with a duplicate key that is escaped": lambda uuid, other: raw(
        f'{{"uuid": "{other}", "code": "{ANSWER}", "\\u0075uid": "{uuid}"}}', JSON
    ),
    "JSON with names that look alike": lambda uuid, other: raw(
        json.dumps({**fields(uuid), "UUID": other, "ｕｕｉｄ": other, "uuid ": other, "uuid\0": other}), JSON
    ),
    "JSON within JSON": lambda uuid, other: raw(json.dumps({**fields(uuid), "body": fields(other)}), JSON),
    "JSON in chunks": lambda uuid, _: {
        "method": "POST",
        "input_stream": BytesIO(in_json(uuid)),
        "content_type": JSON,
        "environ_overrides": {"wsgi.input_terminated": True},
    },
    "JSON and another query": lambda uuid, other: raw(in_json(uuid), JSON, query_string=fields(other, WRONG_TEXT)),
    "JSON with GET and another query": lambda uuid, other: raw(
        in_json(uuid), JSON, query_string=fields(other, WRONG_TEXT), method="GET"
    ),
    "form and another query": lambda uuid, other: raw(
        urlencode(fields(uuid)), FORM, query_string=fields(other, WRONG_TEXT)
    ),
    "form that is said to be UTF-7": lambda uuid, _: raw(urlencode(fields(uuid)), f"{FORM}; charset=utf-7"),
    "form with names in brackets": lambda uuid, other: raw(
        urlencode({**fields(uuid), "uuid[]": other, "uuid[0]": other}), FORM
    ),
    "multipart without quotes": lambda uuid, _: raw(
        part("name=uuid", uuid) + part("name=code", ANSWER) + "--b--\r\n", MULTIPART
    ),
    "multipart with a file of the same name": lambda uuid, other: raw(
        part('name="uuid"; filename="f"', other)
        + part('name="uuid"', uuid)
        + part('name="code"', ANSWER)
        + "--b--\r\n",
        MULTIPART,
    ),
    "multipart with a preamble and an epilogue": lambda uuid, other: raw(
        f"uuid={other}\r\n" + part("name=uuid", uuid) + part("name=code", ANSWER) + f"--b--\r\nuuid={other}", MULTIPART
    ),
}


@pytest.mark.parametrize("ask", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_guard_and_view_read_the_same(client: FlaskClient, issue: Issue, ask: Request) -> None:
    """The captcha that is spent is the one that the view sees; the other is as good as before."""
    uuid, other = issue(), issue()
    response = client.open("/guarded", **ask(uuid, other))
    assert (response.status_code, response.get_json()) == (200, fields(uuid))
    assert code_of(client.open("/guarded", **ask(uuid, other))) == "01003"
    assert client.post("/guarded", json=fields(other)).status_code == 200


#: Requests with the right text in one place and the wrong text in the place that counts.
CONTRADICTORY: dict[str, Request] = {
    "JSON, not the query": lambda uuid, other: {
        "method": "POST",
        "json": fields(uuid, WRONG_TEXT),
        "query_string": fields(other),
    },
    "JSON with GET, not the query": lambda uuid, other: {
        "method": "GET",
        "json": fields(uuid, WRONG_TEXT),
        "query_string": fields(other),
    },
    "form, not the query": lambda uuid, other: {
        "method": "POST",
        "data": fields(uuid, WRONG_TEXT),
        "query_string": fields(other),
    },
    "form with GET, not the query": lambda uuid, other: {
        "method": "GET",
        "data": fields(uuid, WRONG_TEXT),
        "query_string": fields(other),
    },
    "body, not the headers": lambda uuid, other: {
        "method": "POST",
        "json": fields(uuid, WRONG_TEXT),
        "headers": {**fields(other), "Cookie": f"uuid={other}; code={ANSWER}"},
    },
    "last key of JSON": lambda uuid, other: raw(
        f'{{"uuid": "{other}", "code": "{ANSWER}", "uuid": "{uuid}", "code": "{WRONG_TEXT}"}}', JSON
    ),
    "main names, not the aliases": lambda uuid, other: {
        "method": "POST",
        "json": {**fields(uuid, WRONG_TEXT), "uuId": other, "text": ANSWER},
    },
}


@pytest.mark.parametrize(
    ("path", "ask"),
    [pytest.param("/guarded", ask, id=f"{name}, guarded") for name, ask in CONTRADICTORY.items()]
    + [
        pytest.param("/captcha/web", ask, id=f"{name}, POST /captcha")
        for name, ask in CONTRADICTORY.items()
        if "GET" not in name  # which issues there
    ],
)
def test_the_place_that_counts_decides(client: FlaskClient, issue: Issue, path: str, ask: Request) -> None:
    """A wrong text there is a wrong guess, and the right one elsewhere neither helps nor is spent."""
    uuid, other = issue(), issue()
    assert code_of(client.open(path, **ask(uuid, other))) == "01002"
    assert code_of(client.post(path, json=fields(uuid))) == "01003"
    assert client.post(path, json=fields(other)).status_code == 200


def code_of(response: TestResponse) -> Any:
    return response.get_json()["code"]
