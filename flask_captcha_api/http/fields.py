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
#: Bytes of a form there, and fields in it. Parsing 64 KiB of tiny fields, of bytes that are no text or of parameters
#: would take as long as issuing twenty or thirty captchas.
LARGEST_FORM = 4 * 1024
MOST_FIELDS = 20
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")

#: Characters. Parsing takes time in proportion to them, and the types of bodies that carry fields are short.
_LONGEST_CONTENT_TYPE = 1000
_BODILESS_METHODS = frozenset({"GET", "HEAD", "DELETE"})

#: The names of a field: the main one, then aliases.
Names = Sequence[str]


def read_fields(uuid_names: Names, text_names: Names, *, is_bounded: bool = False) -> tuple[object, object]:
    """Return uuid and text from one place of the request: the JSON body, else the form, else the query string.

    A field that is absent is None, one given twice is a list, and both are None if the body cannot be read: none of
    these has the shape of a uuid or a text.

    :param is_bounded: whether a body beyond the bounds above is left unread. Otherwise only the app's
        MAX_CONTENT_LENGTH and Flask's bounds count.
    """
    try:
        if len(request.headers.get("Content-Type", "")) > _LONGEST_CONTENT_TYPE:
            raise ValueError("the content type is too long")
        if is_bounded:
            _limit_body()
        look_up = _place()
        return _first_present(look_up, uuid_names), _first_present(look_up, text_names)
    except Exception:  # broken, too deep, too large, cut off: each server raises what it likes from its body reader
        return None, None


def read_query(name: str) -> str | None:
    """Return a parameter of the query string; None without it, and if the query's bytes are no text."""
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
