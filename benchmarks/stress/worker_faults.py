"""The row in which workers are killed while visitors go on."""

import os
import signal

from tests.support.backends import running
from tests.support.servers import redis_server, wait_until

from . import caches
from .crowd import Crowd
from .row import WORKERS, Finding, Run

KILLS = 8
BETWEEN, AFTER = 1, 2


def killed(run: Run) -> Finding:
    """Kill one worker after the other, each as soon as gunicorn has replaced the last."""
    kills = run.count(KILLS)
    with (
        running(redis_server(run.directory)) as server,
        run.site(caches.redis(server)) as site,
        Crowd(run, site) as crowd,
    ):
        crowd.work(BETWEEN, "before")
        for number in range(1, kills + 1):
            wait_until(lambda: len(site.workers()) == WORKERS, "gunicorn's next worker")
            os.kill(site.workers()[0], signal.SIGKILL)  # the one that has lived longest
            crowd.work(BETWEEN, f"{number} of {kills} killed")
        crowd.work(AFTER, "after")
        return Finding(f"{kills} workers killed", crowd.settle())
