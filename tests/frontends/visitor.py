"""What a visitor does on the page of a recipe, and what has to be true of every one."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from playwright.sync_api import Browser, ConsoleMessage, FrameLocator, Locator, Page, expect

from ..support.browser.browsers import install_clock
from ..support.servers import wait_until
from .shop import ANSWER, Shop

_PATIENCE_MS = 30_000
expect.set_options(timeout=_PATIENCE_MS)
_HAS_CAPTCHA = """async (field, [before, tries]) => {
    for (; !field.uuid || field.uuid === before; tries--) {
        if (!tries) throw new Error("the widget has no captcha");
        await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return field.uuid;
}"""


class Visitor:
    """A window on a shop; at the end it must have had no errors and no barrier of its policy."""

    def __init__(self, page: Page, shop: Shop) -> None:
        self.page = page
        self.shop = shop
        #: Where the form is: the page, or a frame in it.
        self.place: Page | FrameLocator = page
        self.complaints: list[str] = []
        #: The URLs that the page has requested, in their order.
        self.requested: list[str] = []
        page.on("request", lambda request: self.requested.append(request.url))
        page.set_default_timeout(_PATIENCE_MS)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._note_message)

    def _note_message(self, message: ConsoleMessage) -> None:
        # Chromium reports 4xx by itself; React and Vue warn of what they are given wrongly.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.complaints.append(message.text)

    def captcha(self, before: str = "") -> str:
        """Wait for a captcha, other than the one before, and return its uuid."""
        return str(self.field.evaluate(_HAS_CAPTCHA, [before, _PATIENCE_MS // 10]))

    @property
    def field(self) -> Locator:
        """The widget."""
        return self.place.locator("captcha-field")

    def type(self, text: str) -> None:
        """Type what is in the picture, or not."""
        self.field.get_by_role("textbox").fill(text)

    def press(self, name: str) -> None:
        """Press a button of the page."""
        self.place.get_by_role("button", name=name, exact=True).click()

    def fill_in(self) -> None:
        """Fill in all but the captcha."""
        self.place.get_by_label("Account").fill("ann")
        self.place.get_by_label("Password").fill("open sesame")

    def sign_in(self) -> None:
        """Sign in at once."""
        self.captcha()
        self.fill_in()
        self.type(ANSWER)
        self.press("Sign in")

    def sign_in_at_the_second_try(self) -> None:
        """Mistype first: see an error and another picture, with the focus in the empty field."""
        before = self.captcha()
        self.fill_in()
        self.type("11111")
        self.press("Sign in")
        expect(self.field.get_by_role("textbox")).to_have_accessible_description(re.compile("^The captcha is wrong"))
        expect(self.field.get_by_role("textbox")).to_have_value("")
        expect(self.field.get_by_role("textbox")).to_be_focused()
        assert self.captcha() != before
        expect(self.place.get_by_label("Account")).to_have_value("ann")
        self.place.get_by_label("Password").fill("open sesame")
        self.type(ANSWER)
        self.press("Sign in")

    def transfer(self) -> None:
        """Do what only the one who has signed in may do."""
        expect(self.place.get_by_role("button", name="Transfer", exact=True)).to_be_visible()
        self.captcha()
        self.place.get_by_label("Amount").fill("12")
        self.type(ANSWER)
        self.press("Transfer")
        expect(self.place.get_by_role("status").filter(has_text="Done, ann.")).to_be_visible()

    def requests_within(self, minutes: int) -> int:
        """Return how many captchas the page requests while its clock goes on by some minutes."""
        before = len(self.requested)
        self.page.clock.run_for(minutes * 60_000)
        self.page.evaluate("fetch('/nothing')")  # what was requested earlier is known by then
        return sum("/captcha/" in url and "/static/" not in url for url in self.requested[before:])


@contextmanager
def visiting(browser: Browser, shop: Shop, path: str = "/", *, script: str = "") -> Iterator[Visitor]:
    """Open the page of a shop, after a script of the test's, and complain at the end about what no page may have."""
    with browser.new_context(base_url=shop.address) as context:
        page = context.new_page()
        install_clock(page)
        page.add_init_script(script)
        visitor = Visitor(page, shop)
        page.goto(path)
        if page.locator("iframe").count():
            visitor.place = page.frame_locator("iframe")
        yield visitor
        assert not visitor.complaints, "\n".join(visitor.complaints)


def go_through(browser: Browser, shop: Shop, *, path: str = "/") -> None:
    """Sign in at the second try, transfer, and sign out: each captcha passes once, the second bound to the token."""
    with visiting(browser, shop, path) as visitor:
        before = visitor.captcha()
        assert visitor.requests_within(5) > 0, "a captcha that is about to expire is renewed while the form is there"
        visitor.captcha(before)
        visitor.sign_in_at_the_second_try()
        visitor.transfer()
        assert shop.posts() == [("/api/login", 422), ("/api/login", 200), ("/api/transfer", 200)]
        assert [each.token for each in shop.sent if each.path == "/api/login"] == [None, None]
        issued, sent = (each.token for each in shop.sent if "transfer" in each.path)
        assert issued is not None
        assert issued.startswith("Bearer ")
        assert sent == issued

        expect(visitor.field).to_have_count(0)
        assert visitor.requests_within(10) == 0, "an element that was removed sends nothing"

        visitor.press("Sign out")
        visitor.sign_in()
        visitor.transfer()
        assert len(shop.posts()) == 5


def renew(browser: Browser, shop: Shop) -> None:
    """Go on with the token that comes with a captcha, where the login's is in the second half of its life."""
    shop.age = timedelta(minutes=10)
    with visiting(browser, shop) as visitor:
        visitor.sign_in()
        visitor.transfer()
        issued, sent = (each.token for each in shop.sent if "transfer" in each.path)
        assert None not in (issued, sent)
        assert sent != issued


def expire(browser: Browser, shop: Shop) -> None:
    """Be asked to sign in again, where the token has expired."""
    shop.age = timedelta(minutes=16)
    with visiting(browser, shop) as visitor:
        visitor.sign_in()
        wait_until(lambda: ("GET", "/captcha/transfer", 401) in [each[:3] for each in shop.sent], "the refusal")
        expect(visitor.place.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
        assert shop.posts() == [("/api/login", 200)]
        visitor.captcha()


def lose_the_back_end(browser: Browser, shop: Shop) -> None:
    """Be told that the server cannot be reached, where a proxy has a page instead, and send the same captcha again."""
    with visiting(browser, shop) as visitor:
        before = visitor.captcha()
        visitor.page.route("**/api/login", lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>"))
        visitor.sign_in()
        expect(visitor.place.get_by_role("alert")).to_have_text("The server cannot be reached. Please try again.")
        assert visitor.captcha() == before
        visitor.page.unroute("**/api/login")
        visitor.press("Sign in")
        visitor.transfer()
        assert shop.posts()[0] == ("/api/login", 200)


def click_twice(browser: Browser, shop: Shop) -> None:
    """Send a form once, and read why it was refused."""
    with visiting(browser, shop) as visitor:
        before = visitor.captcha()
        visitor.fill_in()
        visitor.place.get_by_label("Password").fill("sesame")
        visitor.type(ANSWER)
        visitor.place.get_by_role("button", name="Sign in", exact=True).evaluate(
            "button => { button.click(); button.click(); }"
        )
        expect(visitor.place.get_by_role("alert")).to_have_text("Wrong account or password.")
        visitor.captcha(before)
        assert shop.posts() == [("/api/login", 403)]
