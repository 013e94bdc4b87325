"""Contact sheets of numbered pictures for blind reading, with the answers in a file of their own.

``make sheet`` writes to build/sheets. Read the sheets, write down the readings (a line each: number, text), and only
then compare: ``python -m benchmarks.legibility.sheet --score build/sheets/digits READINGS``.
"""

import argparse
import json
import random
import secrets
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from flask_captcha_api.challenges.kinds import KINDS
from flask_captcha_api.rendering.picture.drawing import draw_in_style
from flask_captcha_api.rendering.picture.sheet import contact_sheet
from flask_captcha_api.rendering.picture.styles import DIFFICULTIES

from ..intervals import wilson

SIZE = (166, 90)
PER_SHEET = 24


def main(arguments: Sequence[str] | None = None) -> None:
    """Write sheets, or compare readings with answers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=sorted(KINDS), default="digits")
    parser.add_argument("--length", type=int, default=5)
    parser.add_argument("--difficulty", choices=list(DIFFICULTIES), default="normal")
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--first", type=int, default=1, help="number of the first picture")
    parser.add_argument("--out", type=Path, default=Path("build/sheets"))
    parser.add_argument("--score", nargs=2, type=Path, metavar=("SHEETS", "READINGS"))
    chosen = parser.parse_args(arguments)
    if chosen.score:
        score(*chosen.score)
    else:
        write_sheets(chosen)


def write_sheets(chosen: argparse.Namespace) -> None:
    """Draw the pictures, styles in random order, and write sheets and answers."""
    chosen.out.mkdir(parents=True, exist_ok=True)
    answers = []
    for begin in range(0, chosen.count, PER_SHEET):
        numbers = range(chosen.first + begin, chosen.first + min(begin + PER_SHEET, chosen.count))
        pictures = []
        for number in numbers:
            challenge = KINDS[chosen.kind].make(chosen.length)
            style = secrets.choice(DIFFICULTIES[chosen.difficulty])
            data = draw_in_style(style, challenge.prompt, random.Random(secrets.randbits(128)), size=SIZE)
            pictures.append(data)
            answers.append({"number": number, "prompt": challenge.prompt, "style": style})
        path = chosen.out / f"{chosen.kind}-{numbers[0]:03d}.png"
        contact_sheet(pictures, first=numbers[0]).save(path)
        print(path, file=sys.stderr)
    path = chosen.out / f"{chosen.kind}-{chosen.first:03d}.answers.json"
    path.write_text(json.dumps(answers, ensure_ascii=False, indent=1))
    print(f"{path}: not to be opened before the readings are written down", file=sys.stderr)


def score(sheets: Path, readings: Path) -> None:
    """Compare readings with answers, whole texts only."""
    answers = {entry["number"]: entry for entry in json.loads(sheets.with_suffix(".answers.json").read_text())}
    read = dict(line.split(maxsplit=1) for line in readings.read_text().splitlines() if line.strip())
    right: Counter[str] = Counter()
    drawn: Counter[str] = Counter()
    for number, entry in sorted(answers.items()):
        text = "".join(read.get(str(number), "").split()).upper().replace("-", "−")
        drawn[entry["style"]] += 1
        if text == entry["prompt"]:
            right[entry["style"]] += 1
        else:
            print(f"{number:4} {entry['style']:14} {entry['prompt']} read as {text or 'nothing'}")
    for style in sorted(drawn):
        print(f"{style:14} {right[style]:3} of {drawn[style]:3}")
    low, high = wilson(right.total(), drawn.total())
    rate = right.total() / drawn.total()
    print(f"{'together':14} {right.total():3} of {drawn.total():3} = {rate:.0%} (95 %: {low:.0%} to {high:.0%})")


if __name__ == "__main__":
    main()
