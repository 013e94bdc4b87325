"""The documentation is true: its code runs, its commands exist, its links lead somewhere, and it stands by itself."""

import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from email.message import Message
from functools import partial
from http.client import HTTPConnection
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import metadata
from pathlib import Path
from typing import Any, Literal

import pytest
from flask import Flask, render_template_string, request
from playwright.sync_api import Browser, Route, expect

import flask_captcha_api
from flask_captcha_api import testing
from flask_captcha_api.http import gateway
from flask_captcha_api.http.results import Result
from flask_captcha_api.signals import captcha_issued
from flask_captcha_api.testing import answers
from tools.docs_tables import CHARTS, PICTURES, with_tables

from ..support import pages
from ..support.browser.browsers import barriers
from ..support.http.envelopes import envelope
from ..support.markdown import rows_below
from ..support.pages import PAGES, Block, blocks_of
from ..support.paths import DOCS, ROOT
from ..support.servers import Server, free_port, program

ANSWER = "40718"


#: What a page calls the server of a cache, and the backend whose server stands for it here.
CACHES = {"127.0.0.1:6379": "RedisCache", "127.0.0.1:11211": "MemcachedCache-pylibmc"}


#: The apps that pages serve, as servers name them: of the repository, or of files that the page shows.
APPS = (
    "app:app",
    "asgi:app",
    "example_app:create_app()",
    "flask_captcha_api.siteverify:create_app()",
    "load_app:app",
)


def of_pages_with(*languages: str) -> pytest.MarkDecorator:
    found = [page for page in PAGES if blocks_of(page, *languages)]
    return pytest.mark.parametrize("page", found, ids=pages.name_of)


def that_run(found: Iterable[Path]) -> list[Any]:
    """Return pages as parameters of a test that runs them, those marked that name the server of a cache."""
    return [
        pytest.param(page, marks=[pytest.mark.server] if any(address in page.read_text() for address in CACHES) else [])
        for page in found
    ]


@pytest.fixture(scope="module")
def elsewhere(
    settings_of: Callable[[str], dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Path], dict[str, str]]:
    """Return what stands here for the servers and folders that a page names; the servers are started for it."""

    def for_page(page: Path) -> dict[str, str]:
        told = page.read_text()
        here = {"/var/lib/myapp": str(tmp_path_factory.mktemp("myapp"))}
        if "127.0.0.1:6379" in told:
            here["127.0.0.1:6379"] = f"127.0.0.1:{settings_of('RedisCache')['CACHE_REDIS_PORT']}"
        if "127.0.0.1:11211" in told:
            (here["127.0.0.1:11211"],) = settings_of("MemcachedCache-pylibmc")["CACHE_MEMCACHED_SERVERS"]
        return here

    return for_page


@pytest.fixture(scope="module")
def ran(elsewhere: Callable[[Path], dict[str, str]]) -> Callable[[Path], dict[str, Any]]:
    """Run the Python of a page, once for all tests; returns the names that it leaves."""
    names: dict[Path, dict[str, Any]] = {}

    def run_once(page: Path) -> dict[str, Any]:
        if page not in names:
            names[page] = pages.run(page, elsewhere(page))
        return names[page]

    return run_once


@pytest.mark.parametrize(
    "page", that_run(page for page in pages.PAGES_RUN_HERE if blocks_of(page, "python")), ids=pages.name_of
)
def test_the_python_of_a_page_runs(page: Path, ran: Callable[[Path], dict[str, Any]]) -> None:
    """Each block runs as it stands, after those above it; and each app that it makes lets a captcha pass once."""
    assert ran(page)


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", that_run(page for page in pages.PAGES_RUN_HERE if pages.has_tests(page)), ids=pages.name_of
)
def test_the_tests_of_a_page_pass(page: Path, elsewhere: Callable[[Path], dict[str, str]], tmp_path: Path) -> None:
    """What a page shows as a test is one that passes."""
    pages.run_tests(page, elsewhere(page), tmp_path)


@pytest.mark.parametrize("page", [page for page in PAGES if page.stem in pages.RUN_ELSEWHERE], ids=pages.name_of)
def test_the_python_of_other_pages_runs_elsewhere(page: Path) -> None:
    """What is left out here has a test module of its own, which reads that page."""
    assert page.stem in (ROOT / "tests" / pages.RUN_ELSEWHERE[page.stem]).read_text()


def test_what_readers_move_from_is_python() -> None:
    """It needs packages that are not installed here, so it is only compiled; each part has its counterpart."""
    page = DOCS / "how-to" / "migrate.md"
    before = blocks_of(page, "py")
    for block in before:
        compile(block.text, f"{page}, line {block.line}", "exec")
    assert len(before) == 5


