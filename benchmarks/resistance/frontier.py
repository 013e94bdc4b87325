"""The chart of what readers and machines read of each drawing, made from what has been measured and kept."""

import json
from collections.abc import Iterator
from pathlib import Path

from flask_captcha_api.rendering.picture.styles import DIFFICULTIES

from ..charts import Panel, Point, scatter
from ..legibility import glance
from . import cells

#: Drawings that were tried on the way, whose figures are of few pictures and one reader.
TRIED = Path(__file__).parent.parent / "results" / "drawings.json"
#: Of which at least so many pictures have to have been read.
FEWEST = 4
#: Where the y axis begins.
LOWEST = 0.6


def chart() -> str:
    """Draw digits at a glance against ready-made OCR, and against the attack on outlines."""
    return scatter(
        "Up and left is better: easy for readers, hard for machines",
        "five digits read at a glance; the axis begins at 60%",
        [
            Panel("ddddocr, after the clean-up that helps most", list(points("ddddocr cleaned", "ddddocr"))),
            Panel("outlines, with this package's source", list(points("outlines", "outlines"))),
        ],
        lowest=LOWEST,
    )


def points(way: str, name_in_trials: str) -> Iterator[Point]:
    """Yield the drawings of which a way of reading has been measured, those that were tried first."""
    for each in json.loads(TRIED.read_text())["drawings"]:
        right, read = each["digits"] or (0, 0)
        if read >= FEWEST and each[name_in_trials] is not None:
            yield Point(each["drawing"], each[name_in_trials], right / read, is_labelled=False)
    read_at_a_glance = glance.kept()
    for cell in cells.load():
        score = read_at_a_glance.get((cell["kind"], cell["drawing"]))
        if (cell["way"], cell["kind"]) == (way, "digits") and score:
            share = cell["right"] / cell["pictures"]
            yield Point(cell["drawing"], share, score.right / score.read, is_ours=cell["drawing"] in DIFFICULTIES)
