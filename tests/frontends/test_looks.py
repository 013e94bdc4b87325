"""The recipes for looks: the widget's controls have the style of the framework's."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from . import visitor
from .looks import LOOKS, build_look
from .shop import POLICY, Shop

pytestmark = pytest.mark.browser

#: Of Material Web the field is a custom element with a shadow root, and its looks are spread over several elements.
NATIVE = [look for look in LOOKS if look != "material"]
STYLE = """element => {
    const style = getComputedStyle(element);
    const names = ["borderTopColor", "borderTopWidth", "borderTopLeftRadius", "backgroundColor", "color", "fontFamily"];
    return { ...Object.fromEntries(names.map((name) => [name, style[name]])), width: element.offsetWidth };
}"""
WEIGHT = "label => getComputedStyle(label).fontWeight"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("look", NATIVE)
def test_the_field_looks_like_the_frameworks(
    look: str, scheme: str, opened: Callable[..., Shop], chromium: Browser
) -> None:
    """Border, corners, ground, text, font and width, and the weight of labels; in a dark theme too, if there is one."""
    shop = opened("index", build_look(look))
    shop.policy = POLICY + "; style-src 'self' 'unsafe-inline'"
    with visitor.visiting(chromium, shop) as window:
        window.page.add_style_tag(content="* { transition: none !important }")  # compare final colours
        if scheme == "dark":
            window.page.emulate_media(color_scheme="dark")
            window.page.evaluate("document.documentElement.dataset.bsTheme = 'dark'")
        window.page.add_script_tag(url="/captcha/static/latest/captcha-field.js", type="module")
        window.captcha()
        native, own = window.page.get_by_label("Account"), window.field.get_by_role("textbox")
        expect(own).to_be_visible()
        assert own.evaluate(STYLE) == native.evaluate(STYLE)
        weight = window.page.locator("form > label, form > div > label").first.evaluate(WEIGHT)
        assert window.field.locator("label").evaluate(WEIGHT) == weight


def test_the_field_looks_like_materials(opened: Callable[..., Shop], chromium: Browser) -> None:
    """Outline and height of an outlined text field, and buttons in the primary colour."""
    shop = opened("index", build_look("material"))
    shop.policy = POLICY + "; style-src 'self' 'unsafe-inline'"
    with visitor.visiting(chromium, shop) as window:
        window.page.add_script_tag(url="/captcha/static/latest/captcha-field.js", type="module")
        window.captcha()
        own = window.field.get_by_role("textbox")
        outline = window.page.locator("md-outlined-text-field .outline-start").first
        for name in ("borderTopColor", "borderTopWidth", "borderTopLeftRadius"):
            drawn = f"element => getComputedStyle(element, '::before').{name}"
            assert own.evaluate(f"element => getComputedStyle(element).{name}") == outline.evaluate(drawn)
        height = "element => element.offsetHeight"
        assert own.evaluate(height) == window.page.locator("md-outlined-text-field").evaluate(height)
        color = "element => getComputedStyle(element).color"
        assert window.field.get_by_role("button").first.evaluate(color) == "rgb(103, 80, 164)"
