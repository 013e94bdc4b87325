"""The checkup: what of the captchas' set-up is in force in an app, what that allows, and what is wrong with it.

Looks at the running app, tries its cache with a value of its own, and has its sources tried. Knows no terminal.
"""

import secrets
from typing import Any

from flask import Flask

from ..challenges.sources import Source
from ..exceptions import SetupError, StoreUnavailable
from ..http.jwt import has_jwt_manager
from ..http.protected_views import faults_of_guards
from ..settings.config import CaptchaConfig, keys_of
from ..settings.reading import read_config
from ..state import CaptchaState, current_state
from ..storage.capacity import capacity_warning
from ..storage.selection import check_backend
from .report import Checkup, shown
from .source_checks import ANY_NAME, try_source

#: A secret key of fewer characters can be tried out by whoever reads the cache.
_SHORTEST_KEY = 16
#: Seconds that the value lives by which the cache is tried.
_TRIAL_TTL = 60

_BACKENDS_FOR_MANY_HOSTS = ("MemcachedCache", "RedisCache", "MongoDbCache", "DynamoDbCache", "ValkeyCache")
_REACHES = (
    ("SimpleCache", "one process, with any number of threads"),
    ("UWSGICache", "the workers of one uWSGI server"),
    ("FileSystemCache", "one host, with any number of processes"),
    *((name, "any number of hosts") for name in _BACKENDS_FOR_MANY_HOSTS),
)


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
        checkup.sources.append(try_source(source, state.config.defaults, checkup))
    if state.config.sources_differ:
        checkup.consider("sources differ in how hard they are: a guard should name its own, as in source='login'")
    for fault in faults_of_guards(app, state.sources):
        checkup.wrong(fault)
    if not state.mounted_as:
        checkup.consider("the routes are mounted nowhere: register the blueprint that init_app returned")
    return checkup


def _settings(app: Flask, state: CaptchaState, checkup: Checkup) -> None:
    """List the settings in force for the app, and read them once more: what warns at the start warns again."""
    for key, (value, default) in _values(state.config).items():
        checkup.settings[key] = (shown(value), shown(default))
    try:
        now = read_config(app.config, kinds=state.sources.kinds)
    except ValueError:  # its words may hold a password
        checkup.wrong("the settings were changed after CaptchaApi had read them, and with these the app will not start")
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


def _cache(state: CaptchaState, checkup: Checkup) -> None:
    """Put a value into the cache and take it out twice: the second time it has to be gone."""
    uuid, value = f"{secrets.randbelow(10**23):023d}", secrets.token_hex(16)
    try:
        store = state.store.get()
        checkup.facts["cache"] = f"{type(store.backend).__name__}, for {_reach(store.backend)}"
        check_backend(store.backend)
        if warning := capacity_warning(store.backend, state.config):
            checkup.consider(warning)
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
