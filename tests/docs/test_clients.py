"""What pages show for other languages solves puzzles and signs in, where this machine has the language."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from flask import Flask

from flask_captcha_api import CaptchaApi, Outcome
from flask_captcha_api.testing import answers

from ..support import pages
from ..support.paths import DOCS
from ..support.servers import free_port

Puzzle = Mapping[str, str | int]


def javascript(block: str, puzzles: Iterable[Puzzle]) -> str:
    return "\n".join([block, *(f"console.log(solve({dict(each)}));" for each in puzzles)])


def java(block: str, puzzles: Iterable[Puzzle]) -> str:
    calls = "".join('System.out.println(solve("{modulus}", "{base}", {squarings}));'.format(**each) for each in puzzles)
    return f"import java.math.BigInteger; class Solve {{ {block} public static void main(String[] no) {{ {calls} }} }}"


def go(block: str, puzzles: Iterable[Puzzle]) -> str:
    calls = "; ".join('fmt.Println(solve("{modulus}", "{base}", {squarings}))'.format(**each) for each in puzzles)
    return f'package main\nimport ("fmt"; "math/big")\n{block}\nfunc main() {{ {calls} }}'


#: Talks to the app with the client of the page: a wrong text, a wrong password, what lets in, and nobody there.
_VISIT = """
fun main(arguments: Array<String>) {
    val api = Api(arguments[0])
    val captcha = api.captcha("login", true)!!
    println("${captcha.kind} ${captcha.seconds} ${captcha.picture.size}")
    for ((password, code) in listOf("open sesame" to "11111", "guess" to "04718", "open sesame" to "04718")) {
        val uuid = api.captcha("login", false)!!.uuid
        val fields = mapOf("account" to "ann", "password" to password, "uuid" to uuid, "code" to code)
        val reply = api.call("/auth/login", fields)
        println("${next(reply)} ${reply.status} ${reply.body.getString("message")}")
    }
    println(api.captcha("none", true))
    println(next(Api("http://127.0.0.1:1").call("/captcha/login")))
}
"""
#: Where Debian's package libandroid-json-org-java puts what Android has.
_ANDROIDS_JSON = Path("/usr/share/java/json-android.jar")


@pytest.mark.slow
def test_a_mobile_client_signs_in(tmp_path: Path) -> None:
    """The client in Kotlin does what the page says: after a wrong text, a wrong password and success, and offline."""
    compiler, java = shutil.which("kotlinc"), shutil.which("java")
    if not compiler or not java or not _ANDROIDS_JSON.exists():
        pytest.skip("there is no Kotlin here, or not Android's JSON")
    page = DOCS / "how-to" / "mobile.md"
    (block,) = pages.blocks_of(page, "kotlin")
    (tmp_path / "Client.kt").write_text(block.text + _VISIT)
    classes = f"client.jar:{_ANDROIDS_JSON}"
    compiling = [compiler, "Client.kt", "-include-runtime", "-classpath", str(_ANDROIDS_JSON), "-d", "client.jar"]
    compiled = subprocess.run(compiling, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert compiled.returncode == 0, compiled.stderr
    app, port = pages.run(page, {})["app"], free_port()
    running = [java, "-Duser.language=en", "-cp", classes, "ClientKt", f"http://127.0.0.1:{port}"]
    with answers(app, "04718"), pages.serving(app, port):
        ran = subprocess.run(running, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    issued, *told = ran.stdout.splitlines()
    assert re.fullmatch(r"digits 300 \d{4,5}", issued)
    assert told == [
        "OTHER_CAPTCHA 422 The captcha is wrong, please try again",
        "OTHER_CAPTCHA 403 Wrong account or password.",
        "GO_ON 200 Welcome.",
        "null",
        "SAME_CAPTCHA",
    ]


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
