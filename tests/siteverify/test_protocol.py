"""siteverify answers as reCAPTCHA's documentation says, and passes a captcha once, for a site that has its source."""

import hmac
import json
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_captcha_api import CaptchaApi, Outcome
from flask_captcha_api.siteverify.views import ERROR_CODES
from flask_captcha_api.testing import answers, outcomes

from ..support.siteverify import ANSWER, BLOG, SECRET_KEY, SHOP, VERIFY, ask, issue, make_service

FORM = "application/x-www-form-urlencoded"
#: Google's, of https://developers.google.com/recaptcha/docs/verify.
DOCUMENTED = {
    *("missing-input-secret", "invalid-input-secret", "missing-input-response", "invalid-input-response"),
    *("bad-request", "timeout-or-duplicate"),
}
GONE = {"success": False, "error-codes": ["timeout-or-duplicate"]}
WRONG = {"success": False, "error-codes": ["invalid-input-response"]}
NO_SITE = {"success": False, "error-codes": ["invalid-input-secret"]}
BAD = {"success": False, "error-codes": ["bad-request"]}
#: Neither Google's codes nor any others say this.
TROUBLE: dict[str, Any] = {"success": False, "error-codes": []}


@pytest.fixture
def service() -> Flask:
    return make_service()


@pytest.fixture
def server(service: Flask) -> Iterator[FlaskClient]:
    """Return what a site's server sends with. Whatever it sends, the answer is JSON, 200 and not stored."""
    client = service.test_client()

    def check(response: Any) -> Any:
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"
        assert response.mimetype == "application/json"
        assert set(response.get_json().get("error-codes", [])) <= DOCUMENTED
        return response

    original = client.open
    with patch.object(client, "open", lambda *args, **kwargs: check(original(*args, **kwargs))):
        yield client


@pytest.mark.parametrize("prefix", ["", "/captcha"])
def test_a_captcha_passes_once(service: Flask, server: FlaskClient, prefix: str) -> None:
    """With the time of its issue, and no host name, which nobody knows."""
    with patch("time.time_ns", return_value=1_790_000_000_123_000_000), answers(service, ANSWER):
        uuid = service.test_client().get("/captcha/shop").get_json()["response"]["uuid"]
    form = {"secret": SHOP, "response": f"{uuid}.{ANSWER}", "remoteip": "192.0.2.1"}
    assert server.post(prefix + VERIFY, data=form).get_json() == {
        "success": True,
        "challenge_ts": "2026-09-21T14:13:20Z",
    }
    assert server.post(prefix + VERIFY, data=form).get_json() == GONE


def test_a_wrong_text_spends_it(service: Flask, server: FlaskClient) -> None:
    """One guess, as everywhere."""
    response = issue(service)
    assert ask(server, response.replace(ANSWER, "11111")) == WRONG
    assert ask(server, response) == GONE


def test_a_secret_passes_its_own_sources_alone(service: Flask, server: FlaskClient) -> None:
    """A captcha of another site's source is wrong, and spent."""
    assert ask(server, issue(service, "checkout"))["success"]
    response = issue(service, "blog")
    assert ask(server, response) == WRONG
    assert ask(server, response, BLOG) == GONE
    assert ask(server, issue(service, "blog"), BLOG)["success"]


def test_an_unknown_secret_spends_nothing(service: Flask, server: FlaskClient, caplog: Any) -> None:
    """It is logged once, without the secret, whatever is sent beside it."""
    response = issue(service)
    for secret in ("x" * 40, SHOP + "x", SHOP[:-1], SHOP.upper(), " " + SHOP, SECRET_KEY, "é", "\0", "\ud800", "shop"):
        data = {"secret": secret.encode(errors="surrogatepass"), "response": response}
        assert server.post(VERIFY, data=data).get_json() == NO_SITE
    assert [record.message for record in caplog.records] == [
        "siteverify was sent a secret that no site in CAPTCHA_SITES has: if it comes from a site of yours, correct the "
        "secret there"
    ]
    assert ask(server, response)["success"]


def test_secrets_are_compared_in_constant_time(server: FlaskClient) -> None:
    """Digests of one length are compared, with those of all sites, whichever it is."""
    for secret in (SHOP, BLOG, "x", SHOP[:-1]):
        with patch.object(hmac, "compare_digest", wraps=hmac.compare_digest) as compare:
            ask(server, "1", secret)
        lengths = [tuple(map(len, call.args)) for call in compare.call_args_list]
        assert lengths == [(32, 32)] * 2


@pytest.mark.parametrize(
    ("form", "codes"),
    [
        ({"response": "1"}, ["missing-input-secret"]),
        ({"secret": SHOP}, ["missing-input-response"]),
        ({"secret": "", "response": ""}, ["missing-input-secret", "missing-input-response"]),
        ({"remoteip": "192.0.2.1"}, ["missing-input-secret", "missing-input-response"]),
        ({"secret": "x"}, ["missing-input-response"]),
        ({"other": "x"}, ["missing-input-secret", "missing-input-response"]),
    ],
)
def test_missing_fields(server: FlaskClient, form: dict[str, str], codes: list[str]) -> None:
    """They are named as Google names them."""
    assert server.post(VERIFY, data=form).get_json() == {"success": False, "error-codes": codes}


