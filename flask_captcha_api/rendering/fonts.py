"""The typefaces that come with the package, read once per process at the first picture."""

from functools import cache
from importlib.resources import files
from io import BytesIO

from PIL import ImageFont

_TYPEFACE = "rubik.ttf"


@cache
def typeface(pixels: int) -> ImageFont.FreeTypeFont:
    """Return the typeface at a size in pixels."""
    data = (files(__package__) / "data" / _TYPEFACE).read_bytes()
    return ImageFont.truetype(BytesIO(data), pixels)
