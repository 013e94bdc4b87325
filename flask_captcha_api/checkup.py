"""The checkup: what of the captchas' set-up is in force in an app, what that allows, and what is wrong with it.

Looks at the running app, tries its cache with a value of its own, and makes, draws and speaks challenges that nobody
gets. Knows nothing of terminals.
"""

import secrets
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from random import Random
from typing import Any
from urllib.parse import urlsplit

from flask import Flask

from ._current import CaptchaState, current_state
from .caches import check_backend
from .challenges import Challenge
from .config import CaptchaConfig, SetupError, SourceConfig, keys_of
from .odds import SAMPLES, Odds, estimate
from .rendering import FORMS, VOICES, has_sound
from .rendering.atlas import BUNDLED, missing_from
from .sources import Source
from .store import StoreUnavailable
from .tokens import has_jwt_manager

#: The name under which sources are looked at where any name is one.
ANY_NAME = "any"

#: A secret key of fewer characters can be tried out by whoever reads the cache.
_SHORTEST_KEY = 16
#: A blind guess that passes more often is no guard.
_HIGHEST_CHANCE = 0.01
#: Seconds that the value lives by which the cache is tried.
_TRIAL_TTL = 60
#: How many challenges of a source are drawn and spoken.
_RENDERED = 5

_BACKENDS_FOR_MANY_HOSTS = ("MemcachedCache", "RedisCache", "MongoDbCache", "DynamoDbCache", "ValkeyCache")
_REACHES = (
    ("SimpleCache", "one process, with any number of threads"),
    ("UWSGICache", "the workers of one uWSGI server"),
    ("FileSystemCache", "one host, with any number of processes"),
    *((name, "any number of hosts") for name in _BACKENDS_FOR_MANY_HOSTS),
)


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
    odds: Odds | None


class Checkup:
    """What :func:`examine` has found so far.

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
        """Note whatever the block warns of, as it would when the app starts."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
        for warning in caught:
            self.wrong(str(warning.message))

    def _note(self, finding: Finding) -> None:
        if finding not in self.findings:
            self.findings.append(finding)


def examine(app: Flask) -> Checkup:
    """Examine an app, in an app context of it. Needs no request, and prints no secret and no answer.

    :raises RuntimeError: the app has no CaptchaApi.
    """
    state = current_state()
    checkup = Checkup()
    with checkup.noting_warnings():
        _settings(app, state, checkup)
        _cache(state, checkup)
    _secret_key(app, checkup)
    _tokens(state, checkup)
    _limits(state, checkup)
    for source in _sources(state):
        with checkup.noting_warnings():
            checkup.sources.append(_source(source, state.config.defaults, checkup))
    if state.config.sources_differ:
        checkup.consider("sources differ in how hard they are: a guard should name its own, as in source='login'")
    if not state.mounted_as:
        checkup.consider("the routes are mounted nowhere: register the blueprint that init_app returned")
    return checkup


def _settings(app: Flask, state: CaptchaState, checkup: Checkup) -> None:
    """List the settings in force for the app, and read them once more: what warns at the start warns again."""
    for key, (value, default) in _values(state.config).items():
        checkup.settings[key] = (shown(value), shown(default))
    try:
        now = CaptchaConfig.read(app.config, kinds=state.sources.kinds)
    except ValueError as error:
        checkup.wrong(f"the settings were changed after CaptchaApi had read them, and now {error}")
        return
    in_force, set_now = _values(state.config), _values(now)
    changed = [key for key in in_force if in_force[key] != set_now[key]]
    if changed:
        checkup.wrong(
            f"{', '.join(changed)} changed after CaptchaApi had read the settings, without effect: set them before"
        )


def _values(config: CaptchaConfig) -> dict[str, tuple[Any, Any]]:
    """Return of each key the value in force and the default."""
    return {
        key: (getattr(holder, field.name), field.default)
        for holder in (config, config.defaults)
        for key, field in keys_of(type(holder)).items()
    }


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


def _cache(state: CaptchaState, checkup: Checkup) -> None:
    """Put a value into the cache and take it out twice: the second time it has to be gone."""
    uuid, value = f"{secrets.randbelow(10**23):023d}", secrets.token_hex(16)
    try:
        store = state.store.get()
        checkup.facts["cache"] = f"{type(store.backend).__name__}, for {_reach(store.backend)}"
        check_backend(store.backend)
        store.put(uuid, value, _TRIAL_TTL)
        taken = store.take(uuid), store.take(uuid)
    except SetupError as error:
        checkup.facts.setdefault("cache", "none that captchas can be kept in")
        checkup.wrong(str(error))
    except StoreUnavailable as error:
        checkup.facts.setdefault("cache", "cannot be reached")
        checkup.wrong(f"the cache does not work: {error}")
    else:
        if taken == (value, None):
            checkup.facts["cache"] += "; a value could be put in, and taken out once"
        elif taken[0] != value:
            checkup.wrong("the cache does not give back what is put in, so no captcha could be passed")
        else:
            checkup.wrong("the cache gives the same value twice, so a captcha could be passed more than once")


def _reach(backend: Any) -> str:
    names = {each.__name__ for each in type(backend).__mro__ if each.__module__.partition(".")[0] == "cachelib"}
    return next((reach for name, reach in _REACHES if name in names), "as far as it reaches: it is one of your own")


def _secret_key(app: Flask, checkup: Checkup) -> None:
    older = len(app.config.get("SECRET_KEY_FALLBACKS") or ())
    checkup.facts["secret key"] = "set" + (f", and {older} for captchas that were issued before it" if older else "")
    if len(app.config.get("SECRET_KEY") or "") < _SHORTEST_KEY:
        checkup.wrong(
            f"SECRET_KEY is shorter than {_SHORTEST_KEY} characters, so whoever reads the cache can try it out: set "
            "one from secrets.token_hex()"
        )


