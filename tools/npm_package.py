"""Packs the widget for npm: build/npm/flask-captcha-api-VERSION.tgz. Run by ``make npm``; nothing is published.

The package has the scripts that the app serves, adapted to a bundle: the style sheet is part of the module, and the
captcha routes are those of the page's origin. Version and manifest come from pyproject.toml and
the documentation, and the same sources give the same bytes.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from flask_captcha_api.widget.assets import SCRIPT, STYLESHEET, WORK_SCRIPT, compact

from . import archives

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "npm"
OUTPUT = ROOT / "build" / "npm"
_STATIC = ROOT / "flask_captcha_api" / "widget" / "static"
_HOW_TO = ROOT / "docs" / "how-to" / "widget.md"

#: Lines of the script that are right only where the app serves it, and what a bundle has instead.
_SERVED = re.compile(r"^( *)// <served>.*?// </served>$\n", re.MULTILINE | re.DOTALL)
_ROUTES = 'const BASE = "/captcha";\nconst DIGEST = "latest";\n'


def main() -> None:
    """Write the package, and print its path and size."""
    path = write_package(OUTPUT)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


def write_package(folder: Path) -> Path:
    """Write the package into a folder, which is made if there is none, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"flask-captcha-api-{version()}.tgz"
    path.write_bytes(archives.tar_gz({f"package/{name}": text.encode() for name, text in contents().items()}))
    return path


def version() -> str:
    """Return the version of the Python package, which pyproject.toml has."""
    (found,) = re.findall(r'^version = "([^"]+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    return str(found)


def contents() -> dict[str, str]:
    """Return the package's files by name."""
    about = json.loads((SOURCES / "package.json").read_text())
    return {
        **{path.name: path.read_text(encoding="utf-8") for path in SOURCES.iterdir()},
        "package.json": _json({"name": about.pop("name"), "version": version(), **about}),
        "custom-elements.json": _json(manifest(_HOW_TO.read_text(encoding="utf-8"))),
        "LICENSE": (ROOT / "LICENSE").read_text(encoding="utf-8"),
        SCRIPT: bundled((_STATIC / SCRIPT).read_text(encoding="utf-8")),
        WORK_SCRIPT: (_STATIC / WORK_SCRIPT).read_text(encoding="utf-8"),
    }


def bundled(script: str) -> str:
    """Return the widget's script with the style sheet in it, and without what holds only below the captcha routes.

    :raises ValueError: the script does not have its two places between ``// <served>`` and ``// </served>``.
    """
    style = compact((_STATIC / STYLESHEET).read_text(encoding="utf-8"))
    replacements = iter([_ROUTES, f"  sheet.replaceSync({json.dumps(style)});\n"])
    adapted, places = _SERVED.subn(lambda _: next(replacements, ""), script)
    if places != 2:
        raise ValueError(f"{SCRIPT} has {places} places marked // <served>: it must have 2")
    return adapted


def manifest(how_to: str) -> dict[str, object]:
    """Return the custom-elements manifest, made of the tables of attributes, properties and events in the guide."""
    members = []
    for name, description in _rows(how_to, "Properties and methods"):
        kind = {"kind": "method", "name": name.partition("(")[0]} if "(" in name else {"kind": "field", "name": name}
        members.append({**kind, "description": description})
    declaration = {
        "kind": "class",
        "name": "CaptchaField",
        "tagName": "captcha-field",
        "customElement": True,
        "superclass": {"name": "HTMLElement"},
        "attributes": [{"name": name, "description": text} for name, text in _rows(how_to, "Attributes")],
        "members": members,
        "events": [
            {
                "name": name,
                "type": {"text": "CustomEvent" if name.startswith("captcha-") else "Event"},
                "description": text,
            }
            for name, text in _rows(how_to, "Events")
        ],
    }
    exported = {
        "kind": "custom-element-definition",
        "name": "captcha-field",
        "declaration": {"name": "CaptchaField", "module": SCRIPT},
    }
    module = {"kind": "javascript-module", "path": SCRIPT, "declarations": [declaration], "exports": [exported]}
    return {"schemaVersion": "1.0.0", "readme": "README.md", "modules": [module]}


def _rows(how_to: str, heading: str) -> Iterator[tuple[str, str]]:
    """Return each name in the first column of the table below a heading, with its description without links."""
    section = re.split(r"^#", how_to.split(f"### {heading}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    for line in lines[2:]:
        names, description, *_ = (cell.strip() for cell in line.strip("|").split("|"))
        for name in re.findall(r"`([^`]+)`", names):
            yield name, re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", description).replace("`", "")


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
