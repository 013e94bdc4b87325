"""The recipes for Vue and Svelte, whose pages have the same steps."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from . import visitor
from .recipes import bundle_with_vite, write_project
from .shop import Shop

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", params=["vue", "svelte"])
def files(request: pytest.FixtureRequest) -> Path:
    """Bundle a recipe with Vite."""
    return bundle_with_vite(write_project(request.param, request.param, starter=request.param))


def test_signing_in(opened: Callable[..., Shop], chromium: Browser, files: Path) -> None:
    """A wrong text, the right one, a transfer, and once more."""
    visitor.go_through(chromium, opened("index", files))


def test_a_renewed_token(opened: Callable[..., Shop], chromium: Browser, files: Path) -> None:
    """The page keeps what ``captcha-token`` carries."""
    visitor.renew(chromium, opened("index", files))


def test_an_expired_token(opened: Callable[..., Shop], chromium: Browser, files: Path) -> None:
    """``captcha-error`` signs out."""
    visitor.expire(chromium, opened("index", files))
