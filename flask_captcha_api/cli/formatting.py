"""Formats a report for the terminal."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from shutil import get_terminal_size
from typing import Any

import click

from .prices import SECONDS_PER_SQUARING, cents_on_cpu, cents_on_gpu, native_seconds, short
from .report import Report, SourceReport

_WIDEST_TEXT = 100
_GAP = "  "


def format_report(report: Report) -> str:
    """Return a report as styled text, with its verdict in the last line."""
    sections = (_facts, _settings, _sources, _overrides, _doors, _work, _findings, _verdict)
    return "\n\n".join("\n".join(lines) for section in sections if (lines := list(section(report))))


def _facts(report: Report) -> Iterator[str]:
    width = max(map(len, report.facts))
    for topic, text in report.facts.items():
        yield from _hanging(f"{topic:{width}}{_GAP}", text, bold=True)


def _settings(report: Report) -> Iterator[str]:
    rows = [
        (key, value, "" if value == default or not default else f"default: {default}")
        for key, (value, default) in report.settings.items()
    ]
    return _table(("setting", "value", ""), rows)


def _sources(report: Report) -> Iterator[str]:
    heads = ("source", "kind", "length", "picture", "sound", "JWT", "blind guess")
    return _table(heads, map(_source_row, report.sources))


def _source_row(source: SourceReport) -> tuple[str, ...]:
    settings = source.settings
    return (
        source.name,
        settings.kind,
        str(settings.length),
        f"{settings.width} × {settings.height} {settings.format}, {settings.difficulty}",
        "yes" if source.has_sound else "no",
        settings.jwt,
        f"{source.guess}{'' if source.guess.is_exact else ' (estimated)'}" if source.guess else "unknown",
    )


def _overrides(report: Report) -> Iterator[str]:
    overrides = {source.name: source.overrides for source in report.sources if source.overrides}
    if overrides:
        width = max(map(len, ("source", *overrides)))
        yield click.style(f"{'source':{width}}{_GAP}overrides", bold=True)
        for name, text in overrides.items():
            yield from _hanging(f"{name:{width}}{_GAP}", text)


def _doors(report: Report) -> Iterator[str]:
    """Name each source's cheapest way in, and what each of its ways in costs a program."""
    rows = []
    for source in report.sources:
        prices = {way.form: way.seconds for way in source.ways_in if way.seconds is not None}
        told = [f"{each.form} {short(each.seconds) if each.seconds else 'not measured'}" for each in source.ways_in]
        rows.append((source.name, min(prices, key=lambda form: prices[form], default="unknown"), ", ".join(told)))
    return _table(("source", "cheapest way in", "CPU seconds that a pass takes a program"), rows)


def _work(report: Report) -> Iterator[str]:
    """Show how long each number of squarings takes on devices, and what 1,000 passes cost."""
    if report.seconds_per_squaring is None:
        return iter(())
    devices = {**SECONDS_PER_SQUARING, "here": report.seconds_per_squaring}
    rows = [
        (
            f"{number:,}",
            *(f"{short(number * seconds)} s" for seconds in devices.values()),
            f"{short(cents_on_cpu(native_seconds(number)))} ¢",
            f"{short(cents_on_gpu(number))} ¢",
        )
        for number in sorted(report.squarings)
    ]
    return _table(("squarings", *devices, "1,000 on CPU", "on GPU"), rows)


def _findings(report: Report) -> Iterator[str]:
    for text in report.errors:
        yield from _hanging(f"error{_GAP}", text, fg="red", bold=True)
    for text in report.notes:
        yield from _hanging(f"note {_GAP}", text, fg="yellow", bold=True)


def _verdict(report: Report) -> Iterator[str]:
    if not report.errors:
        yield click.style("No errors.", fg="green")
    else:
        count = len(report.errors)
        yield click.style("1 error." if count == 1 else f"{count} errors.", fg="red")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Align cells in columns below their heads."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = [
        _GAP.join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()
        for cells in (heads, *rows)
    ]
    yield click.style(lines[0], bold=True)
    yield from lines[1:]


def _hanging(label: str, text: str, **style: Any) -> Iterator[str]:
    """Wrap a text into lines that are indented by the width of its label."""
    width = min(get_terminal_size().columns, _WIDEST_TEXT) - len(label)
    first, *others = textwrap.wrap(text, max(width, 20), break_on_hyphens=False) or [""]
    yield click.style(label, **style) + first
    for line in others:
        yield " " * len(label) + line
