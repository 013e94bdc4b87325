"""Firefox and WebKitGTK, driven by what comes with them: Marionette, and WebKitWebDriver."""

import json
import os
import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ..servers import expect_mark, free_port, wait_until

ENTER, TAB = "\ue007", "\ue004"  # as WebDriver writes keys
_MINI_BROWSERS = "lib/*/webkit2gtk-4.*/MiniBrowser"


class Window:
    """The window of a browser. ``send`` sends a command of WebDriver, by its name there and its parameters."""

    def __init__(self, send: Callable[[str, dict[str, Any]], Any]) -> None:
        self._send = send

    def open(self, url: str) -> None:
        """Open a page."""
        self._send("Navigate", {"url": url})

    def run(self, script: str) -> Any:
        """Run the body of a function in the page; returns what it returns."""
        return self._send("ExecuteScript", {"script": script, "args": []})

    def wait_for(self, script: str) -> None:
        """Wait until an expression is true in the page."""
        wait_until(lambda: bool(self.run(f"return {script}")), script)

    def press(self, keys: str) -> None:
        """Press keys, one after the other, where the focus is."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._send("PerformActions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})


@contextmanager
def firefox(directory: Path) -> Iterator[Window]:
    """Run Firefox, or skip the test where there is none."""
    port = free_port()
    path = _found("firefox-esr", shutil.which("firefox-esr") or shutil.which("firefox"))
    (directory / "user.js").write_text(f'user_pref("marionette.port", {port});')
    command = [path, "--headless", "--no-remote", "--marionette", "--profile", str(directory)]
    with _running(command, directory), closing(_connected(port)) as connection:
        replies = connection.makefile("rb")

        def receive() -> Any:
            length = int(b"".join(iter(lambda: replies.read(1), b":")))
            return json.loads(replies.read(length))

        def send(name: str, parameters: dict[str, Any]) -> Any:
            message = json.dumps([0, 1, f"WebDriver:{name}", parameters])
            connection.sendall(f"{len(message)}:{message}".encode())
            _, _, error, result = receive()
            assert error is None, error
            return result.get("value")

        receive()  # it introduces itself
        send("NewSession", {})
        yield Window(send)


@contextmanager
def webkit(directory: Path) -> Iterator[Window]:
    """Run WebKitGTK's MiniBrowser in a screen of its own, or skip the test where there is none."""
    port = free_port()
    path = _found("WebKitWebDriver", shutil.which("WebKitWebDriver"))
    screen = _found("xvfb-run", shutil.which("xvfb-run"))
    browser = _found("MiniBrowser", next(map(str, Path("/usr").glob(_MINI_BROWSERS)), None))
    paths = {
        "Navigate": "/url",
        "ExecuteScript": "/execute/sync",
        "PerformActions": "/actions",
    }
    session = ""

    def post(to: str, parameters: dict[str, Any]) -> Any:
        url = f"http://127.0.0.1:{port}/session{to}"
        request = urllib.request.Request(url, json.dumps(parameters).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as response:  # noqa: S310 - of this machine
            return json.load(response)["value"]

    options = {"binary": browser, "args": ["--automation"]}
    wanted = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
    with _running([screen, "-a", path, f"--port={port}"], directory):
        _connected(port).close()
        session = f"/{post('', wanted)['sessionId']}"
        yield Window(lambda name, parameters: post(session + paths[name], parameters))


def _found(name: str, path: str | None) -> str:
    expect_mark("browser", name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


@contextmanager
def _running(command: list[str], directory: Path) -> Iterator[None]:
    environment = {**os.environ, "HOME": str(directory)}
    with (directory / "browser.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, 15)
        process.wait()


def _connected(port: int) -> socket.socket:
    """Connect once the browser listens."""
    connections: list[socket.socket] = []

    def connect() -> bool:
        try:
            connections.append(socket.create_connection(("127.0.0.1", port), timeout=120))
        except OSError:
            return False
        return True

    wait_until(connect, f"the browser on port {port}")
    return connections[0]
