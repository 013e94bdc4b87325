"""What the running app has of ours: the hinge between the extension, which makes it, and those who use it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Flask, current_app, request

from .challenges.sources import Sources
from .counters import Counters
from .exceptions import SetupError, StoreUnavailable
from .http.results import Result
from .lazy import Lazy
from .service import CaptchaService
from .settings.config import CaptchaConfig
from .storage.answers import AnswerStore

EXTENSION_NAME = "captcha_api"

_logger = logging.getLogger("flask_captcha_api")


@dataclass(frozen=True)
class CaptchaState:
    """What belongs to one app."""

    config: CaptchaConfig
    sources: Sources
    keys: tuple[bytes, ...] = field(repr=False)
    store: Lazy[AnswerStore]
    counters: Lazy[Counters]
    #: Makes the rules from sources, store and keys. Only an app's tests put others in their place.
    make_service: Callable[..., CaptchaService] = CaptchaService
    #: What has been logged once in this process and is not worth saying again.
    said: set[str] = field(default_factory=set, repr=False)
    #: The names under which the blueprint is registered, the first of them first.
    mounted_as: list[str] = field(default_factory=list)

    def is_news(self, text: str) -> bool:
        """Tell whether ``text`` has not been said in this process; from now on it has."""
        if text in self.said:
            return False
        self.said.add(text)
        return True

    def log_once(self, message: str) -> None:
        """Log ``message`` at ERROR, unless this process has done so before."""
        if self.is_news(message):
            _logger.error("%s", message)


def current_state() -> CaptchaState:
    """Return what the current app has of ours.

    :raises RuntimeError: it has nothing, or there is no current app.
    """
    state = current_app.extensions.get(EXTENSION_NAME)
    if state is None:
        raise RuntimeError("this app has no CaptchaApi: call CaptchaApi(app), or captcha.init_app(app) in the factory")
    return state  # type: ignore[no-any-return]


def current_service() -> CaptchaService:
    """Return the rules, applied to the current app's sources and store.

    :raises SetupError: the app's cache does not allow captchas.
    :raises StoreUnavailable: the cache cannot be reached.
    """
    return _service_of(current_state())


def service_for_request() -> CaptchaService:
    """Return the current service, unless the server runs several processes that would not see each other's captchas.

    :raises SetupError: as :func:`current_service`, and for a SimpleCache under a server with several processes.
    """
    state = current_state()
    if state.store.get().is_private_to_process and is_one_of_several_processes():
        raise SetupError(
            "this server runs several processes and SimpleCache is private to each, so most captchas could not be "
            "verified: set CACHE_TYPE to RedisCache, or FileSystemCache on a single host; if there is one process "
            "after all, set CAPTCHA_SINGLE_PROCESS"
        )
    return _service_of(state)


def is_one_of_several_processes() -> bool:
    """Tell whether the server of the current request runs other processes of this app, too."""
    return bool(request.environ.get("wsgi.multiprocess")) and not current_state().config.single_process


def log_and_tell(error: SetupError | StoreUnavailable) -> Result:
    """Log why captchas do not work now, and return the result that a client is told.

    What is wrong with the set-up is said once in a process; an outage at every request, as it comes and goes.
    """
    if isinstance(error, StoreUnavailable):
        _logger.error("the captcha store is unavailable: %s", error)
    elif current_state().is_news(str(error)):
        _logger.error("captchas cannot work: %s", error)
    return Result.STORE_UNAVAILABLE


def _service_of(state: CaptchaState) -> CaptchaService:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # what the proxy stands for
    return state.make_service(
        state.sources,
        state.store.get(),
        state.keys,
        sender=app,
        ensure_sync=app.ensure_sync,
        log_once=state.log_once,
    )
