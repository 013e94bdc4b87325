"""docs/gallery.md shows every kind, difficulty, theme and voice, as they are drawn and spoken now."""

import re
from io import BytesIO

import pytest
from PIL import Image, ImageChops, ImageStat

from flask_captcha_api.challenges.kinds import KINDS
from flask_captcha_api.challenges.makers import ALPHABETS
from flask_captcha_api.rendering import VOICES
from flask_captcha_api.rendering.picture.drawing import THEMES
from flask_captcha_api.rendering.picture.styles import DIFFICULTIES
from tools.pages import make_gallery as gallery

from ..support.paths import DOCS

PAGE = (DOCS / "gallery.md").read_text()
ITEMS = list(gallery.items())
#: The mean difference of a channel, from 0 to 255, that another version of FreeType or libjpeg may make.
TOLERANCE = 3


def test_the_page_shows_every_file() -> None:
    """And no file is left over from an earlier gallery."""
    shown = set(re.findall(r"pictures/gallery/([\w.-]+)", PAGE))
    assert shown == {item.name for item in ITEMS} == {path.name for path in gallery.FOLDER.iterdir()}


def test_everything_that_can_be_set_is_there() -> None:
    """Each kind at each difficulty in each theme, of characters that captchas have, and each voice."""
    of_pictures = {
        (item.settings["kind"], item.settings["difficulty"], item.settings["theme"])
        for item in ITEMS
        if "theme" in item.settings
    }
    assert of_pictures == {
        (kind, difficulty, theme) for kind in KINDS for difficulty in DIFFICULTIES for theme in THEMES
    }
    assert {VOICES[item.language] for item in ITEMS if item.language} == set(VOICES.values())
    assert all(any(set(prompt) <= set(alphabet) for alphabet in ALPHABETS) for prompt in gallery.PROMPTS.values())


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.name)
def test_the_gallery_is_current(item: gallery.Item) -> None:
    """A file is what the package makes of its seed now; ``make gallery`` writes it."""
    kept, made = (gallery.FOLDER / item.name).read_bytes(), item.make()
    if item.language:
        assert kept == made
    else:
        one, other = (Image.open(BytesIO(each)).convert("RGB") for each in (kept, made))
        assert one.size == other.size
        assert max(ImageStat.Stat(ImageChops.difference(one, other)).mean) < TOLERANCE
