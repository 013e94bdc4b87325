"""The schemas of docs/how-to/existing-app.md take a captcha's two fields, and refuse what they do not know."""

from typing import Any

import marshmallow
import pydantic
import pytest

from tests.support.pages import blocks_of
from tests.support.paths import DOCS

MARSHMALLOW, PYDANTIC = (block.text for block in blocks_of(DOCS / "how-to" / "existing-app.md", "py"))
LOGIN = {"account": "ann", "password": "open sesame", "uuid": "1" * 23, "code": "40528"}


def names_of(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "schemas"}
    exec(code, names)  # noqa: S102 - it is our own
    return names


def test_marshmallow() -> None:
    """With and without the captcha, and with a field too many."""
    schema = names_of(MARSHMALLOW)["LoginSchema"]()
    assert schema.load(LOGIN) == LOGIN
    for wrong in ({**LOGIN, "more": "x"}, {name: value for name, value in LOGIN.items() if name != "uuid"}):
        with pytest.raises(marshmallow.ValidationError):
            schema.load(wrong)


def test_pydantic() -> None:
    """The same, and a uuid that is a number."""
    login = names_of(PYDANTIC)["Login"]
    assert login(**LOGIN).model_dump() == LOGIN
    for wrong in ({**LOGIN, "more": "x"}, {**LOGIN, "uuid": "1"}, {**LOGIN, "code": ""}):
        with pytest.raises(pydantic.ValidationError):
            login(**wrong)
