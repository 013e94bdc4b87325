"""The row of 100,000 random and mutated requests, which Hypothesis makes and gunicorn has to bear."""

import multiprocessing
import os
import re
import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.support.backends import running
from tests.support.gunicorn import Site
from tests.support.servers import redis_server

from . import caches
from .ledger import Tally
from .row import Finding, Run
from .wild_requests import JWT_SECRET, Wild, bearer, good_requests, mutated_requests, random_requests

REQUESTS = 100_000
PROCESSES = 2
CHUNK = 2500
#: Captchas that the good requests of a chunk are made for, every second one bound to an identity.
CAPTCHAS = 40
PATIENCE_SECONDS = 10

#: What the app, its store in good health, must not answer. 501 and 505 are gunicorn's own, for foreign HTTP.
_BAD = {500, 502, 503, 504}
#: gunicorn's own pages of errors do not name it.
_OF_THE_APP = b"\r\nServer: gunicorn\r\n"
_PASSES = (b'"passed":true', b'"response":"ok"')
#: gunicorn answers in the version that it was asked in.
_STATUS = re.compile(rb"HTTP/\d\.\d (\d{3}) ")
_INTERIM = re.compile(rb"\A(HTTP/\d\.\d 100 Continue\r\n\r\n)+")
#: A traceback in the log, and its last line.
_TRACEBACK = re.compile(r"^Traceback .*\n((?:[ \t].*\n|\n)*)(.+)$", re.MULTILINE)


@dataclass
class Bombardment:
    """What came of a chunk.

    :ivar statuses: how often each was answered; 0: the connection was closed without an answer.
    :ivar reached: how many the app answered, and not gunicorn itself.
    :ivar passes: how often each captcha passed.
    :ivar fault: the shortest request that was answered as none may be, or an empty text.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    passes: Counter[str] = field(default_factory=Counter)
    issued: int = 0
    reached: int = 0
    fault: str = ""


def survive(run: Run) -> Finding:
    """Send random requests, and mutated good ones, from two processes."""
    chunk = min(CHUNK, run.count(REQUESTS) // PROCESSES)
    chunks = max(PROCESSES, run.count(REQUESTS) // chunk)
    total = Bombardment()
    faults = []
    with (
        running(redis_server(run.directory)) as server,
        run.site({**caches.redis(server), "JWT_SECRET_KEY": JWT_SECRET}) as site,
    ):
        workers = site.workers()
        for number, came in enumerate(_bombard_all(site, chunks, chunk)):
            run.tell(f"{number * chunk:,} of {chunks * chunk:,} requests")
            total.statuses.update(came.statuses)
            total.passes.update(came.passes)
            total.issued += came.issued
            total.reached += came.reached
            faults += [came.fault] if came.fault else []
        tracebacks = _TRACEBACK.findall(site.log())
        if site.workers() != workers:
            faults.append("a worker died")
    faults += sorted({f"in the log: {raised}" for frames, raised in tracebacks if "flask_captcha_api" in frames})
    others = sorted({raised for frames, raised in tracebacks if "flask_captcha_api" not in frames})
    statuses = ", ".join(f"{count:,} × {status or 'closed'}" for status, count in sorted(total.statuses.items()))
    return Finding(
        f"{sum(total.statuses.values()):,} requests (seeds 0 to {chunks - 1}), of which {total.reached:,} reached the "
        f"app; answered {statuses}" + (f"; gunicorn logged of itself: {', '.join(others)}" if others else ""),
        Tally(
            issued=total.issued,
            passed=len(total.passes),
            lost=None,
            double=sum(count > 1 for count in total.passes.values()),
            answers=Counter({f"HTTP {status}": count for status, count in total.statuses.items() if status in _BAD}),
        ),
        broken=tuple(faults),
    )


def _bombard_all(site: Site, chunks: int, chunk: int) -> Iterator[Bombardment]:
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        yield from pool.imap_unordered(_bombard, [(site.port, number, chunk) for number in range(chunks)])


def _bombard(task: tuple[int, int, int]) -> Bombardment:
    """Send a chunk of requests; stop at the first that breaks something, and find the shortest like it."""
    port, number, count = task
    came = Bombardment()
    site = Site(port, Path(os.devnull))
    good = list(_good_requests(site))
    came.issued = CAPTCHAS

    @seed(number)
    @settings(
        max_examples=count,
        phases=[Phase.generate, Phase.shrink],
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(random_requests | mutated_requests(good))
    def send_each(wild: Wild) -> None:
        status, answer = _send(port, wild.message)
        came.statuses[status] += 1
        came.reached += _OF_THE_APP in answer
        if status in _BAD:
            raise AssertionError(f"{status} for {wild.message!r}")
        if any(words in answer for words in _PASSES):
            if wild.uuid is None:
                raise AssertionError(f"passed without a captcha: {wild.message!r}")
            came.passes[wild.uuid] += 1

    try:
        send_each()
    except Exception as error:  # also Hypothesis's own, of a fault that does not come again
        came.fault = f"seed {number}: {type(error).__name__}: {error}"
    return came


def _good_requests(site: Site) -> Iterator[Wild]:
    for number in range(CAPTCHAS):
        authorization = bearer("alice") if number % 2 else None
        headers = {"Authorization": authorization} if authorization else {}
        status, body, _ = site.ask("GET", "/captcha/web", headers=headers)
        if status != 200:
            raise RuntimeError(f"no captcha to make good requests with: {body}")
        yield from good_requests(body["response"]["uuid"], authorization)


def _send(port: int, message: bytes) -> tuple[int, bytes]:
    """Send bytes and read what comes until the server closes the connection; returns the status, or 0, and the rest.

    :raises TimeoutError: the server is silent and does not close.
    """
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        try:
            connection.sendall(message)
            connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
        except (BrokenPipeError, ConnectionResetError):
            pass  # it had enough before it had read everything
    answer = _INTERIM.sub(b"", answer)
    status = _STATUS.match(answer)
    if answer and not status:
        raise AssertionError(f"no HTTP: {answer[:200]!r} for {message!r}")
    return (int(status[1]), answer) if status else (0, b"")
