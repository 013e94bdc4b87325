"""Fixtures that several test modules share."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser

from flask_captcha_api import CaptchaApi
from flask_captcha_api.settings import rate_storages
from flask_captcha_api.testing import answers

from .support import backends, servers
from .support.browser import browsers
from .support.browser import site as browser_site

pytest_plugins = ["pytester"]

ANSWER = "40718"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let the helpers that start servers see whether the test is marked as one that does."""
    servers.marks_of_test = {mark.name for mark in item.iter_markers()}


@pytest.fixture(autouse=True)
def _logging_stays() -> Iterator[None]:
    """Fail a test that leaves logging set up otherwise: a later one in this process would record more, or nothing."""
    before = _set_up_of_logging()
    yield
    assert _set_up_of_logging() == before, "this test changes logging for the tests after it"


@pytest.fixture(autouse=True)
def _busy_servers_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow machine a storage may answer late, which is no outage."""
    monkeypatch.setattr(rate_storages, "TIMEOUT", 30)


def _set_up_of_logging() -> list[object]:
    loggers = (logging.getLogger(), logging.getLogger("flask_captcha_api"))
    return [logging.root.manager.disable, *((each.level, each.disabled, each.propagate) for each in loggers)]


@pytest.fixture
def app() -> Flask:
    app = Flask("app")
    app.config["SECRET_KEY"] = "a secret of the tests"
    return app


@pytest.fixture
def captcha(app: Flask) -> CaptchaApi:
    return CaptchaApi(app)


@pytest.fixture
def client(app: Flask, captcha: CaptchaApi) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def issue(app: Flask) -> Callable[..., str]:
    """Issue a captcha through the route, its answer ``ANSWER``; returns its uuid."""

    def issue_known(source: str = "web", answer: str = ANSWER, **request: Any) -> str:
        with answers(app, answer):
            response = app.test_client().get(f"/captcha/{source}", **request)
        assert response.status_code == 200, response.text
        return str(response.get_json()["response"]["uuid"])

    return issue_known


@pytest.fixture(scope="session")
def settings_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], dict[str, Any]]]:
    """Start the server of a shared backend at its first use; returns the settings for it."""
    started: dict[str, dict[str, Any]] = {}
    with ExitStack() as stack:

        def start(name: str) -> dict[str, Any]:
            if backends.needs_server(name):
                servers.expect_mark("server", f"the server of {name}")
            if name not in started:
                directory: Path = tmp_path_factory.mktemp(name)
                started[name] = stack.enter_context(backends.STARTED[name](directory))
            return started[name]

        yield start


# Not for the session: while it is there, no other test of this thread could use asyncio.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browsers.chromium() as started:
        yield started


@pytest.fixture(scope="module")
def running_site() -> Iterator[browser_site.Site]:
    with browser_site.running() as site:
        yield site


@pytest.fixture
def site(running_site: browser_site.Site) -> browser_site.Site:
    running_site.reset()
    return running_site


@pytest.fixture
def visit(chromium: Browser, site: browser_site.Site) -> Iterator[Callable[..., browsers.Visit]]:
    """Open a window, with the settings of Playwright's contexts; at the end it is checked for barriers and errors."""
    visits = []
    with ExitStack() as stack:

        def open_window(**settings: Any) -> browsers.Visit:
            context = chromium.new_context(base_url=site.address, **settings)
            stack.callback(context.close)
            visits.append(browsers.Visit(context, site))
            return visits[-1]

        yield open_window
        for each in visits:
            each.check()
