"""What pages show runs, and is there: Python, commands, envelopes, templates, scripts, tables and links."""

import json
import re
import shlex
from collections.abc import Callable, Iterable
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, render_template_string
from playwright.sync_api import Browser

import flask_captcha_api
from flask_captcha_api import testing
from flask_captcha_api.http.results import Result
from flask_captcha_api.testing import answers
from tools.docs_tables import CHARTS, PICTURES, with_tables

from ...support import pages
from ...support.markdown import rows_below
from ...support.pages import CACHES, PAGES, blocks_of
from ...support.paths import DOCS, ROOT

ANSWER = "40718"
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
            words = shlex.split(command)
            (url,) = (word for word in words if word.startswith("http://127.0.0.1:5000/"))
            path = url.removeprefix("http://127.0.0.1:5000").partition("?")[0]
            app.url_map.bind("127.0.0.1").match(path, method="POST" if "-d" in words else "GET")


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
def test_no_page_has_two_versions_of_a_text() -> None:
    """A merge that was not finished leaves its marks."""
    texts = [*PAGES, *ROOT.glob("*.md")]
    assert not [path.name for path in texts if re.search(r"^(<{7}|>{7}) ", path.read_text(), re.MULTILINE)]


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
