"""The settings: every key with its default, its range and its meaning, stated once.

A field of :class:`SourceConfig` is a key that each source may set for itself; a field of :class:`CaptchaConfig` is a
key of the whole app. Knows nothing of Flask: it reads any mapping.
"""

import inspect
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Literal, Protocol

from ..translations import DEFAULT_LANGUAGE, LANGUAGES
from .rates import never_allows, outlasts
from .validators import (
    DURATION_OR_NONE,
    FLAG,
    FONT_FILES,
    RATE_OR_NONE,
    SOURCES,
    STORAGE_URI,
    TEXT,
    Rule,
    one_of,
    whole,
)

PREFIX = "CAPTCHA_"
SOURCE_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
#: The same in words.
SOURCE_NAMES = "1 to 32 of A-Z a-z 0-9 _ - and not 'static'"
#: Not a source: the widget's files live below this name.
RESERVED_NAMES = frozenset({"static"})
#: Fewer pixels than this for a character cannot be read.
PIXELS_PER_CHARACTER = 16
#: Under a rate limit a sound counts as this many captchas: it takes longer to make, and is easier for software.
SOUND_COUNTS_AS = 10


class AnyKind(Protocol):
    """What the settings have to fit: the part of a kind that counts here."""

    @property
    def shortest(self) -> int:
        """Return the least length that it can be made in."""

    @property
    def advisable(self) -> int:
        """Return the least length at which a blind guess does not pass too often."""


def _setting(default: Any, rule: Rule, meaning: str) -> Any:
    """Declare a field: its name is the key, and here are its default, its range and its meaning."""
    return field(default=default, metadata={"rule": rule, "meaning": meaning})


@dataclass(frozen=True, kw_only=True)
class SourceConfig:
    """What a source may set for itself, and ``CAPTCHA_<NAME>`` for all of them."""

    kind: str = _setting("digits", TEXT, "what is asked: `digits`, `letters`, `arithmetic`, or a name in `kinds=`")
    length: int = _setting(5, whole(1, 12), "characters of the prompt; for arithmetic the operator is one of them")
    ttl: int = _setting(300, whole(1, 2_592_000), "seconds from issue to expiry")
    width: int = _setting(166, whole(80, 640), "pixels; at least 16 for each character")
    height: int = _setting(90, whole(32, 320), "pixels")
    format: Literal["jpeg", "png", "webp"] = _setting("jpeg", one_of("jpeg", "png", "webp"), "of the picture")
    difficulty: Literal["calm", "normal", "hard"] = _setting(
        "normal", one_of("calm", "normal", "hard"), "how much the picture asks of software, and of people"
    )
    theme: Literal["light", "dark"] = _setting("light", one_of("light", "dark"), "of the pages that show the picture")
    fonts: Sequence[str] | None = _setting(None, FONT_FILES, "paths of font files, instead of the typefaces of ours")
    audio: bool = _setting(True, FLAG, "whether the captcha can be had as a sound too")
    jwt: Literal["off", "optional", "required"] = _setting(
        "optional",
        one_of("off", "optional", "required"),
        "whether the Authorization header is ignored, heeded when there, or required",
    )
    rate_limit: str | None = _setting(
        None, RATE_OR_NONE, "how many captchas an address, and an identity, may ask for; a sound counts as 10"
    )
    verify_rate_limit: str | None = _setting(
        None, RATE_OR_NONE, "how many captchas an address, and an identity, may try to pass"
    )


