"""The Python surface: issue and check, outside of requests."""

from typing import Any

import pytest
from babel import Locale
from flask import Flask

from flask_captcha_api import Captcha, CaptchaApi, Challenge, Outcome, StoreUnavailable
from flask_captcha_api.rendering import FORMS
from flask_captcha_api.testing import answers

from ..conftest import ANSWER


@pytest.fixture
def known(app: Flask, captcha: CaptchaApi) -> Any:
    with app.app_context(), answers(app, ANSWER):
        yield captcha


def test_issue_tells_all_but_the_answer(known: CaptchaApi) -> None:
    """A Captcha has an id, bytes, their media type and a lifetime; its repr shows no bytes."""
    captcha = known.issue("web")
    assert captcha == Captcha(captcha.uuid, captcha.data, "image/jpeg", 300, has_sound=True)
    assert captcha.data.startswith(b"\xff\xd8\xff")
    assert (
        repr(captcha) == f"Captcha(uuid='{captcha.uuid}', media_type='image/jpeg', expires_in=300, "
        "has_sound=True, work=None)"
    )


def test_check_passes_once(known: CaptchaApi) -> None:
    """The first right answer passes, the next finds nothing."""
    uuid = known.issue("web").uuid
    assert [known.verify(uuid, ANSWER), known.verify(uuid, ANSWER)] == [Outcome.PASSED, Outcome.GONE]


def test_check_is_an_alias_of_verify(known: CaptchaApi) -> None:
    """It takes the same arguments, returns the same outcome, and spends the captcha."""
    captcha = known.issue("web", identity="alice")
    assert known.check(captcha.uuid, ANSWER, source="web", identity="alice") is Outcome.PASSED
    assert known.verify(captcha.uuid, ANSWER, source="web", identity="alice") is Outcome.GONE
    assert known.check(known.issue("web").uuid, ANSWER, source="login") is Outcome.WRONG
    assert known.check(known.issue("web").uuid, ANSWER, identity="alice") is Outcome.WRONG


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        (None, Outcome.PASSED),
        ("web", Outcome.PASSED),
        (["login", "web"], Outcome.PASSED),
        ("login", Outcome.WRONG),
        ([], Outcome.WRONG),
        ("we", Outcome.WRONG),
    ],
)
def test_check_demands_a_source(known: CaptchaApi, source: Any, outcome: Outcome) -> None:
    """One name, several, or any."""
    assert known.verify(known.issue("web").uuid, ANSWER, source=source) is outcome


@pytest.mark.parametrize("source", ["lgoin", ["login", "lgoin"]], ids=repr)
def test_a_source_that_does_not_exist_is_a_mistake(app: Flask, source: Any) -> None:
    """To ask for and to check; the error lists the sources there are, and no captcha is spent."""
    app.config["CAPTCHA_SOURCES"] = {"login": {}, "sms": {}}
    captcha = CaptchaApi(app)
    text = "there is no source 'lgoin': CAPTCHA_SOURCES has login, sms"
    with app.app_context(), answers(app, ANSWER):
        uuid = captcha.issue("login").uuid
        with pytest.raises(LookupError, match=text):
            captcha.issue("lgoin")
        with pytest.raises(LookupError, match=text):
            captcha.verify(uuid, ANSWER, source=source)
        assert captcha.verify(uuid, ANSWER, source="login")


@pytest.mark.parametrize("issued_to", [None, "", "null", "alice", 7, {"id": 1, "org": 2}], ids=ascii)
@pytest.mark.parametrize("claimed_by", [None, "", "null", "alice", "7", {"org": 2, "id": 1}], ids=ascii)
def test_check_demands_the_identity(known: CaptchaApi, issued_to: Any, claimed_by: Any) -> None:
    """Only the identity that a captcha was issued to passes, nobody being one of them."""
    outcome = known.verify(known.issue("web", identity=issued_to).uuid, ANSWER, identity=claimed_by)
    assert outcome is (Outcome.PASSED if issued_to == claimed_by else Outcome.WRONG)


