"""The report of ``flask captcha check``."""

import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..challenges.guessing import GuessProbability
from ..settings.config import SourceConfig
from .prices import WayIn


@dataclass(frozen=True)
class SourceReport:
    """What was found out about a source.

    :ivar overrides: the settings that differ from the app's, as text.
    :ivar guess: the probability that a blind guess passes; None if unknown.
    :ivar ways_in: each with its price.
    """

    name: str
    settings: SourceConfig
    overrides: str
    has_sound: bool
    guess: GuessProbability | None
    ways_in: Sequence[WayIn]


class Report:
    """The results of the diagnostics.

    :ivar facts: text by topic.
    :ivar settings: the value in force and the default of each key, as text.
    :ivar squarings: every number of squarings that a source asks for.
    :ivar seconds_per_squaring: on this machine; None if no source has work.
    :ivar errors: what has to be fixed.
    :ivar notes: what may be intended.
    """

    def __init__(self) -> None:
        self.facts: dict[str, str] = {}
        self.settings: dict[str, tuple[str, str]] = {}
        self.sources: list[SourceReport] = []
        self.squarings: Collection[int] = ()
        self.seconds_per_squaring: float | None = None
        self.errors: list[str] = []
        self.notes: list[str] = []

    def add_error(self, text: str) -> None:
        """Add an error, unless it is already there."""
        if text not in self.errors:
            self.errors.append(text)

    def add_note(self, text: str) -> None:
        """Add a note, unless it is already there."""
        if text not in self.notes:
            self.notes.append(text)

    @contextmanager
    def recording_warnings(self) -> Iterator[None]:
        """Add the package's warnings from the block as errors; those of other packages are ignored."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
        for warning in caught:
            if warning.category is UserWarning:
                self.add_error(str(warning.message))


def as_text(value: Any) -> str:
    """Return a setting's value as text, without the password and the options of a URI."""
    if value is None:
        return "none"
    if isinstance(value, str) and "://" in value:
        uri = urlsplit(value)
        return f"{uri.scheme}://{uri.netloc.rpartition('@')[2]}{uri.path}"
    if isinstance(value, Mapping):
        return f"{len(value)}, see below"
    if isinstance(value, list | tuple):
        return ", ".join(map(as_text, value))
    if callable(value):
        return f"the function {getattr(value, '__qualname__', value)}"
    return str(value)
