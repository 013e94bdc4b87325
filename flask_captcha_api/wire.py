"""The wire: the envelope that every answer stands in, and the reading of the fields that a client sends.

Knows requests and responses, and neither stores nor rules.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

from flask import Response, request
from werkzeug.datastructures import Headers, MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.wsgi import get_input_stream

from .accept_language import accepted_languages
from .outcome import Outcome
from .results import RETRY_AFTER, WWW_AUTHENTICATE, Result, message_of
from .translations import best_language

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

RETRY_AFTER_SECONDS = 5

#: The fields of a verification, each with the alias that counts where it is absent.
UUID_NAMES = ("uuid", "uuId")
TEXT_NAMES = ("code", "text")
#: Bytes. A uuid and a text fit many times over; the rest of a request is nobody's.
LARGEST_BODY = 64 * 1024
#: Bytes of a form, and fields in it. To parse 64 KiB of tiny fields, of bytes that are no text, or of the parameters of
#: a part would take as long as to issue twenty or thirty captchas.
LARGEST_FORM = 4 * 1024
MOST_FIELDS = 20
#: Characters. Parsing takes time in proportion to it, and the types of bodies that carry fields are short.
_LONGEST_CONTENT_TYPE = 1000

#: What an issued captcha is told to be, beside the body.
EXPIRES_IN = "Captcha-Expires-In"
KIND = "Captcha-Kind"
LENGTH = "Captcha-Length"
MEDIA_TYPE = "Captcha-Media-Type"
#: What a cross-origin script may read of our responses beside the body.
EXPOSED_HEADERS = (EXPIRES_IN, KIND, LENGTH, MEDIA_TYPE, RETRY_AFTER.name)
_EXPOSE = "Access-Control-Expose-Headers"
#: Lower case.
_OF_STORED_RESPONSES = frozenset({"etag", "expires", "last-modified", "surrogate-control", "x-accel-expires"})

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
_BODILESS_METHODS = frozenset({"GET", "HEAD", "DELETE"})

_RESULT_OF_OUTCOME = {
    Outcome.PASSED: Result.SUCCESS,
    Outcome.WRONG: Result.CAPTCHA_WRONG,
    Outcome.GONE: Result.CAPTCHA_GONE,
    Outcome.MALFORMED: Result.CAPTCHA_REQUIRED,
}

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

#: The names of a field: the main one, then the aliases that count where it is absent.
Names = Sequence[str]


class EnvelopeResponse(Response):
    """A response of this package."""

    #: Names of the headers that hand a token back: Authorization, unless the app calls it otherwise.
    token_headers: tuple[str, ...] = ()

    def get_wsgi_headers(self, environ: "WSGIEnvironment") -> Headers:
        """Forbid caches to store the response, and let pages of another origin read our headers beside the app's.

        Done here, when all of the app's ``after_request`` functions have run, so that none of them can undo it.
        Authorization has to be named: ``*`` does not cover it.
        """
        headers = super().get_wsgi_headers(environ)
        forbid_storing(headers)
        names = (*EXPOSED_HEADERS, *self.token_headers)
        standing = ",".join(headers.getlist(_EXPOSE))
        if standing:
            of_app = [name.strip() for name in standing.split(",") if name.strip()]
            known = {name.lower() for name in of_app}
            names = (*of_app, *(name for name in names if name.lower() not in known))
        headers[_EXPOSE] = ", ".join(names)
        return headers


def forbid_storing(headers: Headers) -> None:
    """Set ``Cache-Control: no-store`` and remove the headers that could make a cache store the response all the same.

    Caches for which a ``…-Cache-Control`` is meant (RFC 9213), ``Surrogate-Control`` (Varnish, Fastly) or
    ``X-Accel-Expires`` (nginx) heed it instead of ``Cache-Control``. A validator without a stored response is useless.
    """
    for name in {name.lower() for name in headers.keys()}:  # noqa: SIM118 - iterating over Headers yields pairs
        if name.endswith("-cache-control") or name in _OF_STORED_RESPONSES:
            headers.remove(name)
    headers["Cache-Control"] = "no-store"


def result_of(outcome: Outcome) -> Result:
    """Return the row of the result table that tells an outcome."""
    return _RESULT_OF_OUTCOME[outcome]


def envelope(
    result: Result, response: Any = None, *, language: str, retry_after: int = RETRY_AFTER_SECONDS
) -> EnvelopeResponse:
    """Build the response that tells a result.

    :param response: what JSON can carry, or what is JSON already.
    :param language: a language of the messages, or ``auto`` for the request's own.
    :param retry_after: seconds, for the results that come with such advice.
    """
    if language == "auto":
        language = best_language(accepted_languages())
    in_json = response if isinstance(response, Json) else _to_json(response).encode()
    body = b'%s,"response":%s}' % (_opening(result, language), in_json)
    told = EnvelopeResponse(body, result.status, {"Cache-Control": "no-store"}, content_type="application/json")
    if WWW_AUTHENTICATE in result.headers:
        told.headers[WWW_AUTHENTICATE.name] = "Bearer"
    if RETRY_AFTER in result.headers:
        told.headers[RETRY_AFTER.name] = str(retry_after)
    return told


class Json(bytes):
    """A value that is JSON already."""


def handed_out(form: str, data: bytes, uuid: str) -> Json:
    """Return what an envelope hands out: a picture or a sound, and the uuid.

    Neither Base64 nor a uuid holds anything that JSON escapes; looking for it would take longer than the rest of the
    envelope.
    """
    return Json(b'{"%s":"%s","uuid":"%s"}' % (form.encode(), b64encode(data), uuid.encode()))


@cache
def _opening(result: Result, language: str) -> bytes:
    """Return the envelope up to its last member, the response."""
    members = {
        "status": result is Result.SUCCESS,
        "code": result.code,
        "stringCode": result.string_code,
        "message": message_of(result, language),
    }
    return _to_json(members).removesuffix("}").encode()


class CaptchaRejected(HTTPException):
    """A request that a guard turned away. Raised towards guarded views only.

    An app shows its own page instead of the envelope by an ordinary ``@app.errorhandler(CaptchaRejected)``. Handlers of
    the app for all exceptions leave it alone; one of a blueprint's does not, as Flask asks blueprints first.

    :ivar outcome: what became of the captcha; None where it was not even looked at (the store is down, say).
    :ivar response: the envelope, with the status of the result table.
    """

    # On the class, not the instance: Flask finds handlers by the class's code, and one status would not do for all.
    code = None

    def __init__(self, told: EnvelopeResponse, outcome: Outcome | None) -> None:
        super().__init__(description=outcome.value if outcome else "not verified", response=told)
        self.code = told.status_code
        self.outcome = outcome

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled: a cache above the guard would answer others with what one request deserved.

        Flask-Caching, which pickles the HTTP exceptions of a cached view, logs this or, in debug mode, raises it.
        """
        raise TypeError("a rejection is not to be cached: put @cache.cached below @verify_captcha, not above it")


