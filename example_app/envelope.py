"""The JSON envelope and the results of this app.

The captcha's results (01001 and up) come from flask_captcha_api, in the same envelope.
"""

import json
from enum import Enum
from typing import Any

from flask import Response


class Result(Enum):
    """A result: code, name, HTTP status, and message for the visitor."""

    SUCCESS = ("00000", "success", 200, "Success")
    CREDENTIALS_WRONG = ("02001", "credentials_wrong", 401, "The account or the password is wrong")
    SIGN_IN_REQUIRED = ("02002", "sign_in_required", 401, "Please sign in")
    PASSWORD_WRONG = ("02003", "password_wrong", 422, "The current password is wrong")
    PASSWORDS_DIFFER = ("02004", "passwords_differ", 422, "The new passwords differ")
    PASSWORD_TOO_SHORT = ("02005", "password_too_short", 422, "The new password is too short")


def envelope(result: Result, response: Any = None) -> Response:
    """Build the response for a result."""
    code, string_code, status, message = result.value
    body = {
        "status": result is Result.SUCCESS,
        "code": code,
        "stringCode": string_code,
        "message": message,
        "response": response,
    }
    answer = Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/json")
    answer.headers["Cache-Control"] = "no-store"  # it may contain a token
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"  # required by RFC 9110, section 15.5.2
    return answer
