"""A catalogue, which has the texts of one language, and the catalogues of one app."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from types import MappingProxyType
from typing import Any

from .tags import tags_that_serve

#: The sentences that ask for the answer, in the order in which the widget's script gets them.
PARTS = ("seen", "heard", "alt", "missing")


@dataclass(frozen=True, eq=False)
class Catalogue:
    """The texts of one language.

    :ivar language: the language tag that it is known under.
    :ivar sound_language: the bundled language in which its sounds are requested.
    """

    language: str
    sound_language: str
    _: KW_ONLY
    name: str
    tags: list[str]
    voice: str
    direction: str = "ltr"
    page: Mapping[str, str]
    messages: Mapping[str, str]
    widget: Mapping[str, str]
    work: Mapping[str, str]
    kinds: Mapping[str, Mapping[str, str]]
    asks: Mapping[str, str]

    def sentence(self, part: str, kind: str, asks: str | None = None) -> str:
        """Return a sentence that asks for the answer.

        :param part: one of :data:`PARTS`.
        :param kind: the name of a kind. An app's own kinds use the sentences of ``other``.
        :param asks: what the visitor is asked for, in the app's words; replaces the kind.
        """
        if asks:
            sentence = self.asks[part].replace("{}", asks)
            return sentence[0].upper() + sentence[1:]
        return self.kinds.get(kind, self.kinds["other"])[part]

    def hint(self, keys: Iterable[str], answer_length: int | None) -> str:
        """Return the sentences of ``widget`` that a source has as hints about an answer, with its length in them."""
        return " ".join(self.widget[key].replace("{}", str(answer_length)) for key in keys)

    @property
    def has_own_voice(self) -> bool:
        """Return whether its sounds are spoken in the language itself."""
        return self.voice == self.language.partition("-")[0]

    @property
    def script_json(self) -> bytes:
        """Return the texts for the widget's script, as JSON.

        One object: ``lang``, ``dir`` and the sentences by key. Those for a kind are a list in the order of
        :data:`PARTS`, under the kind's name, and so are those for ``asks``, under ``{}``.
        """
        sentences = {**self.kinds, "{}": self.asks}
        texts = {
            "lang": self.language,
            "dir": self.direction,
            **{kind: [parts[each] for each in PARTS] for kind, parts in sentences.items()},
            **self.widget,
            **self.work,
        }
        if self.has_own_voice:
            del texts["soundLanguage"]
        return json.dumps(texts, ensure_ascii=False, separators=(",", ":")).encode()

    def with_texts(self, own: Mapping[str, Any]) -> "Catalogue":
        """Return the catalogue with the texts in ``own`` in place of its own; sections may be incomplete."""
        return replace(self, **{key: _merge(getattr(self, key), value) for key, value in own.items()})


class Translations:
    """The catalogues of one app, and which of them serves a language tag.

    :ivar catalogues: by language. If two claim a tag, the later one gets it.
    :ivar digest: SHA-256 of all texts that browsers may load.
    """

    def __init__(self, catalogues: Mapping[str, Catalogue]) -> None:
        self.catalogues: Mapping[str, Catalogue] = MappingProxyType(dict(catalogues))
        self._languages = {tag.lower(): each.language for each in catalogues.values() for tag in each.tags}
        served = [(each.tags, each.script_json.decode()) for each in catalogues.values()]
        self.digest: bytes = hashlib.sha256(json.dumps(served).encode()).digest()

    def language_for(self, tag: object) -> str | None:
        """Return the language that serves a tag, such as ``en-GB`` or ``zh_Hant_TW``; None if there is none.

        :param tag: as for :func:`~flask_captcha_api.translations.language_tag`.
        """
        return next((self._languages[each] for each in tags_that_serve(tag) if each in self._languages), None)

    def best_language(self, accepted: Iterable[object], *, otherwise: str) -> str:
        """Return the first language that serves one of the accepted tags.

        :param accepted: language tags as in Accept-Language, best first.
        :param otherwise: the language to return if none serves.
        """
        return next(filter(None, map(self.language_for, accepted)), otherwise)


def _merge(base: Any, own: Any) -> Any:
    if not isinstance(base, Mapping):
        return own
    return {**base, **{key: _merge(base[key], value) for key, value in own.items()}}
