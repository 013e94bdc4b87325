"""Sources: the names that captchas are issued for, each with its settings and its kind."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from ..exceptions import UnknownSource
from ..settings.config import SOURCE_NAME_MUST_BE, CaptchaConfig, Difficulty, SourceConfig, Theme, is_source_name
from .folding import LONGEST_ANSWER, RULES, Folding, is_typable
from .kinds import Kind
from .makers import Challenge

#: The difficulty of a source with ``auto`` if nothing is counted.
UNCOUNTED: Difficulty = "normal"
#: The most sources, and values derived from one, that are cached. If any name is a source, clients can make them up.
MOST_KEPT = 256
#: The theme of a source with ``auto`` if the request asks for none.
DEFAULT_THEME: Theme = "light"


@dataclass(frozen=True, eq=False)
class Source:
    """A source, such as the login form. Equal only to itself, so that it can be the key of a cache."""

    name: str
    settings: SourceConfig
    kind: Kind

    @property
    def folding(self) -> Folding:
        """Return how the answers of its captchas are folded."""
        return _folding_of(self)

    def hints(self, folding: Folding) -> tuple[str, ...]:
        """Return what visitors should be told about an answer: keys of sentences in ``widget`` of a catalogue.

        :param folding: how it is folded.
        """
        is_known = {"length": self.answer_length is not None, "case": self.kind.has_case and folding.ignores_case}
        return tuple(key for key, holds in is_known.items() if holds)

    def settings_at(self, difficulty: Difficulty, theme: Theme = DEFAULT_THEME) -> SourceConfig:
        """Return the settings for one picture, with this difficulty and theme in place of ``auto``."""
        return _settings_at(self, difficulty, theme)

    @property
    def may_have_sound(self) -> bool:
        """Return whether its captchas may have a sound. For a kind that is only a maker, that depends on the prompt."""
        return self.settings.audio and self.kind.may_have_sound

    @property
    def answer_length(self) -> int | None:
        """Return the number of characters of every answer, without white space; None if it varies."""
        return None if self.kind.answer_length is None else self.kind.answer_length(self.settings.length)

    def new_challenge(self) -> Challenge:
        """Make a challenge of this source's kind and length.

        :raises ValueError: the maker's answer cannot be typed.
        """
        challenge = self.kind.make(self.settings.length)
        if not is_typable(challenge.answer):
            raise ValueError(
                f"the maker of kind {self.settings.kind!r} made an answer that no visitor can type: it must have 1 to "
                "64 characters, not counting white space and format characters, and no control characters"
            )
        return challenge


@lru_cache(maxsize=MOST_KEPT)  # not a cached_property, which has a lock before Python 3.12
def _folding_of(source: Source) -> Folding:
    return Folding(**{name: getattr(source.kind, name) for name in RULES})


@lru_cache(maxsize=MOST_KEPT)
def _settings_at(source: Source, difficulty: Difficulty, theme: Theme) -> SourceConfig:
    offered = {"difficulty": difficulty, "theme": theme}
    chosen: dict[str, Any] = {name: to for name, to in offered.items() if getattr(source.settings, name) == "auto"}
    return replace(source.settings, **chosen) if chosen else source.settings


class Sources:
    """Finds sources by name. Unless CAPTCHA_SOURCES is set, every valid name is a source.

    :raises ValueError: a kind has an ``answer_length`` out of range.
    """

    def __init__(self, config: CaptchaConfig, kinds: Mapping[str, Kind]) -> None:
        self._config = config
        self._kinds = kinds
        self._make = lru_cache(maxsize=MOST_KEPT, typed=True)(self._make_uncached)
        for settings in config.every_source_config():
            _check_answer_length(Source("", settings, kinds[settings.kind]))

    def find(self, name: str) -> Source:
        """Return the source called ``name``.

        :raises UnknownSource: a LookupError.
        """
        if not isinstance(name, str):
            raise self._unknown(name)
        return self._make(name)

    def _make_uncached(self, name: str) -> Source:
        if not is_source_name(name):
            raise self._unknown(name)
        named = self._config.sources
        settings = self._config.defaults if named is None else named.get(name)
        if settings is None:
            raise self._unknown(name)
        return Source(name, settings, self._kinds[settings.kind])

    def _unknown(self, name: str) -> UnknownSource:
        known = self._config.sources
        remedy = f"CAPTCHA_SOURCES has {', '.join(known)}" if known else f"a name must be {SOURCE_NAME_MUST_BE}"
        return UnknownSource(f"there is no source {name!r}: {remedy}")

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """Return the kinds that a source can have, by name."""
        return self._kinds

    def with_challenge(self, challenge: Challenge) -> "Sources":
        """Return the same sources with one challenge for all kinds."""
        answer_length = len(Folding().fold(challenge.answer))
        kinds = {
            name: replace(
                kind,
                make=lambda _: challenge,
                answer_length=None if kind.answer_length is None else lambda _: answer_length,
            )
            for name, kind in self._kinds.items()
        }
        return Sources(self._config, kinds)


def _check_answer_length(source: Source) -> None:
    """Raise ValueError if the number of characters of the source's answers is out of range."""
    number: object = source.answer_length
    if number is None or (type(number) is int and 1 <= number <= LONGEST_ANSWER):
        return
    raise ValueError(
        f"answer_length of kind {source.settings.kind!r} returned {number!r} for length {source.settings.length}: it "
        f"must be a whole number from 1 to {LONGEST_ANSWER}, or answer_length must be None if the number varies"
    )
