"""An app's own texts: sentences that replace those of a catalogue, and languages that the package does not have."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from .bundled import BUNDLED, FALLBACK_LANGUAGE
from .catalogue import Catalogue, Translations
from .tags import language_tag

_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_SECTIONS = ("page", "messages", "widget", "work", "kinds", "asks")
#: Each other member that texts may have, with a predicate and what completes the sentence "it must be …".
_MEMBERS: dict[str, tuple[Callable[[object], bool], str]] = {
    "name": (lambda value: _is_sentence(value), "the language's own name for itself, such as 'Deutsch'"),
    "tags": (
        lambda value: isinstance(value, list) and bool(value) and all(map(_is_tag, value)),
        "a list of language tags, such as ['nb', 'no']",
    ),
    "direction": (lambda value: value in ("ltr", "rtl"), "'ltr' or 'rtl'"),
}


def translations_with(texts: Mapping[str, Mapping[str, Any]]) -> Translations:
    """Return the package's catalogues with an app's own texts.

    :param texts: for each language tag, the members and sections of its catalogue, as far as they differ. A tag that
        is not the name of a catalogue adds a language, whose other sentences are those of the catalogue that served
        the tag (German for ``de-AT``), or else English.
    :raises ValueError: names each tag, key or sentence that is not valid.
    """
    if errors := list(_errors(texts)):
        raise ValueError("invalid texts=:\n" + "\n".join(f"- {each}" for each in errors))
    names = {each.lower(): each for each in BUNDLED.catalogues}
    translations = BUNDLED
    # First those from which others may be completed.
    for tag in sorted(texts, key=lambda each: (each.lower() not in names, len(each))):
        base = _base_of(names.get(tag.lower(), tag), translations)
        translations = Translations({**translations.catalogues, base.language: base.with_texts(texts[tag])})
    return translations


def _base_of(language: str, translations: Translations) -> Catalogue:
    """Return what the texts of a language are completed from."""
    known = translations.catalogues
    if language in known:
        return known[language]
    base = known[translations.language_for(language) or FALLBACK_LANGUAGE]
    return base.with_texts({"language": language, "name": language, "tags": [language]})


def _errors(texts: object) -> Iterator[str]:
    if not isinstance(texts, Mapping):
        yield f"texts= is {texts!r}: it must be a mapping of language tags to texts, such as {{'de': {{…}}}}"
        return
    for tag, own in texts.items():
        where = f"texts[{tag!r}]"
        if not _is_tag(tag):
            yield f"{where} is not for a language tag: it must be one such as 'de' or 'pt-BR'"
        elif not isinstance(own, Mapping):
            yield f"{where} is {own!r}: it must be a mapping such as {{'widget': {{'refresh': '…'}}}}"
        else:
            yield from _errors_in(where, own)


def _errors_in(where: str, own: Mapping[Any, Any]) -> Iterator[str]:
    english = BUNDLED.catalogues[FALLBACK_LANGUAGE]
    for key, value in own.items():
        if key in _MEMBERS:
            is_valid, must_be = _MEMBERS[key]
            if not is_valid(value):
                yield f"{where}[{key!r}] is {value!r}: it must be {must_be}"
        elif key in _SECTIONS:
            yield from _errors_in_section(f"{where}[{key!r}]", value, getattr(english, key))
        else:
            yield _unknown(where, key, (*_MEMBERS, *_SECTIONS))


def _errors_in_section(where: str, own: object, english: Any) -> Iterator[str]:
    """Yield the errors in a section, in one kind of ``kinds``, or in a sentence, according to what ``english`` is."""
    if isinstance(english, str):
        if not _is_sentence(own):
            yield f"{where} is {own!r}: it must be text, not empty and without control characters"
        elif sorted(_PLACEHOLDER.findall(str(own))) != sorted(_PLACEHOLDER.findall(english)):
            placeholder = "contain {} exactly once" if "{}" in english else "contain no placeholder"
            yield f"{where} is {own!r}: it must {placeholder}, as the English {english!r}"
    elif not isinstance(own, Mapping):
        yield f"{where} is {own!r}: it must be a mapping with some of {', '.join(english)}"
    else:
        for key, value in own.items():
            if key in english:
                yield from _errors_in_section(f"{where}[{key!r}]", value, english[key])
            else:
                yield _unknown(where, key, tuple(english))


def _unknown(where: str, key: object, known: tuple[str, ...]) -> str:
    meant = get_close_matches(str(key), known, n=1)
    remedy = f"did you mean {meant[0]!r}?" if meant else f"it must be one of {', '.join(map(repr, known))}"
    return f"{where} has {key!r}, which is not among the texts: {remedy}"


def _is_sentence(value: object) -> bool:
    return (
        isinstance(value, str)
        and bool(value.strip())
        and not any(unicodedata.category(character) in {"Cc", "Cs"} for character in value)
    )


def _is_tag(value: object) -> bool:
    return isinstance(value, str) and _TAG.fullmatch(value) is not None and language_tag(value) == value
