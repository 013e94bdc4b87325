"""The state of an app: what is made once, and for whom."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from flask import Flask, current_app

from flask_captcha_api import CaptchaApi
from flask_captcha_api.lazy import Lazy
from flask_captcha_api.signals import captcha_issued
from flask_captcha_api.state import EXTENSION_NAME, CaptchaState
from flask_captcha_api.storage.answers import AnswerStore

from ..support.apps import make_app


def state_of(app: Flask) -> CaptchaState:
    state = app.extensions[EXTENSION_NAME]
    assert isinstance(state, CaptchaState)
    return state


def test_the_service_is_made_once_and_anew_for_other_parts() -> None:
    """A copy with other parts, as the helpers for tests make one, has a service of its own."""
    state = state_of(make_app())
    assert state.service is state.service
    assert replace(state).service is not state.service


def test_a_silent_cache_holds_up_no_other_app() -> None:
    """Before Python 3.12 a cached_property has one lock for all instances of its class."""
    state, opening, answering = state_of(make_app()), threading.Event(), threading.Event()
    open_store: Callable[[], AnswerStore] = state.store.get

    def wait_for_the_cache() -> AnswerStore:
        opening.set()
        assert answering.wait(20)
        return open_store()

    silent, other = replace(state, store=Lazy(wait_for_the_cache)), state_of(make_app())
    with ThreadPoolExecutor(2) as pool:
        try:
            waiting = pool.submit(lambda: silent.service)
            assert opening.wait(20)
            assert pool.submit(lambda: other.service).result(timeout=10) is other.service
            assert not waiting.done()
        finally:
            answering.set()
        assert waiting.result(20) is silent.service


def test_an_app_may_be_given_as_current_app(app: Flask) -> None:
    """Receivers that are connected to the app itself are told all the same."""
    with app.app_context():
        CaptchaApi(current_app)
    heard: list[object] = []

    def receive(sender: object, **_: object) -> None:
        heard.append(sender)

    with captcha_issued.connected_to(receive, app):
        assert app.test_client().get("/captcha/web").status_code == 200
    assert heard == [app]
    assert state_of(app).app is app
