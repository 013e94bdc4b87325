"""Exactly one pass for each captcha, however many ask at once, on every backend."""

import multiprocessing
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.pool import Pool
from multiprocessing.synchronize import Barrier
from typing import Any

import pytest
from flask import Flask

from flask_captcha_api import CaptchaApi, Outcome
from flask_captcha_api.state import current_state
from flask_captcha_api.testing import solve

from ..support.apps import KNOWN_ANSWER, known, make_app
from ..support.backends import SHARED, params

SOURCES: dict[str, dict[str, Any]] = {"web": {}, "device": {"work": 1_000, "work_alone": 1_000}}
CAPTCHAS = 200
PROCESSES = 4
THREADS = 8


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    """Start the processes once for all backends: each imports all that the tests do."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(PROCESSES * THREADS)
    with context.Pool(PROCESSES, initializer=_inherit, initargs=(barrier,)) as started:
        yield started


@pytest.mark.slow
@pytest.mark.parametrize("name", params(*SHARED, "CountingCache"))
def test_processes_and_threads_share_one_pass(
    name: str, settings_of: Callable[[str], dict[str, Any]], pool: Pool
) -> None:
    """Of 32 verifications at once, in 4 processes, one passes and 31 find the captcha gone, 200 times.

    Each of the ways that a captcha is issued in turn, and none of the four processes has issued any.
    """
    settings = {**settings_of(name), "CAPTCHA_SOURCES": SOURCES}
    texts = _issue(make_app(settings))
    outcomes = pool.starmap(_verify_all, [(settings, texts)] * PROCESSES, chunksize=1)
    counts = Counter(outcome for process in outcomes for outcome in process)
    passes = Counter(uuid for process in outcomes for uuid, outcome in process if outcome is Outcome.PASSED)

    assert passes == Counter(texts.keys())
    assert {outcome for _, outcome in counts} == {Outcome.PASSED, Outcome.GONE}


def test_threads_share_one_pass_on_the_embedded_default() -> None:
    """Of 16 threads on SimpleCache one passes, 200 times."""
    app = make_app({"CAPTCHA_SOURCES": SOURCES})
    _assert_one_pass_each(app, _issue(app))


def test_threads_share_one_pass_on_a_naive_custom_backend() -> None:
    """A custom backend whose add and delete are both not atomic is exact within a process."""
    app = make_app({"CACHE_TYPE": "tests.support.backends.NaiveCache", "CAPTCHA_SOURCES": SOURCES})
    _assert_one_pass_each(app, _issue(app))


def _assert_one_pass_each(app: Flask, texts: dict[str, str]) -> None:
    barrier = threading.Barrier(16)
    outcomes = _in_threads(16, lambda: _verify_each(app, texts, barrier))
    assert Counter(uuid for uuid, outcome in outcomes if outcome) == Counter(texts.keys())


def _issue(app: Flask) -> dict[str, str]:
    """Return the text that solves each captcha, by uuid: as many of each of ``WAYS``."""
    return dict(way(app) for way in WAYS * (CAPTCHAS // len(WAYS)))


def _issue_picture(app: Flask) -> tuple[str, str]:
    return _get(app, "/captcha/web")["uuid"], KNOWN_ANSWER


def _issue_work(app: Flask) -> tuple[str, str]:
    captcha = _get(app, "/captcha/device/work")
    return captcha["uuid"], solve(captcha["work"])


def _issue_both(app: Flask) -> tuple[str, str]:
    captcha = _get(app, "/captcha/device")
    return captcha["uuid"], f"{KNOWN_ANSWER}.{solve(captcha['work'])}"


def _issue_kept(app: Flask) -> tuple[str, str]:
    """Solve a captcha and return uuid and text of the one that takes its place."""
    with app.app_context():
        service = current_state().service
        kept = service.keep(service.verify(*_issue_picture(app)), 1)
    assert kept is not None
    return kept.uuid, kept.text


WAYS = [_issue_picture, _issue_work, _issue_both, _issue_kept]


def _get(app: Flask, path: str) -> dict[str, Any]:
    captcha: dict[str, Any] = app.test_client().get(path).get_json()["response"]
    return captcha


def _verify_each(app: Flask, texts: dict[str, str], barrier: Any) -> list[tuple[str, Outcome]]:
    captcha = CaptchaApi(kinds={"digits": known})
    outcomes = []
    with app.app_context():
        for uuid, text in texts.items():
            barrier.wait(60)
            outcomes.append((uuid, captcha.verify(uuid, text)))
    return outcomes


def _in_threads(count: int, verify: Callable[[], list[tuple[str, Outcome]]]) -> list[tuple[str, Outcome]]:
    outcomes: list[tuple[str, Outcome]] = []
    threads = [threading.Thread(target=lambda: outcomes.extend(verify())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


_barrier: Barrier


def _inherit(barrier: Barrier) -> None:
    """Keep what only inheritance can hand to a process."""
    global _barrier
    _barrier = barrier


def _verify_all(settings: dict[str, Any], texts: dict[str, str]) -> list[tuple[str, Outcome]]:
    app = make_app(settings)
    return _in_threads(THREADS, lambda: _verify_each(app, texts, _barrier))
