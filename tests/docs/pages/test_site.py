"""The site that is built of the documentation stands by itself, shuts nobody out, and its pages do what they say."""

import re
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Route, expect

from flask_captcha_api.testing import answers

from ...support import pages
from ...support.browser.browsers import barriers
from ...support.pages import PAGES, blocks_of
from ...support.paths import DOCS
from ...support.servers import free_port

ANSWER = "40718"


@pytest.mark.browser
def test_every_page_stands_by_itself(built: Path, served: str, chromium: Browser) -> None:
    """No page of the built site asks any other host for anything, and all that it asks for is there."""
    asked: list[tuple[str, int]] = []
    window = chromium.new_page()
    window.on("response", lambda response: asked.append((response.url, response.status)))
    # Going on to the next page aborts what the last one still asks for.
    window.on(
        "requestfailed", lambda failed: asked.append((failed.url, 200 if "ABORTED" in str(failed.failure) else 0))
    )
    names = [str(page.relative_to(DOCS).with_suffix(".html")) for page in PAGES if page.is_relative_to(DOCS)]
    for name in names:
        window.goto(f"{served}/{name}", wait_until="load")
    window.get_by_role("textbox", name="Search").click()
    window.get_by_role("textbox", name="Search").press_sequentially("keep redis")
    window.locator(".md-search-result__link", has_text="Keep captchas in Redis").first.wait_for()
    window.close()
    assert len(names) > 20
    assert {url for url, _ in asked if not url.startswith((served, "data:", "blob:"))} == set()
    assert {(url, status) for url, status in asked if url.startswith(served) and status not in (200, 304)} == set()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_shuts_anybody_out(served: str, chromium: Browser, scheme: Literal["light", "dark"]) -> None:
    """Axe finds nothing on pages with code, tables, pictures and sounds, and none is wider than a telephone."""
    with chromium.new_context(viewport={"width": 320, "height": 800}, color_scheme=scheme) as context:
        window = context.new_page()
        for name in ("index", "gallery", "troubleshooting", "how-to/jwt-spa", "reference/python"):
            window.goto(f"{served}/{name}.html", wait_until="load")
            assert window.evaluate("document.documentElement.scrollWidth") == 320
            assert [(name, each["id"], each["nodes"][0]["html"]) for each in barriers(window)] == []


_IS_BROKEN = """code => code.getClientRects().length > 1 && !/[^\\w"]/.test(code.textContent)"""


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 768, 1280])
def test_no_table_breaks_a_name(served: str, chromium: Browser, width: int) -> None:
    """A name of code stays in one line, and a table that has no room for that is scrolled, not the page."""
    with chromium.new_context(viewport={"width": width, "height": 800}) as context:
        window = context.new_page()
        for name in ("reference/settings", "how-to/hosting"):
            window.goto(f"{served}/{name}.html", wait_until="load")
            names = window.locator("td code")
            assert names.count() > 3
            assert names.evaluate_all(f"all => all.filter({_IS_BROKEN}).map(code => code.textContent)") == []
            assert window.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_page_shows_a_picture_of_its_own_scheme(
    served: str, chromium: Browser, scheme: Literal["light", "dark"]
) -> None:
    """One of two, and it is there."""
    with chromium.new_context(color_scheme=scheme) as context:
        window = context.new_page()
        window.goto(f"{served}/index.html", wait_until="load")
        pictures = window.locator(".first-look img:visible")
        expect(pictures).to_have_count(1)
        expect(pictures).to_have_attribute("src", re.compile(f"#only-{scheme}$"))
        assert pictures.evaluate("picture => picture.naturalWidth") > 0


LLMS = DOCS / "llms.txt"


def test_the_text_for_programs_is_in_the_site(built: Path) -> None:
    """Beside the first page, as it is."""
    assert (built / "llms.txt").read_text() == LLMS.read_text()


@pytest.mark.browser
def test_the_quick_start_shows_the_form_again(chromium: Browser) -> None:
    """Without JavaScript, for another picture and after wrong digits; a script gets the envelope."""
    app = pages.run(DOCS / "quick-start.md", {})["app"]
    port = free_port()
    with answers(app, ANSWER), pages.serving(app, port), chromium.new_context(java_script_enabled=False) as context:
        window = context.new_page()
        window.goto(f"http://127.0.0.1:{port}/login")
        window.get_by_role("button", name="New picture").click()
        window.get_by_label("Account").fill("ann")
        window.get_by_label("Password").fill("open sesame")
        window.get_by_role("textbox", name="Digits").fill("11111")
        window.get_by_role("button", name="Sign in").click()
        window.get_by_text("The captcha is wrong, please try again").wait_for()
        window.get_by_label("Password").fill("open sesame")
        window.get_by_role("textbox", name="Digits").fill(ANSWER)
        window.get_by_role("button", name="Sign in").click()
        window.get_by_text("welcome").wait_for()
    assert app.test_client().post("/login", json={}).get_json()["code"] == "01001"


