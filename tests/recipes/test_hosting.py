"""docs/how-to/hosting.md: each server lets a captcha pass once, and refuses where its processes share no cache.

The app and the client are those of docs/how-to/load-tests.md.
"""

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tests.support.gunicorn import served_by
from tests.support.pages import blocks_of
from tests.support.paths import DOCS, ROOT
from tests.support.servers import free_port

pytestmark = pytest.mark.server

ANSWER = "40528"
ENVIRONMENT = {"LOAD_TEST_ANSWER": ANSWER, "PYTHONPATH": str(ROOT)}
TRIPS = 16
HOSTING = DOCS / "how-to" / "hosting.md"
#: The app without a cache that processes share.
UNSHARED = """
from load_app import ANSWER, SETTINGS
from flask_captcha_api import Challenge
from shop import create_app

app = create_app({**SETTINGS, "CACHE_TYPE": None}, kinds={"digits": lambda length: Challenge(ANSWER, ANSWER)})
"""
GEVENT = """
from gevent import monkey

monkey.patch_all()

from gevent.pywsgi import WSGIServer

from {module} import app

WSGIServer(("127.0.0.1", {port}), app).serve_forever()
"""
#: By server: the arguments of Python that serve an app, and whether it may have several processes for what it says.
SERVERS: dict[str, tuple[str, bool]] = {
    "gunicorn": ("-m gunicorn --workers 2 --bind 127.0.0.1:{port} {module}:app", True),
    "gunicorn, threads": ("-m gunicorn --threads 8 --bind 127.0.0.1:{port} {module}:app", False),
    "gunicorn, gevent": ("-m gunicorn --workers 2 --worker-class gevent --bind 127.0.0.1:{port} {module}:app", True),
    "waitress": ("-m waitress --listen=127.0.0.1:{port} --threads 8 {module}:app", False),
    "gevent": ("serve_{module}.py", False),
    "granian": ("-m granian --interface wsgi --workers 2 --port {port} {module}:app", True),
    "granian, one worker": ("-m granian --interface wsgi --workers 1 --port {port} {module}:app", True),
    "hypercorn": ("-m hypercorn --workers 2 --bind 127.0.0.1:{port} {module}:app", True),
    "hypercorn, one worker": ("-m hypercorn --workers 1 --bind 127.0.0.1:{port} {module}:app", True),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the files of the two pages."""
    for block in blocks_of(DOCS / "how-to" / "load-tests.md", "python"):
        assert block.file
        (tmp_path / block.file).write_text(block.text.replace("/var/lib/myapp", str(tmp_path)))
    (tmp_path / "unshared.py").write_text(UNSHARED)
    (asgi,) = (block.text for block in blocks_of(HOSTING, "py") if block.file == "asgi.py")
    (tmp_path / "asgi.py").write_text(asgi.replace("from app import", "from load_app import"))
    return tmp_path


def trips(folder: Path, arguments: str, module: str) -> str:
    """Serve an app of the folder and pass captchas of it; returns what the client has counted."""
    port = free_port()
    (folder / f"serve_{module}.py").write_text(GEVENT.format(module=module, port=port))
    command = [sys.executable, *arguments.format(port=port, module=module).split()]
    with served_by("server", command, port, folder, folder, ENVIRONMENT):
        client = [sys.executable, "load.py", f"http://127.0.0.1:{port}", str(TRIPS)]
        environment = {**os.environ, **ENVIRONMENT}
        ran = subprocess.run(client, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return re.sub(r"^\d+ trips a second ", "", ran.stdout.strip()) or ran.stderr


@pytest.mark.parametrize("name", SERVERS)
def test_each_captcha_passes_once(folder: Path, name: str) -> None:
    """With captchas in a folder, whichever process or thread is asked."""
    assert trips(folder, SERVERS[name][0], "load_app") == f"{{(200, 422): {TRIPS}}}"


@pytest.mark.parametrize("name", SERVERS)
def test_processes_that_share_nothing_are_refused(folder: Path, name: str) -> None:
    """Where there are several, or the server does not say, or says wrongly; one process is served."""
    arguments, may_be_several = SERVERS[name]
    expected = "(503, '01007')" if may_be_several else "(200, 422)"
    assert trips(folder, arguments, "unshared") == f"{{{expected}: {TRIPS}}}"


def test_uvicorn_by_an_adapter(folder: Path) -> None:
    """Through a2wsgi, with two workers."""
    arguments = "-m uvicorn --workers 2 --port {port} {module}:app"
    assert trips(folder, arguments, "asgi") == f"{{(200, 422): {TRIPS}}}"


def by_apig_wsgi(app: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    from apig_wsgi import make_lambda_handler

    handler = make_lambda_handler(app)
    return lambda event: handler(event, None)


def by_serverless_wsgi(app: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    import serverless_wsgi

    return lambda event: serverless_wsgi.handle_request(app, event, None)


@pytest.mark.parametrize("adapter", [by_apig_wsgi, by_serverless_wsgi])
def test_a_lambda_function(folder: Path, monkeypatch: pytest.MonkeyPatch, adapter: Any) -> None:
    """An event of API Gateway issues a captcha, another passes it, and a third does not."""
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("LOAD_TEST_ANSWER", ANSWER)
    for module in ("shop", "load_app"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    from load_app import app  # type: ignore[import-not-found]  # a file of the folder

    handle = adapter(app)

    def ask(method: str, path: str, fields: dict[str, str] | None = None) -> tuple[int, Any]:
        event = {
            "path": path,
            "httpMethod": method,
            "headers": {"Content-Type": "application/json"},
            "body": json.dumps(fields) if fields else None,
            "requestContext": {},
        }
        answer = handle(event)
        body = base64.b64decode(answer["body"]) if answer.get("isBase64Encoded") in (True, "true") else answer["body"]
        return int(answer["statusCode"]), json.loads(body)

    _, issued = ask("GET", "/captcha/login")
    login = {"uuid": issued["response"]["uuid"], "code": ANSWER}
    assert [ask("POST", "/auth/login", login)[0] for _ in range(2)] == [200, 422]


def test_the_versions_of_the_page() -> None:
    """What the page says was tried is not newer than what is tried here."""
    page = HOSTING.read_text()
    for package in ("gunicorn", "waitress", "gevent", "granian", "hypercorn"):
        (tried,) = re.findall(rf"^\| \[[^|]*?{package}[^|]*?\]\([^)]*\) (\d+)\.", page, re.MULTILINE | re.IGNORECASE)
        assert int(tried) <= int(version(package).partition(".")[0])
