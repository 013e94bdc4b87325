"""The picture: a row of glyphs, each turned, scaled and shifted anew, on a light ground."""

import random
from io import BytesIO

from PIL import Image, ImageDraw, ImageOps

from .fonts import typeface

MEDIA_TYPES = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}

_INK = (28, 42, 74)
_GROUND = (244, 246, 250)
_MARGIN = 4
_STEEPEST_DEGREES = 22


def draw(text: str, *, size: tuple[int, int], file_format: str, rng: random.Random) -> bytes:
    """Draw ``text`` and return the encoded picture.

    :param size: width and height in pixels; the text fills them whatever its length.
    :param file_format: a key of :data:`MEDIA_TYPES`.
    """
    coverage = Image.new("L", size, 0)
    width, height = size
    cell = (width - 2 * _MARGIN) / len(text)
    for position, character in enumerate(text):
        glyph = _glyph(character, box=(int(cell), height - 2 * _MARGIN), rng=rng)
        left = _MARGIN + int(position * cell) + (int(cell) - glyph.width) // 2
        top = rng.randint(_MARGIN, height - _MARGIN - glyph.height)
        coverage.paste(glyph, (left, top))
    picture = ImageOps.colorize(coverage, black=_GROUND, white=_INK)
    encoded = BytesIO()
    picture.save(encoded, file_format)
    return encoded.getvalue()


def _glyph(character: str, *, box: tuple[int, int], rng: random.Random) -> Image.Image:
    """Draw one glyph, turned a little, as large as the box allows."""
    font = typeface(64)
    left, top, right, bottom = font.getbbox(character)
    glyph = Image.new("L", (int(right - left), int(bottom - top)))
    ImageDraw.Draw(glyph).text((-left, -top), character, fill=255, font=font)
    turned = glyph.rotate(
        rng.uniform(-_STEEPEST_DEGREES, _STEEPEST_DEGREES), resample=Image.Resampling.BILINEAR, expand=True
    )
    scale = min(box[0] / turned.width, box[1] / turned.height) * rng.uniform(0.85, 1)
    return turned.resize((max(1, int(turned.width * scale)), max(1, int(turned.height * scale))))
