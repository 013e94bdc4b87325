"""The widget when something is in its way, in Debian's Chromium. Each window is checked at the end."""

import json
import re
from typing import Any

import pytest
from flask_jwt_extended import create_access_token
from playwright.sync_api import Route, expect

from flask_captcha_api import StoreUnavailable
from flask_captcha_api.service import CaptchaService

from ..support.browser.browsers import EVENTS, FIELD, HINT, OUT_OF_SIGHT, TEXT, UUID, Held, Visits
from ..support.browser.site import Site
from .test_pages import script_tag

pytestmark = pytest.mark.browser


def test_it_renews_itself_while_nothing_is_typed(visit: Visits, site: Site) -> None:
    """A minute before the captcha expires there is another; the visitor sees a picture that is good, whenever."""
    window = visit()
    window.stop_clock()
    field = window.show(FIELD)
    before = field.evaluate(UUID)
    window.page.clock.run_for(230_000)
    assert field.evaluate(UUID) == before
    window.page.clock.run_for(15_000)
    expect(field.get_by_role("status")).to_have_text("There is a new picture.")
    assert field.evaluate(UUID) != before
    assert [path for path, _ in site.asked] == ["/captcha/web"]


def test_what_is_typed_while_it_renews_is_kept(visit: Visits, site: Site) -> None:
    """A visitor who begins to type while the next picture is on its way keeps the text, and the captcha it is for."""
    window = visit()
    page = window.page
    window.stop_clock()
    field = window.show(FIELD)
    before = field.evaluate(UUID)
    held = Held(page, "**/captcha/web")
    page.clock.run_for(241_000)
    window.wait_for("field => field.shadowRoot.querySelector('[aria-busy=true]')", field)
    field.get_by_role("textbox").fill("407")
    with page.expect_response("**/captcha/web"):
        held.next().continue_()
    window.wait_for("field => !field.shadowRoot.querySelector('[aria-busy=true]')", field)
    assert field.evaluate("field => [field.value, field.uuid]") == ["407", before]
    assert len(site.asked) == 1


def test_a_form_is_not_sent_without_a_captcha(visit: Visits) -> None:
    """Whatever is typed while the next one is on its way: the server would refuse it."""
    window = visit()
    field = window.show(FIELD)
    held = Held(window.page, "**/captcha/web")
    field.evaluate("field => { field.refresh(); }")
    field.get_by_role("textbox").fill("40718")
    assert field.evaluate("field => [field.uuid, field.closest('form').checkValidity()]") == ["", False]
    window.wait_for("field => field.shadowRoot.querySelector('[aria-busy=true]')", field)
    held.next().continue_()
    window.wait_for("field => Boolean(field.uuid)", field)
    field.get_by_role("textbox").fill("40718")
    assert field.evaluate("field => field.closest('form').checkValidity()")


def test_the_visitor_is_told_before_it_expires(visit: Visits, site: Site) -> None:
    """A minute before what is typed becomes useless, politely; one press of the button named goes on."""
    window = visit()
    window.stop_clock()
    field = window.show(FIELD)
    status, text = field.get_by_role("status"), field.get_by_role("textbox")
    text.fill("407")
    before = field.evaluate(UUID)
    window.page.clock.run_for(230_000)
    expect(status).to_have_text("")
    window.page.clock.run_for(12_000)
    expect(status).to_have_text("This captcha expires soon. For more time, choose “New picture”.")
    assert field.evaluate("field => [field.value, field.uuid]") == ["407", before]
    field.get_by_role("button", name="New picture").click()
    expect(status).to_have_text("There is a new picture.")
    text.fill("407")
    after = field.evaluate(UUID)
    window.page.clock.run_for(200_000)
    expect(status).to_have_text("There is a new picture.")
    assert before != after == field.evaluate(UUID)


def test_it_goes_on_with_the_next_picture_when_it_has_expired(visit: Visits, site: Site) -> None:
    """It says so, and what was typed for the last picture is gone; the page is told too."""
    window = visit()
    window.stop_clock()
    field = window.show(FIELD)
    field.evaluate(EVENTS)
    before = field.evaluate(UUID)
    text = field.get_by_role("textbox")
    text.fill("407")
    window.page.clock.run_for(302_000)
    window.wait_for("field => Boolean(field.uuid)", field)
    expect(text).to_have_accessible_description(TEXT["expired"] + HINT)
    expect(field.get_by_role("img")).to_be_visible()
    assert field.evaluate("field => [field.value, field.closest('form').checkValidity()]") == ["", False]
    assert field.evaluate(UUID) != before
    assert window.page.evaluate("told") == [
        ["captcha-expired", None],
        ["captcha-ready", {"form": "image", "length": "5"}],
    ]
    text.fill("40718")
    expect(text).to_have_attribute("aria-invalid", "false")
    expect(text).to_have_accessible_description(HINT.strip())
    assert field.evaluate("field => field.closest('form').checkValidity()")


