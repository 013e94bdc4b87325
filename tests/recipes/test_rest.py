"""docs/how-to/flask-extensions.md: REST frameworks, unchanged, around a protected view."""

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_captcha_api.testing import answers
from tests.support.http.envelopes import envelope
from tests.support.pages import blocks_of

from .extensions import ANSWER, PAGE, recipe, run_recipe

RECIPES = ("restx_app", "smorest_app", "apiflask_app")


@pytest.fixture(params=RECIPES)
def app(request: pytest.FixtureRequest) -> Flask:
    made = run_recipe(f"{request.param}.py")["app"]
    assert isinstance(made, Flask)
    return made


def issue(app: Flask) -> str:
    with answers(app, ANSWER):
        return str(app.test_client().get("/captcha/login").get_json()["response"]["uuid"])


def log_in(app: Flask, **fields: str) -> tuple[int, Any]:
    response = app.test_client().post("/auth/login", json=fields)
    return response.status_code, response.get_json()


def test_a_login_passes_once(app: Flask) -> None:
    """The framework's error handlers leave each refusal its envelope and its status."""
    uuid = issue(app)
    assert log_in(app, account="ann") == (400, envelope("captcha_required", language="en"))
    wrong = log_in(app, account="ann", uuid=issue(app), code="11111")
    assert wrong == (422, envelope("captcha_wrong", language="en"))
    assert log_in(app, account="ann", uuid=uuid, code=ANSWER) == (200, {"account": "ann"})
    again = log_in(app, account="ann", uuid=uuid, code=ANSWER)
    assert again == (422, envelope("captcha_gone", language="en"))


def test_the_schema_is_applied(app: Flask) -> None:
    """A body without the account is refused in the framework's way. Only Flask-RESTX looks before the captcha does."""
    uuid = issue(app)
    status, body = log_in(app, uuid=uuid, code=ANSWER)
    assert status in (400, 422)
    assert "stringCode" not in body
    assert log_in(app, account="ann", uuid=uuid, code=ANSWER)[0] == (200 if status == 400 else 422)


@pytest.mark.parametrize("file", ["smorest_app.py", "apiflask_app.py"])
def test_below_the_schema_a_forgotten_field_costs_no_captcha(file: str) -> None:
    """With the decorator and the one below it the other way round, and the framework answers for a missing captcha."""
    swapped, count = re.subn(r"^(@verify_captcha.*\n)(@.*\n)", r"\2\1", recipe(file), flags=re.MULTILINE)
    assert count == 1
    app = run_recipe(file, swapped)["app"]
    uuid = issue(app)
    assert log_in(app, uuid=uuid, code=ANSWER)[0] == 422
    assert "stringCode" not in log_in(app, account="ann")[1]
    assert log_in(app, account="ann", uuid=uuid, code=ANSWER) == (200, {"account": "ann"})


def test_every_recipe_is_run() -> None:
    """Each block of the page has a test here or among those of the forms."""
    tests = Path(__file__).read_text() + Path(__file__).with_name("test_forms.py").read_text()
    files = [block.file for block in blocks_of(PAGE, "py")]
    assert len(files) == 8
    for file in files:
        assert f'"{file}"' in tests or f'"{str(file).removesuffix(".py")}"' in tests


def test_the_description_has_the_captchas_fields(app: Flask) -> None:
    """What a client is generated from."""
    client = app.test_client()
    found = [client.get(path) for path in ("/openapi.json", "/swagger.json")]
    (described,) = (response.get_json() for response in found if response.status_code == 200)
    schemas = described.get("definitions") or described["components"]["schemas"]
    assert any({"uuid", "code"} <= set(schema.get("properties", ())) for schema in schemas.values())
    assert "/auth/login" in described["paths"]
