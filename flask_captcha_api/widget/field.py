"""The template function that renders the widget with a captcha in it."""

from base64 import b64encode
from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import current_app, has_request_context, request
from markupsafe import Markup
from werkzeug.wrappers import Response

from ..captchas import KeptCaptcha
from ..exceptions import FormNotOffered
from ..http.fields import requested_form
from ..http.gateway import PAGE, Reply, issue
from ..http.headers import CAPTCHA_HEADERS, attributes_of, forbid_storing
from ..http.languages import catalogue_of_texts, is_by_accept_language, language_of_sound
from ..http.results import RESULT_OF, Result, message_of
from ..rendering import FORMS
from ..state import current_state
from ..translations import language_tag
from .assets import SCRIPT, STYLESHEET, file_url

TEMPLATE = "flask_captcha_api/field.html"
KEPT_TEMPLATE = "flask_captcha_api/kept.html"

#: What ``attributes=`` may not have: attributes that the widget sets itself, from its other parameters or for its
#: script, and those of a text field, which the element is not.
OWN_ATTRIBUTES = frozenset(
    {
        *("source", "uuid-name", "text-name", "id", "lang", "error", "asks", "inputmode", "nosound", "base", "work"),
        *("lazy", "name", "type", "value", "required", "disabled", "nonce"),
        *(each.attribute for each in CAPTCHA_HEADERS if each.is_in_page),
    }
)

#: The key in a request's environ that is set once a widget that is not lazy was rendered.
_IS_RENDERED = "flask_captcha_api.field_is_rendered"
#: The same, once a lazy one was rendered in a language that the request's Accept-Language chose.
_VARIES = "flask_captcha_api.field_varies"
#: The built-in kinds whose answers are digits.
_NUMERIC_KINDS = frozenset({"digits", "arithmetic"})


