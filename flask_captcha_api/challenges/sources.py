"""Sources: the names that captchas are issued for, each with its settings and its kind."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..exceptions import UnknownSource
from ..settings.config import SOURCE_NAME_MUST_BE, CaptchaConfig, Difficulty, SourceConfig, is_source_name
from .folding import Folding, is_typable
from .kinds import Kind
from .makers import Challenge, Maker

#: The difficulty of a source with ``auto`` where nothing is counted.
UNCOUNTED: Difficulty = "normal"


@dataclass(frozen=True)
class Source:
    """A source, such as the login form."""

    name: str
    settings: SourceConfig
    kind: Kind

    @property
    def folding(self) -> Folding:
        """Return how the answers of its captchas are folded."""
        return Folding(digits_only=self.kind.digits_only)

    def settings_at(self, difficulty: Difficulty) -> SourceConfig:
        """Return the settings for one picture, with this difficulty in the place of ``auto``."""
        return replace(self.settings, difficulty=difficulty) if self.settings.difficulty == "auto" else self.settings

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


class Sources:
    """Finds sources by name. Unless CAPTCHA_SOURCES is set, every valid name is a source."""

    def __init__(self, config: CaptchaConfig, kinds: Mapping[str, Kind]) -> None:
        self._config = config
        self._kinds = kinds

    def find(self, name: str) -> Source:
        """Return the source called ``name``.

        :raises UnknownSource: a LookupError.
        """
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

    def with_maker(self, make: Maker) -> "Sources":
        """Return the same sources with one maker for all kinds."""
        return Sources(self._config, {name: replace(kind, make=make) for name, kind in self._kinds.items()})
