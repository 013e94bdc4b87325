"""Requests for Hypothesis to make: wholly random ones, and good ones with bytes changed, as they go over the wire."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import jwt
from hypothesis import strategies as st

from tests.support.apps import KNOWN_ANSWER

JWT_SECRET = "a secret for the tokens of the stress app"  # noqa: S105 - of an app that lives for a minute
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"


def bearer(identity: str) -> str:
    """Sign a token as Flask-JWT-Extended does it."""
    now = int(time.time())
    claims = {"sub": identity, "type": "access", "fresh": False, "jti": "1", "iat": now, "exp": now + 3600}
    return f"Bearer {jwt.encode(claims, JWT_SECRET, 'HS256')}"


@dataclass(frozen=True)
class Wild:
    """A request.

    :param uuid: the only captcha that it may pass with; None: it must not pass.
    """

    message: bytes
    uuid: str | None = None


def written(method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes = b"") -> bytes:
    """Write a request down; a length is added unless the headers tell one."""
    names = {name.lower() for name, _ in headers}
    length = [] if names & {"content-length", "transfer-encoding"} else [("Content-Length", str(len(body)))]
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in [("Host", "x"), *length, *headers])]
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body


def _parts(fields: Sequence[tuple[str, bytes]]) -> bytes:
    """Write fields down as multipart/form-data."""
    heads = (f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n' for name, _ in fields)
    parts = (head.encode("utf-8", "replace") + value for head, (_, value) in zip(heads, fields, strict=True))
    return b"".join(part + b"\r\n" for part in parts) + b"--b--\r\n"


_METHODS = ["POST"] * 6 + ["GET", "GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"]
_TARGETS = [
    *["/captcha/web", "/guarded"] * 4,
    "/captcha/web?0.27182",
    "/captcha/web/audio",
    "/captcha/web/audio?lang=ja",
    "/captcha/static/x/y.js",
    "/captcha/",
    "/captcha//web",
    "/captcha",
    "*",
]
_HEADERS: dict[str, list[str]] = {
    "Content-Type": ["application/json", FORM, MULTIPART, "multipart/form-data", "application/json; charset=x", "/"],
    "Authorization": ["Bearer", "Bearer x", "Bearer a.b.c", "Basic eDp5", "Bearer eyJhbGciOiJub25lIn0.e30."],
    "Content-Length": ["0", "5", "-1", "99999", "1e3", "+2"],
    "Transfer-Encoding": ["chunked", "gzip, chunked", "identity"],
    "Accept-Language": ["*", "zh-TW;q=0.5, ja", "en;q=x", "-"],
    "Accept": ["*/*", "image/*;q=-1"],
    "Content-Encoding": ["gzip"],
    "Cookie": ["session=x.y.z", "session=", "=;"],
    "Expect": ["100-continue", "x"],
    "Host": ["", "[", "a b", "127.0.0.1:99999999"],
    "Origin": ["null", "https://example.org"],
    "X-HTTP-Method-Override": ["GET", "POST"],
    "X-Forwarded-For": ["1.2.3.4, x", "::"],
    "Upgrade": ["websocket"],
}

#: By these a server finds the end of a request and its host; what is in their list spoils enough requests.
_FRAMING = {"Content-Length", "Transfer-Encoding", "Expect", "Host"}

_fields = st.sampled_from(["uuid", "code", "uuId", "text"]) | st.text(max_size=6)
_leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.from_regex(r"\A[0-9]{23}\Z")
)
_values = st.recursive(
    _leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_fields, inner, max_size=3), max_leaves=4
)
_json_bodies = st.dictionaries(_fields, _values, max_size=4).map(lambda fields: json.dumps(fields).encode())
_form_bodies = st.lists(st.tuples(_fields, st.text(max_size=30)), max_size=4).map(
    lambda fields: urlencode(fields, errors="replace").encode()
)
_multipart_bodies = st.lists(st.tuples(_fields, st.binary(max_size=30)), max_size=3).map(_parts)
_bodies = st.just(b"") | st.binary(max_size=60) | _json_bodies | _form_bodies | _multipart_bodies
_printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=20)
_listed_header = st.sampled_from([(name, value) for name, values in _HEADERS.items() for value in values])
_header = _listed_header | st.tuples(st.sampled_from(sorted(set(_HEADERS) - _FRAMING)), _printable)
_wild_header = st.tuples(st.text(max_size=8), st.text(max_size=20))
_targets = (
    st.sampled_from(_TARGETS)
    | st.binary(max_size=24).map(lambda tail: "/captcha/" + quote(tail))
    | st.binary(max_size=24).map(lambda query: "/captcha/web/audio?lang=" + quote(query, safe="=&+;%"))
)
_wild_targets = st.text(max_size=20) | st.binary(max_size=24).map(lambda tail: "/captcha/" + tail.decode("latin-1"))

#: Of the shape of a request, with anything in it.
_shaped_requests = st.builds(
    lambda *parts: Wild(written(*parts)),
    st.sampled_from(_METHODS),
    _targets,
    st.lists(_header, max_size=3),
    _bodies,
)
#: Of hardly any shape.
_shapeless_requests = st.builds(
    lambda *parts: Wild(written(*parts)),
    st.sampled_from(_METHODS) | st.text(max_size=8),
    _targets | _wild_targets,
    st.lists(_header | _wild_header, max_size=4),
    _bodies,
)
random_requests = st.one_of(_shaped_requests, _shaped_requests, _shaped_requests, _shapeless_requests)


def good_requests(uuid: str, authorization: str | None) -> list[Wild]:
    """List requests that a client could send with a captcha, one of each kind."""
    owner = [("Authorization", authorization)] if authorization else []
    fields = {"uuid": uuid, "code": KNOWN_ANSWER}
    as_json, as_form = json.dumps(fields).encode(), urlencode(fields).encode()
    as_multipart = _parts([(name, text.encode()) for name, text in fields.items()])
    chunked = f"{len(as_json):x}\r\n".encode() + as_json + b"\r\n0\r\n\r\n"
    return [
        Wild(written("GET", "/captcha/web?0.5", [*owner, ("Accept-Language", "zh-TW, en;q=0.5")])),
        Wild(written("GET", "/captcha/web/audio?lang=en", owner)),
        *(
            Wild(written("POST", path, [*owner, ("Content-Type", kind), *more], body), uuid)
            for path in ("/captcha/web", "/guarded")
            for kind, body, more in (
                ("application/json", as_json, []),
                (FORM, as_form, []),
                (MULTIPART, as_multipart, []),
                ("application/json", chunked, [("Transfer-Encoding", "chunked")]),
            )
        ),
    ]


_mutation = st.tuples(
    st.sampled_from(["write", "insert", "cut", "repeat", "end", "flip"]),
    st.integers(-300, 300),  # from the end, or from the beginning
    st.integers(1, 40),
    st.binary(min_size=1, max_size=6),
)


def mutated_requests(good: Sequence[Wild]) -> st.SearchStrategy[Wild]:
    """Change good requests in up to four places."""
    return st.builds(_mutate, st.sampled_from(good), st.lists(_mutation, max_size=4))


def _mutate(wild: Wild, mutations: Sequence[tuple[str, int, int, bytes]]) -> Wild:
    message = wild.message
    for kind, where, length, other in mutations:
        at = where % (len(message) + 1)
        head, span, tail = message[:at], message[at : at + length], message[at + length :]
        message = {
            "write": head + other + message[at + len(other) :],
            "insert": head + other + span + tail,
            "cut": head + tail,
            "repeat": head + span + span + tail,
            "end": head,
            "flip": head + bytes(byte ^ other[0] for byte in span[:1]) + span[1:] + tail,
        }[kind]
    return Wild(message, wild.uuid)
