"""What the modules of this folder share. They run by ``make test-frontends``, not with the other tests."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from .recipes import MODULES
from .shop import Shop, open_shop


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    """Fail where the packages are missing, rather than test nothing."""
    if not (MODULES / "flask-captcha-api").is_dir():
        pytest.fail("the npm packages are not installed: run make test-frontends")


@pytest.fixture
def opened() -> Iterator[Callable[..., Shop]]:
    """Open the shop of a recipe's page, until the test is over."""
    with ExitStack() as stack:

        def open_one(page: str, files: Path, changes: Mapping[str, str] | None = None) -> Shop:
            return stack.enter_context(open_shop(page, files, changes or {}))

        yield open_one
