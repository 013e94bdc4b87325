"""How the widget tells that fewer characters were typed than the answer has, in Debian's Chromium."""

import unicodedata
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from flask_captcha_api.challenges.folding import Folding

from ..support.browser.browsers import TEXT, Visit, Visits
from ..support.browser.site import ANSWER
from .test_pages import SCRIPT_PATH, script_tag

pytestmark = pytest.mark.browser

#: Beyond it there are only Chinese characters, tags and variation selectors.
LAST_LETTER = 0x1FFFF
VALID = "field => field.closest('form').checkValidity()"


def show(window: Visit, source: str = "web", length: str | None = "5") -> Any:
    """Show a widget whose captchas have this many characters, or do not say how many."""

    def tell(route: Route) -> None:
        response = route.fetch()
        headers = {name: value for name, value in response.headers.items() if name != "captcha-length"}
        route.fulfill(response=response, headers={**headers, "captcha-length": length} if length else headers)

    window.page.route(f"**/captcha/{source}*", tell)
    return window.show(
        f'<form><captcha-field source="{source}"></captcha-field><button>Send</button></form>{script_tag()}'
    )


def test_a_short_answer_is_told_and_not_sent(visit: Visits) -> None:
    """The captcha is as good as before, and the visitor goes on typing."""
    window = visit()
    field = show(window)
    text = field.get_by_role("textbox")
    window.page.evaluate("window.told = []; addEventListener('invalid', ({ target }) => told.push(target), true)")
    text.fill("4071")
    window.page.get_by_role("button", name="Send").click()
    assert window.page.evaluate("told.length") == 1
    expect(text).to_be_focused()
    window.page.evaluate("() => { document.forms[0].onsubmit = () => { window.isSent = true; return false } }")
    text.press("Enter")
    assert window.page.evaluate("window.isSent") is None
    text.press_sequentially("8")
    text.press("Enter")
    window.wait_for("() => window.isSent", field)


def test_what_the_browser_says(visit: Visits) -> None:
    """That nothing was typed, or how many characters are asked for."""
    window = visit()
    # Only the element itself can see its message.
    window.page.add_init_script(
        """const attach = HTMLElement.prototype.attachInternals;
        HTMLElement.prototype.attachInternals = function () { return window.internals = attach.call(this); };"""
    )
    field = show(window)
    state = "[internals.validationMessage, internals.validity.tooShort, internals.validity.valueMissing]"
    assert window.page.evaluate(state) == ["Please type the digits.", False, True]
    field.get_by_role("textbox").fill("40")
    assert window.page.evaluate(state) == [TEXT["short"].replace("{}", "5"), True, False]
    field.get_by_role("textbox").fill("40718")
    assert window.page.evaluate(state) == ["", False, False]


def test_the_length_of_the_servers_captcha(visit: Visits) -> None:
    """It comes with the page, and counts until another captcha is loaded."""
    window = visit()

    def tell(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=response.text().replace("data-kind", 'data-length="5" data-kind', 1))

    window.page.route("**/page", tell)
    field = window.show('<form>{{ captcha_field("web") }}</form>')
    field.evaluate("field => { field.value = '4071' }")
    assert not field.evaluate(VALID)
    field.evaluate("field => { field.value = '40718' }")
    assert field.evaluate(VALID)


@pytest.mark.parametrize(
    ("source", "sentences"),
    [
        ("web", [TEXT["length"].replace("{}", "5")]),
        ("letters", [TEXT["length"].replace("{}", "5"), TEXT["case"]]),
        ("sums", []),
    ],
)
@pytest.mark.parametrize("comes_from", ["the page", "the route"])
def test_the_hint_is_the_servers(visit: Visits, source: str, sentences: list[str], comes_from: str) -> None:
    """The script says what the server knows of the answer, whether the captcha came with the page or was loaded."""
    body = f'<captcha-field source="{source}"></captcha-field>{script_tag()}'
    field = visit().show(f'{{{{ captcha_field("{source}", lang="en") }}}}' if comes_from == "the page" else body)
    expect(field.locator("[part=hint]")).to_have_text(" ".join(sentences))


ACCEPTED = (
    *("40718", " 40718 ", "4 0 7 1 8", "４０７１８", "407-18", "407–18", "407 - 18", "4−0−7−1−8"),
    *("٤٠٧١٨", "④⓪⑦①⑧", "4071\u200b8"),
)


def test_what_the_server_accepts_is_not_short(visit: Visits) -> None:
    """With one digit less it is."""
    window = visit()
    field = show(window)
    for text in ACCEPTED:
        assert Folding(digits_only=True).fold(text) == ANSWER
        field.evaluate("(field, text) => { field.value = text }", text)
        assert field.evaluate(VALID), text
        field.evaluate("(field, text) => { field.value = text }", text.replace(text.strip()[0], "", 1))
        assert not field.evaluate(VALID), text


@pytest.mark.parametrize("length", [None, "0", "many"])
def test_where_the_length_varies_nothing_is_told(visit: Visits, length: str | None) -> None:
    """One character is enough."""
    window = visit()
    field = show(window, length=length)
    assert not field.evaluate(VALID)
    field.get_by_role("textbox").fill("4")
    assert field.evaluate(VALID)


def test_dashes_count_where_they_may_be_part_of_the_answer(visit: Visits) -> None:
    """In letters the server does not ignore them."""
    window = visit()
    field = show(window, "letters", "5")
    field.get_by_role("textbox").fill("A-B-C")
    assert field.evaluate(VALID)


def test_no_character_counts_less_than_for_the_server(visit: Visits) -> None:
    """Whatever Unicode has: a text that the server accepts is never taken for too short."""
    window = visit()
    window.show('<form>{{ captcha_field("web") }}</form>')
    # In one string, as a list of so many numbers takes minutes. One character has at most 18.
    in_letters, in_digits = window.page.evaluate(
        """async ([url, end]) => {
            const { countCharacters } = await import(url);
            const count = (kind) => Array.from({ length: end }, (_, code) =>
                countCharacters(String.fromCodePoint(code), kind).toString(36)).join("");
            return [count("letters"), count("digits")];
        }""",
        [SCRIPT_PATH, LAST_LETTER + 1],
    )
    for code in range(LAST_LETTER + 1):
        character = chr(code)
        if unicodedata.category(character) in {"Cn", "Co", "Cc", "Cs"}:  # unassigned, private or refused
            continue
        assert int(in_letters[code], 36) >= len(Folding().fold(character)), hex(code)
        digits = [each for each in Folding(digits_only=True).fold(character) if each in "0123456789"]
        assert int(in_digits[code], 36) >= len(digits), hex(code)
