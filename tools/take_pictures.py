"""Takes the pictures of the example's login that README and docs show: run it by ``make pictures``, then look at them.

Needs Debian's Chromium and the extra ``dev``. The captchas are drawn from fixed randomness, so that the same browser
with the same fonts takes the same pictures again.
"""

import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Literal
from unittest.mock import patch

from PIL import Image
from playwright.sync_api import Page

from tests.support.browser_site import running
from tests.support.browsers import chromium

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
HEIGHT = 730
WIDE, NARROW = 440, 320


def as_it_comes(page: Page) -> None:
    """Leave the login as it is."""


def listening(page: Page) -> None:
    """Ask for the sound, with the keyboard, so that the focus is seen."""
    field = page.locator("#login captcha-field")
    field.get_by_role("button", name="Listen").focus()
    page.keyboard.press("Enter")
    field.get_by_role("button", name="Show picture").wait_for()
    page.keyboard.press("Tab")


#: name of the file: width, colour scheme, what the captcha is drawn from, what is done before.
SHOTS: dict[str, tuple[int, Literal["light", "dark"], int, Callable[[Page], None]]] = {
    "example-login": (WIDE, "light", 18, as_it_comes),
    "example-login-dark": (WIDE, "dark", 16, as_it_comes),
    "example-login-narrow": (NARROW, "light", 8, as_it_comes),
    "example-login-sound": (WIDE, "light", 18, listening),
}


def main() -> None:
    """Take every picture and say how large it is."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (
        patch("flask_captcha_api.service.secrets.randbits") as draw_from,
        running() as site,
        chromium() as browser,
    ):
        for name, (width, scheme, seed, prepare) in SHOTS.items():
            draw_from.return_value = seed
            page = browser.new_page(
                base_url=site.address,
                viewport={"width": width, "height": HEIGHT},
                device_scale_factor=2,
                color_scheme=scheme,
            )
            page.goto("/")
            page.locator("#login captcha-field").get_by_role("img").wait_for()
            prepare(page)
            path = PICTURES / f"{name}.png"
            path.write_bytes(compact(page.screenshot(animations="disabled", caret="hide")))
            page.close()
            print(f"{path.name}: {path.stat().st_size} bytes")


def compact(png: bytes) -> bytes:
    """Keep 128 colours, which is plenty for a page, and a third of the bytes."""
    packed = io.BytesIO()
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.quantize(128, dither=Image.Dither.NONE).save(packed, "PNG", optimize=True)
    return packed.getvalue()


if __name__ == "__main__":
    main()
