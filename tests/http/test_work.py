"""Captchas that the visitor's device works out, alone or besides what is read."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_jwt_extended import JWTManager, create_access_token

from flask_captcha_api import CaptchaApi, Outcome, verify_captcha
from flask_captcha_api.exceptions import FormNotOffered
from flask_captcha_api.testing import answers, solve

from ..conftest import ANSWER

SQUARINGS = 1_000
SOURCES = {
    "alone": {"work_alone": SQUARINGS},
    "both": {"work": SQUARINGS, "work_alone": 2 * SQUARINGS},
    "read": {},
}


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.config.update(CAPTCHA_SOURCES=SOURCES, JWT_SECRET_KEY="a key that is long enough for HS256")
    JWTManager(app)
    CaptchaApi(app)

    @app.post("/guarded")
    @verify_captcha("uuid", "code")
    def guarded() -> Any:
        return {"passed": True}

    return app.test_client()


def issued(client: FlaskClient, path: str, **request: Any) -> dict[str, Any]:
    response = client.get(path, **request)
    assert response.status_code == 200, response.data
    captcha: dict[str, Any] = response.get_json()["response"]
    return captcha


def code(client: FlaskClient, captcha: dict[str, Any], text: str, **request: Any) -> str:
    response = client.post("/guarded", json={"uuid": captcha["uuid"], "code": text}, **request)
    return "00000" if response.get_json() == {"passed": True} else str(response.get_json()["code"])


def test_work_alone(client: FlaskClient) -> None:
    """The response has the puzzle and the id; its headers say how long it lives, and nothing of what is to be read."""
    response = client.get("/captcha/alone/work?123")
    captcha = response.get_json()["response"]
    assert list(captcha) == ["uuid", "work"]
    assert re.fullmatch("[0-9a-f]{256}", captcha["work"]["modulus"])
    assert captcha["work"]["squarings"] == SQUARINGS
    assert {name: value for name, value in response.headers if name.startswith("Captcha-")} == {
        "Captcha-Expires-In": "300"
    }
    assert code(client, captcha, solve(captcha["work"])) == "00000"
    assert code(client, captcha, solve(captcha["work"])) == "01003"


@pytest.mark.parametrize(("path", "form"), [("/captcha/both", "image"), ("/captcha/both/audio", "audio")])
def test_work_besides(client: FlaskClient, path: str, form: str) -> None:
    """The puzzle is a third member, and what is typed and what is worked out pass together, each one's dot last."""
    with answers(client.application, ANSWER):
        captcha = issued(client, path)
        assert list(captcha) == [form, "uuid", "work"]
        assert code(client, captcha, f"{ANSWER}.{solve(captcha['work'])}") == "00000"
        for text in (ANSWER, "{}", f"{ANSWER}{{}}", f"{{}}.{ANSWER}", f"{ANSWER}.{'0' * 16}", "1.{}"):
            captcha = issued(client, path)
            assert code(client, captcha, text.format(solve(captcha["work"]))) == "01002"


def test_what_is_typed_is_folded_and_what_is_worked_out_is_not(client: FlaskClient) -> None:
    """White space and full-width digits do not matter before the last dot; after it, each character does."""
    with answers(client.application, ANSWER):
        full_width = "".join(chr(ord(digit) - ord("0") + ord("\uff10")) for digit in ANSWER)
        captcha = issued(client, "/captcha/both")
        assert code(client, captcha, f" {full_width} .{solve(captcha['work'])}") == "00000"
        captcha = issued(client, "/captcha/both")
        assert code(client, captcha, f"{ANSWER}. {solve(captcha['work'])}") == "01002"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (str.upper, "01002"),
        (lambda text: f"0{text}", "01002"),
        (lambda text: f" {text}", "01002"),
        (lambda text: f"-{text}", "01002"),
        (lambda text: f"{text[:8]}-{text[8:]}", "01002"),
        (lambda text: f".{text}", "01002"),
        (lambda text: f"0x{text}", "01002"),
        (lambda text: text[:-1], "01002"),
        (lambda text: f"{text}\n", "01001"),
        (lambda text: text * 5, "01001"),
        (lambda _: "9" * 10_000, "01001"),
        (lambda _: 9**20, "01001"),
        (lambda _: "", "01001"),
    ],
)
def test_only_the_exact_solution_passes(client: FlaskClient, change: Callable[[str], Any], expected: str) -> None:
    """Upper case, padding, signs, white space and other lengths do not."""
    captcha, solution = issued(client, "/captcha/alone/work"), ""
    while solution == solution.upper():  # one in a thousand has no letter
        captcha = issued(client, "/captcha/alone/work")
        solution = solve(captcha["work"])
    assert code(client, captcha, change(solution)) == expected
    assert code(client, captcha, solution) == ("00000" if expected == "01001" else "01003")


