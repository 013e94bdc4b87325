"""The command line: runs rows, prints what came of each, and after a full run writes the page."""

import argparse
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import pytest

from .report import Result, line_of, outcome_of, page
from .row import Row, Run, Skipped
from .rows import ROWS

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
#: A little less than the half hour that a run may take.
WHOLE_RUN_SECONDS = 29 * 60


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the rows; returns 1 where a promise was broken."""
    asked = _parser().parse_args(arguments)
    rows = [row for row in ROWS if row.name in asked.rows] if asked.rows else list(ROWS)
    if asked.list:
        print("\n".join(f"{row.name:38} {row.asked}" for row in rows))
        return 0
    for unwinding in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(unwinding, _exit_on_signal)  # unwinds, so that servers are stopped
    signal.signal(signal.SIGALRM, _time_is_up)

    begin, load = time.monotonic(), os.getloadavg()[0]
    results = []
    for number, row in enumerate(rows, 1):
        left = begin + WHOLE_RUN_SECONDS - time.monotonic()
        results.append(_run(row, share=asked.share, place=f"{number}/{len(rows)}", left=left))
        print(line_of(results[-1]), flush=True)
    seconds = time.monotonic() - begin
    print(f"\n{seconds / 60:.1f} minutes: {outcome_of(results)}")
    if not asked.rows and asked.share == 1:
        PAGE.write_text(page(results, command="make stress", seconds=seconds, load=load))
        print(f"written: {PAGE}")
    return int(any(result.broken for result in results))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stress", description=__doc__)
    names = [row.name for row in ROWS]
    parser.add_argument("--rows", nargs="+", choices=names, metavar="NAME", help="only these; the page is not written")
    parser.add_argument(
        "--share", type=float, default=1, help="of the counts and times; the page is not written below 1"
    )
    parser.add_argument("--list", action="store_true", help="name the rows and run none")
    return parser


def _run(row: Row, *, share: float, place: str, left: float) -> Result:
    def tell(text: str) -> None:
        print(f"\r{f'[{place}] {row.name}: {text}':110.110}\r", end="", file=sys.stderr, flush=True)

    if left <= 0:
        return Result(row, 0, broken=("not run: the half hour was over",))
    begin = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, min(row.limit, left))
    try:
        tell("starting")
        with tempfile.TemporaryDirectory(prefix="captcha-stress-") as directory:
            finding = row.run(Run(Path(directory), share, tell))
    except (Skipped, pytest.skip.Exception) as skip:
        return Result(row, time.monotonic() - begin, skipped=str(skip))
    except (Exception, pytest.fail.Exception) as error:  # told, and the next row gets its turn
        traceback.print_exc()
        return Result(row, time.monotonic() - begin, broken=(f"did not end well: {type(error).__name__}: {error}",))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        tell("")
    return Result(row, time.monotonic() - begin, finding, tuple(row.broken_promises(finding)))


def _exit_on_signal(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _time_is_up(number: int, frame: FrameType | None) -> None:
    raise TimeoutError("its time was up")


if __name__ == "__main__":
    sys.exit(main())
