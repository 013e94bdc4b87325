"""Several workers under a real server, sharing one store; and one that they cannot share."""

import json
import random
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from ..support.apps import KNOWN_ANSWER
from ..support.gunicorn import Site, granian, gunicorn
from ..support.servers import wait_until

pytestmark = pytest.mark.server

CAPTCHAS = 400


@pytest.fixture(scope="module")
def one_worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with gunicorn(tmp_path_factory.mktemp("site"), app_call({}), workers=1) as site:
        yield site


def app_call(settings: dict[str, Any]) -> str:
    return f"tests.support.apps:make_app({settings!r})"


@pytest.mark.parametrize("name", ["RedisCache", "FileSystemCache"])
def test_four_workers_lose_nothing(name: str, settings_of: Callable[[str], dict[str, Any]], tmp_path: Path) -> None:
    """400 captchas, issued first and verified after in shuffled order, so by other workers: all pass."""
    settings = {key: value for key, value in settings_of(name).items() if key != "CACHE_OPTIONS"}
    with gunicorn(tmp_path, app_call(settings)) as site:
        uuids = [issue(site) for _ in range(CAPTCHAS)]
        random.shuffle(uuids)
        results = Counter(guarded(site, uuid) for uuid in uuids)
    assert results == {(200, None): CAPTCHAS}


def test_preloaded_workers_lose_nothing(settings_of: Callable[[str], dict[str, Any]], tmp_path: Path) -> None:
    """With --preload the app is made before the fork; on pylibmc no worker gets another's answers."""
    with gunicorn(tmp_path, app_call(settings_of("MemcachedCache-pylibmc")), "--preload") as site:
        uuids = [issue(site) for _ in range(100)]
        results = Counter(guarded(site, uuid) for uuid in uuids)
    assert results == {(200, None): 100}


@pytest.mark.parametrize("options", [("-k", "gevent"), ("-k", "gthread", "--threads=8")], ids=" ".join)
@pytest.mark.parametrize("name", ["SimpleCache", "MemcachedCache-pymemcache"])
def test_a_preloaded_worker_answers_simultaneous_first_requests(
    name: str, options: tuple[str, ...], settings_of: Callable[[str], dict[str, Any]], tmp_path: Path
) -> None:
    """The app is made before gevent patches locks; what opens the store and counts rates in memory stops no worker."""
    cache = {} if name == "SimpleCache" else settings_of(name)
    settings = {**cache, "CAPTCHA_RATE_LIMIT": "1000 per minute"}
    with gunicorn(tmp_path, app_call(settings), "--preload", *options, workers=1) as site:
        together = Barrier(8)

        def ask(_: int) -> int:
            together.wait(60)
            return site.ask("GET", "/captcha/web", timeout=20)[0]

        with ThreadPoolExecutor(8) as threads:
            statuses = [*threads.map(ask, range(8)), *threads.map(ask, range(8))]
        uuids = [issue(site) for _ in range(20)]
        results = Counter(guarded(site, uuid) for uuid in uuids)
    assert statuses == [200] * 16
    assert results == {(200, None): 20}


def test_four_workers_on_simple_cache_are_told(tmp_path: Path) -> None:
    """A cache that is private to each worker is answered 01007, and the log names the remedy."""
    with gunicorn(tmp_path, app_call({})) as site:
        answers = [site.ask("GET", "/captcha/web") for _ in range(20)]
        answers.append(site.ask("POST", "/guarded", {"uuid": "1" * 23, "code": KNOWN_ANSWER}))
        log = site.log()
    assert Counter((status, body["code"]) for status, body, _ in answers) == {(503, "01007"): 21}
    assert {headers["Retry-After"] for _, _, headers in answers} == {"5"}
    assert "set CACHE_TYPE to RedisCache, or FileSystemCache on a single host" in log
    assert 1 <= log.count("captchas cannot work") <= 4


def test_threads_of_one_worker_on_simple_cache_lose_nothing(tmp_path: Path) -> None:
    """One process with four threads needs no other cache."""
    with gunicorn(tmp_path, app_call({}), "--threads=4", workers=1) as site:
        uuids = [issue(site) for _ in range(100)]
        results = Counter(guarded(site, uuid) for uuid in uuids)
    assert results == {(200, None): 100}


@pytest.mark.parametrize("path", ["/captcha/web", "/guarded"])
@pytest.mark.parametrize(
    "rest",
    [
        b"Transfer-Encoding: chunked\r\n\r\nno number\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nff\r\ncut off",
        b'Content-Length: 500\r\n\r\n{"uuid": "cut off',
        b"Content-Length: 10000000\r\n\r\n" + b"[" * 60_000,
    ],
    ids=["bad-chunk", "cut-chunk", "cut-body", "too-large"],
)
def test_a_body_that_the_server_cannot_read(one_worker: Site, path: str, rest: bytes) -> None:
    """What gunicorn itself chokes on is answered in the envelope, and never by a 500."""
    with socket.create_connection(("127.0.0.1", one_worker.port), timeout=10) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
        connection.sendall(head.encode() + rest)
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(partial(connection.recv, 65536), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "01001"


def issue(site: Site) -> str:
    status, body, _ = site.ask("GET", "/captcha/web")
    assert status == 200, body
    return str(body["response"]["uuid"])


def guarded(site: Site, uuid: str) -> tuple[int, str | None]:
    status, body, _ = site.ask("POST", "/guarded", {"uuid": uuid, "code": KNOWN_ANSWER})
    return status, body.get("code")


def test_granian_is_not_believed_that_there_is_one_process(tmp_path: Path) -> None:
    """It says so with two workers too: a cache in memory is refused, and the remedy logged."""
    with granian(tmp_path, "tests.support.apps:default_app", workers=2) as site:
        status, answer, _ = site.ask("GET", "/captcha/web")
        assert (status, answer["code"]) == (503, "01007")
        wait_until(lambda: "set CAPTCHA_SINGLE_PROCESS" in site.log(), "the error")


def test_granian_with_one_worker_may_say_so(tmp_path: Path) -> None:
    """CAPTCHA_SINGLE_PROCESS is believed."""
    with granian(tmp_path, "tests.support.apps:single_process_app", workers=1) as site:
        assert guarded(site, issue(site)) == (200, None)
