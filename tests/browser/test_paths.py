"""What people do with the widget, in Debian's Chromium. Each window is checked at the end: see ``browsers.Visit``."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ..support.browser.browsers import HINT, Held, Visits, without_widget
from ..support.browser.site import ANSWER, Site

pytestmark = pytest.mark.browser

WRONG = "11111"


def sign_in(page: Page, text: str) -> None:
    """Fill in the login form and send it."""
    form = page.locator("#login")
    form.get_by_label("Account").fill("demo")
    form.get_by_label("Password").fill("captcha-demo")
    form.get_by_role("textbox", name="Digits").fill(text)
    form.get_by_role("button", name="Sign in").click()


def plays_to_its_end(field: Any) -> bool:
    """Wait for the sound to end by itself, in quick motion."""
    return bool(
        field.evaluate(
            """field => new Promise(told => {
                const audio = field.shadowRoot.querySelector("audio");
                audio.playbackRate = 16;
                const check = () => audio.ended ? told(audio.currentTime > 0.5) : setTimeout(check, 20);
                check();
            })"""
        )
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_sign_in_by_the_picture(visit: Visits, scheme: Any) -> None:
    """The widget takes the page's own captcha, which signs in; the next form asks with the token and hands it back."""
    window = visit(color_scheme=scheme)
    page = window.page
    page.goto("/")
    window.field("#login")
    assert window.site.asked == []
    sign_in(page, ANSWER)
    expect(page.get_by_role("heading", name="Change the password")).to_be_visible()
    window.field("#change-password")
    assert [bool(token) for path, token in window.site.asked if path.startswith("/captcha/password")] == [True]
    form = page.locator("#change-password")
    for label in ("Current password", "New password at least", "New password again"):
        form.get_by_label(label).fill("captcha-demo")
    form.get_by_role("textbox", name="Digits").fill(ANSWER)
    form.get_by_role("button", name="Change the password").click()
    expect(form.locator(".message")).to_have_text("Your password was changed.")


SCHEMES = {
    ("light", "light dark"): "",
    ("dark", "light dark"): "?theme=dark",
    ("dark", "normal"): "?theme=dark",
    ("dark", "light"): "",
    ("dark", "only light"): "",
    ("light", "dark"): "?theme=dark",
    ("light", "dark only"): "?theme=dark",
}


@pytest.mark.parametrize(("preferred", "declared"), SCHEMES)
def test_the_theme_of_the_page_is_asked_for(visit: Visits, preferred: Any, declared: str) -> None:
    """Where the page declares one scheme, it is that one, else the visitor's; light, the default, is not asked for."""
    window = visit(color_scheme=preferred)
    window.page.goto("/")
    field = window.field("#login")
    field.evaluate("(field, declared) => { field.style.colorScheme = declared }", declared)
    field.get_by_role("button", name="New picture").click()
    expect(field.get_by_role("status")).to_have_text("There is a new picture.")
    assert [path for path, _ in window.site.asked] == ["/captcha/login" + SCHEMES[preferred, declared]]


def test_another_scheme_is_asked_for_with_the_next_picture(visit: Visits) -> None:
    """A picture that is shown stays when the visitor turns the lights off."""
    window = visit(color_scheme="light")
    window.page.goto("/")
    field = window.field("#login")
    before = field.evaluate("field => field.uuid")
    window.page.emulate_media(color_scheme="dark")
    assert field.evaluate("field => field.uuid") == before
    assert window.site.asked == []
    field.get_by_role("button", name="New picture").click()
    expect(field.get_by_role("status")).to_have_text("There is a new picture.")
    assert [path for path, _ in window.site.asked] == ["/captcha/login?theme=dark"]


def test_another_picture_keeps_the_form(visit: Visits) -> None:
    """The button changes picture and id, empties its own field, and leaves the others and the focus alone."""
    window = visit()
    page = window.page
    page.goto("/")
    field = window.field("#login")
    before = field.evaluate("field => [field.uuid, field.shadowRoot.querySelector('img').src]")
    page.locator("#login").get_by_label("Account").fill("demo")
    field.get_by_role("textbox").fill("12")
    field.get_by_role("button", name="New picture").click()
    expect(field.get_by_role("status")).to_have_text("There is a new picture.")
    after = field.evaluate("field => [field.uuid, field.shadowRoot.querySelector('img').src]")
    assert all(old != new for old, new in zip(before, after, strict=True))
    assert field.evaluate("field => field.value") == ""
    expect(page.locator("#login").get_by_label("Account")).to_have_value("demo")
    expect(field.get_by_role("button", name="New picture")).to_be_focused()


