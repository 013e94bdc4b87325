"""How many whole texts ready-made software reads: ddddocr's two models, and a pipeline that finds lines first.

Fresh pictures of each kind and difficulty, and lepture/captcha's beside them; raw and after the usual clean-ups.
``make bench-resistance``, or ``python -m benchmarks.resistance.table --rows ddddocr --kinds digits --count 100``.
"""

import random
import re
import secrets
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import BytesIO

import numpy
from PIL import Image, ImageFilter, ImageOps

from flask_captcha_api.challenges.kinds import KINDS
from flask_captcha_api.challenges.makers import MINUS
from flask_captcha_api.rendering.picture.atlas import Atlas
from flask_captcha_api.rendering.picture.canvas import Picture
from flask_captcha_api.rendering.picture.drawing import THEMES, draw, encode
from flask_captcha_api.rendering.picture.paint import patches
from flask_captcha_api.rendering.picture.styles import DIFFICULTIES, STYLES
from flask_captcha_api.rendering.picture.typefaces import BUNDLED

from ..peers import drawings as peer_drawings

SIZE = (peer_drawings.WIDTH, peer_drawings.HEIGHT)

#: Reads a picture.
Solver = Callable[[Image.Image], str]

CLEAN_UPS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "raw": lambda picture: picture,
    "grey": lambda picture: picture.convert("L"),
    "× 2": lambda picture: picture.resize((2 * picture.width, 2 * picture.height), Image.Resampling.BICUBIC),
    "threshold": lambda picture: threshold(picture.convert("L")),
    "median": lambda picture: picture.convert("L").filter(ImageFilter.MedianFilter(3)),
    "inverted": lambda picture: ImageOps.invert(picture.convert("L")),
}

#: What a digit or a sign is taken for by software that also knows others: credited as what was drawn.
_DIGIT_FOR = str.maketrans("OQDILSZBG-–—一", "000115286" + MINUS * 4)


def ours(difficulty: str) -> Callable[[str], bytes]:
    """Return our drawing at a difficulty."""
    return lambda text: draw(text, random.Random(secrets.randbits(128)), size=SIZE, difficulty=difficulty)


def without_background(difficulty: str) -> Callable[[str], bytes]:
    """Return our drawing at a difficulty, with the glyphs alone: what is left for whoever knows the background."""

    def draw_glyphs(text: str) -> bytes:
        rng = random.Random(secrets.randbits(128))
        picture = Picture(text, SIZE, THEMES["light"], Atlas(), BUNDLED)
        for step in STYLES[rng.choice(DIFFICULTIES[difficulty])]:
            if getattr(step, "func", step) is patches:
                picture.plane = Image.new("L", SIZE)
            else:
                step(picture, rng)
        return encode(picture.image, "jpeg")

    return draw_glyphs


def character_solvers() -> Iterator[tuple[str, Solver]]:
    """Load ddddocr's two models."""
    import ddddocr

    for name, beta in (("ddddocr", False), ("ddddocr beta", True)):
        model = ddddocr.DdddOcr(beta=beta, show_ad=False)

        def solve(picture: Image.Image, model: ddddocr.DdddOcr = model) -> str:
            encoded = BytesIO()
            picture.save(encoded, "PNG")
            return str(model.classification(encoded.getvalue()))

        yield name, solve


def line_solver() -> Solver:
    """Load PaddleOCR's models, as RapidOCR ships them: lines are found, straightened and read one by one."""
    from rapidocr_onnxruntime import RapidOCR

    engine = RapidOCR(intra_op_num_threads=1, inter_op_num_threads=1)

    def solve(picture: Image.Image) -> str:
        found, _ = engine(numpy.asarray(picture.convert("RGB"))[:, :, ::-1].copy())
        return "".join(line[1] for line in found or [])

    return solve


def threshold(grey: Image.Image) -> Image.Image:
    """Cut where the two halves of the histogram vary least (N. Otsu, 1979)."""
    counts = numpy.array(grey.histogram(), dtype=float)
    below = counts.cumsum()
    above = below[-1] - below
    sums = (counts * numpy.arange(256)).cumsum()
    with numpy.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    cut = int(numpy.nanargmax(between))
    return grey.point([0] * (cut + 1) + [255] * (255 - cut))


def measure(
    row: str,
    kind: str,
    make: Callable[[str], bytes],
    solvers: Mapping[str, Solver],
    count: int,
    clean_ups: Sequence[str],
) -> Counter[tuple[str, str]]:
    """Have fresh pictures read. Return how many whole texts each solver reads after each clean-up.

    :param row: the name of what is measured, to be shown with the progress.
    :param clean_ups: keys of :data:`CLEAN_UPS`.
    """
    read: Counter[tuple[str, str]] = Counter()
    for number in range(count):
        if number % 10 == 0:
            print(f"\r{row}: {number} of {count}", end="", file=sys.stderr, flush=True)
        text = KINDS[kind].make(5).prompt
        picture = Image.open(BytesIO(make(text))).convert("RGB")
        for clean_up in clean_ups:
            cleaned = CLEAN_UPS[clean_up](picture)
            for name, solve in solvers.items():
                read[name, clean_up] += normalised(solve(cleaned), kind) == text
    print("\r" + " " * 60 + "\r", end="", file=sys.stderr, flush=True)
    return read


def normalised(text: str, kind: str) -> str:
    """Fold what a solver says into what was drawn, in the solver's favour."""
    folded = re.sub(r"\s", "", text).upper()
    return folded if kind == "letters" else folded.translate(_DIGIT_FOR)
