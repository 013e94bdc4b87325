"""An adapter for the Redis family: Redis, Sentinel, Cluster and Valkey."""

from typing import Any


class RedisAdapter:
    """Writes to the primary and takes from it, because a replica may lag behind.

    :param backend: any of Flask-Caching's backends for the Redis family.
    """

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def set(self, key: str, value: Any, timeout: int) -> bool:
        """Keep a value for ``timeout`` seconds."""
        dumped = self._backend.serializer.dumps(value)
        # Not client.set, which first tests each of its many options.
        return bool(self._client.execute_command("SET", self._prefixed(key), dumped, "EX", timeout))

    def take(self, key: str) -> Any:
        """Remove a value and return it, to one caller: DEL returns how many keys it removed."""
        value = self._client.get(self._prefixed(key))
        if value is None or self._client.delete(self._prefixed(key)) != 1:
            return None
        return self._backend.serializer.loads(value)

    def refuses_second_take(self) -> bool:
        """Return whether DEL of a missing key reports that. Writes nothing, which a full server would refuse."""
        return bool(self._client.delete(self._prefixed("captcha_api_probe")) != 1)

    @property
    def _client(self) -> Any:
        return self._backend._write_client

    def _prefixed(self, key: str) -> str:
        prefix = self._backend.key_prefix
        return f"{(prefix() if callable(prefix) else prefix) or ''}{key}"


def decodes_responses(backend: Any) -> bool:
    """Return whether a backend of the Redis family has a client that decodes replies as text, which pickles are not.

    Does not connect.
    """
    get_encoder = getattr(getattr(backend, "_write_client", None), "get_encoder", None)
    return get_encoder is not None and bool(getattr(get_encoder(), "decode_responses", False))


def adapt_redis(backend: Any) -> Any:
    """Return a :class:`RedisAdapter` if the backend is of the Redis family, else the backend."""
    # All of them write through this client. They share a base class only in recent releases of cachelib.
    return RedisAdapter(backend) if hasattr(backend, "_write_client") else backend
