"""The widget on all kinds of pages, in Debian's Chromium. Each window is checked at the end."""

import json
import re
from typing import Any

import pytest
from flask_jwt_extended import create_access_token
from playwright.sync_api import Route, expect

from flask_captcha_api.translations import BUNDLED
from flask_captcha_api.widget.assets import LATEST, SCRIPT

from ..support.browser.browsers import FIELD, HINT, TEXT, UUID, Held, Visits, without_widget
from ..support.browser.site import POLICY, Site

pytestmark = pytest.mark.browser

SCRIPT_PATH = f"/captcha/static/{LATEST}/{SCRIPT}"


def script_tag(origin: str = "") -> str:
    """Return what loads the widget where no template does."""
    return f'<script type="module" src="{origin}{SCRIPT_PATH}"></script>'


def test_the_routes_of_another_origin(visit: Visits, site: Site) -> None:
    """With ``base`` the captcha comes from elsewhere, its lifetime too, and the buttons work there."""
    elsewhere = site.address.replace("127.0.0.1", "localhost")
    site.policy = "; ".join([*site.policy.split("; "), f"connect-src 'self' {elsewhere}"])
    window = visit()
    window.stop_clock()
    window.page.on("request", lambda request: urls.append(request.url))
    urls: list[str] = []
    field = window.show(f'<captcha-field source="web" base="{elsewhere}/captcha/"></captcha-field>' + script_tag())
    before = field.evaluate(UUID)
    window.page.clock.run_for(245_000)
    window.wait_for(f"field => field.uuid != '{before}'")
    assert urls.count(f"{elsewhere}/captcha/web") == 2
    field.evaluate("field => { field.token = () => 'a.b.c' }")  # needs a preflight, and is refused
    window.page.clock.run_for(1_000)
    expect(field.get_by_role("button", name="Try again")).to_be_visible()
    assert site.asked[-1] == ("/captcha/web", "Bearer a.b.c")


def test_the_script_of_another_origin(visit: Visits, site: Site) -> None:
    """A page that loads the script from the captcha's origin needs no ``base``: style and routes are beside it."""
    elsewhere = site.address.replace("127.0.0.1", "localhost")
    site.policy = f"default-src 'self' {elsewhere}; img-src data:; media-src data:"
    window = visit()
    field = window.show(f'<form><captcha-field source="web"></captcha-field></form>{script_tag(elsewhere)}')
    assert field.evaluate("field => getComputedStyle(field.shadowRoot.querySelector('fieldset')).display") == "grid"
    field.get_by_role("button", name="Listen").click()
    expect(field.get_by_role("textbox", name="Digits you hear")).to_be_visible()


#: Of ``base`` and ``source``, and the path that is asked for.
ODD_VALUES = (
    ("/captcha///", "web", "/captcha/web"),
    ("captcha", "web", "/captcha/web"),
    (" {origin}/captcha \n", "web", "/captcha/web"),
    ("{origin}/captcha?key=1#top", "web", "/captcha/web"),
    ("{origin}/captcha/#", "web", "/captcha/web"),
    ("/captcha", "a/b?c=d#e", "/captcha/a%2Fb%3Fc%3Dd%23e"),
    ("/captcha", "春 &%", "/captcha/%E6%98%A5%20%26%25"),
    ("/captcha", "constructor", "/captcha/constructor"),
    ("/captcha", "__proto__", "/captcha/__proto__"),
)
SET = """(field, [base, source]) => {
    field.setAttribute("base", base);
    field.setAttribute("source", source);
    field.refresh();
}"""


def test_odd_values_of_base_and_source(visit: Visits, site: Site) -> None:
    """They stay within their part of the URL."""
    window = visit()
    field = window.show(FIELD)
    for base, source, path in ODD_VALUES:
        with window.page.expect_response(lambda response: not re.search("^data:|json$", response.url)) as response:
            field.evaluate(SET, [base.replace("{origin}", site.address), source])
        assert response.value.url == site.address + path
        window.wait_for("field => field.uuid || field.shadowRoot.querySelector('[part=note]').textContent", field)


