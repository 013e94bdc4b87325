"""The widget where the device works, instead of the visitor or besides, in Debian's Chromium and other browsers."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from flask_captcha_api.translations import BUNDLED

from ..support.browser.browsers import Visits
from ..support.browser.site import ANSWER, Site
from ..support.browser.webdriver import ENTER, TAB, Window, firefox, webkit

pytestmark = pytest.mark.browser

TEXT = BUNDLED.catalogues["en"].work
ROOT = "document.querySelector('#login captcha-field').shadowRoot"
#: What has the focus, within the widget too.
FOCUSED = f"({ROOT}.activeElement || document.activeElement)"
#: Sends what the form has, and shows the answer.
FORM = (
    """<form method="post" action="/passes/{source}">{{{{ captcha_field("{source}") }}}}<button>Send</button></form>"""
)
#: Makes the page look hidden, or seen again.
HIDE = """(isHidden) => {
    Object.defineProperty(document, "hidden", { configurable: true, get: () => isHidden });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
#: Counts the submits that the widget lets through. It lets one that waits go with the solution, in the same task.
COUNT_SUBMITS = """() => {
    window.submits = 0;
    addEventListener("submit", () => { submits += 1; });
}"""
#: Waits until the bar has shown two values above 0, and returns them; the page sees each, a test may come too late.
FIRST_TWO = """(bar) => new Promise((resolve) => {
    const shown = [];
    setInterval(() => {
        if (bar.value > (shown.at(-1) ?? 0)) shown.push(bar.value);
        if (shown.length === 2) resolve(shown);
    }, 10);
})"""


def show(visit: Visits, source: str, **settings: Any) -> tuple[Page, Any]:
    window = visit(**settings)
    field = window.show(FORM.format(source=source))
    return window.page, field


def test_without_reading(visit: Visits, site: Site) -> None:
    """A visitor passes by the keyboard alone, types nothing, and hears when it begins and when it is done."""
    page, field = show(visit, "alone")
    button = field.get_by_role("button", name=TEXT["alone"])
    button.focus()
    page.keyboard.press("Enter")
    expect(field.get_by_role("status")).to_have_text(TEXT["worked"])
    expect(field.get_by_role("textbox")).to_be_hidden()
    expect(field.get_by_role("img")).to_be_hidden()
    assert field.evaluate("field => field.code").isalnum()
    page.get_by_role("button", name="Send").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("passed")).to_be_visible()
    assert [path for path, _ in site.asked] == ["/captcha/alone/work"]


def test_the_examples_login(visit: Visits) -> None:
    """Who can neither see nor hear signs in by keyboard and accessibility tree alone, typing only the account."""
    window = visit()
    page = window.page
    page.goto("/")
    focused = page.locator(":focus")
    expect(page.get_by_role("button", name=TEXT["alone"])).to_be_visible()
    page.get_by_role("textbox", name="Account").focus()
    page.keyboard.type("demo")
    page.keyboard.press("Tab")
    expect(focused).to_have_attribute("name", "password")
    page.keyboard.type("captcha-demo")
    for name in (TEXT["alone"], "Sign in"):
        button = page.get_by_role("button", name=name, exact=True)
        for _ in range(6):
            page.keyboard.press("Tab")
            if button.evaluate("button => button.matches(':focus')"):
                break
        page.keyboard.press("Enter")
        if name == TEXT["alone"]:
            expect(page.get_by_role("status").first).to_have_text(TEXT["worked"])
            window.check()
    expect(page.get_by_role("heading", name="Change the password")).to_be_visible()


def test_back_to_the_picture(visit: Visits) -> None:
    """The button in the frame cancels the work, and brings a picture."""
    _, field = show(visit, "slow")
    field.get_by_role("button", name=TEXT["alone"]).click()
    expect(field.get_by_role("status")).to_have_text(TEXT["working"])
    expect(field.get_by_role("progressbar", name=TEXT["working"])).to_be_visible()
    field.get_by_role("button", name="Show picture").click()
    expect(field.get_by_role("progressbar")).to_be_hidden()
    expect(field.get_by_role("textbox", name="Digits in the picture")).to_be_visible()


def test_work_besides_reading(visit: Visits) -> None:
    """It begins with the first focus, out of sight, and is done by the time that the text is typed."""
    page, field = show(visit, "besides")
    assert field.evaluate("field => field.code") == "."
    field.get_by_role("textbox").fill(ANSWER)
    page.wait_for_function(r"() => /^40718\.[0-9a-f]{16}$/.test(document.querySelector('captcha-field').code)")
    expect(field.get_by_role("progressbar")).to_be_hidden()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("passed")).to_be_visible()


def test_who_is_faster_waits(visit: Visits) -> None:
    """A submit before the end waits, and goes out by itself, once; the page's own listener sees it only then."""
    page, field = show(visit, "besides")
    page.evaluate(
        """() => {
            window.seen = [];
            document.forms[0].addEventListener("submit", (event) => {
                event.preventDefault();
                seen.push([event.submitter.textContent, new FormData(document.forms[0]).get("code")]);
            });
        }"""
    )
    field.evaluate(f"field => {{ field.value = '{ANSWER}' }}")
    page.get_by_role("button", name="Send").click()
    page.wait_for_function("() => seen.length")
    ((submitter, code),) = page.evaluate("seen")
    assert submitter == "Send"
    assert code.startswith(f"{ANSWER}.")
    assert len(code) == len(ANSWER) + 17


