"""The result table in OpenAPI's terms: responses with their headers, and envelopes."""

from collections.abc import Iterable, Mapping
from typing import Any

from ...settings.config import CaptchaConfig
from ...translations import LANGUAGES
from ..results import Result, message_of

Json = dict[str, Any]


def header(description: str, schema: Json, *, required: bool = True) -> Json:
    """Describe a header of a response."""
    return {"description": description, "required": required, "schema": schema}


_CACHE_CONTROL = {"Cache-Control": header("No cache may keep it.", {"const": "no-store"})}


def response(results: Iterable[Result], schema: Json | None, *, headers: Mapping[str, Json] | None = None) -> Json:
    """Describe a response that tells one of some results.

    :param schema: of the body; None: it has none.
    :param headers: those that these results bring here and not everywhere.
    """
    told = list(results)
    of_results = {each.name: header(each.description, dict(each.schema)) for result in told for each in result.headers}
    all_headers = {**_CACHE_CONTROL, **(headers or {}), **of_results}
    return {
        "description": " ".join(f"{result.code}: {result.when}. Captcha spent: {result.spent}." for result in told),
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
