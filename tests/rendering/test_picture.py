"""Pictures: what holds for every style, size, kind and format."""

import base64
import colorsys
import random
import threading
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from flask import Flask
from PIL import Image, ImageChops, ImageColor, ImageStat

from flask_captcha_api import CaptchaApi, rendering
from flask_captcha_api.challenges.kinds import KINDS
from flask_captcha_api.challenges.makers import ALPHABETS, DIGITS, LETTERS
from flask_captcha_api.rendering.picture import atlas, typefaces
from flask_captcha_api.rendering.picture import drawing as image
from flask_captcha_api.rendering.picture.atlas import Atlas
from flask_captcha_api.rendering.picture.canvas import Picture
from flask_captcha_api.rendering.picture.drawing import MEDIA_TYPES, THEMES, draw, draw_in_style
from flask_captcha_api.rendering.picture.paint import clear_signs, ink, patches, stamp
from flask_captcha_api.rendering.picture.sheet import contact_sheet
from flask_captcha_api.rendering.picture.styles import DIFFICULTIES, STYLES
from flask_captcha_api.rendering.picture.typefaces import BUNDLED, CHARACTERS
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


def new_picture(text: str, size: tuple[int, int] = SIZE) -> Picture:
    return Picture(text, size, THEMES["light"], Atlas(), BUNDLED)


def glyphs_alone(style: str, text: str, seed: int, size: tuple[int, int]) -> Picture:
    """Draw in a style without its ground and ink: what is white of the plane is glyph."""
    picture = new_picture(text, size)
    picture.plane = Image.new("L", size)
    rng = random.Random(seed)
    for step in STYLES[style]:
        if getattr(step, "func", step) not in (patches, clear_signs, ink):
            step(picture, rng)
    return picture


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
        plane = glyphs_alone(style, prompt(kind, length, seed), seed, size).plane
        left, top, right, bottom = plane.getbbox() or (0, 0, 0, 0)
        assert 1 <= left < right <= size[0] - 1
        assert 1 <= top < bottom <= size[1] - 1
        share = ImageStat.Stat(plane).mean[0] / 255
        assert 0.002 < share < 0.6


@pytest.mark.parametrize("style", STYLES)
def test_every_glyph_of_a_text_is_drawn(style: str) -> None:
    """Each glyph has a place of its own, where it is large, and most of it is not under another."""
    for seed in range(20):
        picture = glyphs_alone(style, "40218", seed, SIZE)
        assert len(set(picture.corners)) == len(picture.shapes) == 5
        for shape, (x, y) in zip(picture.shapes, picture.corners, strict=True):
            assert max(shape.size) > 22
            seen = picture.plane.crop((x, y, x + shape.width, y + shape.height))
            assert ImageStat.Stat(ImageChops.multiply(seen, shape)).sum[0] > 0.75 * ImageStat.Stat(shape).sum[0]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("text", ["40218", "WMWWM", "JLJTF"])
def test_the_order_is_never_in_doubt(style: str, text: str) -> None:
    """Glyphs follow each other from left to right, in one row or in two of which one is above the other."""
    for seed in range(20):
        picture = glyphs_alone(style, text, seed, SIZE)
        centres = [
            (x + shape.width / 2, y + shape.height / 2)
            for shape, (x, y) in zip(picture.shapes, picture.corners, strict=True)
        ]
        backward = [place for place in range(1, 5) if centres[place][0] < centres[place - 1][0] + 8]
        if backward:
            (split,) = backward
            assert max(y for _, y in centres[:split]) + 20 < min(y for _, y in centres[split:])


