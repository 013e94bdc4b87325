"""The script that takes the place of reCAPTCHA's, in pages of another origin, whose servers verify with Flask-WTF."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from flask import Flask, render_template_string, request
from flask_wtf import FlaskForm, RecaptchaField
from playwright.sync_api import Browser, Page, expect

from flask_captcha_api.siteverify import create_app
from flask_captcha_api.testing import answers

from ..support.servers import free_port
from ..support.siteverify import ANSWER, SECRET_KEY, SHOP, VERIFY, serving

pytestmark = pytest.mark.browser

SOURCES: dict[str, dict[str, Any]] = {
    "shop": {},
    "sums": {"kind": "arithmetic"},
    "brief": {"ttl": 4},
    "besides": {"work": 20_000},
    "alone": {"work_alone": 20_000},
}
FRAME = """<!doctype html><html lang="en"><head><title>Shop</title><link rel="icon" href="data:,">
{% if not policy %}<script>
window.calls = [];
function solved(response) { calls.push(["solved", response]); }
function expired() { calls.push(["expired"]); }
function failed() { calls.push(["failed"]); }
</script>{% endif %}</head><body>{{ body | safe }}</body></html>"""


class Shop:
    """A site that uses reCAPTCHA as its documentation says, and the service in its place."""

    def __init__(self, page: Page, service: str, address: str) -> None:
        self.page = page
        self.service = service
        self._address = address
        self.body = ""
        self.policy = ""
        #: What its server was sent.
        self.sent: list[dict[str, str]] = []

    def show(self, body: str, query: str = "") -> Any:
        """Open a page with the script and this body; returns its first widget."""
        self.body = f'<script src="{self.service}/recaptcha/api.js{query}" async defer></script>{body}'
        return self.open("/page")

    def open(self, path: str) -> Any:
        """Open a page; returns its first widget."""
        self.page.goto(self._address + path)
        return self.page.locator("captcha-field").first

    def text(self) -> Any:
        """Return the field that the visitor types into."""
        return self.page.get_by_role("textbox", name="Digits")

    def calls(self) -> Any:
        """Return what the page's callbacks were called with."""
        return self.page.evaluate("calls")


