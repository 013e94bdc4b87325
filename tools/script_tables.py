"""Generates the tables in the widget's script from the catalogues.

Run by ``make tables``. A test checks that they are current.
"""

import json
import re

from flask_captcha_api.translations import CATALOGUES, FALLBACK_LANGUAGE, LANGUAGES, TAGS, Catalogue

from .docs_tables import ROOT

SCRIPT = ROOT / "flask_captcha_api" / "widget" / "static" / "captcha-field.js"
_PLACE = re.compile(r"(?<=^// <tables>\n).*?(?=^// </tables>$)", re.MULTILINE | re.DOTALL)


def write_tables() -> None:
    """Update the tables in the script, and print whether they changed."""
    current = SCRIPT.read_text(encoding="utf-8")
    updated = with_tables(current)
    if updated != current:
        SCRIPT.write_text(updated, encoding="utf-8")
        print(f"{SCRIPT.relative_to(ROOT)}: tables updated")


def with_tables(script: str) -> str:
    """Return the script with the tables between ``// <tables>`` and ``// </tables>`` replaced.

    :raises ValueError: the script does not have exactly one such place.
    """
    updated, places = _PLACE.subn(lambda _: _tables(), script)
    if places != 1:
        raise ValueError(f"the script has {places} places for tables: it must have 1, from // <tables> to // </tables>")
    return updated


def _tables() -> str:
    languages = sorted(LANGUAGES, key=lambda language: (language != FALLBACK_LANGUAGE, language))
    columns = [_texts(CATALOGUES[language]) for language in languages]
    rows = (f"  {_name(key)}: {_json([column[key] for column in columns])},\n" for key in columns[0])
    tags = ", ".join(f"{_name(tag)}: {_json(language)}" for tag, language in TAGS.items())
    return (
        f"const LANGUAGES = {_json(languages)};\n"
        f"const TAGS = {{ __proto__: null, {tags} }};\n"
        f"const TEXTS = {{\n{''.join(rows)}}};\n"
    )


def _texts(catalogue: Catalogue) -> dict[str, str]:
    """Return the script's texts in one language: words for a kind under ``.KIND``, a sentence under ``{}.PART``."""
    return {
        **{f".{kind}": words for kind, words in catalogue.kinds.items()},
        **{f"{{}}.{part}": sentence for part, sentence in catalogue.sentences.items()},
        **catalogue.widget,
    }


def _name(key: str) -> str:
    return key if key.isidentifier() else _json(key)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    write_tables()
