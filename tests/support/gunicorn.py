"""Apps under gunicorn and Granian, spoken to over a real socket."""

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from .paths import ROOT
from .servers import expect_mark, free_port, wait_until


class Site:
    """A running server."""

    def __init__(self, port: int, log: Path) -> None:
        self.port = port
        self._log = log
        #: Of the process that starts the workers.
        self.pid = 0

    def ask(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, timeout: float = 30
    ) -> tuple[int, Any, http.client.HTTPMessage]:
        """Send one request on a connection of its own; returns the status, the parsed JSON and the headers."""
        status, answer, answer_headers = self.send(method, path, body, headers, timeout)
        return status, json.loads(answer), answer_headers

    def send(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, timeout: float = 30
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        """Send one request as :meth:`ask` does; returns the status, the body as it came and the headers."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)) as connection:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, {"Content-Type": "application/json", **(headers or {})})
            response = connection.getresponse()
            return response.status, response.read(), response.headers

    def workers(self) -> list[int]:
        """Return the process ids of the workers that are there now."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def log(self) -> str:
        """Return what the server has written so far."""
        return self._log.read_text()

    def answers(self) -> bool:
        """Tell whether the server is up."""
        try:
            self.send("GET", "/", timeout=1)
        except (OSError, http.client.HTTPException):
            return False
        return True


@contextmanager
def gunicorn(
    directory: Path,
    app: str,
    *options: str,
    workers: int = 4,
    python: str = sys.executable,
    cwd: Path = ROOT,
    environment: dict[str, str] | None = None,
) -> Iterator[Site]:
    """Serve an app, named as gunicorn names it, for the length of a with block."""
    port = free_port()
    command = [python, "-m", "gunicorn", f"--bind=127.0.0.1:{port}", f"--workers={workers}", *options, app]
    with served_by("gunicorn", command, port, directory, cwd, environment) as site:
        yield site


@contextmanager
def granian(directory: Path, app: str, workers: int) -> Iterator[Site]:
    """Serve an app, named ``module:app``, under Granian for the length of a with block."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface=wsgi", f"--port={port}", f"--workers={workers}", app]
    with served_by("granian", command, port, directory, ROOT, None) as site:
        yield site


@contextmanager
def served_by(
    name: str, command: list[str], port: int, directory: Path, cwd: Path, environment: dict[str, str] | None
) -> Iterator[Site]:
    """Run a server for the length of a with block.

    :param directory: where its log goes.
    """
    expect_mark("server", name)
    site = Site(port, directory / f"{name}.log")
    with (directory / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=cwd, stdout=log, stderr=log, env={**os.environ, **(environment or {})}, start_new_session=True
        )
    site.pid = process.pid
    try:
        wait_until(site.answers, f"{name} on port {port}")
        yield site
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