@pytest.fixture
def shop(chromium: Browser) -> Iterator[Shop]:
    port, port_of_service = free_port(), free_port()
    origin = f"http://localhost:{port}"
    site = {"secret": SHOP, "sources": list(SOURCES), "origins": [origin]}
    service = create_app({"SECRET_KEY": SECRET_KEY, "CAPTCHA_SITES": {"shop": site}, "CAPTCHA_SOURCES": SOURCES})
    app = Flask("shop")
    address = f"http://127.0.0.1:{port_of_service}"
    app.config.update(
        SECRET_KEY="the shop's own",
        RECAPTCHA_PUBLIC_KEY="shop",
        RECAPTCHA_PRIVATE_KEY=SHOP,
        RECAPTCHA_VERIFY_SERVER=address + VERIFY,
        RECAPTCHA_SCRIPT=address + "/recaptcha/api.js",
        RECAPTCHA_PARAMETERS={"hl": "en"},
        RECAPTCHA_DATA_ATTRS={"theme": "dark", "callback": "solved"},
    )

    class Registration(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
        recaptcha = RecaptchaField()

    with ExitStack() as stack:
        context = stack.enter_context(chromium.new_context())
        shown = Shop(context.new_page(), address, origin)
        shown.page.set_default_timeout(5000)

        @app.route("/form", methods=["GET", "POST"])
        def form() -> str:
            shown.sent.append(request.form.to_dict())
            registration = Registration(meta={"csrf": False})
            if registration.validate_on_submit():
                return "registered"
            body = """<form method="post"><input name="code" value="the shop's own">{{ form.recaptcha }}
            <button>Go</button></form>{{ form.errors }}"""
            return render_template_string(FRAME, body=render_template_string(body, form=registration))

        @app.route("/page", methods=["GET", "POST"])
        def page() -> Any:
            shown.sent.append(request.form.to_dict())
            policy = {"Content-Security-Policy": shown.policy} if shown.policy else {}
            return render_template_string(FRAME, body=shown.body, policy=policy), policy

        stack.enter_context(answers(service, ANSWER))
        stack.enter_context(serving(service, port_of_service))
        stack.enter_context(serving(app, port))
        yield shown


def wait_for_captcha(field: Any) -> None:
    expect(field.get_by_role("img")).to_be_visible()


def test_a_form_of_flask_wtf(shop: Shop) -> None:
    """What is typed into the widget passes at the service, once, and the form sends no field of the widget's own."""
    wait_for_captcha(shop.open("/form"))
    shop.text().fill(ANSWER)
    shop.page.get_by_role("button", name="Go").click()
    shop.page.get_by_text("registered").wait_for()
    sent = shop.sent[-1]
    assert set(sent) == {"code", "g-recaptcha-response"}
    assert sent["code"] == "the shop's own"
    shop.page.go_back()
    shop.page.evaluate(
        """(response) => {
          const form = document.createElement("form");
          form.method = "post";
          const field = document.createElement("textarea");
          form.append(Object.assign(field, { name: "g-recaptcha-response", value: response }));
          document.body.append(form);
          form.submit();
        }""",
        sent["g-recaptcha-response"],
    )
    shop.page.get_by_text("invalid").or_(shop.page.get_by_text("missing")).wait_for()
    shop.page.get_by_text("registered").wait_for(state="detached")


def test_wrong_digits_are_refused(shop: Shop) -> None:
    """The form is shown again, with another captcha."""
    wait_for_captcha(shop.open("/form"))
    shop.text().fill("11111")
    shop.page.get_by_role("button", name="Go").click()
    shop.page.get_by_text("The response parameter is invalid or malformed.").wait_for()


def test_the_callback_gets_the_response_at_full_length(shop: Shop) -> None:
    """Not before, again if the text is corrected, and with what the field and getResponse() hold."""
    wait_for_captcha(shop.show('<div class="g-recaptcha" data-sitekey="shop" data-callback="solved"></div>', "?hl=en"))
    held = "[document.getElementById('g-recaptcha-response').value, grecaptcha.getResponse()]"
    shop.text().press_sequentially("4071")
    assert shop.calls() == []
    assert shop.page.evaluate(held) == ["", ""]
    shop.text().press("9")
    uuid = shop.page.locator("captcha-field").evaluate("field => field.uuid")
    assert shop.calls() == [["solved", f"{uuid}.40719"]]
    shop.text().press("Backspace")
    shop.text().press("8")
    assert shop.calls()[1:] == [["solved", f"{uuid}.40718"]]
    assert shop.page.evaluate(held) == [f"{uuid}.40718"] * 2


def test_where_the_length_is_unknown_the_callback_waits_until_the_text_is_left(shop: Shop) -> None:
    """The result of a sum has one digit or two."""
    wait_for_captcha(shop.show('<div class="g-recaptcha" data-sitekey="sums" data-callback="solved"></div>', "?hl=en"))
    text = shop.page.get_by_role("textbox")
    text.press_sequentially("12")
    assert shop.calls() == []
    text.blur()
    assert [name for name, _ in shop.calls()] == ["solved"]


def test_the_page_learns_of_the_expiry(shop: Shop) -> None:
    """An expired response is no longer sent."""
    body = '<div class="g-recaptcha" data-sitekey="brief" data-expired-callback="expired"></div>'
    wait_for_captcha(shop.show(body, "?hl=en"))
    shop.text().fill(ANSWER)
    shop.page.wait_for_function("calls.length")
    assert shop.calls() == [["expired"]]
    assert shop.page.evaluate("grecaptcha.getResponse()") == ""


def test_the_page_learns_of_trouble(shop: Shop) -> None:
    """A site key that is no source: the response has no CORS header, and no captcha."""
    shop.show('<div class="g-recaptcha" data-sitekey="nobody" data-error-callback="failed"></div>', "?hl=en")
    shop.page.wait_for_function("calls.length")
    assert shop.calls()[0] == ["failed"]


@pytest.mark.parametrize("source", ["besides", "alone"])
def test_work(shop: Shop, source: str) -> None:
    """A response ends with what the device has worked out, and passes; the form waits for it."""
    widget = f'<div class="g-recaptcha" data-sitekey="{source}"></div>'
    body = f'<form method="post" action="/form">{widget}<button>Go</button></form>'
    wait_for_captcha(shop.show(body, "?hl=en"))
    if source == "alone":
        shop.page.get_by_role("button", name="Continue without reading").click()
        shop.page.get_by_text("Done. You can go on.").wait_for()
    else:
        shop.text().fill(ANSWER)
    shop.page.get_by_role("button", name="Go").click()
    shop.page.get_by_text("registered").wait_for()


def test_explicit_rendering(shop: Shop) -> None:
    """Nothing is rendered by itself; each call makes a widget, with parameters in place of attributes."""
    body = """<div class="g-recaptcha" data-sitekey="shop"></div><div id="here"></div>
    <div id="there" data-sitekey="shop"></div>
    <script>
    function start() {
      const callback = (response) => calls.push(["called", response.length]);
      calls.push(grecaptcha.render("here", { sitekey: "shop", callback, theme: "light", size: "compact" }));
      calls.push(grecaptcha.render(document.getElementById("there")));
    }
    </script>"""
    field = shop.show(body, "?onload=start&render=explicit&hl=ja")
    shop.page.wait_for_function("calls.length === 2")
    wait_for_captcha(field)
    assert shop.page.locator("captcha-field").count() == 2
    assert shop.calls() == [0, 1]
    texts = shop.page.get_by_role("textbox", name="画像の数字")
    expect(texts).to_have_count(2)
    texts.nth(0).fill(ANSWER)
    texts.nth(1).fill("11111")
    assert shop.calls()[2:] == [["called", 29]]
    assert shop.page.evaluate("[0, 1].map(id => grecaptcha.getResponse(id).slice(23))") == [".40718", ".11111"]
    assert shop.page.evaluate("[...document.querySelectorAll('textarea')].map(each => each.id)") == [
        "g-recaptcha-response",
        "g-recaptcha-response-1",
    ]
    before = field.evaluate("field => field.uuid")
    shop.page.evaluate("grecaptcha.reset()")
    shop.page.wait_for_function(
        "before => ![before, ''].includes(document.querySelector('captcha-field').uuid)", arg=before
    )
    assert shop.page.evaluate("grecaptcha.getResponse()") == ""
    for call in ("render('here')", "render('nowhere')", "getResponse(2)", "getResponse('__proto__')", "reset(-1)"):
        assert "grecaptcha: th" in shop.page.evaluate(
            f"() => {{ try {{ grecaptcha.{call} }} catch (e) {{ return e.message }} }}"
        )


def test_an_invisible_one_calls_back_when_asked(shop: Shop) -> None:
    """The callback of such a page sends the form, so it is not called while the visitor types."""
    body = """<form onsubmit="event.preventDefault(); grecaptcha.execute()"><div class="g-recaptcha" data-sitekey="shop"
    data-size="invisible" data-callback="solved"></div><button formnovalidate>Go</button></form>"""
    wait_for_captcha(shop.show(body, "?hl=en"))
    go = shop.page.get_by_role("button", name="Go")
    shop.text().fill(ANSWER)
    assert shop.calls() == []
    go.click()
    assert len(shop.calls()) == 1
    shop.page.evaluate("grecaptcha.reset()")
    shop.page.wait_for_function("grecaptcha.getResponse() === '' && document.querySelector('captcha-field').uuid")
    go.click()
    expect(shop.text()).to_be_focused()
    shop.text().fill(ANSWER)
    assert len(shop.calls()) == 2


def test_an_invisible_one_of_django_recaptcha(shop: Shop) -> None:
    """Its page holds the form back, executes, and sends the form in the callback, all while the captcha is visible."""
    body = """<script>
      function send() { document.querySelector(".g-recaptcha").closest("form").submit(); }
      document.addEventListener("DOMContentLoaded", () => {
        document.querySelector(".g-recaptcha").closest("form").addEventListener("submit", (event) => {
          event.preventDefault();
          grecaptcha.execute();
        });
      });
    </script>
    <form method="post" action="/form">
      <div class="g-recaptcha" data-sitekey="besides" data-size="invisible" data-callback="send"></div>
      <button>Go</button>
    </form>"""
    wait_for_captcha(shop.show(body, "?hl=en"))
    shop.text().fill(ANSWER)
    shop.page.get_by_role("button", name="Go").click()
    shop.page.get_by_text("registered").wait_for()


def test_the_script_twice_and_the_stub(shop: Shop) -> None:
    """Two forms that each bring the script are rendered once each; what waits for it is called."""
    body = f"""<script>
      window.___grecaptcha_cfg = {{ fns: [() => calls.push("stub")] }};
    </script>
    <div class="g-recaptcha" data-sitekey="shop"></div><div class="g-recaptcha" data-sitekey="shop"></div>
    <script src="{shop.service}/captcha/recaptcha/api.js" async defer></script>"""
    wait_for_captcha(shop.show(body, "?hl=en"))
    shop.page.wait_for_function("calls.length")
    assert shop.calls() == ["stub"]
    assert shop.page.locator("captcha-field").count() == 2


def test_elements_that_are_named_like_globals(shop: Shop) -> None:
    """Markup that an attacker may have put into the page neither names another module nor switches the captcha off."""
    markup = """<img name="currentScript" src="/elsewhere/x" alt=""><form id="grecaptcha"><input name="render"></form>
    <form id="___grecaptcha_cfg"><input name="fns"></form><div class="g-recaptcha" data-sitekey="shop"></div>"""
    shop.body = f'{markup}<script src="{shop.service}/recaptcha/api.js"></script>'
    wait_for_captcha(shop.open("/page"))


def test_an_inherited_parameter_does_not_count(shop: Shop) -> None:
    """Where another script of the page has polluted the prototype of all objects."""
    body = '<div class="g-recaptcha" data-sitekey="shop" data-callback="solved"></div>'
    shop.show(f"<script>Object.prototype.callback = () => calls.push('polluted');</script>{body}", "?hl=en")
    wait_for_captcha(shop.page.locator("captcha-field").first)
    shop.text().fill(ANSWER)
    assert [each[0] for each in shop.calls()] == ["solved"]


def test_a_policy_without_anything_inline(shop: Shop) -> None:
    """The script needs no inline script and no inline style."""
    service = shop.service
    shop.policy = f"default-src 'none'; script-src {service}; connect-src {service}; img-src data:"
    complaints: list[str] = []
    shop.page.on("console", lambda message: complaints.append(message.text) if service in message.text else None)
    wait_for_captcha(
        shop.show('<div class="g-recaptcha" data-sitekey="shop" data-theme="dark" data-size="compact"></div>')
    )
    assert complaints == []


@pytest.mark.parametrize("name", ["theme", "size", "tabindex", "callback", "expired-callback", "error-callback"])
def test_attributes_are_never_html(shop: Shop, name: str) -> None:
    """Nor are a site key and a language, and no parameter reaches a prototype."""
    evil = "&quot;><img src=x onerror=calls.push(1)>"
    wait_for_captcha(shop.show(f'<div class="g-recaptcha" data-sitekey="shop" data-{name}="{evil}"></div>', "?hl=en"))
    shop.text().fill(ANSWER)
    shop.page.evaluate(
        """() => {
          const evil = "\\"><img src=x onerror=calls.push(1)>";
          const parameters = JSON.parse('{"__proto__": {"sitekey": "shop", "polluted": 1}}');
          for (const each of [{ sitekey: evil }, parameters, { sitekey: "shop", theme: evil }]) {
            const element = document.createElement("div");
            document.body.append(element);
            grecaptcha.render(element, each);
          }
        }"""
    )
    assert shop.page.locator("img[onerror], captcha-field img[src=x]").count() == 0
    assert shop.page.evaluate("[{}.polluted, calls.filter(each => each === 1).length]") == [None, 0]


@pytest.mark.parametrize(
    "query", ["?hl=%22%3E%3Cimg%20src=x%20onerror=calls.push(1)%3E", "?onload=nothing%20here", "?render=shop"]
)
def test_odd_queries(shop: Shop, query: str) -> None:
    """They break nothing; a key of v3 renders nothing, and the console says why."""
    complaints: list[str] = []
    shop.page.on("console", lambda message: complaints.append(message.text))
    shop.show('<div class="g-recaptcha" data-sitekey="shop"></div>', query)
    shop.page.wait_for_function("window.grecaptcha")
    shop.page.evaluate("new Promise(resolve => grecaptcha.ready(resolve))")
    if "render" in query:
        assert shop.page.locator("captcha-field").count() == 0
        assert complaints == ["grecaptcha: reCAPTCHA v3 has no counterpart here"]
    else:
        wait_for_captcha(shop.page.locator("captcha-field").first)
        assert shop.calls() == []
