"""A row: something that is asked of real servers, what came of it, and which promises that breaks."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.gunicorn import Site, gunicorn

from .ledger import Tally

WORKERS = 2


class Skipped(Exception):
    """A row cannot be run on this machine; the message says why."""


@dataclass(frozen=True)
class Run:
    """What a row gets to work with.

    :param share: of the counts and times that a row asks for; 1 is a full run.
    :param tell: shows what is being done.
    """

    directory: Path
    share: float
    tell: Callable[[str], None]

    def count(self, number: int) -> int:
        """Return this run's share of a count."""
        return max(1, round(number * self.share))

    def seconds(self, number: float) -> float:
        """Return this run's share of a time; at least two seconds, in which something can happen."""
        return max(min(2.0, number), number * self.share)

    def site(
        self,
        settings: dict[str, Any],
        *options: str,
        workers: int = WORKERS,
        environment: dict[str, str] | None = None,
    ) -> AbstractContextManager[Site]:
        """Serve the app on a cache, under gunicorn."""
        app = f"benchmarks.stress.apps:make_app({settings!r})"
        return gunicorn(self.directory, app, *options, workers=workers, environment=environment)


@dataclass(frozen=True)
class Finding:
    """What came of a row.

    :param came: in words.
    :param recovery: seconds from the store's return to the sending of the last request that failed; None: it was there.
    :param broken: promises that only this row knows of, and that did not hold.
    """

    came: str
    tally: Tally = field(default_factory=Tally)
    recovery: float | None = None
    broken: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """A row of the table.

    :param asked: in words.
    :param run: does it.
    :param limit: seconds after which it is ended as a failure.
    :param kills: what dies in it: ``store``, ``worker`` or nothing. What is lost with a store is reported and breaks
        no promise.
    :param recovers_within: seconds that are promised; None: the client's own time is reported.
    """

    name: str
    asked: str
    run: Callable[[Run], Finding]
    limit: int
    kills: str = ""
    recovers_within: float | None = None

    def broken_promises(self, finding: Finding) -> list[str]:
        """List the promises that a finding breaks."""
        tally = finding.tally
        broken = list(finding.broken)
        if tally.double:
            broken.append(f"{tally.double} captchas passed twice")
        if tally.lost and self.kills != "store":
            broken.append(f"{tally.lost} captchas lost")
        if tally.errors:
            broken.append(f"{tally.errors} answers were 5xx without being our 503")
        if tally.strays:
            broken.append(f"answers that nobody expects: {tally.strays}")
        if tally.cut and not self.kills:
            broken.append(f"{tally.cut} requests had no answer")
        if self.recovers_within is not None and (finding.recovery or 0) > self.recovers_within:
            broken.append(f"recovered after {finding.recovery:.1f} s, not {self.recovers_within:g}")
        return broken
