"""Aids for the tests of apps that use captchas. Nothing in a running app can turn these on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from flask import Flask

from ._current import EXTENSION_NAME, CaptchaState
from .challenges import Challenge


@contextmanager
def answers(app: Flask, answer: str) -> Iterator[None]:
    """Make ``answer`` the answer of every captcha that ``app`` issues inside the ``with`` block.

    Everything else is as always: the captcha is drawn, stored, bound, compared and spent. ::

        with answers(app, "12345"):
            uuid = client.get("/captcha/login").get_json()["response"]["uuid"]
        client.post("/auth/login", json={"uuid": uuid, "code": "12345", ...})

    Entered by hand rather than by ``with``, the object has to be kept: letting go of it ends the block.

    :param answer: also what is drawn.
    """
    state: CaptchaState = app.extensions[EXTENSION_NAME]

    def make_known(length: int) -> Challenge:  # noqa: ARG001 - the answer is as long as it is
        return Challenge(answer, answer)

    app.extensions[EXTENSION_NAME] = replace(state, sources=state.sources.with_every_kind_made_by(make_known))
    try:
        yield
    finally:
        app.extensions[EXTENSION_NAME] = state