def test_sign_in_by_ear(visit: Visits) -> None:
    """The sound replaces the picture, plays to its end, again and more slowly on demand, and signs in."""
    window = visit()
    page = window.page
    page.goto("/")
    field = window.field("#login")
    picture = field.evaluate("field => field.uuid")
    field.get_by_role("button", name="Listen").click()
    expect(field.get_by_role("status")).to_have_text("The picture is hidden. Type what you hear.")
    expect(field.get_by_role("img")).to_be_hidden()
    assert field.evaluate("field => field.uuid") != picture
    assert plays_to_its_end(field)
    asked = len(window.site.asked)
    field.get_by_role("button", name="Play slower").click()
    window.wait_for("field => !field.shadowRoot.querySelector('audio').paused", field)
    assert len(window.site.asked) == asked
    assert window.site.asked[-1][0] == "/captcha/login/audio?lang=en"
    sign_in(page, ANSWER)
    expect(page.get_by_role("heading", name="Change the password")).to_be_visible()


def test_a_sound_is_stopped_and_replayed_more_slowly(visit: Visits) -> None:
    """The button says what its next press does. Every replay is slower, at the same pitch; a new sound is not."""
    window = visit()
    window.page.goto("/")
    field = window.field("#login")
    audio = "field.shadowRoot.querySelector('audio')"
    speed = f"field => [{audio}.paused, {audio}.playbackRate, {audio}.preservesPitch]"
    field.get_by_role("button", name="Listen").click()
    stop = field.get_by_role("button", name="Stop")
    window.wait_for(f"field => {audio}.currentTime > 0.1", field)
    assert field.evaluate(speed) == [False, 1, True]
    stop.click()
    assert field.evaluate(speed) == [True, 1, True]
    for _ in range(2):
        field.get_by_role("button", name="Play slower").click()
        expect(stop).to_be_focused()
        assert field.evaluate(speed) == [False, 0.8, True]
        assert field.evaluate(f"field => {audio}.currentTime") < 0.8
        stop.click()
    assert window.site.asked == [("/captcha/login/audio?lang=en", None)]
    field.get_by_role("button", name="New sound").click()
    window.wait_for(f"field => {audio}.currentTime > 0.1", field)
    assert field.evaluate(speed) == [False, 1, True]
    field.get_by_role("button", name="Show picture").click()
    expect(field.get_by_role("button", name="Listen")).to_be_visible()
    assert field.evaluate(speed)[0]


def test_back_to_the_picture(visit: Visits) -> None:
    """Show picture gets a new one, and the focus goes to the field since the button is gone."""
    window = visit()
    field = window.show('{{ captcha_field("web") }}')
    field.get_by_role("button", name="Listen").click()
    expect(field.get_by_role("textbox", name="Digits you hear")).to_be_visible()
    heard = field.evaluate("field => field.uuid")
    field.get_by_role("button", name="Show picture").click()
    expect(field.get_by_role("img")).to_be_visible()
    expect(field.get_by_role("textbox", name="Digits in the picture")).to_be_focused()
    assert field.evaluate("field => field.uuid") != heard


def test_wrong_then_right(visit: Visits) -> None:
    """A wrong text is told beside the field, which has the focus and a new captcha; then the right one signs in."""
    window = visit()
    page = window.page
    page.goto("/")
    field = window.field("#login")
    before = field.evaluate("field => field.uuid")
    sign_in(page, WRONG)
    text = field.get_by_role("textbox")
    expect(text).to_have_accessible_description("The captcha is wrong, please try again" + HINT)
    expect(text).to_have_attribute("aria-invalid", "true")
    expect(text).to_be_focused()
    expect(page.locator("#login").get_by_label("Password")).to_have_value("captcha-demo")
    assert window.field("#login").evaluate("field => field.uuid") != before
    text.press_sequentially(ANSWER)
    expect(text).to_have_attribute("aria-invalid", "false")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Change the password")).to_be_visible()


