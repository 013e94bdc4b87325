"""The sweep of a FileSystemCache's folder."""

import errno
import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cachelib.serializers import FileSystemSerializer
from flask_caching.backends import FileSystemCache
from PIL import Image

from flask_captcha_api.exceptions import StoreUnavailable
from flask_captcha_api.storage.answers import AnswerStore
from flask_captcha_api.storage.files import FolderSweep

ROUND = 40
VALUE = "web x"
NOBODY = 65534


@pytest.fixture
def cache(tmp_path: Path) -> FileSystemCache:
    return FileSystemCache(str(tmp_path), threshold=0)


class Full(FileSystemSerializer):
    """Writes as on a disk that has room for so many entries: beyond them the write of the real cache fails midway."""

    def __init__(self, folder: Path, room: int) -> None:
        self._folder, self._room = folder, room

    def dump(self, value: Any, f: Any, *args: Any) -> None:
        if len(names(self._folder, is_orphan=False)) >= self._room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().dump(value, f, *args)


def names(folder: Path, *, is_orphan: bool) -> set[str]:
    """Return which files writes have finished, or which they have not."""
    return {path.name for path in folder.iterdir() if path.name.endswith(".__wz_cache") is is_orphan}


def expire(folder: Path) -> None:
    """Turn back the time at which every entry in the folder ends."""
    for name in names(folder, is_orphan=False):
        expire_entry(folder / name)


def expire_entry(path: Path) -> None:
    """Turn back the time at which an entry ends: its first four bytes."""
    path.write_bytes((int(time.time()) - 10).to_bytes(4, "little") + path.read_bytes()[4:])


def fill(cache: FileSystemCache, room: int) -> list[str]:
    """Put in as many captchas as there is room for, and return their uuids."""
    cache.serializer = Full(Path(cache._path), room)
    store = AnswerStore(cache, longest_ttl=300)
    uuids = [f"{number:023}" for number in range(room)]
    for uuid in uuids:
        store.put(uuid, VALUE, 300)
    return uuids


def is_kept(store: AnswerStore, uuid: str) -> bool:
    """Put a captcha in, and tell whether it was kept."""
    try:
        store.put(uuid, VALUE, 300)
    except StoreUnavailable:
        return False
    return True


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
    sweep = FolderSweep(cache)
    for _ in range(ROUND):
        sweep.step()
    assert list(tmp_path.iterdir()) == [new]


def test_a_disk_full_of_expired_captchas_takes_new_ones(tmp_path: Path, cache: FileSystemCache) -> None:
    """Not one is refused once the others have expired, in the process that filled the disk and in another."""
    fill(cache, 100)
    store, other = AnswerStore(cache, longest_ttl=300), AnswerStore(cache, longest_ttl=300)
    assert not is_kept(store, "one too many")
    expire(tmp_path)
    assert all(is_kept(side, f"{number:023}") for number in range(100, 140) for side in (store, other))


def test_threads_wait_for_the_one_that_makes_room(cache: FileSystemCache, tmp_path: Path) -> None:
    """Whoever meets a full disk while another thread sweeps is not refused for it."""
    fill(cache, 400)
    expire(tmp_path)
    store = AnswerStore(cache, longest_ttl=300)
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(partial(is_kept, store), (f"{number:023}" for number in range(400, 560))))
    assert all(kept)


@pytest.mark.slow
def test_a_full_disk_is_searched_for_what_has_expired(tmp_path: Path, cache: FileSystemCache) -> None:
    """One of 1,000 has: a few requests find it, and nobody who comes after the first of 1,000 would wait for it."""
    fill(cache, 1000)
    expire_entry(Path(cache._get_filename("captcha_api:" + f"{500:023}")))
    store = AnswerStore(cache, longest_ttl=300)
    assert any(is_kept(store, f"new {number}") for number in range(5))


def test_a_disk_full_of_living_captchas_loses_none(tmp_path: Path, cache: FileSystemCache) -> None:
    """New ones are refused, those that are out pass, and with each that is taken there is room for another."""
    uuids = fill(cache, 100)
    store = AnswerStore(cache, longest_ttl=300)
    assert not any(is_kept(store, f"new {number}") for number in range(20))
    assert {store.take(uuid) for uuid in uuids} == {VALUE}
    assert is_kept(store, "new")


@pytest.mark.slow
def test_refused_writes_do_not_pile_up(tmp_path: Path, cache: FileSystemCache) -> None:
    """What each left behind is removed later, although the disk is still full."""
    fill(cache, 100)
    store = AnswerStore(cache, longest_ttl=300)
    for number in range(150):
        assert not is_kept(store, f"{number}")
    left = names(tmp_path, is_orphan=True)
    assert len(left) == 150
    for name in left:
        os.utime(tmp_path / name, (time.time() - 3600,) * 2)
    for number in range(5):
        assert not is_kept(store, f"{number}")
    assert not left & names(tmp_path, is_orphan=True)


def test_what_never_expires_stays(tmp_path: Path, cache: FileSystemCache) -> None:
    """Entries of the app without an end and living ones are left alone."""
    cache.set("for ever", "page", timeout=0)
    cache.set("for an hour", "page", timeout=3600)
    sweep = FolderSweep(cache)
    for _ in range(ROUND):
        sweep.step()
    assert (cache.get("for ever"), cache.get("for an hour")) == ("page", "page")


