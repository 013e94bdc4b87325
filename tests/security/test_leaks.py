"""Where an answer could leak to: logs, tracebacks, pickles, the store, the wire to it, and the eyes of a debugger."""

import base64
import logging
import pickle
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from flask_jwt_extended import JWTManager, create_access_token

from flask_captcha_api import CaptchaApi, Challenge, Outcome, StoreUnavailable, verify_captcha
from flask_captcha_api.state import current_state
from flask_captcha_api.storage.digests import digest_of
from flask_captcha_api.testing import answers, solve

from ..support.backends import NaiveCache, params
from ..support.gunicorn import gunicorn

#: Letters, unlike digits, are in no time stamp and no process id.
ANSWER = "WZKXQJVP"
WRONG_TEXT = "HHHHHHHH"
SECRET = "a secret of the tests that is long enough"
#: "device" lets the device work, instead of reading and besides.
SOURCES: dict[str, dict[str, Any]] = {"web": {}, "device": {"work": 1_000, "work_alone": 1_000}}

Issue = Callable[..., str]


def holds(text: bytes | str, answer: str = ANSWER) -> bool:
    """Tell whether an answer can be read out of a text, in either case and in the encodings that programs write."""
    found = (text.encode("utf-8", "replace") if isinstance(text, str) else text).lower()
    spellings = [
        answer.encode(),
        answer.lower().encode(),
        answer.encode("utf-16-le"),
        answer.lower().encode("utf-16-le"),
    ]
    encoded = [base64.b64encode(each).rstrip(b"=") for each in spellings] + [each.hex().encode() for each in spellings]
    return any(each.lower() in found for each in spellings + encoded)


def test_a_leak_would_be_found() -> None:
    """The tests below can fail: an answer is recognised as it is, folded, in base64, in hexadecimal and in a pickle."""
    for text in (ANSWER, ANSWER.lower(), f"text={ANSWER!r}", base64.b64encode(ANSWER.encode()), ANSWER.encode().hex()):
        assert holds(text)
    assert holds(pickle.dumps({"answer": ANSWER}))
    assert not holds("W Z K X Q J V P")


@pytest.fixture
def issue(app: Flask) -> Issue:
    def issue_known(path: str = "/captcha/web", **request: Any) -> str:
        with answers(app, ANSWER):
            response = app.test_client().get(path, **request)
        assert response.status_code == 200, response.text
        return str(response.get_json()["response"]["uuid"])

    return issue_known


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Record what every library says at DEBUG."""
    with caplog.at_level(logging.DEBUG):
        yield caplog


def guard(app: Flask) -> FlaskClient:
    app.add_url_rule("/guarded", view_func=verify_captcha()(lambda: "in"), methods=["POST"])
    return app.test_client()


def fields(uuid: str, text: str = ANSWER) -> dict[str, str]:
    return {"uuid": uuid, "code": text}


def solved(app: Flask, path: str) -> tuple[dict[str, str], str]:
    """Issue a captcha with work; returns the fields that solve it, and its solution."""
    with answers(app, ANSWER):
        captcha = app.test_client().get(path).get_json()["response"]
    solution = solve(captcha["work"])
    return fields(captcha["uuid"], solution if path.endswith("/device/work") else f"{ANSWER}.{solution}"), solution


@pytest.mark.parametrize("name", params("RedisCache", "FileSystemCache", "MemcachedCache-pylibmc"))
def test_logs_at_debug(
    app: Flask,
    issue: Issue,
    everything_logged: pytest.LogCaptureFixture,
    settings_of: Callable[[str], dict[str, Any]],
    name: str,
) -> None:
    """Over a captcha's whole life no library logs its answer, nor what is typed, whatever becomes of it."""
    app.config.update(settings_of(name), JWT_SECRET_KEY=SECRET, PROPAGATE_EXCEPTIONS=False, CAPTCHA_SOURCES=SOURCES)
    JWTManager(app)
    CaptchaApi(app)
    client = guard(app)
    with app.app_context():
        alice = {"Authorization": f"Bearer {create_access_token('alice')}"}
    issue("/captcha/web/audio?lang=en")
    assert client.post("/guarded", json=fields(issue(headers=alice)), headers=alice).status_code == 200
    assert client.post("/guarded", data=fields(issue(), WRONG_TEXT)).status_code == 422
    assert client.post("/guarded", json=fields(issue(), f"{ANSWER}\0")).status_code == 400
    assert client.post("/captcha/web", json=fields(issue())).status_code == 200
    solutions = []
    for path in ("/captcha/device/work", "/captcha/device", "/captcha/device/audio"):
        for status, ending in ((200, ""), (422, "f"), (400, "\n")):
            sent, solution = solved(app, path)
            solutions.append(solution)
            assert client.post("/guarded", json=fields(sent["uuid"], sent["code"] + ending)).status_code == status
    logging.getLogger("app").debug("the last word")
    assert "the last word" in everything_logged.text
    for text in (ANSWER, WRONG_TEXT, *solutions):
        assert not holds(everything_logged.text, text)


