"""Per-app state, and how to reach it."""

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, current_app, request

from .challenges.sources import Sources
from .counters import Counters
from .lazy import Lazy
from .rendering.puzzles import PuzzleMaker
from .service import CaptchaService
from .settings.config import CaptchaConfig
from .storage.answers import AnswerStore
from .translations import Translations

EXTENSION_NAME = "captcha_api"

#: Keys that apig-wsgi, serverless-wsgi and awsgi add to the WSGI environ.
_LAMBDA_KEYS = ("apig_wsgi.context", "serverless.context", "awsgi.context")

_logger = logging.getLogger("flask_captcha_api")


@dataclass(frozen=True)
class CaptchaState:
    """The state of one app. Created by ``init_app`` and frozen."""

    app: Flask = field(repr=False)
    config: CaptchaConfig
    sources: Sources
    translations: Translations
    keys: tuple[bytes, ...] = field(repr=False)
    store: Lazy[AnswerStore]
    counters: Lazy[Counters]
    puzzles: Lazy[PuzzleMaker]
    #: Creates the service from sources, store, keys and puzzles. Replaced only by :mod:`flask_captcha_api.testing`.
    make_service: Callable[..., CaptchaService] = CaptchaService
    #: What :meth:`is_first` has been called with in this process.
    seen: set[str] = field(default_factory=set, repr=False)
    #: The names under which the blueprint is registered, in order.
    mounted_as: list[str] = field(default_factory=list)
    #: Looked up once, as the environment of a process does not change.
    is_on_lambda: bool = field(default_factory=lambda: "AWS_LAMBDA_FUNCTION_NAME" in os.environ)
    #: Not a cached_property: before Python 3.12 that has one lock for all apps, and a silent cache would hold it.
    _service: Lazy[CaptchaService] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Prepare the service, also in a copy with other parts."""
        object.__setattr__(self, "_service", Lazy(self._make_service))

    def is_first(self, event: str) -> bool:
        """Return whether this is the first call with ``event`` in this process."""
        if event in self.seen:
            return False
        self.seen.add(event)
        return True

    def log_once(self, message: str, level: int = logging.ERROR) -> None:
        """Log ``message`` unless this process has already logged it."""
        if self.is_first(message):
            _logger.log(level, "%s", message)

    @property
    def service(self) -> CaptchaService:
        """Return the service.

        :raises SetupError: the app's cache cannot be used for captchas.
        :raises StoreUnavailable: the cache cannot be reached.
        """
        return self._service.get()

    def _make_service(self) -> CaptchaService:
        return self.make_service(
            self.sources,
            self.store.get(),
            self.keys,
            self.puzzles,
            sender=self.app,
            ensure_sync=self.app.ensure_sync,
            log_once=self.log_once,
        )

    def may_be_one_of_several_processes(self) -> bool:
        """Return whether the server of the current request runs several processes of this app, or may run them."""
        if self.config.single_process:
            return False
        environ = request.environ
        return bool(environ.get("wsgi.multiprocess")) or self.is_on_lambda or _always_claims_one_process(environ)


def current_state() -> CaptchaState:
    """Return the state of the current app.

    :raises RuntimeError: the app has no CaptchaApi, or there is no current app.
    """
    state = current_app.extensions.get(EXTENSION_NAME)
    if state is None:
        raise RuntimeError("this app has no CaptchaApi: call CaptchaApi(app), or captcha.init_app(app) in the factory")
    return state  # type: ignore[no-any-return]


def _always_claims_one_process(environ: Mapping[str, Any]) -> bool:
    """Return whether a server sets ``wsgi.multiprocess`` to False however many processes there are.

    Granian does, with any number of workers. AWS Lambda starts a process for each concurrent request.
    """
    return environ.get("SERVER_SOFTWARE") == "Granian" or not environ.keys().isdisjoint(_LAMBDA_KEYS)
