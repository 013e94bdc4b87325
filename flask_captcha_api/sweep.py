"""The sweep: removes from a FileSystemCache's folder what has expired and what a crash left behind.

cachelib removes expired files only beyond a threshold, which captchas must do without. Knows the files and nothing of
captchas: what has expired is of no use to anyone, the app's own entries included.
"""

import logging
import os
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from cachelib import FileSystemCache

#: Files looked at for each captcha that is put in. One would do in a folder that only fills by captchas; the others
#: catch up with what stood there before.
_FILES_AT_ONCE = 3
#: A file that is still being written is younger than this, in seconds.
_WRITTEN_BY_NOW = 60

_EXPIRY = struct.Struct("I")

_logger = logging.getLogger("flask_captcha_api")


class Sweep:
    """Goes round a cache's folder, a few files at a time, so that no request pays for a full one."""

    def __init__(self, backend: FileSystemCache) -> None:
        self._folder = backend._path
        self._unfinished = backend._fs_transaction_suffix
        # With a threshold cachelib counts its files, and removes the excess: it has to do all of the removing then.
        self._is_needed = backend._threshold == 0
        self._lock = threading.Lock()
        self._rounds = _rounds(self._folder)

    def go_on(self) -> None:
        """Look at the next files. Where another thread is at it, that will do."""
        if not self._is_needed or not self._lock.acquire(blocking=False):
            return
        try:
            for _ in range(_FILES_AT_ONCE):
                entry = next(self._rounds)
                if entry is None:
                    return
                self._look_at(entry)
        except OSError as error:  # a captcha is not lost over a file that cannot be removed
            _logger.warning("the cache's folder could not be swept: %s", error)
            self._rounds = _rounds(self._folder)
        finally:
            self._lock.release()

    def _look_at(self, entry: os.DirEntry[str]) -> None:
        try:
            if self._is_orphan(entry) or _has_expired(entry):
                Path(entry.path).unlink()
        except FileNotFoundError:  # it has been taken meanwhile
            pass

    def _is_orphan(self, entry: os.DirEntry[str]) -> bool:
        """Tell whether the file was never finished: each write that fails on a full disk leaves one."""
        return entry.name.endswith(self._unfinished) and entry.stat().st_mtime < time.time() - _WRITTEN_BY_NOW


def _rounds(folder: str) -> Iterator[os.DirEntry[str] | None]:
    """Read the folder again and again, without ever holding a list of it; None stands between two rounds."""
    while True:
        with os.scandir(folder) as entries:
            yield from entries
        yield None


def _has_expired(entry: os.DirEntry[str]) -> bool:
    """Tell whether a cache entry's time is over. It begins with that, in seconds of the epoch; 0 stands for never."""
    with Path(entry.path).open("rb") as file:
        head = file.read(_EXPIRY.size)
    return len(head) == _EXPIRY.size and 0 < _EXPIRY.unpack(head)[0] < time.time()
