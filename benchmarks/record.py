"""What a benchmark leaves behind for the documentation: its table as JSON, and its chart as SVG.

A benchmark writes them only where it is told to, with ``--keep``, so that a quick look does not replace figures that
were measured with care. The tables of the pages are made from the JSON, so no figure is copied by hand.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from tools.docs_tables import write_tables

from .charts import Bar, bar_chart
from .environment import machine

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PICTURES = ROOT / "docs" / "pictures"


def keep(
    name: str,
    *,
    command: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    versions: Mapping[str, str],
    chart_title: str,
    bars: Sequence[Bar],
    logarithmic: bool = False,
) -> None:
    """Write the table and the chart of a benchmark, and the table into the pages that show it."""
    table = {
        "command": command,
        "date": datetime.now(timezone.utc).date().isoformat(),
        "machine": machine(),
        "versions": dict(versions),
        "columns": list(columns),
        "rows": [list(row) for row in rows],
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(table, indent=2, ensure_ascii=False) + "\n")
    (PICTURES / f"bench-{name}.svg").write_text(bar_chart(chart_title, bars, logarithmic=logarithmic))
    write_tables()
