"""Chooses the language for the current request."""

import re

from flask import request

from ..state import current_state
from ..translations import DEFAULT_LANGUAGE, FALLBACK_LANGUAGE, best_language, language_tag

# Parsing takes time in proportion to the header, which may have hundreds of kilobytes, as servers join duplicate lines.
# Browsers send a few ranges, best first.
_MOST_CHARACTERS = 1000
_MOST_RANGES = 10
#: A language range with its weight (RFC 9110, section 12.5.4). Some clients write an underscore for the hyphen.
_RANGE = re.compile(r"\s*([A-Za-z0-9*_-]+)\s*(?:;\s*[qQ]=([01](?:\.[0-9]{0,3})?)\s*)?")


def language_of_messages() -> str:
    """Return the language of messages in the envelope."""
    configured = current_state().config.language
    return best_language(accepted_languages()) if configured == "auto" else configured


def language_of_texts(tag: object) -> str:
    """Return the language of the widget's texts and of a form field's errors.

    :param tag: the page's language, as for :func:`~flask_captcha_api.translations.language_tag`; None or empty: by
        CAPTCHA_LANGUAGE.
    """
    if tag is not None and language_tag(tag):
        return best_language((tag,), otherwise=FALLBACK_LANGUAGE)  # like the widget's script
    return language_of_messages()


def language_of_sound(tag: object) -> str:
    """Return the language of a sound: that of ``tag``, else CAPTCHA_AUDIO_LANGUAGE, else CAPTCHA_LANGUAGE.

    Where CAPTCHA_AUDIO_LANGUAGE is ``auto``, the visitor's languages stand in its place.

    :param tag: the requested language; None or an unsupported one: no preference.
    """
    config = current_state().config
    wanted = ["" if tag is None else tag]
    if config.audio_language == "auto":
        wanted += accepted_languages()
    else:
        wanted.append(config.audio_language)
    return best_language(wanted, otherwise=DEFAULT_LANGUAGE if config.language == "auto" else config.language)


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
