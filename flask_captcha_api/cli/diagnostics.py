"""Diagnoses an app: the set-up in force, what it allows, and its errors."""

import secrets
from typing import Any

from flask import Flask

from ..challenges.sources import Source
from ..exceptions import SetupError, StoreUnavailable
from ..http.jwt.authentication import accepts_header_tokens, has_jwt_manager
from ..http.protected_views import find_faults
from ..settings.config import CaptchaConfig, keys_of
from ..settings.reading import read_config
from ..state import CaptchaState, current_state
from ..storage.capacity import capacity_warning
from ..storage.secret_keys import CHANGED, have_changed, weakness_of
from ..storage.selection import check_backend
from .prices import measured_seconds_per_squaring
from .redis_checks import redis_notes
from .report import Report, as_text
from .route_checks import check_routes
from .source_checks import ANY_NAME, check_source

#: Lifetime, in seconds, of the value that tests the cache.
_TEST_TTL = 60

_SHARED_BACKENDS = ("MemcachedCache", "RedisCache", "MongoDbCache", "DynamoDbCache", "ValkeyCache")
_SCOPES = {
    "SimpleCache": "one process",
    "UWSGICache": "the workers of one uWSGI server",
    "FileSystemCache": "one host",
    **dict.fromkeys(_SHARED_BACKENDS, "any number of hosts"),
}


def diagnose(app: Flask) -> Report:
    """Diagnose an app, in its app context. Needs no request, and reports no secret and no answer.

    :raises RuntimeError: the app has no CaptchaApi.
    """
    state = current_state()
    report = Report()
    with report.recording_warnings():
        _check_settings(app, state, report)
        _check_cache(state, report)
    _check_secret_key(app, state, report)
    _check_tokens(state, report)
    _check_limits(state, report)
    for source in _sources(state):
        report.sources.append(check_source(source, state.config.defaults, report))
    if state.config.squarings:
        report.squarings = state.config.squarings
        report.seconds_per_squaring = measured_seconds_per_squaring()
    if state.config.sources_differ:
        report.add_note("sources differ in difficulty: each protected view should name its own, as in source='login'")
    for fault in find_faults(app, state.sources):
        report.add_error(fault)
    check_routes(app, state, report)
    if not state.mounted_as:
        report.add_note("the captcha routes are not mounted: register the blueprint that init_app returned")
    return report


def _check_settings(app: Flask, state: CaptchaState, report: Report) -> None:
    """Report the settings in force, and read the app's settings again, which repeats the warnings of ``init_app``."""
    in_force = _values(state.config)
    for key, (value, default) in in_force.items():
        # Only the type of CAPTCHA_CACHE: the rest may hold a password.
        shown = value["CACHE_TYPE"] if key == "CAPTCHA_CACHE" and value is not None else value
        report.settings[key] = (as_text(shown), as_text(default))
    try:
        current = _values(read_config(app.config, kinds=state.sources.kinds, languages=state.translations.catalogues))
    except ValueError:  # its message may contain a password
        report.add_error(
            "settings changed after init_app, and the app will not start with the new values: correct them"
        )
        return
    changed = [key for key in in_force if in_force[key] != current[key]]
    if changed:
        report.add_error(f"{', '.join(changed)} changed after init_app, which has no effect: set them before it")


def _values(config: CaptchaConfig) -> dict[str, tuple[Any, Any]]:
    """Return the value and the default of each key."""
    return {
        key: (getattr(holder, field.name), field.default)
        for holder in (config, config.defaults)
        for key, field in keys_of(type(holder)).items()
    }


