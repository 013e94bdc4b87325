"""Generates the tables in the widget's scripts from the catalogues, and the prices of pictures in the command.

Run by ``make tables``. A test checks that they are current.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.prices import picture_seconds
from benchmarks.resistance import cells
from flask_captcha_api.rendering.picture.styles import DIFFICULTIES
from flask_captcha_api.translations import CATALOGUES, FALLBACK_LANGUAGE, LANGUAGES, TAGS, Catalogue

from .docs_tables import ROOT

_FOLDER = ROOT / "flask_captcha_api" / "widget" / "static"
SCRIPT, WORK_SCRIPT = _FOLDER / "captcha-field.js", _FOLDER / "captcha-work.js"
PRICES = ROOT / "flask_captcha_api" / "cli" / "prices.py"
_PLACE = re.compile(r"((?<=^// <tables>\n)|(?<=^# <tables>\n)).*?(?=^(//|#) </tables>$)", re.MULTILINE | re.DOTALL)


def write_tables() -> None:
    """Update the tables in the scripts, and print which changed."""
    for path, tables in TABLES.items():
        current = path.read_text(encoding="utf-8")
        updated = with_tables(current, tables)
        if updated != current:
            path.write_text(updated, encoding="utf-8")
            print(f"{path.relative_to(ROOT)}: tables updated")


def with_tables(script: str, tables: Callable[[], str]) -> str:
    """Return a script with what is between ``// <tables>`` and ``// </tables>`` replaced.

    :raises ValueError: the script does not have exactly one such place.
    """
    updated, places = _PLACE.subn(lambda _: tables(), script)
    if places != 1:
        raise ValueError(f"the script has {places} places for tables: it must have 1, from <tables> to </tables>")
    return updated


def _tables_of_field() -> str:
    tags = ", ".join(f"{_name(tag)}: {_json(language)}" for tag, language in TAGS.items())
    return _table_of_texts(_texts, f"const TAGS = {{ __proto__: null, {tags} }};\n")


def _tables_of_work() -> str:
    return _table_of_texts(lambda catalogue: catalogue.work)


def _prices() -> str:
    rows = "".join(
        f'        ("{kind}", "{drawing}"): {seconds:.2g},\n'
        for (kind, drawing), (seconds, _) in sorted(picture_seconds(cells.load()).items())
        if drawing in DIFFICULTIES
    )
    return f"PICTURE_SECONDS: Mapping[tuple[str, str], float] = MappingProxyType(\n    {{\n{rows}    }}\n)\n"


def _table_of_texts(texts: Callable[[Catalogue], Mapping[str, str]], more: str = "") -> str:
    languages = sorted(LANGUAGES, key=lambda language: (language != FALLBACK_LANGUAGE, language))
    columns = [texts(CATALOGUES[language]) for language in languages]
    rows = (f"  {_name(key)}: {_json([column[key] for column in columns])},\n" for key in columns[0])
    return f"const LANGUAGES = {_json(languages)};\n{more}const TEXTS = {{\n{''.join(rows)}}};\n"


def _texts(catalogue: Catalogue) -> dict[str, str]:
    """Return the script's texts in one language, the sentences for a kind under ``KIND.PART``."""
    sentences = {**catalogue.kinds, "{}": catalogue.asks}
    return {
        **{f"{kind}.{part}": text for kind, parts in sentences.items() for part, text in parts.items()},
        **catalogue.widget,
    }


def _name(key: str) -> str:
    return key if key.isidentifier() else _json(key)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


TABLES: dict[Path, Callable[[], str]] = {SCRIPT: _tables_of_field, WORK_SCRIPT: _tables_of_work, PRICES: _prices}


if __name__ == "__main__":
    write_tables()
