"""The recipes for pages without a bundler: plain fetch, jQuery, htmx 1 and 2, and Turbo."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from . import visitor
from .recipes import MODULES, write_project
from .shop import Shop

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def fetching() -> Path:
    """Write the shop that sends its forms with fetch."""
    return write_project("fetch", "scripts")


@pytest.fixture(scope="module")
def with_jquery() -> Path:
    """Write the shop that sends its forms with jQuery."""
    project = write_project("jquery", "scripts")
    (project / "shop-jquery.js").replace(project / "shop.js")
    shutil.copy(MODULES / "jquery" / "dist" / "jquery.min.js", project)
    page = (project / "index.html").read_text()
    (project / "index.html").write_text(page.replace("<title>", '<script src="/jquery.min.js"></script><title>'))
    return project


@pytest.mark.parametrize("written", ["fetching", "with_jquery"])
def test_signing_in(
    written: str, request: pytest.FixtureRequest, opened: Callable[..., Shop], chromium: Browser
) -> None:
    """A wrong text, the right one, a transfer, and once more."""
    visitor.go_through(chromium, opened("index", request.getfixturevalue(written)))


@pytest.mark.parametrize("written", ["fetching", "with_jquery"])
@pytest.mark.parametrize("case", [visitor.renew, visitor.expire])
def test_a_token_that_changes(
    case: Callable[[Browser, Shop], None],
    written: str,
    request: pytest.FixtureRequest,
    opened: Callable[..., Shop],
    chromium: Browser,
) -> None:
    """``captcha-token`` and ``captcha-error`` are heard."""
    case(chromium, opened("index", request.getfixturevalue(written)))


def htmx(version: str) -> Path:
    """Write the shop that htmx sends the forms of, in one version."""
    project = write_project(version, "htmx")
    shutil.copy(MODULES / version / "dist" / "htmx.min.js", project)
    return project


@pytest.mark.parametrize("version", ["htmx1", "htmx.org"])
def test_signing_in_with_htmx(version: str, opened: Callable[..., Shop], chromium: Browser) -> None:
    """Fragments with a captcha in them, taken over when they are swapped in."""
    visitor.go_through(chromium, opened("htmx", htmx(version)))


@pytest.mark.parametrize("version", ["htmx1", "htmx.org"])
@pytest.mark.parametrize("case", [visitor.renew, visitor.expire])
def test_a_token_that_changes_with_htmx(
    case: Callable[[Browser, Shop], None], version: str, opened: Callable[..., Shop], chromium: Browser
) -> None:
    """The token in the script's variable is the last that came."""
    case(chromium, opened("htmx", htmx(version)))


def test_signing_in_with_turbo(opened: Callable[..., Shop], chromium: Browser) -> None:
    """Pages that are rendered again with status 422, and redirects."""
    project = write_project("turbo", "turbo")
    shutil.copy(MODULES / "@hotwired" / "turbo" / "dist" / "turbo.es2017-esm.js", project / "turbo.js")
    shop = opened("turbo", project)
    shop.policy += "; style-src 'self' 'unsafe-inline'"  # for Turbo's own progress bar
    with visitor.visiting(chromium, shop) as window:
        window.page.evaluate("window.isKept = true")
        window.sign_in_at_the_second_try()
        window.transfer()
        assert shop.posts() == [("/api/login", 422), ("/api/login", 303), ("/api/transfer", 303)]
        assert window.page.evaluate("window.isKept"), "Turbo replaced the body, and no page was loaded"
        assert window.requests_within(10) == 0
        window.press("Sign out")
        before = window.captcha()
        window.page.go_back()
        expect(window.place.get_by_role("status").filter(has_text="Done")).to_be_visible()
        window.page.go_forward()
        assert window.captcha() != before
        window.sign_in()
        window.transfer()