def _tokens(state: CaptchaState, checkup: Checkup) -> None:
    renewed_for = state.config.jwt_renew
    if has_jwt_manager():
        way = f"are renewed, for {renewed_for} at most" if renewed_for else "go back as they came"
        checkup.facts["JWT"] = f"captchas are bound to the identity in a token; tokens {way}"
        return
    checkup.facts["JWT"] = "the app has no JWTManager, so every request is anonymous"
    required_by = [source.name for source in _sources(state) if source.settings.jwt == "required"]
    if required_by:
        checkup.wrong(f"a token is required for {', '.join(required_by)}, and the app has no JWTManager: no captchas")
    elif renewed_for:
        checkup.wrong("CAPTCHA_JWT_RENEW is set, and the app has no JWTManager whose tokens could be renewed")


def _limits(state: CaptchaState, checkup: Checkup) -> None:
    config = state.config
    unlimited = [source.name for source in _sources(state) if source.settings.rate_limit is None]
    if unlimited:
        where = f" on {', '.join(unlimited)}" if config.has_rates else ""
        checkup.consider(
            f"no rate limit{where}: a client may ask for captchas, and guess, as often as the server can answer; set "
            "CAPTCHA_RATE_LIMIT, or limit it in front of the app"
        )
    if not config.has_rates:
        checkup.facts["rate limits"] = "none"
        return
    checkup.facts["rate limits"] = f"counted in {shown(config.rate_limit_storage)}"
    counters = state.counters.get()
    if counters.are_private_to_process and not config.single_process and "one process" not in checkup.facts["cache"]:
        checkup.consider(
            "rates are counted in the memory of each process: with several of them, set CAPTCHA_RATE_LIMIT_STORAGE to "
            "a storage that they share, such as redis://127.0.0.1:6379/1"
        )
    if counters.failures("checkup", secrets.token_hex(8)) is None:
        checkup.wrong("CAPTCHA_RATE_LIMIT_STORAGE cannot be reached, so nothing is limited")


def _sources(state: CaptchaState) -> list[Source]:
    names = [ANY_NAME] if state.config.sources is None else list(state.config.sources)
    return [state.sources.find(name) for name in names]


def _source(source: Source, defaults: SourceConfig, checkup: Checkup) -> SourceReport:
    """Make challenges of a source, draw and speak some, and tell how often a blind guess passes."""
    settings, kind = source.settings, source.kind
    is_known = kind.best_guess is not None and settings.fonts is None
    odds, speaks = None, False
    try:
        challenges = [source.new_challenge() for _ in range(_RENDERED if is_known else SAMPLES)]
        odds = _odds(source, challenges)
        if kind.draw is not None or _has_glyphs(source, challenges, checkup):
            speaks = all(_try_forms(source, challenge) for challenge in challenges[:_RENDERED])
    except Exception as error:  # the maker, the drawing and the sound may be the app's own
        checkup.wrong(f"{_called(source)}: no captcha could be made: {type(error).__name__}: {error}")
    if odds and odds.chance > _HIGHEST_CHANCE:
        checkup.wrong(
            f"{_called(source)}: a blind guess passes {told(odds)} times: set a greater length, "
            "or ask for something with more answers"
        )
    return SourceReport(source.name, settings, _own(settings, defaults), speaks, odds)


def _called(source: Source) -> str:
    return "any source" if source.name == ANY_NAME else f"source {source.name}"


def _odds(source: Source, challenges: Sequence[Challenge]) -> Odds:
    if source.kind.best_guess is None:
        return estimate(challenge.answer for challenge in challenges)
    chance = source.kind.best_guess(source.settings.length)
    if not 0 < chance <= 1:
        raise ValueError(f"best_guess of kind {source.settings.kind!r} gave {chance!r}, which is no chance")
    return Odds(chance)


def told(odds: Odds) -> str:
    """Return odds as people tell them."""
    how = "" if odds.is_exact else "less than " if odds.is_bound else "about "
    return f"{how}1 in {round(1 / odds.chance):,}"


def _own(settings: SourceConfig, defaults: SourceConfig) -> str:
    return ", ".join(
        f"{setting.name} {shown(getattr(settings, setting.name))}"
        for setting in fields(SourceConfig)
        if getattr(settings, setting.name) != getattr(defaults, setting.name)
    )


def _has_glyphs(source: Source, challenges: Sequence[Challenge], checkup: Checkup) -> bool:
    characters = set("".join("".join(challenge.prompt.split()) for challenge in challenges))
    missing = missing_from(source.settings.fonts or BUNDLED, "".join(characters))
    if missing:
        checkup.wrong(
            f"{_called(source)}: none of its typefaces has {len(missing)} of the {len(characters)} characters that "
            f"{len(challenges):,} challenges asked for ({missing[:10]}{'…' if len(missing) > 10 else ''}): name a font "
            "file in CAPTCHA_FONTS that has them"
        )
    return not missing


def _try_forms(source: Source, challenge: Challenge) -> bool:
    """Draw a challenge, speak it in each language if it can be spoken, and tell whether it can."""
    rng = Random(secrets.randbits(128))  # noqa: S311 - it draws
    FORMS["image"].render(source.kind, challenge.prompt, source.settings, rng, "en")
    speaks = has_sound(source.kind, challenge.prompt, source.settings, "en")
    for language in VOICES if speaks else ():
        FORMS["audio"].render(source.kind, challenge.prompt, source.settings, rng, language)
    return speaks
