"""The tick in place of a captcha that was solved, in Debian's Chromium. Each window is checked at the end."""

import pytest
from playwright.sync_api import Page, expect

from flask_captcha_api.translations import BUNDLED

from ..support.browser.browsers import HINT, TEXT, Visits, without_widget
from ..support.browser.site import ANSWER

pytestmark = pytest.mark.browser

SOLVED = BUNDLED.catalogues["en"].page["kept"]


@pytest.fixture(params=["with the script", "without"])
def page(request: pytest.FixtureRequest, visit: Visits) -> Page:
    """Open the form, solve its captcha, and send it with a name that is too short."""
    page: Page = visit().page
    if request.param == "without":
        page.route("**/*.js", without_widget)
    page.goto("/keeps")
    page.get_by_label("Name").fill("ann")
    page.get_by_role("textbox", name="Digits in the picture").fill(ANSWER)
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_text("at least 8 characters")).to_be_visible()
    return page


def test_a_solved_captcha_need_not_be_solved_again(page: Page) -> None:
    """There is a tick, and a sentence for those who do not see it. Return sends the form and presses no button."""
    expect(page.get_by_role("group", name="Captcha")).to_contain_text(SOLVED)
    expect(page.get_by_role("img")).to_have_count(0)
    page.get_by_label("Name").fill("long enough")
    page.get_by_label("Name").press("Enter")
    expect(page.get_by_text("Registered")).to_be_visible()


def test_there_is_a_way_to_another_captcha(page: Page) -> None:
    """What was typed elsewhere stays, and is not judged."""
    page.get_by_role("button", name=TEXT["refresh"]).click()
    expect(page.get_by_role("img")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("ann")
    expect(page.get_by_text("at least 8 characters")).to_have_count(0)
    expect(page.get_by_text(SOLVED)).to_have_count(0)


def test_what_has_expired_is_said_and_replaced(page: Page) -> None:
    """A kept captcha that is gone is refused like any other, with a fresh one to solve."""
    page.locator("[name=captcha-uuid][type=hidden]").evaluate("input => { input.value = '1'.repeat(23) }")
    page.get_by_label("Name").fill("long enough")
    page.get_by_role("button", name="Register").click()
    text = page.get_by_role("textbox", name="Digits in the picture")
    expect(text).to_have_accessible_description("The captcha is no longer valid, please get a new one" + HINT)
    text.fill(ANSWER)
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_text("Registered")).to_be_visible()
