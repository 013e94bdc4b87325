"""Locks and shared values that each process creates at their first use."""

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class ProcessLock:
    """A lock that each process creates when it first needs it.

    A server may import the app and only then fork its workers and, for gevent, patch ``threading``. A lock from before
    the fork may be held by a thread that does not exist in the worker, and an unpatched lock blocks all greenlets of a
    worker for good once its holder yields.
    """

    def __init__(self) -> None:
        self._locks: dict[int, threading.Lock] = {}

    def get(self) -> threading.Lock:
        """Return the lock of the current process."""
        pid = os.getpid()
        # setdefault is atomic. The constructor is looked up here because at import it may still be unpatched.
        return self._locks.get(pid) or self._locks.setdefault(pid, threading.Lock())


class Lazy(Generic[_Value]):
    """Makes a value once. If the factory raises, the caller gets the error and the next call retries.

    Callers that waited meanwhile get the same error. Otherwise they would wait for a silent server one after the other.
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
