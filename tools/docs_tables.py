"""Generates the tables in README and documentation from the code, the catalogues and the benchmark results.

Run by ``make tables``. The text between ``<!-- table: NAME -->`` and ``<!-- end of table -->`` is replaced by the table
of that name, in the page itself, so that pages can be read in the repository too. A test checks that they are current.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from flask_captcha_api.http.results import Result, message_of
from flask_captcha_api.settings.config import CaptchaConfig, SourceConfig, keys_of
from flask_captcha_api.translations import CATALOGUES

ROOT = Path(__file__).parent.parent
_BEGIN, _END = "<!-- table: ", "<!-- end of table -->"
_PLACE = re.compile(rf"^({_BEGIN}(\S+)(?: (.+))? -->\n)(?:(?!<!-- ).*\n)*{_END}$", re.MULTILINE)


def write_tables() -> None:
    """Update the tables in the README and every page of the documentation, and print the pages that changed."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        current = page.read_text()
        updated = with_tables(current)
        if updated != current:
            page.write_text(updated)
            print(f"{page.relative_to(ROOT)}: tables updated")


def with_tables(markdown: str) -> str:
    """Return the page with its tables replaced.

    :raises ValueError: there is no table of a name, or a table has no end.
    """

    def replacement(place: re.Match[str]) -> str:
        opening, name, argument = place.groups()
        if name not in TABLES:
            raise ValueError(f"there is no table {name!r}: it must be one of {', '.join(TABLES)}")
        return f"{opening}\n{TABLES[name](argument)}\n\n{_END}"

    updated, places = _PLACE.subn(replacement, markdown)
    if places != len(re.findall(f"^{_BEGIN}", markdown, re.MULTILINE)):
        raise ValueError(f"a table has no end: {_END}")
    return updated


def settings_of_sources(_: str) -> str:
    """Return the table of the settings of a source."""
    rows = [
        (f"`{key}`", f"`{each.name}`", _value(each.default), _range(each.metadata["validator"].must_be), _meaning(each))
        for key, each in keys_of(SourceConfig).items()
    ]
    return _table(("key", "in a source", "default", "must be", "meaning"), rows)


def settings_of_app(_: str) -> str:
    """Return the table of the settings of the app."""
    rows = [
        (f"`{key}`", _value(each.default), _range(each.metadata["validator"].must_be), _meaning(each))
        for key, each in keys_of(CaptchaConfig).items()
    ]
    return _table(("key", "default", "must be", "meaning"), rows)


def results(_: str) -> str:
    """Return the table of results."""
    rows = [
        (
            f"`{each.code}`",
            f"`{each.string_code}`",
            str(each.status),
            each.when,
            each.spent,
            ", ".join(f"`{header.name}`" for header in each.headers),
        )
        for each in Result
    ]
    return _table(("code", "stringCode", "HTTP", "when", "captcha spent", "headers"), rows)


def messages(_: str) -> str:
    """Return the table of messages for visitors."""
    return _table(
        ("code", *(f"`{language}`" for language in CATALOGUES)),
        [(f"`{result.code}`", *(message_of(result, language) for language in CATALOGUES)) for result in Result],
    )


def languages(_: str) -> str:
    """Return the table of languages."""
    rows = [
        (f"`{language}`", each.name, ", ".join(f"`{tag}`" for tag in each.tags), f"`{each.voice}`")
        for language, each in CATALOGUES.items()
    ]
    return _table(("language", "name", "serves", "voice"), rows)


def benchmark(name: str) -> str:
    """Return the table of a benchmark's results, with the date, the machine and the versions."""
    results = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())
    versions = ", ".join(f"{package} {number}" for package, number in results["versions"].items())
    origin = f"Measured on {results['date']} by `{results['command']}`: {results['machine']}; {versions}."
    return f"{_table(results['columns'], results['rows'])}\n\n{origin}"


def of_readme(heading: str) -> str:
    """Return the table below a heading of the README, without its links, which are relative to it."""
    section = re.split(r"\n#+ ", (ROOT / "README.md").read_text().split(f"# {heading}\n")[1])[0]
    rows = "\n".join(line for line in section.splitlines() if line.startswith("|"))
    return re.sub(r"\[([^]]+)]\([^)]+\)", r"\1", rows)


TABLES: dict[str, Callable[[str], str]] = {
    "settings-of-sources": settings_of_sources,
    "settings-of-app": settings_of_app,
    "results": results,
    "messages": messages,
    "languages": languages,
    "benchmark": benchmark,
    "readme": of_readme,
}


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _value(value: object) -> str:
    return f'`"{value}"`' if isinstance(value, str) else f"`{value!r}`"


def _range(wording: str) -> str:
    return re.sub(r"'([^']+)'", r'`"\1"`', wording)


def _meaning(field: Any) -> str:
    return str(field.metadata["meaning"])


if __name__ == "__main__":
    write_tables()
