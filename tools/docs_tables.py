"""Tables for the documentation, made from the code and from what was measured, so that no page can drift from them.

A hook of MkDocs: a line ``<!-- table: NAME -->`` in a page becomes the table of that name. It complains of a name that
it does not know, and so the build fails.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError

from flask_captcha_api.config import CaptchaConfig, SourceConfig, keys_of
from flask_captcha_api.results import MESSAGES, Result

ROOT = Path(__file__).parent.parent
_MARKER = re.compile(r"^<!-- table: (\S+)(?: (.+))? -->$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Put the tables into a page, as MkDocs asks for it."""
    return with_tables(markdown)


def with_tables(markdown: str) -> str:
    """Replace each marker by its table."""

    def made(marker: re.Match[str]) -> str:
        name, about = marker.groups()
        if name not in TABLES:
            raise PluginError(f"there is no table {name!r}: it must be one of {', '.join(TABLES)}")
        return TABLES[name](about)

    return _MARKER.sub(made, markdown)


def settings_of_sources(_: str) -> str:
    """Make the table of what each source may set for itself."""
    rows = [
        (f"`{key}`", f"`{each.name}`", _value(each.default), _range(each.metadata["rule"].wording), _meaning(each))
        for key, each in keys_of(SourceConfig).items()
    ]
    return _table(("key", "in a source", "default", "must be", "meaning"), rows)


def settings_of_app(_: str) -> str:
    """Make the table of what holds for the whole app."""
    rows = [
        (f"`{key}`", _value(each.default), _range(each.metadata["rule"].wording), _meaning(each))
        for key, each in keys_of(CaptchaConfig).items()
    ]
    return _table(("key", "default", "must be", "meaning"), rows)


def results(_: str) -> str:
    """Make the table of results."""
    return _table(
        ("code", "stringCode", "HTTP"),
        [(f"`{each.code}`", f"`{each.string_code}`", str(each.status)) for each in Result],
    )


def messages(_: str) -> str:
    """Make the table of the sentences for visitors."""
    return _table(
        ("code", *(f"`{language}`" for language in MESSAGES)),
        [(f"`{result.code}`", *(texts[result] for texts in MESSAGES.values())) for result in Result],
    )


def benchmark(name: str) -> str:
    """Make the table that a benchmark has left, with what it was measured on."""
    told = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())
    versions = ", ".join(f"{package} {number}" for package, number in told["versions"].items())
    origin = f"Measured on {told['date']} by `{told['command']}`: {told['machine']}; {versions}."
    return f"{_table(told['columns'], told['rows'])}\n\n{origin}"


def of_readme(heading: str) -> str:
    """Take the table below a heading of the README, without its links, which lead to files beside it."""
    section = re.split(r"\n#+ ", (ROOT / "README.md").read_text().split(f"# {heading}\n")[1])[0]
    rows = "\n".join(line for line in section.splitlines() if line.startswith("|"))
    return re.sub(r"\[([^]]+)]\([^)]+\)", r"\1", rows)


TABLES: dict[str, Callable[[str], str]] = {
    "settings-of-sources": settings_of_sources,
    "settings-of-app": settings_of_app,
    "results": results,
    "messages": messages,
    "benchmark": benchmark,
    "readme": of_readme,
}


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _value(value: object) -> str:
    if isinstance(value, timedelta):
        return f"`{value!r}`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value!r}`"


def _range(wording: str) -> str:
    return re.sub(r"'([^']+)'", r'`"\1"`', wording)


def _meaning(field: Any) -> str:
    return str(field.metadata["meaning"])
