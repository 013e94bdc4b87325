"""Pages in other languages and scripts, with the widget's script and without, in Debian's Chromium."""

from typing import Any

import pytest
from playwright.sync_api import expect

from flask_captcha_api.translations import BUNDLED

from ..support.browser.browsers import Visit, Visits, without_widget
from ..support.browser.site import Site

pytestmark = pytest.mark.browser

BODY = '<form>{{ captcha_field("alone", error=ERROR, lang=LANG) }}<p><button>OK</button></p></form>'
SIZES = ((320, 640), (1280, 800))


def opened(visit: Visits, site: Site, language: str, script: str) -> tuple[Visit, Any]:
    """Open a page in a language, and return its window and the group of the widget or of the plain form."""
    window = visit()
    texts = BUNDLED.catalogues[language].widget
    site.lang = language
    site.body = BODY.replace("ERROR", repr(texts["wrong"])).replace("LANG", repr(language))
    if script == "without":
        window.page.route("**/captcha-field.js", without_widget)
    window.page.goto("/page")
    if script == "with the script":
        window.field()
    group = window.page.get_by_role("group", name=texts["group"])
    expect(group.get_by_role("img")).to_be_visible()
    return window, group


def edges(box: dict[str, float], direction: str) -> tuple[float, float]:
    """Return where a box starts and ends in the direction of reading, as distances that grow with it."""
    left, right = box["x"], box["x"] + box["width"]
    return (left, right) if direction == "ltr" else (-right, -left)


@pytest.mark.parametrize("script", ["with the script", "without"])
@pytest.mark.parametrize("language", ["de", "he", "ar", "th"])
def test_a_page_in_another_language(visit: Visits, site: Site, language: str, script: str) -> None:
    """Narrow and wide, light and dark: laid out in its direction, nothing sticks out, and there are no barriers."""
    window, group = opened(visit, site, language, script)
    direction = BUNDLED.catalogues[language].direction
    expect(group).to_have_attribute("lang", language)
    expect(group).to_have_attribute("dir", direction)
    for width, height in SIZES:
        window.page.set_viewport_size({"width": width, "height": height})
        assert window.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        start, end = edges(group.bounding_box(), direction)
        for each in group.locator("*:visible").all():
            box = each.bounding_box()
            if box is not None and box["width"] > 1:
                first, last = edges(box, direction)
                assert start - 1 <= first <= last <= end + 1, each.evaluate("each => each.outerHTML")
        assert edges(group.locator("label").bounding_box(), direction)[0] == pytest.approx(start, abs=1)
        frame = edges(group.locator(".captcha-frame").bounding_box(), direction)
        assert frame[0] == pytest.approx(start, abs=1)
        beside = edges(group.locator(".captcha-buttons").bounding_box(), direction)
        assert beside[0] >= frame[1] if width > 320 else beside[0] == pytest.approx(start, abs=1)
        for scheme in ("light", "dark"):
            window.page.emulate_media(color_scheme=scheme)
            window.check()


@pytest.mark.parametrize("language", ["de", "he", "ar", "th"])
def test_the_name_of_a_button_is_its_text(visit: Visits, site: Site, language: str) -> None:
    """Who speaks to the browser says what is on the button (WCAG 2.5.3)."""
    _, group = opened(visit, site, language, "with the script")
    expect(group.get_by_role("button")).to_have_count(3)  # that without reading comes with a script of its own
    for button in group.get_by_role("button").all():
        expect(button).to_have_accessible_name(button.inner_text().strip())
