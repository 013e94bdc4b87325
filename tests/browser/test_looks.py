"""The widget's sizes, colours and place on pages of other designs, in Debian's Chromium."""

import json
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from flask_captcha_api.translations import BUNDLED

from ..support.browser.browsers import FIELD, Held, Visits
from ..support.browser.site import Site
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
    held = Held(page, "**/captcha-field.js")
    site.body = (
        '<link rel="stylesheet" href="/captcha/static/latest/captcha-field.css">'
        '<form><captcha-field source="web"></captcha-field><button id="below">Send</button></form>' + script_tag()
    )
    page.goto("/page", wait_until="commit")
    button: Any = page.locator("#below")
    before = button.bounding_box()["y"]
    held.next().continue_()
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


#: Returns the contrast of a control's border and of the outline of its focus with the page behind it, and of the
#: border of a field with an error.
CONTRASTS = """field => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const ground = getComputedStyle(document.querySelector("main")).backgroundColor;
    const luminance = (...colours) => {
        for (const colour of colours) {
            canvas.fillStyle = colour;
            canvas.fillRect(0, 0, 1, 1);
        }
        const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) =>
            value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const contrast = (colour) => {
        const [low, high] = [luminance(ground), luminance(ground, colour)].sort((a, b) => a - b);
        return (high + 0.05) / (low + 0.05);
    };
    const root = field.shadowRoot;
    root.querySelector("input").focus();
    return {
        button: contrast(getComputedStyle(root.querySelector("button:not([hidden])")).borderTopColor),
        error: contrast(getComputedStyle(root.querySelector("input")).borderTopColor),
        focus: contrast(getComputedStyle(root.querySelector("input")).outlineColor),
    };
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_borders_and_focus_stand_out(visit: Visits, scheme: Any) -> None:
    """Borders and the outline of the focus have a contrast of 3 : 1 with the page (WCAG 1.4.11)."""
    window = visit(color_scheme=scheme)
    field = window.show(FIELD)
    field.evaluate("field => field.reject()")
    expect(field.get_by_role("textbox")).to_have_attribute("aria-invalid", "true")
    contrasts = field.evaluate(CONTRASTS)
    assert {name: round(value, 1) for name, value in contrasts.items() if value < 3} == {}
    assert max(contrasts.values()) < 21


@pytest.mark.parametrize("language", ["en", "de", "th"])
def test_text_may_be_spaced_out(visit: Visits, language: str) -> None:
    """With the spacing of WCAG 1.4.12 nothing is cut off or covered, on a narrow screen either."""
    window = visit(viewport={"width": 320, "height": 900})
    field = window.show('<form>{{ captcha_field("alone", lang=LANG) }}</form>'.replace("LANG", repr(language)))
    expect(field.get_by_role("button")).to_have_count(3)
    field.evaluate(
        """field => {
            const sheet = new CSSStyleSheet();
            sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
                word-spacing: 0.16em !important } p { margin-bottom: 2em !important }`);
            field.shadowRoot.adoptedStyleSheets.push(sheet);
            field.reject();
        }"""
    )
    expect(field.get_by_role("textbox")).to_have_attribute("aria-invalid", "true")
    assert window.page.evaluate("document.documentElement.scrollWidth") == 320
    for each in field.locator("button:visible, label, p:visible:not(.captcha-quiet), [part=hint]").all():
        cut = each.evaluate("each => each.scrollWidth > each.clientWidth || each.scrollHeight > each.clientHeight")
        assert not cut, each.inner_text()
    boxes = [each.bounding_box() for each in field.locator("fieldset > *:visible").all()]
    for above, below in pairwise(boxes):
        assert above["y"] + above["height"] <= below["y"] + 0.5


def test_a_press_may_be_taken_back(visit: Visits) -> None:
    """A button does nothing while the pointer goes down on it, or if it goes up elsewhere (WCAG 2.5.2)."""
    window = visit()
    field = window.show(FIELD)
    before = field.evaluate("field => field.uuid")
    requests: list[str] = []
    window.page.on("request", lambda request: requests.append(request.url))
    for button in field.get_by_role("button").all():
        button.hover()
        window.page.mouse.down()
        window.page.mouse.move(1, 1)
        window.page.mouse.up()
    assert field.evaluate("field => field.uuid") == before
    field.get_by_role("button", name="New picture").click()
    expect(field.get_by_role("status")).to_have_text("There is a new picture.")
    assert len([url for url in requests if "/captcha/web" in url]) == 1


def test_focus_and_typing_change_nothing_else(visit: Visits) -> None:
    """Neither sends the form, nor opens or replaces anything (WCAG 3.2.1, 3.2.2)."""
    window = visit()
    field = window.show(FIELD)
    before = field.evaluate("field => field.uuid"), window.page.url
    requests: list[str] = []
    window.page.on("request", lambda request: requests.append(request.url))
    for control in (*field.get_by_role("button").all(), field.get_by_role("textbox")):
        control.focus()
        expect(control).to_be_focused()
    window.page.keyboard.type("40718")
    expect(field.get_by_role("textbox")).to_be_focused()
    assert (field.evaluate("field => field.uuid"), window.page.url) == before
    assert requests == []
