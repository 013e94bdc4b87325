"""Reading the settings of an app: all errors are collected into one ValueError, then warnings are issued."""

import inspect
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

from ..translations import BUNDLED
from .config import (
    ALL_KEYS,
    PREFIX,
    SOUND_COUNTS_AS,
    SOURCE_NAME_MUST_BE,
    CaptchaConfig,
    SourceConfig,
    is_source_name,
    keys_of,
)
from .rate_storages import has_window_too_long
from .rates import never_allows
from .validators import SOURCES_OR_NONE, STORAGE_URI, Validator

#: Microseconds that a squaring takes the slowest device that has to pass: an old telephone.
_SQUARING_MICROSECONDS = 50
#: The narrowest character that can be read.
_PIXELS_PER_CHARACTER = 16

#: The validators of the settings of a source, by name.
_VALIDATORS: dict[str, Validator] = {
    declared.name: declared.metadata["validator"] for declared in keys_of(SourceConfig).values()
}

#: Returns what a message calls a setting, given its name and those of other settings that it is checked against.
_NameOf: TypeAlias = Callable[..., str]


class LengthLimits(Protocol):
    """The part of a :class:`~flask_captcha_api.Kind` that settings are checked against."""

    @property
    def shortest(self) -> int:
        """Return the shortest length that can be made."""

    @property
    def advisable(self) -> int:
        """Return the shortest length that gets no warning."""


def read_config(
    settings: Mapping[str, Any],
    *,
    kinds: Mapping[str, LengthLimits],
    languages: Collection[str] = tuple(BUNDLED.catalogues),
    other_errors: Sequence[str] = (),
) -> CaptchaConfig:
    """Read and validate the ``CAPTCHA_*`` keys of a mapping such as ``app.config``.

    Warns about short lengths, and about keys that look like a misspelt setting. Other packages use the prefix too, so
    an unknown key is not an error.

    :param settings: any mapping; keys of other packages are ignored.
    :param kinds: the kinds that exist, by name.
    :param languages: the languages that have texts.
    :param other_errors: errors in other settings, to be reported in the same exception.
    :raises ValueError: names every invalid key, with its value and its range.
    """
    errors = list(other_errors)
    defaults = _values(SourceConfig, settings, errors)
    of_app = _values(CaptchaConfig, settings, errors)
    errors += _unknown_languages(of_app, languages)
    named = of_app.pop("sources")
    if not SOURCES_OR_NONE.accepts(named):
        named = None  # reported above
    if named is not None:
        errors += _source_errors(named)
    for name_of, values in _settings_by_place(named, defaults):
        valid = _valid_ones(values)
        errors += _contradictions(name_of, valid, kinds)
        errors += _rates_too_long(name_of, valid, of_app["rate_limit_storage"])
    if named is not None:  # the app's verify_rate_limit also applies to views without source=
        of_views = _valid_ones({"verify_rate_limit": defaults["verify_rate_limit"]})
        errors += _rates_too_long(_name_in_app, of_views, of_app["rate_limit_storage"])
    if errors:
        raise ValueError("invalid captcha configuration:\n" + "\n".join(f"- {each}" for each in dict.fromkeys(errors)))

    sources = None
    if named is not None:
        sources = MappingProxyType({name: SourceConfig(**{**defaults, **its}) for name, its in named.items()})
    config = CaptchaConfig(defaults=SourceConfig(**defaults), sources=sources, **of_app)
    _warn_of_misspelt_keys(settings)
    _warn_of_short_lengths(_settings_by_place(named, defaults), kinds)
    return config


def _values(
    settings: type[SourceConfig] | type[CaptchaConfig], given: Mapping[str, Any], errors: list[str]
) -> dict[str, Any]:
    """Return the values for the fields of a class, and append an error for each invalid one."""
    values = {}
    for key, declared in keys_of(settings).items():
        values[declared.name] = value = given.get(key, declared.default)
        errors += _value_errors(key, value, declared.metadata["validator"])
    return values


def _value_errors(setting: str, value: object, validator: Validator) -> list[str]:
    if validator.accepts(value):
        return []
    is_value = "" if validator.is_secret else f" is {value!r}: it"
    return [f"{setting}{is_value} must be {validator.must_be}"]


def _unknown_languages(of_app: Mapping[str, Any], languages: Collection[str]) -> list[str]:
    """Return an error for each setting that names a language without texts."""
    errors = []
    for name, others in (("language", ("auto",)), ("fallback_language", ()), ("audio_language", ("auto",))):
        known = (*languages, *others)
        if isinstance(of_app[name], str) and of_app[name] not in known:
            names = ", ".join(map(repr, known))
            errors.append(f"{PREFIX}{name.upper()} is {of_app[name]!r}: it must be one of {names}")
    return errors


