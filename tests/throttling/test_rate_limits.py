"""Rate limits on the routes and the guards: who is counted, for what, and what a client is told."""

import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from flask_jwt_extended import JWTManager, create_access_token
from flask_limiter import Limiter
from flask_wtf import FlaskForm
from PIL import Image

from flask_captcha_api import (
    CaptchaApi,
    CaptchaRejected,
    Challenge,
    Kind,
    SetupError,
    fewer_failures_than,
    verify_captcha,
)
from flask_captcha_api.testing import answers
from flask_captcha_api.throttling.addresses import counted_address
from flask_captcha_api.wtf import CaptchaField

from ..conftest import ANSWER
from ..support.http.envelopes import envelope
from ..support.servers import free_port

TOO_MANY = envelope("too_many_requests")


@pytest.fixture
def limited(app: Flask) -> Callable[..., FlaskClient]:
    """Set the app up with rates; returns its client."""

    def set_up(**settings: Any) -> FlaskClient:
        app.config.update(settings)
        app.config["JWT_SECRET_KEY"] = "a secret of the tests that is long enough"
        JWTManager(app)
        CaptchaApi(app)
        return app.test_client()

    return set_up


def token_of(app: Flask, identity: str) -> dict[str, str]:
    with app.app_context():
        return {"Authorization": f"Bearer {create_access_token(identity)}"}


def codes(client: FlaskClient, path: str, count: int, **request: Any) -> list[str]:
    return [client.get(path, **request).get_json()["code"] for _ in range(count)]


def test_the_third_of_two_is_told_to_wait(limited: Callable[..., FlaskClient]) -> None:
    """429 in the envelope, with the seconds to wait, and nothing of it is stored by anybody."""
    client = limited(CAPTCHA_RATE_LIMIT="2 per hour", CAPTCHA_AUDIO=False)
    assert codes(client, "/captcha/web", 2) == ["00000", "00000"]
    response = client.get("/captcha/web")
    assert (response.status_code, response.get_json()) == (429, TOO_MANY)
    assert 1 <= int(response.headers["Retry-After"]) <= 7200
    assert response.headers["Cache-Control"] == "no-store"


def test_without_a_rate_nothing_is_limited(limited: Callable[..., FlaskClient]) -> None:
    """The default is off, and counts nothing."""
    assert set(codes(limited(), "/captcha/web", 100)) == {"00000"}


def test_addresses_are_counted_apart(limited: Callable[..., FlaskClient]) -> None:
    """One client's rate is not another's."""
    client = limited(CAPTCHA_RATE_LIMIT="10 per hour")
    assert codes(client, "/captcha/web", 11)[-1] == "01005"
    assert codes(client, "/captcha/web", 1, environ_base={"REMOTE_ADDR": "192.0.2.7"}) == ["00000"]


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("64:ff9b::192.0.2.7", "192.0.2.7"),
        ("64:ff9b::1:192.0.2.7", "64:ff9b::/64"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("192.0.2.7:41234", "192.0.2.7"),
        ("[2001:db8:1:2::1]", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::1]:443", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:3:4:5:6:443", "2001:db8:1:2::/64"),
        ("[::ffff:192.0.2.7]:443", "192.0.2.7"),
        ("::ffff:192.0.2.7:443", "192.0.2.7"),
        ("[fe80::1%eth0]", "fe80::/64"),
        ("[fe80::1%eth0]:443", "fe80::/64"),
        ("localhost", "localhost"),
        ("localhost:443", "localhost:443"),
        ("unix:", "unix:"),
        ("[]:443", "[]:443"),
        ("", None),
    ],
)
def test_what_an_address_is_counted_as(address: str, counted_as: str | None) -> None:
    """An IPv6 client is its /64, an IPv4 address in IPv6's clothes is an IPv4 address, and a port is nobody's."""
    assert counted_address(address) == counted_as