@pytest.mark.parametrize("style", STYLES)
def test_a_plus_is_never_a_times(style: str) -> None:
    """Whatever the layout, the sign of a sum is upright and large: its bars reach the sides, and not the corners."""
    for seed in range(20):
        plus = glyphs_alone(style, "46+38", seed, SIZE).shapes[2]
        width, height = plus.size
        assert min(width, height) > 20
        middle = plus.crop((0, height // 2 - 1, width, height // 2 + 2))
        assert ImageStat.Stat(middle).mean[0] > 180
        assert not any(plus.getpixel((x, y)) for x in (0, width - 1) for y in (0, height - 1))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("sign", "+\N{MINUS SIGN}")
def test_a_sign_is_never_lost_in_the_ground(style: str, sign: str) -> None:
    """Below it and around it the ground has one ink."""
    for seed in range(20):
        picture = new_picture(f"46{sign}38")
        rng = random.Random(seed)
        for step in STYLES[style]:
            if step is stamp:
                break
            step(picture, rng)
        shape, (x, y) = picture.shapes[2], picture.corners[2]
        under = ImageChops.multiply(picture.plane.crop((x, y, x + shape.width, y + shape.height)), shape)
        share = ImageStat.Stat(under).sum[0] / ImageStat.Stat(shape).sum[0]
        assert share < 0.02 or share > 0.95


#: The linear value of each level of a channel, and from them the relative luminance, as WCAG 2.2 defines them.
LINEAR = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (level / 255 for level in range(256))]


def relative_luminances(picture: Image.Image) -> list[float]:
    raw = picture.convert("RGB").tobytes()
    channels = zip(raw[::3], raw[1::3], raw[2::3], strict=True)
    return [0.2126 * LINEAR[r] + 0.7152 * LINEAR[g] + 0.0722 * LINEAR[b] for r, g, b in channels]


@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("file_format", MEDIA_TYPES)
def test_contrast_of_the_two_inks(theme: str, file_format: str) -> None:
    """In every picture the two commonest shades stand at least 3 : 1 apart, as WCAG 2.2 asks of graphics (1.4.11)."""
    for seed in range(100):
        data = draw("40218", random.Random(seed), size=SIZE, theme=theme, file_format=file_format)
        luminances = sorted(relative_luminances(decoded(data).convert("RGB").reduce(2)))
        dark, light = luminances[len(luminances) // 8], luminances[-len(luminances) // 8]
        assert (light + 0.05) / (dark + 0.05) >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_a_hue_leaves_the_grey_levels_alone(theme: str) -> None:
    """With any hue, each pixel's luma is that of the picture without one, so it reads the same. PNG keeps pixels."""
    for hue in range(0, 360, 7):
        plain, tinted = (
            decoded(draw("40218", random.Random(hue), size=SIZE, theme=theme, hue=each, file_format="png"))
            for each in (None, hue)
        )
        difference = ImageChops.difference(plain.convert("L"), tinted.convert("L"))
        assert max(difference.tobytes()) <= 2, hue


@pytest.mark.parametrize("theme", THEMES)
def test_a_picture_has_the_hue_that_is_set(theme: str) -> None:
    """Every picture has it, within the 12 degrees that its limited chroma and JPEG leave open."""
    for hue in (*range(0, 360, 15), 359):
        for seed in range(3):
            data = draw("40218", random.Random(seed), size=SIZE, theme=theme, hue=hue)
            red, green, blue = (mean / 255 for mean in ImageStat.Stat(decoded(data).convert("RGB")).mean)
            assert abs((colorsys.rgb_to_hsv(red, green, blue)[0] * 360 - hue + 180) % 360 - 180) <= 12, hue


def test_without_a_hue_the_tint_varies() -> None:
    """None is the default, and draws what was drawn before there was a hue."""
    data = [draw("402", random.Random(seed), size=SIZE) for seed in range(20)]
    assert data == [draw("402", random.Random(seed), size=SIZE, hue=None) for seed in range(20)]
    means = [ImageStat.Stat(decoded(each).convert("RGB")).mean for each in data]
    assert len({max(range(3), key=mean.__getitem__) for mean in means}) == 3


@pytest.mark.parametrize("theme", THEMES)
def test_contrast_and_size_with_any_hue(theme: str) -> None:
    """The inks of every hue stand at least 3 : 1 apart, and a picture is no larger than one without a hue may be."""
    for hue in range(0, 360, 15):
        data = draw("40218", random.Random(hue), size=SIZE, theme=theme, hue=hue)
        assert len(data) < 7_000
        luminances = sorted(relative_luminances(decoded(data).convert("RGB").reduce(2)))
        dark, light = luminances[len(luminances) // 8], luminances[-len(luminances) // 8]
        assert (light + 0.05) / (dark + 0.05) >= 3, hue


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
        font = typefaces._open_font(typeface)
        missing = font.getmask("\uffff").getbbox(), bytes(font.getmask("\uffff"))
        for character in CHARACTERS:
            assert (font.getmask(character).getbbox(), bytes(font.getmask(character))) != missing, (typeface, character)


BENDING = atlas.Bending(
    mesh=0.1, ripple=0.02, turn=0.1, lean=0.1, weight=(0, 0), uneven=0.01, height=(1, 1), width=(1, 1), life=100
)


def take(book: Atlas, character: str, seed: int, capital: int = 40) -> Image.Image:
    return book.shape(character, BUNDLED, BENDING, capital, 0, random.Random(seed))


def test_shapes_are_used_again_and_replaced() -> None:
    """Most pictures take shapes that others took, and no set of them stands still."""
    book = Atlas()
    first = {id(shape): shape for shape in (take(book, "4", seed) for seed in range(200))}
    assert 12 <= len(first) < 40
    later = {id(shape): shape for shape in (take(book, "4", seed) for seed in range(1_000, 6_000))}
    last = [take(book, "4", seed) for seed in range(6_000, 6_100)]
    assert len(later) > 40
    assert not set(map(id, last)) & set(first)


def test_shapes_recur_as_often_as_their_bending_says() -> None:
    """Whoever labels pictures to recognise their shapes in others gets few others for them where ``life`` is low."""
    book, bending, rng = Atlas(), BENDING._replace(life=8), random.Random(1)
    shapes = [book.shape("4", BUNDLED, bending, 20, 0, rng) for _ in range(1_600)]
    assert 150 < len(set(map(id, shapes))) < 260  # 1600 / 8, and the first twelve


def test_backgrounds_recur_unchanged_and_are_replaced() -> None:
    """Whatever is stamped and cleared on a picture's plane, the background that is kept stays as it was."""
    book, rng = Atlas(), random.Random(1)
    kept: dict[int, tuple[Image.Image, bytes]] = {}
    for _ in range(800):
        draw_in_style("rows", "17+29", rng, size=SIZE, atlas=book)
        backgrounds = [image for image in book._images.values() if image.width > SIZE[0]]
        kept |= {id(each): (each, each.tobytes()) for each in backgrounds if id(each) not in kept}
    assert all(each.tobytes() == before for each, before in kept.values())
    assert 35 < len(kept) < 90  # 800 / 16, and the first twelve


def test_large_backgrounds_leave_room_for_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the largest pictures a shape is bent anew about as rarely as its ``life`` says, which is once in 16 uses."""
    book, rng, bend = Atlas(), random.Random(3), Mock(wraps=atlas.bend)
    monkeypatch.setattr(atlas, "bend", bend)
    for number in range(400):
        if number == 300:
            bend.reset_mock()
        draw_in_style("rows", prompt("digits", 5, number), rng, size=(640, 320), atlas=book)
    assert 20 < bend.call_count < 80  # 100 pictures of five


def test_no_two_shapes_are_alike() -> None:
    """Each is bent in its own way: the same typeface, size and angle give another outline each time."""
    shapes = [
        atlas.bend(typefaces.glyph("8", "rubik"), BENDING, 40, 0, random.Random(seed)).resize((40, 40))
        for seed in range(12)
    ]
    for place, shape in enumerate(shapes):
        for other in shapes[:place]:
            assert ImageStat.Stat(ImageChops.difference(shape, other)).mean[0] > 4


@pytest.mark.slow
def test_an_atlas_keeps_a_few_megabytes() -> None:
    """However many characters and sizes are drawn, the oldest shapes make room."""
    book = Atlas()
    for seed in range(900):
        take(book, CHARACTERS[seed % 40], seed, capital=60 + seed % 90)
    kept = sum(image.width * image.height for image in book._images.values())
    assert kept == book._bytes
    assert atlas._CAPACITY / 2 < kept <= atlas._CAPACITY


def test_threads_share_one_atlas() -> None:
    """Eight threads that draw at once from an atlas that is full draw whole pictures, and it counts what it keeps."""
    book = Atlas()
    barrier = threading.Barrier(8)
    drawn: list[bytes] = []

    def work(seed: int) -> None:
        rng = random.Random(seed)
        barrier.wait(10)
        drawn.extend(draw("40218", rng, size=size, atlas=book) for size in (SIZE, (640, 320)) * 6)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(drawn) == 8 * 12
    assert book._bytes == sum(image.width * image.height for image in book._images.values()) <= atlas._CAPACITY


def test_pictures_of_an_app_share_an_atlas(app: Flask) -> None:
    """What one request has bent serves the next."""
    CaptchaApi(app)
    for _ in range(40):
        app.test_client().get("/captcha/web")
    before = dict(rendering._ATLAS._images)
    assert app.test_client().get("/captcha/web").status_code == 200
    assert len(set(map(id, rendering._ATLAS._images.values())) & set(map(id, before.values()))) > len(before) - 10


@pytest.mark.parametrize("style", STYLES)
def test_a_long_prompt_of_an_own_kind_is_drawn(style: str) -> None:
    """However little of a glyph is left, as no setting limits the length of what an app's own maker returns."""
    drawn = draw_in_style(style, "three PLUS four ".upper() * 5, random.Random(1), size=(80, 32))
    assert Image.open(BytesIO(drawn)).size == (80, 32)


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
    path.write_bytes((Path(typefaces.__file__).parents[1] / "data" / "nunito.ttf").read_bytes())
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


def test_look_alikes_are_drawn_where_they_differ() -> None:
    """A 1 has a foot, and a letter no serifs."""
    assert typefaces.faces_with("1", BUNDLED) == typefaces.SLAB_SERIF
    assert typefaces.faces_with("8", BUNDLED) == BUNDLED
    assert typefaces.faces_with("M", BUNDLED) == typefaces.SANS_SERIF


def test_fonts_and_licences_are_small() -> None:
    """All typefaces together take less than 150 kB, and each has its licence beside it."""
    data = Path(typefaces.__file__).parents[1] / "data"
    fonts = list(data.glob("*.ttf"))
    assert {font.stem for font in fonts} == set(BUNDLED)
    assert sum(font.stat().st_size for font in fonts) < 150_000
    assert all((data / f"{font.stem}.LICENSE.txt").stat().st_size > 1_000 for font in fonts)


@pytest.fixture
def ideographs(tmp_path: Path) -> str:
    return make_font(tmp_path / "ideographs.ttf", "春夏秋冬")


def test_characters_come_from_whichever_typeface_has_them(ideographs: str, font_file: str) -> None:
    """With several font files each character is drawn in those that have it, and never as what stands for none."""
    assert typefaces.faces_with("春", (ideographs, font_file)) == (ideographs,)
    assert typefaces.faces_with("A", (ideographs, font_file)) == (font_file,)
    assert draw("春A", random.Random(1), size=SIZE, typefaces=(ideographs, font_file))


@pytest.mark.parametrize("text", ["春山", "春4"])
def test_a_character_that_no_font_file_has_is_told(ideographs: str, text: str) -> None:
    """A picture with a box in the place of a character could not be solved: none is drawn, whatever the alphabet."""
    with pytest.raises(ValueError, match="set CAPTCHA_FONTS") as raised:
        draw(text, random.Random(1), size=SIZE, typefaces=(ideographs,))
    assert text[1] not in str(raised.value)


def test_what_no_typeface_has(ideographs: str, font_file: str) -> None:
    """Each missing character is named once, in order."""
    assert typefaces.missing_from((ideographs,), "春秋山川山A") == "A山川"
    assert typefaces.missing_from((ideographs, font_file), "春秋山川山A") == "山川"
    assert typefaces.missing_from(BUNDLED, CHARACTERS) == ""


def test_ideographs_are_as_high_as_capitals(ideographs: str, tmp_path: Path) -> None:
    """Layouts count in heights of a capital, so a typeface of ideographs is scaled to them, and one without H too."""
    digits_alone = make_font(tmp_path / "digits.ttf", DIGITS)
    for typeface, text in ((ideographs, "春夏"), (digits_alone, "02")):
        heights = [typefaces.glyph(character, typeface).height - 2 * typefaces.PADDING for character in text]
        assert heights == pytest.approx([typefaces.CAPITAL] * 2, abs=2)


def test_glyphs_of_an_alphabet_of_thousands_are_limited(ideographs: str) -> None:
    """A typeface's glyph is drawn once, and so many are kept at most."""
    draw("春夏", random.Random(1), size=SIZE, typefaces=(ideographs,))
    misses = typefaces.glyph.cache_info().misses
    draw("夏春", random.Random(1), size=SIZE, typefaces=(ideographs,))
    assert typefaces.glyph.cache_info().misses == misses
    assert typefaces.glyph.cache_info().maxsize


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
