"""The Dockerfile and the compose file are well formed. Building takes a Docker daemon, which tests do without."""

import re
import subprocess
import sys
from pathlib import Path

import yaml

from tests.support.paths import DOCS, ROOT


def test_the_dockerfile_has_no_flaws() -> None:
    """Hadolint finds none."""
    hadolint = Path(sys.executable).with_name("hadolint")
    ran = subprocess.run([hadolint, "docker/Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")


def test_the_compose_file_is_sound() -> None:
    """It builds from the Dockerfile, opens no port to other hosts, and has no secret in it.

    Without a name of its own the project would have that of its folder, "docker", as others may.
    """
    compose = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())
    assert compose["name"] == "captcha"
    service = compose["services"]["captcha"]
    assert (ROOT / "docker" / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert "ports" not in compose["services"]["redis"]
    for key in ("FLASK_SECRET_KEY", "FLASK_CAPTCHA_SITES"):
        assert service["environment"][key].startswith("${")
        assert ":?" in service["environment"][key]


def test_git_ignores_the_file_with_the_secrets() -> None:
    """The guide puts it into the clone."""
    (name,) = set(re.findall(r"--env-file (\S+)", (DOCS / "how-to" / "service.md").read_text()))
    assert name in (ROOT / ".gitignore").read_text().splitlines()
