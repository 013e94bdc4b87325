"""What the Dockerfile runs, with the environment of the compose file: gunicorn with two workers, and Redis."""

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from flask_captcha_api.testing import solve

from ..support.gunicorn import Site, gunicorn
from ..support.paths import ROOT
from ..support.servers import Server, redis_server
from ..support.siteverify import SHOP, SITES, VERIFY

pytestmark = pytest.mark.server

DOCKERFILE = (ROOT / "docker" / "Dockerfile").read_text()
COMPOSE = (ROOT / "docker" / "compose.yaml").read_text()
#: The command of the container, and the one that looks after its health.
HEALTH, COMMAND = (json.loads(each) for each in re.findall(r"CMD (\[.*\])", DOCKERFILE))


def environment_with(redis: Server) -> dict[str, str]:
    """Return the environment that the compose file gives the service, with this Redis for its own."""
    given = {"SECRET_KEY": secrets.token_hex(), "SITES": json.dumps(SITES)}
    found = dict(re.findall(r"^      ((?:FLASK|WEB)_\w+): (.+)$", COMPOSE, re.MULTILINE))
    filled = {
        key: re.sub(r"\$\{(\w+):[?-]([^}]*)\}", lambda match: given.get(match[1], match[2]), value)
        for key, value in found.items()
    }
    return {
        **{key: value.replace("redis:6379", redis.address) for key, value in filled.items()},
        # The container's user has no home, and the root file system is read-only.
        "HOME": os.devnull,
        "XDG_RUNTIME_DIR": "",
        # The device solves them, as no test can read a captcha of another process.
        "FLASK_CAPTCHA_SOURCES": json.dumps({name: {"work_alone": 1000} for name in ("shop", "checkout", "blog")}),
    }


@contextmanager
def serving(directory: Path, environment: dict[str, str]) -> Iterator[Site]:
    """Run the container's command, at a port of the tests' and in a folder that there is on every system."""
    program, bind, *options, app = COMMAND
    assert (program, bind) == ("gunicorn", "--bind=0.0.0.0:8000")
    options = [each for each in options if each != "--worker-tmp-dir=/dev/shm"]
    workers = int(environment["WEB_CONCURRENCY"])
    with gunicorn(directory, app, *options, workers=workers, environment=environment) as site:
        yield site


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Server]:
    server = redis_server(tmp_path / "redis").start()
    yield server
    server.stop()


def verify(site: Site, response: str) -> Any:
    connection = HTTPConnection("127.0.0.1", site.port, timeout=30)
    form = urlencode({"secret": SHOP, "response": response, "remoteip": "192.0.2.1"})
    connection.request("POST", VERIFY, form, {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    assert answer.status == 200
    return json.loads(answer.read())


def solved(site: Site) -> str:
    """Return the response of a captcha that the device has worked out."""
    status, envelope, _ = site.ask("GET", "/captcha/shop/work")
    assert status == 200, envelope
    return f"{envelope['response']['uuid']}.{solve(envelope['response']['work'])}"


def is_healthy(site: Site) -> bool:
    """Run the container's own check. Docker hands the proxy of its client's configuration to every container."""
    command = [sys.executable, *(each.replace("8000", str(site.port)) for each in HEALTH[1:])]
    environment = {**os.environ, "http_proxy": "http://127.0.0.1:9", "no_proxy": ""}
    return subprocess.run(command, env=environment, capture_output=True, timeout=30, check=False).returncode == 0


def test_it_serves_and_fails_closed(tmp_path: Path, redis: Server) -> None:
    """Both workers know all captchas; with Redis down nothing passes, the log says so, and it recovers."""
    with serving(tmp_path, environment_with(redis)) as site:
        for _ in range(8):
            response = solved(site)
            assert [verify(site, response)["success"] for _ in range(2)] == [True, False]
        assert is_healthy(site)
        response = solved(site)
        redis.stop()
        assert verify(site, response) == {"success": False, "error-codes": []}
        assert site.ask("GET", "/captcha/shop")[0] == 503
        redis.start()
        assert verify(site, response) == {"success": False, "error-codes": ["timeout-or-duplicate"]}
        assert verify(site, solved(site))["success"]
    assert "the captcha store is unavailable: " in site.log()
    assert SHOP not in site.log()
    assert "[ERROR]" not in site.log()
    assert not is_healthy(site)


def test_without_redis_it_does_not_start(tmp_path: Path, redis: Server) -> None:
    """Each worker would have captchas of its own."""
    environment = {key: value for key, value in environment_with(redis).items() if "CACHE" not in key}
    command = [sys.executable, "-m", "gunicorn", "--bind=127.0.0.1:0", COMMAND[-1]]
    ran = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode != 0  # 3, or 1 where a second worker fails while gunicorn ends
    assert "WEB_CONCURRENCY is 2 and the cache is a SimpleCache" in ran.stderr


def test_workers_that_the_environment_does_not_count(tmp_path: Path) -> None:
    """Gunicorn's own option: nothing is issued and nothing passes, and the log has the remedy."""
    environment = {"FLASK_SECRET_KEY": secrets.token_hex(), "FLASK_CAPTCHA_SITES": json.dumps(SITES)}
    with gunicorn(tmp_path, COMMAND[-1], workers=2, environment=environment) as site:
        assert site.ask("GET", "/captcha/shop")[0] == 503
        assert verify(site, "1" * 23 + ".40718") == {"success": False, "error-codes": []}
        assert "set CACHE_TYPE to RedisCache" in site.log()


def test_it_stops_before_docker_kills_it() -> None:
    """Ten seconds after it asked. Gunicorn waits for requests under way for 30, so a slow client would hold it up."""
    (seconds,) = (
        each.removeprefix("--graceful-timeout=") for each in COMMAND if each.startswith("--graceful-timeout=")
    )
    assert int(seconds) < 10
    assert "stop_grace_period" not in COMPOSE


def test_the_image_has_what_it_needs() -> None:
    """What the build copies is what the ignore file lets through; the service is not run as root."""
    ignored = (ROOT / "docker" / "Dockerfile.dockerignore").read_text()
    kept = re.findall(r"^!(.+)$", ignored, re.MULTILINE)
    assert ignored.startswith("*\n")
    assert [name for name in kept if not (ROOT / name).exists()] == []
    assert DOCKERFILE.index("USER 10001") < DOCKERFILE.index("CMD")
