"""Bar charts as SVG, of what the benchmarks have measured: no library draws them, and light and dark pages fit them."""

import math
from collections.abc import Sequence
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