@pytest.mark.parametrize(
    "uuid",
    ["", "1" * 22, "1" * 24, "1" * 23 + "\n", "１" * 23, "1" * 22 + "²", 10**22, None, b"1" * 23, ["1" * 23]],
    ids=ascii,
)
def test_a_uuid_of_no_shape_reaches_no_store(known: CaptchaApi, uuid: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """MALFORMED is decided before the store hears of it."""

    def take(*args: Any) -> None:
        raise AssertionError("the store was asked")

    monkeypatch.setattr("flask_captcha_api.storage.answers.AnswerStore.take", take)
    assert known.verify(uuid, ANSWER) is Outcome.MALFORMED
    assert known.verify("1" * 23, "\x00") is Outcome.MALFORMED


def test_only_passed_is_true() -> None:
    """An Outcome in a condition cannot be misread."""
    assert [outcome for outcome in Outcome if outcome] == [Outcome.PASSED]


def test_an_unknown_source_is_a_lookup_error(known: CaptchaApi) -> None:
    """No source of that shape exists."""
    with pytest.raises(LookupError, match="a b"):
        known.issue("a b")


def test_an_unknown_form_is_a_value_error(known: CaptchaApi) -> None:
    """The message names the forms there are."""
    with pytest.raises(ValueError, match=f"form is 'smell': it must be one of {', '.join(FORMS)}"):
        known.issue("web", form="smell")


def test_the_language_of_a_sound(known: CaptchaApi) -> None:
    """Any tag or locale of a language that the package speaks."""
    for language in ("zh_TW", "en-GB", Locale("ja", "JP")):
        assert known.issue("web", form="audio", language=language).data.startswith(b"RIFF")
    with pytest.raises(LookupError):
        known.issue("web", form="audio", language="qaa")


def test_an_identity_that_could_not_be_bound_is_a_value_error(app: Flask) -> None:
    """With JWT off nothing is bound, and whoever asks for it is told."""
    app.config["CAPTCHA_JWT"] = "off"
    captcha = CaptchaApi(app)
    with app.app_context(), pytest.raises(ValueError, match="cannot be bound to an identity"):
        captcha.issue("web", identity="alice")


@pytest.mark.parametrize("answer", ["", " ", "\u200b", "x" * 65, "\n", 5], ids=ascii)
def test_a_maker_of_impossible_answers_is_told(app: Flask, answer: Any) -> None:
    """A captcha that nobody could solve is the maker's mistake, told at once and without the answer."""
    captcha = CaptchaApi(app, kinds={"digits": lambda length: Challenge("prompt", answer)})
    with app.app_context(), pytest.raises(ValueError, match="'digits' made an answer that no visitor can type"):
        captcha.issue("web")


def test_a_kind_of_ones_own(app: Flask) -> None:
    """A maker registered under a name is used where a source asks for it; prompt and answer may differ."""
    app.config["CAPTCHA_SOURCES"] = {"web": {"kind": "double", "length": 4}}
    captcha = CaptchaApi(app, kinds={"double": lambda length: Challenge("2" * length, "Quattro")})
    with app.app_context():
        assert captcha.verify(captcha.issue("web").uuid, "quattro") is Outcome.PASSED


def test_no_app_no_captchas(app: Flask) -> None:
    """The mistake is named with its remedy."""
    with app.app_context(), pytest.raises(RuntimeError, match=r"this app has no CaptchaApi: call CaptchaApi\(app\)"):
        CaptchaApi().issue("web")


def test_store_failures_reach_the_caller(known: CaptchaApi, app: Flask) -> None:
    """Outside of routes an outage is an exception, with its cause."""
    backend = app.extensions["captcha_api"].store.get()._backend
    uuid = known.issue("web").uuid
    backend.get = backend.set = lambda *args, **kwargs: 1 / 0
    with pytest.raises(StoreUnavailable, match="ZeroDivisionError"):
        known.issue("web")
    with pytest.raises(StoreUnavailable, match="ZeroDivisionError"):
        known.verify(uuid, ANSWER)


def test_what_is_kept_tells_nothing(known: CaptchaApi, app: Flask) -> None:
    """The store holds the terms and a digest; the same answer under another uuid has another digest."""
    backend = app.extensions["captcha_api"].store.get()._backend
    entries = [backend.get(f"captcha_api:{known.issue('web').uuid}") for _ in range(2)]
    assert [entry.split()[4] for entry in entries] == ["web", "web"]
    digests = {entry.split()[5] for entry in entries}
    assert len(digests) == 2
    assert all(len(digest) == 64 for digest in digests)


def test_an_entry_moved_to_another_uuid_is_wrong(known: CaptchaApi, app: Flask) -> None:
    """Whoever can write the store cannot make one solved captcha serve for another."""
    backend = app.extensions["captcha_api"].store.get()._backend
    first, second = known.issue("web").uuid, known.issue("web").uuid
    backend.set(f"captcha_api:{first}", backend.get(f"captcha_api:{second}"))
    backend.set(f"captcha_api:{second}", backend.get(f"captcha_api:{second}").replace(" web ", " login "))
    assert [known.verify(first, ANSWER), known.verify(second, ANSWER)] == [Outcome.WRONG, Outcome.WRONG]


def test_known_answers_end_with_the_block(app: Flask, captcha: CaptchaApi) -> None:
    """After the block captchas are random again, and those issued inside still verify."""
    with app.app_context():
        with answers(app, ANSWER):
            inside = captcha.issue("web").uuid
        outside = [captcha.issue("web").uuid for _ in range(3)]
        assert captcha.verify(inside, ANSWER) is Outcome.PASSED
        assert {captcha.verify(uuid, ANSWER) for uuid in outside} == {Outcome.WRONG}
