"""All texts for visitors, in one catalogue per language.

A catalogue is a JSON file named after its language tag:

- ``name``: the language's own name for itself.
- ``tags``: the language tags that it serves, together with longer tags that begin with them.
- ``voice``: the recordings for its sounds: ``en``, ``ja`` or ``zh``.
- ``page``: what only pages rendered by the server say: a captcha was solved, and is ``kept``; it needs the ``script``.
- ``messages``: the envelope's ``message`` for each result, by ``stringCode``.
- ``widget``: the widget's texts that do not depend on the kind. ``{}`` is a number: in ``wait`` of seconds, in
  ``short`` of characters.
- ``work``: what the widget says where the device works instead of the visitor, or besides.
- ``kinds``: for each kind of captcha, the label of the text field beside a picture (``seen``) and beside a sound
  (``heard``), the picture's alternative text (``alt``), and the error where nothing is typed (``missing``). ``other``
  serves an app's own kinds.
- ``asks``: the same sentences for a widget with ``asks``, in which ``{}`` is what the app asks for.

``make tables`` copies the texts into the widget's script and the tables of the documentation.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType

#: The language of messages if no other is configured or accepted.
DEFAULT_LANGUAGE = "zh-Hant"
#: The language of the widget on a page whose language has no catalogue.
FALLBACK_LANGUAGE = "en"
#: Characters of a tag that count: far more than any has. Anybody may ask for a sound in a "language" of a megabyte.
_LONGEST_TAG = 100
#: Where the extensions of a tag begin, or what is private in it: at a subtag of one character.
_EXTENSION = re.compile("-[a-z0-9]-")


@dataclass(frozen=True)
class Catalogue:
    """The texts of one language."""

    name: str
    tags: list[str]
    voice: str
    page: Mapping[str, str]
    messages: Mapping[str, str]
    widget: Mapping[str, str]
    work: Mapping[str, str]
    kinds: Mapping[str, Mapping[str, str]]
    asks: Mapping[str, str]

    def sentence(self, part: str, kind: str, asks: str | None = None) -> str:
        """Return a sentence that asks for the answer.

        :param part: ``seen``, ``heard``, ``alt`` or ``missing``.
        :param kind: the name of a kind. An app's own kinds use the sentences of ``other``.
        :param asks: what the visitor is asked for, in the app's words; replaces the kind.
        """
        if asks:
            sentence = self.asks[part].replace("{}", asks)
            return sentence[0].upper() + sentence[1:]
        return self.kinds.get(kind, self.kinds["other"])[part]


def _read_catalogues() -> dict[str, Catalogue]:
    found = {
        file.name.removesuffix(".json"): Catalogue(**json.loads(file.read_text(encoding="utf-8")))
        for file in files(__name__).iterdir()
        if file.name.endswith(".json")
    }
    return {language: found[language] for language in sorted(found, key=lambda each: (each != DEFAULT_LANGUAGE, each))}


#: The catalogues by language, the default language first.
CATALOGUES: Mapping[str, Catalogue] = MappingProxyType(_read_catalogues())
LANGUAGES = tuple(CATALOGUES)
#: The language that serves each tag. Tags are in lower case.
TAGS: Mapping[str, str] = MappingProxyType(
    {tag.lower(): language for language, catalogue in CATALOGUES.items() for tag in catalogue.tags}
)


def language_tag(tag: object) -> str:
    """Return a language tag as HTML has it: ``pt-BR`` for ``pt_BR``, ``pt_BR.UTF-8`` or Babel's ``Locale("pt", "BR")``.

    :param tag: a language tag, the name of a locale, or an object whose text is one of these.
    """
    return re.split("[.@]", str(tag)[:_LONGEST_TAG], maxsplit=1)[0].replace("_", "-")


def language_for(tag: object) -> str | None:
    """Return the language that serves a tag, such as ``en-GB`` or ``zh_Hant_TW``; None if there is none.

    The first known subtag decides, so a script takes precedence over a region after it. Extensions do not count. The
    widget's script has the same function.

    :param tag: as for :func:`language_tag`.
    """
    primary, *subtags = _EXTENSION.split(language_tag(tag).lower(), maxsplit=1)[0].split("-")
    candidates = [*(f"{primary}-{subtag}" for subtag in subtags), primary]
    return next((TAGS[each] for each in candidates if each in TAGS), None)


def best_language(accepted: Iterable[object], *, otherwise: str = DEFAULT_LANGUAGE) -> str:
    """Return the first language that serves one of the accepted tags.

    :param accepted: language tags as in Accept-Language, best first.
    :param otherwise: the language to return if none serves.
    """
    return next(filter(None, map(language_for, accepted)), otherwise)
