"""wrk, the load generator, and what it prints."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.support.gunicorn import Site
from tests.support.servers import program

_SCRIPT = Path(__file__).with_name("load.lua")
CONNECTIONS = 16


@dataclass(frozen=True)
class Load:
    """What came of a run of wrk. Times in microseconds.

    :param replayed: captchas that were sent again after they had passed, and were gone.
    :param double: those that passed again.
    """

    requests: int
    microseconds: int
    bytes: int
    p50: int
    p99: int
    status_errors: int
    socket_errors: int
    issued: int
    passed: int
    lost: int
    replayed: int
    double: int
    other: int

    @property
    def per_second(self) -> float:
        """Return the throughput."""
        return self.requests / self.microseconds * 1e6

    @property
    def errors(self) -> int:
        """Return how many requests had an answer that nobody expects, or none."""
        return self.status_errors - self.lost - self.replayed + self.socket_errors


def load(site: Site, path: str, *, seconds: float, answer: str = "") -> Load:
    """Put a site under load from 16 connections.

    :param answer: solve each captcha with it, and some of them again; without it, only GET the path.
    """
    command = [program("wrk"), "--threads=1", f"--connections={CONNECTIONS}", f"--duration={max(1, round(seconds))}s"]
    command += ["--timeout=10s", f"--script={_SCRIPT}", f"http://127.0.0.1:{site.port}{path}"]
    if answer:
        command += ["--", answer]
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return Load(**json.loads(printed.splitlines()[-1]))