@pytest.mark.parametrize("change", ["another picture", "another text", "a reset"])
def test_a_submit_that_waits_is_forgotten_when_the_text_changes(visit: Visits, site: Site, change: str) -> None:
    """Or a text that the visitor is still typing would go out, and spend the captcha, without their pressing anything.

    Work rests while the page is hidden, so it cannot be done too early here.
    """
    window = visit()
    page = window.page
    field = window.show(FORM.format(source="besides").replace("<form", "<form novalidate"))
    page.evaluate(COUNT_SUBMITS)
    page.evaluate(HIDE, True)
    field.get_by_role("textbox").fill("40711")
    page.get_by_role("button", name="Send").click()
    expect(field.get_by_role("status")).to_have_text(TEXT["working"])
    before = field.evaluate("field => field.uuid")
    if change == "another picture":
        field.get_by_role("button", name="New picture").click()
        window.wait_for(f"field => field.uuid !== '{before}'")
        field.get_by_role("textbox").focus()
    elif change == "another text":
        field.get_by_role("textbox").fill("4071")
    else:
        page.evaluate("document.forms[0].reset()")
    expect(field.get_by_role("status")).not_to_have_text(TEXT["working"])
    page.evaluate(HIDE, False)
    window.wait_for(r"field => /\.[0-9a-f]{16}$/.test(field.code)")
    assert page.evaluate("submits") == 0
    field.get_by_role("textbox").fill(ANSWER)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("passed")).to_be_visible()


def test_a_widget_that_is_removed_sends_no_form(visit: Visits) -> None:
    """Its form would go out without a captcha, when the visitor may be somewhere else in the page."""
    page, field = show(visit, "besides")
    page.evaluate(COUNT_SUBMITS)
    page.evaluate(HIDE, True)
    field.get_by_role("textbox").fill(ANSWER)
    page.get_by_role("button", name="Send").click()
    removed = field.element_handle()
    removed.evaluate("field => field.remove()")
    page.evaluate(HIDE, False)
    page.wait_for_function(r"field => /\.[0-9a-f]{16}$/.test(field.code)", arg=removed)
    assert page.evaluate("submits") == 0


def test_what_works_cannot_be_loaded(visit: Visits) -> None:
    """A submit says so in place of waiting for ever, and the next one tries again."""
    window = visit()
    page = window.page
    page.route("**/captcha-work.js", lambda route: route.abort())
    field = window.show(FORM.format(source="besides"))
    field.get_by_role("textbox").fill(ANSWER)
    page.get_by_role("button", name="Send").click()
    expect(field.get_by_role("status")).to_have_text(BUNDLED.catalogues["en"].widget["failed"])
    page.unroute_all()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("passed")).to_be_visible()


@pytest.mark.parametrize("has_worker", [True, False])
def test_with_a_worker_and_without(visit: Visits, has_worker: bool) -> None:
    """Where the browser refuses a worker, as for a script of another origin, the page works in slices."""
    window = visit()
    if not has_worker:
        window.page.add_init_script(
            "window.Worker = class { constructor() { throw new DOMException('', 'SecurityError') } }"
        )
    field = window.show(FORM.format(source="alone"))
    field.get_by_role("button", name=TEXT["alone"]).click()
    expect(field.get_by_role("status")).to_have_text(TEXT["worked"])
    window.page.get_by_role("button", name="Send").click()
    expect(window.page.get_by_text("passed")).to_be_visible()


def test_a_worker_that_a_policy_blocks(visit: Visits, site: Site) -> None:
    """Where the policy allows no worker, the page works in slices."""
    window = visit()
    site.policy += "; worker-src 'none'"
    field = window.show(FORM.format(source="alone"))
    field.get_by_role("button", name=TEXT["alone"]).click()
    expect(field.get_by_role("status")).to_have_text(TEXT["worked"])
    window.complaints = [each for each in window.complaints if "worker-src" not in each]


def test_the_bar_shows_how_far_it_is(visit: Visits) -> None:
    """Its value is the share of the squarings that are done."""
    _, field = show(visit, "slow")
    field.get_by_role("button", name=TEXT["alone"]).click()
    bar = field.get_by_role("progressbar", name=TEXT["working"])
    first, second = bar.evaluate(FIRST_TWO)
    assert 0 < first < second < 1


@pytest.mark.slow
@pytest.mark.parametrize("browser", [firefox, webkit])
@pytest.mark.parametrize("policy", ["", "; worker-src 'none'"], ids=["worker", "slices"])
def test_the_examples_login_in_other_browsers(
    site: Site, tmp_path: Path, browser: Callable[[Path], AbstractContextManager[Window]], policy: str
) -> None:
    """By keyboard alone, with a worker and in slices of the page: the visitor types account and password only."""
    site.policy += policy
    with browser(tmp_path) as window:
        window.open(site.address)
        window.wait_for("Boolean(document.querySelector('#login captcha-field')?.uuid)")
        window.wait_for(f"[...{ROOT}.querySelectorAll('button')].some(each => each.textContent == '{TEXT['alone']}')")
        window.run("document.querySelector('#login [name=account]').focus()")
        window.press("demo" + TAB + "captcha-demo")
        tab_to(window, TEXT["alone"])
        window.press(ENTER)
        window.wait_for(f"{ROOT}.querySelector('[role=status]').textContent.includes('{TEXT['worked']}')")
        tab_to(window, "Sign in")
        window.press(ENTER)
        window.wait_for("!document.querySelector('#signed-in').hidden")
        assert {path for path, _ in site.asked if "/login" in path} == {"/captcha/login/work"}


def tab_to(window: Window, name: str) -> None:
    """Press Tab until the button of this name has the focus."""
    for _ in range(12):
        if window.run(f"return {FOCUSED}.textContent") == name:
            return
        window.press(TAB)
    raise AssertionError(f"no Tab leads to {name!r}")
