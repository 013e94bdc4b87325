"""The fixtures of :mod:`flask_captcha_api.testing`, apart from it: pytest alone imports this module.

PYTEST_DONT_REWRITE: there is no assertion here whose failure pytest could explain.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from flask import Flask

from . import Captchas


@pytest.fixture
def captchas(app: Flask) -> Iterator[Captchas]:
    """Decide, for one test, what the answers are or what becomes of attempts. Wants the app from a fixture ``app``."""
    with ExitStack() as until_end:
        yield Captchas(app, until_end)
