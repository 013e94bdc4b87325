"""The README says what the code does, and so do the pages that it sends its readers to."""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import MISSING
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from flask_captcha_api import CaptchaApi, Outcome, verify_captcha
from flask_captcha_api.http.results import Result
from flask_captcha_api.settings.config import CaptchaConfig, SourceConfig, keys_of
from flask_captcha_api.testing import outcomes

from ..support.markdown import rows_below
from ..support.pages import PAGES, Block, blocks_of, pytest_alone
from ..support.paths import DOCS, ROOT

README = ROOT / "README.md"
CACHE_PAGES = ("how-to/workers.md", "how-to/redis.md")


def cells_below(page: str, heading: str) -> list[list[str]]:
    """Return the cells of a table of the documentation, names of code without their quotes."""
    return [[cell.strip("`") for cell in row] for row in rows_below((DOCS / page).read_text(), heading)]


def test_it_can_be_read_in_one_go() -> None:
    """A screen and a half: what it is, five lines, two commands, why, why not, and where to read on."""
    assert len(README.read_text().split()) < 850


def test_the_result_table_is_the_codes() -> None:
    """Every result stands in its table with its code, name and status, and none besides."""
    listed = [
        (code, name, int(status)) for code, name, status, *_ in cells_below("reference/error-codes.md", "Results")
    ]
    assert listed == [(result.code, result.string_code, result.status) for result in Result]


def test_the_settings_tables_are_the_codes() -> None:
    """Every key stands in the tables with its default, and with its name in a source where it has one."""
    settings = "reference/settings.md"
    listed = {key: (default, own_name) for key, own_name, default, *_ in cells_below(settings, "Per source")}
    listed |= {key: (default, "") for key, default, *_ in cells_below(settings, "Per app")}
    declared = {}
    for settings_class in (CaptchaConfig, SourceConfig):
        for key, field in keys_of(settings_class).items():
            assert field.default is not MISSING
            default = f'"{field.default}"' if isinstance(field.default, str) else repr(field.default)
            declared[key] = (default, field.name if settings_class is SourceConfig else "")
    assert listed == declared


def test_the_first_example_protects_a_login() -> None:
    """The lines at the top are a working app, which says in English what is wrong."""
    names: dict[str, Any] = {"__name__": "readme"}
    exec(blocks_of(README, "python")[0].text, names)  # noqa: S102 - it is our own
    envelope = names["app"].test_client().post("/auth/login").get_json()
    assert (envelope["code"], envelope["message"]) == ("01001", "Please enter the captcha")


@pytest.mark.slow
def test_the_documented_test_is_one_file_that_passes(tmp_path: Path) -> None:
    """It needs the app of the quick start beside it, and nothing that the page does not name."""
    named = {block.file: block.text for block in blocks_of(DOCS / "quick-start.md", "python") if block.file}
    assert set(named) == {"app.py", "test_app.py", "forms.py"}
    for name, text in named.items():
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "test_app.py"]
    ran = subprocess.run(command, cwd=tmp_path, env=pytest_alone(), capture_output=True, text=True, check=False)
    assert "1 passed" in ran.stdout, ran.stdout + ran.stderr


@pytest.mark.parametrize(("file", "path", "body"), [("app.py", "/auth/login", "json"), ("forms.py", "/login", "data")])
def test_the_quick_start_takes_a_missing_password_for_a_wrong_one(file: str, path: str, body: str) -> None:
    """It is no error of the server's: the captcha is spent by then."""
    names: dict[str, Any] = {"__name__": "quick_start"}
    (block,) = (block for block in blocks_of(DOCS / "quick-start.md", "python") if block.file == file)
    exec(block.text, names)  # noqa: S102 - it is our own
    with outcomes(names["app"], Outcome.PASSED):
        response = names["app"].test_client().post(path, **{body: {"account": "ann"}})
    assert (response.status_code, "wrong password" in response.get_data(as_text=True)) == (403, True)


def test_the_example_of_failures_asks_for_a_captcha_after_three() -> None:
    """The first three attempts need none, however the account is spelt."""
    names: dict[str, Any] = {"__name__": "after_failures"}
    exec(blocks_of(DOCS / "how-to" / "after-failures.md", "python")[0].text, names)  # noqa: S102 - it is our own
    client = names["app"].test_client()
    attempts = [
        client.post("/login", json={"account": name, "password": "x"}).status_code for name in ("ann", "Ann") * 2
    ]
    assert attempts == [403, 403, 403, 400]


@pytest.mark.server
@pytest.mark.parametrize(
    "block",
    [block for page in CACHE_PAGES for block in blocks_of(DOCS / page, "python") if "CACHE_TYPE" in block.text],
    ids=lambda block: f"line {block.line}",
)
def test_the_cache_settings_make_a_store(
    block: Block, tmp_path: Path, settings_of: Callable[[str], dict[str, Any]]
) -> None:
    """Each block of settings is accepted by Flask-Caching and by the store, which other processes share."""
    code = block.text.replace("/var/lib/myapp", str(tmp_path))
    if "127.0.0.1:6379" in code:
        code = code.replace("127.0.0.1:6379", f"127.0.0.1:{settings_of('RedisCache')['CACHE_REDIS_PORT']}")
    names: dict[str, Any] = {"__name__": "readme", "Flask": Flask, "CaptchaApi": CaptchaApi}
    exec("from redis.backoff import NoBackoff\nfrom redis.retry import Retry\n" + code, names)  # noqa: S102 - our own
    assert not names["app"].extensions["captcha_api"].store.get().is_private_to_process


def test_every_extra_is_explained() -> None:
    """The quick start says what each extra is for."""
    text = (DOCS / "quick-start.md").read_text()
    for extra in ("redis", "memcached", "wtf", "limits", "async"):
        assert re.search(rf"^\| `{extra}` \|", text, re.MULTILINE), extra


def test_extras_can_be_installed_before_the_first_release() -> None:
    """Commands take them from the clone: the package's name is on no index, so it only does for what is installed."""
    lines = [line for page in PAGES for block in blocks_of(page, "sh", "console") for line in block.text.splitlines()]
    assert sum(line.startswith("pip install '.[") for line in lines) >= 7
    assert [line for line in lines if "install" in line and "flask_captcha_api[" in line] == []


def test_the_documented_signatures() -> None:
    """The calls in the table of the Python API can be made as they stand."""
    reference = (DOCS / "reference" / "python.md").read_text()
    assert (
        '`verify_captcha(uuid="uuid", text="code", source=None, unless=None, except_methods=(), from_headers=False)`'
        in reference
    )
    assert '`CaptchaApi(app, cache=None, url_prefix="/captcha", kinds=None, texts=None)`' in reference
    verify_captcha(uuid="uuid", text="code", source=None, unless=None, except_methods=(), from_headers=False)
    CaptchaApi(None, cache=None, url_prefix="/captcha", kinds=None, texts=None)
