"""The extension: reads the app's settings, builds what the app needs, and mounts the routes."""

from collections.abc import Collection, Mapping
from functools import partial
from types import EllipsisType
from typing import Any

from flask import Blueprint, Flask
from flask_caching import Cache

from .challenges.kinds import Kind, kinds_with
from .challenges.makers import Maker
from .challenges.sources import Sources
from .cli.commands import GROUP_NAME, commands
from .counters import Counters
from .exceptions import CaptchaRejected, SetupError
from .http.envelope import EnvelopeResponse
from .http.protected_views import log_faults_once
from .http.views import DEFAULT_PREFIX, new_blueprint
from .lazy import Lazy
from .outcome import Outcome
from .service import Captcha
from .settings.reading import read_config
from .state import EXTENSION_NAME, CaptchaState, current_service, current_state
from .storage.digests import derive_key
from .storage.selection import check_early, open_store
from .widget.assets import add_routes as add_asset_routes
from .widget.field import captcha_field, forbid_storing_page


class CaptchaApi:
    """Adds captchas to a Flask app: the routes that issue and verify, and what :func:`verify_captcha` works with.

    Use it as ``CaptchaApi(app)``, or as ``captcha = CaptchaApi()`` and ``captcha.init_app(app)`` in a factory. One
    instance may serve several apps; each has its own settings.

    :param cache: the initialised (or later initialised) Cache that keeps the answers; None: the app's only one, or
        one made from its CACHE_* settings, or a SimpleCache of our own.
    :param url_prefix: where the routes are mounted, ``/captcha`` by default; None: nowhere, and the app mounts the
        blueprint that :meth:`init_app` returns.
    :param kinds: more kinds of challenges, by name: a maker, or a :class:`Kind` with more than a maker. One called as
        a kind of the package replaces it.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        cache: Cache | None = None,
        url_prefix: str | None = DEFAULT_PREFIX,
        kinds: Mapping[str, Maker | Kind] | None = None,
    ) -> None:
        self._cache = cache
        self._url_prefix = url_prefix
        self._kinds = dict(kinds or {})
        if app is not None:
            self.init_app(app)

    def init_app(
        self,
        app: Flask,
        *,
        cache: Cache | None = None,
        url_prefix: str | EllipsisType | None = ...,
        kinds: Mapping[str, Maker | Kind] | None = None,
    ) -> Blueprint:
        """Set an app up and return the blueprint with the routes. Touches no cache: that waits for the first request.

        What is not given here is as given to the constructor; ``kinds`` are added to those given there.

        :raises ValueError: names every CAPTCHA_* key at fault, and SECRET_KEY where there is none; or a kind's name is
            unfit.
        :raises TypeError: a kind is neither a maker nor a Kind.
        :raises RuntimeError: the app is set up already, or its caches cannot keep captchas, or a rate limit or a
            storage for it is set and a library that counting there needs is not installed.
        """
        if EXTENSION_NAME in app.extensions:
            raise RuntimeError("this app has a CaptchaApi already: call init_app once for each app")
        all_kinds = kinds_with({**self._kinds, **(kinds or {})})
        config = read_config(app.config, kinds=all_kinds, other_errors=_faults_of_secret(app))
        chosen_cache = cache if cache is not None else self._cache
        checked = check_early(app, chosen_cache)
        counters = Lazy(partial(_open_counters, config.rate_limit_storage))
        if config.has_rates or config.sets_rate_limit_storage:
            counters.get()  # it touches no storage, and tells now what is wrong

        app.extensions[EXTENSION_NAME] = CaptchaState(
            config=config,
            sources=Sources(config, all_kinds),
            keys=_keys(app),
            store=Lazy(partial(open_store, app, chosen_cache, config=config, checked=checked)),
            counters=counters,
        )
        if CaptchaRejected not in app.error_handler_spec[None][None]:
            app.register_error_handler(CaptchaRejected, _answer_with_envelope)
        app.before_request(log_faults_once)
        app.jinja_env.globals.setdefault("captcha_field", captcha_field)
        if GROUP_NAME not in app.cli.commands:  # a command of the app's own keeps its name
            app.cli.add_command(commands)
        # Flask calls the first of these last, so that no other can undo what it does.
        app.after_request_funcs.setdefault(None, []).insert(0, forbid_storing_page)
        blueprint = new_blueprint()
        add_asset_routes(blueprint)
        prefix = self._url_prefix if url_prefix is ... else url_prefix
        if prefix is not None:
            app.register_blueprint(blueprint, url_prefix=prefix)
        return blueprint

    def issue(self, source: str, *, form: str = "image", identity: Any = None, language: str = "en") -> Captcha:
        """Issue a captcha outside the routes. Needs an app context and does not read the request.

        :param source: where the captcha is asked from and for.
        :param form: ``image`` or ``audio``.
        :param identity: whom it is bound to; only :meth:`check` with the same one will pass. Anything that JSON can
            carry; None: nobody.
        :param language: of a sound: one of those that CAPTCHA_LANGUAGE can be set to.
        :raises LookupError: there is no such source, or it has no sound.
        :raises ValueError: an identity for a source whose ``jwt`` is ``off``, which binds to nobody; an unknown form.
        :raises StoreUnavailable: the cache cannot be reached or refuses.
        """
        return current_service().issue(source, form=form, identity=identity, language=language)

    def check(
        self, uuid: object, text: object, *, source: str | Collection[str] | None = None, identity: Any = None
    ) -> Outcome:
        """Verify a captcha outside the routes, and spend it. Needs an app context and does not read the request.

        :param uuid: the captcha's id, as the client sent it.
        :param text: what the visitor typed, as the client sent it.
        :param source: the source, or sources, whose captchas count; None: any.
        :param identity: whose request this is; None: nobody's.
        :returns: true in a condition only when the captcha passed.
        :raises LookupError: there is no such source; nothing is spent.
        :raises StoreUnavailable: it cannot be told, and the captcha may be spent.
        """
        for name in () if source is None else (source,) if isinstance(source, str) else source:
            current_state().sources.find(name)
        return current_service().verify(uuid, text, source=source, identity=identity)


def _faults_of_secret(app: Flask) -> list[str]:
    faults = []
    if not app.config.get("SECRET_KEY"):
        faults.append(
            "the app has no SECRET_KEY, without which answers cannot be kept safely: set a long random one, the same "
            "in every worker, before CaptchaApi is initialised"
        )
    fallbacks = app.config.get("SECRET_KEY_FALLBACKS") or ()
    if not isinstance(fallbacks, list | tuple) or not all(isinstance(key, str | bytes) and key for key in fallbacks):
        # Not its value, which is secret. A single text would make each of its characters a key.
        faults.append("SECRET_KEY_FALLBACKS must be a list of earlier secret keys, none of them empty")
    return faults


def _keys(app: Flask) -> tuple[bytes, ...]:
    """Derive the keys for digests, those for captchas issued before a change of SECRET_KEY last."""
    secrets = (app.config["SECRET_KEY"], *(app.config.get("SECRET_KEY_FALLBACKS") or ()))
    return tuple(derive_key(each) for each in secrets)


def _open_counters(storage_uri: str) -> Counters:
    try:
        return Counters(storage_uri)
    except ImportError as error:
        raise SetupError(str(error)) from error
    except ValueError as error:
        raise ValueError(f"CAPTCHA_RATE_LIMIT_STORAGE is {storage_uri!r}: {error}") from error


def _answer_with_envelope(rejected: CaptchaRejected) -> EnvelopeResponse:
    return rejected.get_response()  # type: ignore[return-value]