def test_a_base_that_leads_nowhere(visit: Visits) -> None:
    """The visitor is told, as of any captcha that cannot be loaded."""
    window = visit()
    field = window.show(FIELD)
    for base in ("http://[", "javascript:alert(1)", "data:,x", "//", "\ud800"):
        field.evaluate(SET, ["/captcha", "web"])
        window.wait_for("field => Boolean(field.uuid)", field)
        field.evaluate(SET, [base, "web"])
        expect(field.get_by_role("button", name="Try again")).to_be_visible()
    window.complaints = [each for each in window.complaints if "Content Security Policy" not in each]


def test_an_error_of_the_pages_is_shown_as_it_is(visit: Visits) -> None:
    """Only ``wrong`` and ``expired`` stand for a text of the widget's own."""
    window = visit()
    field = window.show(FIELD)
    for error in ("constructor", "__proto__", "toString", "missing", "{}", "digits", "failed"):
        field.evaluate("(field, error) => { field.setAttribute('error', error) }", error)
        expect(field.get_by_role("textbox")).to_have_accessible_description(error + HINT)
    for known in ("wrong", "expired"):
        field.evaluate("(field, error) => { field.setAttribute('error', error) }", known)
        expect(field.get_by_role("textbox")).to_have_accessible_description(TEXT[known] + HINT)


@pytest.mark.parametrize("script", ["with the script", "without"])
def test_in_a_paragraph(visit: Visits, site: Site, script: str) -> None:
    """As many macros have it: what would end the paragraph would stand outside the element."""
    window = visit()
    if script == "without":
        window.page.route("**/captcha-field.js", without_widget)
    site.body = '<form><p><label>Name <input></label></p><p>{{ captcha_field("web", error="Wrong.") }}</p></form>'
    window.page.goto("/page")
    if script == "with the script":
        window.field()
    expect(window.page.get_by_role("textbox", name="Digits in the picture")).to_have_count(1)
    assert window.page.locator("form").evaluate("form => [...new FormData(form)].map(([name]) => name)") == [
        "uuid",
        "code",
    ]
    assert window.page.evaluate("document.querySelectorAll('form > p')[1].children.length") == 1


def test_an_element_without_a_box(visit: Visits, site: Site) -> None:
    """With ``display: contents``, as layouts use for wrappers, it is in sight all the same."""
    window = visit()
    site.body = f'<form><captcha-field source="web"></captcha-field></form>{script_tag()}'
    window.page.route(
        "**/static/page.css",
        lambda route: route.fulfill(body="captcha-field { display: contents }", content_type="text/css"),
    )
    window.page.goto("/page")
    expect(window.field().get_by_role("img")).to_be_visible()


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


@pytest.mark.parametrize("is_late", [False, True])
def test_made_by_a_script(visit: Visits, site: Site, is_late: bool) -> None:
    """An element made by a script of the page is alike, and its ``token`` counts, also where it was set too early."""
    with site.app.app_context():
        token = create_access_token("ann")
    window = visit()
    site.body = "<form></form>" + ("" if is_late else script_tag())
    window.page.goto("/page")
    window.page.evaluate(
        """async ([script, token]) => {
            const field = document.createElement("captcha-field");
            field.setAttribute("source", "letters");
            field.id = "made";
            field.token = () => token;
            document.forms[0].append(field);
            await import(script);
        }""",
        [SCRIPT_PATH, token],
    )
    made = window.page.locator("#made")
    expect(made.get_by_role("textbox", name="Letters in the picture")).to_be_visible()
    expect(made.get_by_role("img")).to_be_visible()
    assert ("/captcha/letters", f"Bearer {token}") in site.asked
    assert made.evaluate("made => 'token' in document.createElement('captcha-field')")  # frameworks ask this


def test_the_strictest_policy(visit: Visits, site: Site) -> None:
    """Neither trusted types, nor a policy that allows each thing by itself, is in the way."""
    site.policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; media-src data:; "
        "form-action 'self'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    window = visit()
    field = window.show(FIELD)
    field.get_by_role("button", name="New picture").click()
    expect(field.get_by_role("status")).to_have_text(TEXT["changed"])
    field.get_by_role("button", name="Listen").click()
    expect(field.get_by_role("textbox", name="Digits you hear")).to_be_visible()
    window.wait_for("field => field.shadowRoot.querySelector('audio').currentTime > 0.1", field)
    assert window.complaints == []
    site.policy = POLICY  # axe is written into the page
    window.page.goto("/page")


