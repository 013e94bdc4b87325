"""How the widget is laid out in each state, in Debian's Chromium."""

from pathlib import Path
from typing import Any

import flask_bootstrap
import pytest
from playwright.sync_api import expect

from ..support.browser.browsers import FIELD, HINT, TEXT, Held, Visit, Visits, without_widget
from ..support.browser.site import Site
from .test_pages import script_tag

pytestmark = pytest.mark.browser

BOOTSTRAP = Path(flask_bootstrap.__file__).parent / "static" / "bootstrap5" / "css" / "bootstrap.min.css"
#: The left and the right edges of what is shown.
EDGES = """elements => elements.filter((each) => each.checkVisibility()).map((each) => {
    const { left, right } = each.getBoundingClientRect();
    return [Math.round(left), Math.round(right)];
})"""


def style_of_bootstrap(window: Visit) -> None:
    """Serve Bootstrap's style sheet with every page of the window."""
    window.page.route("**/static/page.css", lambda route: route.fulfill(path=BOOTSTRAP, content_type="text/css"))


def box_of(element: Any) -> list[int]:
    """Return where an element is, in whole pixels."""
    return [round(element.bounding_box()[each]) for each in ("x", "y", "width", "height")]


def heights(field: Any) -> list[float]:
    """Return the heights of the buttons beside the picture."""
    return [button.bounding_box()["height"] for button in field.locator("[class*=buttons] button:visible").all()]


def test_the_form_without_javascript_in_a_page_with_bootstrap(visit: Visits) -> None:
    """Bootstrap's ``row`` and others change nothing: what is in the form keeps its width and its place."""
    window = visit()
    window.page.route("**/captcha-field.js", without_widget)
    style_of_bootstrap(window)
    window.site.body = '<form class="container">{{ captcha_field("web", error="Wrong.") }}</form>'
    window.page.goto("/page")
    x, _, width, _ = box_of(window.page.get_by_role("group"))
    picture, button, text = (
        box_of(window.page.locator(f"captcha-field {name}")) for name in ("img", "[value=image]", "[required]")
    )
    assert text[2] == width
    assert (picture[0], picture[2]) == (x + 1, 166)  # inside its frame
    assert button[1] == picture[1] - 1  # beside it
    assert button[3] < 50


def test_the_widget_in_a_page_with_bootstrap(visit: Visits) -> None:
    """Its shadow root keeps the style sheet out."""
    window = visit()
    style_of_bootstrap(window)
    field = window.show(FIELD)
    assert max(heights(field)) < 50


@pytest.mark.parametrize("width", [320, 700])
@pytest.mark.parametrize("has_sound", [True, False])
def test_buttons_are_as_high_as_their_text(visit: Visits, width: int, has_sound: bool) -> None:
    """One alone is no higher than two, although the picture beside it is."""
    window = visit(viewport={"width": width, "height": 700})
    field = window.show(FIELD)
    field.evaluate("(field, has_sound) => { field.toggleAttribute('nosound', !has_sound) }", has_sound)
    assert len(heights(field)) == (2 if has_sound else 1)
    assert all(40 <= height < 50 for height in heights(field))


@pytest.mark.parametrize("width", [320, 480, 900])
@pytest.mark.parametrize("source", ["web", "long"])
def test_picture_row_and_field_share_a_width(visit: Visits, width: int, source: str) -> None:
    """With the buttons beside the picture or below it, the left and the right edges are the same."""
    window = visit(viewport={"width": width, "height": 700})
    window.page.add_init_script("document.addEventListener('DOMContentLoaded', () => document.body.style.margin = 0)")
    window.page.route("**/static/page.css", lambda route: route.fulfill(body="", content_type="text/css"))
    field = window.show(f'<form>{{{{ captcha_field("{source}") }}}}</form>')
    (text,) = field.locator("input").evaluate_all(EDGES)
    row = field.locator("[part=frame], [part=button]").evaluate_all(EDGES)
    assert (min(left for left, _ in row), max(right for _, right in row)) == tuple(text)
    assert text[1] - text[0] <= 24 * 16


def test_the_width_can_be_set(visit: Visits) -> None:
    """For forms whose other fields are wider."""
    window = visit(viewport={"width": 900, "height": 700})
    window.page.route("**/static/page.css", lambda route: route.fulfill(body="", content_type="text/css"))
    field = window.show(FIELD)
    field.evaluate("field => field.style.setProperty('--captcha-width', 'none')")
    assert field.get_by_role("textbox").bounding_box()["width"] == field.bounding_box()["width"] > 800


def test_the_narrowest_column(visit: Visits) -> None:
    """Narrower than the picture, with words that have no place to break: nothing sticks out."""
    window = visit()
    window.page.route(
        "**/static/page.css", lambda route: route.fulfill(body="main { width: 130px }", content_type="text/css")
    )
    field = window.show(f'<form>{{{{ captcha_field("web", error="{"long" * 20}", asks="{"wide" * 20}") }}}}</form>')
    assert field.evaluate("field => [field.scrollWidth, field.clientWidth]") == [130, 130]
    assert field.get_by_role("img").bounding_box()["width"] <= 130


