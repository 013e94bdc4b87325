import json
import re
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel import Locale

import flask_captcha_api
from flask_captcha_api.challenges.kinds import KINDS
from flask_captcha_api.http.results import Result, message_of
from flask_captcha_api.rendering.sound.languages import WORDINGS
from flask_captcha_api.translations import BUNDLED, DEFAULT_LANGUAGE, FALLBACK_LANGUAGE, language_tag

from ..support.language_tags import LANGUAGE_OF_LOCALE, LANGUAGE_OF_TAG

PACKAGE = Path(flask_captcha_api.__file__).parent
FILES = sorted((PACKAGE / "translations").glob("*.json"))
ENGLISH = PACKAGE / "translations" / "en.json"
CATALOGUES = BUNDLED.catalogues
LANGUAGES = list(CATALOGUES)


def texts_of(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the sentences of a catalogue, each with the keys that lead to it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from texts_of(each, f"{path}.{key}")


def test_the_languages_are_the_files() -> None:
    assert set(LANGUAGES) == {path.stem for path in FILES}
    assert LANGUAGES[0] == DEFAULT_LANGUAGE == "zh-Hant"
    assert FALLBACK_LANGUAGE in LANGUAGES


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_catalogue_is_like_the_english(path: Path) -> None:
    """It has the texts of the English one, in the same order, none of them empty, with the same placeholders.

    A sentence that it lacks is English. The documentation, which has to be up to date, names it.
    """
    english = dict(texts_of(json.loads(ENGLISH.read_text(encoding="utf-8"))))
    texts = dict(texts_of(json.loads(path.read_text(encoding="utf-8"))))
    assert texts.pop(".direction", "rtl") == "rtl"
    english = {key: text for key, text in english.items() if key in texts}
    assert list(texts) == list(english)
    assert [key for key, text in texts.items() if not text or text != text.strip()] == []
    placeholders = {key: re.findall(r"\{.*?\}", text) for key, text in texts.items()}
    assert placeholders == {key: re.findall(r"\{.*?\}", text) for key, text in english.items()}


def test_what_is_put_into_a_sentence() -> None:
    texts = texts_of(json.loads(ENGLISH.read_text(encoding="utf-8")))
    assert {key for key, text in texts if "{}" in text} == {
        ".widget.wait", ".widget.short", ".widget.length", ".widget.soon",
        ".asks.seen", ".asks.heard", ".asks.alt", ".asks.missing",
    }  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_tables_of_the_package_are_translated(language: str) -> None:
    """Every result has a message of its own, every kind its sentences, and the voice has words."""
    catalogue = CATALOGUES[language]
    assert list(catalogue.messages) == [result.string_code for result in Result]
    assert len({message_of(result, catalogue) for result in Result}) == len(Result)
    assert list(catalogue.kinds) == [*KINDS, "other"]
    assert catalogue.voice in WORDINGS


def test_every_text_is_used() -> None:
    """What the script and the server's form are given is said somewhere, or a hint; the messages are the results'."""
    users = (*(PACKAGE / "widget" / "static").glob("*.js"), PACKAGE / "challenges" / "sources.py")
    code = "".join(path.read_text(encoding="utf-8") for path in users)
    catalogue = CATALOGUES["en"]
    keys = (*catalogue.widget, *catalogue.work)
    assert [key for key in keys if not re.search(rf'"{key}"|\btexts\.{key}\b|\b{key}: "', code)] == []
    assert [part for part in catalogue.asks if not re.search(rf'ask\([^)]*"{part}"', code)] == []
    template = (PACKAGE / "widget" / "templates" / "flask_captcha_api" / "field.html").read_text(encoding="utf-8")
    assert set(re.findall(r"widget\.(\w+)", template)) <= set(catalogue.widget)
    rendering = (PACKAGE / "widget" / "field.py").read_text(encoding="utf-8")
    assert [key for key in catalogue.page if f'.page["{key}"]' not in rendering] == []


def test_no_two_languages_claim_a_tag() -> None:
    """Every language serves its own tag, and every tag is one language's."""
    claimed = Counter(tag.lower() for catalogue in CATALOGUES.values() for tag in catalogue.tags)
    assert set(claimed.values()) == {1}
    assert {language: BUNDLED.language_for(language) for language in LANGUAGES} == {each: each for each in LANGUAGES}


@pytest.mark.parametrize(("tag", "language"), LANGUAGE_OF_TAG.items())
def test_the_language_for_a_tag(tag: str, language: str | None) -> None:
    assert BUNDLED.language_for(tag) == language


@pytest.mark.parametrize(("name", "tag", "language"), [(name, *each) for name, each in LANGUAGE_OF_LOCALE.items()])
def test_babels_locales(name: str, tag: str, language: str | None) -> None:
    """A locale is served like its name, and as a language tag it has hyphens and no modifier."""
    locale = Locale.parse(name)
    assert str(locale) == name
    assert (language_tag(locale), BUNDLED.language_for(locale)) == (tag, language)
    assert (language_tag(name), BUNDLED.language_for(name)) == (tag, language)


def test_of_a_long_tag_only_the_beginning_counts() -> None:
    """Its first 100 characters: with each part of it, the first part would make another tag to look up."""
    assert BUNDLED.language_for("zh-" + "xx-" * 31 + "hant") == "zh-Hant"
    assert BUNDLED.language_for("zh-" + "xx-" * 32 + "hant") == BUNDLED.language_for("zh")
    tracemalloc.start()
    assert BUNDLED.language_for("x" * 30_000 + "-x" * 15_000) is None
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("accepted", "language"),
    [(["qaa", "ja", "en"], "ja"), (["zh_Hant_TW", "en"], "zh-Hant"), (["qaa"], "zh-Hant"), ([], "zh-Hant")],
)
def test_the_best_language(accepted: list[str], language: str) -> None:
    """The first that serves, else the one that is given."""
    assert BUNDLED.best_language(accepted, otherwise="zh-Hant") == language


def test_the_sentences_for_kinds() -> None:
    """A kind of the package has its own, one of an app's shares those of ``other`` or has the app's words put in."""
    english = CATALOGUES["en"]
    assert english.sentence("seen", "digits") == "Digits in the picture"
    assert english.sentence("missing", "arithmetic") == "Please type the result of the calculation."
    for name in ("hanzi", "other", "asks", "{}"):
        assert english.sentence("heard", name) == "Characters you hear"
    assert english.sentence("seen", "digits", "numerals") == "Numerals in the picture"
    assert english.sentence("alt", "digits", "{} $&") == "Captcha: type the {} $& in this picture."