@of_pages_with("json", "console")
def test_envelopes_are_envelopes(page: Path) -> None:
    """JSON in a page parses; and where it has a code, code, name and status are a row of the result table."""
    found = [json.loads(block.text) for block in blocks_of(page, "json")]
    for block in blocks_of(page, "console"):
        found += [json.loads(line) for line in block.text.splitlines() if line.startswith("{")]
    results = {(result.code, result.string_code, result is Result.SUCCESS) for result in Result}
    for body in found:
        if "code" in body and "uuid" not in body:
            assert list(body) == ["status", "code", "stringCode", "message", "response"]
            assert (body["code"], body["stringCode"], body["status"]) in results


@of_pages_with("sh", "console")
def test_commands_exist(page: Path) -> None:
    """Of make the target exists, of pip the extra, and an app that is served can be found."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    extras = set(metadata("flask_captcha_api").get_all("Provides-Extra", []))
    required = {re.split(r"[^\w-]", each)[0] for each in metadata("flask_captcha_api").get_all("Requires-Dist", [])}
    for command in commands_of(page):
        words = [word for word in shlex.split(command, comments=True) if "=" not in word or word.startswith("-")]
        words[0] = words[0].removeprefix(".venv/bin/")
        match words:
            case ["make", target]:
                assert target in targets
            case ["pip", "install", what]:
                name, _, asked = what.removeprefix("./").rstrip("]").partition("[")
                assert name in ("flask_captcha_api", ".") or what in required
                assert not asked or set(asked.split(",")) <= extras
            case ["docker", "compose", "--file", file, *_]:
                assert (ROOT / file).is_file()
            case ["gunicorn" | "waitress-serve" | "granian" | "hypercorn" | "uvicorn", *_, app]:
                assert app in APPS
            case (
                ["flask", "run" | "captcha", *_]
                | [
                    "flask",
                    "--app",
                    "example_app" | "forms" | "myapp" | "flask_captcha_api.siteverify",
                    "run" | "captcha",
                    *_,
                ]
                | ["pytest"]
                | ["curl" | "redis-cli" | "export" | "openssl", *_]
                | ["python3" | "." | "python", *_]
                | ["npm", "create" | "install", *_]  # run by tests/frontends as far as the network allows
                | ["cd", _]
            ):
                pass
            case _:
                pytest.fail(f"{command}: a command that no test knows")


@pytest.mark.parametrize("page", that_run(page for page in PAGES if "curl " in page.read_text()), ids=pages.name_of)
def test_what_is_asked_by_curl_is_there(page: Path, ran: Callable[[Path], dict[str, Any]]) -> None:
    """Each URL in a page is one of the app that the page makes, for that method."""
    app = ran(page)["apps"][0]
    for command in commands_of(page):
        if command.startswith("curl "):
            (url,) = (word for word in shlex.split(command) if word.startswith("http://127.0.0.1:5000/"))
            path = url.removeprefix("http://127.0.0.1:5000").partition("?")[0]
            app.url_map.bind("127.0.0.1").match(path, method="POST" if "--json" in command else "GET")


@of_pages_with("html")
def test_templates_render(page: Path) -> None:
    """HTML in a page is a template that an app with captchas renders."""
    app = Flask("pages")
    app.config["SECRET_KEY"] = "s"
    app.jinja_loader = pages.templates_of(page)
    flask_captcha_api.CaptchaApi(app)
    for block in blocks_of(page, "html"):
        with app.test_request_context():
            assert "{{" not in render_template_string(block.text)


@pytest.mark.browser
@of_pages_with("js")
def test_scripts_parse(page: Path, chromium: Browser) -> None:
    """JavaScript in a page is a module without errors of syntax. It is not run: what stands before it throws."""
    window = chromium.new_page()
    for block in blocks_of(page, "js"):
        error = window.evaluate(
            """async (script) => {
              const parts = ["throw new RangeError();", script];
              const url = URL.createObjectURL(new Blob(parts, { type: "text/javascript" }));
              return import(url).catch((error) => error.name);
            }""",
            block.text,
        )
        assert error != "SyntaxError", f"line {block.line}"
    window.close()


@pytest.mark.parametrize("page", [page for page in PAGES if "\n<!-- table" in page.read_text()], ids=pages.name_of)
def test_tables_are_current(page: Path) -> None:
    """What stands in a page as a table of the code's, or of a measurement, is that; ``make tables`` writes it."""
    assert page.read_text() == with_tables(page.read_text())


