"""Rows that measure how much gunicorn with two workers on Redis serves, under wrk."""

import statistics
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.apps import KNOWN_ANSWER
from tests.support.backends import running
from tests.support.servers import redis_server

from . import caches
from .ledger import Tally
from .row import Finding, Run
from .wrk import Load, load

#: Many short rounds, each with both subjects, so that what else the machine does falls on both.
ROUNDS = 15
SECONDS = 3
LONG_SECONDS = 15


def of_get(run: Run, difficulty: str, least: float) -> Finding:
    """Ask for captchas of a difficulty, and for as many bytes from a bare view, in turns.

    :param least: the share of the bare view's requests that has to be served.
    """
    settings = {"CAPTCHA_DIFFICULTY": difficulty}
    captcha, bare = _Subject("/captcha/web"), _Subject("/bare")
    with running(redis_server(run.directory)) as server, run.site({**caches.redis(server), **settings}) as site:
        workers = site.workers()
        for number in range(ROUNDS + 1):
            for subject in (bare, captcha):
                run.tell(f"round {number} of {ROUNDS}: {subject.path}")
                begin = sum(map(_cpu_seconds, workers))
                came = load(site, subject.path, seconds=run.seconds(SECONDS))
                if number:  # the first round warms up
                    subject.loads.append(came)
                    subject.cpu.append((sum(map(_cpu_seconds, workers)) - begin) / came.requests)
    shares = [ours.per_second / theirs.per_second for ours, theirs in zip(captcha.loads, bare.loads, strict=True)]
    lower, share, upper = statistics.quantiles(shares, n=4)
    failed = captcha.total("status_errors")
    errors = captcha.total("errors") + bare.total("errors")
    broken = [f"{errors} requests failed under wrk"] if errors else []
    if share < least:
        broken.append(f"{share:.1%} of a bare view, not {least:.0%}")
    return Finding(
        f"captchas {captcha.in_words()}; bare view {bare.in_words()}; captchas to bare views {share:.1%} (median of "
        f"{ROUNDS} rounds, half of them between {lower:.1%} and {upper:.1%}); {errors} errors",
        Tally(issued=captcha.total("requests") - failed, lost=None, double=None, answers=Counter({"HTTP 5xx": failed})),
        broken=tuple(broken),
    )


def of_issue_and_verify(run: Run) -> Finding:
    """Ask for captchas and solve each, and some of them again."""
    with running(redis_server(run.directory)) as server, run.site(caches.redis(server)) as site:
        load(site, "/captcha/web", seconds=2, answer=KNOWN_ANSWER)
        run.tell("issue, verify, and now and then again")
        came = load(site, "/captcha/web", seconds=run.seconds(LONG_SECONDS), answer=KNOWN_ANSWER)
    return Finding(
        f"{came.per_second:,.0f} requests a second, in which {came.passed / came.microseconds * 1e6:,.0f} captchas "
        f"passed; p50 {came.p50 / 1000:.1f} ms, p99 {came.p99 / 1000:.1f} ms; {came.replayed:,} sent again; "
        f"{came.errors} errors",
        Tally(
            issued=came.issued,
            passed=came.passed,
            lost=came.lost,
            double=came.double,
            answers=Counter({"HTTP 5xx": came.other}),
        ),
        broken=(f"{came.errors} requests failed under wrk",) if came.errors else (),
    )


@dataclass
class _Subject:
    """What is asked for, and what came of it in each round."""

    path: str
    loads: list[Load] = field(default_factory=list)
    #: Seconds of the workers' time for each request.
    cpu: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return statistics.median(each.per_second for each in self.loads)

    def total(self, name: str) -> int:
        return sum(getattr(each, name) for each in self.loads)

    def in_words(self) -> str:
        p50, p99 = (statistics.median(getattr(each, name) for each in self.loads) / 1000 for name in ("p50", "p99"))
        return (
            f"{self.per_second:,.0f} a second, p50 {p50:.1f} ms, p99 {p99:.1f} ms, "
            f"{self.total('bytes') / self.total('requests'):,.0f} bytes with headers, "
            f"{statistics.median(self.cpu) * 1000:.2f} ms of a worker's CPU"
        )


def _cpu_seconds(pid: int) -> float:
    """Return the time that a process has been running on a CPU."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
