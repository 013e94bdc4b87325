"""The tables in the widget's script, made from the catalogues. ``make tables`` writes them; a test holds them to it."""

import json
import re

from flask_captcha_api.translations import CATALOGUES, FALLBACK_LANGUAGE, LANGUAGES, TAGS, Catalogue

from .docs_tables import ROOT

SCRIPT = ROOT / "flask_captcha_api" / "widget" / "static" / "captcha-field.js"
_PLACE = re.compile(r"(?<=^// <tables>\n).*?(?=^// </tables>$)", re.MULTILINE | re.DOTALL)


def write_tables() -> None:
    """Write the tables into the script, and say so if they have changed."""
    current = SCRIPT.read_text(encoding="utf-8")
    made = with_tables(current)
    if made != current:
        SCRIPT.write_text(made, encoding="utf-8")
        print(f"{SCRIPT.relative_to(ROOT)}: the tables are new")


def with_tables(script: str) -> str:
    """Put the tables between ``// <tables>`` and ``// </tables>``.

    :raises ValueError: the script does not have exactly one such place.
    """
    made, places = _PLACE.subn(lambda _: _tables(), script)
    if places != 1:
        raise ValueError(f"the script has {places} places for tables: it must have 1, from // <tables> to // </tables>")
    return made


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
    """Return what the script says in one language, sentences for a kind under ``KIND.PART``."""
    sentences = {**catalogue.kinds, "{}": catalogue.asks}
    return {
        **{f"{kind}.{part}": text for kind, parts in sentences.items() for part, text in parts.items()},
        **catalogue.widget,
    }


def _name(key: str) -> str:
    return key if key.isidentifier() else _json(key)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    write_tables()
