"""The README and the pages of the documentation: what is in their code blocks, and how it is tried."""

import logging
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_hex
from types import ModuleType
from typing import Any, NamedTuple
from unittest.mock import patch

from flask import Flask
from jinja2 import DictLoader
from werkzeug.serving import make_server

from flask_captcha_api import CaptchaApi, Outcome
from flask_captcha_api.testing import answers

from .paths import DOCS, ROOT

PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md")))
#: Pages whose Python has a test module of its own.
RUN_ELSEWHERE = {
    "check": "docs/test_how_to.py",
    "load-tests": "docs/test_load_tests.py",
    "own-kind": "docs/test_how_to.py",
    "own-style-and-fonts": "docs/test_how_to.py",
    "tests": "docs/test_how_to.py",
    "widget": "browser/test_how_to_widget.py",
}
#: What a page calls the server of a cache, and the backend whose server stands for it in tests.
CACHES = {"127.0.0.1:6379": "RedisCache", "127.0.0.1:11211": "MemcachedCache-pylibmc"}
PAGES_RUN_HERE = tuple(page for page in PAGES if page.stem not in RUN_ELSEWHERE)

_BLOCK = re.compile(
    r'^(?P<indent> *)```(?P<language>\w*)(?: title="(?P<file>[^"]+)")?[^\n]*\n(?P<text>.*?)^(?P=indent)```$',
    re.MULTILINE | re.DOTALL,
)

#: What the tests of a page may ask for as arguments, where the page does not say what they are itself.
_FIXTURES = """
import pytest

@pytest.fixture
def app(request):
    return request.module.app

@pytest.fixture
def client(app):
    return app.test_client()
"""


class Block(NamedTuple):
    """A fenced block of a page."""

    language: str
    text: str
    line: int
    #: What the reader is to call the file with it, where the page says so.
    file: str | None


def name_of(page: Path) -> str:
    """Return what a page is called in the output of the tests."""
    return str(page.relative_to(ROOT))


def blocks_of(page: Path, *languages: str) -> list[Block]:
    """Return the blocks of a page in these languages, in order."""
    told = page.read_text()
    found = []
    for match in _BLOCK.finditer(told):
        if match["language"] in languages:
            text = re.sub(f"^{match['indent']}", "", match["text"], flags=re.MULTILINE)
            line = told[: match.start("text")].count("\n")
            found.append(Block(match["language"], text, line, match["file"]))
    return found


def templates_of(page: Path) -> DictLoader:
    """Return a loader of the templates that a page shows: its HTML that has a name below ``templates``."""
    named = {block.file: block.text for block in blocks_of(page, "html") if block.file}
    return DictLoader({name.removeprefix("templates/"): text for name, text in named.items()})


def run(page: Path, elsewhere: Mapping[str, str]) -> dict[str, Any]:
    """Run the Python of a page as it stands, one block after the other, and return the names that it leaves.

    A page that makes no app speaks of its reader's, so it is given one, with the settings that it shows as names. Each
    app is tried, and is one of the ``apps`` that are returned: a captcha of it passes, once.

    :param elsewhere: what stands in the page for the addresses and folders of a real site, and what it is here.
    """
    module = ModuleType("page_" + page.stem.replace("-", "_"))
    names = module.__dict__
    names["app"] = of_reader = Flask(module.__name__)
    of_reader.config["SECRET_KEY"] = "a secret of the reader's"
    apps: list[Flask] = []
    # The first, so that a setting can name what the page defines; the last, as a page may set its reader's up.
    with (
        patch.dict(sys.modules, {module.__name__: module}),
        patch.dict(os.environ, _secrets_in_environment(page)),
        _levels_of_logging_kept(),
    ):
        for block in blocks_of(page, "python"):
            exec(compiled(page, block, elsewhere), names)  # noqa: S102 - it is our own
            if block.file:
                sys.modules[Path(block.file).stem] = module
            app = names["app"]
            if "captcha_api" in app.extensions and app not in apps:
                apps.append(app)
                pass_once(app)
        if names["app"] is of_reader:
            of_reader.config.update({name: value for name, value in names.items() if name.startswith("CAPTCHA_")})
            CaptchaApi(of_reader)
            apps.append(of_reader)
            pass_once(of_reader)
    return {**names, "apps": apps}


def _secrets_in_environment(page: Path) -> dict[str, str]:
    """Return a secret for each variable without which the Python of a page stops."""
    blocks = blocks_of(page, "python")
    return {name: token_hex() for block in blocks for name in re.findall(r'os\.environ\["(\w+)"\]', block.text)}


@contextmanager
def _levels_of_logging_kept() -> Iterator[None]:
    levels = {logger: logger.level for logger in (logging.getLogger(), logging.getLogger("flask_captcha_api"))}
    yield
    for logger, level in levels.items():
        logger.setLevel(level)


def compiled(page: Path, block: Block, elsewhere: Mapping[str, str]) -> Any:
    """Compile a block such that its errors name the line of the page."""
    return compile("\n" * block.line + _moved(block.text, elsewhere), str(page), "exec")


def pass_once(app: Flask) -> None:
    """See that the app's captchas pass, and no more than once, in the store that it was given."""
    sources = app.config.get("CAPTCHA_SOURCES") or {"web": {}}
    captcha = CaptchaApi()
    with app.app_context(), answers(app, "12345"):
        uuid = captcha.issue(next(iter(sources))).uuid
        assert captcha.verify(uuid, "12345") is Outcome.PASSED
        assert captcha.verify(uuid, "12345") is Outcome.GONE


def run_tests(page: Path, elsewhere: Mapping[str, str], directory: Path) -> None:
    """Run the tests that a page has among its Python, as its reader would: by pytest, after what stands above them."""
    (directory / "conftest.py").write_text(_FIXTURES)
    code, modules = "", []
    for number, block in enumerate(blocks_of(page, "python")):
        code += _moved(block.text, elsewhere) + "\n"
        if block.file:
            (directory / block.file).write_text(_moved(block.text, elsewhere))
        if names := re.findall(r"^def (test_\w+)", block.text, re.MULTILINE):
            module = f"test_page_{number}.py"
            (directory / module).write_text(code)
            modules += [f"{module}::{name}" for name in names]
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", *modules]
    ran = subprocess.run(command, cwd=directory, env=pytest_alone(), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{name_of(page)}:\n{ran.stdout}{ran.stderr}"


def pytest_alone() -> dict[str, str]:
    """Return an environment in which pytest loads no plugins but those asked for, which takes half the time."""
    return {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def has_tests(page: Path) -> bool:
    """Tell whether a page has tests among its Python."""
    return any("\ndef test_" in f"\n{block.text}" for block in blocks_of(page, "python"))


@contextmanager
def serving(app: Flask, port: int) -> Iterator[None]:
    """Serve an app for the length of a with block."""
    server = make_server("127.0.0.1", port, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def _moved(text: str, elsewhere: Mapping[str, str]) -> str:
    for there, here in elsewhere.items():
        text = text.replace(there, here)
    return text


@contextmanager
def serving_files(directory: Path, port: int = 0) -> Iterator[str]:
    """Serve the files in a folder; yields the address."""
    handler = partial(_QuietHandler, directory=str(directory))
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass
