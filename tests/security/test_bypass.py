"""Ways round a guard: what an attacker tries with a captcha that is spent, foreign or none, and where that leads."""

import pickle
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, Response, jsonify
from flask.testing import FlaskClient
from flask_caching import Cache
from werkzeug.test import TestResponse

from flask_captcha_api import CaptchaApi, CaptchaRejected, verify_captcha, verify_captcha_in_request
from flask_captcha_api.testing import answers

from ..conftest import ANSWER
from ..support.apps import KNOWN_ANSWER
from ..support.backends import params
from ..support.gunicorn import Site, gunicorn

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Issue = Callable[..., str]
Json = dict[str, Any]

#: What a client is told, by HTTP status and code; a view of the app's own has no code.
REQUIRED, WRONG, GONE, UNKNOWN = (400, "01001"), (422, "01002"), (422, "01003"), (404, "01004")
PASSED = (200, None)


def told(response: TestResponse) -> tuple[int, Any]:
    return response.status_code, (response.get_json(silent=True) or {}).get("code")


def fields(uuid: str, text: str = ANSWER) -> dict[str, str]:
    return {"uuid": uuid, "code": text}


class Vault:
    """A view that notes when it is reached."""

    def __init__(self) -> None:
        self.visits = 0
        self.__name__ = "vault"

    def __call__(self) -> Response:
        self.visits += 1
        return jsonify(open=True)


@pytest.fixture
def vault() -> Vault:
    return Vault()


