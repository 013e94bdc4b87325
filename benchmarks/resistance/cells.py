"""What has been measured of machines that read pictures: one record, and the tables that the documentation shows of it.

A cell is one way of reading, one kind of challenge and one drawing. Each is measured and kept by itself, so that a
table can be filled in several sessions; a cell that has not been measured says so.
"""

import json
import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ..environment import machine
from ..intervals import wilson
from ..peers.environments import PEERS_APART

RECORD = Path(__file__).parent.parent / "results" / "resistance.json"
COMMAND = "make bench-resistance"

#: The ways of reading, in the order of the tables, and what they are called there.
WAYS: Mapping[str, str] = {
    "boxes": "a network that finds each glyph, trained on 12,000 pictures drawn with the source",
    "outlines": "outlines of the package's own glyphs, with the source",
    "background": "the background fitted and taken away, with the source",
    "background known": "ready-made OCR, the best of them, if the background is known exactly and taken away",
    "recurring": "shapes that recur in 300 labelled pictures of the same process",
    "ddddocr": "ddddocr",
    "ddddocr beta": "ddddocr beta",
    "ddddocr cleaned": "the better of both after the clean-up that helps most",
    "rapidocr": "RapidOCR, which finds lines first",
    "rapidocr doubled": "the same, the picture twice as large",
    "trained": "a small network trained on 8,000 pictures, 8 passes",
}
#: The kinds of challenges, and what they are called in the tables. Sums have columns only if they have been measured.
KINDS: Mapping[str, str] = {"digits": "digits", "letters": "letters", "arithmetic": "sums"}
LEPTURE = "lepture/captcha"
PEERS = (LEPTURE, *PEERS_APART)

Cell = Mapping[str, Any]


def cell(way: str, kind: str, drawing: str, figures: Mapping[str, Any]) -> Cell:
    """Return what was measured today on this machine."""
    today = datetime.now(timezone.utc).date().isoformat()
    return {"way": way, "kind": kind, "drawing": drawing, "date": today, "machine": machine(), **figures}


def keep(cells: Iterable[Cell], path: Path = RECORD) -> None:
    """Write cells into the record, each in the place of an older one of the same way, kind and drawing."""
    kept = {_key(cell): cell for cell in (*load(path), *cells)}
    path.write_text(json.dumps({"cells": list(kept.values())}, indent=2, ensure_ascii=False) + "\n")


def load(path: Path = RECORD) -> list[Cell]:
    """Return the cells of the record."""
    return list(json.loads(path.read_text())["cells"]) if path.exists() else []


def seconds_per_pass(seconds: float, pictures: int, right: int) -> float:
    """Return what a right answer costs somebody who looks at every picture; infinite if there is none.

    :param seconds: for a picture.
    :param right: how many of the answers that are sent are right.
    """
    return seconds * pictures / right if right else math.inf


def short(seconds: float) -> str:
    """Return seconds for people: to a tenth, or with two digits that count if they are fewer than one."""
    return f"{seconds:.1f}" if seconds >= 1 else f"{float(f'{seconds:.2g}'):.10f}".rstrip("0").rstrip(".")


def table(drawing: str, cells: Iterable[Cell]) -> tuple[list[str], list[list[str]], str]:
    """Return the columns and the rows of a drawing's table, and a sentence that says how it was measured.

    :param drawing: a difficulty, or ``lepture/captcha``.
    """
    of_drawing = {_key(cell): cell for cell in cells if cell["drawing"] == drawing}
    kinds = [kind for kind in KINDS if kind != "arithmetic" or any(kind in key for key in of_drawing)]
    columns = [
        "",
        *(f"{KINDS[kind]}, read" for kind in kinds),
        *(f"{KINDS[kind]}, surest tenth" for kind in kinds),
        "CPU s a picture",
        "CPU s a pass",
    ]
    rows = []
    for way, name in WAYS.items():
        there = [of_drawing.get((way, kind, drawing)) for kind in kinds]
        if any(there):
            digits = next(cell for cell in there if cell)
            rows.append([name, *map(_read, there), *map(_surest, there), _seconds(digits), _seconds_per_pass(digits)])
    return columns, rows, _origin(of_drawing.values())


def _read(cell: Cell | None) -> str:
    if cell is None:
        return "not measured"
    low, high = wilson(cell["right"], cell["pictures"])
    return f"{cell['right'] / cell['pictures']:.1%} ({low:.1%} to {high:.1%}), n = {cell['pictures']}"


def _surest(cell: Cell | None) -> str:
    return f"{cell['surest_right']} of {cell['surest']}" if cell and "surest" in cell else "–"


def _seconds(cell: Cell) -> str:
    if "cpu_seconds" not in cell:
        return "–"
    once = f", after {cell['training_cpu_seconds']} once" if "training_cpu_seconds" in cell else ""
    return short(cell["cpu_seconds"]) + once


def _seconds_per_pass(cell: Cell) -> str:
    """Say what a right answer costs if every picture is answered, and if only the surest tenth is."""
    if "cpu_seconds" not in cell:
        return "–"
    prices = [seconds_per_pass(cell["cpu_seconds"], cell["pictures"], cell[each]) for each in ("right", "surest_right")]
    every, surest = (short(price) if math.isfinite(price) else "no pass" for price in prices)
    return f"{every}; {surest} if only the surest tenth is answered"


def _origin(cells: Iterable[Cell]) -> str:
    measured = list(cells)
    if not measured:
        return f"Not measured yet: `{COMMAND}`."
    dates = sorted({cell["date"] for cell in measured})
    machines = "; ".join(sorted({cell["machine"] for cell in measured}))
    versions = sorted({f"{name} {number}" for cell in measured for name, number in cell["versions"].items()})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return f"Measured on {when} by `{COMMAND}`: {machines}; {', '.join(versions)}."


def _key(cell: Cell) -> tuple[str, str, str]:
    return cell["way"], cell["kind"], cell["drawing"]
