"""What a picture costs beside what the peers' cost: same length and size, one picture of each a round.

lepture/captcha and the bare encode run in this process; captchakit and django-simple-captcha, whose modules or
requirements clash, in environments of their own below .venv/peers, made at the first run, as processes that draw when
they are asked to. ``make bench-picture``.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from io import BytesIO

from PIL import Image

from flask_captcha_api.challenges.makers import Maker, digits, letters
from flask_captcha_api.rendering.picture.atlas import Atlas
from flask_captcha_api.rendering.picture.drawing import draw, draw_in_style
from flask_captcha_api.rendering.picture.styles import DIFFICULTIES, STYLES

from ..charts import Bar
from ..environment import versions_of
from ..peers import drawings as peer_drawings
from ..peers.environments import PEERS_APART, DrawingApart
from ..record import keep

SIZE = (peer_drawings.WIDTH, peer_drawings.HEIGHT)
ROUNDS = 400
WARM_UP = 20
#: After so many pictures an atlas has what it keeps of a kind in a style.
FILLING = 2_000

#: Draws a text and returns the seconds it took.
Timed = Callable[[str], float]


def main() -> None:
    """Measure digits and letters, and print a table of each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", action="store_true", help="write the table and the chart for the documentation")
    chosen = parser.parse_args()

    medians: dict[str, dict[str, float]] = {}
    with ExitStack() as stack:
        peers = {name: stack.enter_context(DrawingApart(name)).seconds_for for name in PEERS_APART}
        for kind, make in (("digits", digits), ("letters", letters)):
            subjects = subjects_in_process(make) | peers
            samples: dict[str, list[float]] = {name: [] for name in subjects}
            order = list(subjects)
            for number in range(WARM_UP + ROUNDS):
                if number % 10 == 0:
                    print(f"\r{kind}: {number} of {WARM_UP + ROUNDS}", end="", file=sys.stderr, flush=True)
                text = make(5).prompt
                random.shuffle(order)  # whoever comes after another process finds the processor's caches cold
                for name in order:
                    seconds = subjects[name](text)
                    if number >= WARM_UP:
                        samples[name].append(seconds)
            print("\r" + " " * 30 + "\r", end="", file=sys.stderr, flush=True)
            medians[kind] = {name: statistics.median(each) for name, each in samples.items()}
            report(kind, medians[kind])
    sizes = [len(draw(digits(5).prompt, random.Random(seed), size=SIZE)) for seed in range(500)]
    print(f"\nbytes of 500 pictures: {statistics.mean(sizes):.0f} on average, {max(sizes)} at most")
    versions = versions_of("pillow", "captcha")
    print("versions:", ", ".join(f"{name} {number}" for name, number in versions.items()))
    if chosen.keep:
        keep_for_documentation(medians, versions)


def subjects_in_process(make: Maker) -> dict[str, Timed]:
    """Return what is drawn here: ours as it is used, the first ones, each style alone, lepture's, and the bare encode.

    :param make: makes the texts that the atlas is filled with.
    """
    rng, atlas = random.Random(1), Atlas()
    for style in STYLES:
        for _ in range(FILLING):
            _in_style(style, rng, atlas, make(5).prompt)
    picture = Image.open(BytesIO(draw(make(5).prompt, rng, size=SIZE))).convert("RGB")

    def encode(_: str) -> None:
        picture.save(BytesIO(), "JPEG")

    subjects: dict[str, Callable[[str], object]] = {
        "ours": lambda text: draw(text, rng, size=SIZE, atlas=atlas),
        "ours, first pictures": lambda text: draw(text, rng, size=SIZE),
    }
    for difficulty, styles in DIFFICULTIES.items():
        for style in styles:
            subjects[f"ours, {difficulty}, {style}"] = partial(_in_style, style, rng, atlas)
    subjects["lepture/captcha"] = peer_drawings.lepture()
    subjects["bare JPEG encode"] = encode
    return {name: partial(timed, subject) for name, subject in subjects.items()}


def _in_style(style: str, rng: random.Random, atlas: Atlas, text: str) -> bytes:
    return draw_in_style(style, text, rng, size=SIZE, atlas=atlas)


def timed(subject: Callable[[str], object], text: str) -> float:
    """Return the seconds that one picture takes."""
    begin = time.perf_counter()
    subject(text)
    return time.perf_counter() - begin


def report(kind: str, medians: dict[str, float]) -> None:
    """Print milliseconds, and the ratios to ours and to the bare encode."""
    ours, encode = medians["ours"], medians["bare JPEG encode"]
    print(f"\n5 {kind}, {SIZE[0]} × {SIZE[1]}, median of {ROUNDS}")
    print(f"{'':30} {'ms':>7} {'× ours':>8} {'× encode':>9}")
    for name, seconds in medians.items():
        print(f"{name:30} {seconds * 1e3:7.3f} {seconds / ours:8.2f} {seconds / encode:9.2f}")


def keep_for_documentation(medians: dict[str, dict[str, float]], versions: dict[str, str]) -> None:
    """Keep the figures of whole drawings; those of each style are for whoever works on them."""
    digits_only = {name: seconds for name, seconds in medians["digits"].items() if "," not in name}
    ours = digits_only["ours"]
    keep(
        "picture",
        command="make bench-picture",
        columns=("", "digits, ms", "letters, ms", "digits, ours = 1"),
        rows=[
            (name, f"{seconds * 1e3:.2f}", f"{medians['letters'][name] * 1e3:.2f}", f"{seconds / ours:.1f}")
            for name, seconds in digits_only.items()
        ],
        versions=versions,
        chart_title=f"Milliseconds for a picture of five digits, {SIZE[0]} × {SIZE[1]}, encoded",
        bars=[
            Bar(name, seconds * 1e3, f"{seconds * 1e3:.2f} ms", name == "ours") for name, seconds in digits_only.items()
        ],
    )


if __name__ == "__main__":
    main()
