"""The widget when something is in its way, in Debian's Chromium. Each window is checked at the end."""

import json
import re
from typing import Any

import pytest
from flask_jwt_extended import create_access_token
from playwright.sync_api import Route, expect

from flask_captcha_api import StoreUnavailable
from flask_captcha_api.service import CaptchaService
from flask_captcha_api.texts import TEXTS

from .browser_site import Site
from .browsers import Visits

UUID = "field => field.uuid"
EVENTS = """field => {
    window.told = [];
    for (const name of ["captcha-ready", "captcha-error", "captcha-expired", "captcha-token"])
        field.addEventListener(name, (event) => told.push([name, event.detail]));
}"""
#: What the script says in English, beside what stands in texts.py.
TEXT = {
    "changed": "There is a new picture.",
    "limited": "Too many requests. Please wait a little.",
    "failed": "The captcha could not be loaded. Please try again.",
    "silent": "There is no sound for this captcha.",
    "expired": "This captcha has expired. Please get a new one.",
    "wrong": "That was not right. Please try again.",
}
#: The widget's script alone, for an element that the page writes itself.
SCRIPT = '<script type="module" src="{{ captcha_field("web").split(\'src="\')[-1].split(\'"\')[0] }}"></script>'
FIELD = '<form>{{ captcha_field("web") }}</form>'


def test_it_renews_itself_while_nothing_is_typed(visit: Visits, site: Site) -> None:
    """A minute before the captcha expires there is another; the visitor sees a picture that is good, whenever."""
    window = visit()
    window.page.clock.install()
    field = window.show(FIELD)
    before = field.evaluate(UUID)
    window.page.clock.run_for(230_000)
    assert field.evaluate(UUID) == before
    window.page.clock.run_for(15_000)
    expect(field.get_by_role("status")).to_have_text("There is a new picture.")
    assert field.evaluate(UUID) != before
    assert [path for path, _ in site.asked] == ["/captcha/web"]


def test_it_says_that_it_has_expired(visit: Visits, site: Site) -> None:
    """What has been typed is not taken away; but it is said, the form is not sent, and a new picture puts it right."""
    window = visit()
    window.page.clock.install()
    field = window.show(FIELD)
    field.evaluate(EVENTS)
    field.get_by_role("textbox").fill("407")
    window.page.clock.run_for(302_000)
    expect(field.get_by_role("textbox")).to_have_accessible_description(TEXT["expired"])
    assert field.evaluate("field => [field.value, field.uuid, field.closest('form').checkValidity()]") == [
        "407",
        "",
        False,
    ]
    assert window.page.evaluate("told") == [["captcha-expired", None]]
    assert site.asked == []
    field.get_by_role("button", name="New picture").click()
    expect(field.get_by_role("textbox")).to_have_attribute("aria-invalid", "false")
    expect(field.get_by_role("textbox")).to_have_value("")
    assert field.evaluate(UUID)


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
    window.page.clock.install()
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
    assert field.locator(".frame").get_attribute("aria-busy") == "false"
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


def test_the_token(visit: Visits, site: Site) -> None:
    """The page's token is sent and a new one handed back; another one of the page's gets another captcha."""
    window = visit()
    page = window.page
    page.clock.install()
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


def test_the_routes_of_another_origin(visit: Visits, site: Site) -> None:
    """With ``base`` the captcha comes from elsewhere, its lifetime too, and the buttons work there."""
    elsewhere = site.address.replace("127.0.0.1", "localhost")
    site.policy = "; ".join([*site.policy.split("; "), f"connect-src 'self' {elsewhere}"])
    window = visit()
    window.page.clock.install()
    window.page.on("request", lambda request: urls.append(request.url))
    urls: list[str] = []
    field = window.show(f'<captcha-field source="web" base="{elsewhere}/captcha/"></captcha-field>' + SCRIPT)
    before = field.evaluate(UUID)
    window.page.clock.run_for(245_000)
    window.wait_for(f"field => field.uuid != '{before}'")
    assert urls.count(f"{elsewhere}/captcha/web") == 2
    field.evaluate("field => { field.token = () => 'a.b.c' }")  # needs a preflight, and is refused
    window.page.clock.run_for(1_000)
    expect(field.get_by_role("button", name="Try again")).to_be_visible()
    assert site.asked[-1] == ("/captcha/web", "Bearer a.b.c")


