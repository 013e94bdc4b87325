"""What machines read of the pictures, one table for each difficulty: with the source at hand, and ready-made software.

``make bench-resistance`` measures everything, which takes hours; ``ARGS=--keep`` writes each figure into the
record of the documentation as soon as it is measured. For one cell, or a first look:
``python -m benchmarks.resistance.table --rows outlines --kinds digits --drawings normal --count 40``.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from flask_captcha_api.rendering.picture.styles import DIFFICULTIES
from tools.docs_tables import write_tables

from ..environment import versions_of
from ..intervals import wilson
from ..peers import drawings as peer_drawings
from ..peers.environments import PEERS_APART, DrawingApart
from . import attack, boxes, cells, ground, ocr, outlines, recurring

#: Measures a kind and a drawing with a number of pictures, and returns the figures of each way of reading.
Measure = Callable[[str, str, int, int], Mapping[str, Mapping[str, Any]]]


def main() -> None:
    """Measure the chosen cells, print each, and keep it if that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=list(ROWS))
    parser.add_argument("--kinds", nargs="+", default=list(cells.KINDS), choices=list(cells.KINDS))
    parser.add_argument(
        "--drawings", nargs="+", default=[*DIFFICULTIES, *cells.PEERS], choices=[*DIFFICULTIES, *cells.PEERS]
    )
    parser.add_argument("--count", type=int, help="pictures of each cell; 500 for ddddocr and 200 otherwise")
    parser.add_argument("--processes", type=int, default=2, help="of the attacks")
    parser.add_argument(
        "--keep", action="store_true", help="write what is measured into the record of the documentation"
    )
    chosen = parser.parse_args()
    for row in chosen.rows:
        measure, count, knows_source = ROWS[row]
        for drawing in chosen.drawings:
            if knows_source and drawing in cells.PEERS:
                continue  # the attacks are made for what this package draws
            for kind in chosen.kinds:
                figures = measure(kind, drawing, chosen.count or count, chosen.processes)
                for way, each in figures.items():
                    print(f"{cells.WAYS[way]}; {kind}, {drawing}: {_told(each)}", flush=True)
                if chosen.keep:
                    cells.keep(cells.cell(way, kind, drawing, each) for way, each in figures.items())
                    write_tables()


def by_attack(name: str, read: attack.Measure) -> Measure:
    """Return what measures an attack that says how sure it is."""

    def measure(kind: str, drawing: str, count: int, processes: int) -> Mapping[str, Mapping[str, Any]]:
        outcome = attack.outcome_of(read(kind, drawing, count, processes))
        return {name: {**outcome._asdict(), "versions": versions_of("pillow", "numpy", "scipy")}}

    return measure


def by_recurring(kind: str, drawing: str, count: int, processes: int) -> Mapping[str, Mapping[str, Any]]:
    """Measure the attack with labels, without its CPU seconds: what a pass costs is the labels."""
    (figures,) = by_attack("recurring", recurring.measure)(kind, drawing, count, processes).values()
    return {"recurring": {name: figure for name, figure in figures.items() if name != "cpu_seconds"}}


def by_boxes(kind: str, drawing: str, count: int, processes: int) -> Mapping[str, Mapping[str, Any]]:
    """Measure the network that finds glyphs, with what it took to train it."""
    reader = boxes.Reader(kind, drawing)
    measure = by_attack("boxes", partial(attack.run, "boxes", lambda *_: reader))
    (figures,) = measure(kind, drawing, count, processes).values()
    versions = {**figures["versions"], **versions_of("torch")}
    return {"boxes": {**figures, "training_cpu_seconds": round(reader.training_cpu_seconds), "versions": versions}}


def by_ddddocr(kind: str, drawing: str, count: int, _: int) -> Mapping[str, Mapping[str, Any]]:
    """Measure ddddocr's two models, and the best that either makes of any clean-up."""
    solvers = dict(ocr.character_solvers())
    with _drawing(drawing) as draw:
        read = ocr.measure(f"ddddocr, {kind}, {drawing}", kind, draw, solvers, count, list(ocr.CLEAN_UPS))
    right = {name: read[name, "raw"] for name in solvers} | {"ddddocr cleaned": max(read.values(), default=0)}
    versions = versions_of("pillow", "ddddocr", *_of_peer(drawing))
    return {name: {"pictures": count, "right": number, "versions": versions} for name, number in right.items()}


def by_rapidocr(kind: str, drawing: str, count: int, _: int) -> Mapping[str, Mapping[str, Any]]:
    """Measure RapidOCR on pictures as they are, and twice as large."""
    solvers = {"rapidocr": ocr.line_solver()}
    with _drawing(drawing) as draw:
        read = ocr.measure(f"RapidOCR, {kind}, {drawing}", kind, draw, solvers, count, ["raw", "× 2"])
    versions = versions_of("pillow", "rapidocr-onnxruntime", *_of_peer(drawing))
    return {
        way: {"pictures": count, "right": read["rapidocr", clean_up], "versions": versions}
        for way, clean_up in (("rapidocr", "raw"), ("rapidocr doubled", "× 2"))
    }


def by_known_background(kind: str, drawing: str, count: int, _: int) -> Mapping[str, Mapping[str, Any]]:
    """Measure the best of ddddocr's models, after any clean-up, and RapidOCR on glyphs without a background."""
    draw, name = ocr.without_background(drawing), f"without background, {kind}, {drawing}"
    read = ocr.measure(name, kind, draw, dict(ocr.character_solvers()), count, list(ocr.CLEAN_UPS))
    read |= ocr.measure(name, kind, draw, {"rapidocr": ocr.line_solver()}, count, ["raw", "× 2"])
    versions = versions_of("pillow", "ddddocr", "rapidocr-onnxruntime")
    return {"background known": {"pictures": count, "right": max(read.values(), default=0), "versions": versions}}


#: What measures each row or group of rows, of how many pictures, and whether it is made for this package's drawings.
ROWS: Mapping[str, tuple[Measure, int, bool]] = {
    "ddddocr": (by_ddddocr, 500, False),
    "rapidocr": (by_rapidocr, 200, False),
    "background": (by_attack("background", ground.measure), 200, True),
    "known-background": (by_known_background, 200, True),
    "boxes": (by_boxes, 200, True),
    "outlines": (by_attack("outlines", outlines.measure), 200, True),
    "recurring": (by_recurring, 200, True),
}


@contextmanager
def _drawing(name: str) -> Iterator[Callable[[str], bytes]]:
    if name in PEERS_APART:
        with DrawingApart(name) as peer:
            yield peer.draw
    else:
        yield peer_drawings.lepture() if name == cells.LEPTURE else ocr.ours(name)


def _of_peer(drawing: str) -> tuple[str, ...]:
    return ("captcha",) if drawing == cells.LEPTURE else ()


def _told(figures: Mapping[str, Any]) -> str:
    low, high = wilson(figures["right"], figures["pictures"])
    share = figures["right"] / figures["pictures"]
    told = f"{figures['right']} of {figures['pictures']} = {share:.1%} ({low:.1%} to {high:.1%})"
    if "surest" in figures:
        told += f"; {figures['surest_right']} of the surest {figures['surest']}"
    if "cpu_seconds" in figures:
        told += f"; {cells.short(figures['cpu_seconds'])} CPU s each"
    if "training_cpu_seconds" in figures:
        told += f"; {figures['training_cpu_seconds']} CPU s of training"
    return told


if __name__ == "__main__":
    main()
