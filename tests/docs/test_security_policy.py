"""SECURITY.md names tests, modules and files that there are, and promises nothing that no test shows."""

import hashlib
import re

from ..support.markdown import missing_tests, named_tests_in, rows_below
from ..support.paths import PACKAGE, ROOT

SECURITY = (ROOT / "SECURITY.md").read_text()
DATA = PACKAGE / "rendering" / "data"


def test_every_test_that_is_named_exists() -> None:
    """Each test that SECURITY.md names exists."""
    assert len(named_tests_in(SECURITY)) > 50
    assert missing_tests(SECURITY) == set()


def test_every_promise_has_means_and_a_test() -> None:
    """Each row of promises names a module of the package and a test."""
    for promise, means, shown in rows_below(SECURITY, "What is promised"):
        modules = re.findall(r"`((?:\w+/)*\w+\.py)`", means)
        assert modules, promise
        assert [module for module in modules if not (PACKAGE / module).is_file()] == []
        assert named_tests_in(shown), promise


def test_checksums() -> None:
    """The table lists every file of data with its SHA-256, and each typeface and the voices have their licence."""
    listed = {
        name.strip("`"): digest.strip("`") for name, _, _, digest in rows_below(SECURITY, "What comes with the package")
    }
    data = {path.name: path for path in DATA.iterdir() if path.is_file() and not path.name.endswith(".LICENSE.txt")}
    assert listed == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in data.items()}
    for path in data.values():
        assert (DATA / f"{'voices' if path.stem.startswith('voice') else path.stem}.LICENSE.txt").is_file()
