"""The result table in the words of OpenAPI: when each result is given, its headers and its envelope."""

from collections.abc import Iterable, Mapping
from typing import Any

from . import wire
from .config import LANGUAGES, CaptchaConfig
from .results import Result, message_of

Json = dict[str, Any]

_WHEN: Mapping[Result, str] = {
    Result.SUCCESS: "done",
    Result.CAPTCHA_REQUIRED: "a field is missing or has the wrong shape, or the body cannot be read; nothing is spent",
    Result.CAPTCHA_WRONG: "the text is wrong, or the captcha belongs to another source or identity; it is spent",
    Result.CAPTCHA_GONE: "there is no such captcha: unknown, expired or already used",
    Result.SOURCE_UNKNOWN: "there is no such source, it has no captchas of this form, or no script can read the answer",
    Result.TOO_MANY_REQUESTS: "a limit is reached; nothing is spent",
    Result.UNAUTHORIZED: "a token is required and absent, or present and not valid; nothing is spent",
    Result.STORE_UNAVAILABLE: "captchas do not work at the moment: nothing passes, and a captcha may be spent",
    Result.METHOD_NOT_ALLOWED: "the path has no such method",
}


def header(description: str, schema: Json, *, required: bool = True) -> Json:
    """Describe a header of a response."""
    return {"description": description, "required": required, "schema": schema}


_OF_ALL = {"Cache-Control": header("No cache may keep it.", {"const": "no-store"})}
_RETRY_AFTER = {wire.RETRY_AFTER: header("Seconds to wait.", {"type": "integer", "minimum": 0})}
#: The headers that a result brings besides.
_HEADERS: Mapping[Result, Mapping[str, Json]] = {
    Result.TOO_MANY_REQUESTS: _RETRY_AFTER,
    Result.UNAUTHORIZED: {"WWW-Authenticate": header("How to say who one is.", {"const": "Bearer"})},
    Result.STORE_UNAVAILABLE: _RETRY_AFTER,
    Result.METHOD_NOT_ALLOWED: {"Allow": header("The methods that the path has.", {"type": "string"})},
}


def response(results: Iterable[Result], schema: Json | None, *, headers: Mapping[str, Json] | None = None) -> Json:
    """Describe a response that tells one of some results.

    :param schema: of the body; None: it has none.
    :param headers: those that these results bring here and not everywhere.
    """
    told = list(results)
    all_headers = {**_OF_ALL, **(headers or {})}
    for result in told:
        all_headers |= _HEADERS.get(result, {})
    return {
        "description": " ".join(f"{result.code}: {_WHEN[result]}." for result in told),
        "headers": all_headers,
        **({"content": {"application/json": {"schema": schema}}} if schema is not None else {}),
    }


def envelope(result: Result, content: Json, config: CaptchaConfig) -> Json:
    """Describe the envelope that tells a result.

    :param content: what stands in its ``response``.
    """
    languages = LANGUAGES if config.language == "auto" else (config.language,)
    members: Json = {
        "status": {"const": result is Result.SUCCESS},
        "code": {"const": result.code},
        "stringCode": {"const": result.string_code},
        "message": {"type": "string", "examples": [message_of(result, language) for language in languages]},
        "response": content,
    }
    return {"type": "object", "required": list(members), "properties": members, "additionalProperties": False}


def by_status(results: Iterable[Result]) -> dict[int, list[Result]]:
    """Group results by the HTTP status that they are told with."""
    grouped: dict[int, list[Result]] = {}
    for result in results:
        grouped.setdefault(result.status, []).append(result)
    return dict(sorted(grouped.items()))


def error_components(config: CaptchaConfig) -> Json:
    """Describe every error: its envelope under the result's name, and the response under the status."""
    errors = [result for result in Result if result is not Result.SUCCESS]
    return {
        "schemas": {result.string_code: envelope(result, {"type": "null"}, config) for result in errors},
        "responses": {str(status): response(told, _any_of(told)) for status, told in by_status(errors).items()},
    }


def _any_of(results: list[Result]) -> Json:
    schemas = [{"$ref": f"#/components/schemas/{result.string_code}"} for result in results]
    return schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
