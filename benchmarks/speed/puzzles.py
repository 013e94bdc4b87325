"""What work costs a server process: the set-up, the memory that stays, and each puzzle. ``make bench-work``.

The set-up looks for primes, so its time varies: the median and the longest of many are printed.
"""

import statistics
import sys
import time
import tracemalloc
from collections.abc import Collection

from flask_captcha_api.rendering.puzzles import PuzzleMaker

SETUPS = 60
PUZZLES = 2_000
#: The numbers of squarings of an app's sources: of one kind of work, and of both.
SETTINGS = ((200_000,), (200_000, 50_000))


def main() -> None:
    """Measure and print."""
    print(f"{'numbers of squarings':>20} {'set-up, s':>10} {'longest':>8} {'memory, kB':>11} {'a puzzle, µs':>13}")
    for squarings in SETTINGS:
        times = sorted(setup_seconds(squarings) for _ in range(SETUPS))
        print(
            f"{len(squarings):20} {statistics.median(times):10.2f} {times[-1]:8.2f} {memory(squarings) / 1000:11.0f} "
            f"{puzzle_seconds(squarings) * 1e6:13.0f}"
        )
        print(f"{'':20} {sum(each <= 0.3 for each in times)} of {SETUPS} set-ups within 0.3 s", file=sys.stderr)


def setup_seconds(squarings: Collection[int]) -> float:
    """Return what making a maker takes."""
    begin = time.perf_counter()
    PuzzleMaker(squarings)
    return time.perf_counter() - begin


def memory(squarings: Collection[int]) -> int:
    """Return the bytes that a maker holds."""
    tracemalloc.start()
    try:
        maker = PuzzleMaker(squarings)
        maker.make(next(iter(squarings)))
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


def puzzle_seconds(squarings: Collection[int]) -> float:
    """Return what a puzzle takes, in the mean of many."""
    maker, number = PuzzleMaker(squarings), next(iter(squarings))
    begin = time.perf_counter()
    for _ in range(PUZZLES):
        maker.make(number)
    return (time.perf_counter() - begin) / PUZZLES


if __name__ == "__main__":
    main()
