"""Contact sheets: numbered pictures on one page, for people to read."""

from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

#: In pixels: about the width of a screen.
_PAGE_WIDTH = 1400
#: Pictures up to this width are doubled in size, as on a high-density screen.
_SMALL_WIDTH = 200
_GAP = 10
_CAPTION_HEIGHT = 22
_GREY = (128, 128, 128)


def contact_sheet(pictures: Sequence[bytes], *, first: int = 1) -> Image.Image:
    """Lay out encoded pictures on a page, in rows, each with its number above it.

    :param first: the number of the first picture.
    """
    enlarged = [_enlarge(Image.open(BytesIO(picture)).convert("RGB")) for picture in pictures]
    width = max(picture.width for picture in enlarged) + _GAP
    height = max(picture.height for picture in enlarged) + _CAPTION_HEIGHT
    columns = min(len(enlarged), max(1, _PAGE_WIDTH // width))
    page = Image.new("RGB", (columns * width, -(-len(enlarged) // columns) * height), _GREY)
    pen = ImageDraw.Draw(page)
    font = ImageFont.load_default(18)
    for place, picture in enumerate(enlarged):
        x, y = place % columns * width + _GAP // 2, place // columns * height
        pen.text((x, y), str(first + place), fill=(0, 0, 0), font=font)
        page.paste(picture, (x, y + _CAPTION_HEIGHT))
    return page


def _enlarge(picture: Image.Image) -> Image.Image:
    if picture.width > _SMALL_WIDTH:
        return picture
    return picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.LANCZOS)
