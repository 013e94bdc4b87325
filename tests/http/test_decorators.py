"""The guard of a view: where it reads, and which views it guards."""

import json
from collections.abc import Callable, Collection
from typing import Any

import pytest
from flask import Blueprint, Flask, current_app
from flask.views import MethodView
from flask_jwt_extended import JWTManager, create_access_token, jwt_required

from flask_captcha_api import (
    CaptchaApi,
    verify_captcha,
    verify_captcha_in_request,
)

from ..conftest import ANSWER
from ..support.http.envelopes import envelope
from ..support.http.protected import PASSED, fields, guard, passed, post, told

Issue = Callable[..., str]
Json = dict[str, Any]

REQUIRED = envelope("captcha_required")
WRONG = envelope("captcha_wrong")
GONE = envelope("captcha_gone")


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


def test_a_list_of_sources_that_is_emptied_later_accepts_no_others(
    app: Flask, captcha: CaptchaApi, issue: Issue
) -> None:
    """The guard keeps the names that it was given."""
    names = ["login"]
    client = guard(app, source=names)
    names.clear()
    assert told(post(client, issue("logi"))) == (422, WRONG)
    assert told(post(client, issue("login"))) == (200, PASSED)


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
