"""The widget in a form that stands in every page, in Debian's Chromium. Each window is checked at the end."""

import pytest
from playwright.sync_api import Browser, Page, expect

from ..support.browser.browsers import HINT, MORPH, OUT_OF_SIGHT, Visit, Visits
from ..support.browser.site import ANSWER, Site
from ..support.pages import blocks_of
from ..support.paths import DOCS

pytestmark = pytest.mark.browser

LAZY, CLOSED = (
    block.text.replace('action="/login"', 'action="/passes/login"')
    for block in blocks_of(DOCS / "how-to" / "existing-app.md", "html")
)
DEFINED = "field => Boolean(field.shadowRoot)"
#: Waits until the browser has told every observer that the widget is in sight; the widget's own was there first.
IN_SIGHT = """field => new Promise((resolve) => {
    new IntersectionObserver((entries) => entries.at(-1).isIntersecting && resolve()).observe(field);
})"""
SHOWN_AGAIN = """
<form method="post" action="/guarded/send">
  <label>Name <input name="name" required value="{{ request.form.name }}"></label>
  {{ captcha_field("web", error=error, lazy=True) }}<button>Send</button>
</form>"""


def solve(page: Page) -> None:
    page.get_by_role("textbox", name="Digits in the picture").fill(ANSWER)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("passed")).to_be_visible()


def in_form(visit: Visits, site: Site) -> tuple[Visit, str]:
    """Open a page with another field, and put the focus into the form; returns the window and the captcha's id."""
    window = visit()
    window.stop_clock()
    site.body = "<label>Search <input></label>" + LAZY
    window.page.goto("/page")
    window.page.get_by_label("Account").focus()
    return window, window.field().evaluate("field => field.uuid")


def test_the_focus_in_the_form_requests_a_captcha(visit: Visits, site: Site) -> None:
    """Nothing else does: the widget is seen, time passes, and the focus is elsewhere on the page."""
    window = visit()
    page = window.page
    window.stop_clock()
    site.body = "<label>Search <input></label>" + LAZY
    response = page.goto("/page")
    assert response is not None
    assert "no-store" not in (response.header_value("Cache-Control") or "")
    window.wait_for(DEFINED)
    page.locator("captcha-field").evaluate(IN_SIGHT)
    page.get_by_label("Search").focus()
    page.clock.run_for(400_000)
    assert site.asked == []
    button = page.get_by_role("button", name="Sign in")
    expect(page.get_by_role("textbox", name="Digits in the picture")).to_have_accessible_description(HINT.strip())
    before = button.bounding_box()
    page.get_by_label("Account").focus()
    window.field()
    assert button.bounding_box() == before  # nothing moves under the pointer
    assert [path for path, _ in site.asked] == ["/captcha/login"]
    solve(page)


@pytest.mark.parametrize(
    ("button", "path"), [("New picture", "/captcha/login"), ("Listen", "/captcha/login/audio?lang=en")]
)
def test_pressing_a_button_first_requests_one_captcha(visit: Visits, site: Site, button: str, path: str) -> None:
    """However long it is held: the press puts the focus into the widget, which leaves the request to the click."""
    window = visit()
    page = window.page
    window.stop_clock()
    site.body = LAZY
    page.goto("/page")
    window.wait_for(DEFINED)
    page.get_by_role("button", name=button).hover()
    page.mouse.down()
    page.clock.run_for(5_000)
    assert site.asked == []
    page.mouse.up()
    window.wait_for("field => field.uuid")
    assert [asked for asked, _ in site.asked] == [path]


def test_what_was_typed_for_an_expired_one_gets_the_next(visit: Visits, site: Site) -> None:
    """Once, though the visitor has gone on reading: they are told that there is one."""
    window, before = in_form(visit, site)
    page = window.page
    page.get_by_role("textbox", name="Digits in the picture").fill("1")
    page.get_by_label("Search").focus()
    page.clock.run_for(310_000)
    window.wait_for(f"field => field.uuid && field.uuid !== '{before}'")
    page.clock.run_for(900_000)
    assert [path for path, _ in site.asked] == ["/captcha/login"] * 2


