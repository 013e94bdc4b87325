"""Takes the screenshots of the recipes for looks. Run ``make looks``, then look at them.

Needs what ``make test-frontends`` installs. The captchas are drawn from a fixed seed, as for the other screenshots.
"""

import logging
from unittest.mock import patch

from flask_captcha_api.testing import answers
from tests.frontends.looks import LOOKS, build_look
from tests.frontends.shop import open_shop
from tests.support.browser.browsers import chromium

from .take_pictures import ANSWER, PICTURES, compact

WIDTH = 400
SEED = 18


def main() -> None:
    """Take a screenshot of each look, as high as its form, and print its size."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with patch("flask_captcha_api.service.secrets.randbits", return_value=SEED), chromium() as browser:
        for look in LOOKS:
            with open_shop("index", build_look(look), {}) as shop, answers(shop.app, ANSWER):
                shop.policy = ""
                page = browser.new_page(
                    base_url=shop.address, viewport={"width": WIDTH, "height": 420}, device_scale_factor=2
                )
                page.goto("/")
                page.add_script_tag(url="/captcha/static/latest/captcha-field.js", type="module")
                page.locator("captcha-field").get_by_role("img").wait_for()
                path = PICTURES / f"looks-{look}.png"
                path.write_bytes(compact(page.screenshot(full_page=True, animations="disabled", caret="hide")))
                page.close()
                print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
