"""Helpers for the tests of apps that use captchas. No setting or request can turn them on in a running app.

:func:`answers` and :func:`outcomes` are context managers and do not need pytest. With
``pytest_plugins = ["flask_captcha_api.testing"]`` in the topmost conftest.py, pytest gets the fixture ``captchas``: a
:class:`Captchas` for the app of your fixture ``app``, which is restored when the test ends.

PYTEST_DONT_REWRITE: this module has no assertions.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any, cast

from flask import Flask

from ..challenges.folding import is_typable
from ..challenges.makers import Challenge
from ..exceptions import StoreUnavailable
from ..lazy import Lazy
from ..outcome import Outcome
from ..rendering.picture.typefaces import BUNDLED, CHARACTERS, missing_from
from ..rendering.puzzles import solve
from ..service import CaptchaService, Verification
from ..state import EXTENSION_NAME, CaptchaState
from ..storage.answers import AnswerStore

__all__ = ["Captchas", "answers", "outcomes", "solve"]

#: Read by pytest when it loads this module as a plugin, so that the module itself does not need pytest.
pytest_plugins: Sequence[str] = ["flask_captcha_api.testing.fixtures"]


@contextmanager
def answers(app: Flask, answer: str, *, prompt: str | None = None) -> Iterator[None]:
    """Make ``answer`` the answer of every captcha that ``app`` issues inside the ``with`` block.

    Everything else works as usual: the captcha is drawn, stored, bound, compared and spent. ::

        with answers(app, "12345"):
            uuid = client.get("/captcha/login").get_json()["response"]["uuid"]
        client.post("/auth/login", json={"uuid": uuid, "code": "12345", ...})

    When entered without ``with``, keep a reference to the context manager: it exits when it is garbage-collected.

    :param prompt: what is drawn or spoken, for a kind that cannot draw the answer. None: the answer.
    :raises ValueError: the answer cannot be typed: it must have 1 to 64 characters; or no source can draw or speak the
        prompt.
    """
    if not is_typable(answer):
        raise ValueError(
            "the answer must have 1 to 64 characters, not counting white space and format characters, and no control "
            "characters"
        )
    state = _state_of(app)
    _refuse_undrawable(state, answer if prompt is None else prompt)

    challenge = Challenge(answer if prompt is None else prompt, answer)
    with _swapped(app, replace(state, sources=state.sources.with_challenge(challenge))):
        yield


@contextmanager
def outcomes(app: Flask, outcome: Outcome | None) -> Iterator[None]:
    """Make ``outcome`` the outcome of every verification in ``app`` inside the ``with`` block.

    ::

        with outcomes(app, Outcome.PASSED):
            client.post("/auth/login", json={"account": "ann", "password": "..."})

    The request's fields do not matter: nothing is looked up, spent or kept. Captchas are issued as usual, or without
    a cache if the app's cannot be reached, and rate limits apply. To test that a client sends the right fields, use
    :func:`answers`.

    :param outcome: None: the store is unavailable, as when the cache is down; the app answers 01007.
    """
    state = _state_of(app)
    make_service = partial(_FixedOutcomeService, outcome=outcome)
    store = cast("AnswerStore", _OptionalStore(state.store))
    with _swapped(app, replace(state, store=Lazy(lambda: store), make_service=make_service)):
        yield


class Captchas:
    """The captchas of one app in one test: the value of the fixture ``captchas``."""

    def __init__(self, app: Flask, exit_stack: ExitStack) -> None:
        self._app = app
        self._exit_stack = exit_stack

    def answers(self, answer: str, *, prompt: str | None = None) -> None:
        """Make ``answer`` the answer of every captcha until the test ends; see :func:`answers`."""
        self._exit_stack.enter_context(answers(self._app, answer, prompt=prompt))

    def outcomes(self, outcome: Outcome | None) -> None:
        """Make ``outcome`` the outcome of every verification until the test ends; see :func:`outcomes`."""
        self._exit_stack.enter_context(outcomes(self._app, outcome))


class _OptionalStore:
    """Stores issued captchas if the app's cache can be reached, as on a machine where the tests run without it."""

    is_private_to_process = False

    def __init__(self, store: Lazy[AnswerStore]) -> None:
        self._store = store

    def put(self, uuid: str, value: str, ttl: int) -> None:
        """Store a value, or do nothing without a cache: no verification looks for it."""
        with suppress(StoreUnavailable):
            self._store.get().put(uuid, value, ttl)

    def __getattr__(self, name: str) -> Any:
        """Leave the rest, such as inspection, to the app's store."""
        return getattr(self._store.get(), name)


class _FixedOutcomeService(CaptchaService):
    """A service with a fixed outcome for every verification."""

    def __init__(self, *parts: Any, outcome: Outcome | None, **more: Any) -> None:
        super().__init__(*parts, **more)
        self._outcome = outcome

    def _take_and_compare(
        self,
        uuid: object,  # noqa: ARG002 - does not matter
        text: object,  # noqa: ARG002 - the same
        source: str | Collection[str] | None,
        identity: Any,
    ) -> Verification:
        if self._outcome is None:
            raise StoreUnavailable("simulated by flask_captcha_api.testing")
        accepted = [source] if isinstance(source, str) else list(source or ())
        return Verification(self._outcome, accepted[0] if len(accepted) == 1 else None, identity)


def _refuse_undrawable(state: CaptchaState, prompt: str) -> None:
    """Raise ValueError if no source has a kind with its own drawing or sound, or fonts for the prompt."""
    characters = "".join(prompt.split())
    missing = ""
    for settings in state.config.every_source_config():
        kind = state.sources.kinds[settings.kind]
        if kind.draw is not None or kind.speak is not None:
            return
        missing = missing_from(settings.fonts or BUNDLED, characters)
        if characters and not missing:
            return
    raise ValueError(
        f"no captcha can be drawn with the prompt {prompt!r}: the fonts lack {missing!r}. The bundled ones have "
        f"{CHARACTERS}: pass prompt= with what is to be drawn instead, such as prompt='12345'"
        if characters
        else f"no captcha can be drawn with the prompt {prompt!r}: it has no characters"
    )


def _state_of(app: Flask) -> CaptchaState:
    state = app.extensions.get(EXTENSION_NAME)
    if not isinstance(state, CaptchaState):
        raise RuntimeError("this app has no CaptchaApi: call CaptchaApi(app), or captcha.init_app(app) in the factory")
    return state


@contextmanager
def _swapped(app: Flask, state: CaptchaState) -> Iterator[None]:
    """Replace the app's state, which is frozen, and restore it afterwards."""
    original = app.extensions[EXTENSION_NAME]
    app.extensions[EXTENSION_NAME] = state
    try:
        yield
    finally:
        app.extensions[EXTENSION_NAME] = original
