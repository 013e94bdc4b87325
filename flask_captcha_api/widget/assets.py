"""The widget's files, under a URL that changes with them."""

import hashlib
import re
from importlib.resources import files

from flask import Blueprint, Response, request, url_for

from ..http.envelope import envelope
from ..http.results import Result
from ..state import current_state

SCRIPT = "captcha-field.js"
STYLESHEET = "captcha-field.css"
_ENDPOINT = "static_file"

_MEDIA_TYPES = {SCRIPT: "text/javascript", STYLESHEET: "text/css"}
#: A comment that has its lines to itself, or that ends a line.
_COMMENT = re.compile(r"^ *(?://[^\n]*|/\*.*?\*/)\n|(?<=[;,{}]) //[^\n]*$", re.MULTILINE | re.DOTALL)


def without_comments(code: str) -> str:
    """Return a script or a style sheet as it is served: comments would be an eighth of what is sent."""
    return _COMMENT.sub("", code)


_CONTENTS = {
    name: without_comments(files(__package__).joinpath("static", name).read_text(encoding="utf-8")).encode()
    for name in _MEDIA_TYPES
}
#: One for all files: the script finds the stylesheet beside itself.
DIGEST = hashlib.sha256(b"".join(_CONTENTS.values())).hexdigest()[:16]
#: Instead of the digest, for pages that no template of the package renders and that cannot know it.
LATEST = "latest"


def add_routes(blueprint: Blueprint) -> None:
    """Add the route of the files to an app's blueprint."""
    blueprint.add_url_rule("/static/<digest>/<file>", _ENDPOINT, _static_file, methods=["GET"])


def file_url(name: str) -> str:
    """Return the URL of a file of the widget.

    :raises RuntimeError: the routes are not mounted.
    """
    mounted_as = current_state().mounted_as
    if not mounted_as:
        raise RuntimeError("the captcha routes are mounted nowhere: register the blueprint that init_app returned")
    return url_for(f"{mounted_as[0]}.{_ENDPOINT}", digest=DIGEST, file=name)


def _static_file(digest: str, file: str) -> Response:
    """Answer GET /captcha/static/{digest}/{file}, outside the envelope if there is such a file.

    Browsers may keep a file for ever, as a change of it changes its URL. Under ``latest`` they have to revalidate it.
    """
    if digest not in (DIGEST, LATEST) or file not in _CONTENTS:
        return envelope(Result.SOURCE_UNKNOWN)
    response = Response(_CONTENTS[file], mimetype=_MEDIA_TYPES[file])
    response.headers["Cache-Control"] = "no-cache" if digest == LATEST else "public, max-age=31536000, immutable"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.set_etag(DIGEST)
    response.make_conditional(request)
    return response
