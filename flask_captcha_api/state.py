"""Per-app state, and how to reach it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Flask, current_app, request

from .challenges.sources import Sources
from .counters import Counters
from .lazy import Lazy
from .service import CaptchaService
from .settings.config import CaptchaConfig
from .storage.answers import AnswerStore

EXTENSION_NAME = "captcha_api"

_logger = logging.getLogger("flask_captcha_api")


@dataclass(frozen=True)
class CaptchaState:
    """What belongs to one app. Made once by ``init_app``, and frozen."""

    config: CaptchaConfig
    sources: Sources
    keys: tuple[bytes, ...] = field(repr=False)
    store: Lazy[AnswerStore]
    counters: Lazy[Counters]
    #: Makes the service from sources, store and keys. Only an app's tests replace it.
    make_service: Callable[..., CaptchaService] = CaptchaService
    #: Messages already logged in this process.
    said: set[str] = field(default_factory=set, repr=False)
    #: The names under which the blueprint is registered, the first of them first.
    mounted_as: list[str] = field(default_factory=list)

    def is_news(self, text: str) -> bool:
        """Return whether ``text`` is new in this process, and remember it."""
        if text in self.said:
            return False
        self.said.add(text)
        return True

    def log_once(self, message: str) -> None:
        """Log ``message`` at ERROR, unless this process has done so before."""
        if self.is_news(message):
            _logger.error("%s", message)


def current_state() -> CaptchaState:
    """Return the state of the current app.

    :raises RuntimeError: the app has no CaptchaApi, or there is no current app.
    """
    state = current_app.extensions.get(EXTENSION_NAME)
    if state is None:
        raise RuntimeError("this app has no CaptchaApi: call CaptchaApi(app), or captcha.init_app(app) in the factory")
    return state  # type: ignore[no-any-return]


def current_service() -> CaptchaService:
    """Return the service of the current app.

    :raises SetupError: the app's cache does not allow captchas.
    :raises StoreUnavailable: the cache cannot be reached.
    """
    state = current_state()
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # what the proxy stands for
    return state.make_service(
        state.sources,
        state.store.get(),
        state.keys,
        sender=app,
        ensure_sync=app.ensure_sync,
        log_once=state.log_once,
    )


def is_one_of_several_processes() -> bool:
    """Return whether the server of the current request runs other processes of this app."""
    return bool(request.environ.get("wsgi.multiprocess")) and not current_state().config.single_process