def submitted(*fields: Names, is_bounded: bool = False) -> tuple[object, ...]:
    """Read fields from the one place where this request carries any: the JSON body, else the form, else the query.

    A field that is absent is None, one given twice is a list, and all are None where the body cannot be read: none of
    these has the shape of a uuid or a text.

    :param is_bounded: whether a body beyond our bounds is not read; else the app's MAX_CONTENT_LENGTH and Flask's own
        bounds count alone.
    """
    try:
        if len(request.headers.get("Content-Type", "")) > _LONGEST_CONTENT_TYPE:
            raise ValueError("the content type is too long")
        if is_bounded:
            _limit_body()
        look_up = _place()
        return tuple(_first_present(look_up, names) for names in fields)
    except Exception:  # broken, too deep, too large, cut off: each server raises what it likes from its body reader
        return (None,) * len(fields)


def in_query(name: str) -> str | None:
    """Return a parameter of the query; None without it, and where the query's bytes are no text."""
    try:
        return request.args.get(name)
    except UnicodeDecodeError:
        return None


def _limit_body() -> None:
    """Lower the request's limit, which is read-only before Flask 3.1. A stream that was read already is left alone."""
    is_form = request.mimetype in FORM_TYPES
    if "stream" not in request.__dict__:
        largest = LARGEST_FORM if is_form else LARGEST_BODY
        limit = min(request.max_content_length or largest, largest)
        request.stream = get_input_stream(request.environ, max_content_length=limit)
    if is_form:
        request.max_form_parts = MOST_FIELDS  # which Werkzeug applies to multipart/form-data alone
        if request.mimetype == FORM_TYPES[0] and request.get_data().count(b"&") >= MOST_FIELDS:
            raise ValueError("the form has too many fields")


def _first_present(look_up: Callable[[str], list[object]], names: Names) -> object:
    for name in names:
        values = look_up(name)
        if values:
            return values[0] if len(values) == 1 else values
    return None


def _place() -> Callable[[str], list[object]]:
    may_lack_body = request.method in _BODILESS_METHODS
    if _has_body() or not may_lack_body:  # a content type alone, which some clients send with a GET, is no body
        if request.is_json:
            body = request.get_json()
            return lambda name: [body[name]] if isinstance(body, dict) and name in body else []
        if request.mimetype in FORM_TYPES:
            return _values_in(request.form)
    return _values_in(request.args if may_lack_body else MultiDict())


def _values_in(values: MultiDict[str, str]) -> Callable[[str], list[object]]:
    return lambda name: list(values.getlist(name))


def _has_body() -> bool:
    return bool(request.content_length) or "Transfer-Encoding" in request.headers
