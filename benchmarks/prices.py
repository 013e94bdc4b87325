"""What a pass costs a program, with this package and with others: the table and the chart of docs/explanation/price.md.

The picture's figures come from the record of ``make bench-resistance``, whatever it holds. What stands here was
measured once, as the page says, or is arithmetic over what the others publish.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from flask_captcha_api.cli.prices import SOUND_SECONDS, cents_on_cpu, native_seconds

from .charts import Bar, bar_chart
from .resistance import cells

#: CPU seconds that a way of reading takes for a picture, of those whose cells do not say.
_SECONDS_PER_PICTURE: Mapping[str, float] = MappingProxyType(
    {**dict.fromkeys(("ddddocr", "ddddocr beta", "ddddocr cleaned"), 0.021), "trained": 0.0018}
)
#: Ways whose name in the tables of pictures needs the rows around it.
_NAMES: Mapping[str, str] = MappingProxyType(
    {"ddddocr cleaned": "ddddocr after the best clean-up", "rapidocr doubled": "RapidOCR, the picture twice as large"}
)
#: Of lepture/captcha, as long as the record has nothing of it: 500 pictures with digits, after the best clean-up.
_LEPTURE: cells.Cell = MappingProxyType(
    {"way": "ddddocr cleaned", "kind": "digits", "drawing": "lepture/captcha", "pictures": 500, "right": 166}
)
#: Blocks that a processor's core hashes by SHA-256 in a second.
_HASHES = 26e6
#: What people are paid to solve 1,000 captchas, in cents.
_PAID_CENTS = (50, 100)


@dataclass(frozen=True)
class Price:
    """A row.

    :ivar seconds: CPU seconds a pass; None where a person solves it.
    :ivar cents: for 1,000 passes; the lowest.
    """

    name: str
    how: str
    seconds: float | None
    cents: float
    is_ours: bool = False


def picture_seconds(record: Iterable[cells.Cell]) -> dict[tuple[str, str], tuple[float, str]]:
    """Return the CPU seconds of a pass by the cheapest way that was measured and that way, by kind and drawing."""
    found: dict[tuple[str, str], tuple[float, str]] = {}
    for cell in record:
        each = cell.get("cpu_seconds", _SECONDS_PER_PICTURE.get(cell["way"]))
        if each is None or not cell["right"]:
            continue
        place, price = (cell["kind"], cell["drawing"]), cells.seconds_per_pass(each, cell["pictures"], cell["right"])
        found[place] = min(found.get(place, (price, cell["way"])), (price, cell["way"]))
    return found


def prices() -> Iterator[Price]:
    """Make the rows: this package's forms, and then the others."""
    record = picture_seconds([_LEPTURE, *cells.load()])
    for kind in cells.KINDS:
        for difficulty in ("calm", "normal", "hard"):
            if (kind, difficulty) in record:
                seconds, way = record[kind, difficulty]
                yield _of_cpu(f"picture, {cells.KINDS[kind]}, {difficulty}", _name(way), seconds, is_ours=True)
    yield _of_cpu("sound", "a small network, trained once", SOUND_SECONDS, is_ours=True)
    for squarings in (50_000, 200_000, 1_000_000):
        how = f"{squarings:,} squarings by GMP"
        yield _of_cpu(f"work, {squarings:,}", how, native_seconds(squarings), is_ours=True)
    seconds, way = record["digits", "lepture/captcha"]
    yield _of_cpu("lepture/captcha, digits", _name(way), seconds)
    yield _of_cpu("ALTCHA v1, 100,000", "SHA-256, 50,000 times in the mean", 50_000 / _HASHES)
    yield _of_cpu("Cap, default", "SHA-256, 50 puzzles of 65,536 in the mean", 50 * 16**4 / _HASHES)
    yield _of_cpu("mCaptcha, 5,000,000", "SHA-256, 5 million times in the mean", 5e6 / _HASHES)
    yield _of_cpu("Cap, time-lock", "75,000 squarings of 2,048 bits by GMP", 75_000 * 1e-6)
    how = "PBKDF2 of 5,000 rounds, 7,500 times in the mean; two hashes a round"
    yield _of_cpu("ALTCHA v2, recommended", how, 7_500 * 5_000 * 2 / _HASHES)
    yield Price("people who are paid", "at 0.50 to 1 dollar for 1,000", None, _PAID_CENTS[0])


def chart() -> str:
    """Draw what 1,000 passes cost."""
    bars = [
        Bar(
            each.name,
            each.cents,
            f"{_told(each)} ¢" + (f", {_short(each.seconds)} s" if each.seconds else ""),
            each.is_ours,
        )
        for each in prices()
    ]
    return bar_chart(
        "Cents for 1,000 passes, and CPU seconds for one; each decade is as long as the next", bars, logarithmic=True
    )


def rows() -> list[list[str]]:
    """Return the rows of the table: name, how, CPU seconds a pass, cents for 1,000 passes."""
    return [
        [
            f"**{each.name}**" if each.is_ours else each.name,
            each.how,
            "–" if each.seconds is None else _short(each.seconds),
            _told(each),
        ]
        for each in prices()
    ]


def _of_cpu(name: str, how: str, seconds: float, *, is_ours: bool = False) -> Price:
    return Price(name, how, seconds, cents_on_cpu(seconds), is_ours)


def _name(way: str) -> str:
    return _NAMES.get(way, cells.WAYS[way])


def _told(price: Price) -> str:
    low, high = _PAID_CENTS
    return f"{low} to {high}" if price.seconds is None else _short(price.cents)


def _short(number: float) -> str:
    """Return a number with two digits that count."""
    return f"{float(f'{number:.2g}'):.10f}".rstrip("0").rstrip(".")
