"""How pictures looked when the figures about them were measured: a sample, kept beside the figures.

A test draws the sample again. Once the figures have been measured for a new drawing, ``make drawing`` keeps its sample.
"""

import random
from collections.abc import Iterator
from io import BytesIO
from itertools import product
from pathlib import Path

import PIL
from PIL import Image, ImageChops, ImageStat, features
from PIL.PngImagePlugin import PngInfo

from flask_captcha_api.rendering.picture.drawing import THEMES, draw
from flask_captcha_api.rendering.picture.styles import DIFFICULTIES

SAMPLE = Path(__file__).with_name("drawing.png")
SIZE = (166, 90)
#: A text of each kind: between them they have every character of the alphabets.
TEXTS = {
    "digits": ("02345", "68023"),
    "letters": ("CFHMP", "SMTZH"),
    "arithmetic": ("17+29", "35+68", "40\N{MINUS SIGN}9"),
}
_COLUMNS = 8


def pictures() -> Iterator[Image.Image]:
    """Draw the sample: texts of each kind at each difficulty, for each theme, from fixed seeds."""
    texts = [text for texts in TEXTS.values() for text in texts]
    for seed, (theme, difficulty, text) in enumerate(product(THEMES, DIFFICULTIES, texts)):
        encoded = draw(text, random.Random(seed), size=SIZE, theme=theme, difficulty=difficulty, file_format="png")
        yield Image.open(BytesIO(encoded)).reduce(2)


def on_one_page(drawn: list[Image.Image]) -> Image.Image:
    """Lay the pictures of a sample out in rows."""
    width, height = drawn[0].size
    page = Image.new("RGB", (_COLUMNS * width, -(-len(drawn) // _COLUMNS) * height))
    for place, picture in enumerate(drawn):
        page.paste(picture, (place % _COLUMNS * width, place // _COLUMNS * height))
    return page


def differences(page: Image.Image, other: Image.Image) -> list[float]:
    """Return how far the pictures of two samples are apart, each as the mean difference of a channel, from 0 to 255."""
    width, height = SIZE[0] // 2, SIZE[1] // 2
    boxes = [(x, y, x + width, y + height) for y in range(0, page.height, height) for x in range(0, page.width, width)]
    return [max(ImageStat.Stat(ImageChops.difference(page.crop(box), other.crop(box))).mean) for box in boxes]


def versions() -> str:
    """Return what draws here: other versions of it may set a pixel otherwise."""
    return f"Pillow {PIL.__version__}, FreeType {features.version('freetype2')}"


def keep() -> None:
    """Keep how pictures look now as the sample."""
    drawn_with = PngInfo()
    drawn_with.add_text("Software", versions())
    on_one_page(list(pictures())).save(SAMPLE, optimize=True, pnginfo=drawn_with)


if __name__ == "__main__":
    keep()
    print(f"benchmarks/legibility/{SAMPLE.name} shows how pictures look now")
