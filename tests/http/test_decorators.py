"""The guard of a view: where it reads, what it lets through, and how an app sees it."""

import asyncio
import json
import re
import sys
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

import pytest
from flask import Blueprint, Flask, Response, abort, current_app, jsonify, request
from flask.testing import FlaskClient
from flask.views import MethodView
from flask_jwt_extended import JWTManager, create_access_token, jwt_required
from flask_wtf.csrf import CSRFProtect
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from flask_captcha_api import (
    CaptchaApi,
    CaptchaRejected,
    Outcome,
    SetupError,
    StoreUnavailable,
    fewer_failures_than,
    verify_captcha,
    verify_captcha_in_request,
)
from flask_captcha_api.testing import answers

from ..conftest import ANSWER
from ..support.backends import NaiveCache
from ..support.envelopes import envelope

Issue = Callable[..., str]
Json = dict[str, Any]

PASSED = {"passed": True}
REQUIRED = envelope("captcha_required")
WRONG = envelope("captcha_wrong")
GONE = envelope("captcha_gone")
SOURCE_UNKNOWN = envelope("source_unknown")
UNAVAILABLE = envelope("store_unavailable")
METHOD_NOT_ALLOWED = envelope("method_not_allowed")


def passed() -> Response:
    return jsonify(PASSED)


def set_up(app: Flask, step: Callable[[], object], *, comes_first: bool) -> None:
    """Let an app take a step of its own before or after CaptchaApi."""
    if comes_first:
        step()
    CaptchaApi(app)
    if not comes_first:
        step()


def guard(app: Flask, *names: str, **options: Any) -> FlaskClient:
    """Add a guarded view at ``/guarded`` that answers every method."""
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    app.add_url_rule("/guarded", view_func=verify_captcha(*names, **options)(passed), methods=methods)
    return app.test_client()


def fields(uuid: str, text: str = ANSWER) -> dict[str, str]:
    return {"uuid": uuid, "code": text}


def post(client: FlaskClient, uuid: str, text: str = ANSWER, **more: Any) -> TestResponse:
    return client.post("/guarded", json=fields(uuid, text), **more)


def told(response: TestResponse) -> tuple[int, Any]:
    return response.status_code, response.get_json()


def idle(content_type: str, sent: Json) -> Json:
    return {"method": "GET", "query_string": sent, "content_type": content_type}


#: How a request carries the fields, by where they are read from.
PLACES: dict[str, Callable[[Json], Json]] = {
    "JSON": lambda sent: {"method": "POST", "json": sent},
    "JSON with PUT": lambda sent: {"method": "PUT", "json": sent},
    "JSON with GET": lambda sent: {"method": "GET", "json": sent},
    "JSON of a vendor": lambda sent: {
        "method": "POST",
        "data": json.dumps(sent),
        "content_type": "application/vnd.api+json",
    },
    "form": lambda sent: {"method": "POST", "data": sent},
    "form with PATCH": lambda sent: {"method": "PATCH", "data": sent},
    "form with DELETE": lambda sent: {"method": "DELETE", "data": sent},
    "multipart": lambda sent: {"method": "POST", "data": sent, "content_type": "multipart/form-data"},
    "query with GET": lambda sent: {"method": "GET", "query_string": sent},
    "query with DELETE": lambda sent: {"method": "DELETE", "query_string": sent},
    "query with an idle JSON content type": lambda sent: idle("application/json", sent),
    "query with an idle form content type": lambda sent: idle("application/x-www-form-urlencoded", sent),
    "query with an idle text content type": lambda sent: idle("text/plain", sent),
}

