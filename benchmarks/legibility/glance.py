"""What is read at a glance: at the displayed size, in one look, several drawings shuffled among each other.

Readers differ, and so do days, so only drawings on the same sheets can be compared. ``make glance`` writes the sheets
and the key to build/glance. Give a reader the sheets and nothing else, and this instruction::

    Each numbered picture shows five digits (five capital letters, or a sum or difference of two numbers such as 12+7).
    Look at the sheet once, as it is. Do not enlarge anything. Write a line for each picture: its number, and what you
    read. Do not correct a line afterwards. If you cannot read a picture, write what you would type.

Then ``python -m benchmarks.legibility.glance score build/glance/key.json READINGS …`` compares.
"""

import argparse
import json
import random
import secrets
import subprocess
import sys
import tarfile
import tempfile
from base64 import b64decode
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont

from flask_captcha_api.challenges.kinds import KINDS
from flask_captcha_api.rendering.picture.drawing import draw
from flask_captcha_api.rendering.picture.styles import DIFFICULTIES

from ..intervals import wilson
from ..peers import drawings as peer_drawings
from ..peers.environments import PEERS_APART, DrawingApart

WIDTH, HEIGHT = peer_drawings.WIDTH, peer_drawings.HEIGHT
COLUMNS, ROWS = 6, 4
CAPTION = 18
GAP = 8

#: Draws the pictures of some texts.
Drawing = Callable[[Sequence[str]], list[bytes]]


class Reading(NamedTuple):
    """What a reader said of a picture."""

    number: str
    kind: str
    drawing: str
    prompt: str
    said: str

    @property
    def is_right(self) -> bool:
        """Whether the whole text was read."""
        return self.said == self.prompt


#: Draws, with the package of another commit, the texts on standard input.
_OF_COMMIT = """
import random, secrets, sys
from base64 import b64encode
from flask_captcha_api.rendering.picture.drawing import draw
for text in sys.stdin.read().split():
    print(b64encode(draw(text, random.Random(secrets.randbits(128)), size=(166, 90), difficulty="normal")).decode())
"""


def main() -> None:
    """Draw sheets, or score readings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    drawer = commands.add_parser("draw", help="write sheets and their key")
    drawer.add_argument("--before", metavar="COMMIT", help="also the normal difficulty of an earlier commit")
    drawer.add_argument("--out", type=Path, default=Path("build/glance"))
    help_text = "fewer drawings: difficulties, before, and names of peers"
    drawer.add_argument("--drawings", nargs="+", metavar="NAME", help=help_text)
    for kind, count in (("digits", 48), ("letters", 32), ("arithmetic", 16)):
        help_text = "pictures of each drawing, and a quarter as many of the peers that are only compared in a chart"
        drawer.add_argument(f"--{kind}", type=int, default=count, help=help_text)
    scorer = commands.add_parser("score", help="compare readings with the key")
    scorer.add_argument("key", type=Path)
    scorer.add_argument("readings", type=Path, nargs="+")
    chosen = parser.parse_args()
    if chosen.command == "draw":
        write_sheets(chosen.out, chosen.before, {kind: getattr(chosen, kind) for kind in KINDS}, chosen.drawings)
    else:
        print(report(json.loads(chosen.key.read_text()), [path.read_text() for path in chosen.readings]))


def write_sheets(out: Path, before: str | None, counts: Mapping[str, int], only: Collection[str] | None = None) -> None:
    """Draw as many pictures of each kind in each drawing, shuffle those of a kind, and write sheets and key.

    :param only: the drawings to compare; None: all.
    """
    out.mkdir(parents=True, exist_ok=True)
    key: dict[str, dict[str, str]] = {}
    for kind, count in counts.items():
        drawn = []
        with ExitStack() as stack:
            for name, drawing in (drawings(before) | peers(stack, kind)).items():
                if only is not None and name not in only:
                    continue
                texts = [KINDS[kind].make(5).prompt for _ in range(count // 4 if name in PEERS_APART else count)]
                drawn += [(name, text, picture) for text, picture in zip(texts, drawing(texts), strict=True)]
        secrets.SystemRandom().shuffle(drawn)
        for begin in range(0, len(drawn), COLUMNS * ROWS):
            path = out / f"{kind}-{begin + 1:03d}.png"
            sheet(drawn[begin : begin + COLUMNS * ROWS], first=len(key) + 1).save(path)
            for name, text, _ in drawn[begin : begin + COLUMNS * ROWS]:
                key[str(len(key) + 1)] = {"kind": kind, "drawing": name, "prompt": text}
            print(path, file=sys.stderr)
    (out / "key.json").write_text(json.dumps(key, ensure_ascii=False, indent=1))
    print(f"{out / 'key.json'}: not to be opened before the readings are written down", file=sys.stderr)


def drawings(before: str | None) -> dict[str, Drawing]:
    """Return this package's drawings to compare, by name."""
    compared: dict[str, Drawing] = {difficulty: ours(difficulty) for difficulty in DIFFICULTIES}
    if before:
        compared["before"] = of_commit(before)
    return compared