def test_what_is_typed_expires_out_of_sight_too(visit: Visits, site: Site) -> None:
    """In a long form, the field may be far away when the form is sent: the browser goes back to it and says why."""
    window = visit(viewport={"width": 640, "height": 400})
    window.stop_clock()
    field = window.show(FIELD + "<p>and so on</p>" * 40)
    field.get_by_role("textbox").fill("40718")
    window.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    field.evaluate(OUT_OF_SIGHT)
    window.page.clock.run_for(302_000)
    assert field.evaluate("field => [field.uuid, field.value, field.closest('form').checkValidity()]") == [
        "",
        "",
        False,
    ]
    assert site.asked == []
    window.page.evaluate("scrollTo(0, 0)")
    window.page.clock.run_for(1_000)
    window.wait_for("field => Boolean(field.uuid)", field)
    expect(field.get_by_role("textbox")).to_have_accessible_description(TEXT["expired"] + HINT)


def test_a_picture_follows_a_sound_that_has_expired(visit: Visits, site: Site) -> None:
    """What somebody has heard and is about to type is not replaced in silence: it is said before and after."""
    window = visit()
    window.stop_clock()
    field = window.show(FIELD)
    field.get_by_role("button", name="Listen").click()
    window.wait_for("field => !field.shadowRoot.querySelector('[aria-busy=true]')", field)
    heard = field.evaluate(UUID)
    window.page.clock.run_for(298_000)
    assert field.evaluate(UUID) == heard
    expect(field.get_by_role("status")).to_have_text("This captcha expires soon. For more time, choose “New sound”.")
    window.page.clock.run_for(4_000)
    window.wait_for("field => Boolean(field.uuid)", field)
    expect(field.get_by_role("textbox")).to_have_accessible_description(TEXT["expired"] + HINT)
    expect(field.get_by_role("textbox", name="Digits in the picture")).to_be_visible()
    assert [path for path, _ in site.asked] == ["/captcha/web/audio?lang=en", "/captcha/web"]


def test_the_longest_lifetime_does_not_overflow(visit: Visits, site: Site) -> None:
    """A month does not fit into a timer of 32 bits: no storm of requests comes of it."""
    site.app.extensions["captcha_api"].sources._config.sources["web"].__dict__["ttl"] = 2_592_000
    try:
        window = visit()
        window.page.clock.install()
        window.show(FIELD)
        window.page.clock.run_for(5_000)
        assert site.asked == []
    finally:
        site.app.extensions["captcha_api"].sources._config.sources["web"].__dict__["ttl"] = 300


def test_after_429_the_button_waits(visit: Visits, site: Site) -> None:
    """It says how long, asks for nothing meanwhile, and the captcha that is there goes on being good."""
    window = visit()
    window.stop_clock()
    field = window.show(FIELD)
    field.evaluate(EVENTS)
    before = field.evaluate(UUID)
    site.failures = [(429, {"Retry-After": "12"})]
    field.get_by_role("button", name="New picture").click()
    button = field.get_by_role("button", name="Wait 12 s")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(field.get_by_role("status")).to_have_text(TEXT["limited"])
    assert window.page.evaluate("told") == [["captcha-error", {"status": 429, "code": "01005", "retryAfter": "12"}]]
    button.click(force=True)
    field.get_by_role("button", name="Listen").click(force=True)
    window.page.clock.run_for(5_000)
    field.get_by_role("button", name="Wait 7 s").click(force=True)
    assert (field.evaluate(UUID), len(site.asked)) == (before, 1)
    window.page.clock.run_for(8_000)
    expect(field.get_by_role("status")).to_have_text("")
    field.get_by_role("button", name="New picture").click()
    expect(field.get_by_role("status")).to_have_text(TEXT["changed"])


def test_after_429_a_captcha_that_is_lacking_comes_when_it_may(visit: Visits, site: Site) -> None:
    """Where there is none, the visitor has nothing to press: it comes when the time is over, and once."""
    window = visit()
    window.stop_clock()
    field = window.show(FIELD)
    site.failures = [(429, {"Retry-After": "30"})]
    field.evaluate("field => { field.setAttribute('source', 'letters') }")
    window.page.clock.run_for(1_000)
    expect(field.get_by_role("button", name=re.compile(r"Wait \d+ s"))).to_be_visible()
    window.page.clock.run_for(25_000)
    assert len(site.asked) == 1
    window.page.clock.run_for(6_000)
    expect(field.get_by_role("textbox", name="Letters in the picture")).to_be_visible()
    expect(field.get_by_role("img")).to_be_visible()
    expect(field.get_by_role("status")).to_have_text(TEXT["changed"])
    window.page.clock.run_for(60_000)
    assert len(site.asked) == 2


