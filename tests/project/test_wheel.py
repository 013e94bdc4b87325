"""The wheel, installed away from the checkout into an empty environment, does the whole job."""

import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from ..support.gunicorn import gunicorn
from ..support.paths import PACKAGE, ROOT

pytestmark = pytest.mark.slow

ANSWER = "40718"

#: An app factory beside the installed package, whose captchas have a known answer.
SITE = f"""
from example_app import create_app
from flask_captcha_api.testing import answers

app = create_app()
known = answers(app, "{ANSWER}")
known.__enter__()
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, so that nothing of an earlier build gets in."""
    directory = tmp_path_factory.mktemp("wheel")
    for name in ("flask_captcha_api", "pyproject.toml", "setup.py", "README.md", "LICENSE"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, directory / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", "dist", "."]
    subprocess.run(command, cwd=directory, check=True)
    (built,) = (directory / "dist").iterdir()
    return built


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    """Every module, the fonts with their licences and the typing marker are in it; no tests, no example."""
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    in_checkout = {
        str(path.relative_to(ROOT)) for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert held == in_checkout
    assert {"flask_captcha_api/py.typed", "flask_captcha_api/testing/__init__.py"} <= held
    fonts = {Path(name).stem for name in held if name.endswith(".ttf")}
    licensed = {Path(name).name.removesuffix(".LICENSE.txt") for name in held if name.endswith(".LICENSE.txt")}
    assert licensed == {*fonts, "voices"}


def test_what_is_installed_is_small(wheel: Path) -> None:
    """The wheel stays below 1.5 MB, of which the voices take 1 MB, and below 1.8 MB unpacked.

    Python's bytecode beside it adds a quarter.
    """
    assert wheel.stat().st_size < 1_500_000
    with zipfile.ZipFile(wheel) as archive:
        assert sum(entry.file_size for entry in archive.infolist()) < 1_800_000


@pytest.mark.server
def test_the_installed_wheel_serves_the_example(wheel: Path, tmp_path: Path) -> None:
    """In an empty environment and another folder, a visitor logs in over a real socket and changes the password."""
    environment = tmp_path / "environment"
    venv.create(environment)
    python = str(environment / "bin" / "python")
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-compile"]
    subprocess.run([*install, f"{wheel}[limits,wtf]", "gunicorn"], check=True)
    shutil.copytree(ROOT / "example_app", tmp_path / "example_app")
    (tmp_path / "site_of_test.py").write_text(SITE)

    with gunicorn(tmp_path, "site_of_test:app", workers=1, python=python, cwd=tmp_path) as site:

        def captcha(source: str, headers: dict[str, str] | None = None) -> dict[str, str]:
            status, body, _ = site.ask("GET", f"/captcha/{source}?1", headers=headers)
            assert (status, body["code"]) == (200, "00000")
            return {"uuid": body["response"]["uuid"], "code": ANSWER}

        account = {"account": "demo", "password": "captcha-demo"}
        login = {**account, **captcha("login")}
        status, body, headers = site.ask("POST", "/auth/login", login)
        assert (status, body["status"]) == (200, True)
        bearer = {"Authorization": headers["Authorization"]}
        assert bearer["Authorization"].startswith("Bearer ")
        assert site.ask("POST", "/auth/login", login)[1]["code"] == "01003"

        change = {"password": "captcha-demo", "newPassword": "another-one", "confirmPassword": "another-one"}
        status, body, _ = site.ask("POST", "/auth/changePassword", {**change, **captcha("password", bearer)}, bearer)
        assert (status, body["status"]) == (200, True)
        status, _, _ = site.ask("POST", "/auth/login", {**account, **captcha("login")})
        assert status == 401
