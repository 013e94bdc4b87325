"""What has the focus on a page with an error that the server rendered, in Debian's Chromium."""

import pytest
from playwright.sync_api import expect

from ..support.browser.browsers import HINT, Visit, Visits, without_widget
from ..support.browser.site import Site
from .test_pages import script_tag

pytestmark = pytest.mark.browser

ERROR = '<form>{{ captcha_field("web", error="Wrong.") }}</form>'
NAME = '<p><label>Name <input id="name"></label></p>'
#: Puts what the server renders into a page whose widgets are defined, without what the browser would focus itself.
INSERT = """async () => {
    const html = await (await fetch(location)).text();
    const next = new DOMParser().parseFromString(html, "text/html").querySelector("#later");
    for (const input of next.querySelectorAll("captcha-field [autofocus]")) input.removeAttribute("autofocus");
    document.querySelector("#later").replaceWith(next);
}"""
FOCUSED = "() => document.activeElement.id || document.activeElement.localName"


@pytest.mark.parametrize("script", ["with the script", "without"])
def test_a_field_with_an_error_has_the_focus(visit: Visits, site: Site, script: str) -> None:
    """The visitor corrects it at once, and a screen reader reads the error."""
    window = visit()
    if script == "without":
        window.page.route("**/captcha-field.js", without_widget)
    site.body = NAME + ERROR
    window.page.goto("/page")
    text = window.page.locator("captcha-field").get_by_role("textbox")
    expect(text).to_be_focused()
    expect(text).to_have_accessible_description("Wrong." + HINT)


def insert(visit: Visits, site: Site, body: str, before: str = "") -> Visit:
    """Show a page, and then what the server rendered, as on a page whose script is there before it is drawn.

    :param before: a script that runs in between.
    """
    window = visit()
    site.body = f'{NAME}<div id="later"></div>{script_tag()}'
    window.page.goto("/page")
    window.page.evaluate("customElements.whenDefined('captcha-field').then(() => {})")
    site.body = f'{NAME}<div id="later">{body}</div>'
    window.page.evaluate(f"() => {{ {before} }}")
    window.page.evaluate(INSERT)
    window.field()
    return window


@pytest.mark.parametrize(
    ("body", "before", "has_it"),
    [
        (ERROR, "", True),
        ('<form>{{ captcha_field("web") }}</form>', "", False),
        (ERROR, "document.querySelector('#name').focus()", False),
        (ERROR, "document.querySelector('#name').autofocus = true", False),
        (f"{ERROR}<p><label>Town <input autofocus></label></p>", "", False),
    ],
    ids=["free", "no error", "focused elsewhere", "autofocus before it", "autofocus after it"],
)
def test_the_script_gives_it_the_focus(visit: Visits, site: Site, body: str, before: str, has_it: bool) -> None:
    """Where the browser has not, because the script was quicker; not if the page or the visitor has chosen another."""
    window = insert(visit, site, body, before)
    assert window.field().evaluate("field => document.activeElement === field") is has_it


def test_of_two_widgets_the_first(visit: Visits, site: Site) -> None:
    window = insert(visit, site, ERROR + ERROR.replace('"web"', '"letters", id="second"'))
    expect(window.page.locator("captcha-field").first.get_by_role("textbox")).to_be_focused()


def test_only_once(visit: Visits, site: Site) -> None:
    """An error that comes later takes the focus from nowhere, be it the page's or one that is morphed in."""
    window = insert(visit, site, ERROR)
    window.page.evaluate("document.activeElement.blur()")
    field = window.field()
    field.evaluate("field => { field.setAttribute('error', 'Wrong again.') }")
    assert window.page.evaluate(FOCUSED) == "body"
    field.evaluate("field => { const { parentNode } = field; field.remove(); parentNode.append(field); }")
    assert window.page.evaluate(FOCUSED) == "body"
    before = field.evaluate("field => field.uuid")
    field.evaluate(
        """async field => {
            const html = await (await fetch(location)).text();
            const next = new DOMParser().parseFromString(html, "text/html").querySelector("captcha-field");
            next.querySelector("[autofocus]").removeAttribute("autofocus");
            field.replaceChildren(...next.childNodes);
        }"""
    )
    window.wait_for(f"field => field.uuid !== '{before}'", field)
    assert window.page.evaluate(FOCUSED) == "body"


def test_a_frame_takes_the_focus_from_nobody(visit: Visits, site: Site) -> None:
    """While a visitor types into the page around it."""
    window = visit()
    site.body = ERROR
    around = f'<!doctype html><html lang="en"><title>Around</title>{NAME}<iframe title="Form"></iframe>'
    window.page.route("**/around", lambda route: route.fulfill(body=around, content_type="text/html"))
    window.page.goto("/around")
    window.page.locator("#name").focus()
    window.page.locator("iframe").evaluate("frame => { frame.src = '/page' }")
    frame = window.page.frame_locator("iframe")
    expect(frame.locator("captcha-field").get_by_role("img")).to_be_visible()
    window.page.keyboard.type("ann")
    expect(window.page.locator("#name")).to_have_value("ann")
    window.page.goto("/page")
