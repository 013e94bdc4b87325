"""Checks whether a Redis server is configured so that it can lose captchas or bring spent ones back."""

from collections.abc import Iterator
from typing import Any

#: The share of maxmemory beyond which a server counts as nearly full.
_NEARLY_FULL = 0.9


def redis_notes(backend: Any) -> list[str]:
    """Return a note on each setting of a backend's server that should change, or could not be read.

    :param backend: any backend; connects to those of the Redis family.
    """
    client = getattr(backend, "_write_client", None)
    if client is None:
        return []
    try:
        memory, persistence = client.info("memory"), client.info("persistence")
        return [*_memory_notes(memory), *_snapshot_notes(client, persistence)]
    except Exception as error:  # of the client library; a hosted server may refuse INFO
        return [
            f"INFO of the Redis server could not be read ({type(error).__name__}): make sure that it evicts no "
            "keys and takes no snapshots"
        ]


def _memory_notes(memory: dict[str, Any]) -> Iterator[str]:
    limit, policy = memory["maxmemory"], memory["maxmemory_policy"]
    if limit and policy != "noeviction":
        yield (
            f"Redis evicts keys when its memory is full (maxmemory-policy {policy}), and captchas with them: set "
            "maxmemory-policy to noeviction, or keep captchas in a server of their own"
        )
    elif limit and memory["used_memory"] > limit * _NEARLY_FULL:
        yield (
            f"Redis uses {memory['used_memory'] / limit:.0%} of its maxmemory, and captcha requests get 01007 when it "
            "is full: increase maxmemory"
        )


def _snapshot_notes(client: Any, persistence: dict[str, Any]) -> Iterator[str]:
    if persistence["aof_enabled"]:
        return
    try:
        takes_snapshots = bool(client.config_get("save")["save"])
    except Exception as error:  # of the client library; most hosted servers refuse CONFIG
        yield (
            f"CONFIG of the Redis server could not be read ({type(error).__name__}): make sure that it takes no "
            "snapshots without an append-only file"
        )
        return
    if takes_snapshots:
        yield (
            "Redis takes snapshots without an append-only file: after a crash, captchas that were spent since the last "
            'snapshot can pass again: set save to "", or appendonly to yes'
        )