def test_inside_a_shadow_root(visit: Visits) -> None:
    """In the shadow root of another element it works alike, in the language of the host."""
    window = visit()
    window.show(FIELD)
    window.page.evaluate(
        """() => {
            const host = document.querySelector("main").appendChild(document.createElement("div"));
            host.lang = "ja";
            host.attachShadow({ mode: "open" }).innerHTML =
                '<form><captcha-field source="web" id="inner"></captcha-field></form>';
        }"""
    )
    inner = window.page.locator("#inner")
    expect(inner.get_by_role("img")).to_be_visible()
    expect(inner.get_by_role("button", name="別の画像")).to_be_visible()
    inner.get_by_role("textbox").fill("1")
    assert [name for name, _ in inner.evaluate("field => [...new FormData(field.closest('form'))]")] == ["uuid", "code"]
    assert inner.get_by_role("button").first.evaluate("button => getComputedStyle(button).borderTopWidth") == "1px"


def test_a_page_translated_by_the_browser(visit: Visits) -> None:
    """Text nodes that a translator has replaced, and another ``lang``, break nothing; new texts are right again."""
    window = visit()
    page = window.page
    page.clock.install()
    field = window.show(FIELD)
    field.evaluate(
        """field => {
            document.documentElement.lang = "fr";
            for (const element of field.shadowRoot.querySelectorAll("span, label")) {
                const font = document.createElement("font");
                font.textContent = "traduit";
                element.firstChild.replaceWith(font);
            }
        }"""
    )
    page.clock.run_for(2_000)
    expect(field.locator("label")).to_have_text("traduit")  # not undone, as nothing has changed
    field.get_by_role("button").last.click()
    expect(field.locator("label")).to_have_text("Digits you hear")
    page.evaluate("document.documentElement.lang = 'zh-TW'")
    page.clock.run_for(1_000)
    expect(field.locator("label")).to_have_text("聽到的數字")


def test_the_texts_follow_the_page(visit: Visits) -> None:
    """In the nearest language, and in English where there is no better one."""
    window = visit()
    window.page.clock.install()
    field = window.show(FIELD, lang="zh-Hant")
    for tag, language in (
        ("zh-Hant", "zh-Hant"), ("zh-HK", "zh-Hant"), ("zh-Hans-TW", "zh-Hans"), ("zh", "zh-Hans"),
        ("en-GB", "en"), ("ja", "ja"), ("ar", "en"), ("jam", "en"), ("zha", "en"),
    ):  # fmt: skip
        window.page.evaluate("tag => { document.documentElement.lang = tag }", tag)
        window.page.clock.run_for(1_000)
        expect(field.get_by_role("group")).to_have_accessible_name(TEXTS[language]["group"])
        expect(field.get_by_role("group")).to_have_attribute("lang", language)
    window.page.evaluate("document.documentElement.lang = 'en'")


def test_from_right_to_left(visit: Visits) -> None:
    """On a page in Arabic the widget is laid out as the page is, and says its English from left to right."""
    window = visit()
    field = window.show(FIELD, lang="ar")
    label, frame = field.locator("label").bounding_box(), field.locator(".frame").bounding_box()
    assert label["x"] + label["width"] == pytest.approx(frame["x"] + frame["width"], abs=1)
    assert field.get_by_role("button").first.bounding_box()["x"] < frame["x"]
    assert field.locator("label").evaluate("label => getComputedStyle(label).direction") == "ltr"


def test_the_texts_without_javascript_are_the_same(visit: Visits) -> None:
    """What Python says and the script says is the same, and every language has every text."""
    window = visit()
    window.show(FIELD)
    urls = "performance.getEntriesByType('resource').map(({ name }) => name)"
    (url,) = (name for name in window.page.evaluate(urls) if name.endswith("captcha-field.js"))
    script = window.page.evaluate("async (url) => (await import(url)).TEXTS", url)
    assert set(script) == set(TEXTS)
    for language, texts in TEXTS.items():
        assert set(script[language]) == set(script["en"])
        assert {key: script[language][key] for key in texts} == texts