def peers(stack: ExitStack, kind: str) -> dict[str, Drawing]:
    """Return the peers' drawings, which run for the length of the stack. Not all of them have the signs of a sum."""
    if kind == "arithmetic":
        return {}
    draws = {"lepture/captcha": peer_drawings.lepture()}
    draws |= {name: stack.enter_context(DrawingApart(name)).draw for name in PEERS_APART}
    return {name: partial(_all, draw) for name, draw in draws.items()}


def _all(draw: Callable[[str], bytes], texts: Sequence[str]) -> list[bytes]:
    return [draw(text) for text in texts]


def ours(difficulty: str) -> Drawing:
    """Return our drawing at a difficulty."""
    size = (WIDTH, HEIGHT)
    return lambda texts: [
        draw(text, random.Random(secrets.randbits(128)), size=size, difficulty=difficulty) for text in texts
    ]


def of_commit(commit: str) -> Drawing:
    """Return the drawing of another commit of this repository, at the normal difficulty."""

    def draw_all(texts: Sequence[str]) -> list[bytes]:
        with tempfile.TemporaryDirectory() as folder:
            archive = subprocess.run(
                ["git", "archive", commit, "flask_captcha_api"],  # noqa: S607 - whichever git runs here
                check=True, capture_output=True,
            )  # fmt: skip
            with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
                files.extractall(folder, filter="data")
            lines = subprocess.run(
                [sys.executable, "-c", _OF_COMMIT],
                check=True, cwd=folder, input="\n".join(texts), capture_output=True, text=True,
            ).stdout.split()  # fmt: skip
        return [b64decode(line) for line in lines]

    return draw_all


def sheet(drawn: Sequence[tuple[str, str, bytes]], *, first: int) -> Image.Image:
    """Lay pictures out as they are, each with its number above it."""
    rows = -(-len(drawn) // COLUMNS)
    page = Image.new("RGB", (COLUMNS * (WIDTH + GAP), rows * (HEIGHT + CAPTION + GAP)), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    for place, (_, _, picture) in enumerate(drawn):
        x = place % COLUMNS * (WIDTH + GAP) + GAP // 2
        y = place // COLUMNS * (HEIGHT + CAPTION + GAP)
        pen.text((x, y + 1), str(first + place), fill="black", font=font)
        page.paste(Image.open(BytesIO(picture)).convert("RGB"), (x, y + CAPTION))
    return page


class Score(NamedTuple):
    """How many whole texts were read right, of how many that were read at all."""

    right: int = 0
    read: int = 0


def scores(readings: Iterable[Reading]) -> dict[tuple[str, str], Score]:
    """Return the score of each kind and drawing."""
    counted: dict[tuple[str, str], Score] = defaultdict(Score)
    for each in readings:
        before = counted[each.kind, each.drawing]
        counted[each.kind, each.drawing] = Score(before.right + each.is_right, before.read + 1)
    return counted


def compared(key: Mapping[str, Mapping[str, str]], text: str) -> Iterator[Reading]:
    """Compare a reader's lines with the key. Pictures not read do not count."""
    for number, *said in map(str.split, filter(str.strip, text.splitlines())):
        entry = key[number.rstrip(".:")]
        yield Reading(number, entry["kind"], entry["drawing"], _normalised(entry["prompt"]), _normalised("".join(said)))


def kept(folder: Path = Path(__file__).parent) -> dict[tuple[str, str], Score]:
    """Return the scores of the readings that the repository keeps, all readers together."""
    keys = sorted(folder.glob("reader-*/key.json"))
    return scores(
        reading
        for key in keys
        for reading in compared(json.loads(key.read_text()), (key.parent / "readings.txt").read_text())
    )


def report(key: Mapping[str, Mapping[str, str]], texts: Sequence[str]) -> str:
    """Say what was misread, and the scores of all readers together."""
    readings = [(reader, each) for reader, text in enumerate(texts, 1) for each in compared(key, text)]
    lines = [
        f"reader {reader}: {each.number:>4} {f'{each.kind} {each.drawing}':26} {each.prompt} read as {each.said}"
        for reader, each in readings
        if not each.is_right
    ]
    for (kind, drawing), score in sorted(scores(each for _, each in readings).items()):
        low, high = wilson(*score)
        share = f"{score.right:3} of {score.read:3} = {score.right / score.read:.0%}"
        lines.append(f"{f'{kind} {drawing}':28} {share} (95 %: {low:.0%} to {high:.0%})")
    return "\n".join(lines)


def _normalised(text: str) -> str:
    return text.upper().translate(str.maketrans("−–", "--", " =?"))


if __name__ == "__main__":
    main()
