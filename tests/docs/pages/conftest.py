"""Fixtures of the tests of pages: what a page needs to run, and the site."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ...support import pages
from ...support.paths import ROOT


@pytest.fixture(scope="module")
def elsewhere(
    settings_of: Callable[[str], dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Path], dict[str, str]]:
    """Return what stands here for the servers and folders that a page names; the servers are started for it."""

    def for_page(page: Path) -> dict[str, str]:
        told = page.read_text()
        here = {"/var/lib/myapp": str(tmp_path_factory.mktemp("myapp"))}
        if "127.0.0.1:6379" in told:
            here["127.0.0.1:6379"] = f"127.0.0.1:{settings_of('RedisCache')['CACHE_REDIS_PORT']}"
        if "127.0.0.1:11211" in told:
            (here["127.0.0.1:11211"],) = settings_of("MemcachedCache-pylibmc")["CACHE_MEMCACHED_SERVERS"]
        return here

    return for_page


@pytest.fixture(scope="module")
def ran(elsewhere: Callable[[Path], dict[str, str]]) -> Callable[[Path], dict[str, Any]]:
    """Run the Python of a page, once for all tests; returns the names that it leaves."""
    names: dict[Path, dict[str, Any]] = {}

    def run_once(page: Path) -> dict[str, Any]:
        if page not in names:
            names[page] = pages.run(page, elsewhere(page))
        return names[page]

    return run_once


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site; a link or an anchor that leads nowhere, and a page that is missing, is an error."""
    pytest.importorskip("mkdocs")
    directory = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "mkdocs", "--quiet", "build", "--strict", "--site-dir", str(directory)]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    return directory


@pytest.fixture
def served(built: Path) -> Iterator[str]:
    """Serve the site; returns its address."""
    with pages.serving_files(built) as address:
        yield address
