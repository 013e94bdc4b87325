"""Chooses the language for the current request."""

import logging
import re
from collections.abc import Callable

from flask import request

from ..state import current_state
from ..translations import DEFAULT_LANGUAGE, FALLBACK_LANGUAGE, Catalogue, language_tag

_logger = logging.getLogger("flask_captcha_api")

# Parsing takes time in proportion to the header, which may have hundreds of kilobytes, as servers join duplicate lines.
# Browsers send a few ranges, best first.
_MOST_CHARACTERS = 1000
_MOST_RANGES = 10
#: A language range with its weight (RFC 9110, section 12.5.4). Some clients write an underscore for the hyphen.
_RANGE = re.compile(r"\s*([A-Za-z0-9*_-]+)\s*(?:;\s*[qQ]=([01](?:\.[0-9]{0,3})?)\s*)?")


def catalogue_of_messages() -> Catalogue:
    """Return the texts for messages in the envelope, by CAPTCHA_LANGUAGE."""
    state = current_state()
    translations, config = state.translations, state.config
    fallback = config.fallback_language or DEFAULT_LANGUAGE
    if config.language == "auto":
        language = translations.best_language(accepted_languages(), otherwise=fallback)
    elif callable(config.language):
        language = _language_from(config.language) or fallback
    else:
        language = config.language
    return translations.catalogues[language]


def catalogue_of_texts(tag: object) -> Catalogue:
    """Return the texts of the widget and of a form field's errors.

    :param tag: the page's language, as for :func:`~flask_captcha_api.translations.language_tag`; None or empty: by
        CAPTCHA_LANGUAGE.
    """
    return catalogue_of_page(tag) if _is_given(tag) else catalogue_of_messages()


def is_by_accept_language(tag: object) -> bool:
    """Return whether :func:`catalogue_of_texts` depends on the request's Accept-Language."""
    return current_state().config.language == "auto" and not _is_given(tag)


def _is_given(tag: object) -> bool:
    return tag is not None and bool(language_tag(tag))


def catalogue_of_page(tag: object) -> Catalogue:
    """Return the widget's texts for a page in the language of ``tag``, whatever CAPTCHA_LANGUAGE is."""
    state = current_state()
    otherwise = state.config.fallback_language or FALLBACK_LANGUAGE
    return state.translations.catalogues[state.translations.best_language((tag,), otherwise=otherwise)]


def example_catalogues() -> list[Catalogue]:
    """Return the texts of the languages that messages may be in; if those are many, of the fallback and English."""
    state = current_state()
    configured, fallback = state.config.language, state.config.fallback_language or DEFAULT_LANGUAGE
    languages = dict.fromkeys((fallback, FALLBACK_LANGUAGE))
    if isinstance(configured, str) and configured != "auto":
        languages = {configured: None}
    return [state.translations.catalogues[each] for each in languages]


def language_of_sound(tag: object) -> str:
    """Return the bundled language of a sound: that of ``tag``, else CAPTCHA_AUDIO_LANGUAGE, else CAPTCHA_LANGUAGE.

    If CAPTCHA_AUDIO_LANGUAGE is ``auto``, the visitor's languages take its place.

    :param tag: the requested language; None or an unsupported one: no preference.
    """
    state = current_state()
    wanted = ["" if tag is None else tag]
    if state.config.audio_language == "auto":
        wanted += accepted_languages()
    else:
        wanted.append(state.config.audio_language)
    language = next(filter(None, map(state.translations.language_for, wanted)), None)
    catalogue = state.translations.catalogues[language] if language else catalogue_of_messages()
    return catalogue.sound_language


def _language_from(choose: Callable[[], object]) -> str | None:
    """Return the language that the app's function chooses; None if it chooses none, or one without texts."""
    state = current_state()
    try:
        tag = choose()
    except Exception:
        if state.is_first("CAPTCHA_LANGUAGE raises"):
            _logger.exception("the CAPTCHA_LANGUAGE function raised: CAPTCHA_FALLBACK_LANGUAGE is used instead")
        return None
    language = None if tag is None else state.translations.language_for(tag)
    if tag is not None and language is None and state.is_first("CAPTCHA_LANGUAGE is unknown"):
        _logger.warning(
            "the CAPTCHA_LANGUAGE function returned %.100r, which no catalogue serves: CAPTCHA_FALLBACK_LANGUAGE is "
            "used instead; CaptchaApi(texts=...) adds a language",
            tag,
        )
    return language


def accepted_languages() -> list[str]:
    """Return the language tags in Accept-Language, best first.

    Only the first 10 ranges in the first 1,000 characters are read. Malformed ranges and those of weight 0 are left
    out. Werkzeug's ``accept_languages`` parses the whole header, and takes five times as long for each range.
    """
    header = request.headers.get("Accept-Language", "")
    if len(header) > _MOST_CHARACTERS:
        header = header[:_MOST_CHARACTERS].rpartition(",")[0]  # the last range may be truncated
    found = map(_RANGE.fullmatch, header.split(",", _MOST_RANGES)[:_MOST_RANGES])
    weighed = [(float(each[2] or 1), each[1]) for each in found if each]
    return [tag for weight, tag in sorted(weighed, key=lambda pair: -pair[0]) if weight]
