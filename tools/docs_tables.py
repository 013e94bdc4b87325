"""Writes the tables of the documentation from the code and from the results of the benchmarks.

Run by ``make tables``. It replaces what is between ``<!-- table: NAME -->`` and ``<!-- end of table -->`` in each page,
so the pages are readable in the repository too. A test fails while a table is out of date.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks import prices
from benchmarks.intervals import wilson
from benchmarks.legibility import glance
from benchmarks.resistance import cells, frontier
from flask_captcha_api.challenges.folding import DIFFERENCES, RULES
from flask_captcha_api.challenges.kinds import KINDS
from flask_captcha_api.cli.prices import SECONDS_PER_SQUARING, cents_on_cpu, cents_on_gpu, native_seconds, short
from flask_captcha_api.http.headers import CAPTCHA_HEADERS
from flask_captcha_api.http.results import Result, message_of
from flask_captcha_api.rendering.picture.styles import DIFFICULTIES
from flask_captcha_api.settings.config import CaptchaConfig, SourceConfig, keys_of
from flask_captcha_api.storage.taking import TAKE_METHODS
from flask_captcha_api.throttling.difficulty import STEPS, WINDOW
from flask_captcha_api.translations import BUNDLED, DEFAULT_LANGUAGE, FALLBACK_LANGUAGE
from tools.pages import make_gallery, package_messages, python_reference
from tools.pages.markdown import table as _table

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
_GLANCE_KINDS = ("digits", "letters", "sums")
_GLANCE_NAMES = {
    "calm": "`calm`, which a visitor sees first",
    "normal": "`normal`",
    "hard": "`hard`",
    "before": "the drawing before this one, `normal`",
}
_BEGIN, _END = "<!-- table: ", "<!-- end of table -->"
_PLACE = re.compile(rf"^({_BEGIN}(\S+)(?: (.+))? -->\n)(?:(?!<!-- ).*\n)*{_END}$", re.MULTILINE)


def write_tables() -> None:
    """Write the tables into every page of the documentation, and the charts; print which files have changed."""
    for page in sorted((ROOT / "docs").rglob("*.md")):
        old = page.read_text()
        new = with_tables(old)
        if new != old:
            page.write_text(new)
            print(f"{page.relative_to(ROOT)}: tables updated")
    for name, draw in CHARTS.items():
        chart = PICTURES / name
        if not chart.exists() or chart.read_text() != draw():
            chart.write_text(draw())
            print(f"{chart.relative_to(ROOT)}: updated")


def with_tables(markdown: str) -> str:
    """Return the page with its tables up to date.

    :raises ValueError: an unknown table, or one without an end.
    """

    def made(place: re.Match[str]) -> str:
        opening, name, about = place.groups()
        if name not in TABLES:
            raise ValueError(f"unknown table {name!r}: it must be one of {', '.join(TABLES)}")
        return f"{opening}\n{TABLES[name](about)}\n\n{_END}"

    written, places = _PLACE.subn(made, markdown)
    if places != len(re.findall(f"^{_BEGIN}", markdown, re.MULTILINE)):
        raise ValueError(f"a table has no end: put {_END} below it")
    return written


def settings_of_sources(_: str) -> str:
    """Return the table of settings that a source can override."""
    rows = [
        (f"`{key}`", f"`{each.name}`", _value(each.default), _range(each.metadata["validator"].must_be), _meaning(each))
        for key, each in keys_of(SourceConfig).items()
    ]
    return _table(("key", "in a source", "default", "must be", "meaning"), rows)


def settings_of_app(_: str) -> str:
    """Return the table of settings of the whole app."""
    rows = [
        (f"`{key}`", _value(each.default), _range(each.metadata["validator"].must_be), _meaning(each))
        for key, each in keys_of(CaptchaConfig).items()
    ]
    return _table(("key", "default", "must be", "meaning"), rows)


def results(_: str) -> str:
    """Return the table of results, and below it the details of some."""
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
    details = [f"- **{each.code}**: {each.detail}" for each in Result if each.detail]
    table = _table(("code", "stringCode", "HTTP", "when", "captcha spent", "headers"), rows)
    return "\n".join((table, "", *details))


def advice(_: str) -> str:
    """Return the table of what to look at if a result should not have happened."""
    return _table(("code", "if it should not happen, look at"), [(f"`{each.code}`", each.advice) for each in Result])


def errors_of(operation: str) -> str:
    """Return the table of errors that an operation of the JSON routes can have: ``issue`` or ``verify``."""
    rows = [
        (f"`{each.code}`", f"`{each.string_code}`", str(each.status))
        for each in Result
        if operation in each.operations and each is not Result.SUCCESS
    ]
    return _table(("code", "stringCode", "HTTP"), rows)


def captcha_headers(_: str) -> str:
    """Return the table of headers that describe a captcha."""
    return _table(("header", ""), [(f"`{each.name}`", each.description) for each in CAPTCHA_HEADERS])


def differences(_: str) -> str:
    """Return the table of differences that do not matter in an answer."""
    rows = [(each.name, f"`{_visible(each.typed)}`", f"`{each.answer}`", each.where) for each in DIFFERENCES]
    return _table(("ignored", "such as", "for", "in"), rows)


def rules(_: str) -> str:
    """Return the table of the flags in an entry that say how an answer is folded."""
    return _table(("flag", "means"), [(f"`{each.flag}`", each.meaning) for each in RULES.values()])


def messages(_: str) -> str:
    """Return the table of messages to visitors, in the default language and in English."""
    languages = (DEFAULT_LANGUAGE, FALLBACK_LANGUAGE)
    catalogues = [BUNDLED.catalogues[language] for language in languages]
    return _table(
        ("code", *(f"`{language}`" for language in languages)),
        [(f"`{result.code}`", *(message_of(result, each) for each in catalogues)) for result in Result],
    )


def take_methods(_: str) -> str:
    """Return the table of methods by which a backend itself takes a value."""
    return _table(("method", "must"), [(f"`{name}(key)`", does) for name, does in TAKE_METHODS.items()])


def difficulty_steps(_: str) -> str:
    """Return the table of the difficulty that ``auto`` means, by the number of captchas issued to a client."""
    steps = sorted(STEPS)
    ends = [count for count, _ in steps[1:]]
    rows = [
        (f"{count + 1} to {end}" if end else f"from {count + 1} on", f"`{difficulty}`")
        for (count, difficulty), end in zip(steps, [*ends, None], strict=True)
    ]
    return _table((f"captcha in {WINDOW // 60} minutes", "difficulty"), rows)


def languages(_: str) -> str:
    """Return the table of languages."""
    rows = [
        (f"`{language}`", each.name, _codes(each.tags), f"`{each.voice}`")
        for language, each in BUNDLED.catalogues.items()
    ]
    return _table(("language", "name", "serves", "voice"), rows)


def untranslated(_: str) -> str:
    """Return the table of sentences that some languages lack, or a sentence if none is lacking."""
    own = {language: _keys_of(_catalogue_file(language)) for language in BUNDLED.catalogues}
    lacking = {key: [each for each in own if key not in own[each]] for key in own[FALLBACK_LANGUAGE]}
    rows = [(f"`{key}`", _codes(languages)) for key, languages in lacking.items() if languages]
    return _table(("sentence", "in English in"), rows) if rows else "Every language has every sentence."


def texts(_: str) -> str:
    """Return the table of all texts, in English."""
    english = BUNDLED.catalogues[FALLBACK_LANGUAGE]
    kinds = {f'"kinds", "{kind}"': parts for kind, parts in english.kinds.items()}
    sections = {f'"{name}"': getattr(english, name) for name in ("messages", "widget", "work", "page", "asks")}
    rows = [
        (f'`{section}, "{key}"`', text)
        for section, parts in {**sections, **kinds}.items()
        for key, text in parts.items()
    ]
    return _table(("keys", "text"), rows)


def benchmark(name: str) -> str:
    """Return a benchmark's table, with the machine and the versions that it was measured with."""
    record = json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())
    versions = ", ".join(f"{package} {number}" for package, number in record["versions"].items())
    origin = f"Measured on {record['date']} by `{record['command']}`: {record['machine']}; {versions}."
    return f"{_table(record['columns'], record['rows'])}\n\n{origin}"


