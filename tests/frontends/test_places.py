"""Where the widget may stand: in a frame, in a shadow root, and under a policy that allows next to nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from ..support.pages import blocks_of
from . import visitor
from .recipes import RECIPES, bundle_with_vite, node, write_project
from .shop import Shop

pytestmark = pytest.mark.browser

#: Directive by directive what the guide says is needed, and none of the ways by which a string becomes a script.
STRICTEST = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; media-src data:; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
FRAME = """<!doctype html>
<html lang="en">
  <title>Around the shop</title>
  <link rel="icon" href="data:,">
  <iframe src="/" title="Shop" width="600" height="700"></iframe>
</html>
"""


@pytest.fixture
def project(request: pytest.FixtureRequest) -> Path:
    """Write the shop that needs no bundler, for one test."""
    return write_project(request.node.name.partition("[")[0], "scripts")


def test_in_a_frame(project: Path, opened: Callable[..., Shop], chromium: Browser) -> None:
    """The visitor is in the frame, and its clock is the page's."""
    (project / "frame.html").write_text(FRAME)
    visitor.go_through(chromium, opened("index", project), path="/frame.html")


def test_in_a_shadow_root(project: Path, opened: Callable[..., Shop], chromium: Browser) -> None:
    """The form and the widget are in the same root."""
    script = (project / "shop.js").read_text()
    container = 'document.querySelector("#shown")'
    assert script.count(container) == 1
    (project / "shop.js").write_text(script.replace(container, f'{container}.attachShadow({{ mode: "open" }})'))
    visitor.go_through(chromium, opened("index", project))


def test_under_the_strictest_policy(project: Path, opened: Callable[..., Shop], chromium: Browser) -> None:
    """Also with Trusted Types."""
    shop = opened("index", project)
    shop.policy = STRICTEST
    visitor.go_through(chromium, shop)


def with_vite(project: Path) -> Path:
    return bundle_with_vite(project)


def with_esbuild(project: Path) -> Path:
    """Run the page's script for esbuild."""
    (script,) = (block.text for block in blocks_of(RECIPES / "index.md", "js") if "esbuild" in block.text)
    (project / "build.mjs").write_text(script)
    node(project, "node", "build.mjs")
    page = (project / "index.html").read_text()
    (project / "dist" / "index.html").write_text(page.replace("/src/main.jsx", "/main.js"))
    return project / "dist"


def with_esbuild_alone(project: Path) -> Path:
    """Leave out what the script copies."""
    files = with_esbuild(project)
    (files / "captcha-work.js").unlink()
    return files


@pytest.mark.parametrize(
    ("bundle", "has_worker"), [(with_vite, True), (with_esbuild, True), (with_esbuild_alone, False)]
)
def test_work_by_the_device(
    bundle: Callable[[Path], Path], has_worker: bool, opened: Callable[..., Shop], chromium: Browser
) -> None:
    """A bundle does the work: in a worker, where the page itself could not; or without one, on the page."""
    files = bundle(write_project(bundle.__name__, "react", starter="react"))
    shop = opened("index", files, {'"jwt": "required"': '"jwt": "required", "work": 20_000'})
    hinder = "BigInt.asUintN = () => { throw new Error('worked on the page'); };" if has_worker else ""
    with visitor.visiting(chromium, shop, script=hinder) as window:
        window.sign_in()
        window.transfer()
        assert shop.posts() == [("/api/login", 200), ("/api/transfer", 200)]
