"""What a pass is said to cost: the rows of the page, from the record and from what others publish."""

from typing import Any

import pytest

from benchmarks import prices
from benchmarks.resistance import cells
from flask_captcha_api.cli.prices import PICTURE_SECONDS, SOUND_SECONDS, cents_on_cpu, cents_on_gpu, short
from tools.prices_table import PRICES, with_prices

from ..support.paths import DOCS


def cell(way: str, right: int, **more: Any) -> cells.Cell:
    return {"way": way, "kind": "digits", "drawing": "hard", "pictures": 100, "right": right, **more}


def test_the_cheapest_way_counts() -> None:
    """Pictures that are read wrong are paid for too; what reads none, or has no known time, is no way."""
    record = [
        cell("outlines", 50, cpu_seconds=3.0, surest=10, surest_right=10),
        cell("ddddocr", 1),
        cell("ddddocr beta", 0),
        cell("rapidocr", 90),
    ]
    assert prices.picture_seconds(record) == {("digits", "hard"): (0.021 * 100, "ddddocr")}
    assert prices.picture_seconds(record[2:]) == {}
    assert prices.picture_seconds(record[:1]) == {("digits", "hard"): (6.0, "outlines")}


def test_cents() -> None:
    """A thousand passes of 0.9 CPU seconds are a quarter of an hour, at 4 cents an hour; a card costs less."""
    assert cents_on_cpu(0.9) == pytest.approx(1)
    assert cents_on_gpu(200_000) == pytest.approx(0.00038, rel=0.01)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (12_345.6, "12,346"),
        (9.99, "10"),
        (9.94, "9.9"),
        (1, "1.0"),
        (0.9999999, "1.0"),
        (0.96, "1"),
        (0.00038, "0.0004"),
    ],
)
def test_numbers_for_people(number: float, text: str) -> None:
    """Two digits count from 1 on, and one below."""
    assert short(number) == text


def test_the_comparison_with_others_says_what_was_measured() -> None:
    """From the cheapest to the dearest picture with digits."""
    digits = [seconds for (kind, _), seconds in PICTURE_SECONDS.items() if kind == "digits"]
    page = (DOCS / "explanation" / "side-by-side.md").read_text()
    assert f"{min(digits):.1g} to {max(digits):.2g} CPU seconds a picture with digits" in page


def test_the_check_uses_what_the_page_says() -> None:
    """Each measured picture and the sound cost the same there."""
    rows = {each.name: each.seconds for each in prices.prices()}
    assert rows["sound"] == SOUND_SECONDS
    for (kind, difficulty), seconds in PICTURE_SECONDS.items():
        assert rows[f"picture, {cells.KINDS[kind]}, {difficulty}"] == pytest.approx(seconds, rel=0.05)
    assert ("digits", "calm") in PICTURE_SECONDS


def test_the_chart_and_the_table_have_every_row() -> None:
    """With people who are paid as the dearest."""
    chart = prices.chart()
    assert all(each.name in chart for each in prices.prices())
    *others, people = prices.rows()
    assert people[0] == "people who are paid"
    assert people[2:] == ["–", "50 to 100"]
    assert max(float(row[3]) for row in others) < 50


def test_the_table_in_the_command_is_current() -> None:
    """``make tables`` writes it."""
    code = PRICES.read_text(encoding="utf-8")
    assert code == with_prices(code)
    with pytest.raises(ValueError, match="the module has 0 places for tables: it must have 1"):
        with_prices("# <tables>\n")
