"""The sweep of a FileSystemCache's folder."""

import os
import time
from pathlib import Path

import pytest
from flask_caching.backends import FileSystemCache

from flask_captcha_api.store import AnswerStore
from flask_captcha_api.sweep import Sweep

ROUND = 40


@pytest.fixture
def cache(tmp_path: Path) -> FileSystemCache:
    return FileSystemCache(str(tmp_path), threshold=0)


def expire(folder: Path) -> None:
    """Turn back the time at which every entry in the folder ends: its first four bytes."""
    for path in folder.iterdir():
        path.write_bytes((int(time.time()) - 10).to_bytes(4, "little") + path.read_bytes()[4:])


def test_expired_captchas_leave_the_folder(tmp_path: Path, cache: FileSystemCache) -> None:
    """Of 100 that nobody answered nothing is left a while later, and of those that still live nothing is lost."""
    store = AnswerStore(cache, longest_ttl=300)
    for number in range(100):
        store.put(f"{number:023}", "web x", 300)
    expire(tmp_path)
    living = [f"{number:023}" for number in range(100, 200)]
    for uuid in living:
        store.put(uuid, "web x", 300)
    assert len(list(tmp_path.iterdir())) == 100
    assert {store.take(uuid) for uuid in living} == {"web x"}


def test_what_a_failed_write_left_goes_too(tmp_path: Path, cache: FileSystemCache) -> None:
    """An unfinished file is removed when nobody can be writing it any more."""
    old, new = tmp_path / "old.__wz_cache", tmp_path / "new.__wz_cache"
    for path in (old, new):
        path.write_bytes(b"")
    os.utime(old, (time.time() - 3600,) * 2)
    sweep = Sweep(cache)
    for _ in range(ROUND):
        sweep.go_on()
    assert list(tmp_path.iterdir()) == [new]


def test_what_never_expires_stays(tmp_path: Path, cache: FileSystemCache) -> None:
    """Entries of the app without an end, living ones, and files of somebody else's are left alone."""
    cache.set("for ever", "page", timeout=0)
    cache.set("for an hour", "page", timeout=3600)
    (tmp_path / "note").write_bytes(b"\1")
    sweep = Sweep(cache)
    for _ in range(ROUND):
        sweep.go_on()
    assert (cache.get("for ever"), cache.get("for an hour")) == ("page", "page")
    assert (tmp_path / "note").exists()


def test_each_step_looks_at_few_files(tmp_path: Path, cache: FileSystemCache) -> None:
    """A folder with very many files costs one request no more than one with a few."""
    for number in range(500):
        cache.set(str(number), "x", timeout=300)
    expire(tmp_path)
    sweep = Sweep(cache)
    before = len(list(tmp_path.iterdir()))
    sweep.go_on()
    sweep.go_on()
    assert before - len(list(tmp_path.iterdir())) <= 6


def test_a_folder_that_is_gone_does_no_harm(
    tmp_path: Path, cache: FileSystemCache, caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot be swept is logged, and swept when it is back."""
    sweep = Sweep(cache)
    tmp_path.rmdir()
    sweep.go_on()
    assert "could not be swept" in caplog.text
    tmp_path.mkdir()
    cache.set("x", "x", timeout=300)
    expire(tmp_path)
    for _ in range(ROUND):
        sweep.go_on()
    assert list(tmp_path.iterdir()) == []


def test_with_a_threshold_cachelib_does_it(tmp_path: Path) -> None:
    """It counts its files then, and a count that is too high would cost living captchas."""
    cache = FileSystemCache(str(tmp_path), threshold=100)
    cache.set("x", "x", timeout=300)
    expire(tmp_path)
    sweep = Sweep(cache)
    for _ in range(ROUND):
        sweep.go_on()
    assert len(list(tmp_path.iterdir())) == 2  # the entry and the count
