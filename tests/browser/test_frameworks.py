"""The widget in pages built with front-end frameworks and libraries, in Debian's Chromium.

No library is loaded. Each test does to the element what the libraries do.
"""

import pytest
from playwright.sync_api import expect

from ..support.browser.browsers import FIELD, HINT, MORPH, UUID, Visits
from ..support.browser.site import ANSWER, Site
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


#: What jQuery 3's ``serialize()`` and htmx 1 collect: named native controls among the form's elements.
SERIALIZE = """form => [...form.elements]
    .filter(({ name, nodeName, disabled }) => name && /^(input|select|textarea)$/i.test(nodeName) && !disabled)
    .map(({ name, value }) => [name, value])"""
FORM_DATA = "form => [...new FormData(form)]"


@pytest.mark.parametrize("collect", [SERIALIZE, FORM_DATA])
def test_a_library_finds_the_fields_once(visit: Visits, collect: str) -> None:
    """Native controls carry the two fields, under the element's names, for the element's form."""
    window = visit()
    field = window.show('<form id="own"></form><form>{{ captcha_field("web", uuid="id", text="typed") }}</form>')
    field.get_by_role("textbox").fill(ANSWER)
    values = [["id", field.evaluate(UUID)], ["typed", ANSWER]]
    own, around = window.page.locator("form").all()
    assert around.evaluate(collect) == values
    field.evaluate("field => { field.setAttribute('form', 'own') }")
    assert (own.evaluate(collect), around.evaluate(collect)) == (values, [])
    field.evaluate("field => { field.removeAttribute('form'); field.setAttribute('disabled', '') }")
    assert (own.evaluate(collect), around.evaluate(collect)) == ([], [])
    field.evaluate("field => { field.removeAttribute('disabled'); field.setAttribute('text-name', 'renamed') }")
    assert around.evaluate(collect) == [values[0], ["renamed", ANSWER]]
    window.page.evaluate("document.forms[1].reset()")
    assert around.evaluate(collect) == [values[0], ["renamed", ""]]


@pytest.mark.parametrize("keeps_children", [True, False])
def test_a_morph_neither_doubles_nor_loses_the_fields(visit: Visits, site: Site, keeps_children: bool) -> None:
    """The newly rendered captcha replaces the one before, with its error, and is what the form sends."""
    window = visit()
    field = window.show('<form>{{ captcha_field("web") }}</form>')
    field.get_by_role("textbox").fill("407")
    before = field.evaluate(UUID)
    site.body = '<form>{{ captcha_field("web", error="Wrong, sorry.") }}</form>'
    rendered = field.evaluate(MORPH, keeps_children)
    form = window.page.locator("form")
    assert rendered != before
    assert form.evaluate(FORM_DATA) == form.evaluate(SERIALIZE) == [["uuid", rendered], ["code", ""]]
    expect(field.get_by_role("textbox")).to_have_accessible_description("Wrong, sorry." + HINT)
    expect(field.get_by_role("img")).to_be_visible()
    assert field.evaluate("field => field.children.length") == 2
    field.get_by_role("textbox").fill(ANSWER)
    assert form.evaluate("form => form.checkValidity()")
    assert site.asked == []


def test_a_morph_without_a_form_of_the_servers_loses_nothing(visit: Visits) -> None:
    """The page has the element alone, so its children are removed. Captcha and text are as before."""
    window = visit()
    field = window.show(FIELD)
    field.get_by_role("textbox").fill("407")
    values = [["uuid", field.evaluate(UUID)], ["code", "407"]]
    field.evaluate("field => { field.replaceChildren('\\n  ') }")
    form = window.page.locator("form")
    assert form.evaluate(FORM_DATA) == form.evaluate(SERIALIZE) == values
    field.evaluate("field => { field.lastChild.remove() }")
    assert form.evaluate(FORM_DATA) == values


def test_a_copy_of_the_page_has_the_fields_once(visit: Visits) -> None:
    """Turbo keeps a clone of a page, children included, and shows it when the visitor comes back."""
    window = visit()
    field = window.show(FIELD)
    before = field.evaluate(UUID)
    window.page.evaluate("document.forms[0].replaceWith(document.forms[0].cloneNode(true))")
    copy = window.field()
    assert window.page.locator("form").evaluate(FORM_DATA) == [["uuid", copy.evaluate(UUID)], ["code", ""]]
    assert copy.evaluate(UUID) != before
