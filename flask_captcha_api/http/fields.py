"""Reads uuid and text from a request: from its fields, or from two headers."""

from collections.abc import Callable, Sequence

from flask import request
from werkzeug.datastructures import MultiDict
from werkzeug.wsgi import get_input_stream

#: The fields of POST /captcha/{source}, each with an alias that is read if the main name is absent.
UUID_NAMES = ("uuid", "uuId")
TEXT_NAMES = ("code", "text")
#: The headers of a protected view with ``from_headers=True``.
UUID_HEADER = "Captcha-Uuid"
TEXT_HEADER = "Captcha-Code"
#: Maximum bytes of a body of that route.
LARGEST_BODY = 64 * 1024
#: Maximum bytes of a form there, and fields in it. Parsing 64 KiB of tiny fields, of undecodable bytes or of
#: parameters would take as long as issuing twenty or thirty captchas.
LARGEST_FORM = 4 * 1024
MOST_FIELDS = 20
FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")

#: Maximum characters: parsing takes time in proportion, and the content types of bodies with fields are short.
_LONGEST_CONTENT_TYPE = 1000
_BODILESS_METHODS = frozenset({"GET", "HEAD", "DELETE"})

#: The names of a field: the main name, then its aliases.
Names = Sequence[str]


def read_fields(uuid_names: Names, text_names: Names, *, is_bounded: bool = False) -> tuple[object, object]:
    """Return uuid and text from the JSON body, else from the form, else from the query string.

    A missing field is None, one given twice is a list, and both are None if the body cannot be read. None of these has
    the shape of a uuid or a text.

    :param is_bounded: whether the limits above apply to the body, on top of MAX_CONTENT_LENGTH and Flask's limits.
    """
    try:
        _check_content_type()
        if is_bounded:
            _limit_body()
        look_up = _choose_place()
        return _first_present(look_up, uuid_names), _first_present(look_up, text_names)
    except Exception:  # malformed, too deep, too large or truncated; servers raise what they like while a body is read
        return None, None


def read_form(*names: str) -> tuple[object, ...] | None:
    """Return the fields of a form, within the limits above; None if the body is not a form, or cannot be read.

    A missing field is None, and one given twice is a list.
    """
    try:
        _check_content_type()
        _limit_body()
        if request.mimetype not in FORM_TYPES:
            return None
        look_up = _values_in(request.form)
        return tuple(_first_present(look_up, (name,)) for name in names)
    except Exception:  # as above
        return None


def read_headers() -> tuple[object, object]:
    """Return uuid and text from their headers. One that is missing, sent twice or not ASCII is None."""
    return _only_header(UUID_HEADER), _only_header(TEXT_HEADER)


def _only_header(name: str) -> str | None:
    value: str | None = request.headers.get(name)
    # Servers join duplicate headers with a comma, and decode headers as Latin-1, whatever was sent.
    return value if value is not None and value.isascii() and "," not in value else None


def requested_form(uuid_name: str) -> str | None:
    """Return the form of captcha that a visitor without JavaScript has requested with a button of the widget.

    It is read where :func:`read_fields` reads, so that a link with such a query does not turn every form sent from
    that page into a request for a sound.

    :returns: ``image`` or ``audio``; None if no such button was pressed.
    """
    try:
        _check_content_type()
        values = _choose_place()(uuid_name)
    except Exception:  # the body or the query cannot be read, and servers raise what they like
        return None
    return next((form for form in ("image", "audio") if form in values), None)


def read_query(name: str) -> str | None:
    """Return a parameter of the query string; None without it, or if the query's bytes are not text."""
    try:
        return request.args.get(name)
    except UnicodeDecodeError:
        return None


def _check_content_type() -> None:
    if len(request.environ.get("CONTENT_TYPE", "")) > _LONGEST_CONTENT_TYPE:
        raise ValueError("the content type is too long")


def _limit_body() -> None:
    """Lower the limits of a body that was not yet read. The request's own setting is read-only before Flask 3.1."""
    is_form = request.mimetype in FORM_TYPES
    if "stream" not in request.__dict__:
        largest = LARGEST_FORM if is_form else LARGEST_BODY
        limit = min(request.max_content_length or largest, largest)
        request.stream = get_input_stream(request.environ, max_content_length=limit)
    if is_form:
        request.max_form_parts = MOST_FIELDS  # which Werkzeug applies only to multipart/form-data
        if request.mimetype == FORM_TYPES[0] and request.get_data().count(b"&") >= MOST_FIELDS:
            raise ValueError("the form has too many fields")


def _first_present(look_up: Callable[[str], list[object]], names: Names) -> object:
    for name in names:
        values = look_up(name)
        if values:
            return values[0] if len(values) == 1 else values
    return None


def _choose_place() -> Callable[[str], list[object]]:
    """Return the function that looks a field up in the part of the request that holds the fields."""
    may_lack_body = request.method in _BODILESS_METHODS
    # Some clients send a content type with a GET that has no body.
    if not may_lack_body or request.content_length or "Transfer-Encoding" in request.headers:
        if request.mimetype in FORM_TYPES:
            return _values_in(request.form)
        if request.is_json:
            body = request.get_json()
            return lambda name: [body[name]] if isinstance(body, dict) and name in body else []
    return _values_in(request.args if may_lack_body else MultiDict())


def _values_in(values: MultiDict[str, str]) -> Callable[[str], list[object]]:
    return lambda name: list(values.getlist(name))