def test_with_the_keyboard_alone(visit: Visits) -> None:
    """From account to signed in with Tab, letters, Space and Return; every stop can be seen."""
    window = visit()
    page = window.page
    page.goto("/")
    field = window.field("#login")
    expect(field.get_by_role("button", name="Continue without reading")).to_be_visible()
    page.locator("#login").get_by_label("Account").focus()
    for typed in ("demo", "captcha-demo"):
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
    for name in ("New picture", "Listen", "Continue without reading"):
        expect(field.get_by_role("button", name=name)).to_be_focused()
        assert field.evaluate("field => getComputedStyle(field.shadowRoot.activeElement).outlineWidth") == "3px"
        page.keyboard.press("Tab")
    expect(field.get_by_role("textbox")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    expect(field.get_by_role("button", name="Stop")).to_be_focused()
    expect(field.get_by_role("button", name="Show picture")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type(ANSWER)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Change the password")).to_be_visible()


def test_with_the_keyboard_alone_and_nothing_to_read(visit: Visits) -> None:
    """Who can neither see nor hear the captcha signs in by typing nothing but the account (WCAG 2.2, 3.3.8)."""
    window = visit()
    page = window.page
    page.goto("/")
    field = window.field("#login")
    expect(field.get_by_role("button", name="Continue without reading")).to_be_visible()
    page.locator("#login").get_by_label("Account").focus()
    for typed in ("demo", "captcha-demo"):
        page.keyboard.type(typed)
        page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(field.get_by_role("button", name="Continue without reading")).to_be_focused()
    page.keyboard.press("Enter")
    expect(field.get_by_role("status")).to_have_text("Done. You can go on.")
    button = page.locator("#login").get_by_role("button", name="Sign in")
    for _ in range(4):
        if not button.evaluate("button => button === document.activeElement"):
            page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Change the password")).to_be_visible()


def test_at_320_pixels(visit: Visits) -> None:
    """On the narrowest screen nothing is cut off, and every target is large enough for a finger."""
    window = visit(viewport={"width": 320, "height": 640}, device_scale_factor=2)
    page = window.page
    page.goto("/")
    field = window.field("#login")
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    for control in field.locator("button:visible, input:visible").all():
        box = control.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 40
    # Sharp: at least one pixel of the picture for each of the screen.
    assert field.get_by_role("img").evaluate("image => image.naturalWidth >= 1.95 * image.clientWidth")


def test_two_fields_on_one_page(visit: Visits) -> None:
    """Each has its own captcha, and its names; one is refreshed and sent without the other."""
    window = visit()
    window.show(
        '<form id="a">{{ captcha_field("web") }}</form>'
        '<form id="b">{{ captcha_field("letters", uuid="id", text="typed") }}</form>'
    )
    first, second = window.field("#a"), window.field("#b")
    before = [each.evaluate("field => field.uuid") for each in (first, second)]
    assert before[0] != before[1]
    expect(second.get_by_role("textbox", name="Letters in the picture")).to_have_attribute("inputmode", "text")
    first.get_by_role("button", name="New picture").click()
    expect(first.get_by_role("status")).to_have_text("There is a new picture.")
    second.get_by_role("textbox").fill("BDF")
    assert second.evaluate("field => [...new FormData(field.closest('form'))]") == [["id", before[1]], ["typed", "BDF"]]
    sent = first.evaluate("field => Object.keys(Object.fromEntries(new FormData(field.closest('form'))))")
    assert sent == ["uuid", "code"]


REGISTRATION = {"Account": "nojs{}", "Password": "long-enough", "Password again": "long-enough"}


def test_register_without_javascript(visit: Visits) -> None:
    """A visitor without scripts asks for the sound, keeps the name, errs once, and has an account."""
    window = visit(java_script_enabled=False)
    page = window.page
    page.goto("/register")
    page.get_by_label("Account").fill("listener")
    page.get_by_role("button", name="Listen").click()
    expect(page.locator("audio")).to_have_attribute("src", re.compile("^data:audio/wav;base64,"))
    expect(page.get_by_label("Account")).to_have_value("listener")
    expect(page.locator(".note")).to_have_count(0)
    for text, told in ((WRONG, "The captcha is wrong, please try again"), (ANSWER, "Your account was created")):
        for label, value in {**REGISTRATION, "Account": "listener"}.items():
            page.get_by_label(label, exact=True).fill(value)
        page.get_by_role("textbox", name="Digits").fill(text)
        page.keyboard.press("Enter")  # presses Register, and not the field's own button
        expect(page.get_by_text(told)).to_be_visible()
    window.complaints.clear()
    window.check = lambda: None  # type: ignore[method-assign]  # axe is a script


@pytest.mark.parametrize("listens", [False, True])
def test_the_form_without_javascript_has_no_barriers(visit: Visits, listens: bool) -> None:
    """What a visitor without scripts gets passes the same checks, by eye and by ear."""
    window = visit()
    window.page.route("**/captcha-field.js", without_widget)
    window.page.goto("/register")
    if listens:
        window.page.get_by_role("button", name="Listen").click()
        ended = (
            "audio => new Promise(told => { audio.onended = () => told(true); audio.playbackRate = 4; audio.play() })"
        )
        assert window.page.locator("audio").evaluate(ended)


def test_a_decorated_view_lets_no_button_through(visit: Visits) -> None:
    """With the answer typed, the button for a sound still only shows the form again, and the captcha is not spent."""
    window = visit()
    page = window.page
    page.route("**/captcha-field.js", without_widget)
    page.goto("/guarded")
    page.get_by_label("Name").fill("kept")
    page.get_by_role("textbox", name="Digits").fill(ANSWER)
    page.get_by_role("button", name="Listen").click()
    expect(page.locator("audio")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("kept")
    assert window.site.sent == []


def test_what_is_typed_before_the_script_is_kept(visit: Visits, site: Site) -> None:
    """A slow script finds text and focus in the server's field, and both are there afterwards."""
    window = visit()
    page = window.page
    held = Held(page, "**/captcha-field.css", lambda request: request.resource_type == "fetch")
    site.body = '<form>{{ captcha_field("web") }}</form>'
    page.goto("/page")
    uuid = page.locator("[type=hidden]").get_attribute("value")
    page.get_by_role("textbox").press_sequentially("407")
    held.next().continue_()
    field = window.field()
    expect(field.get_by_role("textbox")).to_be_focused()
    page.keyboard.type("18")
    assert field.evaluate("field => [...new FormData(field.closest('form'))]") == [["uuid", uuid], ["code", ANSWER]]
    assert site.asked == []
