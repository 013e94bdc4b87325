"""The README says what the code does."""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import MISSING
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_captcha_api import CaptchaApi, verify_captcha
from flask_captcha_api.http.results import Result
from flask_captcha_api.settings.config import CaptchaConfig, SourceConfig, keys_of

from ..support.markdown import rows_below
from ..support.pages import pytest_alone
from ..support.paths import ROOT

README = (ROOT / "README.md").read_text()


def cells_below(heading: str) -> list[list[str]]:
    """Return the cells of a table of the README, names of code without their quotes."""
    return [[cell.strip("`") for cell in row] for row in rows_below(README, heading)]


def test_the_result_table_is_the_codes() -> None:
    """Every result stands in the README with its code, name and status, and none besides."""
    told = [(code, name, int(status)) for code, name, status, *_ in cells_below("Results")]
    assert told == [(result.code, result.string_code, result.status) for result in Result]


def test_the_settings_table_is_the_codes() -> None:
    """Every key stands in the README with its default, and with its name in a source where it has one."""
    told = {key: (default, own_name) for key, default, _, own_name, _ in cells_below("Settings")}
    declared = {}
    for settings in (CaptchaConfig, SourceConfig):
        for key, field in keys_of(settings).items():
            assert field.default is not MISSING
            default = f'"{field.default}"' if isinstance(field.default, str) else repr(field.default)
            declared[key] = (default, field.name if settings is SourceConfig else "")
    assert told == declared


def python_blocks() -> list[str]:
    return re.findall(r"```python[^\n]*\n(.*?)```", README, re.DOTALL)


def test_the_first_example_guards_a_login() -> None:
    """The lines at the top are a working app, which says in English what is wrong."""
    names: dict[str, Any] = {"__name__": "readme"}
    exec(python_blocks()[0], names)  # noqa: S102 - it is our own
    told = names["app"].test_client().post("/auth/login").get_json()
    assert (told["code"], told["message"]) == ("01001", "Please enter the captcha")


@pytest.mark.slow
def test_the_documented_test_is_one_file_that_passes(tmp_path: Path) -> None:
    """It needs the first example beside it, and nothing that the README does not name."""
    (tmp_path / "app.py").write_text(python_blocks()[0])
    (tmp_path / "test_app.py").write_text(python_blocks()[1])
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "test_app.py"]
    ran = subprocess.run(command, cwd=tmp_path, env=pytest_alone(), capture_output=True, text=True, check=False)
    assert "1 passed" in ran.stdout, ran.stdout + ran.stderr


def test_the_example_of_failures_asks_for_a_captcha_after_three() -> None:
    """The first three attempts need none."""
    names: dict[str, Any] = {"__name__": "readme"}
    (block,) = (block for block in python_blocks() if "fewer_failures_than" in block)
    exec(python_blocks()[0] + block, names)  # noqa: S102 - it is our own
    client = names["app"].test_client()
    attempts = [
        client.post("/login", data={"account": name, "password": "x"}).status_code for name in ("ann", "Ann") * 2
    ]
    assert attempts == [403, 403, 403, 400]


@pytest.mark.server
@pytest.mark.parametrize("block", [block for block in python_blocks() if "CACHE_TYPE" in block])
def test_the_cache_settings_make_a_store(
    block: str, tmp_path: Path, settings_of: Callable[[str], dict[str, Any]]
) -> None:
    """Each block of settings is accepted by Flask-Caching and by the store."""
    block = block.replace("/var/lib/myapp", str(tmp_path))
    if "127.0.0.1:6379" in block:
        block = block.replace("127.0.0.1:6379", f"127.0.0.1:{settings_of('RedisCache')['CACHE_REDIS_PORT']}")
    app = Flask("readme")
    app.config["SECRET_KEY"] = "s"
    exec(block, {"app": app})  # noqa: S102 - it is our own
    CaptchaApi(app)
    assert not app.extensions["captcha_api"].store.get().is_private_to_process


def test_the_documented_signatures() -> None:
    """The calls in the table of the Python surface can be made as they stand."""
    assert '`verify_captcha(uuid="uuid", text="code", source=None, unless=None)`' in README
    verify_captcha(uuid="uuid", text="code", source=None, unless=None)
    CaptchaApi(None, cache=None, url_prefix="/captcha", kinds=None)
