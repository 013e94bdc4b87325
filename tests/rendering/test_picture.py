"""Pictures: what holds for every style, size, kind and format."""

import base64
import random
import threading
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image, ImageChops, ImageColor, ImageStat

from flask_captcha_api import CaptchaApi
from flask_captcha_api.challenges.kinds import KINDS
from flask_captcha_api.challenges.makers import ALPHABETS, DIGITS, LETTERS
from flask_captcha_api.rendering.picture import atlas
from flask_captcha_api.rendering.picture import drawing as image
from flask_captcha_api.rendering.picture.atlas import BUNDLED, CHARACTERS, atlas_for
from flask_captcha_api.rendering.picture.canvas import Picture
from flask_captcha_api.rendering.picture.drawing import MEDIA_TYPES, THEMES, draw, draw_in_style
from flask_captcha_api.rendering.picture.paint import blobs, ink, stamp
from flask_captcha_api.rendering.picture.sheet import contact_sheet
from flask_captcha_api.rendering.picture.styles import DIFFICULTIES, STYLES
from flask_captcha_api.settings.config import SourceConfig, keys_of
from flask_captcha_api.settings.reading import read_config

from ..support.fonts import make_font

SIZE = (166, 90)
SIZES = [(80, 32), (96, 96), SIZE, (200, 64), (320, 180), (640, 320), (640, 32), (80, 320)]


