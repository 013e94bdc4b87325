"""The demo in Debian's Chromium: the playground and the example's pages beside it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, expect

from ..support.browser import demo_site
from ..support.browser.browsers import Visit
from ..support.browser.site import ANSWER, Site

pytestmark = pytest.mark.browser

#: How far the page has moved under the visitor so far; 0 is not at all.
LAYOUT_SHIFT = """() => new Promise((resolve) => {
    let moved = 0;
    new PerformanceObserver((list) => { for (const each of list.getEntries()) moved += each.value; })
        .observe({ type: "layout-shift", buffered: true });
    requestAnimationFrame(() => setTimeout(() => resolve(moved)));
})"""


@pytest.fixture(scope="module")
def running_demo() -> Iterator[Site]:
    with demo_site.running() as site:
        yield site


@pytest.fixture
def visit_demo(chromium: Browser, running_demo: Site) -> Iterator[Callable[..., Visit]]:
    """Open a window; at the end each is checked for barriers, errors and requests to elsewhere."""
    visits = []
    with ExitStack() as stack:

        def open_window(**settings: Any) -> Visit:
            context = chromium.new_context(base_url=running_demo.address, **settings)
            stack.callback(context.close)
            visits.append(Visit(context, running_demo))
            return visits[-1]

        yield open_window
        for each in visits:
            each.check()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("path", ["/", "/?kind=letters&work=alone&language=ar", "/example/", "/example/register"])
def test_every_page_fits_and_keeps_still(
    visit_demo: Callable[..., Visit], path: str, width: int, scheme: Literal["light", "dark"]
) -> None:
    """On a telephone and a desk, by day and by night: nothing is cut off, and nothing moves while it loads."""
    window = visit_demo(viewport={"width": width, "height": 800}, color_scheme=scheme)
    window.page.goto(path)
    window.field()
    if "work" in path or path == "/example/":
        expect(window.page.locator("captcha-field").first.get_by_role("button")).to_have_count(3)
    assert window.page.evaluate("document.documentElement.scrollWidth") == width
    assert window.page.evaluate(LAYOUT_SHIFT) == 0


def test_playing_by_keyboard(visit_demo: Callable[..., Visit]) -> None:
    """A setting is changed, the captcha passed and the code chosen without a mouse; what was sent is shown."""
    window = visit_demo(viewport={"width": 320, "height": 800})
    page = window.page
    page.goto("/")
    window.field()
    page.get_by_label("Kind").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#issued")).to_contain_text("captcha-kind: letters")
    expect(page.get_by_label("Kind")).to_be_focused()
    expect(page.locator("#issued")).to_contain_text('"stringCode": "success"')
    expect(page.locator("#issued")).to_contain_text("characters)")  # of the picture, which is shortened
    assert page.url.endswith(
        "/?kind=letters&difficulty=auto&size=332&sound=on&work=none&theme=auto&language=en&direction=auto"
    )

    field = window.field()
    answer = field.get_by_role("textbox", name="Letters in the picture")
    answer.focus()
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#checked")).to_contain_text("422")
    expect(answer).to_be_focused()
    window.field()
    page.keyboard.type(ANSWER)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Passed.")).to_be_visible()
    expect(page.locator("#checked")).to_contain_text(f'"code": "{ANSWER}"')

    page.get_by_label("Jinja").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("region", name="A script")).to_be_visible()
    expect(page.get_by_role("region", name="templates/login.html")).not_to_be_visible()


def test_a_theme_of_its_own(visit_demo: Callable[..., Visit]) -> None:
    """A dark captcha on a light page: the widget asks for a dark picture, and its texts can be read."""
    window = visit_demo(color_scheme="light")
    window.page.goto("/")
    window.field()
    window.page.get_by_label("Theme").select_option("dark")
    expect(window.page.locator("#issued")).to_contain_text("GET /captcha/digits-auto-332-on-none?theme=dark")
    window.field()
    assert window.page.locator("captcha-field").evaluate("field => getComputedStyle(field).color") == (
        "rgb(231, 235, 240)"
    )


def test_copying(visit_demo: Callable[..., Visit]) -> None:
    """The button copies the code beside it."""
    window = visit_demo(permissions=["clipboard-read", "clipboard-write"])
    window.page.goto("/?kind=arithmetic")
    window.field()
    window.page.get_by_role("button", name="Copy").first.click()
    expect(window.page.get_by_role("button", name="Copied")).to_be_visible()
    copied = window.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("from flask import Flask, render_template, request\n")
    assert '"kind": "arithmetic",' in copied


def test_the_tab_of_the_password(visit_demo: Callable[..., Visit]) -> None:
    """It leads to the login, which says so, and whoever is signed in stays so and finds the tab marked."""
    window = visit_demo()
    page = window.page
    page.goto("/example/register")
    page.get_by_role("link", name="Password").click()
    current = page.locator("nav [aria-current=page]")
    login = page.locator("#login")
    expect(login.get_by_role("alert")).to_have_text("Sign in first, then change the password.")
    expect(current).to_have_text("Sign in")
    window.field("#login").get_by_role("textbox").fill(ANSWER)
    login.get_by_label("Account").fill("demo")
    login.get_by_label("Password").fill("captcha-demo")
    login.get_by_role("button", name="Sign in").click()
    title = page.get_by_role("heading", name="Change the password")
    expect(title).to_be_visible()
    expect(page).to_have_title("Change the password – Captcha example")
    page.get_by_role("link", name="Password").click()
    expect(title).to_be_visible()
    expect(current).to_have_text("Password")