@pytest.mark.parametrize("size", ["16px", "32px"])
def test_nothing_jumps_while_there_is_no_picture(visit: Visits, site: Site, size: str) -> None:
    """Frame and field have the same place and size with a picture, while one is loaded, and when none can be had."""
    window = visit(viewport={"width": 360, "height": 900})
    field = window.show(FIELD)
    window.page.evaluate("size => { document.documentElement.style.fontSize = size }", size)
    frame, text = field.locator("[part=frame]"), field.get_by_role("textbox")
    before = box_of(frame), box_of(text)
    held = Held(window.page, "**/captcha/web")
    field.evaluate("field => { field.refresh() }")
    expect(frame).to_have_attribute("aria-busy", "true")
    assert (box_of(frame), box_of(text)) == before
    held.next().fulfill(status=503, body="")
    expect(field.get_by_role("status")).to_have_text(TEXT["failed"])
    if size == "16px":  # larger buttons stand one below the other, and now there is one less
        assert (box_of(frame), box_of(text)) == before
    assert box_of(frame) == before[0]
    window.page.unroute_all()
    field.get_by_role("button", name=TEXT["retry"]).click()
    expect(field.get_by_role("img")).to_be_visible()


def test_the_button_stands_in_the_frame_when_there_is_no_captcha(visit: Visits) -> None:
    """In the place of the picture, and nowhere else; there it tries again, and there it waits."""
    window = visit()
    window.stop_clock()
    field = window.show(FIELD)
    field.get_by_role("textbox").fill("407")
    field.get_by_role("button", name=TEXT["refresh"]).focus()
    x, y, width, height = box_of(field.locator("[part=frame]"))
    window.site.failures = [(503, {}), (429, {"Retry-After": "12"})]
    window.page.clock.run_for(302_000)
    expect(field.get_by_role("textbox")).to_have_accessible_description(TEXT["expired"] + HINT)
    button = field.get_by_role("button", name=TEXT["retry"])  # one, or the next line fails
    expect(button).to_be_focused()  # as the one that is gone was
    assert box_of(button) == [x + 1, y + 1, width - 2, height - 2]
    button.press("Enter")
    waiting = field.get_by_role("button", name="Wait 12 s")
    expect(waiting).to_have_attribute("aria-disabled", "true")
    expect(waiting).to_be_focused()
    window.page.clock.run_for(13_000)  # then it asks by itself
    expect(field.get_by_role("img")).to_be_visible()
    expect(field.get_by_role("textbox")).to_be_focused()
    expect(field.get_by_role("button", name=TEXT["refresh"])).to_be_visible()
    assert field.locator("[part=frame] button:visible").count() == 0


def test_a_label_does_not_flip_while_loading(visit: Visits, site: Site) -> None:
    """On a page without the server's form it is not seen until the kind is known, nor does the field move then."""
    window = visit()
    held = Held(window.page, "**/captcha/letters")
    site.body = '<form><captcha-field source="letters"></captcha-field></form>' + script_tag()
    window.page.goto("/page")
    field = window.page.locator("captcha-field")
    expect(field.locator("[part=frame]")).to_have_attribute("aria-busy", "true")
    seen = "label => getComputedStyle(label).opacity"
    place = field.get_by_role("textbox").bounding_box()
    assert field.locator("label").evaluate(seen) == "0"
    held.next().continue_()
    expect(field.get_by_role("img")).to_be_visible()
    expect(field.locator("label")).to_have_text("Letters in the picture")
    assert field.locator("label").evaluate(seen) == "1"
    assert field.get_by_role("textbox").bounding_box() == place


def test_a_label_in_the_words_of_the_page_is_there_at_once(visit: Visits, site: Site) -> None:
    """So is one that asks for nothing in particular, once no captcha could be loaded."""
    window = visit()
    held = Held(window.page, "**/captcha/web")
    site.body = '<form><captcha-field source="web"></captcha-field></form>' + script_tag()
    window.page.goto("/page")
    field, seen = window.page.locator("captcha-field"), "label => getComputedStyle(label).opacity"
    expect(field.locator("[part=frame]")).to_have_attribute("aria-busy", "true")
    field.evaluate("field => { field.setAttribute('asks', 'numerals'); field.value = '' }")
    assert field.locator("label").evaluate(seen) == "1"
    field.evaluate("field => { field.removeAttribute('asks'); field.value = '' }")
    assert field.locator("label").evaluate(seen) == "0"
    held.next().abort()
    expect(field.get_by_role("status")).to_have_text(TEXT["failed"])
    assert field.locator("label").evaluate(seen) == "1"


def test_the_ring_stands_still_for_who_wants_less_motion(visit: Visits) -> None:
    window = visit(reduced_motion="reduce")
    animation = "frame => getComputedStyle(frame, '::after').animationName"
    assert window.show(FIELD).locator("[part=frame]").evaluate(animation) == "none"
    window.page.emulate_media(reduced_motion="no-preference")
    assert window.field().locator("[part=frame]").evaluate(animation) == "captcha-turn"
