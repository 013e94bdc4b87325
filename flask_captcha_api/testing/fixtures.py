"""The pytest fixtures of :mod:`flask_captcha_api.testing`, in a module that only pytest imports.

PYTEST_DONT_REWRITE: this module has no assertions.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from flask import Flask

from . import Captchas


@pytest.fixture
def captchas(app: Flask) -> Iterator[Captchas]:
    """Set answers or outcomes for one test. Requires a fixture ``app`` that returns the Flask app."""
    with ExitStack() as exit_stack:
        yield Captchas(app, exit_stack)
