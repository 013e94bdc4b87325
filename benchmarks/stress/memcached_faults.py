"""Rows in which memcached is restarted or frozen while visitors go on, through each of its clients."""

from collections.abc import Callable

from tests.support.backends import running
from tests.support.servers import Server, memcached_server

from . import caches
from .outage import AFTER, outage
from .row import Finding, Run

#: python-memcached leaves a server alone for 30 s after a failure.
LONG_AFTER = 34


def restarted(settings: Callable[[Server], caches.Settings], after: float = AFTER) -> Callable[[Run], Finding]:
    """Make the row that kills memcached and starts it anew, under the client that the settings choose."""

    def row(run: Run) -> Finding:
        memcached = running(memcached_server(run.directory))
        return outage(run, memcached, settings, begin=Server.stop, end=Server.start, after=after)

    return row


def frozen(run: Run) -> Finding:
    """Stop memcached where it is, and let it go on."""
    memcached = running(memcached_server(run.directory))
    return outage(run, memcached, caches.pylibmc, begin=Server.freeze, end=Server.thaw, what="frozen")
