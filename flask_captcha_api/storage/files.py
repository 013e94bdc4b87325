"""The sweep: removes from a FileSystemCache's folder what has expired and what a crash left behind.

cachelib removes expired files only beyond a threshold, which captchas must do without. Knows the files and nothing of
captchas: what has expired is of no use to anyone, the app's own entries included. Files that do not bear a name of
cachelib's making are somebody else's, whatever they begin with.
"""

import logging
import os
import re
import struct
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from cachelib import FileSystemCache

from ..lazy import ProcessLock

#: Files looked at for each captcha that is put in. One would do in a folder that only fills by captchas; the others
#: catch up with what stood there before.
_FILES_AT_ONCE = 3
#: Files looked at, at most, after a write that failed: they take some milliseconds.
_FILES_FOR_ROOM = 300
#: Entries removed by then are enough. Removing is what is slow, up to 2 ms for each on some disks.
_ROOM = 10
#: Seconds to wait for another thread that makes room.
_PATIENCE = 1
#: How often a write is tried, as long as there was room to be made.
_TRIES = 3
#: A file that is still being written is younger than this, in seconds.
_WRITTEN_BY_NOW = 60

_EXPIRY = struct.Struct("I")

_logger = logging.getLogger("flask_captcha_api")


class Sweep:
    """Goes round a cache's folder, a few files at a time, so that no request pays for a full one."""

    def __init__(self, backend: FileSystemCache) -> None:
        self._folder = backend._path
        digits = len(Path(backend._get_filename("")).name)  # as many as the cache's hash method gives
        self._finished = re.compile(f"[0-9a-f]{{{digits}}}")
        self._unfinished = backend._fs_transaction_suffix
        # With a threshold cachelib counts its files, and removes the excess: it has to do all of the removing then.
        self._is_needed = backend._threshold == 0
        self._lock = ProcessLock()
        self._rounds = _rounds(self._folder)
        self._told: set[int | None] = set()
        #: How many entries were removed so far.
        self._room_made = 0

    def go_on(self) -> None:
        """Look at the next few files."""
        self._look_at_next(_FILES_AT_ONCE)

    def write(self, put: Callable[[], None]) -> None:
        """Look at the next few files and put something in; where that fails, make room and try again.

        :raises Exception: the last try's. Room was not to be had, or others were faster to use it.
        """
        self.go_on()
        for _ in range(_TRIES - 1):
            made_before = self._room_made
            try:
                return put()
            except Exception:
                self._look_at_next(_FILES_FOR_ROOM, patience=_PATIENCE)
                if self._room_made == made_before:  # not by another thread either
                    raise
        return put()

    def _look_at_next(self, count: int, *, patience: float = 0) -> None:
        """Look at files until enough of them made room.

        :param patience: seconds to wait for another thread that is at it; after them, what that one does will do.
        """
        lock = self._lock.get()
        if not self._is_needed or not lock.acquire(timeout=patience):
            return
        enough = self._room_made + _ROOM
        try:
            for entry in islice(self._rounds, count):
                self._room_made += entry is not None and self._look_at(entry)
                if self._room_made == enough:
                    break
        except OSError as error:  # it is the folder that cannot be read
            self._tell(error)
            self._rounds = _rounds(self._folder)
        finally:
            lock.release()

    def _look_at(self, entry: os.DirEntry[str]) -> bool:
        """Remove what is of no use any more. Tell whether that made room, which orphans do not: most are empty."""
        try:
            if not entry.is_file(follow_symlinks=False):
                return False
            if self._finished.fullmatch(entry.name) and _has_expired(entry):
                Path(entry.path).unlink()
                return True
            if entry.name.endswith(self._unfinished) and _is_orphan(entry):
                Path(entry.path).unlink()
        except FileNotFoundError:  # it has been taken meanwhile
            pass
        except OSError as error:  # neither a captcha is lost over one file, nor the rest of the round
            self._tell(error)
        return False

    def _tell(self, error: OSError) -> None:
        """Log an error, but each kind once: it comes back with every round."""
        if error.errno not in self._told:
            self._told.add(error.errno)
            _logger.warning("the cache's folder could not be swept of everything (told once): %s", error)


def _rounds(folder: str) -> Iterator[os.DirEntry[str] | None]:
    """Read the folder again and again, without ever holding a list of it; None stands between two rounds."""
    while True:
        with os.scandir(folder) as entries:
            yield from entries
        yield None


def _is_orphan(entry: os.DirEntry[str]) -> bool:
    """Tell whether a file was never finished: each write that fails on a full disk leaves one."""
    return entry.stat().st_mtime < time.time() - _WRITTEN_BY_NOW


def _has_expired(entry: os.DirEntry[str]) -> bool:
    """Tell whether a cache entry's time is over. It begins with that, in seconds of the epoch; 0 stands for never."""
    with Path(entry.path).open("rb") as file:
        head = file.read(_EXPIRY.size)
    return len(head) == _EXPIRY.size and 0 < _EXPIRY.unpack(head)[0] < time.time()