@dataclass(frozen=True, kw_only=True)
class CaptchaConfig:
    """The settings of one app, validated.

    :param defaults: what holds for a source that does not say otherwise.
    :param sources: the sources that exist, each with its own settings; None: every well-formed name is a source.
    """

    defaults: SourceConfig = field(default_factory=SourceConfig)
    sources: Mapping[str, SourceConfig] | None = _setting(
        None, SOURCES, "None: any name is a source; a mapping of name to its own settings: only these are"
    )
    jwt_renew: timedelta | None = _setting(
        None,
        DURATION_OR_NONE,
        "None: the token goes back as it came; else renew it, for sessions this long at most",
    )
    language: str = _setting(
        DEFAULT_LANGUAGE,
        one_of(*LANGUAGES, "auto"),
        f"of the messages; `auto` follows Accept-Language, and is `{DEFAULT_LANGUAGE}` where that names none of them",
    )
    audio_language: str = _setting(
        "auto",
        one_of(*LANGUAGES, "auto"),
        "of the sound (Mandarin for both Chinese), where the request names none; `auto` follows Accept-Language",
    )
    rate_limit_storage: str = _setting(
        "memory://", STORAGE_URI, "where rates and failures are counted; `memory://` is for one process, and unbounded"
    )
    openapi: bool = _setting(True, FLAG, "whether the routes are described at `openapi.json` below the prefix")
    single_process: bool = _setting(
        False, FLAG, "states that there is one process although the server says `wsgi.multiprocess`"
    )

    @classmethod
    def read(
        cls, settings: Mapping[str, Any], *, kinds: Mapping[str, AnyKind], noticed: Sequence[str] = ()
    ) -> "CaptchaConfig":
        """Read the ``CAPTCHA_*`` keys of a mapping such as ``app.config``.

        A short length and a key that looks like a misspelling of one of ours get a warning: other packages use the
        prefix too, so an unknown key is no fault by itself.

        :param settings: any mapping; only keys that are ours are looked at.
        :param kinds: the kinds that exist.
        :param noticed: faults of other settings, to be told in the same error.
        :raises ValueError: names every key at fault, with its value and its range.
        """
        faults = list(noticed)
        defaults = _values(SourceConfig, settings, faults)
        own = _values(cls, settings, faults)
        named = own.pop("sources")
        if not SOURCES.holds(named):
            named = None  # noted already
        if named is not None:
            _check_sources(named, faults)
        for where, values in _places(named, defaults):
            right = _right_by_themselves(values)
            faults += _contradictions(where, right, kinds)
            faults += _rates_too_long(where, right, own["rate_limit_storage"])
        if named is not None:  # of all else, this one counts for guards that name no source
            of_guards = _right_by_themselves({"verify_rate_limit": defaults["verify_rate_limit"]})
            faults += _rates_too_long(PREFIX, of_guards, own["rate_limit_storage"])
        if faults:
            raise ValueError(_listed(faults))

        sources = None
        if named is not None:
            sources = MappingProxyType({name: SourceConfig(**{**defaults, **its}) for name, its in named.items()})
        config = cls(defaults=SourceConfig(**defaults), sources=sources, **own)
        _warn_of_misspellings(settings)
        config._warn_of_short_lengths(kinds)
        return config

    @property
    def longest_ttl(self) -> int:
        """Return the seconds after which no captcha issued now can be alive, whatever its source."""
        return max(source.ttl for _, source in self._settings_in_force())

    @property
    def shortest_ttl(self) -> int:
        """Return the shortest life of a captcha issued now, in seconds, whatever its source."""
        return min(source.ttl for _, source in self._settings_in_force())

    @property
    def sources_differ(self) -> bool:
        """Tell whether some configured source is easier to pass than another.

        A sound is easier than a picture, and what is bound to nobody can be passed with anybody's captcha.
        """
        in_force = [source for _, source in self._settings_in_force()]
        return len({(its.kind, its.length, its.difficulty, its.audio, its.jwt == "off") for its in in_force}) > 1

    @property
    def has_rates(self) -> bool:
        """Tell whether anything is limited."""
        return bool(self.defaults.verify_rate_limit) or any(  # which counts for guards that name no source
            source.rate_limit or source.verify_rate_limit for _, source in self._settings_in_force()
        )

    @property
    def names_storage(self) -> bool:
        """Tell whether a storage is set for rates and failures, as it is by apps that only count failures, too."""
        return self.rate_limit_storage != type(self).rate_limit_storage

    def _settings_in_force(self) -> list[tuple[str, SourceConfig]]:
        """List every distinct set of settings with the words for where it was made."""
        if self.sources is None:
            return [(PREFIX, self.defaults)]
        return [(_of_source(name), source) for name, source in self.sources.items()]

    def _warn_of_short_lengths(self, kinds: Mapping[str, AnyKind]) -> None:
        for where, source in self._settings_in_force():
            if source.length < (advisable := kinds[source.kind].advisable):
                _warn(
                    f"{_called(where, 'length')} is {source.length}: a blind guess passes too often below {advisable}"
                )


def keys_of(settings: type[SourceConfig] | type[CaptchaConfig]) -> dict[str, Any]:
    """Return the ``CAPTCHA_*`` keys that a class declares, each with its dataclass field."""
    return {_global_key(declared.name): declared for declared in fields(settings) if "rule" in declared.metadata}


def _global_key(name: str) -> str:
    return PREFIX + name.upper()


ALL_KEYS = (*keys_of(SourceConfig), *keys_of(CaptchaConfig))
#: What a source may set for itself, by its name there.
_RULES: dict[str, Rule] = {declared.name: declared.metadata["rule"] for declared in keys_of(SourceConfig).values()}


def _values(
    settings: type[SourceConfig] | type[CaptchaConfig], given: Mapping[str, Any], faults: list[str]
) -> dict[str, Any]:
    """Collect the values of a class's fields from the keys of a mapping, noting each that breaks its rule."""
    values = {}
    for key, declared in keys_of(settings).items():
        values[declared.name] = value = given.get(key, declared.default)
        faults += _breaches(key, value, declared.metadata["rule"])
    return values