@pytest.mark.parametrize("text", [f"{'7' * 64}.{'a' * 16}", f"{'7' * 20}.{'a' * 16}"])
def test_a_long_text_is_wrong_and_no_error(client: FlaskClient, text: str) -> None:
    """81 characters are a text, for any captcha."""
    assert len(text) in {81, 37}
    for path in ("/captcha/both", "/captcha/alone/work", "/captcha/read"):
        assert code(client, issued(client, path), text) == "01002"


def test_another_captchas_solution_is_wrong(client: FlaskClient) -> None:
    """What was worked out for one captcha passes for no other."""
    first, second = issued(client, "/captcha/alone/work"), issued(client, "/captcha/alone/work")
    assert code(client, second, solve(first["work"])) == "01002"


def test_work_is_bound_like_the_rest(client: FlaskClient) -> None:
    """A puzzle issued to one identity does not pass for another."""
    with client.application.app_context():
        alice, bob = ({"Authorization": f"Bearer {create_access_token(name)}"} for name in ("alice", "bob"))
    for identity, expected in ((bob, "01002"), (alice, "00000")):
        captcha = issued(client, "/captcha/alone/work", headers=alice)
        assert code(client, captcha, solve(captcha["work"]), headers=identity) == expected


def test_a_source_passes_only_its_own(client: FlaskClient) -> None:
    """Work for one source is wrong for another."""
    captcha = issued(client, "/captcha/alone/work")
    response = client.post("/captcha/both", json={"uuid": captcha["uuid"], "code": solve(captcha["work"])})
    assert response.get_json()["code"] == "01002"


@pytest.mark.parametrize("path", ["/captcha/alone/work", "/captcha/both"])
def test_work_that_has_expired_is_gone(client: FlaskClient, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its solution does not pass after the TTL, although the device was at work until then."""
    with answers(client.application, ANSWER):
        captcha = issued(client, path)
    solution = solve(captcha["work"])
    later = time.time() + 302
    monkeypatch.setattr("flask_captcha_api.service.time.time", lambda: later)
    assert code(client, captcha, solution if path.endswith("work") else f"{ANSWER}.{solution}") == "01003"


def test_where_work_alone_is_not_set_there_is_none(client: FlaskClient) -> None:
    """The route answers as for any other unknown form, and the picture keeps its two members."""
    assert client.get("/captcha/read/work").get_json()["code"] == "01004"
    assert list(issued(client, "/captcha/read")) == ["image", "uuid"]
    with client.application.app_context(), pytest.raises(FormNotOffered, match="source 'read' has no captchas of the"):
        CaptchaApi().issue("read", form="work")


def test_what_another_worker_issued_passes(app: Flask) -> None:
    """Verifying needs nothing of the puzzle: each process may have a modulus of its own."""
    app.config.update(CAPTCHA_SOURCES=SOURCES, CACHE_TYPE="tests.support.backends.NaiveCache")
    captcha = CaptchaApi(app)
    with app.app_context():
        issued = captcha.issue("alone", form="work")
        assert issued.work is not None
        state = app.extensions["captcha_api"]
        state.puzzles._made = None
        again = captcha.issue("alone", form="work")
        assert again.work is not None
        assert again.work["modulus"] != issued.work["modulus"]
        assert captcha.verify(issued.uuid, solve(issued.work)) is Outcome.PASSED
        assert captcha.verify(again.uuid, solve(again.work)) is Outcome.PASSED


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"CAPTCHA_WORK": 999}, "CAPTCHA_WORK is 999: it must be None or a whole number from 1,000 to"),
        ({"CAPTCHA_WORK_ALONE": True}, "CAPTCHA_WORK_ALONE is True: it must be None or a whole number"),
        (
            {"CAPTCHA_WORK": 3_000_001},
            "CAPTCHA_WORK is 3,000,001: it must be at most 3,000,000, which takes a slow device half of the 300 "
            "seconds until a captcha expires",
        ),
        (
            {"CAPTCHA_SOURCES": {"login": {"ttl": 60, "work_alone": 700_000}}},
            "CAPTCHA_SOURCES['login']: work_alone is 700,000: it must be at most 600,000",
        ),
    ],
)
def test_work_that_cannot_be_done_in_time_is_refused(app: Flask, settings: dict[str, Any], message: str) -> None:
    """A source's work is at least 1,000 squarings, and at most what an old telephone does in half of the TTL."""
    app.config.update(settings)
    with pytest.raises(ValueError, match=re.escape(message)):
        CaptchaApi(app)


def test_no_puzzle_is_made_at_start(app: Flask) -> None:
    """The primes are looked for when the first puzzle is asked for."""
    app.config.update(CAPTCHA_SOURCES=SOURCES)
    captcha = CaptchaApi(app)
    with app.app_context():
        captcha.issue("read")
        assert app.extensions["captcha_api"].puzzles._made is None
        captcha.issue("alone", form="work")
        assert app.extensions["captcha_api"].puzzles._made is not None
