"""A volley: one request sent on many open connections at once, as near to the same moment as one process can."""

import json
import socket
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from types import TracebackType
from typing import Any

from tests.support.gunicorn import Site

#: Connections that are tried until every worker holds enough of them.
_MOST_TRIES = 1000
_TIMEOUT_SECONDS = 30


class Volley(AbstractContextManager["Volley"]):
    """Connections that stay open, shared out over the workers of a site.

    :param clients: how many.
    :param least: how many of them each worker has to hold at least.
    :ivar shares: how many connections each worker holds, by its process id.
    """

    def __init__(self, site: Site, *, clients: int, least: int) -> None:
        self.shares: Counter[int] = Counter()
        self._connections: list[_Connection] = []
        self._stack = ExitStack()
        most = clients - least * (len(site.workers()) - 1)
        with self._stack as stack:
            for _ in range(_MOST_TRIES):
                connection = _Connection(site.port)
                pid = int(connection.ask(request("GET", "/worker"))["pid"])
                if self.shares[pid] == most:
                    connection.close()
                    continue
                stack.enter_context(closing(connection))
                self._connections.append(connection)
                self.shares[pid] += 1
                if len(self._connections) == clients:
                    break
            else:
                raise RuntimeError(f"the workers do not share {clients} connections: {self.shares}")
            self._stack = stack.pop_all()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def fire(self, message: bytes) -> Sequence[tuple[int, Any]]:
        """Send the message on every connection, then read every answer; returns statuses with parsed bodies."""
        for connection in self._connections:
            connection.send(message)
        return [connection.receive() for connection in self._connections]


def request(method: str, path: str, body: Any = None) -> bytes:
    """Write a request down as it goes over the wire."""
    payload = b"" if body is None else json.dumps(body).encode()
    headers = f"Host: x\r\nContent-Type: application/json\r\nContent-Length: {len(payload)}"
    return f"{method} {path} HTTP/1.1\r\n{headers}\r\n\r\n".encode() + payload


class _Connection:
    """A connection that is kept alive. It understands as much of HTTP as gunicorn's answers to us take."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, message: bytes) -> Any:
        self.send(message)
        return self.receive()[1]

    def send(self, message: bytes) -> None:
        self._socket.sendall(message)

    def receive(self) -> tuple[int, Any]:
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, body = received.partition(b"\r\n\r\n")
        headers = head.lower().split(b"\r\n")
        length = next(int(line[15:]) for line in headers if line.startswith(b"content-length:"))
        while len(body) < length:
            body += self._more()
        return int(head.split(b" ", 2)[1]), json.loads(body)

    def close(self) -> None:
        self._socket.close()

    def _more(self) -> bytes:
        part = self._socket.recv(65536)
        if not part:
            raise ConnectionError("the server closed a connection that was to stay open")
        return part
