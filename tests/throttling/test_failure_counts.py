"""Captchas that are asked only after failures."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from flask_captcha_api import (
    CaptchaApi,
    CaptchaRejected,
    SetupError,
    fewer_failures_than,
    verify_captcha,
    verify_captcha_in_request,
)

from ..conftest import ANSWER
from ..support.backends import params, storage_uri
from ..support.servers import free_port

Issue = Callable[..., str]


@pytest.fixture
def failures_in(app: Flask) -> Callable[..., FlaskClient]:
    """Set up a login that asks for a captcha after two failures of an account; returns a client."""

    def set_up(**settings: Any) -> FlaskClient:
        app.config.update(settings)
        CaptchaApi(app)
        failures = fewer_failures_than(2, key=lambda: request.form["account"])

        @app.post("/login")
        @verify_captcha(unless=failures)
        def login() -> str:
            if request.form["password"] != "right":
                failures.add()
                return "wrong"
            failures.clear()
            return "in"

        return app.test_client()

    return set_up


def log_in(client: FlaskClient, account: str = "ann", *, password: str = "wrong", **fields: str) -> str:
    response = client.post("/login", data={"account": account, "password": password, **fields})
    return response.get_json()["code"] if response.is_json else response.text


def test_a_captcha_is_asked_after_so_many_failures(failures_in: Callable[..., FlaskClient], issue: Issue) -> None:
    """The third attempt needs one, that of another account does not, and success forgets the failures."""
    client = failures_in()
    assert [log_in(client) for _ in range(3)] == ["wrong", "wrong", "01001"]
    assert log_in(client, account="bob") == "wrong"
    assert log_in(client, password="right") == "01001"
    assert log_in(client, password="right", uuid=issue(), code=ANSWER) == "in"
    assert log_in(client, password="right") == "in"


def test_with_the_storage_down_the_captcha_is_asked(failures_in: Callable[..., FlaskClient], issue: Issue) -> None:
    """What cannot be told is no reason to skip it; counting goes on failing quietly."""
    client = failures_in(CAPTCHA_RATE_LIMIT_STORAGE=f"redis://127.0.0.1:{free_port()}")
    assert log_in(client) == "01001"
    assert log_in(client, uuid=issue(), code=ANSWER) == "wrong"


@pytest.mark.parametrize("storage", params("RedisCache", "MemcachedCache-pymemcache"))
def test_failures_at_the_same_moment_are_all_counted(
    app: Flask, monkeypatch: pytest.MonkeyPatch, settings_of: Callable[[str], dict[str, Any]], storage: str
) -> None:
    """One failure and thirty-two threads that fail together are 33, though all have read before any writes."""
    app.config["CAPTCHA_RATE_LIMIT_STORAGE"] = storage_uri(settings_of(storage))
    CaptchaApi(app)
    failures = fewer_failures_than(33, key=lambda: "ann")
    one_more = fewer_failures_than(34, key=lambda: "ann")
    counted_in: Any = app.extensions["captcha_api"].counters.get()._failures
    begun, read_by_all = threading.Barrier(32), threading.Barrier(32, timeout=20)
    read = counted_in.get

    def read_together(key: str) -> int:
        count: int = read(key)
        read_by_all.wait()
        return count

    def fail() -> None:
        with app.test_request_context():
            begun.wait()
            failures.add()

    with app.test_request_context():
        failures.add()
    with monkeypatch.context() as patched:
        patched.setattr(counted_in, "get", read_together)
        threads = [threading.Thread(target=fail) for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with app.test_request_context():
        assert (failures(), one_more()) == (False, True)
        failures.clear()
        assert failures()


def guard(app: Flask, path: str, view: Callable[[], str], unless: Callable[[], bool]) -> None:
    app.add_url_rule(path, path, verify_captcha(unless=unless)(view), methods=["POST"])


def is_asked(client: FlaskClient, path: str, **request: Any) -> bool:
    """Send a request without a captcha, and return whether one was asked."""
    return client.post(path, **request).status_code == 400


@pytest.mark.parametrize("limit", [1, 3])
@pytest.mark.parametrize("storage", params(None, "RedisCache", "RedisClusterCache", "MemcachedCache-pymemcache"))
def test_of_failures_at_the_same_moment_no_more_than_the_limit_get_through(
    app: Flask, settings_of: Callable[[str], dict[str, Any]], storage: str | None, limit: int
) -> None:
    """Of 32 wrong passwords that are let through or refused before any is counted as wrong."""
    if storage:
        app.config["CAPTCHA_RATE_LIMIT_STORAGE"] = storage_uri(settings_of(storage))
    CaptchaApi(app)
    account = f"{storage} {limit}"
    failures = fewer_failures_than(limit, key=lambda: account)
    decided = threading.Barrier(32, timeout=20)

    @app.errorhandler(CaptchaRejected)
    def refuse(rejected: CaptchaRejected) -> str:
        decided.wait()
        return "refused"

    def login() -> str:
        decided.wait()
        failures.add()
        return "wrong"

    guard(app, "/login", login, failures)
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: app.test_client().post("/login").text, range(32)))
    assert (answers.count("wrong"), answers.count("refused")) == (limit, 32 - limit)


def test_what_is_let_through_counts_once(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """Whether the view calls ``add`` never, once or twice; ``clear`` forgets it, and what is asked counts nothing."""
    failures = fewer_failures_than(3, key=lambda: "ann")
    after: dict[str, list[Callable[[], None]]] = {
        "/nothing": [],
        "/add": [failures.add],
        "/add-twice": [failures.add, failures.add],
        "/clear": [failures.clear],
        "/clear-and-add": [failures.clear, failures.add],
    }

    def login() -> str:
        for call in after[request.path]:
            call()
        return "done"

    for path in after:
        guard(app, path, login, failures)
    client = app.test_client()

    def asked(*paths: str) -> list[bool]:
        with app.test_request_context():
            failures.clear()
        return [is_asked(client, path) for path in paths]

    for path in ("/nothing", "/add", "/add-twice"):
        assert asked(*[path] * 5) == [False] * 3 + [True] * 2
    assert asked(*["/clear"] * 9) == [False] * 9
    assert asked("/add", "/add", "/clear", "/add", "/add", "/add", "/add") == [False] * 6 + [True]
    assert asked("/add", "/add", "/clear-and-add", "/add", "/add", "/add") == [False] * 5 + [True]
    # Whoever passes the captcha is counted by ``add``, as ever, and forgotten by ``clear``.
    assert asked(*["/add"] * 4)[-1]
    assert client.post("/add", json={"uuid": issue(), "code": ANSWER}).status_code == 200
    with app.test_request_context():
        assert [fewer_failures_than(most, key=lambda: "ann")() for most in (4, 5)] == [False, True]
    assert client.post("/clear", json={"uuid": issue(), "code": ANSWER}).status_code == 200
    assert not is_asked(client, "/add")


def test_refused_requests_are_not_counted(app: Flask, captcha: CaptchaApi) -> None:
    """However many are asked for a captcha, another limit on the same count is as far away as before."""
    guard(app, "/login", lambda: "wrong", fewer_failures_than(2, key=lambda: "ann"))
    assert [is_asked(app.test_client(), "/login") for _ in range(9)] == [False] * 2 + [True] * 7
    with app.test_request_context():
        assert fewer_failures_than(3, key=lambda: "ann")()


def test_a_look_in_a_view_counts_nothing(app: Flask, captcha: CaptchaApi) -> None:
    """A page may ask whether to show the field, and a view whether the next try needs it."""
    failures = fewer_failures_than(3, key=lambda: "ann")
    app.add_url_rule("/page", "page", lambda: str(failures()))

    def login() -> str:
        failures.add()
        return str(failures())

    guard(app, "/login", login, failures)
    client = app.test_client()
    assert {client.get("/page").text for _ in range(9)} == {"True"}
    assert [client.post("/login").text for _ in range(3)] == ["True", "True", "False"]
    assert client.get("/page").text == "False"


def test_several_counts_in_one_condition(app: Flask, captcha: CaptchaApi) -> None:
    """Each is counted once, in a view of its own asking too; counts with the same key are one."""
    of_account = fewer_failures_than(2, key=lambda: f"account {request.form['account']}")
    of_address = fewer_failures_than(3, key=lambda: f"address {request.remote_addr}")
    of_address_again = fewer_failures_than(9, key=lambda: f"address {request.remote_addr}")

    def login() -> str:
        verify_captcha_in_request(unless=lambda: of_account() and of_address() and of_address_again())
        of_account.add()
        of_address.add()
        return "wrong"

    guard(app, "/login", login, lambda: of_account() and of_address())
    client = app.test_client()
    asked = [is_asked(client, "/login", data={"account": account}) for account in ("ann", "ann", "ann", "bob", "cat")]
    assert asked == [False, False, True, False, True]


def test_an_async_key(app: Flask, captcha: CaptchaApi) -> None:
    """It is awaited in the guard, in a plain view and in an async one: each account has a count of its own."""

    async def account() -> str:
        await asyncio.sleep(0)
        return request.form["account"]

    failures = fewer_failures_than(2, key=account)

    async def login() -> str:
        failures.add()
        return str(failures())

    def forget() -> str:
        failures.clear()
        return "in"

    app.add_url_rule("/login", "login", verify_captcha(unless=failures)(login), methods=["POST"])
    app.add_url_rule("/forget", "forget", forget, methods=["POST"])
    client = app.test_client()

    def answers(*accounts: str) -> list[str]:
        responses = [client.post("/login", data={"account": account}) for account in accounts]
        return [str(response.status_code) if response.is_json else response.text for response in responses]

    assert answers("ann", "ann", "ann", "bob") == ["True", "False", "400", "True"]
    client.post("/forget", data={"account": "ann"})
    assert answers("ann") == ["True"]


def test_an_account_can_be_forgiven_outside_requests(app: Flask, captcha: CaptchaApi) -> None:
    """As a command of the app's may do."""
    failures = fewer_failures_than(1, key=lambda: "ann")
    guard(app, "/login", lambda: "wrong", failures)
    client = app.test_client()
    assert [is_asked(client, "/login") for _ in range(2)] == [False, True]
    with app.app_context():
        assert not failures()
        failures.clear()
        assert failures()
    assert not is_asked(client, "/login")


