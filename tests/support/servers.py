"""Real cache servers for the tests: each on a free port, in a temporary directory, gone when the tests are."""

import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

#: Set where the servers were installed for the tests: then a missing one is a failure, not a reason to skip.
SERVERS_REQUIRED = "CAPTCHA_TESTS_REQUIRE_SERVERS"
#: Set where the tests are run for the sake of other versions: what needs a server or a browser is skipped.
SERVERS_UNWANTED = "CAPTCHA_TESTS_WITHOUT_SERVERS"

#: A guard against hanging: what is waited for comes as soon as the machine lets it.
_PATIENCE_SECONDS = 60

#: Where servers listen: below the ports that systems give to outgoing connections. So is the second port of a node of a
#: Redis Cluster, 10,000 above its first.
_FIRST_PORT = 12_000
_PORTS_OF_A_WORKER = 500
_MOST_WORKERS = 16

#: The marks of the test that is running; None outside pytest, where the benchmarks use this module.
marks_of_test: set[str] | None = None


class Server:
    """A server process that can be stopped, frozen and started again on the same port."""

    def __init__(self, command: Sequence[str], port: int, directory: Path) -> None:
        self.port = port
        self.address = f"127.0.0.1:{port}"
        self._command = command
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Server":
        """Start the process and wait until its port answers."""
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(self._command, cwd=self._directory, stdout=log, stderr=log)
        wait_until(self._answers, f"{self._command[0]} on port {self.port}")
        return self

    def stop(self) -> None:
        """Kill the process, without giving it a chance to say goodbye."""
        self._end(signal.SIGKILL)

    def shut_down(self) -> None:
        """Ask the process to end, and wait until it has."""
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """Stop the process where it is: its port accepts connections and nothing answers."""
        process = self._send(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)  # a signal that has been sent is only on its way

    def thaw(self) -> None:
        """Let a frozen process go on."""
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the server does not run"
        self._process.send_signal(number)
        return self._process

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._send(number)
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition that another process brings about; the one place where tests may sleep."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come up in {_PATIENCE_SECONDS} s")
        time.sleep(0.02)


def _ports_of_this_worker() -> Iterator[int]:
    """Return the ports of this worker of pytest-xdist, over and over; no other worker has them."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _MOST_WORKERS
    first = _FIRST_PORT + worker * _PORTS_OF_A_WORKER
    ports = list(range(first, first + _PORTS_OF_A_WORKER))
    start = random.randrange(len(ports))  # so that two runs on one machine seldom want the same port at once
    return itertools.cycle(ports[start:] + ports[:start])


_ports = _ports_of_this_worker()


def free_port() -> int:
    """Return a TCP port that nobody listens on."""
    return next(port for port in _ports if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def expect_mark(mark: str, what: str) -> None:
    """Fail the running test unless it has a mark: ``make test-fast`` leaves out what is marked."""
    if marks_of_test is not None and mark not in marks_of_test:
        pytest.fail(f"this test starts {what}: mark it with @pytest.mark.{mark}")


def program(name: str) -> str:
    """Return the path of a server program; without it the test is skipped, or fails where it was to be there."""
    expect_mark("browser" if name.startswith("chromium") else "server", name)
    if os.environ.get(SERVERS_UNWANTED):
        pytest.skip(f"without {name}")
    found = shutil.which(name)
    if found is None:
        complaint = f"{name} is not installed"
        if os.environ.get(SERVERS_REQUIRED):
            pytest.fail(complaint)
        pytest.skip(complaint)
    return found


def redis_server(directory: Path, *options: str, port: int | None = None) -> Server:
    """Make a Redis server that keeps nothing on disk."""
    port = port or free_port()
    directory.mkdir(parents=True, exist_ok=True)
    command = [program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    return Server([*command, *options], port, directory)


def sentinel_server(directory: Path, master: Server) -> Server:
    """Make a Sentinel that watches a master under the name ``mymaster``."""
    port = free_port()
    directory.mkdir(parents=True, exist_ok=True)
    settings = directory / "sentinel.conf"
    settings.write_text(
        f"port {port}\nbind 127.0.0.1\nsentinel monitor mymaster 127.0.0.1 {master.port} 1\n"
        "sentinel down-after-milliseconds mymaster 500\nsentinel failover-timeout mymaster 1000\n"
    )
    return Server([program("redis-server"), str(settings), "--sentinel"], port, directory)


def memcached_server(directory: Path) -> Server:
    """Make a memcached server."""
    port = free_port()
    directory.mkdir(parents=True, exist_ok=True)
    command = [program("memcached"), "-p", str(port), "-l", "127.0.0.1", "-U", "0"]
    return Server([*command, *(["-u", "nobody"] if os.geteuid() == 0 else [])], port, directory)
