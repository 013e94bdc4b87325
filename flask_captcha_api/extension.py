"""The extension object, which sets an app up."""

from collections.abc import Collection, Mapping, MutableMapping
from functools import partial
from types import EllipsisType
from typing import Any

from flask import Blueprint, Flask, has_request_context, request
from flask_caching import Cache
from werkzeug.local import LocalProxy

from .captchas import Captcha
from .challenges.kinds import Kind, kinds_with
from .challenges.makers import Maker
from .challenges.sources import Sources
from .cli.commands import GROUP_NAME, commands
from .counters import Counters
from .exceptions import CaptchaRejected, SetupError
from .http.jwt.authentication import refuse_identity_of_no_token
from .http.views import DEFAULT_PREFIX, new_blueprint
from .lazy import Lazy
from .outcome import Outcome
from .rendering.pillow import check_pillow
from .rendering.puzzles import PuzzleMaker
from .settings.reading import read_config
from .state import EXTENSION_NAME, CaptchaState, current_state
from .storage import secret_keys
from .storage.selection import check_early, open_store
from .translations import translations_with
from .widget.assets import add_routes as add_asset_routes
from .widget.field import captcha_field, restrict_storing_page


class CaptchaApi:
    """Adds captchas to a Flask app: the routes that issue and verify them, and what :func:`verify_captcha` needs.

    Use it as ``CaptchaApi(app)``, or as ``captcha = CaptchaApi()`` and ``captcha.init_app(app)`` in a factory. One
    instance may serve several apps, each with its own settings.

    :param cache: the Cache that stores the answers, unless CAPTCHA_CACHE is set; it may be initialised later. None:
        the app's only Cache, else one created from its CACHE_* settings, else a private SimpleCache.
    :param url_prefix: where the routes are mounted, ``/captcha`` by default. None: not at all; the app mounts the
        blueprint that :meth:`init_app` returns.
    :param kinds: additional kinds of challenges, by name: a maker, or a :class:`Kind` with more than a maker. One with
        the name of a built-in kind replaces it.
    :param texts: your own texts by language tag, structured like the package's catalogues. They replace sentences of a
        language, such as ``{"de": {"widget": {"refresh": "Anderes Bild"}}}``, or add a language that the package does
        not have, whose missing sentences are English.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        cache: Cache | None = None,
        url_prefix: str | None = DEFAULT_PREFIX,
        kinds: Mapping[str, Maker | Kind] | None = None,
        texts: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self._cache = cache
        self._url_prefix = url_prefix
        self._kinds = dict(kinds or {})
        self._texts = texts
        if app is not None:
            self.init_app(app)

    def init_app(
        self,
        app: Flask,
        *,
        cache: Cache | None = None,
        url_prefix: str | EllipsisType | None = ...,
        kinds: Mapping[str, Maker | Kind] | None = None,
        texts: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Blueprint:
        """Set an app up and return the blueprint with the routes.

        The cache is not touched before the first request. Arguments that are left out default to the constructor's;
        ``kinds`` are added to the constructor's, and ``texts`` replace its texts.

        :raises ValueError: a setting is invalid, SECRET_KEY is missing, or the name of a kind or one of the texts is
            invalid. The message lists every such setting or text.
        :raises TypeError: the app is not a Flask app, the cache is not a Cache, or a kind is neither a maker nor a
            Kind.
        :raises RuntimeError: the app is already set up, none of its caches can store captchas, its cache or its rate
            limits need a library that is not installed, or its pictures need one that Pillow was built without.
        """
        if not isinstance(app, Flask):
            raise TypeError(
                f"CaptchaApi was given {_type_name(app)} as the app: it must be a Flask app, which Quart's is not"
            )
        if isinstance(app, LocalProxy):  # current_app: the state outlives this context, and the app sends signals
            app = app._get_current_object()
        if EXTENSION_NAME in app.extensions:
            raise RuntimeError("this app already has a CaptchaApi: call init_app once for each app")
        all_kinds = kinds_with({**self._kinds, **(kinds or {})})
        translations = translations_with((self._texts or {}) if texts is None else texts)
        config = read_config(
            app.config,
            kinds=all_kinds,
            languages=translations.catalogues,
            other_errors=secret_keys.find_faults(app.config),
        )
        check_pillow((settings, all_kinds[settings.kind]) for settings in config.every_source_config())
        chosen_cache = cache if cache is not None else self._cache
        if not isinstance(chosen_cache, Cache | None):
            raise TypeError(
                f"cache= is {_type_name(chosen_cache)}: it must be a flask_caching.Cache, such as "
                "Cache(app, config={'CACHE_TYPE': 'RedisCache', ...})"
            )
        checked = check_early(app, chosen_cache, config)
        counters = Lazy(partial(_open_counters, config.rate_limit_storage, has_rates=config.has_rates))
        if config.has_rates or config.sets_rate_limit_storage:
            counters.get()  # connects to nothing, but raises on a mistake

        keys = secret_keys.derive_keys(app.config)
        app.extensions[EXTENSION_NAME] = CaptchaState(
            app=app,
            config=config,
            sources=Sources(config, all_kinds),
            translations=translations,
            keys=keys,
            store=Lazy(partial(open_store, app, chosen_cache, config=config, keys=keys, checked=checked)),
            counters=counters,
            puzzles=Lazy(partial(PuzzleMaker, config.squarings)),
        )
        if CaptchaRejected not in app.error_handler_spec[None][None]:
            app.register_error_handler(CaptchaRejected, lambda rejected: rejected.get_response())
        app.jinja_env.globals.setdefault("captcha_field", captcha_field)
        if GROUP_NAME not in app.cli.commands:  # the app may have a command of this name
            app.cli.add_command(commands)
        # Flask calls the first of these last, so no other can undo it.
        app.after_request_funcs.setdefault(None, []).insert(0, restrict_storing_page)
        blueprint, before_every_request = new_blueprint()
        # Before all other hooks: one of them may answer paths without a route in the app's own way.
        app.before_request_funcs.setdefault(None, []).insert(0, before_every_request)
        add_asset_routes(blueprint)
        prefix = self._url_prefix if url_prefix is ... else url_prefix
        if prefix is not None:
            app.register_blueprint(blueprint, url_prefix=prefix)
        return blueprint

    def issue(self, source: str, *, form: str = "image", identity: Any = None, language: object = "en") -> Captcha:
        """Issue a captcha outside the routes. Needs an app context and does not read the request.

        :param source: the source that the captcha is issued for.
        :param form: ``image``, ``audio`` or ``work``: the forms of the routes.
        :param identity: what the captcha is bound to: :meth:`verify` passes it only with the same identity. Any JSON
            value; text in an app with a JWTManager, as in its tokens. None: anonymous.
        :param language: the language of a sound: a tag or a locale, such as ``de-AT``, that one of the package's
            languages serves.
        :raises LookupError: there is no such source, or it has no captchas of this form, or none in this language.
        :raises ValueError: the form is unknown, the source's ``jwt`` is ``off``, so that it binds to no identity, or no
            token of the app's JWTManager can carry the identity.
        :raises StoreUnavailable: the cache cannot be reached, or did not store the captcha.
        """
        refuse_identity_of_no_token(identity)
        translations = current_state().translations
        known = translations.language_for(language)
        language = translations.catalogues[known].sound_language if known else str(language)
        return current_state().service.issue(source, form=form, identity=identity, language=language)

    def verify(
        self, uuid: object, text: object, *, source: str | Collection[str] | None = None, identity: Any = None
    ) -> Outcome:
        """Verify a captcha outside the routes, and spend it. Needs an app context and does not read the request.

        :param uuid: the captcha's id, as the client sent it.
        :param text: what the visitor typed, as the client sent it.
        :param source: the source, or sources, whose captchas are accepted. None: any.
        :param identity: the identity of the client. None: anonymous.
        :returns: an outcome that is true only if the captcha passed.
        :raises LookupError: there is no such source; nothing is spent.
        :raises ValueError: no token of the app's JWTManager can carry the identity; nothing is spent.
        :raises StoreUnavailable: the cache cannot be reached, or fails; the captcha may be spent.
        """
        for name in () if source is None else (source,) if isinstance(source, str) else source:
            current_state().sources.find(name)
        refuse_identity_of_no_token(identity)
        return current_state().service.verify(uuid, text, source=source, identity=identity).outcome

    def check(
        self, uuid: object, text: object, *, source: str | Collection[str] | None = None, identity: Any = None
    ) -> Outcome:
        """Verify a captcha, and spend it: another name for :meth:`verify`."""
        return self.verify(uuid, text, source=source, identity=identity)


def _type_name(value: object) -> str:
    return f"{type(value).__module__}.{type(value).__qualname__}"


def _environ_of_request() -> MutableMapping[str, Any]:
    return request.environ if has_request_context() else {}


def _open_counters(storage_uri: str, *, has_rates: bool) -> Counters:
    try:
        return Counters(storage_uri, has_rates=has_rates, request=_environ_of_request)
    except ImportError as error:
        raise SetupError(str(error)) from error
    except ValueError as error:
        raise ValueError(f"CAPTCHA_RATE_LIMIT_STORAGE is {storage_uri!r}: {error}") from error
