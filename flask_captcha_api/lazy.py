"""What each process makes at its first use: locks, and values that several threads share."""

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class ProcessLock:
    """A lock that each process creates when it first needs it.

    A server may import the app and only then fork its workers and, for gevent, patch ``threading``. A lock from before
    the fork may be held by a thread that the worker does not have, and an unpatched one stops all of a worker's
    greenlets for good as soon as its holder yields.
    """

    def __init__(self) -> None:
        self._of_process: dict[int, threading.Lock] = {}

    def get(self) -> threading.Lock:
        """Return the lock of the current process."""
        pid = os.getpid()
        # setdefault is atomic, and the constructor is looked up now: at import it would be the unpatched one.
        return self._of_process.get(pid) or self._of_process.setdefault(pid, threading.Lock())


class Lazy(Generic[_Value]):
    """Makes a value once. If making it fails, the caller gets the error and the next call retries.

    Those who waited meanwhile get the same error: one after the other they would each wait for a server that is silent.
    """

    def __init__(self, make: Callable[[], _Value]) -> None:
        self._make = make
        self._lock = ProcessLock()
        self._made: tuple[_Value] | None = None
        self._failure: Exception | None = None

    def get(self) -> _Value:
        """Return the value, making it if this is the first call that succeeds."""
        if self._made is None:
            failed_before = self._failure
            with self._lock.get():
                failure = self._failure
                if failure is not None and failure is not failed_before:
                    raise failure.with_traceback(None)
                if self._made is None:
                    self._made = (self._make_or_note(),)
                    self._failure = None
        return self._made[0]

    def _make_or_note(self) -> _Value:
        try:
            return self._make()
        except Exception as error:
            self._failure = error
            raise
