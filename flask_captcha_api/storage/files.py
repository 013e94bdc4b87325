"""Removal of expired entries and of orphans of failed writes from a FileSystemCache's folder.

cachelib removes expired files only beyond a threshold, and captchas must not have one. The app's own entries are swept
too, once expired. Files whose names are not cachelib's are left alone.
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

#: Files examined for each captcha that is stored. One would be enough if only captchas filled the folder; the others
#: work off what was there before.
_FILES_PER_STEP = 3
#: The most files examined after a write that failed, which takes some milliseconds.
_FILES_AFTER_FAILURE = 300
#: Stop after this many removals: they are slow, up to 2 ms each on some disks.
_ENOUGH_REMOVED = 10
#: Seconds to wait for other threads that are sweeping. On a busy machine a dozen of them take over a second.
_LOCK_TIMEOUT = 5
#: The most attempts to write, as long as each failure was followed by removals.
_ATTEMPTS = 3
#: Seconds after which an unfinished file is no longer being written.
_ORPHAN_AGE = 60

_EXPIRY = struct.Struct("I")

_logger = logging.getLogger("flask_captcha_api")


class FolderSweep:
    """Goes round a cache's folder, a few files at a time, so that no request pays for a full round."""

    def __init__(self, backend: FileSystemCache) -> None:
        self._folder = backend._path
        digits = len(Path(backend._get_filename("")).name)  # as many as the cache's hash method gives
        self._finished = re.compile(f"[0-9a-f]{{{digits}}}")
        self._unfinished_suffix = backend._fs_transaction_suffix
        # With a threshold cachelib counts its files and removes the excess. Removals by others would upset its count.
        self._is_needed = backend._threshold == 0
        self._lock = ProcessLock()
        self._entries = _entries_of(self._folder)
        self._logged: set[int | None] = set()
        self._removed = 0

    def step(self) -> None:
        """Examine the next few files."""
        self._examine_next(_FILES_PER_STEP)

    def write(self, put: Callable[[], None]) -> None:
        """Examine the next few files and call ``put``; if that fails, remove more files and try again.

        :raises Exception: that of the last attempt. Nothing could be removed, or others used the space first.
        """
        self.step()
        for _ in range(_ATTEMPTS - 1):
            removed_before = self._removed
            try:
                return put()
            except Exception:
                self._examine_next(_FILES_AFTER_FAILURE, lock_timeout=_LOCK_TIMEOUT)
                if self._removed == removed_before:  # not by another thread either
                    raise
        return put()

    def _examine_next(self, count: int, *, lock_timeout: float = 0) -> None:
        """Examine ``count`` files, or fewer if enough of them could be removed.

        :param lock_timeout: seconds to wait for another thread that is sweeping; then its removals will have to do.
        """
        lock = self._lock.get()
        if not self._is_needed or not lock.acquire(timeout=lock_timeout):
            return
        enough = self._removed + _ENOUGH_REMOVED
        try:
            for entry in islice(self._entries, count):
                self._removed += entry is not None and self._remove_if_useless(entry)
                if self._removed == enough:
                    break
        except OSError as error:  # the folder itself cannot be read
            self._log_once(error)
            self._entries = _entries_of(self._folder)
        finally:
            lock.release()

    def _remove_if_useless(self, entry: os.DirEntry[str]) -> bool:
        """Remove a file if it has expired or is an orphan.

        :returns: whether that freed space. An orphan does not count: most are empty.
        """
        try:
            if not entry.is_file(follow_symlinks=False):
                return False
            if self._finished.fullmatch(entry.name) and _has_expired(entry):
                Path(entry.path).unlink()
                return True
            if entry.name.endswith(self._unfinished_suffix) and _is_orphan(entry):
                Path(entry.path).unlink()
        except FileNotFoundError:  # taken meanwhile
            pass
        except OSError as error:  # one file must not cost a captcha, nor the rest of the round
            self._log_once(error)
        return False

    def _log_once(self, error: OSError) -> None:
        """Log the first error of each errno: the same errors recur in every round."""
        if error.errno not in self._logged:
            self._logged.add(error.errno)
            _logger.warning("the cache's folder could not be swept completely (logged once): %s", error)


def _entries_of(folder: str) -> Iterator[os.DirEntry[str] | None]:
    """Yield the folder's entries over and over, and None after each full pass. Never holds a list of them."""
    while True:
        with os.scandir(folder) as entries:
            yield from entries
        yield None


def _is_orphan(entry: os.DirEntry[str]) -> bool:
    """Return whether an unfinished file is too old to be still being written. Each write to a full disk leaves one."""
    return entry.stat().st_mtime < time.time() - _ORPHAN_AGE


def _has_expired(entry: os.DirEntry[str]) -> bool:
    """Return whether a cache entry has expired. It begins with its expiry, in seconds of the epoch; 0 means never."""
    with Path(entry.path).open("rb") as file:
        head = file.read(_EXPIRY.size)
    return len(head) == _EXPIRY.size and 0 < _EXPIRY.unpack(head)[0] < time.time()
