"""Minifies the widget's script, which the app serves. Run by ``make widget`` after every change of the script.

Only a parser can shorten names safely, so this needs Node: npx gets esbuild. The result is in the repository, and a
test checks that it was made from the current script.
"""

import hashlib
import subprocess

from flask_captcha_api.widget.assets import MINIFIED, SCRIPT

from .docs_tables import ROOT

STATIC = ROOT / "flask_captcha_api" / "widget" / "static"
_ESBUILD = (
    *("npx", "--yes", "esbuild@0.28.2"),
    *("--minify", "--format=esm", "--charset=utf8", "--target=chrome111,firefox119,safari16.4"),
)


def first_line_of(source: bytes) -> str:
    """Return the first line of the minified file, which says what it was made from. It is not served."""
    return f"// Made by `make widget` from {SCRIPT}, SHA-256 {hashlib.sha256(source).hexdigest()}\n"


def main() -> None:
    """Write the minified script."""
    source = (STATIC / SCRIPT).read_bytes()
    minified = subprocess.run(_ESBUILD, input=source, stdout=subprocess.PIPE, check=True).stdout.decode()
    (STATIC / MINIFIED).write_text(first_line_of(source) + minified, encoding="utf-8")
    print(f"{(STATIC / MINIFIED).relative_to(ROOT)}: {len(minified.encode())} bytes")


if __name__ == "__main__":
    main()
