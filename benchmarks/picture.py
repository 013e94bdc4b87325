"""What a picture costs beside what the peers' cost: same length and size, one picture of each a round.

lepture/captcha and the bare encode run in this process; captchakit and django-simple-captcha, whose modules or
requirements clash, in environments of their own below .venv/peers, made at the first run, as processes that draw when
they are asked to. ``make bench-picture``.
"""

import random
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

from PIL import Image

from flask_captcha_api.challenges import digits, letters
from flask_captcha_api.rendering.image import draw, draw_in_style
from flask_captcha_api.rendering.styles import DIFFICULTIES

from . import peer_drawings

SIZE = (peer_drawings.WIDTH, peer_drawings.HEIGHT)
ROUNDS = 400
WARM_UP = 20
PEERS = {"captchakit": "captchakit", "django-simple-captcha": "django_simple_captcha"}
ENVIRONMENTS = Path(".venv/peers")

#: Draws a text and returns the seconds it took.
Timed = Callable[[str], float]


def main() -> None:
    """Measure digits and letters, and print a table of each."""
    with ExitStack() as stack:
        peers = {name: stack.enter_context(Peer(name, module)) for name, module in PEERS.items()}
        for kind, make in (("digits", digits), ("letters", letters)):
            subjects = subjects_in_process(make(5).prompt) | {name: peer.draw for name, peer in peers.items()}
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
            report(kind, {name: statistics.median(each) for name, each in samples.items()})
    sizes = [len(draw(digits(5).prompt, random.Random(seed), size=SIZE)) for seed in range(500)]
    print(f"\nbytes of 500 pictures: {statistics.mean(sizes):.0f} on average, {max(sizes)} at most")
    print("versions:", ", ".join(f"{name} {version(name)}" for name in ("pillow", "captcha")))


def subjects_in_process(example: str) -> dict[str, Timed]:
    """Return what is drawn here: ours as it is used and each style alone, lepture's, and the bare encode."""
    rng = random.Random(1)
    picture = Image.open(BytesIO(draw(example, rng, size=SIZE))).convert("RGB")

    def encode(_: str) -> None:
        picture.save(BytesIO(), "JPEG")

    subjects: dict[str, Callable[[str], object]] = {"ours": lambda text: draw(text, rng, size=SIZE)}
    for style in DIFFICULTIES["normal"]:
        subjects[f"ours, {style}"] = partial(_in_style, style, rng)
    subjects["lepture/captcha"] = peer_drawings.lepture()
    subjects["bare JPEG encode"] = encode
    return {name: partial(timed, subject) for name, subject in subjects.items()}


def _in_style(style: str, rng: random.Random, text: str) -> bytes:
    return draw_in_style(style, text, rng, size=SIZE)


def timed(subject: Callable[[str], object], text: str) -> float:
    """Return the seconds that one picture takes."""
    begin = time.perf_counter()
    subject(text)
    return time.perf_counter() - begin


class Peer:
    """A peer's drawing in a process of its own environment."""

    def __init__(self, name: str, module: str) -> None:
        home = ENVIRONMENTS / module
        python = home / "bin" / "python"
        if not python.exists():
            print(f"installing {name} into {home} …", file=sys.stderr)
            venv.create(home, with_pip=True)
            subprocess.run([python, "-m", "pip", "install", "-qq", name], check=True)
        command = [str(python), peer_drawings.__file__, name]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> "Peer":
        return self

    def __exit__(self, *about: object) -> None:
        self._process.terminate()
        self._process.communicate()

    def draw(self, text: str) -> float:
        """Have a text drawn; return the seconds that the peer says it took."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the peer was started without pipes")
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())


def report(kind: str, medians: dict[str, float]) -> None:
    """Print milliseconds, and the ratios to ours and to the bare encode."""
    ours, encode = medians["ours"], medians["bare JPEG encode"]
    print(f"\n5 {kind}, {SIZE[0]} × {SIZE[1]}, median of {ROUNDS}")
    print(f"{'':24} {'ms':>7} {'× ours':>8} {'× encode':>9}")
    for name, seconds in medians.items():
        print(f"{name:24} {seconds * 1e3:7.3f} {seconds / ours:8.2f} {seconds / encode:9.2f}")


if __name__ == "__main__":
    main()