def test_after_429_it_comes_also_if_nobody_looked_when_the_time_was_over(visit: Visits, site: Site) -> None:
    """Who sees that they have to wait goes to another tab."""
    window = visit()
    page = window.page
    window.stop_clock()
    field = window.show(FIELD)
    site.failures = [(429, {"Retry-After": "30"})]
    field.evaluate("field => { field.setAttribute('source', 'letters') }")
    page.clock.run_for(1_000)
    expect(field.get_by_role("button", name=re.compile(r"Wait \d+ s"))).to_be_visible()
    page.evaluate("Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })")
    page.clock.run_for(60_000)
    assert len(site.asked) == 1
    page.evaluate("delete document.hidden")
    page.clock.run_for(1_000)
    expect(field.get_by_role("img")).to_be_visible()
    page.clock.run_for(60_000)
    assert len(site.asked) == 2


@pytest.mark.parametrize("trouble", ["503", "401", "404", "unreachable", "nonsense", "no picture"])
def test_without_a_captcha_there_is_a_way_on(visit: Visits, site: Site, trouble: str) -> None:
    """Whatever comes in place of a captcha: a message, no spinner, and a button that tries again."""
    window = visit()
    page = window.page
    field = window.show(FIELD)
    if trouble.isdigit():
        site.failures = [(int(trouble), {"Retry-After": "5"})]
    elif trouble == "unreachable":
        page.route("**/captcha/web", lambda route: route.abort())
    elif trouble == "nonsense":
        page.route("**/captcha/web", lambda route: route.fulfill(body="<h1>Proxy</h1>"))
    else:
        body = json.dumps({"response": {"uuid": "1", "image": "bm9uZQ=="}})
        page.route("**/captcha/web", lambda route: route.fulfill(body=body))
    field.evaluate("field => { field.reject() }")
    button = field.get_by_role("button", name="Try again")
    expect(button).to_be_visible()
    expect(field.get_by_role("status")).to_contain_text(TEXT["failed"])
    assert field.locator("[part=frame]").get_attribute("aria-busy") == "false"
    assert field.evaluate("field => field.closest('form').checkValidity()") is False
    page.unroute_all()
    button.click()
    expect(field.get_by_role("img")).to_be_visible()
    expect(field.get_by_role("button", name="New picture")).to_be_visible()


