"""How Chromium works out puzzles: the time beside Python's, how true the bar is, and how long the page is blocked.

``make bench-browser``. The bar shows the share of the squarings that was done when it last heard of them, so it is off
by its greatest step at most.
"""

import re
import sys
import time
from typing import Any

from flask_captcha_api.rendering.puzzles import PuzzleMaker
from tests.support.browser import browsers
from tests.support.browser import site as browser_site

#: Of a desktop computer, and of devices that are four and six times slower.
SQUARINGS = (250_000, 1_000_000, 1_500_000)
ROUNDS = 3
#: Solves a puzzle, and returns seconds, the greatest step of the bar, and the milliseconds of the longest task of the
#: page's main thread.
_SOLVE = """async ([puzzle, script, hasWorker]) => {
    if (!hasWorker) window.Worker = class { constructor() { throw new Error(); } };
    const { solve } = await import(script);
    const tasks = [], shares = [0];
    const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries()));
    observer.observe({ entryTypes: ["longtask"] });
    const begin = performance.now();
    await solve(puzzle, (share) => shares.push(share)).solution;
    const taken = performance.now() - begin;
    await new Promise((resolve) => setTimeout(resolve, 300));
    const step = Math.max(...shares.slice(1).map((share, at) => share - shares[at]), 1 - shares.at(-1));
    return [taken / 1000, step, Math.max(0, ...tasks.map((task) => task.duration))];
}"""


def main() -> None:
    """Measure and print."""
    maker = PuzzleMaker(SQUARINGS)
    print(f"{'squarings':>10} {'way':>8} {'s':>6} {'Python = 1':>11} {'bar off by':>11} {'longest task, ms':>17}")
    with browser_site.running() as site, browsers.chromium() as chromium:
        for squarings in SQUARINGS:
            for has_worker in (True, False):
                for number in range(ROUNDS):
                    print(f"\rround {number}", end="\r", file=sys.stderr)
                    report(squarings, has_worker, maker, site, chromium)


def report(squarings: int, has_worker: bool, maker: PuzzleMaker, site: browser_site.Site, chromium: Any) -> None:
    """Solve one puzzle in Python and in a new page, and print a row."""
    puzzle = maker.make(squarings)
    begin = time.perf_counter()
    pow(puzzle.base, 1 << squarings, puzzle.modulus)
    python = time.perf_counter() - begin
    page = chromium.new_page(base_url=site.address)
    site.body = '{{ captcha_field("web") }}'
    (folder,) = re.findall(r'src="(\S+/)captcha-field\.js"', page.goto("/page").text())
    seconds, off, longest = page.evaluate(_SOLVE, [puzzle.to_json(), f"{folder}captcha-work.js", has_worker])
    page.close()
    way = "worker" if has_worker else "slices"
    print(f"{squarings:10,} {way:>8} {seconds:6.2f} {seconds / python:11.2f} {off:11.1%} {longest:17.0f}", flush=True)


if __name__ == "__main__":
    main()