@pytest.fixture
def guarded(app: Flask, captcha: CaptchaApi, vault: Vault) -> FlaskClient:
    """Guard the vault at ``/guarded``, for every method, and at ``/other``."""
    view = verify_captcha()(vault)
    app.add_url_rule("/guarded", "guarded", view, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
    app.add_url_rule("/other", "other", view, methods=["POST"])
    return app.test_client()


# Reuse


@pytest.mark.parametrize("first", ["/captcha/web", "/guarded", "/other"])
@pytest.mark.parametrize("second", ["/captcha/web", "/guarded", "/other"])
def test_a_captcha_solved_in_one_place_is_spent_in_all(
    guarded: FlaskClient, issue: Issue, first: str, second: str
) -> None:
    """Whichever route a captcha has passed, none lets it through again."""
    uuid = issue()
    assert guarded.post(first, json=fields(uuid)).status_code == 200
    assert told(guarded.post(second, json=fields(uuid))) == GONE


@pytest.mark.parametrize("first", ["/captcha/web", "/guarded"])
@pytest.mark.parametrize("second", ["/captcha/web", "/guarded"])
def test_a_wrong_guess_in_one_place_is_the_only_one(
    guarded: FlaskClient, issue: Issue, first: str, second: str
) -> None:
    """A guess on the open route cannot be used to try out what the guarded one will say."""
    uuid = issue()
    assert told(guarded.post(first, json=fields(uuid, "00000"))) == WRONG
    assert told(guarded.post(second, json=fields(uuid))) == GONE


@pytest.mark.slow
def test_captchas_of_one_millisecond_are_each_their_own(
    guarded: FlaskClient, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Issued at the same instant, 100 captchas have 100 uuids, which differ in the part that nobody can guess."""
    monkeypatch.setattr("flask_captcha_api.service.time.time_ns", lambda: 1_700_000_000_000_000_000)
    uuids = [issue() for _ in range(100)]
    assert {uuid[:13] for uuid in uuids} == {"1700000000000"}
    assert len({uuid[13:] for uuid in uuids}) == 100
    assert [told(guarded.post("/guarded", json=fields(uuid))) for uuid in uuids] == [PASSED] * 100
    assert [told(guarded.post("/guarded", json=fields(uuid))) for uuid in uuids] == [GONE] * 100


# Captchas that are not, or not for this


@pytest.mark.parametrize("ahead", [1, 86_400, 10**9])
@pytest.mark.parametrize("name", params("SimpleCache", "FileSystemCache", "RedisCache", "MemcachedCache-pylibmc"))
def test_a_uuid_of_the_future_is_gone_and_stays_free(
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
    settings_of: Callable[[str], dict[str, Any]],
    name: str,
    ahead: int,
) -> None:
    """A uuid that is yet to be issued passes nothing, and asking for it takes nothing from whoever gets it."""
    app.config.update({} if name == "SimpleCache" else settings_of(name))
    captcha = CaptchaApi(app)
    uuid = f"{int(time.time() + ahead) * 1000:013d}0123456789"
    client = app.test_client()
    assert told(client.post("/captcha/web", json=fields(uuid))) == GONE
    monkeypatch.setattr("flask_captcha_api.service.new_uuid", lambda: uuid)
    with app.app_context(), answers(app, ANSWER):
        assert captcha.issue("web").uuid == uuid
    assert client.post("/captcha/web", json=fields(uuid)).status_code == 200


@pytest.mark.parametrize(
    ("other", "outcome"),
    [
        ({"SECRET_KEY": "another"}, GONE),
        ({"CAPTCHA_SOURCES": {"login": {}}}, GONE),
        ({"CAPTCHA_SOURCES": {"web": {}, "login": {}}}, PASSED),
    ],
    ids=["another secret key", "no such source there", "the same"],
)
def test_a_captcha_of_another_app_on_the_same_store(tmp_path: Path, other: Json, outcome: tuple[int, Any]) -> None:
    """It passes only where the app has the same SECRET_KEY and the source: what one store holds is not one site's."""
    shared = {"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": str(tmp_path), "CACHE_THRESHOLD": 0, "SECRET_KEY": "one"}

    def site(**settings: Any) -> Flask:
        app = Flask("site")
        app.config.update(shared, **settings)
        CaptchaApi(app)
        app.add_url_rule("/guarded", view_func=verify_captcha()(Vault()), methods=["POST"])
        return app

    home = site()
    with answers(home, ANSWER):
        uuid = home.test_client().get("/captcha/web").get_json()["response"]["uuid"]
    assert told(site(**other).test_client().post("/guarded", json=fields(uuid))) == outcome


def test_the_case_of_a_source_counts(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """Where any name is a source, ``Web`` is another one than ``web``."""
    app.add_url_rule("/guarded", view_func=verify_captcha(source="web")(Vault()), methods=["POST"])
    assert told(app.test_client().post("/guarded", json=fields(issue("Web")))) == WRONG
    assert told(app.test_client().post("/captcha/WEB", json=fields(issue("web")))) == WRONG


def test_an_anonymous_captcha_is_bound_to_no_client(guarded: FlaskClient, issue: Issue) -> None:
    """Not promised: without a token, whoever has uuid and text may use them from anywhere, once."""
    uuid = issue(environ_base={"REMOTE_ADDR": "192.0.2.1"}, headers={"User-Agent": "one", "Cookie": "session=1"})
    elsewhere = {"environ_base": {"REMOTE_ADDR": "198.51.100.7"}, "headers": {"User-Agent": "another"}}
    assert told(guarded.post("/guarded", json=fields(uuid), **elsewhere)) == PASSED


LETTERS = "CFHK"
#: What may be typed instead of the answer, and whether it is the same to Unicode.
LOOK_ALIKES = {
    "full-width digits": (ANSWER, "４０７１８", True),
    "circled digits": (ANSWER, "④⓪⑦①⑧", True),
    "superscript digits": (ANSWER, "⁴⁰⁷¹⁸", True),
    "blanks of all widths": (ANSWER, "4\u00a00\u20077\u30001 8", True),
    "mathematical letters": (LETTERS, "𝐂𝐅𝐇𝐊", True),
    "Kelvin sign": (LETTERS, "cfh\u212a", True),
    "Arabic digits": (ANSWER, "٤٠٧١٨", True),
    "Devanagari digits": (ANSWER, "४०७१८", True),
    "Chinese numerals": (ANSWER, "四零七一八", False),
    "letters for digits": (ANSWER, "4O7l8", False),
    "Cyrillic letters": (LETTERS, "СFНК", False),
    "Greek letters": (LETTERS, "CFΗΚ", False),
    "accented": (LETTERS, "C\u0301FHK", False),
    "zero-width space": (ANSWER, "407\u200b18", True),
    "soft hyphen": (ANSWER, "407\u00ad18", True),
    "dashes in a number": (ANSWER, "407-18", True),
    "dashes around a number": (ANSWER, f"-{ANSWER}-", False),
    "written from the right": (ANSWER, "\u202e81704", False),
    "two guesses": (ANSWER, f"00000 {ANSWER}", False),
    "guesses in a list": (ANSWER, f"00000,{ANSWER}", False),
    "guesses with dashes": (ANSWER, f"00000-{ANSWER}", False),
    "any character": (ANSWER, ".....", False),
    "any text": (ANSWER, "%", False),
    "or it is true": (ANSWER, "' or '1'='1", False),
}


@pytest.mark.parametrize(("answer", "text", "same"), LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_look_alikes(guarded: FlaskClient, issue: Issue, answer: str, text: str, same: bool) -> None:
    """Compatibility variants and digits of any script are the same; what looks alike, or holds several guesses, is not.

    One text is one guess all the same: it is folded to one answer, whatever it looks like.
    """
    assert told(guarded.post("/guarded", json=fields(issue(answer=answer), text))) == (PASSED if same else WRONG)


# Methods and paths


METHODS = ["GET", "HEAD", "OPTIONS", "DELETE", "PUT", "TRACE", "BOGUS"]
#: Where clients, proxies and frameworks look for another method or address than the request's own.
OVERRIDES: dict[str, Callable[[str], Json]] = {
    "X-HTTP-Method-Override": lambda method: {"headers": {"X-HTTP-Method-Override": method}},
    "X-HTTP-Method": lambda method: {"headers": {"X-HTTP-Method": method}},
    "X-Method-Override": lambda method: {"headers": {"X-Method-Override": method}},
    "query": lambda method: {"query_string": {"_method": method}},
    "form": lambda method: {"data": {"_method": method}},
    "JSON": lambda method: {"json": {"_method": method}},
}
#: What else a request may carry to be taken for another one, or for one that is answered already.
DISGUISES: dict[str, Json] = {
    "X-Original-URL": {"headers": {"X-Original-URL": "/captcha/web"}},
    "X-Rewrite-URL": {"headers": {"X-Rewrite-URL": "/captcha/web"}},
    "X-Forwarded-Prefix": {"headers": {"X-Forwarded-Prefix": "/captcha"}},
    "If-None-Match": {"headers": {"If-None-Match": "*"}},
    "Range": {"headers": {"Range": "bytes=0-0"}},
    "another host": {"headers": {"Host": "captcha"}},
    "from the host itself": {"environ_base": {"REMOTE_ADDR": "127.0.0.1"}, "headers": {"X-Forwarded-For": "127.0.0.1"}},
    "preflight": {"headers": {"Origin": "https://a.test", "Access-Control-Request-Method": "POST"}},
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("override", OVERRIDES.values(), ids=OVERRIDES)
def test_a_method_that_is_only_claimed_does_not_count(
    guarded: FlaskClient, vault: Vault, override: Callable[[str], Json], method: str
) -> None:
    """A POST without a captcha is refused, whatever it says that it is."""
    assert told(guarded.post("/guarded", **override(method))) == REQUIRED
    assert vault.visits == 0


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_disguise_does_not_count(guarded: FlaskClient, vault: Vault, disguise: Json, method: str) -> None:
    """Neither does a request without a captcha get through that claims another address, origin or age."""
    assert told(guarded.open("/guarded", method=method, **disguise)) == REQUIRED
    assert vault.visits == 0


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "True-Client-IP", "CF-Connecting-IP"])
def test_an_address_that_is_only_claimed_has_no_rate_of_its_own(app: Flask, name: str) -> None:
    """Whoever names another address in each request is counted as one all the same."""
    app.config.update(CAPTCHA_RATE_LIMIT="10 per minute")
    CaptchaApi(app)
    client = app.test_client()
    claims = [{name: f"{'for=' if name == 'Forwarded' else ''}192.0.2.{number}"} for number in range(11)]
    statuses = [client.get("/captcha/web", headers=claim).status_code for claim in claims]
    assert statuses == [*[200] * 10, 429]


def test_a_claimed_method_spends_nothing(guarded: FlaskClient, issue: Issue) -> None:
    """A GET that claims to be a POST issues a captcha and verifies none."""
    uuid = issue()
    claimed = guarded.get("/captcha/web", json=fields(uuid), headers={"X-HTTP-Method-Override": "POST"})
    assert set(claimed.get_json()["response"]) == {"image", "uuid"}
    assert told(guarded.post("/guarded", json=fields(uuid))) == PASSED


class ObeyOverrides:
    """The middleware of Flask's documentation: here the claimed method is the request's."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Any:
        method = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE")
        if method:
            environ["REQUEST_METHOD"] = method
            if method in {"GET", "HEAD", "OPTIONS", "DELETE"}:
                environ["CONTENT_LENGTH"] = "0"
        return self._app(environ, start_response)


@pytest.mark.parametrize("method", METHODS)
def test_an_app_that_obeys_claims_is_guarded_too(app: Flask, guarded: FlaskClient, vault: Vault, method: str) -> None:
    """With a middleware that turns a POST into what it claims to be, the view is not reached either."""
    app.wsgi_app = ObeyOverrides(app.wsgi_app)  # type: ignore[method-assign]
    guarded.post("/guarded", json={}, headers={"X-HTTP-Method-Override": method})
    assert vault.visits == 0


def test_a_view_that_answers_options_itself_is_guarded(
    app: Flask, captcha: CaptchaApi, vault: Vault, issue: Issue
) -> None:
    """Flask answers OPTIONS by itself unless a view does: then the view is behind its guard as for every method."""
    app.add_url_rule(
        "/guarded", view_func=verify_captcha()(vault), methods=["OPTIONS"], provide_automatic_options=False
    )
    client = app.test_client()
    assert told(client.options("/guarded")) == REQUIRED
    assert told(client.options("/guarded", json=fields(issue()))) == PASSED
    assert vault.visits == 1


@pytest.mark.parametrize(
    "path",
    [
        *("/guarded", "/%67uarded", "//guarded", "/guarded/", "/GUARDED", "/./guarded", "/x/../guarded"),
        *("/guarded%00", "/guarded%0a", "/guarded%20", "/guarded;x", "/guarded.json", "/%2fguarded", "/guarded%2f"),
        *("/guarded?", "/guarded?x=/captcha/web", "/guarded#x", "/captcha/../guarded", "/captcha/web/../../guarded"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_spelling_of_a_path_leads_past_its_guard(guarded: FlaskClient, vault: Vault, path: str, method: str) -> None:
    """The guard is part of the view: whatever the router makes of a path, the view is not reached without a captcha."""
    guarded.open(path, method=method, follow_redirects=True)
    assert vault.visits == 0


# Caches


@pytest.fixture
def cache(app: Flask) -> Cache:
    return Cache(app, config={"CACHE_TYPE": "SimpleCache", "CACHE_THRESHOLD": 10_000})


def ask(client: FlaskClient, uuid: str | None = None) -> tuple[int, Any]:
    return told(client.get("/guarded", query_string=fields(uuid) if uuid else {}))


def test_a_cached_view_below_its_guard(app: Flask, cache: Cache, issue: Issue, vault: Vault) -> None:
    """``@cache.cached`` below the guard saves the view's work and nobody's captcha."""
    CaptchaApi(app)
    app.add_url_rule("/guarded", view_func=verify_captcha()(cache.cached()(vault)))
    client = app.test_client()
    assert [ask(client), ask(client, issue()), ask(client), ask(client, issue())] == [
        REQUIRED,
        PASSED,
        REQUIRED,
        PASSED,
    ]
    assert vault.visits == 1


def test_a_cached_view_above_its_guard(app: Flask, cache: Cache, issue: Issue, vault: Vault) -> None:
    """Not promised: above the guard the cache answers in its stead, which is why the documentation puts it below."""
    CaptchaApi(app)
    app.add_url_rule("/guarded", view_func=cache.cached()(verify_captcha()(vault)))
    client = app.test_client()
    assert [ask(client), ask(client, issue()), ask(client)] == [REQUIRED, PASSED, PASSED]
    assert vault.visits == 1


def test_a_rejection_is_not_cached(app: Flask, captcha: CaptchaApi) -> None:
    """A cache above the guard would tell everybody what one request was told: it is refused, with the remedy."""
    with app.test_request_context("/", method="POST"), pytest.raises(CaptchaRejected) as caught:
        verify_captcha_in_request()
    with pytest.raises(TypeError, match=r"put @cache\.cached below @verify_captcha, not above it"):
        pickle.dumps(caught.value)


def test_a_guard_above_the_route_guards_nothing(app: Flask, captcha: CaptchaApi, vault: Vault) -> None:
    """Not promised: Flask registers what is below the route, which is why the documentation puts the guard there."""
    verify_captcha()(app.get("/guarded")(vault))
    assert ask(app.test_client()) == PASSED


# Over a socket


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with gunicorn(
        tmp_path_factory.mktemp("site"), "tests.support.apps:make_app()", "--threads=4", workers=1
    ) as running:
        yield running


def known_captcha(site: Site) -> str:
    return str(site.ask("GET", "/captcha/web")[1]["response"]["uuid"])


@pytest.mark.server
def test_a_body_in_chunks_passes_once(site: Site) -> None:
    """A body without a length, in chunks of one byte, is read like any other."""
    body = b'{"uuid": "%s", "code": "%s"}' % (known_captcha(site).encode(), KNOWN_ANSWER.encode())
    statuses = []
    for _ in range(2):
        with closing(HTTPConnection("127.0.0.1", site.port, timeout=30)) as connection:
            pieces = (body[at : at + 1] for at in range(len(body)))
            connection.request("POST", "/guarded", pieces, {"Content-Type": "application/json"}, encode_chunked=True)
            statuses.append(connection.getresponse().status)
    assert statuses == [200, 422]


@pytest.mark.server
def test_one_request_sent_many_times_on_one_connection_passes_once(site: Site) -> None:
    """Twenty copies of a request that leave together are answered one after the other, and one of them passes."""
    body = b'{"uuid": "%s", "code": "%s"}' % (known_captcha(site).encode(), KNOWN_ANSWER.encode())
    head = b"POST /guarded HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(
        body
    )
    with closing(HTTPConnection("127.0.0.1", site.port, timeout=30)) as connection:
        connection.connect()
        assert connection.sock is not None
        connection.sock.sendall((head + body) * 19 + head.replace(b"Host", b"Connection: close\r\nHost") + body)
        received = b"".join(iter(lambda: connection.sock.recv(65536), b""))
    assert (received.count(b"HTTP/1.1 200 "), received.count(b"HTTP/1.1 422 ")) == (1, 19)
