"""A Griffe extension that converts docstrings from reStructuredText to Markdown, for mkdocstrings.

It converts what the docstrings use: roles, literals and literal blocks.
"""

import re
from typing import Any

from griffe import Extension, Object

_ROLE = re.compile(r":(?:func|class|meth|data|mod|attr):`~?([^`]+)`")
_LITERAL_BLOCK_ALONE = re.compile(r"(^| )::$", re.MULTILINE)
_LITERAL_BLOCK = re.compile(r"::$", re.MULTILINE)


def as_markdown(docstring: str) -> str:
    """Return the docstring with its roles and literals as code, and its literal blocks as indented code."""
    docstring = _ROLE.sub(lambda role: f"`{role[1]}`", docstring)
    docstring = _LITERAL_BLOCK.sub(":", _LITERAL_BLOCK_ALONE.sub("", docstring))
    return docstring.replace("``", "`")


class Markdown(Extension):
    """Converts every docstring."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Convert the docstring of an object."""
        if obj.docstring:
            obj.docstring.value = as_markdown(obj.docstring.value)