def test_a_second_copy_of_the_script(visit: Visits) -> None:
    """Two versions on one page do not quarrel: the first that comes defines the element."""
    window = visit()
    window.show(FIELD + script_tag().replace(".js", ".js?2"))


def test_a_page_translated_by_the_browser(visit: Visits) -> None:
    """Text nodes that a translator has replaced, and another ``lang``, break nothing; new texts are right again."""
    window = visit()
    page = window.page
    window.stop_clock()
    field = window.show(FIELD)
    field.evaluate(
        """field => {
            document.documentElement.lang = "qaa";
            for (const element of field.shadowRoot.querySelectorAll("button span, label")) {
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
    window.stop_clock()
    field = window.show(FIELD, lang="zh-Hant")
    for tag, language in (
        *((each, each) for each in BUNDLED.catalogues),
        ("zh-HK", "zh-Hant"), ("zh-Hans-TW", "zh-Hans"), ("zh", "zh-Hans"), ("zh_Hant_TW", "zh-Hant"), ("en-GB", "en"),
        ("qaa", "en"), ("jam", "en"), ("zha", "en"), ("../en", "en"), ("a/b?c#d", "en"), ("%2e%2e", "en"),
    ):  # fmt: skip
        window.page.evaluate("tag => { document.documentElement.lang = tag }", tag)
        window.page.clock.run_for(1_000)
        expect(field.get_by_role("group")).to_have_accessible_name(BUNDLED.catalogues[language].widget["group"])
        expect(field.get_by_role("group")).to_have_attribute("lang", language)
    window.page.evaluate("document.documentElement.lang = 'en'")


def test_from_right_to_left(visit: Visits) -> None:
    """It is laid out in the direction of its own texts, which may not be that of the page."""
    window = visit()
    field = window.show(FIELD, lang="fa")  # served in English
    assert field.locator("label").evaluate("label => getComputedStyle(label).direction") == "ltr"
    persian = {**json.loads(BUNDLED.catalogues["en"].script_json), "lang": "fa", "dir": "rtl"}
    window.page.route("**/fa.json", lambda route: route.fulfill(json=persian))
    field = window.show(FIELD, lang="fa")
    expect(field.get_by_role("group")).to_have_attribute("dir", "rtl")
    label, frame = field.locator("label").bounding_box(), field.locator("[part=frame]").bounding_box()
    assert label["x"] + label["width"] == pytest.approx(frame["x"] + frame["width"], abs=1)
    assert field.get_by_role("button").first.bounding_box()["x"] < frame["x"]


def test_without_texts_there_is_no_captcha(visit: Visits) -> None:
    """Nobody could tell what is asked for: it says so, in English, and tries the texts again with the captcha."""
    window = visit()
    window.page.route("**/en.json", lambda route: route.fulfill(body="<html>", content_type="text/html"))
    window.site.body = FIELD
    window.page.goto("/page")
    field = window.page.locator("captcha-field")
    again = field.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    expect(field.get_by_role("status")).to_have_text("The captcha could not be loaded. Please try again.")
    assert field.evaluate("field => [field.uuid, field.closest('form').checkValidity()]") == ["", False]
    with window.page.expect_response("**/en.json"):
        again.click()
    expect(field.locator("[part=frame]")).to_have_attribute("aria-busy", "false")
    expect(again).to_be_visible()
    window.page.unroute_all()
    again.click()
    expect(field.get_by_role("textbox", name="Digits in the picture")).to_be_visible()
    expect(field.get_by_role("img")).to_be_visible()


def test_texts_of_the_app_are_no_html(visit: Visits) -> None:
    """Markup, and what ``String.replace`` gives a meaning, stay what they are."""
    odd = "<img src=x onerror=alert(1)> &amp; $& $1 %s {0}"
    texts = json.loads(BUNDLED.catalogues["en"].script_json)
    own = {**texts, "refresh": odd, "digits": [odd, *texts["digits"][1:]], "wrong": odd, "soon": f"{odd} {{}}"}
    window = visit()
    window.stop_clock()
    window.page.route("**/en.json", lambda route: route.fulfill(json=own))
    field = window.show(FIELD)
    expect(field.locator("label")).to_have_text(odd)
    expect(field.get_by_role("button", name=odd)).to_be_visible()
    field.get_by_role("textbox").fill("407")
    window.page.clock.run_for(242_000)
    expect(field.get_by_role("status")).to_have_text(f"{odd} {odd}")
    field.evaluate("field => field.reject()")
    expect(field.locator("[part=error]")).to_have_text(odd)
    assert field.locator("img").count() == 1


def test_only_the_language_of_the_page_is_loaded(visit: Visits) -> None:
    """Once for all elements, and another one when the page's changes; until it is here the texts stay."""
    window = visit()
    page = window.page
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url.rpartition("/")[2]))
    window.stop_clock()
    field = window.show(FIELD * 2, lang="en-GB")
    label = field.locator("label")
    assert [url for url in urls if url.endswith(".json")] == ["en-GB.json"]
    held = Held(page, "**/ja.json")
    page.evaluate("document.documentElement.lang = 'ja'")
    page.clock.run_for(1_000)
    expect(label).to_have_text("Digits in the picture")
    held.next().continue_()
    expect(label).to_have_text("画像の数字")
    page.route("**/zh-Hant.json", lambda route: route.abort())
    with page.expect_event("requestfailed"):
        page.evaluate("document.documentElement.lang = 'zh-Hant'")
        page.clock.run_for(1_000)
    expect(label).to_have_text("画像の数字")
    page.unroute_all()
    page.clock.run_for(12_000)
    expect(label).to_have_text("圖中的數字")