def make_known_app(settings: dict[str, Any]) -> Flask:
    """Make an app for another process, with a guarded route."""
    app = Flask("known")
    app.config.update(SECRET_KEY=SECRET, CAPTCHA_SOURCES=SOURCES, **settings)
    CaptchaApi(app, kinds={"digits": lambda length: Challenge(ANSWER, ANSWER)})
    guard(app)
    return app


@pytest.mark.server
def test_logs_of_a_server(tmp_path: Path) -> None:
    """Neither gunicorn's access log nor its log at DEBUG holds an answer, for whom it was right and for whom not."""
    options = ("--log-level=debug", "--access-logfile=-", "--capture-output")
    with gunicorn(tmp_path, "tests.security.test_leaks:make_known_app({})", *options, workers=1) as site:
        for text in (ANSWER, WRONG_TEXT):
            uuid = site.ask("GET", "/captcha/web")[1]["response"]["uuid"]
            status, *_ = site.ask("POST", "/captcha/web", fields(uuid, text))
            assert status == {ANSWER: 200, WRONG_TEXT: 422}[text]
        captcha = site.ask("GET", "/captcha/device/work")[1]["response"]
        solution = solve(captcha["work"])
        assert site.ask("POST", "/captcha/device", fields(captcha["uuid"], solution))[0] == 200
        log = site.log()
    assert log.count("POST /captcha/w") >= 3
    for text in (ANSWER, WRONG_TEXT, solution):
        assert not holds(log, text)


class BrokenCache(NaiveCache):
    """A cache whose server goes away when the test says so."""

    broken = False

    def set(self, key: str, value: Any, timeout: Any = None) -> bool:
        if self.broken:
            raise ConnectionError("refused")
        return super().set(key, value, timeout)

    def get(self, key: str) -> Any:
        if self.broken:
            raise ConnectionError("refused")
        return super().get(key)


