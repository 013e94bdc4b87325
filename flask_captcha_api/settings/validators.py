"""Validators: for each type of setting, which values are allowed, and how an error message puts it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from ..coroutines import is_async
from .rates import is_rate


@dataclass(frozen=True)
class Validator:
    """A predicate for values.

    :param must_be: completes the sentence "it must be …".
    :param is_secret: whether values may hold passwords, so that none is shown.
    """

    must_be: str
    accepts: Callable[[object], bool]
    is_secret: bool = False


def whole(low: int, high: int) -> Validator:
    """Return the validator for whole numbers from ``low`` to ``high``, both included."""
    return Validator(
        f"a whole number from {low:,} to {high:,}", lambda value: type(value) is int and low <= value <= high
    )


def none_or(validator: Validator) -> Validator:
    """Return the validator that allows None too."""
    return Validator(f"None or {validator.must_be}", lambda value: value is None or validator.accepts(value))


def one_of(*names: str) -> Validator:
    """Return the validator for a choice of names."""
    return Validator(f"one of {', '.join(map(repr, names))}", lambda value: isinstance(value, str) and value in names)


LANGUAGE_OR_AUTO = Validator("a language, or 'auto'", lambda value: isinstance(value, str))
LANGUAGE_OR_NONE = none_or(Validator("a language", lambda value: isinstance(value, str)))
LANGUAGE_OR_FUNCTION = Validator(
    "a language, 'auto', or a function (not async) that returns a language tag",
    lambda value: isinstance(value, str) or (callable(value) and not is_async(value)),
)
KIND_NAME = Validator("the name of a kind", lambda value: isinstance(value, str))
FONT_FILES_OR_NONE = Validator(
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
FLAG = Validator("True or False", lambda value: isinstance(value, bool))
RATE_OR_NONE = Validator(
    "None or a rate such as '30 per minute' or '10/second; 500/hour'", lambda value: value is None or is_rate(value)
)
STORAGE_URI = Validator(
    "the URI of a storage, such as 'redis://127.0.0.1:6379/1'", lambda value: isinstance(value, str) and "://" in value
)
DURATION_OR_NONE = Validator(
    "None or a positive datetime.timedelta",
    lambda value: value is None or (isinstance(value, timedelta) and value > timedelta(0)),
)
CACHE_OR_NONE = Validator(
    "None or a mapping of CACHE_* settings of Flask-Caching, with CACHE_TYPE",
    lambda value: (
        value is None
        or (
            isinstance(value, Mapping)
            and all(isinstance(key, str) and key.startswith("CACHE_") for key in value)
            and isinstance(value.get("CACHE_TYPE"), str)
        )
    ),
    is_secret=True,
)
SOURCES_OR_NONE = Validator(
    "None or a mapping of source names to mappings of settings",
    lambda value: (
        value is None
        or (isinstance(value, Mapping) and all(isinstance(settings, Mapping) for settings in value.values()))
    ),
)
