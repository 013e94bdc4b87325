"""Rows in which the disk under FileSystemCache is full or read-only, on a file system of its own in memory."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.support.servers import program

from . import caches
from .crowd import HELD, Crowd
from .outage import AFTER, DOWN, outage
from .row import Finding, Run, Skipped
from .wrk import load

#: A captcha takes a page of 4 KiB here.
SMALL, LARGE = "size=4m", "size=64m"
ENOUGH_REFUSALS = 50
#: Of captchas that are to expire soon.
SHORT_TTL = 10


def full(run: Run) -> Finding:
    """Let the captchas fill the disk, and make it larger."""
    with _small_disk(run) as disk, run.site(caches.files(disk)) as site, Crowd(run, site, held=10**9) as crowd:
        crowd.work_until(lambda tally: tally.unavailable >= ENOUGH_REFUSALS, 60, "filling the disk")
        issued_until_full = crowd.ledger.tally().issued
        crowd.work(DOWN, "full")
        _remount(disk, LARGE)
        crowd.held = HELD
        finding = crowd.finding_after_return(AFTER, f"full after {issued_until_full:,} captchas")
        left = sum(file.name.endswith(".__wz_cache") for file in (disk / "entries").iterdir())
        return replace(finding, came=f"{finding.came}; {left} half-written files left behind")


def full_until_expired(run: Run) -> Finding:
    """Fill the disk with captchas that nobody solves, and let visitors come when these have expired."""
    flood = refused = 0
    with _small_disk(run) as disk, run.site({**caches.files(disk), "CAPTCHA_TTL": SHORT_TTL}) as site:
        while refused < ENOUGH_REFUSALS:
            run.tell(f"filling the disk, {flood:,} issued")
            came = load(site, "/captcha/web", seconds=1)
            refused += came.status_errors
            flood += came.requests - came.status_errors
        run.tell("full, until they have expired")
        time.sleep(SHORT_TTL + 2)
        with Crowd(run, site, ttl=SHORT_TTL) as crowd:
            return crowd.finding_after_return(AFTER, f"full after {flood:,} captchas, none of which was solved")


def read_only(run: Run) -> Finding:
    """Make the disk read-only, and writable again."""
    return outage(
        run,
        _small_disk(run),
        caches.files,
        begin=lambda disk: _remount(disk, "ro"),
        end=lambda disk: _remount(disk, "rw"),
        what="read-only",
    )


@contextmanager
def _small_disk(run: Run) -> Iterator[Path]:
    disk = run.directory / "disk"
    disk.mkdir()
    try:
        _mount("-t", "tmpfs", "-o", SMALL, "tmpfs", str(disk))
    except (OSError, subprocess.CalledProcessError) as error:
        raise Skipped(
            "a disk that can be filled without harm is a tmpfs, and mounting one is not allowed here"
        ) from error
    try:
        yield disk
    finally:
        subprocess.run([program("umount"), "--lazy", disk], check=True)


def _remount(disk: Path, options: str) -> None:
    _mount("-o", f"remount,{options}", str(disk))


def _mount(*arguments: str) -> None:
    subprocess.run([program("mount"), *arguments], check=True, stderr=subprocess.DEVNULL)
