"""The widget under a Content-Security-Policy that blocks part of it, in Debian's Chromium."""

import pytest
from playwright.sync_api import expect

from ..support.browser.browsers import EVENTS, FIELD, TEXT, UUID, Visit, Visits
from ..support.browser.site import POLICY, Site

pytestmark = pytest.mark.browser


def allow_axe(window: Visit) -> None:
    """Leave a page on which the final check can run, and drop the violations that the test has caused."""
    window.complaints.clear()
    window.site.policy = POLICY
    window.page.goto("/page")


def test_a_blocked_sound_brings_the_picture_back(visit: Visits, site: Site) -> None:
    """The visitor and the page are told, and picture and typed text are as before."""
    site.policy = "default-src 'self'; img-src 'self' data:"
    window = visit()
    field = window.show(FIELD)
    field.evaluate(EVENTS)
    field.get_by_role("textbox").fill("407")
    before = field.evaluate(UUID)
    field.get_by_role("button", name="Listen").click()
    expect(field.get_by_role("status")).to_have_text(TEXT["failed"])
    expect(field.get_by_role("img")).to_be_visible()
    assert field.evaluate("field => [field.uuid, field.value]") == [before, "407"]
    assert [name for name, _ in window.page.evaluate("told")] == ["captcha-error"]
    allow_axe(window)


def test_a_blocked_picture_is_told(visit: Visits, site: Site) -> None:
    """The picture that came with the page, and each that is loaded: no broken image, and an error for the page."""
    site.policy = "default-src 'self'"
    window = visit()
    window.page.add_init_script(
        "window.told = []; addEventListener('captcha-error', (event) => told.push(event.detail.status))"
    )
    site.body = FIELD
    window.page.goto("/page")
    field = window.page.locator("captcha-field")
    expect(field.get_by_role("status")).to_have_text(TEXT["failed"])
    expect(field.get_by_role("img")).to_be_hidden()
    assert window.page.evaluate("told") == [0]
    field.get_by_role("button", name="Try again").click()
    window.wait_for("() => told.length === 2")
    assert window.page.evaluate("told") == [0, 200]
    assert field.evaluate("field => [field.uuid, field.closest('form').checkValidity()]") == ["", False]
    allow_axe(window)
