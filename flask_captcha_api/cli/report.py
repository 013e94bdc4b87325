"""Findings: what the checkup notes down, apart from how it finds it and how it is shown."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..challenges.guessing import GuessProbability
from ..settings.config import SourceConfig


@dataclass(frozen=True)
class Finding:
    """Something that whoever runs the app should know; either wrong, or merely to be considered."""

    text: str
    is_wrong: bool


@dataclass(frozen=True)
class SourceReport:
    """What a source gives to visitors and to bots.

    :ivar own: the settings by which it differs from the app, for people.
    """

    name: str
    settings: SourceConfig
    own: str
    has_sound: bool
    #: None where it could not be told.
    odds: GuessProbability | None


class Checkup:
    """What has been found so far.

    :ivar facts: a topic and what is to be said of it.
    :ivar settings: of each key the value in force and the default, for people.
    """

    def __init__(self) -> None:
        self.facts: dict[str, str] = {}
        self.settings: dict[str, tuple[str, str]] = {}
        self.sources: list[SourceReport] = []
        self.findings: list[Finding] = []

    @property
    def is_well(self) -> bool:
        """Tell whether nothing is wrong."""
        return not any(finding.is_wrong for finding in self.findings)

    def wrong(self, text: str) -> None:
        """Note something that has to be mended."""
        self._note(Finding(text, is_wrong=True))

    def consider(self, text: str) -> None:
        """Note something that may be as it should be."""
        self._note(Finding(text, is_wrong=False))

    @contextmanager
    def noting_warnings(self) -> Iterator[None]:
        """Note what the package warns of in the block, as it does when the app starts; others may warn as they like."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
        for warning in caught:
            if warning.category is UserWarning:
                self.wrong(str(warning.message))

    def _note(self, finding: Finding) -> None:
        if finding not in self.findings:
            self.findings.append(finding)


def shown(value: Any) -> str:
    """Return a setting's value for people, without what may be secret in it: password and options of a URI."""
    if value is None:
        return "none"
    if isinstance(value, str) and "://" in value:
        uri = urlsplit(value)
        return f"{uri.scheme}://{uri.netloc.rpartition('@')[2]}{uri.path}"
    if isinstance(value, Mapping):
        return f"{len(value)}, see below"
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value))
    return str(value)
