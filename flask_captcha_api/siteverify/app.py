"""Creates the app of the service from its settings."""

import os
from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from ..challenges.kinds import Kind
from ..challenges.makers import Maker
from ..exceptions import SetupError
from ..extension import CaptchaApi
from ..storage.secret_keys import weakness_of
from .cross_origin import allow_origins
from .sites import read_sites
from .views import add_routes

PROXIES = "CAPTCHA_PROXIES"
_MOST_PROXIES = 10


def create_app(settings: Mapping[str, Any] | None = None, *, kinds: Mapping[str, Maker | Kind] | None = None) -> Flask:
    """Create the app of a captcha service that clients of reCAPTCHA can use.

    :param settings: for ``app.config``: CAPTCHA_SITES, SECRET_KEY and whatever CaptchaApi and the cache need. None:
        read from the environment, where each name begins with ``FLASK_``.
    :param kinds: additional kinds of challenges, as for :class:`CaptchaApi`.
    :raises ValueError: a setting is missing or invalid. The message names it, and the remedy.
    :raises RuntimeError: the cache cannot store captchas, or several workers would not share it.
    """
    app = Flask(__name__, static_folder=None)
    if settings is None:
        app.config.from_prefixed_env()
    else:
        app.config.update(settings)
    sites = read_sites(app.config)
    _check(app.config)
    # Captchas are anonymous: the token of a site's visitor means nothing here, and none is ever sent back.
    app.config.setdefault("CAPTCHA_JWT", "off")
    if app.config.get("CAPTCHA_SOURCES") is None:
        app.config["CAPTCHA_SOURCES"] = {name: {} for name in sorted(sites.sources)}
    CaptchaApi(app, kinds=kinds)
    _refuse_tokens(app.config)
    add_routes(app, sites)
    app.after_request(partial(allow_origins, sites))
    if proxies := app.config.get(PROXIES, 0):
        # Only the address: all URLs are relative, and a proxy may pass on the other headers just as a client sent them.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=0)  # type: ignore[method-assign]  # as documented
    return app


def _check(settings: Mapping[str, Any]) -> None:
    """Check what CaptchaApi leaves for the app to decide.

    :raises ValueError: SECRET_KEY can be guessed, or CAPTCHA_PROXIES is not a number of proxies.
    :raises SetupError: there are several workers, and each would have captchas of its own.
    """
    key = settings.get("SECRET_KEY")
    if isinstance(key, str | bytes) and key and (weakness := weakness_of(key)):
        raise ValueError(weakness)
    proxies = settings.get(PROXIES, 0)
    if type(proxies) is not int or not 0 <= proxies <= _MOST_PROXIES:
        raise ValueError(
            f"{PROXIES} is {proxies!r}: it must be the number of proxies in front of the service that add "
            f"to X-Forwarded-For, 0 to {_MOST_PROXIES}"
        )
    workers = os.environ.get("WEB_CONCURRENCY", "")
    cache_type = str((settings.get("CAPTCHA_CACHE") or settings).get("CACHE_TYPE") or "SimpleCache")
    if workers.isdecimal() and int(workers) > 1 and cache_type.rpartition(".")[2] == "SimpleCache":
        raise SetupError(
            f"WEB_CONCURRENCY is {workers} and the cache is a SimpleCache, which is private to each worker: set "
            "FLASK_CACHE_TYPE to RedisCache and FLASK_CACHE_REDIS_URL to 'redis://127.0.0.1:6379/0', or "
            "WEB_CONCURRENCY to 1"
        )


def _refuse_tokens(settings: Mapping[str, Any]) -> None:
    """Raise ValueError if a setting lets a source use tokens."""
    places = {"CAPTCHA_JWT": settings["CAPTCHA_JWT"]}
    for name, source in settings["CAPTCHA_SOURCES"].items():
        places[f"CAPTCHA_SOURCES[{name!r}]: jwt"] = source.get("jwt", "off")
    for place, policy in places.items():
        if policy != "off":
            raise ValueError(f"{place} is {policy!r}: the service issues only anonymous captchas, so leave it out")