def foreign_files(folder: Path, digest: str) -> None:
    """Put in files whose first four bytes, taken for a time, are long past; ``digest`` is like an entry's name."""
    with closing(sqlite3.connect(folder / "app.db")) as database:
        database.execute("create table account (name)")
        database.commit()
    Image.new("RGB", (8, 8)).save(folder / "logo.png")
    (folder / "note.txt").write_text("remember the milk")
    (folder / "note").write_bytes(b"\1")
    long_past = (1).to_bytes(4, "little") + b"of somebody"
    for name in (digest[:-1], digest + "0", "x" + digest[1:], digest + ".jpg", ".__wz_cache.old", "__wz_cache_count"):
        (folder / name).write_bytes(long_past)
    (folder.parent / "elsewhere").write_bytes(long_past)
    (folder / ("f" * len(digest))).symlink_to(folder.parent / "elsewhere")
    for path in folder.iterdir():
        if not path.is_symlink():
            os.utime(path, (time.time() - 3600,) * 2)


@pytest.mark.parametrize("hash_method", [hashlib.md5, hashlib.sha256, hashlib.sha3_512])
def test_only_files_of_the_cache_are_removed(tmp_path: Path, hash_method: Callable[[bytes], Any]) -> None:
    """Whatever else lies in the folder stays as it is; what has expired goes by whichever hash it is named."""
    folder = tmp_path / "entries"
    cache = FileSystemCache(str(folder), threshold=0, hash_method=hash_method)
    for number in range(20):
        cache.set(str(number), "x", timeout=300)
    expire(folder)
    foreign_files(folder, hash_method(b"").hexdigest())
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    sweep = FolderSweep(cache)
    for _ in range(ROUND):
        sweep.step()
    entries = {Path(cache._get_filename(str(number))).name for number in range(20)}
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        name: content for name, content in before.items() if name not in entries
    }


def test_folders_do_not_stop_it(tmp_path: Path, cache: FileSystemCache, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever their names; nothing is said of them, as nothing is wanted of them."""
    for name in ("lost+found", "0" * 32, "0" * 64, "old.__wz_cache"):
        (tmp_path / name).mkdir()
    for number in range(50):
        cache.set(str(number), "x", timeout=300)
        expire_entry(Path(cache._get_filename(str(number))))
    sweep = FolderSweep(cache)
    for _ in range(ROUND):
        sweep.step()
    assert len(list(tmp_path.iterdir())) == 4
    assert caplog.text == ""


@contextmanager
def as_nobody() -> Iterator[None]:
    """Give up the right to read everything, where the tests have it."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_an_entry_that_cannot_be_read_does_not_stop_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are removed, and the log has it once, not with each round."""
    monkeypatch.chdir(tmp_path)  # nobody may not pass through the folders above
    tmp_path.chmod(0o777)
    cache = FileSystemCache(".", threshold=0)
    for number in range(50):
        cache.set(str(number), "x", timeout=300)
    expire(tmp_path)
    unreadable = {Path(cache._get_filename(str(number))) for number in range(3)}
    for path in tmp_path.iterdir():
        path.chmod(0o000 if Path(path.name) in unreadable else 0o644)
    sweep = FolderSweep(cache)
    with as_nobody():
        for _ in range(ROUND):
            sweep.step()
    assert {Path(path.name) for path in tmp_path.iterdir()} == unreadable
    assert caplog.text.count("could not be swept") == caplog.text.count("Permission denied") == 1


def test_each_step_looks_at_few_files(tmp_path: Path, cache: FileSystemCache) -> None:
    """A folder with very many files costs one request no more than one with a few, and not much more where it fails."""
    for number in range(500):
        cache.set(str(number), "x", timeout=300)
    expire(tmp_path)
    sweep = FolderSweep(cache)
    before = len(list(tmp_path.iterdir()))
    sweep.step()
    sweep.step()
    assert before - len(list(tmp_path.iterdir())) <= 6

    def fail() -> None:
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        sweep.write(fail)
    assert before - len(list(tmp_path.iterdir())) <= 6 + 3 + 2 * 10


def test_a_folder_that_is_gone_does_no_harm(
    tmp_path: Path, cache: FileSystemCache, caplog: pytest.LogCaptureFixture
) -> None:
    """What cannot be swept is logged, once, and swept when it is back."""
    sweep = FolderSweep(cache)
    tmp_path.rmdir()
    sweep.step()
    sweep.step()
    assert caplog.text.count("could not be swept") == 1
    tmp_path.mkdir()
    cache.set("x", "x", timeout=300)
    expire(tmp_path)
    for _ in range(ROUND):
        sweep.step()
    assert list(tmp_path.iterdir()) == []


def test_with_a_threshold_cachelib_does_it(tmp_path: Path) -> None:
    """It counts its files then, and a count that is too high would cost living captchas."""
    cache = FileSystemCache(str(tmp_path), threshold=100)
    cache.set("x", "x", timeout=300)
    expire(tmp_path)
    sweep = FolderSweep(cache)
    for _ in range(ROUND):
        sweep.step()
    assert len(list(tmp_path.iterdir())) == 2  # the entry and the count