def test_responses_of_another_shape(service: Flask, server: FlaskClient) -> None:
    """They spend nothing, and none reaches the cache."""
    response = issue(service)
    uuid = response.partition(".")[0]
    store = service.extensions["captcha_api"].store.get()
    with patch.object(type(store), "take", side_effect=AssertionError("the cache was asked")):
        for odd in (
            *(uuid, f"{uuid}.", f".{uuid}", f"{uuid}{ANSWER}", f"{uuid} .{ANSWER}", f" {response}", f"{uuid[:-1]}.1"),
            *(f"{uuid}\n.{ANSWER}", f"{uuid}\r\n.{ANSWER}", f"{uuid}.{ANSWER}\n", f"{uuid}.\0", f"{uuid}.{'1' * 300}"),
            *("x", ".", "....", "03AGdBq24PBCbwiDRaS_MJ7Z", "{}", "true", "１" * 23 + "." + ANSWER, f"{uuid}. "),
        ):
            assert ask(server, odd) == WRONG, odd
    assert ask(server, response)["success"]


def test_bodies_that_are_no_form(service: Flask, server: FlaskClient) -> None:
    """Nor one that has a field twice, is too large, or cannot be read; they spend nothing."""
    response = issue(service)
    form = {"secret": SHOP, "response": response}
    encoded = f"secret={SHOP}&response={response}"
    for sent in (
        {"json": form},
        {"data": json.dumps(form), "content_type": FORM + "; charset=x" * 200},
        {"data": encoded, "content_type": "text/plain"},
        {"data": encoded},
        {"query_string": form},
        {"data": f"{encoded}&response={response}", "content_type": FORM},
        {"data": f"{encoded}&secret={SHOP}", "content_type": FORM},
        {"data": f"{encoded}&remoteip=1&remoteip=2", "content_type": FORM},
        {"data": f"{encoded}&x={'x' * 5000}", "content_type": FORM},
        {"data": encoded + "&x=1" * 100, "content_type": FORM},
        {},
    ):
        assert server.post(VERIFY, **sent).get_json() == BAD, sent
    assert server.get(VERIFY, query_string=form).get_json() == BAD
    assert server.post(VERIFY, data=form, content_type="multipart/form-data").get_json()["success"]


def test_a_text_with_dots_is_split_at_the_first(server: FlaskClient, service: Flask) -> None:
    """Behind it may be the solution of a puzzle, or an answer that has dots itself."""
    assert ask(server, issue(service, answer="a.b.c"))["success"]


def test_a_captcha_of_somebody_does_not_pass() -> None:
    """One that an app on the same store, with the same key, has bound to an identity."""
    app = Flask("app")
    app.config["SECRET_KEY"] = SECRET_KEY
    captcha = CaptchaApi(app)
    service = make_service()
    state = app.extensions["captcha_api"]
    app.extensions["captcha_api"] = replace(state, store=service.extensions["captcha_api"].store)
    client = service.test_client()
    with app.app_context(), answers(app, ANSWER):
        bound = captcha.issue("shop", identity="ann").uuid
        anonymous = captcha.issue("shop").uuid
    assert ask(client, f"{bound}.{ANSWER}") == GONE
    assert ask(client, f"{anonymous}.{ANSWER}")["success"]


def test_a_token_changes_nothing(service: Flask, server: FlaskClient) -> None:
    """The service has no tokens: one that comes is not looked at, and none goes back."""
    headers = {"Authorization": "Bearer x.y.z"}
    with answers(service, ANSWER):
        answer = service.test_client().get("/captcha/shop", headers=headers)
    assert "Authorization" not in answer.headers
    response = f"{answer.get_json()['response']['uuid']}.{ANSWER}"
    form = {"secret": SHOP, "response": response}
    assert server.post(VERIFY, data=form, headers=headers).get_json()["success"]


def test_a_store_that_is_down_passes_nothing(service: Flask, server: FlaskClient, caplog: Any) -> None:
    """And says so in the log."""
    with outcomes(service, None):
        assert ask(server, issue(service)) == TROUBLE
    assert "the captcha store is unavailable: simulated by flask_captcha_api.testing" in caplog.messages


def test_every_outcome_has_its_code() -> None:
    """The codes are Google's."""
    assert set(ERROR_CODES.values()) < DOCUMENTED
    service = make_service()
    for outcome, answer in ((Outcome.WRONG, WRONG), (Outcome.GONE, GONE), (Outcome.MALFORMED, WRONG)):
        with outcomes(service, outcome):
            assert ask(service.test_client(), "1") == answer
    with outcomes(service, Outcome.PASSED):
        assert ask(service.test_client(), "x") == {"success": True}


def test_no_log_has_a_secret_or_an_answer(service: Flask, server: FlaskClient, caplog: Any) -> None:
    """At any level."""
    caplog.set_level(logging.DEBUG)
    response = issue(service)
    for secret in (SHOP + "x", SHOP, SHOP):
        ask(server, response, secret)
    assert SHOP not in caplog.text
    assert ANSWER not in caplog.text


