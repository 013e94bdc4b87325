"""Rules: what the value of a setting must be, in words and as a test."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from .rates import is_rate


@dataclass(frozen=True)
class Rule:
    """What a value must be: the wording completes the sentence "it must be …"."""

    wording: str
    holds: Callable[[object], bool]


def whole(low: int, high: int) -> Rule:
    """Return the rule for a whole number in a range, both ends included."""
    return Rule(f"a whole number from {low:,} to {high:,}", lambda value: type(value) is int and low <= value <= high)


def one_of(*names: str) -> Rule:
    """Return the rule for a choice of names."""
    return Rule(f"one of {', '.join(map(repr, names))}", lambda value: isinstance(value, str) and value in names)


TEXT = Rule("the name of a kind", lambda value: isinstance(value, str))
FONT_FILES = Rule(
    "None or a list of paths of font files that exist",
    lambda value: (
        value is None
        or (
            isinstance(value, list | tuple)
            and len(value) > 0
            and all(isinstance(path, str) and Path(path).is_file() for path in value)
        )
    ),
)
FLAG = Rule("True or False", lambda value: isinstance(value, bool))
RATE_OR_NONE = Rule(
    "None or a rate such as '30 per minute' or '10/second; 500/hour'", lambda value: value is None or is_rate(value)
)
STORAGE_URI = Rule(
    "the URI of a storage, such as 'redis://127.0.0.1:6379/1'", lambda value: isinstance(value, str) and "://" in value
)
DURATION_OR_NONE = Rule(
    "None or a positive datetime.timedelta",
    lambda value: value is None or (isinstance(value, timedelta) and value > timedelta(0)),
)
SOURCES = Rule(
    "None or a mapping of source names to mappings of settings",
    lambda value: (
        value is None
        or (isinstance(value, Mapping) and all(isinstance(settings, Mapping) for settings in value.values()))
    ),
)
