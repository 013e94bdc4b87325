"""Reads the fields that a client sends, from one place of the request."""

from collections.abc import Callable, Sequence

from flask import request
from werkzeug.datastructures import MultiDict
from werkzeug.wsgi import get_input_stream

#: The fields of POST /captcha/{source}, each with the alias that is read if it is absent.
UUID_NAMES = ("uuid", "uuId")
TEXT_NAMES = ("code", "text")
#: Bytes of a body of that route. A uuid and a text fit many times over.
LARGEST_BODY = 64 * 1024
#: Fields of a form there: parsing 64 KiB of tiny ones would take as long as issuing twenty captchas.
MOST_FIELDS = 20
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")

#: Characters. Parsing takes time in proportion to them, and the types of bodies that carry fields are short.
_LONGEST_CONTENT_TYPE = 1000
_BODILESS_METHODS = frozenset({"GET", "HEAD", "DELETE"})

#: The names of a field: the main one, then aliases.
Names = Sequence[str]


def read_fields(
    uuid_names: Names, text_names: Names, *, largest: int | None = None, most_in_form: int | None = None
) -> tuple[object, object]:
    """Return uuid and text from one place of the request: the JSON body, else the form, else the query string.

    A field that is absent is None, one given twice is a list, and all are None if the body cannot be read: none of
    these has the shape of a uuid or a text.

    :param largest: bytes of a body beyond which it is not read; None: what the app's MAX_CONTENT_LENGTH allows.
    :param most_in_form: a form with more fields is not read; None: as Flask limits it.
    """
    try:
        if largest is not None:
            _limit_body(largest)
        look_up = _place(most_in_form)
        return _first_present(look_up, uuid_names), _first_present(look_up, text_names)
    except Exception:  # broken, too deep, too large, cut off: each server raises what it likes from its body reader
        return None, None


def _limit_body(largest: int) -> None:
    """Lower the request's limit, which is read-only before Flask 3.1. A stream that was read already is left alone."""
    if "stream" not in request.__dict__:
        limit = min(request.max_content_length or largest, largest)
        request.stream = get_input_stream(request.environ, max_content_length=limit)


def _first_present(look_up: Callable[[str], list[object]], names: Names) -> object:
    for name in names:
        values = look_up(name)
        if values:
            return values[0] if len(values) == 1 else values
    return None


def _place(most_in_form: int | None) -> Callable[[str], list[object]]:
    may_lack_body = request.method in _BODILESS_METHODS
    if len(request.headers.get("Content-Type", "")) > _LONGEST_CONTENT_TYPE:
        raise ValueError("the content type is too long")
    if _has_body() or not may_lack_body:  # a content type alone, which some clients send with a GET, is no body
        if request.is_json:
            body = request.get_json()
            return lambda name: [body[name]] if isinstance(body, dict) and name in body else []
        if request.mimetype in FORM_TYPES:
            if most_in_form is not None:
                _limit_form(most_in_form)
            return _values_in(request.form)
    return _values_in(request.args if may_lack_body else MultiDict())


def _limit_form(most_fields: int) -> None:
    request.max_form_parts = most_fields  # which Werkzeug applies to multipart/form-data alone
    if request.mimetype == FORM_TYPES[0] and request.get_data().count(b"&") >= most_fields:
        raise ValueError("the form has too many fields")


def _values_in(values: MultiDict[str, str]) -> Callable[[str], list[object]]:
    return lambda name: list(values.getlist(name))


def _has_body() -> bool:
    return bool(request.content_length) or "Transfer-Encoding" in request.headers
