"""docs/how-to/load-tests.md: its files are a load test that passes, in an app with several processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ..support.gunicorn import gunicorn
from ..support.pages import blocks_of
from ..support.paths import DOCS, ROOT

PAGE = DOCS / "how-to" / "load-tests.md"
ENVIRONMENT = {"LOAD_TEST_ANSWER": "40528", "PYTHONPATH": str(ROOT)}
TRIPS = 30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the files of the page."""
    for block in blocks_of(PAGE, "python"):
        assert block.file
        (tmp_path / block.file).write_text(block.text.replace("/var/lib/myapp", str(tmp_path)))
    return tmp_path


@pytest.mark.server
def test_each_captcha_passes_once(folder: Path) -> None:
    """Whichever of the workers issues it, and whichever of them is asked."""
    with gunicorn(folder, "load_app:app", workers=2, cwd=folder, environment=ENVIRONMENT) as site:
        command = [sys.executable, "load.py", f"http://127.0.0.1:{site.port}", str(TRIPS)]
        environment = {**os.environ, **ENVIRONMENT}
        ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stdout
    assert ran.stdout.endswith(f"{{(200, 422): {TRIPS}}}\n")


def test_it_does_not_start_by_mistake(folder: Path) -> None:
    """The file alone opens nothing: without an answer of the test's own there is no app."""
    environment = {name: value for name, value in os.environ.items() if name != "LOAD_TEST_ANSWER"}
    command = [sys.executable, "-c", "import load_app"]
    environment["PYTHONPATH"] = str(ROOT)
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert "KeyError: 'LOAD_TEST_ANSWER'" in ran.stderr