def test_large_text(visit: Visits) -> None:
    """With text of twice the size the picture grows too, and nothing is cut off on the narrowest screen."""
    window = visit(viewport={"width": 320, "height": 900})
    field = window.show(FIELD)
    before = field.get_by_role("img").bounding_box()
    window.page.evaluate("document.documentElement.style.fontSize = '32px'")
    assert window.page.evaluate("document.documentElement.scrollWidth") == 320
    assert field.get_by_role("img").bounding_box()["width"] > 1.4 * before["width"]


def test_wide_pictures(visit: Visits) -> None:
    """A picture of more characters is as high as others, and wider; where there is no room it is whole all the same."""
    window = visit(viewport={"width": 700, "height": 900})
    field = window.show('<form>{{ captcha_field("long") }}</form>')
    picture = field.get_by_role("img")
    box = picture.bounding_box()
    assert (box["width"], box["height"]) == (320, 90)
    window.page.set_viewport_size({"width": 320, "height": 900})
    assert picture.bounding_box()["width"] < 300
    assert window.page.evaluate("document.documentElement.scrollWidth") == 320
    assert picture.evaluate("picture => getComputedStyle(picture).objectFit") == "contain"


def test_it_can_be_styled_from_outside(visit: Visits) -> None:
    """Its properties and its parts are what a page's style sheet reaches."""
    window = visit()
    field = window.show(FIELD)
    window.page.evaluate(
        """() => {
            const style = new CSSStyleSheet();
            style.replaceSync(`
                captcha-field {
                    --captcha-accent: rgb(1, 2, 3); --captcha-error: rgb(40, 5, 6); --captcha-radius: 7px;
                    --captcha-height: 200px; --captcha-width: 300px; --captcha-border: 3px dotted rgb(7, 8, 9);
                    --captcha-background: rgb(250, 251, 252); --captcha-font: monospace;
                    --captcha-label-weight: 300; --captcha-control-height: 56px;
                }
                ${["frame", "picture", "button", "label", "input", "hint", "error", "note"]
                    .map((part) => `captcha-field::part(${part}) { outline-offset: 8px }`).join(" ")}`);
            document.adoptedStyleSheets = [style];
        }"""
    )
    field.evaluate("field => field.reject()")
    style = "(element, name) => getComputedStyle(element)[name]"
    text = field.get_by_role("textbox")
    found = [text.evaluate(style, name) for name in ("outlineColor", "borderTopColor", "borderTopLeftRadius")]
    assert found == ["rgb(1, 2, 3)", "rgb(40, 5, 6)", "7px"]
    assert field.get_by_role("img").bounding_box()["height"] == 200
    assert field.get_by_role("group").bounding_box()["width"] == 300
    button = field.get_by_role("button", name="Listen")
    names = ("borderTopStyle", "borderTopColor", "backgroundColor", "fontFamily", "minHeight")
    assert [button.evaluate(style, name) for name in names] == [
        "dotted", "rgb(7, 8, 9)", "rgb(250, 251, 252)", "monospace", "56px",
    ]  # fmt: skip
    assert field.locator("label").evaluate(style, "fontWeight") == "300"
    parts = field.locator("[part]").all()
    assert {part.get_attribute("part") for part in parts} == {
        "frame", "picture", "button", "label", "input", "hint", "error", "note",
    }  # fmt: skip
    assert all(
        part.evaluate(style, "outlineOffset") == "8px" for part in parts if part.get_attribute("part") != "button"
    )
    assert field.get_by_role("button", name="Listen").evaluate(style, "outlineOffset") == "8px"


