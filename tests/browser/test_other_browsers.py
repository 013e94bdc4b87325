"""The example's login by work, in Firefox and in WebKitGTK, where they are installed."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from flask_captcha_api.translations import CATALOGUES

from ..support.browser_site import Site
from ..support.webdriver import ENTER, TAB, Window, firefox, webkit

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TEXT = CATALOGUES["en"].work
ROOT = "document.querySelector('#login captcha-field').shadowRoot"
#: What has the focus, within the widget too.
FOCUSED = f"({ROOT}.activeElement || document.activeElement)"


@pytest.mark.parametrize("browser", [firefox, webkit])
@pytest.mark.parametrize("policy", ["", "; worker-src 'none'"], ids=["worker", "slices"])
def test_the_examples_login(
    site: Site, tmp_path: Path, browser: Callable[[Path], AbstractContextManager[Window]], policy: str
) -> None:
    """By keyboard alone, with a worker and in slices of the page: the visitor types account and password only."""
    site.policy += policy
    with browser(tmp_path) as window:
        window.open(site.address)
        window.wait_for("Boolean(document.querySelector('#login captcha-field')?.uuid)")
        window.wait_for(f"[...{ROOT}.querySelectorAll('button')].some(each => each.textContent == '{TEXT['alone']}')")
        window.run("document.querySelector('#login [name=account]').focus()")
        window.press("demo" + TAB + "captcha-demo")
        tab_to(window, TEXT["alone"])
        window.press(ENTER)
        window.wait_for(f"{ROOT}.querySelector('[role=status]').textContent.includes('{TEXT['worked']}')")
        tab_to(window, "Sign in")
        window.press(ENTER)
        window.wait_for("!document.querySelector('#signed-in').hidden")
        assert {path for path, _ in site.asked if "/login" in path} == {"/captcha/login/work"}


def tab_to(window: Window, name: str) -> None:
    """Press Tab until the button of this name has the focus."""
    for _ in range(12):
        if window.run(f"return {FOCUSED}.textContent") == name:
            return
        window.press(TAB)
    raise AssertionError(f"no Tab leads to {name!r}")