def test_an_identity_is_counted_from_wherever_it_comes(app: Flask, limited: Callable[..., FlaskClient]) -> None:
    """Changing the address does not help whoever sends the same token."""
    client = limited(CAPTCHA_RATE_LIMIT="10 per hour")
    headers = token_of(app, "ann")
    told = [
        client.get("/captcha/web", headers=headers, environ_base={"REMOTE_ADDR": f"192.0.2.{number}"}).status_code
        for number in range(11)
    ]
    assert told == [200] * 10 + [429]
    assert client.get("/captcha/web", headers=token_of(app, "bob")).status_code == 200


def test_an_address_is_counted_before_its_token_is_looked_at(limited: Callable[..., FlaskClient]) -> None:
    """Guessing tokens is limited like asking without one."""
    client = limited(CAPTCHA_RATE_LIMIT="10 per hour", CAPTCHA_JWT="required")
    headers = {"Authorization": "Bearer nonsense"}
    assert codes(client, "/captcha/web", 11, headers=headers) == ["01006"] * 10 + ["01005"]


def test_a_sound_counts_as_ten(limited: Callable[..., FlaskClient]) -> None:
    """After two sounds of a rate of 25 five pictures are left."""
    client = limited(CAPTCHA_RATE_LIMIT="25 per hour")
    assert codes(client, "/captcha/web/audio", 3) == ["00000", "00000", "01005"]
    assert codes(client, "/captcha/web", 6) == ["00000"] * 5 + ["01005"]


def test_a_head_counts_too(limited: Callable[..., FlaskClient]) -> None:
    """It is not a way round."""
    client = limited(CAPTCHA_RATE_LIMIT="10 per hour")
    assert [client.head("/captcha/web").status_code for _ in range(11)] == [200] * 10 + [429]


def test_names_of_sources_are_no_way_round(limited: Callable[..., FlaskClient]) -> None:
    """Where any name is a source, all of them are counted together."""
    client = limited(CAPTCHA_RATE_LIMIT="10 per hour")
    assert [client.get(f"/captcha/s{number}").status_code for number in range(11)] == [200] * 10 + [429]


def test_a_source_with_a_rate_of_its_own_is_counted_by_itself(limited: Callable[..., FlaskClient]) -> None:
    """The others share the app's."""
    client = limited(
        CAPTCHA_RATE_LIMIT="10 per hour",
        CAPTCHA_SOURCES={"login": {"rate_limit": "12 per hour"}, "web": {}, "sms": {}, "free": {"rate_limit": None}},
    )
    assert codes(client, "/captcha/login", 13)[-2:] == ["00000", "01005"]
    assert codes(client, "/captcha/web", 5) + codes(client, "/captcha/sms", 6) == ["00000"] * 10 + ["01005"]
    assert codes(client, "/captcha/free", 20)[-1] == "00000"


def test_verifying_has_a_rate_of_its_own(limited: Callable[..., FlaskClient], app: Flask) -> None:
    """One address may try so often, and what is refused spends nothing."""
    client = limited(CAPTCHA_VERIFY_RATE_LIMIT="3 per hour")
    with answers(app, ANSWER):
        uuid = client.get("/captcha/web").get_json()["response"]["uuid"]
    tried = [client.post("/captcha/web", json={}).get_json()["code"] for _ in range(3)]
    assert tried == ["01001"] * 3
    assert client.post("/captcha/web", json={"uuid": uuid, "code": ANSWER}).get_json() == TOO_MANY
    elsewhere = {"REMOTE_ADDR": "192.0.2.7"}
    response = client.post("/captcha/web", json={"uuid": uuid, "code": ANSWER}, environ_base=elsewhere)
    assert response.get_json()["code"] == "00000"


@pytest.mark.parametrize("source", [None, "login", ["login", "web"]])
def test_guards_are_limited_by_it(app: Flask, limited: Callable[..., FlaskClient], source: Any) -> None:
    """A guarded route refuses in the envelope, before the view and before the captcha is looked at."""
    client = limited(CAPTCHA_VERIFY_RATE_LIMIT="2 per hour")

    @app.post("/guarded")
    @verify_captcha(source=source)
    def guarded() -> str:
        raise AssertionError("never reached")

    responses = [client.post("/guarded") for _ in range(3)]
    assert [response.status_code for response in responses] == [400, 400, 429]
    assert responses[-1].get_json() == TOO_MANY
    assert int(responses[-1].headers["Retry-After"]) >= 1


