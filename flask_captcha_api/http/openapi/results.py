"""Describes results in OpenAPI: responses with their headers, and envelopes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...translations import Catalogue
from ..results import Result, message_of

Json = dict[str, Any]


def header(description: str, schema: Json, *, required: bool = True) -> Json:
    """Describe a response header."""
    return {"description": description, "required": required, "schema": schema}


_CACHE_CONTROL = {"Cache-Control": header("Caches must not store it.", {"const": "no-store"})}


def response(results: Iterable[Result], schema: Json | None, *, headers: Mapping[str, Json] | None = None) -> Json:
    """Describe a response with one of several results.

    :param schema: that of the body; None: there is no body.
    :param headers: those of this operation, in addition to the results' own.
    """
    rows = list(results)
    of_results = {each.name: header(each.description, dict(each.schema)) for row in rows for each in row.headers}
    all_headers = {**_CACHE_CONTROL, **(headers or {}), **of_results}
    return {
        "description": " ".join(f"{row.code}: {row.when}. Captcha spent: {row.spent}." for row in rows),
        "headers": all_headers,
        **({"content": {"application/json": {"schema": schema}}} if schema is not None else {}),
    }


def envelope(result: Result, content: Json, catalogues: Sequence[Catalogue]) -> Json:
    """Describe the envelope of a result.

    :param content: the schema of its member ``response``.
    :param catalogues: those whose messages are the examples.
    """
    members: Json = {
        "status": {"const": result is Result.SUCCESS},
        "code": {"const": result.code},
        "stringCode": {"const": result.string_code},
        "message": {"type": "string", "examples": [message_of(result, each) for each in catalogues]},
        "response": content,
    }
    return {"type": "object", "required": list(members), "properties": members, "additionalProperties": False}


def by_status(results: Iterable[Result]) -> dict[int, list[Result]]:
    """Group results by HTTP status."""
    grouped: dict[int, list[Result]] = {}
    for result in results:
        grouped.setdefault(result.status, []).append(result)
    return dict(sorted(grouped.items()))


def error_components(catalogues: Sequence[Catalogue]) -> Json:
    """Describe all errors: each envelope under the result's name, and each response under its status."""
    errors = [result for result in Result if result is not Result.SUCCESS]
    return {
        "schemas": {result.string_code: envelope(result, {"type": "null"}, catalogues) for result in errors},
        "responses": {str(status): _described(results) for status, results in by_status(errors).items()},
    }


def error_response(results: Sequence[Result]) -> Json:
    """Describe the errors of one status that an operation can have, by reference if the component has no others."""
    status = results[0].status
    if by_status(Result)[status] == results:
        return {"$ref": f"#/components/responses/{status}"}
    return _described(results)


def _described(results: Sequence[Result]) -> Json:
    schemas = [{"$ref": f"#/components/schemas/{result.string_code}"} for result in results]
    return response(results, schemas[0] if len(schemas) == 1 else {"oneOf": schemas})