def captcha_field(
    source: str,
    *,
    uuid: str = "uuid",
    text: str = "code",
    lang: object = None,
    error: str | None = None,
    id: str | None = None,  # noqa: A002 - the name of the HTML attribute
    nonce: str | None = None,
    asks: str | None = None,
    inputmode: str | None = None,
    attributes: Mapping[str, object] | None = None,
    kept: KeptCaptcha | None = None,
    lazy: bool = False,
) -> Markup:
    """Render the widget, with a captcha in it unless it is ``lazy``.

    For templates, inside a form::

        {{ captcha_field("login") }}

    The widget works as rendered here without JavaScript; with it, the script takes over this captcha. The page becomes
    ``no-store``, because a captcha that is shown twice can still pass only once.

    Without JavaScript, the buttons for a sound and for another picture submit the form. That request carries ``uuid``
    twice, so a protected view refuses it and spends no captcha. The view then has to show the form again, with what
    was typed in the other fields.

    :param uuid: name of the form field with the captcha's id.
    :param text: name of the form field that the visitor types the answer into.
    :param lang: language of the widget's texts: a tag such as ``en-GB``, or a locale such as Flask-Babel's
        ``get_locale()``. None: with JavaScript the nearest ``lang`` attribute on the page, without it
        CAPTCHA_LANGUAGE.
    :param error: an error message about the last attempt. Not shown if this request only asked for another captcha.
    :param id: the ``id`` attribute of the element.
    :param nonce: for a page whose Content-Security-Policy requires one.
    :param asks: what the visitor has to type, in the page's language, such as ``Chinese characters``; for a kind of
        your own. None: the package's words for its kinds, and general words for others.
    :param inputmode: the HTML ``inputmode`` of the text field. None: ``numeric`` for built-in kinds with digits as
        answers, else ``text``.
    :param attributes: more HTML attributes of the element, such as ``{"class": "wide", "data-step": 3}``. A
        ``placeholder`` goes to the text field. True gives an attribute without a value; None and False leave it out.
    :param kept: a captcha that :meth:`VerifiedCaptcha.keep` returned. The form then has a tick in place of the widget,
        with a button to get another captcha, and sends the kept one.
    :param lazy: for a form on every page, such as in the footer, that is sent by POST. The page comes without a
        captcha, and is not ``no-store``. The script requests one when the form gets the focus; without JavaScript
        there is a button that submits the form to get one. The response to a POST, or with an ``error``, has a captcha.
    :raises ValueError: ``attributes`` has one that the widget sets itself or does not have, or a name that HTML does
        not allow.
    :raises LookupError: there is no such source.
    :raises TypeError: ``kept`` is not what ``keep()`` returned.
    :raises RuntimeError: the routes are not mounted, or there is no request.
    """
    if not has_request_context():
        raise RuntimeError(
            "captcha_field was called outside a request, so there is no client to issue a captcha to: render it in a "
            "view, or in a test inside app.test_request_context()"
        )
    if not isinstance(kept, KeptCaptcha | None):
        raise TypeError(f"kept= is a {type(kept).__name__}: it must be what keep() returned, as in verified.keep(3)")
    more = {name: value for name, value in (attributes or {}).items() if value is not None and value is not False}
    if own := sorted(OWN_ATTRIBUTES.intersection(map(str.lower, more))):
        raise ValueError(f"attributes= has {own[0]!r}, which the widget sets itself or does not have")
    found = current_state().sources.find(source)
    settings = found.settings
    requested = requested_form(uuid)
    # Ignores the query: a cache that goes by the path alone would give everybody what one visitor's query asked for.
    is_lazy = lazy and request.method in ("GET", "HEAD") and not error and kept is None
    if is_lazy:
        requested = None
        if is_by_accept_language(lang):
            request.environ[_VARIES] = True
    else:
        request.environ[_IS_RENDERED] = True
    catalogue = catalogue_of_texts(lang)
    own_attributes = {name: "" if value is True else value for name, value in more.items()}
    if kept is not None:
        return _render(
            KEPT_TEMPLATE,
            {
                "uuid_name": uuid,
                "text_name": text,
                "id": id,
                "nonce": nonce,
                "attributes": {name: value for name, value in own_attributes.items() if name != "placeholder"},
                "stylesheet": file_url(STYLESHEET),
                "captcha": kept,
                "catalogue": catalogue,
                "sentence": catalogue.page["kept"],
            },
        )
    form = "audio" if found.may_have_sound and requested == "audio" else "image"
    language_of_captcha = partial(language_of_sound, lang)
    if settings.work is not None:  # only the script can do the work, and it requests a captcha itself
        reply, issue_error = Reply(Result.SUCCESS), catalogue.page["script"]
    elif is_lazy:
        reply, issue_error = Reply(Result.SUCCESS), None
    else:
        reply, issue_error = issue(PAGE, source, form=form, language=language_of_captcha), None
    if form == "audio" and reply.result is RESULT_OF[FormNotOffered]:  # this prompt of the app's kind has no sound
        form = "image"
        reply = issue(PAGE, source, form=form, language=language_of_captcha)
    captcha = reply.captcha
    has_sound = captcha.has_sound if captcha else found.may_have_sound
    alt = catalogue.sentence("alt", settings.kind, asks) + (f" {catalogue.widget['altSound']}" if has_sound else "")
    page: Mapping[str, Any] = {
        "source": source,
        "uuid_name": uuid,
        "text_name": text,
        "lang": None if lang is None else language_tag(lang),
        "error": None if requested else error,
        "id": id,
        "nonce": nonce,
        "asks": asks,
        "own_inputmode": inputmode,
        "attributes": own_attributes,
        "script": file_url(SCRIPT),
        "stylesheet": file_url(STYLESHEET),
        "has_sound": has_sound,
        "is_sound": form == "audio",
        "captcha": captcha,
        "captcha_attributes": attributes_of(captcha, found, form) if captcha or is_lazy else {},
        "data": f"data:{captcha.media_type};base64,{b64encode(captcha.data).decode()}" if captcha else None,
        "is_lazy": is_lazy,
        "issue_error": issue_error or (None if captcha or is_lazy else message_of(reply.result, catalogue)),
        "has_work_alone": settings.work_alone is not None,
        "catalogue": catalogue,
        "alt": alt,
        "label": catalogue.sentence("heard" if form == "audio" else "seen", settings.kind, asks),
        "hint": catalogue.hint(found.hints(FORMS[form].folding(found)), found.answer_length),
        "inputmode": inputmode or ("numeric" if settings.kind in _NUMERIC_KINDS else "text"),
    }
    return _render(TEMPLATE, page)


def _render(template: str, page: Mapping[str, Any]) -> Markup:
    return Markup(current_app.jinja_env.get_template(template).render(page))  # noqa: S704 - the templates escape


def restrict_storing_page(response: Response) -> Response:
    """Add ``no-store`` to the response if this request rendered a widget, or ``Vary`` if only a lazy one."""
    environ = request.environ
    if environ.get(_IS_RENDERED):
        forbid_storing(response.headers)
    elif environ.get(_VARIES):
        response.vary.add("Accept-Language")
    return response
