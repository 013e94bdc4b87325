"""The contact sheet: numbered pictures on one page, for people to look at."""

from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

#: A page is about as wide as a screen.
_PAGE_WIDTH = 1400
#: Pictures up to this width are enlarged to twice their size, as a screen of high density shows them.
_SMALL = 200
_GAP = 10
_CAPTION = 22
_GREY = (128, 128, 128)


def contact_sheet(pictures: Sequence[bytes], *, first: int = 1) -> Image.Image:
    """Lay encoded pictures out on a page, in rows, each with its number above it.

    :param first: the number of the first picture.
    """
    enlarged = [_enlarged(Image.open(BytesIO(picture)).convert("RGB")) for picture in pictures]
    width = max(picture.width for picture in enlarged) + _GAP
    height = max(picture.height for picture in enlarged) + _CAPTION
    columns = min(len(enlarged), max(1, _PAGE_WIDTH // width))
    page = Image.new("RGB", (columns * width, -(-len(enlarged) // columns) * height), _GREY)
    pen = ImageDraw.Draw(page)
    font = ImageFont.load_default(18)
    for place, picture in enumerate(enlarged):
        x, y = place % columns * width + _GAP // 2, place // columns * height
        pen.text((x, y), str(first + place), fill=(0, 0, 0), font=font)
        page.paste(picture, (x, y + _CAPTION))
    return page


def _enlarged(picture: Image.Image) -> Image.Image:
    if picture.width > _SMALL:
        return picture
    return picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.LANCZOS)
