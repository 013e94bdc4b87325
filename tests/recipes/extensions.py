"""The recipes of docs/how-to/flask-extensions.md, run as they stand there."""

from typing import Any

from tests.support.pages import blocks_of
from tests.support.paths import DOCS

PAGE = DOCS / "how-to" / "flask-extensions.md"
ANSWER = "40528"


def recipe(file: str) -> str:
    """Return the block with this title, on the line where it stands in the page."""
    (block,) = (block for block in blocks_of(PAGE, "py") if block.file == file)
    return "\n" * block.line + block.text


def run_recipe(file: str, code: str | None = None) -> dict[str, Any]:
    """Run the block with this title, or what a test has made of it; returns the names that it leaves."""
    names: dict[str, Any] = {"__name__": file.removesuffix(".py")}
    exec(compile(recipe(file) if code is None else code, str(PAGE), "exec"), names)  # noqa: S102 - it is our own
    return names


def templates() -> dict[str, str]:
    """Return what the page shows of templates, by name."""
    shown = {block.file: block.text for block in blocks_of(PAGE, "jinja") if block.file}
    return {name.removeprefix("templates/"): text for name, text in shown.items()}