def test_what_nobody_sees_asks_for_nothing(visit: Visits, site: Site) -> None:
    """A hidden widget gets its captcha when it is shown; a removed one lets its clock go."""
    window = visit()
    window.page.clock.install()
    field = window.show(FIELD)
    field.evaluate("field => { field.hidden = true; field.setAttribute('source', 'letters') }")
    window.page.clock.run_for(400_000)
    assert site.asked == []
    field.evaluate("field => { field.hidden = false }")
    expect(field.get_by_role("textbox", name="Letters in the picture")).to_be_visible()
    field.evaluate("field => { window.kept = field; field.remove() }")
    window.page.clock.run_for(400_000)
    assert [path for path, _ in site.asked] == ["/captcha/letters"]


def test_back_from_the_next_page(visit: Visits) -> None:
    """A page that comes out of the back/forward cache does not show the captcha that it has spent."""
    window = visit()
    field = window.show(FIELD)
    before = field.evaluate(UUID)
    window.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    window.wait_for(f"field => !['{before}', ''].includes(field.uuid)")


def test_it_is_a_control_of_its_form(visit: Visits) -> None:
    """It is reset, disabled, required and labelled as the form's other controls are."""
    window = visit()
    field = window.show(
        '<form><fieldset id="set"><label for="it">Human?</label>{{ captcha_field("web", id="it") }}</fieldset>'
        "<button>Send</button></form>"
    )
    window.page.get_by_text("Human?").click()
    expect(field.get_by_role("textbox")).to_be_focused()
    window.page.get_by_role("button", name="Send").click()
    assert field.evaluate("field => field.matches(':invalid')")
    expect(field.get_by_role("textbox")).to_be_focused()
    field.get_by_role("textbox").fill("123")
    window.page.evaluate("document.forms[0].reset()")
    assert field.evaluate("field => field.value") == ""
    window.page.evaluate("document.querySelector('#set').disabled = true")
    expect(field.get_by_role("textbox")).to_be_disabled()


@pytest.mark.parametrize("look", [{"forced_colors": "active"}, {"contrast": "more"}, {"reduced_motion": "reduce"}])
def test_other_looks(visit: Visits, look: dict[str, Any]) -> None:
    """With forced colours, more contrast and less motion it stays free of barriers, an error on it."""
    window = visit(**look)
    field = window.show(FIELD)
    field.evaluate("field => field.reject()")
    expect(field.get_by_role("textbox")).to_have_accessible_description(TEXT["wrong"])
    border = field.get_by_role("textbox").evaluate("input => getComputedStyle(input).borderTopWidth")
    assert border == "2px"


@pytest.mark.parametrize("kind", ["hanzi", "wait", "pairs-of-digits", "Letters", "toString"])
def test_a_kind_of_the_apps_own(visit: Visits, kind: str) -> None:
    """Whatever it is called, it is asked for in general words with letter keys, or as the page's attributes say."""
    window = visit()

    def rename(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, headers={**response.headers, "captcha-kind": kind})

    window.page.route("**/captcha/web*", rename)
    field = window.show('<form><captcha-field source="web"></captcha-field></form>' + SCRIPT)
    expect(field.get_by_role("textbox", name="Characters in the picture")).to_have_attribute("inputmode", "text")
    field = window.show(
        '<form><captcha-field source="web" asks="Chinese numerals" inputmode="decimal"></captcha-field></form>' + SCRIPT
    )
    expect(field.get_by_role("textbox", name="Chinese numerals in the picture")).to_have_attribute(
        "inputmode", "decimal"
    )
    expect(field.get_by_role("img")).to_have_accessible_name(re.compile("type the Chinese numerals in this picture"))


def test_what_the_template_says_is_asked_stays(visit: Visits) -> None:
    """The script that takes the server's form over asks in the words that the template gave."""
    window = visit()
    field = window.show('<form>{{ captcha_field("web", asks="numerals", inputmode="decimal") }}</form>')
    expect(field.get_by_role("textbox", name="Numerals in the picture")).to_have_attribute("inputmode", "decimal")