@pytest.mark.parametrize("name", CHARTS)
def test_charts_are_current(name: str) -> None:
    """A chart shows what has been measured and kept."""
    assert (PICTURES / name).read_text() == CHARTS[name]()


def test_a_table_that_cannot_be_made_is_an_error() -> None:
    """An unknown name, and a table without an end."""
    with pytest.raises(ValueError, match="unknown table 'prices': it must be one of settings-of-sources, "):
        with_tables("<!-- table: prices -->\n<!-- end of table -->")
    with pytest.raises(ValueError, match="a table has no end: put <!-- end of table --> below it"):
        with_tables("<!-- table: results -->\n\n<!-- table: messages -->\n<!-- end of table -->\n")


def commands_of(page: Path) -> list[str]:
    """Return the commands of a page: the lines of its shell blocks, and those behind a prompt in its transcripts."""
    lines = [line for block in blocks_of(page, "sh") for line in block.text.splitlines()]
    lines += [line[2:] for block in blocks_of(page, "console") for line in block.text.splitlines() if line[:2] == "$ "]
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


# The documentation as a whole.


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site; a link or an anchor that leads nowhere, and a page that is missing, is an error."""
    pytest.importorskip("mkdocs")
    directory = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "mkdocs", "--quiet", "build", "--strict", "--site-dir", str(directory)]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    return directory


@pytest.fixture
def served(built: Path) -> Iterator[str]:
    """Serve the site; returns its address."""
    handler = partial(QuietHandler, directory=str(built))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


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


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(name: str) -> None:
    """What a page outside the documentation refers to beside it exists; its own anchors too."""
    readme = (ROOT / name).read_text()
    headings = {
        re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-")
        for line in re.findall(r"^#+ (.+)$", readme, re.MULTILINE)
    }
    links = re.findall(r"\]\(([^)]+)\)", readme) + re.findall(r'(?:src|href)="([^"]+)"', readme)
    for link in links:
        if link.startswith("#"):
            assert link[1:] in headings
        elif "://" not in link:
            assert (ROOT / link.partition("#")[0]).exists(), link


def test_every_public_name_is_in_the_reference() -> None:
    """Each name that the package exports has its entry in the reference of the Python API, and each entry a line."""
    reference = (DOCS / "reference" / "python.md").read_text()
    entries = re.findall(r"^### `([\w.]+)`$", reference, re.MULTILINE)
    rows = re.findall(r"`([\w.]+)`", " ".join(row[0] for row in rows_below(reference, "Python API")))
    assert set(flask_captcha_api.__all__) <= set(entries)
    assert {entry for entry in entries if not entry.startswith("testing.")} == set(rows) - {"testing"}
    assert {entry.removeprefix("testing.") for entry in entries if entry.startswith("testing.")} == set(testing.__all__)


LLMS = DOCS / "llms.txt"


def test_the_text_for_programs_is_right() -> None:
    """Its links lead to pages, its app works, what it names exists, and it stays short."""
    text = LLMS.read_text()
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert len(links) > 20
    assert [link for link in links if not (DOCS / link).is_file()] == []
    app = pages.run(LLMS, {})["app"]
    client = app.test_client()
    with answers(app, ANSWER):
        uuid = client.get("/captcha/login").get_json()["response"]["uuid"]
    solved = {"uuid": uuid, "code": ANSWER}
    assert client.post("/auth/login", json=solved).get_json() == {"message": "welcome"}
    assert client.get("/captcha/static/latest/captcha-field.js").status_code == 200
    assert {"stringCode": "captcha_wrong", "code": Result.CAPTCHA_WRONG.code}.items() <= json.loads(
        re.findall(r'`(\{"status.*?\})`', text)[0]
    ).items()
    assert len(text.split()) < 700


@pytest.mark.slow
def test_the_text_for_programs_is_in_the_site(built: Path) -> None:
    """Beside the first page, as it is."""
    assert (built / "llms.txt").read_text() == LLMS.read_text()


def test_no_page_has_two_versions_of_a_text() -> None:
    """A merge that was not finished leaves its marks."""
    texts = [*PAGES, *ROOT.glob("*.md")]
    assert not [path.name for path in texts if re.search(r"^(<{7}|>{7}) ", path.read_text(), re.MULTILINE)]


ARCHITECTURE = (DOCS / "explanation" / "architecture.md").read_text()
PACKAGE = Path(flask_captcha_api.__file__).parent


def modules_in(folder: Path) -> set[str]:
    """Return the names of the modules and packages in a folder of the package."""
    packages = {path.parent.name for path in folder.glob("*/__init__.py")}
    return packages | {path.stem for path in folder.glob("*.py") if path.stem != "__init__"}


def drawn(kind: str) -> list[tuple[float, str]]:
    """Return the names of one kind in the picture of the architecture, each with its distance from the top."""
    picture = (DOCS / "pictures" / "architecture.svg").read_text()
    return [(float(y), name) for y, name in re.findall(rf'class="{kind}" [^>]*y="([^"]+)"[^>]*>([^<]+)<', picture)]


def test_the_architecture_is_the_import_contracts() -> None:
    """Picture and table show the layers of the contract, in its order, and these are all that the package has."""
    contract = re.search(r"^layers = \[\n(.*?)^\]", (ROOT / "pyproject.toml").read_text(), re.MULTILINE | re.DOTALL)
    assert contract
    layers = [set(re.findall(r"flask_captcha_api\.(\w+)", line)) for line in contract[1].splitlines()]
    table = [set(re.findall(r"`(\w+)`", row[0])) for row in rows_below(ARCHITECTURE, "The layers")]
    heights = sorted({y for y, _ in drawn("mod")})
    picture = [{name for y, name in drawn("mod") if y == height} for height in heights]
    assert set.union(*layers) == modules_in(PACKAGE)
    assert table == layers
    assert picture == layers


def test_the_picture_opens_the_http_folder() -> None:
    """Beside what stands outside the package, it names each module of the folder that requests go through."""
    outside = {"your view", "the cache", "limit storage"}
    assert {name for _, name in drawn("pt")} - outside == modules_in(PACKAGE / "http")


def test_the_tree_of_folders_is_the_packages() -> None:
    """The tree names every folder and module at the top of the package, and none besides."""
    (tree,) = (block.text for block in blocks_of(DOCS / "explanation" / "architecture.md", "text"))
    lines = [line.split("   ")[0] for line in re.findall(r"^  (\S.*)$", tree, re.MULTILINE)]
    names = {name.removesuffix(".py").rstrip("/") for line in lines for name in line.split("  ") if name}
    assert names - {"__init__"} == modules_in(PACKAGE)


def test_the_table_of_entry_points_is_the_gateways() -> None:
    """How the callers of the gateway differ is what the code says."""
    entry_points = {name: entry for name, entry in vars(gateway).items() if isinstance(entry, gateway.EntryPoint)}
    described = {
        name.strip("`"): (refuses.strip("`"), result, identity.split("`")[1], unknown == "01004")
        for name, _, refuses, result, identity, unknown in rows_below(ARCHITECTURE, "The gateway")
    }
    assert described == {
        name: (entry.refuses.__name__, entry.refused_as.code, entry.authenticate.__name__, entry.source_is_input)
        for name, entry in entry_points.items()
    }


def test_the_paths_of_the_architecture_exist() -> None:
    """Each file that the page names is one of the package."""
    paths = set(re.findall(r"`((?:\w+/)*\w+\.py)`", ARCHITECTURE))
    assert len(paths) > 10
    assert [path for path in paths if not (PACKAGE / path).is_file()] == []


# What single pages promise.


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
    handler = partial(QuietHandler, directory=str(tmp_path))
    with (
        answers(app, ANSWER),
        pages.serving(app, port),
        ThreadingHTTPServer(("127.0.0.1", port_of_page), handler) as server,
        chromium.new_context() as context,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
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
        server.shutdown()


NGINX = DOCS / "how-to" / "nginx.md"


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Callable[[Block, int], int]]:
    """Start nginx with a block of the guide, in front of an app; returns its port."""
    with ExitStack() as stack:

        def start(block: Block, port_of_app: int) -> int:
            port = free_port()
            block_here = block.text.replace("listen 80", f"listen 127.0.0.1:{port}").replace(":8000", f":{port_of_app}")
            settings = tmp_path / "nginx.conf"
            temporary = "".join(
                f"{module}_temp_path {tmp_path}/{module};"
                for module in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            )
            settings.write_text(
                f"daemon off; master_process off; pid {tmp_path}/pid; events {{}} "
                f"http {{ access_log off; {temporary}\n{block_here}\n}}"
            )
            server = Server([program("nginx"), "-e", "stderr", "-c", str(settings)], port, tmp_path)
            stack.callback(server.stop)
            server.start()
            return port

        yield start


@pytest.mark.server
def test_nginx_says_who_asks_and_stops_a_flood(
    nginx: Callable[[Block, int], int], ran: Callable[[Path], dict[str, Any]]
) -> None:
    """The app learns the visitor's address, whatever the visitor claims; beyond the burst nginx answers 429."""
    app = ran(NGINX)["apps"][0]
    seen = []

    def note(sender: Flask, **_: Any) -> None:
        seen.append(request.remote_addr)

    port_of_app = free_port()
    with captcha_issued.connected_to(note, app), pages.serving(app, port_of_app):
        port = nginx(blocks_of(NGINX, "nginx")[0], port_of_app)
        assert [ask(port, "/captcha/web", "127.0.0.1")[0], ask(port, "/captcha/web", "127.0.0.2")[0]] == [200, 200]
        flood = Counter(ask(port, "/captcha/web", "127.0.0.3", method="HEAD")[0] for _ in range(25))
    assert seen == ["127.0.0.1", "127.0.0.2"]
    assert set(flood) == {200, 429}