def _source_errors(named: Mapping[Any, Mapping[Any, Any]]) -> list[str]:
    """Return the errors in CAPTCHA_SOURCES that concern one name or one setting."""
    if not named:
        return ["CAPTCHA_SOURCES is empty: it must name at least one source, or be None for any name"]
    errors = []
    known = ", ".join(_VALIDATORS)
    for name, overrides in named.items():
        where = _place_of_source(name)
        if not is_source_name(name):
            errors.append(f"{where}a name must be {SOURCE_NAME_MUST_BE}")
        for key, value in overrides.items():
            if key in _VALIDATORS:
                errors += _value_errors(where + key, value, _VALIDATORS[key])
            else:
                errors.append(f"{where}{key!r} is not a setting of a source: it must be one of {known}")
    return errors


def _settings_by_place(
    named: Mapping[Any, Mapping[Any, Any]] | None, defaults: Mapping[str, Any]
) -> Iterator[tuple[_NameOf, Mapping[Any, Any]]]:
    """Yield the settings of each source, valid or not, with a function that returns what a message calls a setting."""
    if named is None:
        yield _name_in_app, defaults
    else:
        for name, overrides in named.items():
            yield partial(_name_in_source, name, overrides), {**defaults, **overrides}


def _valid_ones(values: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in _VALIDATORS and _VALIDATORS[name].accepts(value)}


def _contradictions(name_of: _NameOf, valid: Mapping[str, Any], kinds: Mapping[str, LengthLimits]) -> list[str]:
    """Return an error for each setting that is valid by itself but not with the others.

    :param valid: without the settings that are invalid by themselves, whose intended values are unknown.
    """
    errors = []
    kind, length, width, rate_limit = map(valid.get, ("kind", "length", "width", "rate_limit"))
    if kind is not None and kind not in kinds:
        errors.append(f"{name_of('kind')} is {kind!r}: it must be one of {', '.join(sorted(kinds))}")
    elif kind is not None and length is not None and length < (shortest := kinds[kind].shortest):
        errors.append(f"{name_of('length', 'kind')} is {length}: it must be at least {shortest} for {kind}")
    if width is not None and length is not None and width < length * _PIXELS_PER_CHARACTER:
        errors.append(
            f"{name_of('width', 'length')} is {width}: it must be at least {_PIXELS_PER_CHARACTER} for each of the "
            f"{length} characters, {_PIXELS_PER_CHARACTER * length}"
        )
    if valid.get("audio") and rate_limit is not None and never_allows(rate_limit, SOUND_COUNTS_AS):
        errors.append(
            f"{name_of('rate_limit', 'audio')} is {rate_limit!r}, which never allows a sound, since a sound counts as "
            f"{SOUND_COUNTS_AS}: it must allow at least as many, or set {name_of('audio', 'rate_limit')} to False"
        )
    ttl = valid.get("ttl")
    for name in ("work", "work_alone"):
        most = ttl and ttl * 1_000_000 // _SQUARING_MICROSECONDS // 2
        if most and (valid.get(name) or 0) > most:
            errors.append(
                f"{name_of(name, 'ttl')} is {valid[name]:,}: it must be at most {most:,}, which takes a slow device "
                f"half of the {ttl:,} seconds until a captcha expires"
            )
    return errors


def _rates_too_long(name_of: _NameOf, valid: Mapping[str, Any], storage_uri: Any) -> list[str]:
    """Return an error for each rate whose windows are longer than the storage can count: it would limit nothing."""
    if not STORAGE_URI.accepts(storage_uri):
        return []  # reported already
    return [
        f"{name_of(name)} is {valid[name]!r}, and memcached counts in windows of 15 days at most: set a "
        "shorter one, or a CAPTCHA_RATE_LIMIT_STORAGE without that limit, such as 'redis://127.0.0.1:6379/1'"
        for name in ("rate_limit", "verify_rate_limit")
        if valid.get(name) is not None and has_window_too_long(valid[name], storage_uri)
    ]


def _place_of_source(name: object) -> str:
    return f"CAPTCHA_SOURCES[{name!r}]: "


def _name_in_app(name: str, *_: str) -> str:
    return PREFIX + name.upper()


def _name_in_source(source: object, overrides: Collection[Any], name: str, *others: str) -> str:
    """Return what a message calls a source's setting: the app's key unless the source has this or one of the others."""
    return _name_in_app(name) if set(overrides).isdisjoint((name, *others)) else _place_of_source(source) + name


def _warn_of_misspelt_keys(settings: Mapping[str, Any]) -> None:
    for key in settings:
        if key.startswith(PREFIX) and key not in ALL_KEYS:
            for meant in get_close_matches(key, ALL_KEYS, n=1, cutoff=0.8):
                _warn(f"{key} is not a setting of flask_captcha_api: did you mean {meant}?")


def _warn_of_short_lengths(
    places: Iterable[tuple[_NameOf, Mapping[Any, Any]]], kinds: Mapping[str, LengthLimits]
) -> None:
    warned = set()
    for name_of, values in places:
        name, length, advisable = name_of("length", "kind"), values["length"], kinds[values["kind"]].advisable
        if length < advisable and name not in warned:
            _warn(f"{name} is {length}: it should be at least {advisable}, or a blind guess passes too often")
            warned.add(name)


def _warn(message: str) -> None:
    """Warn with ``stacklevel`` set to the first frame outside this package."""
    package = __name__.partition(".")[0]
    level, frame = 1, inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, stacklevel=level)
