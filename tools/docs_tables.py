"""Tables for README and documentation, made from the code and from what was measured, so that no page can drift.

Run it by ``make tables``. What stands in a page between ``<!-- table: NAME -->`` and ``<!-- end of table -->`` becomes
the table of that name, in the page itself: so the pages can be read in the repository as well. A test holds them to it.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask_captcha_api.http.results import Result, message_of
from flask_captcha_api.settings.config import CaptchaConfig, SourceConfig, keys_of
from flask_captcha_api.translations import CATALOGUES

ROOT = Path(__file__).parent.parent
_BEGIN, _END = "<!-- table: ", "<!-- end of table -->"
_PLACE = re.compile(rf"^({_BEGIN}(\S+)(?: (.+))? -->\n)(?:(?!<!-- ).*\n)*{_END}$", re.MULTILINE)


def write_tables() -> None:
    """Write the tables into the README and every page of the documentation, and name the pages that have changed."""
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        standing = page.read_text()
        made = with_tables(standing)
        if made != standing:
            page.write_text(made)
            print(f"{page.relative_to(ROOT)}: the tables are new")


def with_tables(markdown: str) -> str:
    """Put the tables into their places."""

    def made(place: re.Match[str]) -> str:
        opening, name, about = place.groups()
        if name not in TABLES:
            raise ValueError(f"there is no table {name!r}: it must be one of {', '.join(TABLES)}")
        return f"{opening}\n{TABLES[name](about)}\n\n{_END}"

    written, places = _PLACE.subn(made, markdown)
    if places != len(re.findall(f"^{_BEGIN}", markdown, re.MULTILINE)):
        raise ValueError(f"a table has no end: {_END}")
    return written


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
    """Make the table of the sentences for visitors."""
    return _table(
        ("code", *(f"`{language}`" for language in CATALOGUES)),
        [(f"`{result.code}`", *(message_of(result, language) for language in CATALOGUES)) for result in Result],
    )


def languages(_: str) -> str:
    """Make the table of languages."""
    rows = [
        (f"`{language}`", each.name, ", ".join(f"`{tag}`" for tag in each.tags), f"`{each.voice}`")
        for language, each in CATALOGUES.items()
    ]
    return _table(("language", "name", "serves", "voice"), rows)


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
    "languages": languages,
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


if __name__ == "__main__":
    write_tables()
