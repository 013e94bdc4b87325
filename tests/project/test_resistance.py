"""The measurements of what machines read: what is made of them, and that the attacks with the source attack."""

import random
from pathlib import Path
from typing import Any

import pytest

from benchmarks.resistance import attack, cells
from benchmarks.resistance.attack import Reading, outcome_of
from flask_captcha_api.challenges.makers import DIGITS
from flask_captcha_api.rendering.picture.drawing import draw


def cell(way: str, kind: str, right: int, **figures: Any) -> cells.Cell:
    return {
        "way": way,
        "kind": kind,
        "drawing": "normal",
        "date": "2026-01-02",
        "machine": "a machine",
        "versions": {"pillow": "12"},
        "pictures": 100,
        "right": right,
        **figures,
    }


def test_the_surest_tenth_is_counted_apart() -> None:
    readings = [Reading("12345", "12345" if number >= 50 else "", float(number), 2.0) for number in range(100)]
    outcome = outcome_of(readings)
    assert (outcome.pictures, outcome.right, outcome.surest, outcome.surest_right) == (100, 50, 10, 10)
    assert outcome.cpu_seconds_per_pass == pytest.approx(4)
    assert outcome.cpu_seconds_per_sure_pass == pytest.approx(20)


def test_an_attack_that_reads_nothing_has_no_price() -> None:
    outcome = outcome_of([Reading("12345", "", 0.0, 1.0)] * 20)
    assert outcome.cpu_seconds_per_pass == outcome.cpu_seconds_per_sure_pass == float("inf")
    assert "0 of 20 read = 0.0% (0.0% to 16.1%)" in attack.line(outcome)


def test_a_table_has_what_was_measured_and_says_what_was_not() -> None:
    measured = [
        cell("rapidocr", "digits", 4),
        cell("rapidocr", "letters", 0),
        cell("outlines", "digits", 50, surest=10, surest_right=8, cpu_seconds=2.0),
    ]
    columns, rows, origin = cells.table("normal", measured)
    assert [row[0] for row in rows] == [cells.WAYS["outlines"], cells.WAYS["rapidocr"]]
    assert all(len(row) == len(columns) for row in rows)
    assert rows[0][1:] == [
        "50.0% (40.4% to 59.6%), n = 100",
        "not measured",
        "8 of 10",
        "–",
        "2.0",
        "4.0; 25.0 if only the surest tenth is answered",
    ]
    assert rows[1][1:] == ["4.0% (1.6% to 9.8%), n = 100", "0.0% (0.0% to 3.7%), n = 100", "–", "–", "–", "–"]
    assert origin == "Measured on 2026-01-02 by `make bench-resistance`: a machine; pillow 12."


def test_sums_have_columns_if_they_have_been_measured() -> None:
    columns, rows, _ = cells.table("normal", [cell("rapidocr", "digits", 4), cell("rapidocr", "arithmetic", 1)])
    assert columns[1:7] == [
        f"{kind}, {of}" for of in ("read", "surest tenth") for kind in ("digits", "letters", "sums")
    ]
    assert rows[0][2:4] == ["not measured", "1.0% (0.2% to 5.4%), n = 100"]


def test_a_table_says_what_an_attack_costs_once_and_each_time() -> None:
    figures = {"surest": 10, "surest_right": 10, "cpu_seconds": 0.0081, "training_cpu_seconds": 150}
    _, rows, _ = cells.table("normal", [cell("boxes", "digits", 90, **figures)])
    assert rows[0][-2:] == ["0.0081, after 150 once", "0.009; 0.081 if only the surest tenth is answered"]


def test_a_table_of_nothing_says_so() -> None:
    assert cells.table("hard", [cell("rapidocr", "digits", 4)])[1:] == (
        [],
        "Not measured yet: `make bench-resistance`.",
    )


def test_a_cell_replaces_the_older_one(tmp_path: Path) -> None:
    record = tmp_path / "resistance.json"
    cells.keep([cell("rapidocr", "digits", 4), cell("rapidocr", "letters", 1)], record)
    cells.keep([cell("rapidocr", "digits", 7)], record)
    assert [(each["kind"], each["right"]) for each in cells.load(record)] == [("digits", 7), ("letters", 1)]


@pytest.mark.slow
def test_the_outline_attack_reads_the_easiest_pictures() -> None:
    """With a small bank, it reads most of the pictures that are the easiest to read."""
    pytest.importorskip("scipy", reason="the attacks need what `make bench-resistance` installs")
    from benchmarks.resistance.outlines import prepare

    read = prepare("digits", "calm", texts=400, outlines=1200)
    texts = ["02468", "64280", "35624", "50832"]
    right = [
        read(draw(text, random.Random(seed), size=attack.SIZE, difficulty="calm"))[0] == text
        for seed, text in enumerate(texts)
    ]
    assert sum(right) >= 2


@pytest.mark.slow
def test_the_attack_by_recurring_shapes_reads_other_pictures_of_the_same_process_only() -> None:
    """With labelled pictures of a process, it reads most others of it, but few of a process with other shapes."""
    pytest.importorskip("scipy", reason="the attacks need what `make bench-resistance` installs")
    from benchmarks.resistance.recurring import Process, Reader

    process, other = Process("digits", "calm"), Process("digits", "calm")
    read = Reader([process.draw()[1:] for _ in range(150)])
    right, right_of_other = (
        sum(read(encoded)[0] == text for text, encoded, _ in (each.draw() for _ in range(20)))
        for each in (process, other)
    )
    assert right >= 12
    assert right > right_of_other


@pytest.mark.slow
def test_the_attack_by_boxes_learns_to_read_the_easiest_pictures() -> None:
    """With a quarter of the pictures to learn from, it reads most of those that are the easiest to read."""
    pytest.importorskip("torch", reason="the attack needs what `make bench-resistance` installs")
    pytest.importorskip("scipy", reason="the attack needs what `make bench-resistance` installs")
    from benchmarks.resistance.boxes import PICTURES, Reader

    read = Reader("digits", "calm", pictures=PICTURES // 4)
    right = 0
    for seed in range(20):
        rng = random.Random(seed)
        text = "".join(rng.choices(DIGITS, k=attack.LENGTH))
        right += read(draw(text, rng, size=attack.SIZE, difficulty="calm"))[0] == text
    assert right > 10
