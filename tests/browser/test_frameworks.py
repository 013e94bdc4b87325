"""The widget in pages built with front-end frameworks and libraries, in Debian's Chromium.

No library is loaded. Each test does to the element what the libraries do.
"""

import pytest
from playwright.sync_api import expect

from ..support.browser_site import ANSWER, Site
from ..support.browsers import FIELD, UUID, Visits
from .test_pages import SCRIPT_PATH

pytestmark = pytest.mark.browser


def test_properties_set_before_the_definition_are_taken_over(visit: Visits, site: Site) -> None:
    """Vue, React and Svelte assign properties to an element that is defined later."""
    window = visit()
    site.body = "<form></form>"
    window.page.goto("/page")
    window.page.evaluate(
        """async (script) => {
            const field = document.createElement("captcha-field");
            field.setAttribute("source", "web");
            field.token = () => "";
            field.value = "407";
            document.forms[0].append(field);
            window.before = [field.value, field.token];
            await import(script);
            window.after = [field.value, field.token];
        }""",
        SCRIPT_PATH,
    )
    assert window.page.evaluate("after.every((each, index) => each === before[index])")
    field = window.field()
    assert field.evaluate("field => Object.keys(field)") == []
    assert field.evaluate("field => ['value', 'token'].map(name => name in field.constructor.prototype)") == [True] * 2
    assert field.evaluate("field => field.getAttributeNames()") == ["source"]
    field.evaluate("field => { field.value = '18' }")
    expect(field.get_by_role("textbox")).to_have_value("18")
    field.evaluate("field => { field.value = undefined }")
    expect(field.get_by_role("textbox")).to_have_value("")


@pytest.mark.parametrize(
    "action", ["refresh()", "reject()", "shadowRoot.querySelector('button:not([hidden])').click()"]
)
def test_emptying_the_field_fires_input(visit: Visits, action: str) -> None:
    """A two-way binding follows when the widget discards the typed text."""
    window = visit()
    field = window.show(FIELD)
    before = field.evaluate(UUID)
    field.evaluate("field => { window.bound = []; field.oninput = () => bound.push(field.value) }")
    field.get_by_role("textbox").fill(ANSWER)
    field.evaluate(f"field => {{ field.{action} }}")
    window.wait_for(f"field => field.uuid && field.uuid !== '{before}'", field)
    assert window.page.evaluate("bound") == [ANSWER, ""]
