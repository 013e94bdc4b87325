"""Redis, Sentinel, Cluster and Valkey, where captchas need more than Flask-Caching's backends for them give.

Knows the backends and their clients, and nothing of captchas.
"""

from typing import Any


class OnPrimary:
    """The same cache, whose entries are put on the primary and taken from it: a replica may lag behind."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def set(self, key: str, value: Any, timeout: int) -> bool:
        """Keep a value. The command is spelled out: the client's ``set`` first looks for each option that it knows."""
        dumped = self._backend.serializer.dumps(value)
        return bool(self._client.execute_command("SET", self._full(key), dumped, "EX", timeout))

    def take(self, key: str) -> Any:
        """Remove a value and return it, to one caller: DEL counts what it removed."""
        value = self._client.get(self._full(key))
        if value is None or self._client.delete(self._full(key)) != 1:
            return None
        return self._backend.serializer.loads(value)

    def refuses_second(self) -> bool:
        """Return whether DEL reports that nothing was there. It writes nothing, which a full server would refuse."""
        return bool(self._client.delete(self._full("captcha_api_probe")) != 1)

    @property
    def _client(self) -> Any:
        return self._backend._write_client

    def _full(self, key: str) -> str:
        prefix = self._backend.key_prefix
        return f"{(prefix() if callable(prefix) else prefix) or ''}{key}"


def on_primary(backend: Any) -> Any:
    """Return a cache that works on the primary, where the backend has one; else the backend."""
    # All of them write through this client. They have one base in new releases of cachelib, and none in old ones.
    return OnPrimary(backend) if hasattr(backend, "_write_client") else backend
