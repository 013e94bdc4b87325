"""The JSON envelope, which every response of the JSON routes and every rejection is."""

import json
from base64 import b64encode
from functools import cache
from typing import TYPE_CHECKING, Any

from flask import Response
from werkzeug.datastructures import Headers

from .languages import language_of_messages
from .results import RETRY_AFTER, WWW_AUTHENTICATE, Result, message_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

RETRY_AFTER_SECONDS = 5

# Response headers that describe the captcha.
EXPIRES_IN = "Captcha-Expires-In"
KIND = "Captcha-Kind"
LENGTH = "Captcha-Length"
MEDIA_TYPE = "Captcha-Media-Type"
#: What a script of another origin may read besides the body.
EXPOSED_HEADERS = (EXPIRES_IN, KIND, LENGTH, MEDIA_TYPE, RETRY_AFTER.name)
_EXPOSE = "Access-Control-Expose-Headers"
#: Lower case.
_OF_STORED_RESPONSES = frozenset({"etag", "expires", "last-modified", "surrogate-control", "x-accel-expires"})

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


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


class Json(bytes):
    """A value that is JSON already."""


def envelope(result: Result, response: Any = None, *, retry_after: int | None = None) -> EnvelopeResponse:
    """Build the response that carries a result, in the language of CAPTCHA_LANGUAGE.

    :param response: the member ``response``: a value for JSON, or :class:`Json`.
    :param retry_after: seconds, for the results with such a header; None: 5.
    """
    response_json = response if isinstance(response, Json) else _to_json(response).encode()
    body = b'%s,"response":%s}' % (_opening(result, language_of_messages()), response_json)
    answer = EnvelopeResponse(body, result.status, {"Cache-Control": "no-store"}, content_type="application/json")
    if WWW_AUTHENTICATE in result.headers:
        answer.headers[WWW_AUTHENTICATE.name] = "Bearer"
    if RETRY_AFTER in result.headers:
        answer.headers[RETRY_AFTER.name] = str(RETRY_AFTER_SECONDS if retry_after is None else retry_after)
    return answer


def captcha_json(form: str, data: bytes, uuid: str) -> Json:
    """Build the member ``response`` of an issued captcha: Base64 data and id.

    Neither holds anything that JSON escapes; looking for it would take longer than the rest of the envelope.
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
