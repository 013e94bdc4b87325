"""The recipes of docs/how-to/flask-extensions.md, run as they stand there."""

from typing import Any

from tests.support.pages import blocks_of
from tests.support.paths import DOCS

PAGE = DOCS / "how-to" / "flask-extensions.md"
ANSWER = "40528"


def run_recipe(file: str) -> dict[str, Any]:
    """Run the block with this title, and return the names that it leaves."""
    (block,) = (block for block in blocks_of(PAGE, "py") if block.file == file)
    names: dict[str, Any] = {"__name__": file.removesuffix(".py")}
    exec(compile("\n" * block.line + block.text, str(PAGE), "exec"), names)  # noqa: S102 - it is our own
    return names


def templates() -> dict[str, str]:
    """Return what the page shows of templates, by name."""
    shown = {block.file: block.text for block in blocks_of(PAGE, "jinja") if block.file}
    return {name.removeprefix("templates/"): text for name, text in shown.items()}
