"""The how-to pages about kinds, styles, tests and the command line: what they show works as it stands."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

import example_app
from flask_captcha_api.rendering.picture import typefaces

from ..support.fonts import make_font
from ..support.paths import DOCS

PAGES = DOCS / "how-to"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with the font files that the pages name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fonts").mkdir()
    characters = re.search('^CHARACTERS = "(.*)"$', (PAGES / "own-kind.md").read_text(), re.MULTILINE)
    assert characters
    make_font(tmp_path / "fonts" / "chinese.ttf", characters[1])
    shutil.copy(Path(typefaces.__file__).parents[1] / "data" / "rubik.ttf", tmp_path / "fonts" / "heavy.ttf")
    return tmp_path


@pytest.mark.parametrize("page", ["own-kind", "own-style-and-fonts", "tests", "check"])
def test_the_blocks_run(page: str, folder: Path) -> None:
    """One after the other, each on what the ones before it have left; every app that they make issues its captchas."""
    blocks = re.findall(r"^```python\n(.*?)^```", (PAGES / f"{page}.md").read_text(), re.DOTALL | re.MULTILINE)
    assert blocks
    names: dict[str, Any] = {"__name__": page}
    apps = []
    for block in blocks:
        exec(block, names)  # noqa: S102 - it is our own
        if isinstance(names.get("app"), Flask) and names["app"] not in apps:
            apps.append(names["app"])
    for app in apps:
        for source in app.extensions["captcha_api"].config.sources or ["any"]:
            assert app.test_client().get(f"/captcha/{source}").status_code == 200
    assert apps


@pytest.mark.parametrize(
    ("page", "block", "sources"),
    [("own-kind", 0, {"login": False, "sms": True}), ("own-kind", 2, {"login": False}), ("check", 0, {"any": True})],
)
def test_the_apps_are_well(page: str, block: int, sources: dict[str, bool], folder: Path) -> None:
    """``flask captcha check`` finds only the published key wrong in the apps of the pages, and the promised sounds."""
    blocks = re.findall(r"^```python\n(.*?)^```", (PAGES / f"{page}.md").read_text(), re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {"__name__": page}
    exec(blocks[block], names)  # noqa: S102 - it is our own
    for command in names["app"].cli.commands:
        result = names["app"].test_cli_runner().invoke(args=[command, "check"])
        errors = re.findall(r"^error +(.*)", result.output, re.MULTILINE)
        assert [error.partition(",")[0] for error in errors] == ["SECRET_KEY is an example from the documentation"]
        for name, has_sound in sources.items():
            assert re.search(rf"^{name} .*  {'yes' if has_sound else 'no'} +optional", result.output, re.MULTILINE)


def test_the_example_of_the_report() -> None:
    """What the page shows of ``flask captcha check`` is what the example app gives."""
    runner = example_app.create_app().test_cli_runner(env={"COLUMNS": "100"})
    output = runner.invoke(args=["captcha", "check"]).output
    (shown,) = re.findall(
        r"^\$ flask --app example_app captcha check\n(.*?)```",
        (PAGES / "check.md").read_text(),
        re.DOTALL | re.MULTILINE,
    )
    beginning, middle, end = re.split("\n…\n|\n(?=No errors)", shown)
    measured = re.compile(r"(?<=picture )[\d.]+|(?<=0\.06 s  )\S+ s +")  # pictures anew, and this machine
    assert output.startswith(beginning)
    assert measured.sub("", middle) in measured.sub("", output)
    assert output.endswith(end)
