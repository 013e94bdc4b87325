"""Fixtures of the tests in browsers."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from ..support.browser import browsers


# For all modules of this folder, none of which uses asyncio: starting a browser takes as long as several tests in it.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with browsers.chromium() as started:
        yield started
