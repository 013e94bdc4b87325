"""Settings that change while captchas are out: those are verified as they were issued, or gone, and never wrong."""

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_jwt_extended import JWTManager, create_access_token

from flask_captcha_api import CaptchaApi, Challenge, Kind, Outcome
from flask_captcha_api.challenges.folding import DIFFERENCES, RULES, Difference, Folding
from flask_captcha_api.testing import answers

from ..conftest import ANSWER

MakeApp = Callable[..., Flask]

REMEDY = (
    "use one SECRET_KEY in every worker and after restarts; after changing it, keep the old one in SECRET_KEY_FALLBACKS"
)


@pytest.fixture
def make_app(tmp_path: Path) -> MakeApp:
    """Return what makes an app, such as a worker before or after a deployment; all of them share one cache."""

    def make(kinds: Mapping[str, Kind] | None = None, **settings: Any) -> Flask:
        app = Flask("app")
        app.config.update(
            SECRET_KEY="old",
            JWT_SECRET_KEY="a key that is long enough for HS256",
            CACHE_TYPE="FileSystemCache",
            CACHE_DIR=str(tmp_path),
            CACHE_THRESHOLD=0,
        )
        app.config.update(settings)
        JWTManager(app)
        CaptchaApi(app, kinds=kinds or {})
        return app

    return make


def issue(app: Flask, identity: Any = None, answer: str = ANSWER) -> str:
    with app.app_context(), answers(app, answer):
        return CaptchaApi().issue("web", identity=identity).uuid


def check(app: Flask, uuid: str, text: str = ANSWER, identity: Any = None) -> Outcome:
    with app.app_context():
        return CaptchaApi().verify(uuid, text, identity=identity)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"CAPTCHA_KIND": "letters"}),
        ({"CAPTCHA_KIND": "letters"}, {}),
        ({}, {"CAPTCHA_KIND": "arithmetic", "CAPTCHA_LENGTH": 7}),
        ({}, {"CAPTCHA_LENGTH": 10}),
        ({}, {"CAPTCHA_TTL": 1}),
        ({}, {"CAPTCHA_SOURCES": {"web": {"jwt": "required"}}}),
        ({"CAPTCHA_JWT": "off"}, {"CAPTCHA_JWT": "required"}),
        ({"CAPTCHA_JWT": "required"}, {"CAPTCHA_JWT": "off"}),
        ({}, {"SECRET_KEY": "new", "SECRET_KEY_FALLBACKS": ["old"]}),
        ({}, {"SECRET_KEY": "new", "SECRET_KEY_FALLBACKS": ["newer", "old", "older"]}),
        ({"SECRET_KEY": "new"}, {"SECRET_KEY_FALLBACKS": ["new"]}),
    ],
    ids=str,
)
def test_a_right_answer_passes(make_app: MakeApp, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Whatever changed, what solved the captcha when it was issued solves it now, and nothing else does."""
    old, new = make_app(**before), make_app(**after)
    uuids = [issue(old), issue(old)]
    assert [check(new, uuids[0]), check(new, uuids[1], "11111")] == [
        Outcome.PASSED,
        Outcome.GONE if after.get("CAPTCHA_JWT") == "off" else Outcome.WRONG,
    ]


def test_the_kind_decides_on_dashes_when_it_is_issued(make_app: MakeApp) -> None:
    """A number is folded as one although letters are asked for by now, and the other way round."""
    digits, letters = make_app(), make_app(CAPTCHA_KIND="letters")
    assert check(letters, issue(digits), "407-18") is Outcome.PASSED
    assert check(letters, issue(digits, answer="407-18"), "40718") is Outcome.PASSED
    assert check(digits, issue(letters), "407-18") is Outcome.WRONG


@pytest.mark.parametrize(
    ("before", "after", "later", "outcome"),
    [
        (300, 1, 290, Outcome.PASSED),
        (300, 2_592_000, 290, Outcome.PASSED),
        (10, 2_592_000, 20, Outcome.GONE),
    ],
)
def test_a_captcha_lives_as_long_as_it_was_issued_for(
    make_app: MakeApp, before: int, after: int, later: float, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another CAPTCHA_TTL neither ends it early nor lets it live on."""
    old, new = make_app(CAPTCHA_TTL=before), make_app(CAPTCHA_TTL=after)
    uuid = issue(old)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + later)
    assert check(new, uuid) is outcome