def _check_cache(state: CaptchaState, report: Report) -> None:
    """Store a value and take it twice: the second time it must be gone."""
    uuid, value = f"{secrets.randbelow(10**23):023d}", secrets.token_hex(16)
    try:
        store = state.store.get()
        report.facts["cache"] = f"{type(store.backend).__name__}, scope: {_scope(store.backend)}"
        check_backend(store.backend)
        if warning := capacity_warning(store.backend, state.config):
            report.add_note(warning)
        store.put(uuid, value, _TEST_TTL)
        taken = store.take(uuid), store.take(uuid)
    except SetupError as error:
        report.facts.setdefault("cache", "none that can store captchas")
        report.add_error(str(error))
    except StoreUnavailable as error:
        report.facts.setdefault("cache", "unavailable")
        report.add_error(f"the cache does not work: {error}")
    else:
        for note in redis_notes(store.backend):
            report.add_note(note)
        if taken == (value, None):
            report.facts["cache"] += "; a value was stored, and taken once"
        elif taken[0] != value:
            report.add_error("the cache does not return what was stored, so no captcha can pass")
        else:
            report.add_error("the cache returned the same value twice, so a captcha could pass more than once")


def _scope(backend: Any) -> str:
    """Return who can share a cache, in words."""
    names = [each.__name__ for each in type(backend).__mro__ if each.__module__.partition(".")[0] == "cachelib"]
    return next((_SCOPES[name] for name in names if name in _SCOPES), "unknown (custom backend)")


def _check_secret_key(app: Flask, state: CaptchaState, report: Report) -> None:
    fallbacks = len(state.keys) - 1
    report.facts["secret key"] = "set" + (f"; fallbacks: {fallbacks}" if fallbacks else "")
    if have_changed(app.config, state.keys):
        report.add_error(CHANGED)
    elif weakness := weakness_of(app.config["SECRET_KEY"]):
        report.add_error(weakness)


def _check_tokens(state: CaptchaState, report: Report) -> None:
    longest_session = state.config.jwt_renew
    required_by = [source.name for source in _sources(state) if source.settings.jwt == "required"]
    if has_jwt_manager():
        if required_by and not accepts_header_tokens():
            report.add_error(
                f"jwt is 'required' (sources: {', '.join(required_by)}), captchas accept a token only in the "
                "Authorization header, and JWT_TOKEN_LOCATION does not have 'headers', so the app's clients have no "
                "such token: add it, or set jwt to 'optional'"
            )
        use = f"renewed for at most {longest_session}" if longest_session else "returned unchanged"
        report.facts["JWT"] = f"captchas are bound to the token's identity; tokens are {use}"
        return
    report.facts["JWT"] = "no JWTManager, so all requests are anonymous"
    if required_by:
        report.add_error(
            f"jwt is 'required' (sources: {', '.join(required_by)}) and the app has no JWTManager, so no captcha is "
            "issued: call JWTManager(app)"
        )
    elif longest_session:
        report.add_error("CAPTCHA_JWT_RENEW is set and the app has no JWTManager: call JWTManager(app), or unset it")


def _check_limits(state: CaptchaState, report: Report) -> None:
    config = state.config
    unlimited = [source.name for source in _sources(state) if source.settings.rate_limit is None]
    if unlimited:
        where = f" on {', '.join(unlimited)}" if config.has_rates else ""
        report.add_note(
            f"no rate limit{where}: a client can request captchas, and guess, as fast as the server responds: set "
            "CAPTCHA_RATE_LIMIT, or limit requests in front of the app"
        )
    if not config.has_rates:
        report.facts["rate limits"] = "none"
        return
    report.facts["rate limits"] = f"counted in {as_text(config.rate_limit_storage)}"
    counters = state.counters.get()
    is_one_process = config.single_process or "scope: one process" in report.facts["cache"]
    if counters.are_private_to_process and not is_one_process:
        report.add_note(
            "each process counts rates in its own memory: with several processes, set CAPTCHA_RATE_LIMIT_STORAGE to a "
            "storage that they share, such as redis://127.0.0.1:6379/1"
        )
    if counters.failures("diagnostics", secrets.token_hex(8)) is None:
        report.add_error("CAPTCHA_RATE_LIMIT_STORAGE cannot be reached, so nothing is limited: start or correct it")


def _sources(state: CaptchaState) -> list[Source]:
    """Return the sources to check."""
    names = [ANY_NAME] if state.config.sources is None else list(state.config.sources)
    return [state.sources.find(name) for name in names]
