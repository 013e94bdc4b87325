"""Environments of their own for the peers, whose modules or requirements clash; and programs that run in them.

They are made at their first use below .venv/peers. A program imports nothing of this project, reads a line from
standard input and answers it with a line.
"""

import subprocess
import sys
import venv
from base64 import b64decode
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from . import drawings

ENVIRONMENTS = Path(".venv/peers")


def python_with(name: str, packages: Sequence[str]) -> str:
    """Return the Python of the environment called ``name``, made and filled with the packages if it is not there."""
    home = ENVIRONMENTS / name
    python = home / "bin" / "python"
    complete = home / "complete"
    if not complete.exists():
        print(f"installing {', '.join(packages)} into {home} …", file=sys.stderr)
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-qq", *packages], check=True)
        complete.touch()
    return str(python)


_Program = TypeVar("_Program", bound="Program")


class Program:
    """A program that answers each line with a line, for the length of a with block."""

    def __init__(self, python: str, *arguments: str) -> None:
        self._name = " ".join(arguments[1:])
        self._process = subprocess.Popen([python, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self: _Program) -> _Program:
        return self

    def __exit__(self, *about: object) -> None:
        self._process.terminate()
        self._process.communicate()

    def ask(self, line: str) -> str:
        """Send a line and return the answer."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the program was started without pipes")
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"{self._name} ended without an answer")
        return answer.strip()


#: The drawings that cannot share an environment with another one, by distribution, and the folders of their own.
PEERS_APART = {"captchakit": "captchakit", "django-simple-captcha": "django_simple_captcha"}


class DrawingApart(Program):
    """A peer's drawing, which runs in its own environment.

    :param name: of its distribution, one of :data:`PEERS_APART`.
    """

    def __init__(self, name: str) -> None:
        super().__init__(python_with(PEERS_APART[name], [name]), drawings.__file__, name)

    def draw(self, text: str) -> bytes:
        """Return the picture of a text."""
        return b64decode(self.ask(text).split()[1])

    def seconds_for(self, text: str) -> float:
        """Draw a text and return the seconds that it took there."""
        return float(self.ask(text).split()[0])
