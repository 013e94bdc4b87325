"""A browser for the tests, and what every page that they visit has to be free of."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Route, expect, sync_playwright

from flask_captcha_api.translations import BUNDLED

from ..servers import program
from .site import Site

#: A guard against hanging: what is waited for comes as soon as the machine lets it.
_PATIENCE_MS = 30_000
expect.set_options(timeout=_PATIENCE_MS)
_PAUSE_MS = 10

_FLAGS = (
    "--headless=new",
    "--accept-lang=en-US,en",  # which the one without a window would not send
    "--no-sandbox",  # the tests may run as root, and visit nobody else's pages
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

#: A widget in a form, which a test gives to ``Visit.show``.
FIELD = '<form>{{ captcha_field("web") }}</form>'
UUID = "field => field.uuid"
#: Notes the widget's events in ``told``.
EVENTS = """field => {
    window.told = [];
    for (const name of ["captcha-ready", "captcha-error", "captcha-expired", "captcha-token"])
        field.addEventListener(name, (event) => told.push([name, event.detail]));
}"""
#: What a morph (Turbo, idiomorph) does to an element without ids in it: it copies attributes that differ, and replaces
#: children that differ in tag. Returns the id that the server rendered, if it did.
MORPH = """async (field, keepsChildren) => {
    const html = await (await fetch(location)).text();
    const next = new DOMParser().parseFromString(html, "text/html").querySelector("captcha-field");
    for (const { name, value } of next.attributes) {
        if (field.getAttribute(name) !== value) field.setAttribute(name, value);
    }
    for (const name of field.getAttributeNames()) if (!next.hasAttribute(name)) field.removeAttribute(name);
    if (keepsChildren) field.append(...next.childNodes);
    else field.replaceChildren(...next.childNodes);
    return field.querySelector("[role=group] [type=hidden]")?.value;
}"""
#: Waits until the browser has told every observer that the widget is not in sight; ours was there first.
OUT_OF_SIGHT = """field => new Promise((resolve) => {
    new IntersectionObserver((entries) => entries.at(-1).isIntersecting || resolve()).observe(field);
})"""
#: Ends the description of the text field in most tests.
HINT = " Number of characters: 5."
#: What the widget says in English.
TEXT = BUNDLED.catalogues["en"].widget


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium; without it the test is skipped, or fails where it was to be there.

    The shell without a window of its own takes a third of the processor's time for a page.
    """
    path = program("chromium-headless-shell" if shutil.which("chromium-headless-shell") else "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        yield browser
        browser.close()


def install_clock(page: Page, *, at: float | None = None) -> None:
    """Install Playwright's clock, but leave the timeouts of requests to the real one.

    Otherwise a request would time out while a test lets minutes pass, however soon its response comes.

    :param at: milliseconds since 1970; None: now.
    """
    page.add_init_script("window.timeout = AbortSignal.timeout")
    page.clock.install(time=at)
    page.add_init_script("AbortSignal.timeout = timeout")


class Held:
    """Requests of a page that wait for the test, in the order they came."""

    def __init__(self, page: Page, pattern: str, only: Callable[[Request], bool] = lambda request: True) -> None:
        self._page = page
        self._routes: list[Route] = []
        page.route(pattern, lambda route: self._routes.append(route) if only(route.request) else route.continue_())

    def next(self) -> Route:
        """Wait for the next one, and return it: Playwright reports a request later than the page sends it."""
        for _ in range(_PATIENCE_MS // _PAUSE_MS):
            if self._routes:
                return self._routes.pop(0)
            self._page.wait_for_timeout(_PAUSE_MS)
        raise TimeoutError("the page has not asked for it")


class Visit:
    """A visitor's window, and what has gone wrong in it."""

    def __init__(self, context: BrowserContext, site: Site) -> None:
        self.site = site
        self.complaints: list[str] = []
        self._is_stopped = False
        context.on("request", self._note_request)
        context.on("console", self._note_message)
        self.page: Page = context.new_page()
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.set_default_timeout(_PATIENCE_MS)

    def stop_clock(self) -> None:
        """Let only ``page.clock.run_for`` advance the time of pages that are opened from now on, until the check."""
        install_clock(self.page, at=0)
        self.page.clock.pause_at(1_000)
        self._is_stopped = True

    def show(self, body: str, *, lang: str = "en") -> Any:
        """Open a page with ``body``, a template, and return its first widget once it has a captcha."""
        self.site.body, self.site.lang = body, lang
        self.page.goto("/page")
        return self.field()

    def field(self, within: str = "") -> Any:
        """Return the widget, once it has a captcha."""
        field = self.page.locator(f"{within} captcha-field".strip()).first
        self.wait_for("field => Boolean(field.uuid)", field)
        return field

    def wait_for(self, condition: str, field: Any = None) -> None:
        """Wait until a condition on the widget holds, also where the page's clock stands still."""
        field = field or self.page.locator("captcha-field").first
        for _ in range(_PATIENCE_MS // _PAUSE_MS):
            if field.evaluate(condition):
                return
            self.page.wait_for_timeout(_PAUSE_MS)
        raise TimeoutError(condition)

    def check(self) -> None:
        """Complain about what no page may have: barriers, violations of its policy, requests to elsewhere, errors."""
        if self._is_stopped:
            assert "native code" in self.page.evaluate("String(AbortSignal.timeout)"), "its requests have another clock"
            self.page.clock.resume()
        found = barriers(self.page)
        if found:  # a widget may have been about to get its texts
            self.page.wait_for_load_state("networkidle")
            found = barriers(self.page)
        self.complaints += [f"{each['id']}: {[node['html'] for node in each['nodes']]}" for each in found]
        assert not self.complaints, "\n".join(self.complaints)

    def _note_request(self, request: Request) -> None:
        at_home = request.url.startswith((self.site.address, self.site.address.replace("127.0.0.1", "localhost")))
        if not at_home and not request.url.startswith(("data:", "blob:")):
            self.complaints.append(f"request to {request.url}")

    def _note_message(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.complaints.append(message.text)


def barriers(page: Page) -> list[dict[str, Any]]:
    """Return the violations that Axe finds on a page, without its other results, which take long to hand over."""
    page.evaluate(Axe().axe_script)
    found: list[dict[str, Any]] = page.evaluate(
        "axe.run({resultTypes: ['violations']}).then(results => results.violations)"
    )
    return found


#: Opens windows; the fixture of this name.
Visits = Callable[..., Visit]


def without_widget(route: Route) -> None:
    """Keep the script away: the page is then as it is without JavaScript, and can still be looked at by ours."""
    route.abort()