@pytest.fixture
def broken(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Set the app up on a cache that can be broken; returns what breaks it."""
    app.config.update(CACHE_TYPE=f"{__name__}.BrokenCache", CAPTCHA_SOURCES=SOURCES)
    CaptchaApi(app)
    with app.app_context():
        app.extensions["captcha_api"].store.get()
    return lambda: monkeypatch.setattr(BrokenCache, "broken", True)


def seen_by_a_debugger(error: BaseException) -> str:
    """Return a traceback with the variables of every frame, as error trackers collect it."""
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


def test_traceback_of_a_captcha_that_was_not_kept(app: Flask, broken: Callable[[], None]) -> None:
    """Where the store fails, the answer is in no variable of any frame any more: it is a digest by then."""
    broken()
    with app.app_context(), answers(app, ANSWER), pytest.raises(StoreUnavailable) as caught:
        CaptchaApi().issue("web")
    seen = seen_by_a_debugger(caught.value)
    assert "challenge = Challenge()" in seen
    assert not holds(seen)


@pytest.mark.parametrize("form", ["work", "image"])
def test_traceback_of_work_that_was_not_kept(app: Flask, broken: Callable[[], None], form: str) -> None:
    """The solution is in no variable either."""
    broken()
    with app.app_context(), pytest.raises(StoreUnavailable) as caught:
        CaptchaApi().issue("device", form=form)
    seen = seen_by_a_debugger(caught.value)
    puzzle = next(frame.f_locals["puzzle"] for frame, _ in traceback.walk_tb(caught.tb) if "puzzle" in frame.f_locals)
    assert f"base={puzzle.base}" in seen
    assert not holds(seen, puzzle.solution)


def test_traceback_of_a_captcha_that_could_not_be_kept(
    app: Flask, captcha: CaptchaApi, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer that is made for the form is in no variable either."""
    made: list[str] = []

    def note_and_digest(key: bytes, terms: str, uuid: str, identity: Any, answer: str) -> str:
        made.append(answer)
        return digest_of(key, terms, uuid, identity, answer)

    def fail(*_: Any) -> None:
        raise StoreUnavailable("refused")

    uuid = issue()
    monkeypatch.setattr("flask_captcha_api.service.digest_of", note_and_digest)
    monkeypatch.setattr("flask_captcha_api.storage.answers.AnswerStore.put", fail)
    with app.app_context():
        verification = current_state().service.verify(uuid, ANSWER)
        with pytest.raises(StoreUnavailable) as caught:
            current_state().service.keep(verification, 1)
    seen = seen_by_a_debugger(caught.value)
    assert "challenge = Challenge()" in seen
    assert not holds(seen.replace(repr(made), ""), made[0])


def test_traceback_of_a_rendering(
    app: Flask, captcha: CaptchaApi, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A renderer has the prompt in a variable. If it fails nothing has been issued, and the log shows no variables."""
    monkeypatch.setattr("flask_captcha_api.rendering.draw", lambda *args, **settings: 1 / 0)
    monkeypatch.setattr("flask_captcha_api.storage.answers.AnswerStore.put", lambda *args: pytest.fail("it was issued"))
    with answers(app, ANSWER):
        assert app.test_client().get("/captcha/web").get_json()["code"] == "01007"
    assert "ZeroDivisionError" in caplog.text
    assert not holds(caplog.text)


def test_outage_during_a_verification_leaves_no_traceback(
    app: Flask, broken: Callable[[], None], issue: Issue, everything_logged: pytest.LogCaptureFixture
) -> None:
    """What was typed is not logged with the outage: it is told in one line, without frames."""
    client, uuid = guard(app), issue()
    broken()
    assert client.post("/guarded", json=fields(uuid)).status_code == 503
    assert "the captcha store is unavailable: ConnectionError" in everything_logged.text
    assert [record for record in everything_logged.records if record.exc_info] == []
    assert not holds(everything_logged.text)


def test_what_is_shown_of_our_objects(app: Flask) -> None:
    """In a shell or a debugger, neither the captcha nor the app's state nor a challenge shows answer or key."""
    app.config["CAPTCHA_SOURCES"] = SOURCES
    captcha = CaptchaApi(app)
    with app.app_context(), answers(app, ANSWER):
        worked = captcha.issue("device", form="work")
        assert worked.work
        assert not holds(repr(worked), solve(worked.work))
        shown = [repr(Challenge(ANSWER, ANSWER)), repr(captcha.issue("web")), repr(app.extensions["captcha_api"])]
        keys = app.extensions["captcha_api"].keys
    assert "keys" not in shown[2]
    for each in shown:
        assert not holds(each)
        assert not any(repr(key) in each or key.hex() in each for key in keys)


def test_pickles_on_the_disk(app: Flask, issue: Issue, tmp_path: Path) -> None:
    """What Flask-Caching pickles into files is the source and a digest: no answer, no prompt, no identity."""
    app.config.update(CACHE_TYPE="FileSystemCache", CACHE_DIR=str(tmp_path), CACHE_THRESHOLD=0)
    captcha = CaptchaApi(app)
    uuid = issue()
    with app.app_context(), answers(app, ANSWER):
        captcha.issue("web", identity="alice@example.test")
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    assert sum(b"web " in each for each in files) == 2
    assert not any(holds(each) or b"alice" in each for each in files)
    with app.app_context():
        assert captcha.verify(uuid, ANSWER) is Outcome.PASSED


def test_pickle_of_a_captcha(app: Flask, captcha: CaptchaApi) -> None:
    """A Captcha that an app keeps for itself, in a session or a queue, has no answer to give away."""
    with app.app_context(), answers(app, ANSWER):
        assert not holds(pickle.dumps(captcha.issue("web")))


@pytest.mark.server
def test_redis_monitor(app: Flask, issue: Issue, settings_of: Callable[[str], dict[str, Any]]) -> None:
    """Whoever watches Redis with MONITOR sees uuids and digests go by, no answer and nothing that is typed."""
    app.config.update(settings_of("RedisCache"), CAPTCHA_SOURCES=SOURCES)
    CaptchaApi(app)
    client = guard(app)
    direct: Any = redis.Redis(port=app.config["CACHE_REDIS_PORT"])
    with closing(direct), direct.monitor() as watcher:
        passed, failed = issue(), issue()
        assert client.post("/guarded", json=fields(passed)).status_code == 200
        assert client.post("/guarded", json=fields(failed, WRONG_TEXT)).status_code == 422
        worked, solution = solved(app, "/captcha/device/work")
        assert client.post("/guarded", json=worked).status_code == 200
        direct.echo("the end")
        seen = ""
        while "the end" not in seen:
            seen += f"{watcher.next_command()['command']}\n"
    for uuid in (passed, failed, worked["uuid"]):
        assert seen.count(uuid) >= 3, "set, read and removed"
    assert "web " in seen
    for text in (ANSWER, WRONG_TEXT, solution):
        assert not holds(seen, text)
