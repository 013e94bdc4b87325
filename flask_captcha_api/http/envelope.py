"""The JSON envelope of all responses of the JSON routes and of all rejections."""

import json
from base64 import b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flask import Response
from werkzeug.datastructures import Headers

from ..captchas import Captcha
from ..translations import Catalogue
from .headers import EXPOSED_HEADERS, RETRY_AFTER, WWW_AUTHENTICATE, forbid_storing
from .languages import catalogue_of_messages
from .results import Result, message_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

RETRY_AFTER_SECONDS = 5

_EXPOSE = "Access-Control-Expose-Headers"

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class EnvelopeResponse(Response):
    """A response with an envelope."""

    #: Names of the headers that return a token: Authorization, unless the app configures another.
    token_headers: tuple[str, ...] = ()

    def get_wsgi_headers(self, environ: "WSGIEnvironment") -> Headers:
        """Return the headers with ``no-store``, and with the captcha's among those that other origins may read.

        They are added here because all ``after_request`` functions of the app have run by now, so none can undo this.
        Authorization has to be listed: ``*`` does not include it.
        """
        headers = super().get_wsgi_headers(environ)
        forbid_storing(headers)
        names = (*EXPOSED_HEADERS, *self.token_headers)
        if _EXPOSE in headers:
            exposed_by_app = [name.strip() for name in ",".join(headers.getlist(_EXPOSE)).split(",") if name.strip()]
            known = {name.lower() for name in exposed_by_app}
            names = (*exposed_by_app, *(name for name in names if name.lower() not in known))
        headers[_EXPOSE] = ", ".join(names)
        return headers


class Json(bytes):
    """A value that is already JSON."""


def envelope(result: Result, response: Any = None, *, retry_after: int | None = None) -> EnvelopeResponse:
    """Build the response for a result, with a message in the language of CAPTCHA_LANGUAGE.

    :param response: the member ``response``: a value to serialise, or :class:`Json`.
    :param retry_after: seconds, for results with a Retry-After header; None: 5.
    """
    response_json = response if isinstance(response, Json) else _to_json(response).encode()
    body = b'%s,"response":%s}' % (_opening(result, catalogue_of_messages()), response_json)
    answer = EnvelopeResponse(body, result.status, {"Cache-Control": "no-store"}, content_type="application/json")
    if WWW_AUTHENTICATE in result.headers:
        answer.headers[WWW_AUTHENTICATE.name] = "Bearer"
    if RETRY_AFTER in result.headers:
        answer.headers[RETRY_AFTER.name] = str(RETRY_AFTER_SECONDS if retry_after is None else retry_after)
    return answer


def captcha_json(form: str, captcha: Captcha) -> Json:
    """Build the member ``response`` of an issued captcha: Base64 data, id, and work if there is any.

    Data and id are not escaped: neither can contain anything that JSON escapes, and looking for it would take longer
    than the rest of the envelope.
    """
    members = [b'"uuid":"%s"' % captcha.uuid.encode()]
    if captcha.data:
        members.insert(0, b'"%s":"%s"' % (form.encode(), b64encode(captcha.data)))
    if captcha.work:
        members.append(b'"work":%s' % _to_json(captcha.work).encode())
    return Json(b"{%s}" % b",".join(members))


@lru_cache(maxsize=1000)  # of all results in every language
def _opening(result: Result, catalogue: Catalogue) -> bytes:
    """Return the envelope up to its last member, ``response``."""
    members = {
        "status": result is Result.SUCCESS,
        "code": result.code,
        "stringCode": result.string_code,
        "message": message_of(result, catalogue),
    }
    return _to_json(members).removesuffix("}").encode()
