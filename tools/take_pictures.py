"""Takes the screenshots of playground and login for README and docs. Run ``make pictures``, then look at them.

Needs Debian's Chromium and the extra ``dev``. The captchas are drawn from fixed seeds, so that the same browser with
the same fonts takes the same screenshots again.
"""

import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from unittest.mock import Mock, patch

from PIL import Image
from playwright.sync_api import Browser, Page

from flask_captcha_api.testing import answers
from tests.support.browser import demo_site
from tests.support.browser.browsers import chromium
from tests.support.browser.site import running

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
#: Only digits that captchas use.
ANSWER = "40528"
HEIGHT = 790
WIDE, NARROW = 440, 320


def unchanged(page: Page) -> None:
    """Do nothing."""


def listening(page: Page) -> None:
    """Request the sound with the keyboard, so that the focus is visible."""
    field = page.locator("#login captcha-field")
    field.get_by_role("button", name="Listen").focus()
    page.keyboard.press("Enter")
    field.get_by_role("button", name="Show picture").wait_for()
    page.keyboard.press("Tab")


#: By file name: the width, the colour scheme, the captcha's seed, and what to do before the screenshot.
SHOTS: dict[str, tuple[int, Literal["light", "dark"], int, Callable[[Page], None]]] = {
    "example-login": (WIDE, "light", 18, unchanged),
    "example-login-dark": (WIDE, "dark", 16, unchanged),
    "example-login-narrow": (NARROW, "light", 8, unchanged),
    "example-login-sound": (WIDE, "light", 18, listening),
}
#: Of the playground: the size, the settings, the captcha's seed, and the letters in its picture.
PLAYGROUND = (1100, 940, "?kind=letters&work=alone", 7, "PMTHS")


def main() -> None:
    """Take every screenshot and print its size."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    PICTURES.mkdir(parents=True, exist_ok=True)
    with patch("flask_captcha_api.service.secrets.randbits") as seed_source, chromium() as browser:
        take_login(browser, seed_source)
        take_playground(browser, seed_source)


def take_login(browser: Browser, seed_source: Mock) -> None:
    """Take the screenshots of the example's login."""
    with running() as site, answers(site.app, ANSWER):
        for name, (width, scheme, seed, prepare) in SHOTS.items():
            seed_source.return_value = seed
            page = browser.new_page(
                base_url=site.address,
                viewport={"width": width, "height": HEIGHT},
                device_scale_factor=2,
                color_scheme=scheme,
            )
            page.goto("/")
            page.locator("#login captcha-field").get_by_role("img").wait_for()
            prepare(page)
            save(page, name)


def take_playground(browser: Browser, seed_source: Mock) -> None:
    """Take the screenshot of the playground."""
    width, height, query, seed_source.return_value, letters = PLAYGROUND
    with demo_site.running(letters) as site:
        page = browser.new_page(
            base_url=site.address, viewport={"width": width, "height": height}, device_scale_factor=2
        )
        page.goto(f"/{query}")
        page.locator("captcha-field").get_by_role("img").wait_for()
        page.locator("#issued", has_text="uuid").wait_for()
        save(page, "playground")


def save(page: Page, name: str) -> None:
    """Save a screenshot, print its size, and close the page."""
    path = PICTURES / f"{name}.png"
    path.write_bytes(compact(page.screenshot(animations="disabled", caret="hide")))
    page.close()
    print(f"{path.name}: {path.stat().st_size} bytes")


def compact(png: bytes) -> bytes:
    """Reduce to 128 colours, which are enough for a page, in a third of the bytes."""
    compacted = io.BytesIO()
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.quantize(128, dither=Image.Dither.NONE).save(compacted, "PNG", optimize=True)
    return compacted.getvalue()


if __name__ == "__main__":
    main()
