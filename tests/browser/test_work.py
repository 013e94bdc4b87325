"""The widget where the device works, instead of the visitor or besides, in Debian's Chromium."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from flask_captcha_api.translations import CATALOGUES

from ..support.browser_site import ANSWER, Site
from ..support.browsers import Visits

pytestmark = pytest.mark.browser

TEXT = CATALOGUES["en"].work
#: Sends what the form has, and shows the answer.
FORM = (
    """<form method="post" action="/passes/{source}">{{{{ captcha_field("{source}") }}}}<button>Send</button></form>"""
)
#: How long the longest task of the page was, in milliseconds.
WATCH = """() => {
    window.longest = 0;
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) longest = Math.max(longest, entry.duration);
    }).observe({ type: "longtask", buffered: true });
}"""


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


@pytest.mark.parametrize("has_worker", [True, False])
def test_the_page_stays_responsive(visit: Visits, has_worker: bool) -> None:
    """In a worker or, where the browser refuses one, in slices on the page: nothing takes longer than 50 ms."""
    window = visit()
    if not has_worker:
        window.page.add_init_script(
            "window.Worker = class { constructor() { throw new DOMException('', 'SecurityError') } }"
        )
    field = window.show(FORM.format(source="alone"))
    window.page.evaluate(WATCH)
    field.get_by_role("button", name=TEXT["alone"]).click()
    expect(field.get_by_role("status")).to_have_text(TEXT["worked"])
    page = window.page
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("passed")).to_be_visible()


def test_a_worker_that_a_policy_blocks(visit: Visits, site: Site) -> None:
    """Where the policy allows no worker, the page works in slices."""
    window = visit()
    site.policy += "; worker-src 'none'"
    field = window.show(FORM.format(source="alone"))
    field.get_by_role("button", name=TEXT["alone"]).click()
    expect(field.get_by_role("status")).to_have_text(TEXT["worked"])
    window.complaints = [each for each in window.complaints if "worker-src" not in each]


def test_the_bar_tells_the_truth(visit: Visits) -> None:
    """The share that it shows is the share of the squarings, whoever looks."""
    page, field = show(visit, "slow")
    field.get_by_role("button", name=TEXT["alone"]).click()
    bar = field.get_by_role("progressbar")
    page.wait_for_function(
        "() => document.querySelector('captcha-field').shadowRoot.querySelector('progress').value > 0"
    )
    shares = []
    for _ in range(5):
        shares.append(bar.evaluate("bar => bar.value"))
        page.wait_for_function(
            "share => document.querySelector('captcha-field').shadowRoot.querySelector('progress').value > share",
            arg=shares[-1],
        )
    assert shares == sorted(set(shares))
    assert 0 < shares[0] < shares[-1] < 1


def test_without_javascript_it_is_said(visit: Visits, site: Site) -> None:
    """A source with work has no form that could never pass, but a sentence."""
    window = visit(java_script_enabled=False)
    site.body = FORM.format(source="besides")
    window.page.goto("/page")
    expect(window.page.get_by_text(CATALOGUES["en"].page["script"])).to_be_visible()
    expect(window.page.get_by_role("textbox")).to_have_count(0)
    window.complaints = []