def _breaches(called: str, value: object, rule: Rule) -> list[str]:
    return [] if rule.holds(value) else [f"{called} is {value!r}: it must be {rule.wording}"]


def _check_sources(named: Mapping[Any, Mapping[Any, Any]], faults: list[str]) -> None:
    """Note what is wrong in CAPTCHA_SOURCES: names, and settings that break their rules."""
    if not named:
        faults.append("CAPTCHA_SOURCES is empty: it must name at least one source, or be None for any name")
    for name, overrides in named.items():
        where = _of_source(name)
        if not is_source_name(name):
            faults.append(f"{where}a name must be {SOURCE_NAMES}")
        for key, value in overrides.items():
            if key in _RULES:
                faults += _breaches(where + key, value, _RULES[key])
            else:
                faults.append(f"{where}{key!r} is no setting of a source: it must be one of {', '.join(_RULES)}")


def is_source_name(name: object) -> bool:
    """Tell whether ``name`` could name a source."""
    return isinstance(name, str) and SOURCE_NAME.fullmatch(name) is not None and name not in RESERVED_NAMES


def _places(
    named: Mapping[Any, Mapping[Any, Any]] | None, defaults: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[Any, Any]]]:
    """List what holds for each source, right or wrong, with the words for where it was set."""
    if named is None:
        yield PREFIX, defaults
    else:
        for name, overrides in named.items():
            yield _of_source(name), {**defaults, **overrides}


def _right_by_themselves(values: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in _RULES and _RULES[name].holds(value)}


def _contradictions(where: str, right: Mapping[str, Any], kinds: Mapping[str, AnyKind]) -> list[str]:
    """List what each setting allows by itself and the others forbid.

    :param right: without the settings that break their own rule: what those should have been is not known.
    """
    faults = []
    kind, length, width, rate_limit = map(right.get, ("kind", "length", "width", "rate_limit"))
    if kind is not None and kind not in kinds:
        faults.append(f"{_called(where, 'kind')} is {kind!r}: it must be one of {', '.join(sorted(kinds))}")
    elif kind is not None and length is not None and length < (shortest := kinds[kind].shortest):
        faults.append(f"{_called(where, 'length')} is {length}: it must be at least {shortest} for {kind}")
    if width is not None and length is not None and width < length * PIXELS_PER_CHARACTER:
        faults.append(
            f"{_called(where, 'width')} is {width}: it must be at least {PIXELS_PER_CHARACTER} for each of the "
            f"{length} characters, {PIXELS_PER_CHARACTER * length}"
        )
    if right.get("audio") and rate_limit is not None and never_allows(rate_limit, SOUND_COUNTS_AS):
        faults.append(
            f"{_called(where, 'rate_limit')} is {rate_limit!r}, which never lets a sound through, since it "
            f"counts as {SOUND_COUNTS_AS}: allow at least as many, or set {_called(where, 'audio')} to False"
        )
    return faults


def _rates_too_long(where: str, right: Mapping[str, Any], storage_uri: Any) -> list[str]:
    """List the rates whose windows are longer than their storage can count, which would limit nothing."""
    if not STORAGE_URI.holds(storage_uri):
        return []  # noted already
    return [
        f"{_called(where, name)} is {right[name]!r}, and memcached counts in windows of 15 days at most: take a "
        "shorter one, or a CAPTCHA_RATE_LIMIT_STORAGE without that bound, such as 'redis://127.0.0.1:6379/1'"
        for name in ("rate_limit", "verify_rate_limit")
        if right.get(name) is not None and outlasts(right[name], storage_uri)
    ]


def _of_source(name: object) -> str:
    return f"CAPTCHA_SOURCES[{name!r}]: "


def _called(where: str, name: str) -> str:
    return where + (name.upper() if where == PREFIX else name)


def _listed(faults: list[str]) -> str:
    return "the captcha configuration has faults:\n" + "\n".join(f"- {fault}" for fault in dict.fromkeys(faults))


def _warn_of_misspellings(settings: Mapping[str, Any]) -> None:
    for key in settings:
        if key.startswith(PREFIX) and key not in ALL_KEYS:
            for meant in get_close_matches(key, ALL_KEYS, n=1, cutoff=0.8):
                _warn(f"{key} is not a setting of flask_captcha_api: was {meant} meant?")


def _warn(message: str) -> None:
    """Warn in the name of the line that set the app up, however many calls of this package lie between."""
    own = __name__.partition(".")[0]
    level, frame = 1, inspect.currentframe()
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == own:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, stacklevel=level)