def resistance(drawing: str) -> str:
    """Return the table of what machines read of a drawing: a difficulty, or lepture/captcha."""
    columns, rows, origin = cells.table(drawing, cells.load())
    return f"{_table(columns, rows)}\n\n{origin}" if rows else origin


def at_a_glance(_: str) -> str:
    """Return the table of what readers read of each drawing at a glance."""
    scores = glance.kept()
    drawings = [*DIFFICULTIES, "before", *cells.PEERS]  # the sheets also have drawings that were tried and rejected
    rows = [
        [_GLANCE_NAMES.get(drawing, drawing), *(_share(scores.get((kind, drawing))) for kind in KINDS)]
        for drawing in drawings
    ]
    return _table(("", *_GLANCE_KINDS), rows)


def python(name: str) -> str:
    """Return the entry of a public name in the reference of the Python API."""
    own_name, _, how = name.partition(" ")
    return python_reference.entry(own_name, only_docstring=how == "docstring")


def _share(score: glance.Score | None) -> str:
    if score is None:
        return ""
    low, high = wilson(*score)
    share = score.right / score.read
    told = f"{share:.1%}" if 0.995 <= share < 1 else f"{share:.0%}"  # 100% means every one
    return f"{score.right} of {score.read} = {told} ({low:.0%} to {high:.0%})"