JWT_SPA = DOCS / "how-to" / "jwt-spa.md"


@pytest.mark.browser
def test_a_page_on_another_origin_signs_in(chromium: Browser, served: str) -> None:
    """The script and the back end of the guide work together across origins; the token comes back with the captcha."""
    port = free_port()
    api, origin = f"http://127.0.0.1:{port}", served.replace("127.0.0.1", "localhost")
    names = pages.run(JWT_SPA, {"https://app.example.com": origin})
    script = next(block.text for block in blocks_of(JWT_SPA, "js") if block.file == "api.js")
    app = names["app"]
    with answers(app, ANSWER), pages.serving(app, port):
        window = chromium.new_page()
        window.goto(origin)
        told = window.evaluate(
            """async ([script, code]) => {
              const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
              const { captcha, send } = await import(url);
              const login = { account: "ann", password: "open sesame" };
              const wrong = await send("/auth/login", { ...login, uuid: (await captcha("login")).uuid, code: "1" });
              const early = await captcha("transfer").catch((error) => error.message);
              const { uuid, src } = await captcha("login");
              const right = await send("/auth/login", { ...login, uuid, code });
              const done = await send("/transfer", { uuid: (await captcha("transfer")).uuid, code });
              return [wrong.code, early, src.slice(0, 23), right.message, done.message];
            }""",
            [script.replace("https://api.example.com", api), ANSWER],
        )
        window.close()
    assert told == ["01002", "Not authorised", "data:image/jpeg;base64,", "welcome", "done, ann"]


@pytest.mark.browser
def test_the_page_on_another_origin_survives_every_answer(chromium: Browser, tmp_path: Path) -> None:
    """Wrong text, wrong password, a proxy's HTML, no network, an expired token, and what it is for."""
    port, port_of_page = free_port(), free_port()
    origin = f"http://localhost:{port_of_page}"
    app = pages.run(JWT_SPA, {"https://app.example.com": origin})["app"]
    for block in blocks_of(JWT_SPA, "html", "js"):
        assert block.file
        text = block.text.replace("https://api.example.com", f"http://127.0.0.1:{port}")
        (tmp_path / block.file).write_text(text)
    with (
        answers(app, ANSWER),
        pages.serving(app, port),
        pages.serving_files(tmp_path, port_of_page),
        chromium.new_context() as context,
    ):
        window = context.new_page()
        window.goto(f"{origin}/index.html")
        status = window.locator("body > [role=status]")

        def fulfil(route: Route, answer: dict[str, Any]) -> None:
            route.fulfill(headers={"Access-Control-Allow-Origin": origin}, **answer)

        def submit(button: str, text: str = ANSWER) -> None:
            field = window.locator("captcha-field:visible")
            expect(field.get_by_role("img")).to_be_visible()
            field.get_by_role("textbox").fill(text)
            window.get_by_role("button", name=button).click()

        window.get_by_label("Account").fill("ann")
        window.get_by_label("Password").fill("guess")
        submit("Sign in", "11111")
        expect(window.get_by_text("The captcha is wrong")).to_be_visible()
        submit("Sign in")
        expect(status).to_have_text("wrong password")
        window.get_by_label("Password").fill("open sesame")
        for answer, message in (
            ({"status": 502, "content_type": "text/html", "body": "<h1>502</h1>"}, "Please try again later."),
            ({"status": 429, "content_type": "text/html", "body": "<h1>429</h1>"}, "Too many requests. Please wait."),
        ):
            window.route("**/auth/login", partial(fulfil, answer=answer))
            submit("Sign in")
            expect(status).to_have_text(message)
            window.unroute("**/auth/login")
        window.route("**/auth/login", lambda route: route.abort())
        submit("Sign in")
        expect(status).to_have_text("No connection. Please try again.")
        window.unroute("**/auth/login")
        submit("Sign in")
        expect(status).to_have_text("welcome")
        submit("Transfer")
        expect(status).to_have_text("done, ann")
        window.route("**/transfer", partial(fulfil, answer={"status": 401, "json": {"msg": "Token has expired"}}))
        submit("Transfer")
        expect(status).to_have_text("Please sign in again.")
        expect(window.get_by_role("button", name="Sign in")).to_be_visible()
        # The widget finds it out by itself, as the captcha that it has is of another token.
        status.evaluate("status => { status.textContent = '' }")
        with window.expect_response(lambda answer: answer.request.method == "POST") as signed_in:
            submit("Sign in")
        assert signed_in.value.ok
        expect(status).to_have_text("Please sign in again.")
        expect(window.get_by_role("button", name="Sign in")).to_be_visible()