#: The rate of the app, those of its sources, what a guard accepts, and how often one may try there in an hour.
RATES_OF_GUARDS: dict[str, tuple[str | None, dict[str, Any], Any, int]] = {
    "its source's": ("5 per hour", {"login": "1 per hour", "web": ...}, "login", 1),
    "the app's": ("5 per hour", {"login": "1 per hour", "web": ...}, "web", 5),
    "the lower of two": (None, {"login": "3 per hour", "sms": "2 per hour"}, ["login", "sms"], 2),
    "a source's and the app's": ("5 per hour", {"login": "3 per hour", "web": ...}, ["login", "web"], 3),
    "the app's and a source's": ("3 per hour", {"login": "5 per hour", "web": ...}, ["login", "web"], 3),
    "of several windows": (None, {"login": "9/hour; 3/day", "sms": "4/hour; 9/day"}, ["login", "sms"], 3),
    "of one that has a rate": (None, {"login": "2 per hour", "web": None}, ["login", "web"], 2),
    "of any source": (None, {"login": "4 per hour", "sms": "2 per hour", "web": None}, None, 2),
    "of any source, the app's": ("1 per hour", {"login": "4 per hour", "sms": "2 per hour"}, None, 1),
    "none": ("1 per hour", {"login": None, "sms": "1 per hour", "web": None}, ["login", "web"], 9),
}


@pytest.mark.parametrize(("of_app", "sources", "accepted", "most"), RATES_OF_GUARDS.values(), ids=RATES_OF_GUARDS)
def test_a_guard_has_the_rates_of_all_sources_that_it_accepts(
    app: Flask, limited: Callable[..., FlaskClient], of_app: str | None, sources: Any, accepted: Any, most: int
) -> None:
    """The strictest of them refuses; without names all sources count, and the app's rate."""
    client = limited(
        CAPTCHA_VERIFY_RATE_LIMIT=of_app,
        CAPTCHA_SOURCES={name: {} if rate is ... else {"verify_rate_limit": rate} for name, rate in sources.items()},
    )
    app.post("/guarded")(verify_captcha(source=accepted)(lambda: ""))
    assert [client.post("/guarded").status_code for _ in range(9)] == [400] * most + [429] * (9 - most)


def test_a_guard_of_several_sources_shares_their_counts(app: Flask, limited: Callable[..., FlaskClient]) -> None:
    """What was tried at one source's own guard is used up; what was refused uses up nothing of another's."""
    client = limited(
        CAPTCHA_SOURCES={name: {"verify_rate_limit": f"{most}/hour"} for name, most in (("a", 2), ("b", 3))}
    )
    for name, accepted in (("a", "a"), ("b", "b"), ("both", ["a", "b"])):
        app.post(f"/{name}", endpoint=name)(verify_captcha(source=accepted)(lambda: ""))
    assert [client.post(path).status_code for path in ("/a", *["/both"] * 5)] == [400, 400, *[429] * 4]
    assert [client.post("/b").status_code for _ in range(3)] == [400, 400, 429]


def test_a_rejection_says_that_nothing_was_looked_at(app: Flask, limited: Callable[..., FlaskClient]) -> None:
    """A handler of the app's sees no outcome, and the response that would have been sent."""
    client = limited(CAPTCHA_VERIFY_RATE_LIMIT="1 per hour")
    seen = []

    @app.errorhandler(CaptchaRejected)
    def show(rejected: CaptchaRejected) -> str:
        seen.append((rejected.outcome, rejected.code))
        return "a page"

    app.post("/guarded")(verify_captcha()(lambda: ""))
    client.post("/guarded")
    client.post("/guarded")
    assert seen[1] == (None, 429)


