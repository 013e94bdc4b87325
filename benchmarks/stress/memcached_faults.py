"""Rows in which memcached is restarted or frozen while visitors go on, through each of its clients."""

from collections.abc import Callable

from tests.backends import running
from tests.servers import Server, memcached_server

from . import caches
from .crowd import Crowd
from .row import Finding, Run

BEFORE, DOWN, AFTER = 3, 3, 5
#: python-memcached leaves a server alone for 30 s after a failure.
LONG_AFTER = 34


def restarted(settings: Callable[[Server], caches.Settings], after: float = AFTER) -> Callable[[Run], Finding]:
    """Make the row that kills memcached and starts it anew, under the client that the settings choose."""

    def row(run: Run) -> Finding:
        with (
            running(memcached_server(run.directory)) as server,
            run.site(settings(server)) as site,
            Crowd(run, site) as crowd,
        ):
            crowd.work(BEFORE, "before")
            server.stop()
            crowd.work(DOWN, "down")
            server.start()
            return crowd.finding_after_return(after)

    return row


def frozen(run: Run) -> Finding:
    """Stop memcached where it is, and let it go on."""
    with (
        running(memcached_server(run.directory)) as server,
        run.site(caches.pylibmc(server)) as site,
        Crowd(run, site) as crowd,
    ):
        crowd.work(BEFORE, "before")
        server.freeze()
        crowd.work(DOWN, "frozen")
        server.thaw()
        return crowd.finding_after_return(AFTER)
