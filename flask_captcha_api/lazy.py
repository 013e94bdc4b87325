"""A value that is made at its first use, by whichever thread comes first."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class Lazy(Generic[_Value]):
    """Makes a value once. What the making raises is raised to whoever asked, and the next one tries again."""

    def __init__(self, make: Callable[[], _Value]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: tuple[_Value] | None = None

    def get(self) -> _Value:
        """Return the value, making it if this is the first call that succeeds."""
        if self._made is None:
            with self._lock:
                if self._made is None:
                    self._made = (self._make(),)
        return self._made[0]