@pytest.mark.server
def test_nginx_refuses_across_origins_as_the_app_does(
    nginx: Callable[[Block, int], int], ran: Callable[[Path], dict[str, Any]]
) -> None:
    """Its own 429 and 503 are the envelopes of the results, which only the page's origin reads; preflights are free."""
    app = ran(NGINX)["apps"][0]
    port_of_app = free_port()
    page, other = "https://app.example.com", "https://evil.example"
    block = blocks_of(NGINX, "nginx")[1]
    with pages.serving(app, port_of_app):
        port = nginx(block, port_of_app)
        for _ in range(50):
            assert answer_of(port, "OPTIONS", page)[0] == 200
        while (answer := answer_of(port, "HEAD", page))[0] == 200:
            pass
        assert answer[0] == 429
        _, headers, body = answer_of(port, "GET", page)
        assert (headers["Access-Control-Allow-Origin"], headers["Retry-After"]) == (page, "10")
        assert body == envelope("too_many_requests", language="en")
        assert answer_of(port, "GET", other)[1]["Access-Control-Allow-Origin"] is None
    status, headers, body = answer_of(port, "OPTIONS", page)
    assert (status, headers["Access-Control-Allow-Origin"]) == (503, page)
    assert body == envelope("store_unavailable", language="en")


