"""What the page on work shows for other languages solves puzzles, where this machine has the language."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from flask import Flask

from flask_captcha_api import CaptchaApi, Outcome

from ..support.paths import DOCS

Puzzle = Mapping[str, str | int]


def javascript(block: str, puzzles: Iterable[Puzzle]) -> str:
    return "\n".join([block, *(f"console.log(solve({dict(each)}));" for each in puzzles)])


def java(block: str, puzzles: Iterable[Puzzle]) -> str:
    calls = "".join('System.out.println(solve("{modulus}", "{base}", {squarings}));'.format(**each) for each in puzzles)
    return f"import java.math.BigInteger; class Solve {{ {block} public static void main(String[] no) {{ {calls} }} }}"


def go(block: str, puzzles: Iterable[Puzzle]) -> str:
    calls = "; ".join('fmt.Println(solve("{modulus}", "{base}", {squarings}))'.format(**each) for each in puzzles)
    return f'package main\nimport ("fmt"; "math/big")\n{block}\nfunc main() {{ {calls} }}'


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "command", "program"),
    [("js", "node", javascript), ("java", "java", java), ("go", "go run", go)],
    ids=["JavaScript", "Java", "Go"],
)
def test_a_client_passes(
    app: Flask, tmp_path: Path, language: str, command: str, program: Callable[[str, Iterable[Puzzle]], str]
) -> None:
    """The block solves a real puzzle, and keeps the zeros that a result begins with."""
    tool, *options = command.split()
    path = shutil.which(tool)
    if path is None:
        pytest.skip(f"there is no {tool} here")
    (block,) = re.findall(
        rf"^```{language} title=.*?\n(.*?)^```", (DOCS / "how-to/work.md").read_text(), re.MULTILINE | re.DOTALL
    )
    app.config["CAPTCHA_WORK_ALONE"] = 1_000
    captcha = CaptchaApi(app)
    with app.app_context():
        issued = captcha.issue("web", form="work")
        assert issued.work
        small: Puzzle = {"modulus": "ff", "base": "2", "squarings": 2}
        (tmp_path / f"Solve.{language}").write_text(program(block, [issued.work, small]))
        ran = subprocess.run(
            [path, *options, f"Solve.{language}"],
            cwd=tmp_path,
            env={**os.environ, "GOCACHE": str(tmp_path / "cache"), "GO111MODULE": "off"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        solution, short = ran.stdout.split()
        assert short == "0000000000000010"
        assert captcha.verify(issued.uuid, solution) is Outcome.PASSED
