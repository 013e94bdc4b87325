"""Writes the prices of pictures that ``flask captcha check`` shows, from the measurements. Run by ``make tables``."""

import re

from benchmarks.prices import picture_seconds
from benchmarks.resistance import cells
from flask_captcha_api.rendering.picture.styles import DIFFICULTIES

from .docs_tables import ROOT

PRICES = ROOT / "flask_captcha_api" / "cli" / "prices.py"
_PLACE = re.compile(r"(?<=^# <tables>\n).*?(?=^# </tables>$)", re.MULTILINE | re.DOTALL)


def write_prices() -> None:
    """Update the table of prices, and print whether it has changed."""
    current = PRICES.read_text(encoding="utf-8")
    updated = with_prices(current)
    if updated != current:
        PRICES.write_text(updated, encoding="utf-8")
        print(f"{PRICES.relative_to(ROOT)}: table updated")


def with_prices(code: str) -> str:
    """Return the module with what is between ``# <tables>`` and ``# </tables>`` replaced.

    :raises ValueError: the module does not have exactly one such place.
    """
    updated, places = _PLACE.subn(lambda _: _prices(), code)
    if places != 1:
        raise ValueError(f"the module has {places} places for tables: it must have 1, from # <tables> to # </tables>")
    return updated


def _prices() -> str:
    rows = "".join(
        f'        ("{kind}", "{drawing}"): {seconds:.2g},\n'
        for (kind, drawing), (seconds, _) in sorted(picture_seconds(cells.load()).items())
        if drawing in DIFFICULTIES
    )
    return f"PICTURE_SECONDS: Mapping[tuple[str, str], float] = MappingProxyType(\n    {{\n{rows}    }}\n)\n"


if __name__ == "__main__":
    write_prices()
