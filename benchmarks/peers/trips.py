"""A whole trip (GET a captcha, pass with it) with each of the Flask peers, side by side; and what each lets through.

Each site runs in a process of its own, the peers' in environments of their own, and calls itself through its WSGI
stack. They take turns in random order; the figures are medians over the rounds. ``make bench-peers``.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ..charts import Bar
from ..record import keep
from . import apps as peer_apps
from .environments import Program, python_with

GUESSES = 20
#: The environment of each site that is not ours, with what has to be installed there.
ENVIRONMENTS: dict[str, tuple[str, Sequence[str]]] = {
    "flask-session-captcha": ("flask_session_captcha", ["flask-session-captcha", "flask-session[cachelib]"]),
    "flask-simple-captcha": ("flask_simple_captcha", ["flask-simple-captcha", "flask"]),
    "captchakit": ("captchakit_in_flask", ["captchakit", "flask"]),
}
COLUMNS = (
    "",
    "ms a trip",
    "trips a second",
    "time, ours = 1",
    "sent again",
    "second worker",
    f"after {GUESSES} guesses",
)


class Worker(Program):
    """A process of a site."""

    def do(self, *command: Any) -> Any:
        """Send a command and return the answer."""
        return json.loads(self.ask(json.dumps(command)))


def main() -> None:
    """Measure, try, and print one table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--keep", action="store_true", help="write the table and the chart for the documentation")
    chosen = parser.parse_args()

    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        workers = {}
        for name in peer_apps.SITES:
            (directory / name).mkdir()
            workers[name] = [stack.enter_context(started(name, directory / name)) for _ in range(2)]
        medians = timed({name: pair[0] for name, pair in workers.items()}, chosen.rounds)
        behaviour = {name: tried(*pair) for name, pair in workers.items()}
        versions = versions_in({name: pair[0] for name, pair in workers.items()})

    ours = medians["flask_captcha_api"]
    rows = [
        (name, f"{seconds * 1e3:.2f}", f"{1 / seconds:,.0f}", f"{seconds / ours:.1f}", *behaviour[name])
        for name, seconds in medians.items()
    ]
    report(rows, versions)
    fastest = min(seconds for name, seconds in medians.items() if not name.startswith("flask_captcha_api"))
    print(f"\nours makes {fastest / ours:.1f} times as many trips as the fastest peer (at least 5 wanted)")
    if chosen.keep:
        bars = [Bar(row[0], 1 / medians[row[0]], row[2], row[0].startswith("flask_captcha_api")) for row in rows]
        title = "Trips (get a captcha, pass with it) a second, in one process"
        keep(
            "peers",
            command="make bench-peers",
            columns=COLUMNS,
            rows=rows,
            versions=versions,
            chart_title=title,
            bars=bars,
        )


def versions_in(workers: dict[str, Worker]) -> dict[str, str]:
    """Return the versions that are used; of a package that is not the same everywhere, where it is which."""
    everywhere: dict[str, dict[str, str]] = {}
    for name, worker in workers.items():
        for package, number in worker.do("versions").items():
            everywhere.setdefault(package, {})[name] = number
    versions = {}
    for package, numbers in everywhere.items():
        commonest = statistics.mode(numbers.values())
        versions[package] = commonest
        versions |= {f"{package} of {name}": number for name, number in numbers.items() if number != commonest}
    return versions


def started(name: str, directory: Path) -> Worker:
    """Start a process of a site; two of the same directory are two workers of one site."""
    package = name.partition(",")[0]
    python = python_with(*ENVIRONMENTS[package]) if package in ENVIRONMENTS else sys.executable
    return Worker(python, peer_apps.__file__, name, str(directory))


def timed(workers: dict[str, Worker], rounds: int) -> dict[str, float]:
    """Return the median seconds for a trip with each."""
    samples: dict[str, list[float]] = {name: [] for name in workers}
    order = list(workers)
    for number in range(rounds + 1):
        print(f"\rround {number} of {rounds}", end="", file=sys.stderr, flush=True)
        random.shuffle(order)
        for name in order:
            seconds = workers[name].do("time")
            if number:  # the first round warms up
                samples[name].append(seconds)
    print("\r" + " " * 24 + "\r", end="", file=sys.stderr, flush=True)
    return {name: statistics.median(each) for name, each in samples.items()}


def tried(first: Worker, second: Worker) -> tuple[str, str, str]:
    """Say what becomes of a captcha that is sent twice, of one that another worker issued, and of one guessed at."""
    held = first.do("issue")
    if first.do("spend", held, held["answer"]) != 200:
        raise SystemExit("a captcha that was solved was refused")
    replay = "passes" if first.do("spend", held, held["answer"]) == 200 else "refused"

    guessed = first.do("issue")
    for guess in wrong_guesses(guessed["answer"]):
        if first.do("spend", guessed, guess) == 200:
            raise SystemExit("a wrong answer passed")
    after_guesses = "passes" if first.do("spend", guessed, guessed["answer"]) == 200 else "refused"

    return replay, at_second_worker(first, second), after_guesses


def at_second_worker(first: Worker, second: Worker) -> str:
    """Say what a second worker makes of the first one's captchas: of a fresh one, and of one that has passed there."""
    for worker in (first, second):
        worker.do("several")
    fresh = first.do("issue")
    if fresh["status"] != 200:
        return f"refused from the start ({fresh['status']})"
    if second.do("spend", fresh, fresh["answer"]) != 200:
        return "unknown there"
    used = first.do("issue")
    first.do("spend", used, used["answer"])
    return "passes there, again" if second.do("spend", used, used["answer"]) == 200 else "passes there, once in all"


def wrong_guesses(answer: str) -> list[str]:
    """Return guesses that are not the answer."""
    return [f"{(int(answer) + step) % 10 ** len(answer):0{len(answer)}d}" for step in range(1, GUESSES + 1)]


def report(rows: Sequence[Sequence[str]], versions: dict[str, str]) -> None:
    """Print the table."""
    widths = [max(len(row[column]) for row in (COLUMNS, *rows)) for column in range(len(COLUMNS))]
    for row in (COLUMNS, *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print("\nversions:", ", ".join(f"{name} {number}" for name, number in sorted(versions.items())))


if __name__ == "__main__":
    main()