def answer_of(port: int, method: str, origin: str) -> tuple[int, Message, Any]:
    """Ask nginx for a captcha as a page of an origin does; returns the status, the headers and the JSON, if any."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request(method, "/captcha/web", headers={"Origin": origin})
        response = connection.getresponse()
        body = response.read()
        return response.status, response.headers, json.loads(body) if body else None


@pytest.mark.server
def test_nginx_mounts_the_app_below_a_path(
    nginx: Callable[[Block, int], int], ran: Callable[[Path], dict[str, Any]]
) -> None:
    """Below a prefix the captcha is there, and the widget asks for its files there."""
    app = ran(NGINX)["app"]
    app.add_url_rule("/form", view_func=lambda: render_template_string("{{ captcha_field('web') }}"))
    port_of_app = free_port()
    with pages.serving(app, port_of_app):
        port = nginx(blocks_of(NGINX, "nginx")[2], port_of_app)
        assert ask(port, "/shop/captcha/web", "127.0.0.1")[0] == 200
        (script,) = re.findall(r'src="(/[^"]+\.js)"', ask(port, "/shop/form", "127.0.0.1")[1])
        assert script.startswith("/shop/captcha/static/")
        assert ask(port, script, "127.0.0.1")[0] == 200


def ask(port: int, path: str, from_address: str, method: str = "GET") -> tuple[int, str]:
    """Ask nginx as a visitor with this address, who claims to have another; returns the status and the body."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=10, source_address=(from_address, 0))) as connection:
        connection.request(method, path, headers={"X-Forwarded-For": "192.0.2.1"})
        response = connection.getresponse()
        return response.status, response.read().decode()


def test_prometheus_counts(ran: Callable[[Path], dict[str, Any]]) -> None:
    """What is issued and what is tried is counted by source and outcome, and a name that is no source is no series."""
    client = ran(DOCS / "how-to" / "signals.md")["app"].test_client()
    uuid = client.get("/captcha/register").get_json()["response"]["uuid"]
    for _ in range(2):
        client.post("/captcha/register", json={"uuid": uuid, "code": "no digits"})
    for number in range(50):
        client.get(f"/captcha/junk{number}")
        client.get(f"/captcha/junk{number}/audio")
        client.post(f"/captcha/junk{number}", json={"uuid": uuid, "code": "no digits"})
    counted = re.findall(r"^captcha_(?:issued|verified)_total\{.*", client.get("/metrics").text, re.MULTILINE)
    assert sorted(counted) == [
        'captcha_issued_total{form="image",source="register"} 1.0',
        'captcha_verified_total{outcome="gone",source="none"} 1.0',
        'captcha_verified_total{outcome="wrong",source="register"} 1.0',
    ]
