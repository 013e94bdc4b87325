"""The widget's script, style sheet and texts, served under URLs with a digest of their contents."""

import hashlib
import re
from importlib.resources import files

from flask import Blueprint, Response, request, url_for

from ..http.envelope import envelope
from ..http.languages import catalogue_of_page
from ..http.results import Result
from ..state import current_state

SCRIPT = "captcha-field.js"
#: What is served as the script, without its first line, which says what it was made from: tools/minify_script.py.
MINIFIED = "captcha-field.min.js"
STYLESHEET = "captcha-field.css"
#: Solves puzzles; the script loads it for sources that have work.
WORK_SCRIPT = "captcha-work.js"
_ENDPOINT = "static_file"

_MEDIA_TYPES = {SCRIPT: "text/javascript", WORK_SCRIPT: "text/javascript", STYLESHEET: "text/css"}
#: A comment on lines of its own, or at the end of a line.
_COMMENT = re.compile(r"^ *(?://[^\n]*|/\*.*?\*/)\n|(?<=[;,{}]) //[^\n]*$", re.MULTILINE | re.DOTALL)
#: Indentation, blank lines, line breaks that can be dropped, and the space before a brace at the end of a line. No
#: string spans several lines.
_SPACE = re.compile(r"^\s+|(?<=[;,{])\n\s*| (?=\{\n)", re.MULTILINE)
#: A string, which is kept, or an operator with the space around it. The space before a colon or an arithmetic operator
#: is kept too, because selectors and ``calc()`` need it.
_SPACED_SIGN = re.compile(r'("(?:[^"\\\n]|\\.)*"|`[^`]*`)| ?(=>|[=!]==|[-+]?=|&&|\|\||\?\??|[<>]=?|[{}]) ?|([,:]) ')


def compact(code: str) -> str:
    """Return a script or a style sheet without comments and the space of its layout."""
    return _SPACED_SIGN.sub(lambda found: "".join(filter(None, found.groups())), _SPACE.sub("", _COMMENT.sub("", code)))


def digest_of_contents(contents: bytes) -> str:
    """Return the digest that stands for these contents in a URL or an ETag: 16 hexadecimal digits."""
    return hashlib.sha256(contents).hexdigest()[:16]


def _read(name: str) -> str:
    return files(__package__).joinpath("static", name).read_text(encoding="utf-8")


_CONTENTS = {
    SCRIPT: _read(MINIFIED).partition("\n")[2].encode(),
    WORK_SCRIPT: compact(_read(WORK_SCRIPT)).encode(),
    STYLESHEET: compact(_read(STYLESHEET)).encode(),
}
_DIGEST_OF_FILES = hashlib.sha256(b"".join(_CONTENTS.values())).digest()
#: The suffix of files of texts, which are named after a language tag: ``de-AT.json``.
_TEXTS = ".json"
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
    return url_for(f"{mounted_as[0]}.{_ENDPOINT}", digest=current_digest(), file=name)


def current_digest() -> str:
    """Return one digest for all files and the app's texts, because the script looks for the others next to itself."""
    state = current_state()
    fallback = str(state.config.fallback_language).encode()
    return digest_of_contents(_DIGEST_OF_FILES + state.translations.digest + fallback)


def _static_file(digest: str, file: str) -> Response:
    """Answer GET /captcha/static/{digest}/{file}: the file, or an envelope if there is none.

    Every language tag has a file of texts: those of the language that serves it, or of the fallback. Under the digest
    of another version, only what a page that is still open may load is served: texts, and the script for puzzles.

    Browsers may keep a file for ever, since its URL changes with its contents. Under ``latest`` they must revalidate.
    """
    current = current_digest()
    if file.endswith(_TEXTS):
        texts = catalogue_of_page(file.removesuffix(_TEXTS)).script_json
        return file_response(texts, "application/json", current, is_immutable=digest == current)
    if file in _CONTENTS and (digest in (current, LATEST) or file == WORK_SCRIPT):
        return file_response(_CONTENTS[file], _MEDIA_TYPES[file], current, is_immutable=digest == current)
    return envelope(Result.SOURCE_UNKNOWN)


def file_response(contents: bytes, media_type: str, digest: str, *, is_immutable: bool) -> Response:
    """Build the response with a file, or a 304 if the browser has it already.

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