def price_of_a_pass(_: str) -> str:
    """Return the table of what a pass costs a program."""
    return _table(("", "the cheapest way that was measured", "CPU s a pass", "cents for 1,000"), prices.rows())


def squarings(_: str) -> str:
    """Return the table of what a number of squarings means."""
    rows = [
        (
            f"{number:,}",
            *(f"{short(number * seconds)} s" for seconds in SECONDS_PER_SQUARING.values()),
            f"{short(cents_on_cpu(native_seconds(number)))} ¢",
            f"{short(cents_on_gpu(number))} ¢",
        )
        for number in (50_000, 100_000, 200_000, 500_000, 1_000_000)
    ]
    return _table(("squarings", *SECONDS_PER_SQUARING, "1,000 passes on a CPU", "on a GPU"), rows)


TABLES: dict[str, Callable[[str], str]] = {
    "settings-of-sources": settings_of_sources,
    "settings-of-app": settings_of_app,
    "results": results,
    "advice": advice,
    "errors-of": errors_of,
    "captcha-headers": captcha_headers,
    "differences": differences,
    "rules": rules,
    "messages": messages,
    "take-methods": take_methods,
    "difficulty-steps": difficulty_steps,
    "languages": languages,
    "untranslated": untranslated,
    "texts": texts,
    "benchmark": benchmark,
    "resistance": resistance,
    "glance": at_a_glance,
    "errors": package_messages.errors,
    "check-messages": package_messages.check_messages,
    "python": python,
    "gallery-pictures": make_gallery.pictures,
    "gallery-hues": make_gallery.hues,
    "gallery-sizes": make_gallery.sizes,
    "gallery-sounds": make_gallery.sounds,
    "price": price_of_a_pass,
    "squarings": squarings,
}

CHARTS: dict[str, Callable[[], str]] = {"frontier.svg": frontier.chart, "price.svg": prices.chart}


def _codes(words: Iterable[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _catalogue_file(language: str) -> Any:
    return json.loads((ROOT / "flask_captcha_api" / "translations" / f"{language}.json").read_text(encoding="utf-8"))


def _keys_of(texts: Any, path: str = "") -> list[str]:
    """Return the keys that lead to each value of nested objects, with dots between."""
    if not isinstance(texts, dict):
        return [path]
    return [key for name, each in texts.items() for key in _keys_of(each, f"{path}.{name}".lstrip("."))]


def _visible(text: str) -> str:
    """Return the text with its format characters as code points, such as ``<U+200B>``."""
    return "".join(f"<U+{ord(each):04X}>" if unicodedata.category(each) == "Cf" else each for each in text)


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