#: Where nothing is read from.
ELSEWHERE: dict[str, Callable[[Json], Json]] = {
    "query with POST": lambda sent: {"method": "POST", "query_string": sent},
    "query beside JSON": lambda sent: {"method": "POST", "query_string": sent, "json": {}},
    "query beside JSON with GET": lambda sent: {"method": "GET", "query_string": sent, "json": {}},
    "query beside a form": lambda sent: {"method": "POST", "query_string": sent, "data": {"a": "b"}},
    "half in each": lambda sent: {
        "method": "GET",
        "query_string": {"code": sent["code"]},
        "json": {"uuid": sent["uuid"]},
    },
    "headers": lambda sent: {"method": "POST", "headers": sent},
    "headers of other views": lambda sent: {
        "method": "POST",
        "headers": {"Captcha-Uuid": sent["uuid"], "Captcha-Code": sent["code"]},
    },
    "cookies": lambda sent: {
        "method": "POST",
        "headers": {"Cookie": "; ".join(f"{name}={value}" for name, value in sent.items())},
    },
    "names of POST /captcha": lambda sent: {"method": "POST", "json": {"uuId": sent["uuid"], "text": sent["code"]}},
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_fields_are_read_from_one_place(
    app: Flask, captcha: CaptchaApi, issue: Issue, place: Callable[[Json], Json]
) -> None:
    """The captcha is found in the JSON, else in the form, else in the query of a method without body, and is spent."""
    client, uuid = guard(app), issue()
    assert told(client.open("/guarded", **place(fields(uuid)))) == (200, PASSED)
    assert told(client.open("/guarded", **place(fields(uuid)))) == (422, GONE)


@pytest.mark.parametrize("place", ELSEWHERE.values(), ids=ELSEWHERE)
def test_fields_are_read_from_nowhere_else(
    app: Flask, captcha: CaptchaApi, issue: Issue, place: Callable[[Json], Json]
) -> None:
    """A captcha in another place, or half in another, is none, and is not spent."""
    client, uuid = guard(app), issue()
    assert told(client.open("/guarded", **place(fields(uuid)))) == (400, REQUIRED)
    assert told(post(client, uuid)) == (200, PASSED)


@pytest.mark.parametrize("source", [[], "", "a b", ["login", "static"], "x" * 33], ids=str)
def test_a_source_that_cannot_be_a_name_is_told_at_once(source: Any) -> None:
    """A guard that no captcha could ever pass is a mistake, found when the view is decorated."""
    with pytest.raises(ValueError, match="must be None, the name of a source, or several names"):
        verify_captcha(source=source)


def test_a_prefix_with_a_variable_is_told_at_once(app: Flask) -> None:
    """The views take a source and nothing else."""
    with pytest.raises(ValueError, match="'/<tenant>/captcha' has a variable"):
        CaptchaApi(app, url_prefix="/<tenant>/captcha")


def test_fields_may_have_other_names(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """The names that are given are read and no others."""
    client, uuid = guard(app, "captchaId", "captchaText"), issue()
    assert told(post(client, uuid)) == (400, REQUIRED)
    assert told(client.post("/guarded", json={"captchaId": uuid, "captchaText": ANSWER})) == (200, PASSED)


def test_forgotten_parentheses_are_told() -> None:
    """A decorator without parentheses fails where it stands, and shows what to write."""
    with pytest.raises(TypeError, match=r"write @verify_captcha\('uuid', 'code'\)"):
        verify_captcha(passed)  # type: ignore[arg-type]


@pytest.mark.parametrize("source", ["login", ["login"], ("other", "login"), {"login"}], ids=repr)
def test_source_names_whose_captchas_count(
    app: Flask, captcha: CaptchaApi, issue: Issue, source: str | Collection[str]
) -> None:
    """A captcha of a source that is named passes; one of another is wrong, and spent."""
    client, other = guard(app, source=source), issue("logi")
    assert told(post(client, issue("login"))) == (200, PASSED)
    assert told(post(client, other)) == (422, WRONG)
    assert told(post(client, other)) == (422, GONE)


@pytest.mark.parametrize("source", ["signup", ["login", "signup"]], ids=repr)
def test_source_that_does_not_exist_is_a_mistake(app: Flask, source: str | Collection[str]) -> None:
    """A guard that names a source which is not configured raises."""
    app.config.update(CAPTCHA_SOURCES={"login": {}}, TESTING=True)
    CaptchaApi(app)
    client = guard(app, source=source)
    with pytest.raises(LookupError, match=r"there is no source 'signup': CAPTCHA_SOURCES has login$"):
        post(client, "1" * 23)


@pytest.mark.parametrize("setting", [{"kind": "letters"}, {"length": 6}], ids=repr)
def test_guard_of_every_source_is_warned_of_once(
    app: Flask, issue: Issue, caplog: pytest.LogCaptureFixture, setting: Json
) -> None:
    """Where one source is easier than another, a guard that names none is warned of, in the first request alone."""
    app.config["CAPTCHA_SOURCES"] = {"a": {}, "b": setting}
    CaptchaApi(app)
    client = guard(app)
    assert [told(post(client, issue(source))) for source in ("a", "b")] == [(200, PASSED)] * 2
    [record] = caplog.records
    assert (record.name, record.levelname) == ("flask_captcha_api", "WARNING")
    assert "CAPTCHA_SOURCES differ" in record.getMessage()
    assert "name the source" in record.getMessage()


@pytest.mark.parametrize(
    ("setting", "source"),
    [({"length": 6}, "a"), ({"length": 5, "ttl": 9, "width": 200}, None)],
    ids=["source named", "sources alike"],
)
def test_guard_is_not_warned_of_needlessly(
    app: Flask, issue: Issue, caplog: pytest.LogCaptureFixture, setting: Json, source: str | None
) -> None:
    """Nothing is logged where the source is named, nor where the sources ask alike."""
    app.config["CAPTCHA_SOURCES"] = {"a": {}, "b": setting}
    CaptchaApi(app)
    assert told(post(guard(app, source=source), issue("a"))) == (200, PASSED)
    assert caplog.records == []


@pytest.mark.parametrize("fault", [SetupError("a setting"), StoreUnavailable("a cache")], ids=str)
def test_an_unless_that_cannot_tell_is_an_outage(
    app: Flask, captcha: CaptchaApi, issue: Issue, fault: Exception
) -> None:
    """A fault behind ``unless`` lets nobody through, is told as the store's faults are, and spends no captcha."""

    def unless() -> bool:
        raise fault

    client, uuid = guard(app, unless=unless), issue()
    answer = client.post("/guarded", json={"uuid": uuid, "code": ANSWER})
    assert (answer.status_code, answer.get_json()) == (503, UNAVAILABLE)
    with app.app_context():
        assert captcha.verify(uuid, ANSWER)


def test_unless_lets_through_unverified(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """While ``unless`` says true the view runs and no captcha is spent; it is asked in each request."""
    client, uuid = guard(app, unless=lambda: "Trusted" in request.headers), issue()
    assert told(client.post("/guarded", headers={"Trusted": "yes"})) == (200, PASSED)
    assert told(post(client, uuid, headers={"Trusted": "yes"})) == (200, PASSED)
    assert told(client.post("/guarded")) == (400, REQUIRED)
    assert told(post(client, uuid)) == (200, PASSED)


@pytest.mark.parametrize("unless", [False, True, "no", []], ids=repr)
def test_an_unless_that_is_no_function_is_told_at_once(app: Flask, captcha: CaptchaApi, unless: Any) -> None:
    """When the view is decorated, not in the first request; the plain function tells it when it is called."""
    with pytest.raises(TypeError, match=re.escape(f"unless={unless!r} must be a function without arguments")):
        verify_captcha(unless=unless)
    with app.test_request_context(), pytest.raises(TypeError, match="must be a function without arguments"):
        verify_captcha_in_request(unless=unless)


class Saying:
    """A condition that is an object, sync or async."""

    def __init__(self, result: object) -> None:
        self.result = result

    def __call__(self) -> Any:
        return self.result


class SayingLater(Saying):
    async def __call__(self) -> Any:
        await asyncio.sleep(0)
        return self.result


def conditions(result: object) -> dict[str, Callable[[], Any]]:
    """Return functions in all forms that give a result."""
    later = SayingLater(result)

    async def waiting() -> Any:
        return await later()

    return {
        "function": lambda: result,
        "object": Saying(result),
        "async function": waiting,
        "async object": later,
        "async method": later.__call__,
        "partial": partial(waiting),
        "function that returns a coroutine": lambda: waiting(),
    }


#: The views behind a guard, and those that ask by themselves.
CONDITIONAL: dict[str, Callable[[Any], Callable[[], Any]]] = {
    "decorator": lambda unless: verify_captcha(unless=unless)(passed),
    "decorator of an async view": lambda unless: verify_captcha(unless=unless)(passed_async),
    "function": lambda unless: asking(unless),
    "function in an async view": lambda unless: asking_in_async(unless),
}


async def passed_async() -> Response:
    return passed()


def asking(unless: Any) -> Callable[[], Any]:
    def view() -> Response:
        verify_captcha_in_request(unless=unless)
        return passed()

    return view


def asking_in_async(unless: Any) -> Callable[[], Any]:
    async def view() -> Response:
        await asyncio.sleep(0)
        verify_captcha_in_request(unless=unless)
        return passed()

    return view


def conditional(app: Flask, view: Callable[[], Any]) -> FlaskClient:
    app.add_url_rule("/guarded", "guarded", view, methods=["POST"])
    return app.test_client()


@pytest.mark.parametrize("view", CONDITIONAL.values(), ids=CONDITIONAL)
@pytest.mark.parametrize("form", conditions(True))
def test_unless_may_be_sync_or_async(
    app: Flask, captcha: CaptchaApi, caplog: pytest.LogCaptureFixture, view: Callable[[Any], Any], form: str
) -> None:
    """It is awaited where it has to be, in async views too: what it gives counts, not that it gave something."""
    client = conditional(app, view(conditions(True)[form]))
    assert told(client.post("/guarded")) == (200, PASSED)
    asking = Flask("asking")
    asking.config["SECRET_KEY"] = "s"
    CaptchaApi(asking)
    client = conditional(asking, view(conditions(False)[form]))
    assert told(client.post("/guarded")) == (400, REQUIRED)
    assert caplog.records == []


@pytest.mark.parametrize("view", CONDITIONAL.values(), ids=CONDITIONAL)
def test_an_async_unless_knows_the_request(app: Flask, captcha: CaptchaApi, view: Callable[[Any], Any]) -> None:
    """Wherever it is run, ``request`` and ``current_app`` are those of the guarded view."""

    async def is_trusted() -> bool:
        await asyncio.sleep(0)
        return current_app.name == "app" and request.headers.get("Trusted") == "yes"

    client = conditional(app, view(is_trusted))
    assert told(client.post("/guarded", headers={"Trusted": "yes"})) == (200, PASSED)
    assert told(client.post("/guarded")) == (400, REQUIRED)


@pytest.mark.parametrize("result", [False, None, 0, "", [], {}], ids=repr)
def test_what_is_false_asks_without_a_word(
    app: Flask, captcha: CaptchaApi, caplog: pytest.LogCaptureFixture, result: object
) -> None:
    """It is what a function gives that has nothing to say."""
    assert told(guard(app, unless=lambda: result).post("/guarded")) == (400, REQUIRED)
    assert caplog.records == []


class Undecided:
    def __bool__(self) -> bool:
        raise ValueError("of several items")


@pytest.mark.parametrize(
    "result",
    [1, "yes", [False], object(), Undecided(), fewer_failures_than(3, key=lambda: "k")],
    ids=["1", "text", "list", "object", "undecided", "FailureCount"],
)
@pytest.mark.parametrize("form", conditions(True))
def test_what_is_neither_true_nor_false_asks_and_is_logged_once(
    app: Flask, captcha: CaptchaApi, issue: Issue, caplog: pytest.LogCaptureFixture, result: object, form: str
) -> None:
    """Only True lets through: anything else may be a mistake, such as a function that was not called."""
    client = guard(app, unless=conditions(result)[form])
    assert [told(client.post("/guarded")) for _ in range(3)] == [(400, REQUIRED)] * 3
    assert told(post(client, issue())) == (200, PASSED)
    [record] = caplog.records
    assert (record.name, record.levelname) == ("flask_captcha_api", "ERROR")
    assert f" returned {type(result).__name__}, and only True lets a request through" in record.getMessage()
    assert ": return True or False" in record.getMessage()


@pytest.mark.parametrize("view", CONDITIONAL.values(), ids=CONDITIONAL)
def test_an_unless_that_fails_lets_nobody_through(app: Flask, captcha: CaptchaApi, view: Callable[[Any], Any]) -> None:
    """Its error is the app's own, sync or async."""

    async def failing() -> bool:
        raise KeyError("account")

    app.testing = True
    with pytest.raises(KeyError, match="account"):
        conditional(app, view(failing)).post("/guarded")


def test_an_async_unless_without_the_extra_lets_nobody_through(
    app: Flask, captcha: CaptchaApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "asgiref.sync", None)
    app.testing = True
    with pytest.raises(RuntimeError, match="Install Flask with the 'async' extra"):
        guard(app, unless=SayingLater(True)).post("/guarded")


def run(number: int) -> Json:
    current_app.config["RUNS"].append(number)
    return PASSED


async def run_async(number: int) -> Json:
    return run(number)


def verify_and_run(number: int) -> Json:
    verify_captcha_in_request("uuid", "code")
    return run(number)


async def verify_and_run_async(number: int) -> Json:
    return verify_and_run(number)


class Methods(MethodView):
    @verify_captcha()
    def post(self, number: int) -> Json:
        return run(number)


class AsyncMethods(MethodView):
    @verify_captcha()
    async def post(self, number: int) -> Json:
        return run(number)


class Decorated(MethodView):
    decorators = [verify_captcha()]  # noqa: RUF012 - as Flask's documentation writes it

    def post(self, number: int) -> Json:
        return run(number)


class DecoratedAsync(MethodView):
    decorators = [verify_captcha()]  # noqa: RUF012

    async def post(self, number: int) -> Json:
        return run(number)


VIEWS: dict[str, Callable[..., Any]] = {
    "sync": verify_captcha()(run),
    "async": verify_captcha()(run_async),
    "function": verify_and_run,
    "function in async": verify_and_run_async,
    "method": Methods.as_view("methods"),
    "async method": AsyncMethods.as_view("methods"),
    "class": Decorated.as_view("methods"),
    "class with an async method": DecoratedAsync.as_view("methods"),
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("owner", [None, "auth"], ids=["app", "blueprint"])
def test_every_sort_of_view_is_guarded(
    app: Flask, captcha: CaptchaApi, issue: Issue, view: Callable[..., Any], owner: str | None
) -> None:
    """A view gets its arguments and answers when the captcha is passed, and does not run when it is not."""
    runs: list[int] = []
    app.config["RUNS"] = runs
    rules = Blueprint(owner, __name__) if owner else app
    rules.add_url_rule("/auth/<int:number>", "view", view, methods=["POST"])
    if isinstance(rules, Blueprint):
        app.register_blueprint(rules)
    client = app.test_client()
    assert told(client.post("/auth/7", json=fields(issue(), "00000"))) == (422, WRONG)
    assert runs == []
    assert told(client.post("/auth/7", json=fields(issue()))) == (200, PASSED)
    assert runs == [7]


def test_decorated_views_keep_their_names(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """Two guarded views live in one app, each under its own name."""

    @app.post("/one")
    @verify_captcha()
    def one() -> str:
        """Say one."""
        return "one"

    @app.post("/two")
    @verify_captcha()
    def two() -> str:
        return "two"

    client = app.test_client()
    assert [client.post(f"/{name}", json=fields(issue())).text for name in ("one", "two")] == ["one", "two"]
    assert (one.__name__, one.__doc__, {"one", "two"} <= set(app.view_functions)) == ("one", "Say one.", True)


def test_second_verification_in_a_request_finds_the_captcha_gone(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """A captcha passes one check of one request."""
    app.add_url_rule("/guarded", view_func=verify_captcha()(verify_captcha()(passed)), methods=["POST"])
    assert told(post(app.test_client(), issue())) == (422, GONE)


def test_token_is_asked_before_the_captcha(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """Under jwt_required, a request without a token gets the app's own answer and spends no captcha."""
    app.config["JWT_SECRET_KEY"] = "a key that is long enough for HS256"
    JWTManager(app)
    app.add_url_rule("/guarded", view_func=jwt_required()(verify_captcha()(passed)), methods=["POST"])
    with app.app_context():
        alice = {"Authorization": f"Bearer {create_access_token('alice')}"}
    client, uuid = app.test_client(), issue(headers=alice)
    assert told(post(client, uuid)) == (401, {"msg": "Missing Authorization Header"})
    assert told(client.post("/guarded", json={}, headers=alice)) == (400, REQUIRED)
    assert told(post(client, uuid, headers=alice)) == (200, PASSED)


@pytest.mark.parametrize("handled", [HTTPException, Exception, 422], ids=["HTTPException", "Exception", "422"])
@pytest.mark.parametrize("trap", [False, True], ids=["not trapping", "trapping"])
@pytest.mark.parametrize("comes_first", [True, False], ids=["before us", "after us"])
def test_generic_handlers_leave_us_alone(app: Flask, issue: Issue, handled: Any, trap: bool, comes_first: bool) -> None:
    """An app's handlers of wide classes and of a status get its own errors, not ours."""
    app.config["TRAP_HTTP_EXCEPTIONS"] = trap
    set_up(app, lambda: app.register_error_handler(handled, lambda error: "swallowed"), comes_first=comes_first)
    app.add_url_rule("/fails", view_func=lambda: abort(422))
    client = guard(app)
    assert client.get("/fails").text == "swallowed"
    assert told(post(client, issue(), "00000")) == (422, WRONG)
    assert told(client.post("/guarded")) == (400, REQUIRED)
    assert told(client.post("/captcha/web", json=fields("1" * 23))) == (422, GONE)
    assert told(client.get("/captcha/web/nothing")) == (404, SOURCE_UNKNOWN)
    assert told(client.put("/captcha/web")) == (405, METHOD_NOT_ALLOWED)


@pytest.mark.parametrize("comes_first", [True, False], ids=["before us", "after us"])
def test_app_may_answer_a_rejection_itself(app: Flask, issue: Issue, comes_first: bool) -> None:
    """An app's handler for CaptchaRejected gets the outcome and the envelope, and its answer is what counts."""

    def answer(rejected: CaptchaRejected) -> tuple[Json, int]:
        assert isinstance(rejected.response, Response)
        return {"outcome": str(rejected.outcome), "envelope": rejected.response.get_json()}, 418

    set_up(app, lambda: app.register_error_handler(CaptchaRejected, answer), comes_first=comes_first)
    client, uuid = guard(app), issue()
    assert told(client.post("/guarded")) == (418, {"outcome": "Outcome.MALFORMED", "envelope": REQUIRED})
    assert told(post(client, uuid, "00000")) == (418, {"outcome": "Outcome.WRONG", "envelope": WRONG})
    assert told(post(client, uuid)) == (418, {"outcome": "Outcome.GONE", "envelope": GONE})


@pytest.mark.parametrize(
    ("text", "status", "outcome"),
    [("", 400, Outcome.MALFORMED), ("00000", 422, Outcome.WRONG)],
)
def test_rejection_knows_its_status(
    app: Flask, captcha: CaptchaApi, issue: Issue, text: str, status: int, outcome: Outcome
) -> None:
    """The status stands on the instance, not on the class, where Flask would file the handler under it."""
    with app.test_request_context(json=fields(issue(), text), method="POST"), pytest.raises(CaptchaRejected) as caught:
        verify_captcha_in_request()
    assert (CaptchaRejected.code, caught.value.code, caught.value.outcome) == (None, status, outcome)
    assert caught.value.get_response().status_code == status


class DownCache(NaiveCache):
    """A cache whose server went away after the captcha was issued."""

    def get(self, key: str) -> Any:
        raise ConnectionError("refused")


def test_outage_is_told_and_has_no_outcome(app: Flask, issue: Issue) -> None:
    """While the store fails the view does not run: 503 with Retry-After, and no outcome for a handler."""
    app.config["CACHE_TYPE"] = f"{__name__}.DownCache"
    CaptchaApi(app)
    client, uuid = guard(app), issue()
    response = post(client, uuid)
    assert (*told(response), "Retry-After" in response.headers) == (503, UNAVAILABLE, True)
    with app.test_request_context(json=fields(uuid), method="POST"), pytest.raises(CaptchaRejected) as caught:
        verify_captcha_in_request()
    assert (caught.value.code, caught.value.outcome) == (503, None)


MOUNTS: dict[str, tuple[str, str]] = {
    "prefix": ("http://example.test/api/captcha", "http://example.test/api/x"),
    "nested": ("http://example.test/parent/captcha", "http://example.test/parent/x"),
    "subdomain": ("http://api.example.test/captcha", "http://example.test/captcha/web"),
}


def mount(app: Flask, way: str) -> None:
    blueprint = CaptchaApi(url_prefix=None).init_app(app)
    if way == "prefix":
        app.register_blueprint(blueprint, url_prefix="/api/captcha")
    elif way == "nested":
        parent = Blueprint("parent", __name__, url_prefix="/parent")
        parent.register_blueprint(blueprint)
        app.register_blueprint(parent)
    else:
        app.register_blueprint(blueprint, subdomain="api")


@pytest.mark.parametrize("protected", [False, True], ids=["", "CSRFProtect"])
@pytest.mark.parametrize("way", MOUNTS)
def test_app_may_mount_the_blueprint_itself(way: str, protected: bool) -> None:
    """Wherever the app mounts it, the blueprint answers there, its errors too, and nowhere else."""
    app = Flask("app", subdomain_matching=True)
    app.config.update(SECRET_KEY="a secret of the tests", SERVER_NAME="example.test")
    if protected:
        CSRFProtect(app)
    mount(app, way)
    (base, beside), client = MOUNTS[way], app.test_client()
    with answers(app, ANSWER):
        uuid = client.get(f"{base}/web").get_json()["response"]["uuid"]
    assert told(client.post(f"{base}/web", json=fields(uuid, "00000"))) == (422, WRONG)
    assert told(client.post(f"{base}/web", json=fields(uuid))) == (422, GONE)
    assert told(client.get(f"{base}/a.b")) == (404, SOURCE_UNKNOWN)
    assert told(client.get(f"{base}/web/nothing")) == (404, SOURCE_UNKNOWN)
    assert told(client.put(f"{base}/web")) == (405, METHOD_NOT_ALLOWED)
    for other in (beside, f"{base}x/web"):
        response = client.get(other)
        assert (response.status_code, response.mimetype) == (404, "text/html")


@pytest.mark.parametrize("comes_first", [True, False], ids=["before us", "after us"])
def test_csrf_protection_spares_our_routes_alone(app: Flask, issue: Issue, comes_first: bool) -> None:
    """Under CSRFProtect our POST needs no CSRF token, and the app's guarded route does, spending nothing."""
    set_up(app, lambda: CSRFProtect(app), comes_first=comes_first)
    client = guard(app)
    assert told(client.post("/captcha/web", json=fields("1" * 23))) == (422, GONE)
    uuid = issue()
    refused = post(client, uuid)
    assert (refused.status_code, "CSRF token is missing" in refused.text) == (400, True)
    assert client.post("/captcha/web", json=fields(uuid)).status_code == 200


def test_options_of_a_guarded_view_is_flasks(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """OPTIONS asks for no captcha and spends none."""
    client, uuid = guard(app), issue()
    response = client.options("/guarded", query_string=fields(uuid))
    assert (response.status_code, response.data, "POST" in response.headers["Allow"]) == (200, b"", True)
    assert told(post(client, uuid)) == (200, PASSED)


def test_head_of_a_guarded_view_is_guarded(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """HEAD is a GET without an answer: it needs a captcha in the query, and spends it."""
    client, uuid = guard(app), issue()
    without = client.head("/guarded")
    assert (without.status_code, without.data, without.headers["Cache-Control"]) == (400, b"", "no-store")
    assert client.head("/guarded", query_string=fields(uuid)).status_code == 200
    assert told(client.get("/guarded", query_string=fields(uuid))) == (422, GONE)


def test_an_unknown_source_is_reported_although_no_captcha_is_needed(app: Flask) -> None:
    """A misspelt source is found by the first request, not by the first visitor who needs a captcha."""
    app.config["CAPTCHA_SOURCES"] = {"login": {}}
    CaptchaApi(app)
    with app.test_request_context(method="POST"), pytest.raises(LookupError, match="lgoin"):
        verify_captcha_in_request(source="lgoin", unless=lambda: True)