def test_a_form_field_is_limited_by_it(app: Flask, limited: Callable[..., FlaskClient]) -> None:
    """The field's error says so."""
    client = limited(CAPTCHA_VERIFY_RATE_LIMIT="1 per hour", CAPTCHA_LANGUAGE="en", WTF_CSRF_ENABLED=False)

    class Form(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
        captcha = CaptchaField(source="web")

    @app.post("/form")
    def form() -> str:
        sent = Form()
        sent.validate()
        return str(sent.captcha.errors[0])

    assert [client.post("/form").text for _ in range(2)] == [
        "Please enter the captcha",
        "Too many requests, please try again later",
    ]


def test_a_page_with_the_widget_is_no_way_round(app: Flask, limited: Callable[..., FlaskClient]) -> None:
    """Rendering a captcha into a page counts like asking for one."""
    client = limited(CAPTCHA_RATE_LIMIT="10 per hour", CAPTCHA_LANGUAGE="en")

    @app.get("/page")
    def page() -> str:
        return str(app.jinja_env.from_string("{{ captcha_field('web') }}").render())

    pages = [client.get("/page").text for _ in range(11)]
    assert ["data:image" in text for text in pages] == [True] * 10 + [False]
    assert "Too many requests, please try again later" in pages[-1]


def test_storage_down_means_no_limit(limited: Callable[..., FlaskClient], caplog: pytest.LogCaptureFixture) -> None:
    """Issuing goes on, and the log says why nothing is limited."""
    client = limited(CAPTCHA_RATE_LIMIT="10 per hour", CAPTCHA_RATE_LIMIT_STORAGE=f"redis://127.0.0.1:{free_port()}")
    with caplog.at_level(logging.ERROR, "flask_captcha_api"):
        assert set(codes(client, "/captcha/web", 12)) == {"00000"}
    assert "the rate limit storage is unavailable, so nothing is limited" in caplog.text


def test_counting_in_memory_under_several_processes_is_warned_of_once(
    limited: Callable[..., FlaskClient], caplog: pytest.LogCaptureFixture, tmp_path: Any
) -> None:
    """Each process would count for itself; with one process, or a shared storage, there is nothing to say."""
    client = limited(
        CAPTCHA_RATE_LIMIT="10 per hour", CACHE_TYPE="FileSystemCache", CACHE_DIR=str(tmp_path), CACHE_THRESHOLD=0
    )
    codes(client, "/captcha/web", 1)
    assert caplog.records == []
    codes(client, "/captcha/web", 2, environ_overrides={"wsgi.multiprocess": True})
    assert [record.getMessage() for record in caplog.records] == [
        "CAPTCHA_RATE_LIMIT_STORAGE is 'memory://' and this server runs several processes, or does not say "
        "how many, each with its own counts: set it to a storage that they share, such as 'redis://127.0.0.1:6379/1'"
    ]


def test_a_server_that_tells_no_address_is_warned_of_once(
    limited: Callable[..., FlaskClient], caplog: pytest.LogCaptureFixture
) -> None:
    """All clients are not counted as one, which would lock everybody out."""
    client = limited(CAPTCHA_RATE_LIMIT="10 per hour")
    assert set(codes(client, "/captcha/web", 12, environ_base={"REMOTE_ADDR": ""})) == {"00000"}
    assert [record.getMessage() for record in caplog.records] == [
        "requests have no REMOTE_ADDR, so addresses cannot be limited: behind a proxy or on a Unix socket, wrap the "
        "app in werkzeug.middleware.proxy_fix.ProxyFix"
    ]


@pytest.mark.server
def test_no_address_and_no_identity_stands_in_the_storage(
    app: Flask, limited: Callable[..., FlaskClient], settings_of: Callable[[str], dict[str, Any]]
) -> None:
    """What is counted goes by a keyed digest."""
    import redis

    port = settings_of("RedisCache")["CACHE_REDIS_PORT"]
    client = limited(CAPTCHA_RATE_LIMIT="10 per hour", CAPTCHA_RATE_LIMIT_STORAGE=f"redis://127.0.0.1:{port}/3")
    client.get("/captcha/web", headers=token_of(app, "ann@example.org"))
    with redis.Redis(port=port, db=3) as connection:
        keys = [key.decode() for key in connection.scan_iter()]
    assert len(keys) == 4  # of the rate, and of the difficulty
    assert not any("ann" in key or "127.0.0.1" in key for key in keys)


@pytest.mark.parametrize("key", ["CAPTCHA_RATE_LIMIT", "CAPTCHA_VERIFY_RATE_LIMIT"])
def test_what_is_no_rate_is_refused(app: Flask, key: str) -> None:
    """The error names key, value and what a rate looks like."""
    app.config[key] = "often"
    with pytest.raises(ValueError, match=f"{key} is 'often': it must be None or a rate such as '30 per minute'"):
        CaptchaApi(app)


def test_a_rate_that_lets_no_sound_through_is_refused(app: Flask) -> None:
    """It would shut out those who cannot see the picture."""
    app.config["CAPTCHA_RATE_LIMIT"] = "9 per minute"
    with pytest.raises(ValueError, match=r"never allows a sound.*allow at least as many, or set CAPTCHA_AUDIO"):
        CaptchaApi(app)


def test_an_unknown_storage_is_refused(app: Flask) -> None:
    """At once, with the key."""
    app.config.update(CAPTCHA_RATE_LIMIT="30 per minute", CAPTCHA_RATE_LIMIT_STORAGE="nowhere://x")
    with pytest.raises(ValueError, match="CAPTCHA_RATE_LIMIT_STORAGE is 'nowhere://x'"):
        CaptchaApi(app)


def test_a_missing_library_is_told_with_the_remedy(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits library is an extra: without it a rate is an error, and so is any storage but memory."""
    _lack_limits(monkeypatch)
    for settings in ({"CAPTCHA_RATE_LIMIT": "30 per minute"}, {"CAPTCHA_RATE_LIMIT_STORAGE": "redis://127.0.0.1:1/0"}):
        app.config.update({"CAPTCHA_RATE_LIMIT": None, **settings})
        with pytest.raises(SetupError, match=r"pip install 'flask_captcha_api\[limits\]'"):
            CaptchaApi(app)


def test_failures_and_captchas_are_counted_in_memory_without_the_library(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Pictures get harder, and a captcha is required after failures, in an installation without extras."""
    _lack_limits(monkeypatch)
    drawn: list[str] = []

    def draw(prompt: str, settings: Any, rng: Any) -> Image.Image:
        drawn.append(settings.difficulty)
        return Image.new("RGB", (90, 40))

    app.config["CAPTCHA_KIND"] = "own"
    CaptchaApi(app, kinds={"own": Kind(lambda length: Challenge("1", "1"), draw=draw)})

    @app.post("/login")
    @verify_captcha("uuid", "code", unless=fewer_failures_than(2, key=lambda: "ann"))
    def login() -> str:
        return "in"

    client = app.test_client()
    for _ in range(21):
        assert client.get("/captcha/web").status_code == 200
    assert drawn == ["calm"] * 20 + ["normal"]
    assert [client.post("/login", json={}).status_code for _ in range(3)] == [200, 200, 400]
    assert caplog.records == []


def _lack_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("limits", "limits.storage", "limits.strategies"):
        monkeypatch.setitem(sys.modules, name, None)


def test_a_limiter_of_the_apps_goes_on_the_blueprint(app: Flask) -> None:
    """Where the app has Flask-Limiter, it limits the returned blueprint like any other."""
    app.config["RATELIMIT_STORAGE_URI"] = "memory://"
    limiter = Limiter(lambda: str(request.remote_addr), app=app)
    blueprint = CaptchaApi().init_app(app, url_prefix=None)
    limiter.limit("2 per hour")(blueprint)
    app.register_blueprint(blueprint, url_prefix="/captcha")
    assert [app.test_client().get("/captcha/web").status_code for _ in range(3)] == [200, 200, 429]
