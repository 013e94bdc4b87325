"""docs/troubleshooting.md has every message of the package to developers, and every result."""

import pytest

from flask_captcha_api.http.results import Result
from tools.pages.package_messages import Message, messages, unresolved

from ..support.markdown import rows_below
from ..support.paths import DOCS

PAGE = (DOCS / "troubleshooting.md").read_text()

#: Calls whose message is made elsewhere, by a function whose strings are collected, or from a parameter.
PASSED_ON = {
    ("http/protected_views.py", "_logger.error(fault)"),
    ("settings/reading.py", "warnings.warn(message, stacklevel=level)"),
    ("storage/files.py", "self._log_once(error)"),
    ("storage/selection.py", "_logger.warning(warning)"),
}


def test_the_source_tells_every_message() -> None:
    """No other call logs or warns what cannot be read from the source, so none is missing below."""
    assert unresolved() == PASSED_ON


@pytest.mark.parametrize("message", messages(), ids=lambda message: f"{message.module}: {message.text[:40]}")
def test_every_message_is_on_the_page(message: Message) -> None:
    """As it is logged, so that a search for its words finds it."""
    assert f"`{message.text}`" in PAGE


def test_every_result_has_a_row() -> None:
    """In the order of the table of results."""
    assert [row[0].strip("`") for row in rows_below(PAGE, "By result")] == [result.code for result in Result]
