"""The widget: its files, under a URL that changes with them, and the field that a template puts into a form.

A leaf: it knows URLs and the service, and nothing of the JSON that the widget's script asks for.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from flask import Response, current_app, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as WerkzeugResponse

from ._current import current_state, log_and_tell, service_for_request
from .config import SetupError, SourceConfig
from .fetch_metadata import is_forced_by_another_site
from .languages import language_of_sound, language_of_texts
from .rendering import FORMS, Unspeakable
from .results import Result, message_of
from .service import Captcha
from .store import StoreUnavailable
from .throttle import TooManyRequests, allowance_to_issue, caller_within
from .tokens import Unauthorized
from .translations import CATALOGUES
from .wire import forbid_storing

SCRIPT = "captcha-field.js"
STYLESHEET = "captcha-field.css"
STATIC_ENDPOINT = "static_file"
TEMPLATE = "flask_captcha_api/field.html"

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
#: Stands in the place of the digest for pages that no template of ours renders, and so cannot know it.
LATEST = "latest"

#: In the environ of a request whose page has the widget.
_IS_RENDERED = "flask_captcha_api.field_is_rendered"
#: Of the kinds whose answers are digits.
_NUMERIC_KINDS = frozenset({"digits", "arithmetic"})


def static_file(digest: str, name: str) -> Response | None:
    """Return the response with a file of the widget; None where there is no such file, or none of this digest.

    Whoever has it may keep it for ever: a change of the file changes its URL. What is called ``latest`` may be kept
    too, but not used without asking whether it is still the same.
    """
    if digest not in (DIGEST, LATEST) or name not in _CONTENTS:
        return None
    response = Response(_CONTENTS[name], mimetype=_MEDIA_TYPES[name])
    response.headers["Cache-Control"] = "no-cache" if digest == LATEST else "public, max-age=31536000, immutable"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.set_etag(DIGEST)
    response.make_conditional(request)
    return response


def captcha_field(
    source: str,
    *,
    uuid: str = "uuid",
    text: str = "code",
    lang: str | None = None,
    error: str | None = None,
    id: str | None = None,  # noqa: A002 - the attribute is called so
    nonce: str | None = None,
    asks: str | None = None,
    inputmode: str | None = None,
) -> Markup:
    """Render the widget, with a captcha in it.

    For templates, inside a form::

        {{ captcha_field("login") }}

    Without JavaScript it works as it is rendered here; with it, the script takes this captcha over. The page becomes
    ``no-store``: what is shown twice can be passed once.

    Its buttons for a sound and for another picture submit the form, without JavaScript, and the request that they make
    never passes a guard nor spends a captcha: it carries ``uuid`` twice. The view has to show the form again then, with
    what was typed elsewhere in it.

    :param uuid: name of the form's field that carries the captcha's id.
    :param text: name of the form's field that carries what the visitor types.
    :param lang: language tag of the widget's texts. None: with JavaScript those of the page's nearest ``lang``
        attribute, without it CAPTCHA_LANGUAGE.
    :param error: a sentence about the last attempt. Left out where this request was none, but one of the buttons.
    :param id: of the element.
    :param nonce: for a page whose Content-Security-Policy asks for one.
    :param asks: what the visitor has to type, in the page's language, such as ``Chinese characters``; for a kind of the
        app's own. None: the package's words for its kinds, and a general one for others.
    :param inputmode: the key pad that a telephone shows, as HTML has it. None: ``numeric`` for kinds of the package
        that are solved by digits, else ``text``.
    :raises LookupError: there is no such source.
    :raises RuntimeError: the routes are not mounted.
    """
    settings = current_state().sources.find(source).settings
    request.environ[_IS_RENDERED] = True
    language = language_of_texts(lang)
    wanted = form_asked_for(uuid)
    form = "audio" if settings.audio and wanted == "audio" else "image"
    try:
        captcha, why_not = _issue(source, settings, form, lang)
    except Unspeakable:  # a kind of the app's own, for which there are no words
        form = "image"
        captcha, why_not = _issue(source, settings, form, lang)
    has_sound = captcha.has_sound if captcha else settings.audio
    catalogue = CATALOGUES[language]
    alt = catalogue.sentence("alt", settings.kind, asks) + (f" {catalogue.widget['altSound']}" if has_sound else "")
    page: Mapping[str, Any] = {
        "source": source,
        "uuid_name": uuid,
        "text_name": text,
        "lang": lang,
        "error": None if wanted else error,
        "id": id,
        "nonce": nonce,
        "asks": asks,
        "own_inputmode": inputmode,
        "script": file_url(SCRIPT),
        "stylesheet": file_url(STYLESHEET),
        "kind": settings.kind,
        "has_sound": has_sound,
        "is_sound": form == "audio",
        "captcha": captcha,
        "data": _data_url(captcha) if captcha else None,
        "why_not": message_of(why_not, language) if why_not else None,
        "texts": catalogue.widget,
        "texts_language": language,
        "alt": alt,
        "label": catalogue.sentence("heard" if form == "audio" else "seen", settings.kind, asks),
        "inputmode": inputmode or ("numeric" if settings.kind in _NUMERIC_KINDS else "text"),
    }
    return Markup(current_app.jinja_env.get_template(TEMPLATE).render(page))  # noqa: S704 - it escapes, itself


def forbid_storing_page(response: WerkzeugResponse) -> WerkzeugResponse:
    """Forbid caches to store the response to the current request if its page has the widget."""
    if request.environ.get(_IS_RENDERED):
        forbid_storing(response.headers)
    return response


def file_url(name: str) -> str:
    """Return the URL of a file of the widget.

    :raises RuntimeError: the routes are not mounted.
    """
    mounted_as = current_state().mounted_as
    if not mounted_as:
        raise RuntimeError("the captcha routes are mounted nowhere: register the blueprint that init_app returned")
    return url_for(f"{mounted_as[0]}.{STATIC_ENDPOINT}", digest=DIGEST, file=name)


def form_asked_for(uuid_name: str) -> str | None:
    """Return the form of captcha that a visitor without JavaScript has asked for with a button of the field.

    :returns: ``image`` or ``audio``; None: this request is something else, such as an attempt to pass.
    """
    try:
        values = request.values.getlist(uuid_name)
    except Exception:  # a body or a query that cannot be read asks for nothing, whatever its reader raises
        return None
    return next((value for value in values if value in ("image", "audio")), None)


def _issue(source: str, settings: SourceConfig, form: str, lang: str | None) -> tuple[Captcha | None, Result | None]:
    """Issue the captcha, or say why there is none. With JavaScript the script asks for one itself, then."""
    if is_forced_by_another_site():  # as an image, say: nobody sees this page, and its visitor is not charged for it
        return None, Result.SOURCE_UNKNOWN
    try:
        found = current_state().sources.find(source)
        caller = caller_within(allowance_to_issue(found), settings.jwt, cost=FORMS[form].counts_as)
        service = service_for_request()
        identity = caller.identity if caller else None
        return service.issue(source, form=form, identity=identity, language=language_of_sound(lang)), None
    except Unauthorized:
        return None, Result.UNAUTHORIZED
    except TooManyRequests:
        return None, Result.TOO_MANY_REQUESTS
    except (SetupError, StoreUnavailable) as error:
        return None, log_and_tell(error)


def _data_url(captcha: Captcha) -> str:
    return f"data:{captcha.media_type};base64,{b64encode(captcha.data).decode('ascii')}"