def test_the_store_down_while_the_page_is_rendered(visit: Visits, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is served without a captcha, and the widget gets one when the store is back."""

    def fail(*_: object, **__: object) -> None:
        raise StoreUnavailable("down, for a test")

    monkeypatch.setattr(CaptchaService, "issue", fail)
    window = visit()
    site.body = FIELD
    window.page.goto("/page")
    field = window.page.locator("captcha-field")
    expect(field.get_by_role("status")).to_have_text(TEXT["failed"])
    monkeypatch.undo()
    field.get_by_role("button", name="Try again").click()
    expect(field.get_by_role("img")).to_be_visible()


def test_no_sound_for_this_source(visit: Visits, site: Site) -> None:
    """Where the sound is switched off, that is said, the button goes, and the picture stays good."""
    window = visit()
    field = window.show(FIELD)
    before = field.evaluate(UUID)
    site.failures = [(404, {})]
    field.get_by_role("button", name="Listen").click()
    expect(field.get_by_role("status")).to_have_text(TEXT["silent"])
    expect(field.get_by_role("button", name="Listen")).to_be_hidden()
    expect(field.get_by_role("textbox")).to_be_focused()
    expect(field.get_by_role("img")).to_have_accessible_name("Captcha: type the digits in this picture.")
    assert field.evaluate(UUID) == before


@pytest.mark.parametrize("has_sound", ["yes", "no", None])
def test_a_page_with_the_script_only_knows_whether_there_is_a_sound(visit: Visits, has_sound: str | None) -> None:
    """From the response with the captcha. Where it does not say so, the button is there until it is pressed."""
    window = visit()

    def tell(route: Route) -> None:
        response = route.fetch()
        headers = {name: value for name, value in response.headers.items() if name != "captcha-audio"}
        route.fulfill(response=response, headers={**headers, "captcha-audio": has_sound} if has_sound else headers)

    window.page.route("**/captcha/web", tell)
    field = window.show(f'<form><captcha-field source="web"></captcha-field></form>{script_tag()}')
    expect(field.get_by_role("img")).to_be_visible()
    listen = field.get_by_role("button", name=TEXT["listen"])
    expect(listen).to_have_count(0 if has_sound == "no" else 1)
    names_it = TEXT["listen"] in (field.get_by_role("img").get_attribute("alt") or "")
    assert names_it is (has_sound != "no")
    assert not field.evaluate("field => field.hasAttribute('nosound')")  # which is the page's to set
    field.evaluate("field => { field.setAttribute('source', 'letters') }")
    expect(listen).to_be_visible()


def test_a_page_may_offer_no_sound_that_there_is(visit: Visits) -> None:
    """Its attribute ``nosound`` stays whatever the responses say."""
    window = visit()

    def tell(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, headers={**response.headers, "captcha-audio": "yes"})

    window.page.route("**/captcha/web", tell)
    field = window.show(f'<form><captcha-field source="web" nosound></captcha-field></form>{script_tag()}')
    expect(field.get_by_role("img")).to_be_visible()
    expect(field.get_by_role("button", name=TEXT["listen"])).to_have_count(0)


def test_the_token(visit: Visits, site: Site) -> None:
    """The page's token is sent and a new one handed back; another one of the page's gets another captcha."""
    window = visit()
    page = window.page
    window.stop_clock()
    field = window.show(FIELD)
    field.evaluate(EVENTS)

    def renew(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, headers={**answer.headers, "authorization": "Bearer new.er.one"})

    with site.app.app_context():
        tokens = [create_access_token(name) for name in ("ann", "bob")]
    page.route("**/captcha/web", renew)
    field.evaluate("(field, token) => { window.jwt = token; field.token = () => window.jwt; }", tokens[0])
    page.clock.run_for(1_000)
    window.wait_for("() => told.length == 2")
    assert page.evaluate("told")[0] == ["captcha-token", "new.er.one"]
    page.evaluate("window.jwt = 'new.er.one'")  # which is what a page does with it
    page.unroute_all()
    page.clock.run_for(3_000)
    assert [token for _, token in site.asked] == [f"Bearer {tokens[0]}"]
    page.evaluate("token => { window.jwt = token }", tokens[1])
    page.clock.run_for(1_000)
    window.wait_for("() => told.length == 3")
    assert [token for _, token in site.asked] == [f"Bearer {token}" for token in tokens]


def test_what_nobody_sees_asks_for_nothing(visit: Visits, site: Site) -> None:
    """A hidden widget gets its captcha when it is shown; a removed one lets its clock go."""
    window = visit()
    window.stop_clock()
    field = window.show(FIELD)
    field.evaluate("field => { field.hidden = true }")
    field.evaluate(OUT_OF_SIGHT)
    field.evaluate("field => { field.setAttribute('source', 'letters') }")
    window.page.clock.run_for(400_000)
    assert site.asked == []
    field.evaluate("field => { field.hidden = false }")
    expect(field.get_by_role("textbox", name="Letters in the picture")).to_be_visible()
    field.evaluate("field => { window.kept = field; field.remove() }")
    window.page.clock.run_for(400_000)
    assert [path for path, _ in site.asked] == ["/captcha/letters"]


def test_what_is_spent_is_not_kept(visit: Visits, site: Site) -> None:
    """``refresh()`` forgets the captcha also where no other can be had; a hidden widget waits until it is seen."""
    window = visit()
    window.stop_clock()
    field = window.show(FIELD)
    before = field.evaluate(UUID)
    site.failures = [(503, {})]
    field.evaluate("field => field.refresh()")
    expect(field.get_by_role("button", name="Try again")).to_be_visible()
    assert field.evaluate(UUID) == ""
    field.get_by_role("button", name="Try again").click()
    expect(field.get_by_role("img")).to_be_visible()
    assert field.evaluate(UUID) != before
    field.evaluate("field => { field.hidden = true }")
    field.evaluate(OUT_OF_SIGHT)
    field.evaluate("field => field.refresh()")
    window.page.clock.run_for(60_000)
    assert (field.evaluate(UUID), len(site.asked)) == ("", 2)
    field.evaluate("field => { field.hidden = false }")
    window.wait_for("field => field.uuid != ''", field)
    assert len(site.asked) == 3


def test_back_from_the_next_page(visit: Visits) -> None:
    """A page that comes out of the back/forward cache does not show the captcha that it has spent."""
    window = visit()
    field = window.show(FIELD)
    before = field.evaluate(UUID)
    window.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    window.wait_for(f"field => !['{before}', ''].includes(field.uuid)")
