"""Rows in which Redis is killed, frozen, restarted, failed over or full, while visitors go on."""

import time
from contextlib import closing
from typing import Any

import redis

from tests.support import backends
from tests.support.backends import running
from tests.support.servers import Server, redis_server, wait_until

from . import caches
from .crowd import HELD, Crowd
from .outage import AFTER, BEFORE, DOWN, outage
from .row import Finding, Run

#: Bytes that are left to Redis when it is being filled.
ROOM = 200_000
#: Refusals after which it counts as full.
ENOUGH_REFUSALS = 50


def killed(run: Run) -> Finding:
    """Kill Redis, which keeps nothing on disk, and start it anew."""
    return outage(run, running(redis_server(run.directory)), caches.redis, begin=Server.stop, end=Server.start)


def frozen(run: Run) -> Finding:
    """Stop Redis where it is, and let it go on."""
    live = running(redis_server(run.directory))
    return outage(run, live, caches.redis, begin=Server.freeze, end=Server.thaw, what="frozen")


def restarted(run: Run) -> Finding:
    """Shut Redis down in good order, with an append-only file, and start it again."""
    lasting = running(redis_server(run.directory, "--appendonly", "yes"))
    return outage(run, lasting, caches.redis, begin=Server.shut_down, end=Server.start)


def cluster_killed(run: Run) -> Finding:
    """Kill the only node of a Cluster and start it anew."""
    cluster = backends.running_cluster(run.directory)
    return outage(run, cluster, backends.cluster_settings, begin=Server.stop, end=Server.start)


def full(run: Run) -> Finding:
    """Let the captchas fill a Redis that evicts nothing, and give it more memory."""
    with (
        running(redis_server(run.directory, "--maxmemory-policy", "noeviction")) as server,
        run.site(caches.redis(server)) as site,
        closing(redis.Redis(port=server.port)) as direct,
        Crowd(run, site, held=10**9) as crowd,
    ):
        crowd.work(1, "before")
        used: Any = direct.info("memory")
        direct.config_set("maxmemory", used["used_memory"] + ROOM)
        crowd.work_until(lambda tally: tally.unavailable >= ENOUGH_REFUSALS, 60, "filling Redis")
        issued_until_full = crowd.ledger.tally().issued
        crowd.work(DOWN, "full")
        direct.config_set("maxmemory", 0)
        crowd.held = HELD
        return crowd.finding_after_return(AFTER, f"full after {issued_until_full:,} captchas")


def failed_over(run: Run) -> Finding:
    """Kill a master, whose replica Sentinel then makes the new one."""
    with (
        backends.watched_pair(run.directory) as (master, replica, watcher),
        run.site(backends.sentinel_settings(watcher)) as site,
        closing(redis.Redis(port=watcher.port)) as eye,
        Crowd(run, site) as crowd,
    ):

        def replica_is_master() -> bool:
            named: Any = eye.sentinel_get_master_addr_by_name("mymaster")
            return int(named[1]) == replica.port

        crowd.work(BEFORE, "before")
        master.stop()
        begin = time.monotonic()
        wait_until(replica_is_master, "the replica as master")
        passed = f"Sentinel named the new master {time.monotonic() - begin:.1f} s after the kill"
        return crowd.finding_after_return(AFTER, passed)
