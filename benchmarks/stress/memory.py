"""The row that watches the workers' memory over many requests."""

from collections import Counter
from pathlib import Path

from tests.support.apps import KNOWN_ANSWER
from tests.support.backends import running
from tests.support.servers import redis_server

from . import caches
from .ledger import Tally
from .row import Finding, Run
from .wrk import load

REQUESTS = 200_000
SLICE_SECONDS = 5
#: Of the requests; they fill what is kept once: fonts, glyphs, the allocator's pools.
WARMING = 0.2
#: What the memory may still grow by from then on, of what it was then.
FLAT = 0.05


def flat(run: Run) -> Finding:
    """Issue and verify, and look at the resident memory every few seconds."""
    asked = run.count(REQUESTS)
    done: Counter[str] = Counter()
    warm = most = end = 0.0
    with running(redis_server(run.directory)) as server, run.site(caches.redis(server)) as site:
        workers = site.workers()
        while done["requests"] < asked and site.workers() == workers:
            run.tell(f"{done['requests']:,} of {asked:,} requests, {end:.1f} MiB")
            came = load(site, "/captcha/web", seconds=SLICE_SECONDS, answer=KNOWN_ANSWER)
            done.update({name: getattr(came, name) for name in _COUNTED})
            end = sum(map(_resident_mib, workers))
            most = max(most, end)
            if not warm and done["requests"] >= WARMING * asked:
                warm = end
        died = site.workers() != workers
    growth = end / warm - 1
    broken = ["a worker died"] if died else []
    if growth > FLAT:
        broken.append(f"memory grew by {growth:.1%}")
    if done["errors"]:
        broken.append(f"{done['errors']} requests failed under wrk")
    return Finding(
        f"{done['requests']:,} requests, {done['replayed']:,} of them captchas sent again, {done['errors']} errors; "
        f"resident memory of both workers {warm:.1f} MiB after {WARMING:.0%} of them, {end:.1f} MiB after all "
        f"({growth:+.1%}), at most {most:.1f} MiB",
        Tally(
            issued=done["issued"],
            passed=done["passed"],
            lost=done["lost"],
            double=done["double"],
            answers=Counter({"HTTP 5xx": done["other"]}),
        ),
        broken=tuple(broken),
    )


_COUNTED = ("requests", "issued", "passed", "lost", "replayed", "double", "other", "errors")


def _resident_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} tells no VmRSS")
