"""The table of rows."""

from functools import partial

from . import (
    caches,
    clock,
    disk_faults,
    fights,
    memcached_faults,
    memory,
    random_requests,
    redis_faults,
    throughput,
    worker_faults,
)
from .row import Row

#: In which a server's answer has to be there again.
RECOVERY_SECONDS = 2.0

_restarted = memcached_faults.restarted

ROWS = (
    Row(
        "get",
        "wrk asks gunicorn with 2 workers on Redis for `calm` captchas, 16 connections, in turns with a bare JSON view "
        "of the same size",
        partial(throughput.of_get, difficulty="calm", least=0.22),
        limit=150,
    ),
    Row(
        "get-normal",
        "The same with `normal` captchas",
        partial(throughput.of_get, difficulty="normal", least=0.19),
        limit=150,
    ),
    Row(
        "issue-verify",
        "The same gunicorn, each captcha solved, every tenth of them twice",
        throughput.of_issue_and_verify,
        limit=45,
    ),
    Row("fight-redis", "64 clients fight over each of 2,000 captchas in Redis", fights.on_redis, limit=300),
    Row("fight-memcached", "The same in memcached, through pylibmc", fights.on_memcached, limit=300),
    Row("fight-files", "The same in FileSystemCache", fights.on_files, limit=300),
    Row(
        "workers-killed",
        "Workers killed with SIGKILL, one a second, on Redis",
        worker_faults.killed,
        limit=60,
        kills="worker",
    ),
    Row(
        "redis-killed",
        "Redis, without persistence, killed with SIGKILL; started again after 3 s",
        redis_faults.killed,
        limit=45,
        kills="store",
        recovers_within=RECOVERY_SECONDS,
    ),
    Row(
        "redis-frozen",
        "Redis frozen with SIGSTOP for 3 s",
        redis_faults.frozen,
        limit=45,
        recovers_within=RECOVERY_SECONDS,
    ),
    Row(
        "redis-restarted",
        "Redis, with an append-only file, shut down with SIGTERM; started again after 3 s",
        redis_faults.restarted,
        limit=45,
        recovers_within=RECOVERY_SECONDS,
    ),
    Row(
        "redis-full",
        "Redis with `noeviction`, filled with captchas up to `maxmemory`; more memory after 3 s",
        redis_faults.full,
        limit=90,
        recovers_within=RECOVERY_SECONDS,
    ),
    Row(
        "sentinel-failover",
        "A master killed with SIGKILL; Sentinel promotes its replica",
        redis_faults.failed_over,
        limit=60,
        kills="store",
    ),
    Row(
        "cluster-killed",
        "The only node of a Redis Cluster killed with SIGKILL; started again after 3 s",
        redis_faults.cluster_killed,
        limit=60,
        kills="store",
    ),
    Row(
        "memcached-restarted",
        "memcached killed with SIGKILL and started again after 3 s; the client is pylibmc",
        _restarted(caches.pylibmc),
        limit=45,
        kills="store",
        recovers_within=RECOVERY_SECONDS,
    ),
    Row(
        "memcached-restarted-python-memcached",
        "The same through python-memcached",
        _restarted(
            partial(caches.memcached, client="tests.support.backends.python_memcached"), memcached_faults.LONG_AFTER
        ),
        limit=90,
        kills="store",
    ),
    Row(
        "memcached-restarted-pymemcache",
        "The same through pymemcache",
        _restarted(partial(caches.memcached, client="tests.support.backends.pymemcache")),
        limit=45,
        kills="store",
    ),
    Row(
        "memcached-frozen",
        "memcached frozen with SIGSTOP for 3 s; the client is pylibmc",
        memcached_faults.frozen,
        limit=45,
        recovers_within=RECOVERY_SECONDS,
    ),
    Row(
        "files-full",
        "FileSystemCache on a disk that captchas fill; more room after 3 s",
        disk_faults.full,
        limit=90,
        recovers_within=RECOVERY_SECONDS,
    ),
    Row(
        "files-full-until-expired",
        "FileSystemCache on a disk filled with captchas that nobody solves; they expire after 10 s, and visitors come",
        disk_faults.full_until_expired,
        limit=60,
        recovers_within=RECOVERY_SECONDS,
    ),
    Row(
        "files-read-only",
        "FileSystemCache on a disk that is read-only for 3 s",
        disk_faults.read_only,
        limit=45,
        recovers_within=RECOVERY_SECONDS,
    ),
    Row("clock-back-redis", "The workers' clock an hour back, on Redis", clock.back_on_redis, limit=45),
    Row("clock-back-memcached", "The same on memcached, through pylibmc", clock.back_on_memcached, limit=45),
    Row("clock-back-files", "The same on FileSystemCache", clock.back_on_files, limit=45),
    Row("clock-back-memory", "The same on SimpleCache, one worker with 4 threads", clock.back_on_memory, limit=45),
    Row("memory", "200,000 requests, captchas issued and solved in turns, on Redis", memory.flat, limit=600),
    Row(
        "random-requests",
        "100,000 random and mutated requests, made by Hypothesis",
        random_requests.survive,
        limit=700,
    ),
)