LIMITED = {"CAPTCHA_VERIFY_RATE_LIMIT": "2 per hour"}


def verdicts(service: Flask, *visitors: dict[str, str], secret: str = SHOP, **request: Any) -> list[Any]:
    """Verify a right captcha for each visitor; returns whether it passed, or the codes and the time to wait."""
    source = "shop" if secret == SHOP else "blog"
    results = []
    for visitor in visitors:
        form = {"secret": secret, "response": issue(service, source), **visitor}
        answer = service.test_client().post(VERIFY, data=form, **request)
        body = answer.get_json()
        results.append(body["success"] or [*body["error-codes"], int(answer.headers.get("Retry-After", 0)) > 0])
    return results


def test_a_site_counts_for_its_visitors() -> None:
    """Each visitor for themselves, wherever the requests come from; another site's counts are its own."""
    service = make_service(**LIMITED)
    ann, ben = {"remoteip": "192.0.2.1"}, {"remoteip": "192.0.2.2"}
    assert verdicts(service, ann, ann, ann, ben) == [True, True, [True], True]
    elsewhere: dict[str, Any] = {"environ_base": {"REMOTE_ADDR": "198.51.100.7"}}
    assert verdicts(service, ann, ben, ben, **elsewhere) == [[True], True, [True]]
    assert verdicts(service, ann, secret=BLOG) == [True]


def test_what_is_refused_for_the_limit_is_not_spent() -> None:
    """The visitor may send it again."""
    service = make_service(**LIMITED)
    client = service.test_client()
    verdicts(service, *[{"remoteip": "192.0.2.1"}] * 2)
    response = issue(service)
    assert ask(client, response, remoteip="192.0.2.1") == TROUBLE
    assert ask(client, response, remoteip="192.0.2.2")["success"]


@pytest.mark.parametrize(
    ("first", "same"),
    [
        ("192.0.2.1", "::ffff:192.0.2.1"),
        ("192.0.2.1", "192.0.2.1:4711"),
        ("2001:db8::1", "2001:db8::2"),
        ("192.0.2.1", "203.0.113.9, 192.0.2.1"),
        ("nonsense", "more nonsense"),
        ("nonsense", "192.0.2.1, <script>"),
        ("nonsense", "x" * 500),
    ],
)
def test_addresses_that_count_as_one(first: str, same: str) -> None:
    """What a visitor puts before the address that the nearest proxy adds, and what is no address, is no way round."""
    service = make_service(**LIMITED)
    assert verdicts(service, {"remoteip": first}, {"remoteip": same}, {"remoteip": same}) == [True, True, [True]]


def test_without_remoteip_a_site_has_no_limit(caplog: Any) -> None:
    """All visitors of the site would share one; the log says what to do, once."""
    service = make_service(**LIMITED)
    assert verdicts(service, {}, {"remoteip": ""}, {}) == [True, True, True]
    assert caplog.messages == [
        "a site verifies captchas without remoteip, so its visitors cannot be limited: let its server send the "
        "visitor's address as remoteip"
    ]


def test_unknown_secrets_count_per_address() -> None:
    """They use up no visitor's count and shut out no site, even one behind the same address."""
    service = make_service(**LIMITED)
    client = service.test_client()
    ann = {"remoteip": "192.0.2.1"}
    assert [ask(client, "1", "x" * 40, **ann) for _ in range(3)] == [NO_SITE, NO_SITE, TROUBLE]
    assert verdicts(service, ann, ann, ann) == [True, True, [True]]
    other = {"environ_base": {"REMOTE_ADDR": "198.51.100.7"}}
    assert client.post(VERIFY, data={"secret": "x", "response": "1"}, **other).get_json() == NO_SITE


def test_the_address_behind_proxies() -> None:
    """CAPTCHA_PROXIES says how many of them tell the truth; by default none does."""
    for proxies, counted in ((0, [200, 429]), (1, [200, 200])):
        service = make_service(CAPTCHA_RATE_LIMIT="10 per hour", CAPTCHA_PROXIES=proxies)
        client = service.test_client()
        results = [
            client.get("/captcha/shop/audio", headers={"X-Forwarded-For": f"192.0.2.{number}"}).status_code
            for number in (1, 2)
        ]
        assert results == counted


def test_no_other_header_of_a_proxy_counts() -> None:
    """A client may send them through a proxy that passes them on."""
    client = make_service(CAPTCHA_PROXIES=1).test_client()
    headers = {"X-Forwarded-Prefix": "/evil", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher"}
    assert client.get("/recaptcha/api.js", headers=headers).text == client.get("/recaptcha/api.js").text


def test_of_many_at_the_same_moment_one_passes() -> None:
    """Whichever site's server sends them."""
    service = make_service()
    response = issue(service)
    barrier = threading.Barrier(16)

    def send(_: int) -> bool:
        client = service.test_client()
        barrier.wait()
        return bool(ask(client, response)["success"])

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(send, range(16))) == 1