def test_requests_in_one_app_context_are_counted_apart(app: Flask, captcha: CaptchaApi) -> None:
    """Such as those of a test that holds one open around its client."""
    guard(app, "/login", lambda: "wrong", fewer_failures_than(2, key=lambda: "ann"))
    with app.app_context():
        assert [is_asked(app.test_client(), "/login") for _ in range(3)] == [False, False, True]


def test_a_count_is_no_condition() -> None:
    """Any object would be true, so that nobody would ever be asked: the error says what to write."""
    failures = fewer_failures_than(3, key=lambda: "ann")
    with pytest.raises(TypeError, match="call it, or pass it on as unless=failures"):
        bool(failures)


@pytest.mark.parametrize("key", ["account", None])
def test_a_key_that_is_no_function_is_refused(key: Any) -> None:
    """At once."""
    with pytest.raises(TypeError, match=f"key={key!r} must be a function without arguments"):
        fewer_failures_than(3, key=key)


def test_failures_that_memcached_would_not_count_are_an_error(app: Flask) -> None:
    """Beyond thirty days the count would stay at none: each use of it says so, and what to do."""
    app.config["CAPTCHA_RATE_LIMIT_STORAGE"] = f"memcached://127.0.0.1:{free_port()}"
    CaptchaApi(app)
    month = fewer_failures_than(3, key=lambda: "ann", seconds=2_592_000)
    too_long = fewer_failures_than(3, key=lambda: "ann", seconds=2_592_001)
    with app.test_request_context():
        assert not month()  # memcached does not run, so it cannot be told
        for use in (too_long, too_long.add, too_long.clear):
            with pytest.raises(SetupError, match=r"seconds=2592001, and memcached .* a CAPTCHA_RATE_LIMIT_STORAGE"):
                use()


def test_the_key_is_not_kept(app: Flask, captcha: CaptchaApi) -> None:
    """An account's name does not stand in the storage."""
    failures = fewer_failures_than(3, key=lambda: "ann@example.org")
    with app.test_request_context():
        failures.add()
        (key,) = app.extensions["captcha_api"].counters.get()._failures_in_memory._counts
    assert key.startswith("captcha_api/failures/")
    assert "ann" not in key


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 3, "seconds": 0}])
def test_a_limit_that_limits_nothing_is_refused(wrong: dict[str, int]) -> None:
    """Fewer than no failures are never there."""
    with pytest.raises(ValueError, match="must be at least 1"):
        fewer_failures_than(wrong.pop("limit"), key=lambda: "x", **wrong)
