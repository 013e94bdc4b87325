"""The recipe for React, in StrictMode."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from . import visitor
from .recipes import bundle_with_vite, node, write_project
from .shop import Shop

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def files() -> Path:
    """Bundle React's development build: in the other, StrictMode does nothing."""
    return bundle_with_vite(write_project("react", "react", starter="react"), "--mode", "development")


@pytest.fixture(scope="module")
def controlled() -> Path:
    """Bundle the shop with the form whose fields are state."""
    project = write_project("react-controlled", "react", starter="react")
    app = project / "src" / "App.jsx"
    app.write_text(app.read_text().replace("./Login.jsx", "./ControlledLogin.jsx"))
    return bundle_with_vite(project)


@pytest.fixture(scope="module")
def with_esbuild() -> Path:
    """Bundle it with esbuild's command line, as a classic script."""
    project = write_project("react-esbuild", "react", starter="react")
    node(project, "esbuild", "src/main.jsx", "--bundle", "--jsx=automatic", "--outfile=dist/main.js")
    page = (project / "index.html").read_text()
    module = '<script type="module" src="/src/main.jsx">'
    assert module in page
    (project / "dist" / "index.html").write_text(page.replace(module, '<script src="main.js">'))
    return project / "dist"


@pytest.mark.parametrize("built", ["files", "controlled", "with_esbuild"])
def test_signing_in(built: str, request: pytest.FixtureRequest, opened: Callable[..., Shop], chromium: Browser) -> None:
    """The form, the same with its fields in state, and the bundle of esbuild."""
    visitor.go_through(chromium, opened("index", request.getfixturevalue(built)))


def test_a_renewed_token(opened: Callable[..., Shop], chromium: Browser, files: Path) -> None:
    """The page keeps what ``captcha-token`` carries."""
    visitor.renew(chromium, opened("index", files))


def test_an_expired_token(opened: Callable[..., Shop], chromium: Browser, files: Path) -> None:
    """``captcha-error`` signs out."""
    visitor.expire(chromium, opened("index", files))


@pytest.mark.parametrize("built", ["files", "controlled"])
def test_a_back_end_that_is_down(
    built: str, request: pytest.FixtureRequest, opened: Callable[..., Shop], chromium: Browser
) -> None:
    """It is said, and the captcha stays."""
    visitor.lose_the_back_end(chromium, opened("index", request.getfixturevalue(built)))


@pytest.mark.parametrize("built", ["files", "controlled"])
def test_a_second_click(
    built: str, request: pytest.FixtureRequest, opened: Callable[..., Shop], chromium: Browser
) -> None:
    """It sends nothing, so the error of the first one can be read."""
    visitor.click_twice(chromium, opened("index", request.getfixturevalue(built)))
