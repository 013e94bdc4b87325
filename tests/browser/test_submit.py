"""How a form with the widget is submitted, in Debian's Chromium."""

from typing import Any

import pytest

from ..support.browser.browsers import Visit, Visits
from ..support.browser.site import ANSWER

pytestmark = pytest.mark.browser

FORM = '<form method="post" action="/guarded/send">{{ captcha_field("web") }}<button>Send</button></form>'
#: Counts the submits that go out, and keeps the page.
COUNT = """() => {
    window.submits = [];
    document.forms[0].target = "nowhere";
    const frame = document.body.appendChild(document.createElement("iframe"));
    frame.name = "nowhere";
    frame.title = "Response";
    window.addEventListener("submit", (event) => submits.push(event));
}"""
SUBMIT = (
    "() => { document.forms[0].requestSubmit(); return submits.filter((event) => !event.defaultPrevented).length; }"
)


def typed(window: Visit, body: str = FORM) -> Any:
    """Show a form, count its submits, and type the answer."""
    field = window.show(body)
    window.page.evaluate(COUNT)
    window.page.route("**/guarded/send", lambda route: route.fulfill(status=204))
    field.get_by_role("textbox").fill(ANSWER)
    return field


def test_a_double_click_sends_the_form_once(visit: Visits) -> None:
    """The visitor sees the response to the first click, and not that the captcha is spent."""
    window = visit()
    typed(window)
    window.page.get_by_role("button", name="Send").evaluate("button => { button.click(); button.click(); }")
    assert window.page.evaluate("submits.map((event) => event.defaultPrevented)") == [False, True]


def test_a_double_click_in_a_shadow_root(visit: Visits) -> None:
    """A submit does not leave the shadow root that the form is in."""
    window = visit()
    window.show(FORM)
    window.page.evaluate(
        """() => {
            const host = document.querySelector("main").appendChild(document.createElement("div"));
            const root = host.attachShadow({ mode: "open" });
            root.innerHTML = '<form target="nowhere"><captcha-field source="web" id="inner"></captcha-field></form>';
            window.submits = [];
            root.addEventListener("submit", (event) => submits.push(event.defaultPrevented));
        }"""
    )
    inner = window.page.locator("#inner")
    window.wait_for("field => Boolean(field.uuid)", inner)
    window.page.route("**/page?*", lambda route: route.fulfill(status=204))
    inner.get_by_role("textbox").fill(ANSWER)
    inner.evaluate("field => { for (const _ of [1, 2]) field.closest('form').requestSubmit() }")
    assert window.page.evaluate("submits") == [False, True]


RELEASES = {
    "new input": "field => { const input = field.shadowRoot.querySelector('input'); input.oninput(); }",
    "refresh": "field => { field.refresh(); }",
    "reject": "field => { field.reject(); }",
    "pageshow": "() => { dispatchEvent(new PageTransitionEvent('pageshow')); }",
}


@pytest.mark.parametrize("release", RELEASES)
def test_what_lets_a_form_be_sent_again(visit: Visits, release: str) -> None:
    """A second submit with the same captcha goes out only after one of these."""
    window = visit()
    field = typed(window)
    assert [window.page.evaluate(SUBMIT) for _ in range(3)] == [1, 1, 1]
    before = field.evaluate("field => field.uuid")
    field.evaluate(RELEASES[release])
    if release in ("refresh", "reject"):
        window.wait_for(f"field => field.uuid && field.uuid !== '{before}'", field)
        field.get_by_role("textbox").fill(ANSWER)
    assert [window.page.evaluate(SUBMIT) for _ in range(2)] == [2, 2]


def test_after_ten_seconds_a_form_may_be_sent_again(visit: Visits) -> None:
    """A response that never came does not lock the form."""
    window = visit()
    window.stop_clock()
    typed(window)
    assert [window.page.evaluate(SUBMIT) for _ in range(2)] == [1, 1]
    window.page.clock.run_for(5_000)  # and what passes by itself
    assert window.page.evaluate(SUBMIT) == 1
    window.page.clock.run_for(5_000)
    assert window.page.evaluate(SUBMIT) == 2


@pytest.mark.parametrize("target", ["document.forms[0]", "window"])
def test_a_submit_that_the_page_prevents_does_not_count(visit: Visits, target: str) -> None:
    """Whether its listener comes before the widget's or after, the next submit goes out."""
    window = visit()
    typed(window)
    window.page.evaluate(f"{target}.addEventListener('submit', (event) => event.preventDefault(), {{ once: true }})")
    assert window.page.evaluate(SUBMIT) == 0
    window.page.evaluate("new Promise((done) => setTimeout(done))")  # after the widget's own timer
    assert [window.page.evaluate(SUBMIT) for _ in range(2)] == [1, 1]


@pytest.mark.parametrize("names", ["", "elements", "requestSubmit", "submit", "id"])
def test_return_sends_the_form_whatever_its_controls_are_called(visit: Visits, names: str) -> None:
    """A control hides the form's own member of its name."""
    window = visit()
    field = typed(
        window, f'<form method="post">{{{{ captcha_field("web") }}}}<input type="hidden" name="{names}"></form>'
    )
    field.get_by_role("textbox").press("Enter")
    window.wait_for("() => submits.length === 1")


@pytest.mark.parametrize("event", ["keyCode: 229", "isComposing: true", "repeat: true", "prevented"])
def test_a_return_that_does_not_send(visit: Visits, event: str) -> None:
    """It ends a composition, is held down, or the page has prevented it."""
    window = visit()
    field = typed(window)
    if event == "prevented":
        window.page.evaluate("document.body.addEventListener('keydown', (event) => event.preventDefault())")
    options = "" if event == "prevented" else f", {event}"
    field.evaluate(
        f"""field => {{
            const options = {{ key: "Enter", bubbles: true, composed: true, cancelable: true{options} }};
            field.shadowRoot.querySelector("input").dispatchEvent(new KeyboardEvent("keydown", options));
            return new Promise((done) => setTimeout(done));  // after the widget's own timer
        }}"""
    )
    assert window.page.evaluate("submits.length") == 0
