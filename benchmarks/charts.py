"""Charts as SVG, of what the benchmarks have measured: no library draws them, and light and dark pages fit them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

_ROW = 30
_BAR = 16
_LABELS = 220
_BARS = 400
_VALUES = 110
_HEAD = 34

_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2933}.title{font-weight:600;font-size:14px}"
    ".bar{fill:#9aa5b1}.ours{fill:#00796b}.ours-label{font-weight:600}line{stroke:#9aa5b1;stroke-width:1}"
    ".small{font-size:11px}.tried{fill:none;stroke:#9aa5b1}.grid{stroke-opacity:.35}"
    "@media (prefers-color-scheme:dark){text{fill:#e4e7eb}.bar{fill:#7b8794}.ours{fill:#4db6ac}}"
)


@dataclass(frozen=True)
class Bar:
    """One measured figure."""

    label: str
    value: float
    #: As it is written beside the bar, with its unit.
    told: str
    is_ours: bool = False


def bar_chart(title: str, bars: Sequence[Bar], *, logarithmic: bool = False) -> str:
    """Draw horizontal bars, one below the other.

    :param logarithmic: for figures of different orders of magnitude; each decade is as long as the next then, and the
        title has to say so. Bars begin at a power of ten below the smallest.
    """
    lengths = _lengths([bar.value for bar in bars], logarithmic=logarithmic)
    width, height = _LABELS + _BARS + _VALUES, _HEAD + _ROW * len(bars) + 6
    description = "; ".join(f"{bar.label}: {bar.told}" for bar in bars)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(f"{title}. {description}")}">',
        f"<style>{_STYLE}</style>",
        f'<text class="title" x="0" y="18">{escape(title)}</text>',
        f'<line x1="{_LABELS}" y1="{_HEAD - 4}" x2="{_LABELS}" y2="{height - 4}"/>',
    ]
    for row, (bar, length) in enumerate(zip(bars, lengths, strict=True)):
        top = _HEAD + row * _ROW
        baseline = top + _BAR - 3
        label_class = ' class="ours-label"' if bar.is_ours else ""
        parts += [
            f'<text{label_class} x="{_LABELS - 10}" y="{baseline}" text-anchor="end">{escape(bar.label)}</text>',
            f'<rect class="{"ours" if bar.is_ours else "bar"}" x="{_LABELS}" y="{top}" '
            f'width="{length:.1f}" height="{_BAR}" rx="2"/>',
            f'<text x="{_LABELS + length + 8:.1f}" y="{baseline}">{escape(bar.told)}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


def _lengths(values: Sequence[float], *, logarithmic: bool) -> list[float]:
    if not logarithmic:
        return [value / max(values) * _BARS for value in values]
    lowest = math.floor(math.log10(min(values)) - 0.05)
    span = math.log10(max(values)) - lowest
    return [(math.log10(value) - lowest) / span * _BARS for value in values]


@dataclass(frozen=True)
class Point:
    """Two measured shares, from 0 to 1. A point without a label is shown small, and named where the pointer rests."""

    name: str
    x: float
    y: float
    is_ours: bool = False
    is_labelled: bool = True


@dataclass(frozen=True)
class Panel:
    """A square of points and what its x axis says."""

    x_label: str
    points: Sequence[Point]


_SIDE = 300
_PANEL = _SIDE + 100
_LABEL_LINE = 13


def scatter(title: str, y_label: str, panels: Sequence[Panel], *, lowest: float = 0.0) -> str:
    """Draw panels side by side whose y axes are the same.

    :param lowest: where the y axis begins; points below are drawn at its foot.
    """
    width, height = _PANEL * len(panels) + 10, _SIDE + 96
    names = "; ".join(
        f"{panel.x_label}: " + ", ".join(f"{each.name} {each.x:.0%} and {each.y:.0%}" for each in panel.points)
        for panel in panels
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(f"{title}. {y_label}. {names}")}">',
        f"<style>{_STYLE}</style>",
        f'<text class="title" x="0" y="18">{escape(title)}</text>',
        f'<text class="small" x="0" y="38">{escape(y_label)}</text>',
    ]
    for number, panel in enumerate(panels):
        parts += _panel(panel, left=number * _PANEL + 44, top=52, lowest=lowest)
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, *, left: float, top: float, lowest: float) -> Iterator[str]:
    bottom = top + _SIDE
    for step in range(5):
        x, y = left + step * _SIDE / 4, bottom - step * _SIDE / 4
        yield f'<line class="grid" x1="{x}" y1="{top}" x2="{x}" y2="{bottom}"/>'
        yield f'<line class="grid" x1="{left}" y1="{y}" x2="{left + _SIDE}" y2="{y}"/>'
        yield f'<text class="small" x="{x}" y="{bottom + 16}" text-anchor="middle">{step / 4:.0%}</text>'
        share = lowest + step / 4 * (1 - lowest)
        yield f'<text class="small" x="{left - 6}" y="{y + 4}" text-anchor="end">{share:.0%}</text>'
    middle = f'x="{left + _SIDE / 2}" y="{bottom + 36}" text-anchor="middle"'
    yield f'<text class="small" {middle}>{escape(panel.x_label)}</text>'
    taken: list[tuple[float, float]] = []
    for point in sorted(panel.points, key=lambda each: each.is_labelled):
        x = left + point.x * _SIDE
        y = bottom - max(0.0, point.y - lowest) / (1 - lowest) * _SIDE
        shape = "tried" if not point.is_labelled else "ours" if point.is_ours else "bar"
        told = f"{point.name}: {point.x:.0%}, {point.y:.0%}"
        radius = 6 if point.is_labelled else 4
        yield f'<circle class="{shape}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"><title>{escape(told)}</title></circle>'
        if not point.is_labelled:
            continue
        on_left = point.x > 0.7  # there is no room for a label on the right
        baseline = y + 4
        while any(side == on_left and abs(baseline - other) < _LABEL_LINE for side, other in taken):
            baseline += 2
        taken.append((on_left, baseline))
        anchor = f'x="{x - 10:.1f}" text-anchor="end"' if on_left else f'x="{x + 10:.1f}"'
        label_class = "small ours-label" if point.is_ours else "small"
        yield f'<text class="{label_class}" {anchor} y="{baseline:.1f}">{escape(point.name)}</text>'
