"""Makes Markdown tables, images and lists."""

from collections.abc import Iterable, Sequence


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table. Cells must not contain vertical bars."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def image(path: str, description: str, *, width: int, height: int) -> str:
    """Return an image that is shown in this size, in CSS pixels."""
    return f'![{description}]({path}){{ width="{width}" height="{height}" }}'


def bullets(texts: Iterable[str]) -> str:
    """Return a list of texts as code, each once."""
    return "\n".join(f"- `{text}`" for text in dict.fromkeys(texts))
