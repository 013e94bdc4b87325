"""The widget's sizes, colours and place on pages of other designs, in Debian's Chromium."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from flask_captcha_api.translations import BUNDLED

from ..support.browser_site import Site
from ..support.browsers import FIELD, Visits
from .test_pages import script_tag

pytestmark = pytest.mark.browser

#: Longer than any button, and with nothing to break it at.
WORD = "Sicherheitsüberprüfungszeichenfolge"


def add_style(page: Page, style: str) -> None:
    """Style a page whose policy allows no inline style."""
    page.evaluate(
        """(style) => {
            const sheet = new CSSStyleSheet();
            sheet.replaceSync(style);
            document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
        }""",
        style,
    )


def test_targets_are_large_where_the_root_font_is_small(visit: Visits) -> None:
    """Many pages set 62.5 %, so that a rem is 10 pixels, and the text's size on the body."""
    window = visit()
    field = window.show(FIELD)
    add_style(window.page, "html { font-size: 62.5% } body { font-size: 1.6rem }")
    controls = [*field.get_by_role("button").all(), field.get_by_role("textbox")]
    assert len(controls) == 3
    assert [each for each in controls if each.bounding_box()["height"] < 40] == []
    widest = field.get_by_role("group").evaluate("group => getComputedStyle(group).maxWidth")
    assert widest == f"{24 * 16}px"


@pytest.mark.parametrize("width", [320, 1000])
def test_long_words_break(visit: Visits, width: int) -> None:
    """Nothing sticks out of the widget, however long a word of its texts is and however narrow the page."""
    window = visit(viewport={"width": width, "height": 800})
    texts = json.loads(BUNDLED.catalogues["en"].script_json)
    long = {key: text if key in ("lang", "dir") else f"{WORD} {text} {WORD}" for key, text in texts.items()}
    window.page.route("**/en.json", lambda route: route.fulfill(json=long))
    field = window.show('<form>{{ captcha_field("letters") }}</form>')
    field.evaluate("field => field.reject()")
    assert WORD in field.get_by_role("status").inner_text()
    widest = field.locator("fieldset").bounding_box()
    for each in field.locator("fieldset *:visible").all():
        box = each.bounding_box()
        assert box is None or box["x"] + box["width"] <= widest["x"] + widest["width"] + 0.5, each.inner_text()
    assert window.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_page_does_not_move_when_the_script_arrives(visit: Visits, site: Site) -> None:
    """A page that has the style sheet keeps the place for an element that is not defined yet."""
    window = visit()
    page = window.page
    held: list[Route] = []
    page.route("**/captcha-field.js", lambda route: held.append(route))
    site.body = (
        '<link rel="stylesheet" href="/captcha/static/latest/captcha-field.css">'
        '<form><captcha-field source="web"></captcha-field><button id="below">Send</button></form>' + script_tag()
    )
    page.goto("/page", wait_until="commit")
    button: Any = page.locator("#below")
    before = button.bounding_box()["y"]
    while not held:
        page.wait_for_timeout(10)
    held.pop().continue_()
    field: Any = window.field()
    expect(field.get_by_role("img")).to_be_visible()
    assert button.bounding_box()["y"] == pytest.approx(before, abs=4)


def test_a_saturated_ground(visit: Visits) -> None:
    """With the documented variables every text has a contrast of 4.5 : 1; the window is checked at the end."""
    window = visit()
    field = window.show(FIELD)
    add_style(
        window.page,
        """body, main { background: #0b5ed7; color: #fff }
        captcha-field { --captcha-error: currentcolor; --captcha-accent: currentcolor }""",
    )
    field.evaluate("field => field.reject()")
    expect(field.get_by_role("textbox")).to_have_attribute("aria-invalid", "true")