@pytest.mark.parametrize(
    ("lang", "label"), [("ja_JP", "画像の数字"), ("zh_Hant_TW", "圖中的數字"), ("sw_KE", "Digits in the picture")]
)
def test_a_page_whose_language_is_the_name_of_a_locale(visit: Visits, lang: str, label: str) -> None:
    """What ``<html lang="{{ get_locale() }}">`` makes is read as a browser would read the tag."""
    window = visit()
    expect(window.show(FIELD, lang=lang).get_by_role("textbox", name=label)).to_be_visible()
    window.page.evaluate("document.documentElement.lang = 'en'")  # a screen reader knows no such tag


def test_it_is_a_control_of_its_form(visit: Visits) -> None:
    """It is reset, disabled, required and labelled as the form's other controls are."""
    window = visit()
    field = window.show(
        '<form><fieldset id="set"><label for="it">Human?</label>{{ captcha_field("web", id="it") }}</fieldset>'
        "<button>Send</button></form>"
    )
    window.page.get_by_text("Human?").click()
    expect(field.get_by_role("textbox")).to_be_focused()
    window.page.evaluate("document.activeElement.blur()")
    field.locator("label").click()  # its own
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
    expect(field.get_by_role("textbox")).to_have_accessible_description(TEXT["wrong"] + HINT)
    border = field.get_by_role("textbox").evaluate("input => getComputedStyle(input).borderTopWidth")
    assert border == "2px"


@pytest.mark.parametrize(
    "kind", ["hanzi", "wait", "asks", "other", "pairs-of-digits", "Letters", "toString", "constructor", "__proto__"]
)
def test_a_kind_of_the_apps_own(visit: Visits, kind: str) -> None:
    """Whatever it is called, it is asked for in general words with letter keys, or as the page's attributes say."""
    window = visit()

    def rename(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, headers={**response.headers, "captcha-kind": kind})

    window.page.route("**/captcha/web*", rename)
    field = window.show('<form><captcha-field source="web"></captcha-field></form>' + script_tag())
    expect(field.get_by_role("textbox", name="Characters in the picture")).to_have_attribute("inputmode", "text")
    field = window.show(
        '<form><captcha-field source="web" asks="Chinese numerals" inputmode="decimal"></captcha-field></form>'
        + script_tag()
    )
    expect(field.get_by_role("textbox", name="Chinese numerals in the picture")).to_have_attribute(
        "inputmode", "decimal"
    )
    expect(field.get_by_role("img")).to_have_accessible_name(re.compile("type the Chinese numerals in this picture"))


def test_what_the_template_says_is_asked_stays(visit: Visits) -> None:
    """The script that takes the server's form over asks in the words that the template gave."""
    window = visit()
    field = window.show('<form>{{ captcha_field("web", asks="numerals ($&)", inputmode="decimal") }}</form>')
    expect(field.get_by_role("textbox", name="Numerals ($&) in the picture")).to_have_attribute("inputmode", "decimal")


def test_a_placeholder_is_that_of_the_text_field(visit: Visits) -> None:
    """As an attribute of the element, which has no text field of its own to show it in."""
    window = visit()
    field = window.show('<form>{{ captcha_field("web", attributes={"placeholder": "five digits"}) }}</form>')
    expect(field.get_by_placeholder("five digits")).to_be_visible()
