"""Every setting, declared once: its key, default, validator and meaning."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any, Literal, TypeAlias

from ..translations import DEFAULT_LANGUAGE, FALLBACK_LANGUAGE
from .validators import (
    CACHE_OR_NONE,
    DURATION_OR_NONE,
    FLAG,
    FONT_FILES_OR_NONE,
    KIND_NAME,
    LANGUAGE_OR_AUTO,
    LANGUAGE_OR_FUNCTION,
    LANGUAGE_OR_NONE,
    RATE_OR_NONE,
    SOURCES_OR_NONE,
    STORAGE_URI,
    Validator,
    none_or,
    one_of,
    whole,
)

#: How hard a picture is to read.
Difficulty: TypeAlias = Literal["calm", "normal", "hard"]
#: The theme of the pages that show a picture.
Theme: TypeAlias = Literal["light", "dark"]

PREFIX = "CAPTCHA_"
#: The settings that make a source's captchas easier or harder to pass.
_EASE = ("kind", "length", "difficulty", "audio", "work", "work_alone")
SOURCE_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
#: Not allowed as names of sources: the widget's files are served below this path.
RESERVED_NAMES = frozenset({"static"})
#: Completes the sentence "a source's name must be …".
SOURCE_NAME_MUST_BE = "1 to 32 of A-Z a-z 0-9 _ - and not 'static'"
#: The fewest squarings that are worth asking for: some milliseconds of a device's time.
FEWEST_SQUARINGS = 1_000
#: How many captchas a sound counts as under a rate limit: it takes longer to make, and is easier for software.
SOUND_COUNTS_AS = 10


def _setting(default: Any, validator: Validator, meaning: str) -> Any:
    """Declare a setting. The name of the field is the key, in lower case and without the prefix."""
    return field(default=default, repr=not validator.is_secret, metadata={"validator": validator, "meaning": meaning})


@dataclass(frozen=True, kw_only=True)
class SourceConfig:
    """The settings of a source. ``CAPTCHA_<NAME>`` sets each of them for all sources."""

    kind: str = _setting("digits", KIND_NAME, "what is asked: `digits`, `letters`, `arithmetic`, or a name in `kinds=`")
    length: int = _setting(5, whole(1, 12), "characters of the prompt; for arithmetic the operator is one of them")
    ttl: int = _setting(300, whole(1, 2_592_000), "seconds from issue to expiry")
    width: int = _setting(166, whole(80, 640), "pixels; at least 16 for each character")
    height: int = _setting(90, whole(32, 320), "pixels")
    format: Literal["jpeg", "png", "webp"] = _setting("jpeg", one_of("jpeg", "png", "webp"), "of the picture")
    difficulty: Literal["auto"] | Difficulty = _setting(
        "auto",
        one_of("auto", "calm", "normal", "hard"),
        "how hard the picture is to read, for software and for people; `auto` gets harder the more captchas a client "
        "has been issued",
    )
    theme: Literal["auto"] | Theme = _setting(
        "light",
        one_of("auto", "light", "dark"),
        "the theme of the pages that show the picture; `auto` is the one that the request asks for, or else `light`",
    )
    hue: int | None = _setting(
        None,
        none_or(whole(0, 359)),
        "degrees: the picture's hue, such as 0 for red, 120 for green, 240 for blue; None: random in every picture",
    )
    fonts: Sequence[str] | None = _setting(
        None, FONT_FILES_OR_NONE, "paths of font files, instead of the package's typefaces"
    )
    audio: bool = _setting(True, FLAG, "whether the captcha is also available as a sound")
    work: int | None = _setting(
        None,
        none_or(whole(FEWEST_SQUARINGS, 1_000_000_000)),
        "None, or how many times the client's device has to square a number, in addition to what the visitor reads or "
        "hears: a telephone does about 100,000 a second",
    )
    work_alone: int | None = _setting(
        None,
        none_or(whole(FEWEST_SQUARINGS, 1_000_000_000)),
        "None, or how many times it has to in place of reading: the captcha is then also available as work alone",
    )
    jwt: Literal["off", "optional", "required"] = _setting(
        "optional",
        one_of("off", "optional", "required"),
        "whether the Authorization header is ignored, used if present, or required",
    )
    rate_limit: str | None = _setting(
        None, RATE_OR_NONE, "how many captchas an address, and an identity, may request; a sound counts as 10"
    )
    verify_rate_limit: str | None = _setting(
        None, RATE_OR_NONE, "how many captchas an address, and an identity, may try to pass"
    )


@dataclass(frozen=True, kw_only=True)
class CaptchaConfig:
    """The settings of one app, validated.

    :param defaults: the settings of every source that does not set its own.
    :param sources: the sources that exist, each with its own settings; None: every valid name is a source.
    """

    defaults: SourceConfig = field(default_factory=SourceConfig)
    sources: Mapping[str, SourceConfig] | None = _setting(
        None, SOURCES_OR_NONE, "None: any name is a source; a mapping of name to its own settings: only these are"
    )
    jwt_renew: timedelta | None = _setting(
        None,
        DURATION_OR_NONE,
        "None: the token is returned unchanged; else it is renewed, for sessions this long at most",
    )
    language: str | Callable[[], object] = _setting(
        DEFAULT_LANGUAGE,
        LANGUAGE_OR_FUNCTION,
        "the language of the messages; `auto` follows Accept-Language; a function, such as Flask-Babel's `get_locale`, "
        "is called for each request and returns a tag or a locale",
    )
    fallback_language: str | None = _setting(
        None,
        LANGUAGE_OR_NONE,
        "used if `auto`, the function or the page's `lang` leads to no available language; "
        f"None: `{DEFAULT_LANGUAGE}` for messages, `{FALLBACK_LANGUAGE}` for the widget on a page",
    )
    audio_language: str = _setting(
        "auto",
        LANGUAGE_OR_AUTO,
        "the language whose voice speaks the sound, if the request names none; `auto` follows Accept-Language",
    )
    cache: Mapping[str, Any] | None = _setting(
        None,
        CACHE_OR_NONE,
        "None: the answers are in the app's cache; else in a cache of their own, made from only these settings",
    )
    rate_limit_storage: str = _setting(
        "memory://", STORAGE_URI, "where rates and failures are counted; `memory://` is for one process, and unbounded"
    )
    openapi: bool = _setting(True, FLAG, "whether the routes are described at `openapi.json` below the prefix")
    single_process: bool = _setting(
        False,
        FLAG,
        "states that there is one process, although the server sets `wsgi.multiprocess` or does not say how many",
    )

    @property
    def longest_ttl(self) -> int:
        """Return the longest ttl of any source, in seconds."""
        return max(source.ttl for source in self.every_source_config())

    @property
    def shortest_ttl(self) -> int:
        """Return the shortest ttl of any source, in seconds."""
        return min(source.ttl for source in self.every_source_config())

    @property
    def sources_differ(self) -> bool:
        """Return whether some configured source is easier to pass than another.

        A sound and work alone are easier than a picture, and a captcha that is not bound can be passed by anybody.
        """
        sources = list(self.every_source_config())
        if len(sources) == 1:
            return False
        return len({(its.jwt == "off", *(getattr(its, name) for name in _EASE)) for its in sources}) > 1

    @property
    def squarings(self) -> Collection[int]:
        """Return every number of squarings that some source asks for."""
        numbers = {number for its in self.every_source_config() for number in (its.work, its.work_alone)}
        return {number for number in numbers if number is not None}

    @property
    def has_rates(self) -> bool:
        """Return whether any rate limit is set."""
        # defaults.verify_rate_limit also applies to views without source=
        return bool(self.defaults.verify_rate_limit) or any(
            source.rate_limit or source.verify_rate_limit for source in self.every_source_config()
        )

    @property
    def sets_rate_limit_storage(self) -> bool:
        """Return whether CAPTCHA_RATE_LIMIT_STORAGE is set, as it may be for failure counts alone."""
        return self.rate_limit_storage != type(self).rate_limit_storage

    def every_source_config(self) -> Sequence[SourceConfig]:
        """Return the settings of every source, or the one that all share if any name is a source."""
        return [self.defaults] if self.sources is None else list(self.sources.values())


def keys_of(settings: type[SourceConfig] | type[CaptchaConfig]) -> dict[str, Any]:
    """Return the ``CAPTCHA_*`` keys that a class declares, each with its dataclass field."""
    return {
        PREFIX + declared.name.upper(): declared for declared in fields(settings) if "validator" in declared.metadata
    }


ALL_KEYS = (*keys_of(SourceConfig), *keys_of(CaptchaConfig))


def is_source_name(name: object) -> bool:
    """Return whether ``name`` is a valid name for a source."""
    return isinstance(name, str) and SOURCE_NAME.fullmatch(name) is not None and name not in RESERVED_NAMES
