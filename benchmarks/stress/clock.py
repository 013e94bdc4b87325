"""Rows in which the workers' clock goes an hour back, and theirs alone: libfaketime stands before the system's."""

import time
from pathlib import Path

from tests.support.backends import running
from tests.support.gunicorn import Site
from tests.support.servers import memcached_server, program, redis_server

from . import caches
from .crowd import Crowd
from .row import WORKERS, Finding, Run

BEFORE, AFTER = 4, 4
HOUR = 3600


def back_on_redis(run: Run) -> Finding:
    """Put the clock back over captchas in Redis, which has a clock of its own."""
    with running(redis_server(run.directory)) as server:
        return _put_back(run, caches.redis(server))


def back_on_memcached(run: Run) -> Finding:
    """Put the clock back over captchas in memcached, which has a clock of its own too."""
    with running(memcached_server(run.directory)) as server:
        return _put_back(run, caches.pylibmc(server))


def back_on_files(run: Run) -> Finding:
    """Put the clock back over captchas in files, which hold the time of their expiry."""
    return _put_back(run, caches.files(run.directory))


def back_on_memory(run: Run) -> Finding:
    """Put the clock back over captchas in a SimpleCache, in one worker with threads."""
    return _put_back(run, {}, "--threads=4", workers=1)


def _put_back(run: Run, settings: caches.Settings, *options: str, workers: int = WORKERS) -> Finding:
    shift = run.directory / "shift"
    shift.write_text("+0\n")
    options = ("--config=python:benchmarks.stress.gunicorn_under_faketime", *options)
    with run.site(settings, *options, workers=workers, environment=_faked_by(shift)) as site, Crowd(run, site) as crowd:
        crowd.work(BEFORE, "before")
        before = _seconds_behind(site)
        shift.write_text(f"-{HOUR}\n")
        behind = _seconds_behind(site)
        if abs(before) > 1 or abs(behind - HOUR) > 1:
            raise RuntimeError(f"libfaketime did not put the clock back: {before:.0f} s, then {behind:.0f} s behind")
        crowd.work(AFTER, "after")
        return Finding(f"the workers' clock was {behind:,.0f} s behind from the middle on", crowd.settle())


def _seconds_behind(site: Site) -> float:
    _, body, _ = site.ask("GET", "/clock")
    return time.time() - float(body["time"])


def _faked_by(shift: Path) -> dict[str, str]:
    """Return the environment in which a process reads its wall clock through a file; the monotonic clock stays."""
    program("faketime")
    return {
        "LD_PRELOAD": str(next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))),
        "FAKETIME_TIMESTAMP_FILE": str(shift),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",  # gunicorn tells by the time of a file whether a worker is alive
    }
