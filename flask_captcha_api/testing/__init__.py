"""Aids for the tests of apps that use captchas. Nothing in a running app can turn these on.

:func:`answers` and :func:`outcomes` are context managers and need no pytest. With the line
``pytest_plugins = ["flask_captcha_api.testing"]`` in the topmost conftest.py, pytest has the fixture ``captchas``: a
:class:`Captchas` for the app that the fixture ``app`` gives, put back as it was when the test ends.

PYTEST_DONT_REWRITE: there is no assertion here whose failure pytest could explain.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from flask import Flask

from ..challenges.folding import is_typable
from ..challenges.makers import Challenge
from ..exceptions import StoreUnavailable
from ..outcome import Outcome
from ..service import CaptchaService
from ..state import EXTENSION_NAME, CaptchaState

__all__ = ["Captchas", "answers", "outcomes"]

#: Read by pytest alone, when this module is one of its plugins: nobody else needs pytest.
pytest_plugins: Sequence[str] = ["flask_captcha_api.testing.fixtures"]


@contextmanager
def answers(app: Flask, answer: str, *, prompt: str | None = None) -> Iterator[None]:
    """Make ``answer`` the answer of every captcha that ``app`` issues inside the ``with`` block.

    Everything else is as always: the captcha is drawn, stored, bound, compared and spent. ::

        with answers(app, "12345"):
            uuid = client.get("/captcha/login").get_json()["response"]["uuid"]
        client.post("/auth/login", json={"uuid": uuid, "code": "12345", ...})

    Entered by hand rather than by ``with``, the object has to be kept: letting go of it ends the block.

    :param prompt: what is drawn or spoken, where the kind cannot draw the answer. None: the answer.
    :raises ValueError: an answer that nobody can type.
    """
    if not is_typable(answer):
        raise ValueError(
            "the answer must have 1 to 64 characters, white space and format characters not counted, and no control "
            "characters"
        )
    state = _state_of(app)

    def make_known(length: int) -> Challenge:  # noqa: ARG001 - the answer is as long as it is
        return Challenge(answer if prompt is None else prompt, answer)

    with _swapped(app, replace(state, sources=state.sources.with_every_kind_made_by(make_known))):
        yield


@contextmanager
def outcomes(app: Flask, outcome: Outcome | None) -> Iterator[None]:
    """Make ``outcome`` what becomes of every attempt to pass a captcha of ``app`` inside the ``with`` block.

    ::

        with outcomes(app, Outcome.PASSED):
            client.post("/auth/login", json={"account": "ann", "password": "..."})

    Whatever the request carries, or does not carry, nothing is looked up and nothing is spent. Captchas are issued as
    always, and rate limits hold. That a client sends the right fields is for a test with :func:`answers`.

    :param outcome: None: it cannot be told, as when the cache is down, which answers 01007.
    """
    decided = partial(_Decided, outcome=outcome)
    with _swapped(app, replace(_state_of(app), make_service=decided)):
        yield


class Captchas:
    """The captchas of one app in one test: what the fixture ``captchas`` gives."""

    def __init__(self, app: Flask, until_end: ExitStack) -> None:
        self._app = app
        self._until_end = until_end

    def answers(self, answer: str, *, prompt: str | None = None) -> None:
        """Make this the answer of every captcha issued from now on, as :func:`answers` does, until the test ends."""
        self._until_end.enter_context(answers(self._app, answer, prompt=prompt))

    def outcomes(self, outcome: Outcome | None) -> None:
        """Make this what becomes of every attempt from now on, as :func:`outcomes` does, until the test ends."""
        self._until_end.enter_context(outcomes(self._app, outcome))


class _Decided(CaptchaService):
    """The rules, with the verdict of a test in place of theirs."""

    def __init__(self, *parts: Any, outcome: Outcome | None, **more: Any) -> None:
        super().__init__(*parts, **more)
        self._outcome = outcome

    def _verified(
        self,
        uuid: object,  # noqa: ARG002 - whatever is sent
        text: object,  # noqa: ARG002 - the same
        source: str | Collection[str] | None,
        identity: Any,  # noqa: ARG002 - the same
    ) -> tuple[Outcome, str | None]:
        if self._outcome is None:
            raise StoreUnavailable("a test says so")
        accepted = [source] if isinstance(source, str) else list(source or ())
        return self._outcome, accepted[0] if len(accepted) == 1 else None


def _state_of(app: Flask) -> CaptchaState:
    state = app.extensions.get(EXTENSION_NAME)
    if not isinstance(state, CaptchaState):
        raise RuntimeError("this app has no CaptchaApi: call CaptchaApi(app), or captcha.init_app(app) in the factory")
    return state


@contextmanager
def _swapped(app: Flask, state: CaptchaState) -> Iterator[None]:
    """Put another state in the place of the app's, which is frozen, and put the app's own back."""
    own = app.extensions[EXTENSION_NAME]
    app.extensions[EXTENSION_NAME] = state
    try:
        yield
    finally:
        app.extensions[EXTENSION_NAME] = own