@pytest.mark.parametrize("identity", [None, "alice"])
def test_what_was_bound_to_nobody_passes_for_everybody(make_app: MakeApp, identity: str | None) -> None:
    """Issued while tokens were ignored, it does not ask for one now, nor is it wrong for who has one."""
    uuid = issue(make_app(CAPTCHA_JWT="off"))
    assert check(make_app(CAPTCHA_JWT="required"), uuid, identity=identity) is Outcome.PASSED


def test_what_was_bound_stays_bound(make_app: MakeApp) -> None:
    """Issued to Alice, it passes for her alone although tokens do not count any more; to others it is gone."""
    old, new = make_app(), make_app(CAPTCHA_JWT="off")
    outcomes = [check(new, issue(old, "alice"), identity=identity) for identity in ("alice", "bob", None)]
    assert outcomes == [Outcome.PASSED, Outcome.GONE, Outcome.GONE]


def test_a_token_that_is_not_read_any_more_makes_nothing_wrong(make_app: MakeApp) -> None:
    """The route of a source that ignores tokens cannot know Alice: her captcha is gone."""
    old, new = make_app(), make_app(CAPTCHA_JWT="off")
    with old.app_context():
        headers = {"Authorization": f"Bearer {create_access_token('alice')}"}
    submitted = {"uuid": issue(old, "alice"), "code": ANSWER}
    response = new.test_client().post("/captcha/web", json=submitted, headers=headers)
    assert response.get_json()["code"] == "01003"


def test_captchas_of_a_source_that_was_removed_are_gone(make_app: MakeApp) -> None:
    """Nobody can say any more what passing it would be worth."""
    assert check(make_app(CAPTCHA_SOURCES={"login": {}}), issue(make_app())) is Outcome.GONE


def test_another_secret_key_is_logged(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    """Workers with a key of their own each: right or wrong, the other's captchas are gone, and the log has the remedy.

    Once in a process, and without anything that is secret.
    """
    old, new = make_app(SECRET_KEY="5ecret-0ld"), make_app(SECRET_KEY="5ecret-new")
    outcomes = [check(new, issue(old), text) for text in (ANSWER, "11111", ANSWER)]
    assert outcomes == [Outcome.GONE] * 3
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert REMEDY in record.message
    assert not any(secret in record.message for secret in ("5ecret", ANSWER))


def test_known_keys_are_not_logged(make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a captcha that passes by a fallback nor one that is wrong, unknown or used is a fault of the set-up."""
    old, new = make_app(), make_app(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["old"])
    uuid = issue(old)
    assert [check(new, uuid), check(new, uuid)] == [Outcome.PASSED, Outcome.GONE]
    assert check(new, issue(old), "11111") is Outcome.WRONG
    assert check(new, "1" * 23) is Outcome.GONE
    assert caplog.records == []


@pytest.mark.parametrize("difference", [each for each in DIFFERENCES if each.counts_in], ids=lambda each: each.name)
def test_a_difference_matters_as_when_it_was_issued(make_app: MakeApp, difference: Difference) -> None:
    """However the kind folds by now."""

    def make(folding: Folding) -> Flask:
        rules = {name: getattr(folding, name) for name in RULES}
        kind = Kind(lambda _: Challenge("", difference.answer), **rules)
        return make_app(kinds={"own": kind}, CAPTCHA_KIND="own", CAPTCHA_AUDIO=False)

    assert difference.counts_in
    lenient, strict = make(difference.ignored_by), make(difference.counts_in)
    issued = [issue(app, answer=difference.answer) for app in (lenient, strict)]
    assert [check(app, uuid, difference.typed) for app, uuid in zip((strict, lenient), issued, strict=True)] == [
        Outcome.PASSED,
        Outcome.WRONG,
    ]
