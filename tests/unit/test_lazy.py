"""What each process makes at its first use."""

import multiprocessing
import os
import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from flask_captcha_api.lazy import Lazy, ProcessLock


def exit_code_of_fork(child: Callable[[], Any]) -> int | None:
    """Run something in a forked process; returns its exit code, None if it does not come to an end."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # newer Pythons warn of forking beside threads, which is the point here
        process = multiprocessing.get_context("fork").Process(target=child)
        process.start()
    process.join(10)
    if process.is_alive():
        process.kill()
        process.join()
        return None
    return process.exitcode


def test_a_process_has_one_lock() -> None:
    """Every thread of it gets the same."""
    lock = ProcessLock()
    found: list[threading.Lock] = []
    threads = [threading.Thread(target=lambda: found.append(lock.get())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert set(found) == {lock.get()}


def test_a_lock_that_is_held_at_a_fork_is_free_in_the_child() -> None:
    """The thread that holds it does not exist there."""
    lock = ProcessLock()
    with lock.get():
        assert exit_code_of_fork(lambda: os._exit(7 if lock.get().acquire(timeout=5) else 1)) == 7


def test_a_value_that_is_being_made_at_a_fork_is_made_in_the_child() -> None:
    """It does not wait for the parent's thread."""
    parent, has_begun, may_end = os.getpid(), threading.Event(), threading.Event()

    def make() -> int:
        if os.getpid() == parent:
            has_begun.set()
            may_end.wait(60)
        return os.getpid()

    value = Lazy(make)
    maker = threading.Thread(target=value.get)
    maker.start()
    assert has_begun.wait(60)
    code = exit_code_of_fork(lambda: os._exit(7 if value.get() == os.getpid() else 1))
    may_end.set()
    maker.join()
    assert code == 7
    assert value.get() == parent


def test_a_value_is_made_once() -> None:
    """Threads that come meanwhile wait for it."""
    made: list[object] = []
    begin = threading.Barrier(8)

    def make() -> object:
        made.append(object())
        return made[-1]

    value = Lazy(make)
    found: list[object] = []

    def ask() -> None:
        begin.wait(60)
        found.append(value.get())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == made * 8


def test_those_who_wait_get_the_error_too() -> None:
    """A server that is silent for a second keeps nobody waiting for longer, however many come at once."""
    tries: list[int] = []
    arrivals = threading.Semaphore(0)

    class Counting(ProcessLock):
        def get(self) -> threading.Lock:
            arrivals.release()
            return super().get()

    def make() -> None:
        tries.append(1)
        if len(tries) == 1:
            assert all(arrivals.acquire(timeout=60) for _ in range(8))
        raise ConnectionError("down")

    value = Lazy(make)
    value._lock = Counting()
    told: list[str] = []

    def ask() -> None:
        with pytest.raises(ConnectionError) as error:
            value.get()
        told.append(str(error.value))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (told, len(tries)) == (["down"] * 8, 1)
    with pytest.raises(ConnectionError):
        value.get()
    assert len(tries) == 2


def test_an_error_is_raised_and_the_next_call_tries_again() -> None:
    """What failed once may work later."""
    results = iter([ConnectionError("down"), "value"])

    def make() -> Any:
        result = next(results)
        if isinstance(result, Exception):
            raise result
        return result

    value = Lazy(make)
    with pytest.raises(ConnectionError, match="down"):
        value.get()
    assert [value.get(), value.get()] == ["value", "value"]
