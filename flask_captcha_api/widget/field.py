"""The field that a template puts into a form: the widget with a captcha in it."""

from base64 import b64encode
from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import current_app, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from ..http.envelope import forbid_storing
from ..http.gateway import PAGE, issue
from ..http.languages import language_of_sound, language_of_texts
from ..http.results import Result, message_of
from ..service import Captcha
from ..state import current_state
from ..translations import CATALOGUES
from .assets import SCRIPT, STYLESHEET, file_url

TEMPLATE = "flask_captcha_api/field.html"

#: In the environ of a request whose page has the widget.
_IS_RENDERED = "flask_captcha_api.field_is_rendered"
#: Of the kinds whose answers are digits.
_NUMERIC_KINDS = frozenset({"digits", "arithmetic"})


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
    language_of_captcha = partial(language_of_sound, lang)
    reply = issue(PAGE, source, form=form, language=language_of_captcha)
    if form == "audio" and reply.result is Result.SOURCE_UNKNOWN:  # there are no words for this kind of the app's own
        form = "image"
        reply = issue(PAGE, source, form=form, language=language_of_captcha)
    captcha = reply.captcha
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
        "why_not": None if captcha else message_of(reply.result, language),
        "texts": catalogue.widget,
        "texts_language": language,
        "alt": alt,
        "label": catalogue.sentence("heard" if form == "audio" else "seen", settings.kind, asks),
        "inputmode": inputmode or ("numeric" if settings.kind in _NUMERIC_KINDS else "text"),
    }
    return Markup(current_app.jinja_env.get_template(TEMPLATE).render(page))  # noqa: S704 - it escapes, itself


def forbid_storing_page(response: Response) -> Response:
    """Forbid caches to store the response to the current request if its page has the widget."""
    if request.environ.get(_IS_RENDERED):
        forbid_storing(response.headers)
    return response


def form_asked_for(uuid_name: str) -> str | None:
    """Return the form of captcha that a visitor without JavaScript has asked for with a button of the field.

    :returns: ``image`` or ``audio``; None: this request is something else, such as an attempt to pass.
    """
    try:
        values = request.values.getlist(uuid_name)
    except Exception:  # a body or a query that cannot be read asks for nothing, whatever its reader raises
        return None
    return next((value for value in values if value in ("image", "audio")), None)


def _data_url(captcha: Captcha) -> str:
    return f"data:{captcha.media_type};base64,{b64encode(captcha.data).decode('ascii')}"
