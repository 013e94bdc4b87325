"""The page that a full run writes, and the line that every row prints."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from .ledger import Tally
from .machine import describe_machine, describe_versions
from .row import Finding, Row

_PAGE = Path(__file__).with_name("page.md")


@dataclass(frozen=True)
class Result:
    """A row that was run, or was not.

    :param finding: None where it was skipped or did not end.
    :param broken: promises that did not hold.
    :param skipped: why it was not run, or an empty text.
    """

    row: Row
    seconds: float
    finding: Finding | None = None
    broken: tuple[str, ...] = ()
    skipped: str = ""


def line_of(result: Result) -> str:
    """Tell a result on the terminal."""
    told = f"{result.row.name} ({result.seconds:.0f} s): {_came(result)}"
    if result.finding:
        tally = result.finding.tally
        told += f"; lost {_figure(tally.lost)}, double {_figure(tally.double)}, 500s {tally.errors}"
        if result.finding.recovery is not None:
            told += f", recovered in {result.finding.recovery:.2f} s"
    return told + "".join(f"\n    BROKEN: {broken}" for broken in result.broken)


def outcome_of(results: Sequence[Result]) -> str:
    """Tell in a sentence how a run went."""
    broken = [f"{result.row.name}: {promise}" for result in results for promise in result.broken]
    skipped = [result.row.name for result in results if result.skipped]
    told = f"{len(results) - len(skipped)} rows, "
    told += f"{len(broken)} promises broken ({'; '.join(broken)})" if broken else "no promise broken"
    return told + (f"; skipped: {', '.join(skipped)}." if skipped else "; nothing skipped.")


def page(results: Sequence[Result], *, command: str, seconds: float, load: float) -> str:
    """Write the page."""
    return _PAGE.read_text().format(
        command=command,
        day=date.today().isoformat(),
        minutes=seconds / 60,
        load=load,
        machine=describe_machine(),
        versions=describe_versions(),
        outcome=outcome_of(results),
        rows="\n".join(map(_table_row, results)),
    )


def _table_row(result: Result) -> str:
    figures = ["", "", "", ""]
    if result.finding:
        tally = result.finding.tally
        lost = _figure(tally.lost) + (" with the store" if tally.lost and result.row.kills == "store" else "")
        figures = [lost, _figure(tally.double), str(tally.errors), _recovery(result.row, result.finding)]
    came = "<br>".join([_came(result), *(f"**broken: {broken}**" for broken in result.broken)])
    cells = (result.row.name, result.row.asked, came, *figures)
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _figure(count: int | None) -> str:
    return "–" if count is None else f"{count:,}"


def _came(result: Result) -> str:
    if result.skipped:
        return f"skipped: {result.skipped}"
    if result.finding is None:
        return "did not end"
    return "; ".join(filter(None, [result.finding.came, *_counted(result.finding.tally)]))


def _counted(tally: Tally) -> list[str]:
    """Word the counts that are there."""
    counts = {
        f"{tally.issued:,} captchas issued": tally.issued,
        f"{tally.passed:,} passed": tally.passed,
        f"{tally.unavailable:,} answers 503": tally.unavailable,
        f"{tally.cut:,} requests cut off": tally.cut,
        f"{tally.spent:,} spent unheard": tally.spent,
        f"{tally.undecided:,} undecided to the end": tally.undecided,
        f"{tally.late:,} sent too late": tally.late,
    }
    return [", ".join(words for words, count in counts.items() if count)]


def _recovery(row: Row, finding: Finding) -> str:
    if finding.recovery is None:
        return ""
    limit = f"at most {row.recovers_within:g}" if row.recovers_within is not None else "the client's own"
    return f"{finding.recovery:.2f} s ({limit})"