def decoded(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def prompt(kind: str, length: int, seed: int) -> str:
    """Return a text of a kind, the same for the same seed: what is drawn must be repeatable here."""
    rng = random.Random(seed)
    if kind == "arithmetic":
        return f"{rng.randint(10, 99)}+{rng.randint(10, 99)}"
    return "".join(rng.choices(DIGITS if kind == "digits" else LETTERS, k=length))


def glyphs_alone(style: str, text: str, seed: int, size: tuple[int, int]) -> Image.Image:
    """Draw in a style without its ground and ink: what is white is glyph."""
    picture = Picture(text, size, image._atlas_with(text, size[1], BUNDLED), THEMES["light"])
    picture.plane = Image.new("L", size)
    rng = random.Random(seed)
    for step in STYLES[style]:
        if getattr(step, "func", step) not in (blobs, ink):
            step(picture, rng)
    return picture.plane


@pytest.mark.parametrize("style", STYLES)
def test_the_rng_decides_every_pixel(style: str) -> None:
    """The same rng gives the same picture, and another one another."""
    first, again, other = (draw_in_style(style, "40218", random.Random(seed), size=SIZE) for seed in (1, 1, 2))
    assert first == again
    assert ImageStat.Stat(ImageChops.difference(decoded(first), decoded(other))).mean[0] > 5


def test_the_module_level_randomness_is_left_alone() -> None:
    """Drawing neither uses nor disturbs the random module's own state."""
    random.seed(4)
    before = random.getstate()
    drawn = draw("40218", random.Random(1), size=SIZE)
    assert random.getstate() == before
    random.seed(5)
    assert draw("40218", random.Random(1), size=SIZE) == drawn


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_no_glyph_touches_the_border(style: str, size: tuple[int, int]) -> None:
    """Nothing is cut off, at any size and length, and the text takes up room worth having."""
    for seed, (kind, length) in enumerate(product(KINDS, (1, 5, 12))):
        if size[0] < 16 * length:
            continue
        plane = glyphs_alone(style, prompt(kind, length, seed), seed, size)
        left, top, right, bottom = plane.getbbox() or (0, 0, 0, 0)
        assert 1 <= left < right <= size[0] - 1
        assert 1 <= top < bottom <= size[1] - 1
        share = ImageStat.Stat(plane).mean[0] / 255
        assert 0.002 < share < 0.6


@pytest.mark.parametrize("style", STYLES)
def test_every_glyph_of_a_text_is_drawn(style: str) -> None:
    """Each glyph has a place of its own and leaves ink there."""
    for seed in range(20):
        picture = Picture("40218", SIZE, atlas_for(DIGITS, 90), THEMES["light"])
        rng = random.Random(seed)
        for step in STYLES[style]:
            step(picture, rng)
        assert len(set(picture.placements)) == len(picture.cells) == 5
        for cell, placement in zip(picture.cells, picture.placements, strict=True):
            alone = Picture("4", SIZE, picture.atlas, picture.palette)
            alone.cells, alone.placements, alone.plane = [cell], [placement], Image.new("L", SIZE)
            stamp(alone, rng)
            left, top, right, bottom = alone.plane.getbbox() or (0, 0, 0, 0)
            assert (right - left) * (bottom - top) > 100


def relative_luminance(pixel: tuple[int, ...]) -> float:
    """Follow WCAG 2.2's definition of relative luminance."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (value / 255 for value in pixel)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("file_format", MEDIA_TYPES)
def test_contrast_of_the_two_inks(theme: str, file_format: str) -> None:
    """In every picture the two commonest shades stand at least 3 : 1 apart, as WCAG 2.2 asks of graphics (1.4.11)."""
    for seed in range(100):
        data = draw("40218", random.Random(seed), size=SIZE, theme=theme, file_format=file_format)
        raw = decoded(data).convert("RGB").reduce(2).tobytes()
        luminances = sorted(relative_luminance(tuple(raw[i : i + 3])) for i in range(0, len(raw), 3))
        dark, light = luminances[len(luminances) // 8], luminances[-len(luminances) // 8]
        assert (light + 0.05) / (dark + 0.05) >= 3


def test_a_dark_theme_is_darker() -> None:
    """A picture for dark pages glares less."""
    means = {
        theme: ImageStat.Stat(decoded(draw("40218", random.Random(1), size=SIZE, theme=theme)).convert("L")).mean[0]
        for theme in THEMES
    }
    assert means["dark"] < means["light"] - 20


@pytest.mark.parametrize(("file_format", "size"), list(product(MEDIA_TYPES, SIZES)), ids=str)
def test_format_and_size(file_format: str, size: tuple[int, int]) -> None:
    """What is decoded has the format and the size that were asked for."""
    picture = decoded(draw("402", random.Random(1), size=size, file_format=file_format))
    assert (picture.format, picture.size) == (file_format.upper(), size)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["digits", "letters", "arithmetic"])
def test_a_picture_is_small(kind: str) -> None:
    """No picture of default size is larger than 7 kB."""
    sizes = [len(draw(prompt(kind, 5, seed), random.Random(seed), size=SIZE)) for seed in range(300)]
    assert min(sizes) > 1_000
    assert max(sizes) < 7_000


def test_every_style_is_reachable_and_known() -> None:
    """Each difficulty draws all of its styles, each style belongs to one, and the settings name the difficulties."""
    assert {style for styles in DIFFICULTIES.values() for style in styles} == set(STYLES)
    for difficulty, styles in DIFFICULTIES.items():
        drawn = {draw("402", random.Random(seed), size=SIZE, difficulty=difficulty) for seed in range(8)}
        assert len(drawn) == 8
        assert {random.Random(seed).choice(styles) for seed in range(40)} == set(styles)
    for key, table in (
        ("CAPTCHA_DIFFICULTY", DIFFICULTIES),
        ("CAPTCHA_THEME", THEMES),
        ("CAPTCHA_FORMAT", MEDIA_TYPES),
    ):
        validator = keys_of(SourceConfig)[key].metadata["validator"]
        assert all(validator.accepts(name) for name in table)
        assert validator.must_be.removeprefix("one of 'auto', ").removeprefix("one of ") == ", ".join(map(repr, table))


def test_the_typefaces_have_every_character() -> None:
    """No character of any alphabet is drawn as the box that stands for a missing one."""
    assert set("".join(ALPHABETS)) <= set(CHARACTERS)
    for typeface in BUNDLED:
        font = atlas._open_font(typeface, 40)
        missing = font.getmask("\uffff").getbbox(), bytes(font.getmask("\uffff"))
        for character in CHARACTERS:
            assert (font.getmask(character).getbbox(), bytes(font.getmask(character))) != missing, (typeface, character)


def test_threads_share_one_atlas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight threads that draw their first picture at once make the glyphs once, and draw what one thread would."""
    atlas._draw_atlas_once.cache_clear()
    expected = [draw("40218", random.Random(seed), size=SIZE) for seed in range(8)]
    atlas._draw_atlas_once.cache_clear()
    barrier = threading.Barrier(8)
    drawn: dict[int, bytes] = {}

    def work(seed: int) -> None:
        barrier.wait(10)
        drawn[seed] = draw("40218", random.Random(seed), size=SIZE)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [drawn[seed] for seed in range(8)] == expected
    assert atlas._draw_atlas_once.cache_info().misses == 1


def test_a_character_without_glyph_is_told_without_telling_the_prompt() -> None:
    """The remedy is named; the prompt, which may be the answer, is not."""
    with pytest.raises(ValueError, match="set CAPTCHA_FONTS") as raised:
        draw("驗證碼", random.Random(1), size=SIZE)
    assert "驗" not in str(raised.value)
    with pytest.raises(ValueError, match="no character to draw"):
        draw("  ", random.Random(1), size=SIZE)


@pytest.fixture
def font_file(tmp_path: Path) -> str:
    """Write a typeface to a file, as a user would have one."""
    path = tmp_path / "own.ttf"
    path.write_bytes((Path(atlas.__file__).parents[1] / "data" / "nunito.ttf").read_bytes())
    return str(path)


def test_typefaces_of_ones_own(app: Flask, font_file: str) -> None:
    """A source draws with the font files that it names."""
    app.config["CAPTCHA_SOURCES"] = {"web": {"fonts": [font_file]}}
    CaptchaApi(app)
    response = app.test_client().get("/captcha/web").get_json()["response"]
    assert decoded(base64.b64decode(response["image"])).size == SIZE
    own, ours = (
        draw("40218", random.Random(1), size=SIZE, typefaces=typefaces) for typefaces in ([font_file], BUNDLED)
    )
    assert own != ours


@pytest.mark.parametrize("fonts", ["a.ttf", [], ["/no/such.ttf"], [3]], ids=str)
def test_typefaces_that_are_not_there_are_told_at_start(fonts: Any) -> None:
    """A path that leads nowhere is found by init_app, not by a visitor."""
    with pytest.raises(ValueError, match=r"CAPTCHA_FONTS is .*: it must be None or a list of paths of font files"):
        read_config({"CAPTCHA_FONTS": fonts}, kinds=KINDS)


def test_glyphs_are_kept_upright_and_apart() -> None:
    """The atlas shows each character as its typeface has it, alone in its cell."""
    book = atlas_for(DIGITS, 90)
    assert set(book.cells) == set(DIGITS)
    assert len(book.cells["1"]) == len(atlas.SLAB_SERIF)
    assert len(book.cells["8"]) == len(BUNDLED)
    for cells in book.cells.values():
        for cell in cells:
            box = (
                int(cell.x - cell.width / 2),
                int(cell.y - cell.height / 2),
                int(cell.x + cell.width / 2) + 1,
                int(cell.y + cell.height / 2) + 1,
            )
            around = book.sheet.crop((0, box[1] - 8, book.sheet.width, box[3] + 8))
            assert book.sheet.crop(box).getbbox() is not None
            inside = Image.new("L", around.size)
            inside.paste(book.sheet.crop(box), (box[0], 8))
            assert ImageChops.difference(around, inside).getbbox() is None


def test_fonts_and_licences_are_small() -> None:
    """All typefaces together take less than 150 kB, and each has its licence beside it."""
    data = Path(atlas.__file__).parents[1] / "data"
    fonts = list(data.glob("*.ttf"))
    assert {font.stem for font in fonts} == set(BUNDLED)
    assert sum(font.stat().st_size for font in fonts) < 150_000
    assert all((data / f"{font.stem}.LICENSE.txt").stat().st_size > 1_000 for font in fonts)


@pytest.fixture
def ideographs(tmp_path: Path) -> str:
    return make_font(tmp_path / "ideographs.ttf", "春夏秋冬")


def test_characters_come_from_whichever_typeface_has_them(ideographs: str, font_file: str) -> None:
    """With several font files each character is drawn in those that have it, and never as what stands for none."""
    book = atlas.atlas_of_text("春A", 90, (ideographs, font_file))
    assert {character: len(cells) for character, cells in book.cells.items()} == {"春": 1, "A": 1}
    assert draw("春A", random.Random(1), size=SIZE, typefaces=(ideographs, font_file))


@pytest.mark.parametrize("text", ["春山", "春4"])
def test_a_character_that_no_font_file_has_is_told(ideographs: str, text: str) -> None:
    """A picture with a box in the place of a character could not be solved: none is drawn, whatever the alphabet."""
    with pytest.raises(ValueError, match="set CAPTCHA_FONTS") as raised:
        draw(text, random.Random(1), size=SIZE, typefaces=(ideographs,))
    assert text[1] not in str(raised.value)


def test_what_no_typeface_has(ideographs: str, font_file: str) -> None:
    """Each missing character is named once, in order."""
    assert atlas.missing_from((ideographs,), "春秋山川山A") == "A山川"
    assert atlas.missing_from((ideographs, font_file), "春秋山川山A") == "山川"
    assert atlas.missing_from(BUNDLED, CHARACTERS) == ""


def test_ideographs_are_as_high_as_capitals(ideographs: str, tmp_path: Path) -> None:
    """Layouts count in heights of a capital, so a typeface of ideographs is scaled to them, and one without H too."""
    digits_alone = make_font(tmp_path / "digits.ttf", DIGITS)
    for typeface, text in ((ideographs, "春夏"), (digits_alone, "01")):
        book = atlas.atlas_of_text(text, 90, (typeface,))
        heights = [cell.height - 2 * atlas._PADDING for cells in book.cells.values() for cell in cells]
        assert heights == pytest.approx([book.capital] * 2, abs=2)


def test_large_alphabets_are_not_drawn_as_a_whole(ideographs: str) -> None:
    """A text of no known alphabet leaves no sheet behind, and its glyphs are drawn once."""
    draw("春夏", random.Random(1), size=SIZE, typefaces=(ideographs,))
    sheets, glyphs = (cache.cache_info() for cache in (atlas._draw_atlas_once, atlas._draw_glyph))
    draw("夏春", random.Random(1), size=SIZE, typefaces=(ideographs,))
    assert atlas._draw_atlas_once.cache_info() == sheets
    assert atlas._draw_glyph.cache_info()[1:] == glyphs[1:]
    assert glyphs.maxsize


@pytest.mark.parametrize(("size", "scale", "columns"), [((166, 90), 2, 4), ((400, 100), 1, 3)])
def test_a_contact_sheet_shows_every_picture(size: tuple[int, int], scale: int, columns: int) -> None:
    """Pictures stand in rows under their numbers, small ones enlarged, and nothing is drawn over them."""
    colours = ["red", "lime", "blue", "yellow", "aqua", "black", "white"]
    pictures = [image.encode(Image.new("RGB", size, colour), "png") for colour in colours]
    page = contact_sheet(pictures, first=8)
    width, height = size[0] * scale + 10, size[1] * scale + 22
    assert page.size == (columns * width, -(-len(colours) // columns) * height)
    for place, colour in enumerate(colours):
        x, y = place % columns * width + 5, place // columns * height + 22
        shown = page.crop((x, y, x + size[0] * scale, y + size[1] * scale))
        assert shown.getcolors() == [(shown.width * shown.height, ImageColor.getrgb(colour))]
        assert page.crop((x, y - 22, x + 30, y)).getcolors(maxcolors=2) is None  # a number, with soft edges
