"""The stress run's own arithmetic: what counts as lost or double, and which promises that breaks."""

import re
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.stress.ledger import CUT, GONE, PASSED, UNAVAILABLE, Ledger, Tally
from benchmarks.stress.row import Finding, Row, Run
from benchmarks.stress.rows import ROWS

from ..support.paths import DOCS

PAGE = DOCS / "reliability.md"


def ledger_of(*verdicts: Sequence[str], ttl: float = 300) -> Ledger:
    """Keep a ledger of captchas, each with the answers to its verifications."""
    ledger = Ledger(ttl)
    for number, codes in enumerate(verdicts):
        ledger.note_issue(PASSED, str(number), sent=0)
        for code in codes:
            ledger.note_verdict(str(number), code, sent=0)
    return ledger


@pytest.mark.parametrize(
    ("verdicts", "counts"),
    [
        ([PASSED], {"passed": 1}),
        ([PASSED, GONE], {"passed": 1}),
        ([PASSED, PASSED], {"passed": 1, "double": 1}),
        ([GONE], {"lost": 1}),
        ([GONE, PASSED], {"passed": 1, "lost": 1}),
        (["01002"], {"lost": 1}),
        (["HTTP 500"], {"lost": 1}),
        ([UNAVAILABLE, PASSED, GONE], {"passed": 1}),
        ([UNAVAILABLE, GONE], {"spent": 1}),
        ([CUT, PASSED, PASSED], {"passed": 1, "double": 1}),
        ([CUT, GONE], {"spent": 1}),
        ([UNAVAILABLE, CUT], {"undecided": 1}),
        ([], {}),
    ],
    ids=str,
)
def test_what_becomes_of_a_captcha(verdicts: list[str], counts: dict[str, int]) -> None:
    """The first verdict decides on a loss, the number of passes on a double, and an outage leaves it open."""
    answers = Counter([PASSED, *verdicts])
    assert ledger_of(verdicts).tally() == Tally(issued=1, answers=answers, **counts)


def test_a_captcha_that_is_verified_too_late_is_not_lost() -> None:
    """After its time to live a captcha may be gone."""
    assert ledger_of([GONE], ttl=-1).tally() == Tally(issued=1, late=1, answers=Counter([PASSED, GONE]))


def test_recovery_is_counted_from_the_return_to_the_last_request_that_failed() -> None:
    """A captcha that is gone is no failure of the store, and an answer that comes late counts from its request."""
    ledger, back = ledger_of([PASSED]), time.monotonic()
    assert ledger.seconds_to_recover(back) == 0
    ledger.note_issue(UNAVAILABLE, sent=back + 1.5)
    ledger.note_issue(CUT, sent=back + 0.5)
    ledger.note_verdict("0", GONE, sent=back + 3)
    assert ledger.seconds_to_recover(back) == 1.5


def row(kills: str = "", recovers_within: float | None = None) -> Row:
    return Row("a row", "nothing", lambda run: Finding("nothing"), 1, kills, recovers_within)


@pytest.mark.parametrize("kills", ["", "worker", "store"])
@pytest.mark.parametrize(
    ("finding", "told", "allowed_to"),
    [
        (Finding("", Tally(issued=9, passed=8, spent=1)), None, ()),
        (Finding("", Tally(double=1)), "1 captchas passed twice", ()),
        (Finding("", Tally(lost=2)), "2 captchas lost", ("store",)),
        (Finding("", Tally(answers=Counter({"HTTP 500": 1}))), "1 answers were 5xx without being our 503", ()),
        (Finding("", Tally(answers=Counter({UNAVAILABLE: 5}))), None, ()),
        (Finding("", Tally(answers=Counter({"01002": 1}))), "answers that nobody expects: {'01002': 1}", ()),
        (Finding("", Tally(answers=Counter({CUT: 1}))), "1 requests had no answer", ("worker", "store")),
        (Finding("", recovery=2.1), "recovered after 2.1 s, not 2", ()),
        (Finding("", recovery=1.9), None, ()),
        (Finding("", broken=("its own",)), "its own", ()),
    ],
    ids=str,
)
def test_which_promises_are_broken(kills: str, finding: Finding, told: str | None, allowed_to: Sequence[str]) -> None:
    """A double and a 500 always; a loss unless the store was killed; silence unless something was; a late recovery."""
    broken = row(kills, recovers_within=2).broken_promises(finding)
    assert broken == ([] if told is None or kills in allowed_to else [told])


def test_a_recovery_that_is_nobodys_promise_breaks_none() -> None:
    """The client's own time is told, whatever it is."""
    assert row().broken_promises(Finding("", recovery=30)) == []


def test_a_share_of_a_run_keeps_something_to_see() -> None:
    """Counts shrink to one at least, times to two seconds, and those that are shorter anyway stay."""
    run = Run(Path(), 0.01, print)
    assert (run.count(2000), run.count(10), run.seconds(5), run.seconds(1)) == (20, 1, 2, 1)


def test_the_page_has_every_row() -> None:
    """docs/reliability.md was written by a run with the rows that there are now."""
    assert re.findall(r"^\| ([a-z-]+) \|", PAGE.read_text(), re.MULTILINE)[1:] == [each.name for each in ROWS]
