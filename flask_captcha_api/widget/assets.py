"""The widget's script and style sheet, served under URLs with a digest of their contents."""

import hashlib
import re
from importlib.resources import files

from flask import Blueprint, Response, request, url_for

from ..http.envelope import envelope
from ..http.results import Result
from ..state import current_state

SCRIPT = "captcha-field.js"
STYLESHEET = "captcha-field.css"
#: Works puzzles out; loaded by the script for sources that have any.
WORK_SCRIPT = "captcha-work.js"
_ENDPOINT = "static_file"

_MEDIA_TYPES = {SCRIPT: "text/javascript", WORK_SCRIPT: "text/javascript", STYLESHEET: "text/css"}
#: A comment on lines of its own, or at the end of a line.
_COMMENT = re.compile(r"^ *(?://[^\n]*|/\*.*?\*/)\n|(?<=[;,{}]) //[^\n]*$", re.MULTILINE | re.DOTALL)
#: Indentation, blank lines, the ends of lines that the next may follow at once, and the space before a brace that ends
#: one. No string has several lines.
_SPACE = re.compile(r"^\s+|(?<=[;,{])\n\s*| (?=\{\n)", re.MULTILINE)
#: A string, which is kept, or a sign with the space beside it. The space before a colon or a sign of arithmetic is kept
#: too, because selectors and ``calc()`` need it.
_SPACED_SIGN = re.compile(r'("(?:[^"\\\n]|\\.)*"|`[^`]*`)| ?(=>|[=!]==|[-+]?=|&&|\|\||\?\??|[<>]=?|[{}]) ?|([,:]) ')


def compact(code: str) -> str:
    """Return a script or a style sheet without comments and the space of its layout: a sixth of the bytes sent."""
    return _SPACED_SIGN.sub(lambda found: "".join(filter(None, found.groups())), _SPACE.sub("", _COMMENT.sub("", code)))


def digest_of_contents(contents: bytes) -> str:
    """Return the digest that stands for these contents in a URL or an ETag: 16 hexadecimal digits."""
    return hashlib.sha256(contents).hexdigest()[:16]


_CONTENTS = {
    name: compact(files(__package__).joinpath("static", name).read_text(encoding="utf-8")).encode()
    for name in _MEDIA_TYPES
}
#: One digest for all files, so that the script finds the style sheet next to itself.
DIGEST = digest_of_contents(b"".join(_CONTENTS.values()))
#: Stands for the digest in pages that do not use :func:`file_url`.
LATEST = "latest"


def add_routes(blueprint: Blueprint) -> None:
    """Add the route of the widget's files to an app's blueprint."""
    blueprint.add_url_rule("/static/<digest>/<file>", _ENDPOINT, _static_file, methods=["GET"])


def file_url(name: str) -> str:
    """Return the URL of one of the widget's files.

    :raises RuntimeError: the routes are not mounted.
    """
    mounted_as = current_state().mounted_as
    if not mounted_as:
        raise RuntimeError("the captcha routes are not mounted: register the blueprint that init_app returned")
    return url_for(f"{mounted_as[0]}.{_ENDPOINT}", digest=DIGEST, file=name)


def _static_file(digest: str, file: str) -> Response:
    """Answer GET /captcha/static/{digest}/{file}: the file, or an envelope if there is none.

    Browsers may keep a file for ever, since its URL changes with its contents. Under ``latest`` they must revalidate.
    """
    if digest not in (DIGEST, LATEST) or file not in _CONTENTS:
        return envelope(Result.SOURCE_UNKNOWN)
    return file_response(_CONTENTS[file], _MEDIA_TYPES[file], DIGEST, is_immutable=digest == DIGEST)


def file_response(contents: bytes, media_type: str, digest: str, *, is_immutable: bool) -> Response:
    """Build the response with a file, or the one that says that the browser has it.

    :param digest: the file's ETag.
    :param is_immutable: whether the URL changes with the contents. Otherwise browsers must revalidate.
    """
    response = Response(contents, mimetype=media_type)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_immutable else "no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.set_etag(digest)
    # Not make_conditional, which parses the whole header: 800 kB take as long as issuing fifty captchas.
    if f'"{digest}"' in request.headers.get("If-None-Match", ""):
        response.status_code = 304
    return response