def test_a_morph_forgets_what_may_have_been_spent(visit: Visits, site: Site) -> None:
    """The page that it renders has no captcha, so the visitor gets one as on any such page."""
    window = visit()
    page = window.page
    site.body = LAZY
    page.goto("/page")
    page.get_by_label("Account").focus()
    field = window.field()
    before = field.evaluate("field => field.uuid")
    page.get_by_role("textbox", name="Digits in the picture").fill(ANSWER)
    page.evaluate("document.activeElement.blur()")
    field.evaluate(MORPH, False)
    assert field.evaluate("field => [field.uuid, field.value]") == ["", ""]
    page.get_by_label("Account").focus()
    window.wait_for(f"field => field.uuid && field.uuid !== '{before}'")
    solve(page)


def test_it_is_renewed_only_while_the_form_has_the_focus(visit: Visits, site: Site) -> None:
    """A visitor who has gone on reading has it renewed when they come back."""
    window, before = in_form(visit, site)
    page = window.page
    page.get_by_label("Search").focus()
    page.clock.run_for(400_000)
    assert len(site.asked) == 1
    page.get_by_label("Account").focus()
    window.wait_for(f"field => field.uuid && field.uuid !== '{before}'")
    assert len(site.asked) == 2
    solve(page)


def test_the_focus_counts_in_a_shadow_root(visit: Visits, site: Site) -> None:
    """Where the document sees only the host."""
    window = visit()
    site.body = LAZY
    window.page.goto("/page")
    window.page.evaluate(
        """() => {
            const host = document.querySelector("main").appendChild(document.createElement("div"));
            host.attachShadow({ mode: "open" }).innerHTML =
                '<form><label>Inner <input></label><captcha-field source="web" lazy id="inner"></captcha-field></form>';
        }"""
    )
    window.page.get_by_label("Inner").focus()
    expect(window.page.locator("#inner").get_by_role("img")).to_be_visible()
    assert [path for path, _ in site.asked] == ["/captcha/web"]


def test_a_rejected_form_of_a_script_gets_another(visit: Visits, site: Site) -> None:
    """``reject()`` puts the focus into the form, and so asks for the next captcha."""
    window = visit()
    site.body = LAZY
    window.page.goto("/page")
    window.page.get_by_label("Account").focus()
    field = window.field()
    before = field.evaluate("field => field.uuid")
    window.page.evaluate("document.activeElement.blur()")
    field.evaluate("field => field.reject()")
    window.wait_for(f"field => field.uuid && field.uuid !== '{before}'")


def test_a_closed_form_requests_nothing(visit: Visits, site: Site) -> None:
    """Until it is opened."""
    window = visit()
    page = window.page
    window.stop_clock()
    site.body = CLOSED
    page.goto("/page")
    window.wait_for(DEFINED)
    page.locator("captcha-field").evaluate(OUT_OF_SIGHT)
    page.clock.run_for(400_000)
    assert site.asked == []
    page.get_by_text("Sign in").first.click()
    window.field()
    assert [path for path, _ in site.asked] == ["/captcha/login"]
    solve(page)


def test_without_javascript_a_button_requests_one(chromium: Browser, site: Site) -> None:
    """Also where nothing else is filled in; what is stays, and Return goes on."""
    with chromium.new_context(base_url=site.address, java_script_enabled=False) as context:
        page = context.new_page()
        page.set_default_timeout(5000)
        site.body = SHOWN_AGAIN
        page.goto("/page")
        expect(page.locator("captcha-field img")).to_have_count(0)
        page.get_by_role("button", name="Show picture").click()
        expect(page.get_by_role("img")).to_be_visible()
        expect(page.locator(".captcha-error")).to_have_count(0)
        page.get_by_label("Name").fill("ann")
        page.get_by_role("textbox", name="Digits in the picture").fill(ANSWER)
        page.keyboard.press("Enter")
        expect(page.get_by_text("passed")).to_be_visible()
    assert [sent["name"] for sent in site.sent] == ["ann"]
    assert site.asked == []  # each came with its page
