"""What a kept captcha is worth: how long, for whom, how often, and that nobody learns its answer."""

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, render_template_string
from flask_jwt_extended import JWTManager, create_access_token
from flask_wtf import FlaskForm
from wtforms import StringField
from wtforms.validators import ValidationError

from flask_captcha_api import CaptchaApi, verify_captcha
from flask_captcha_api.service import CaptchaService
from flask_captcha_api.storage.answers import AnswerStore
from flask_captcha_api.wtf import CaptchaField

from ..support.http.kept import LONG_ENOUGH, SHORT, Fields, Issue, kept_in, post, register_form, solved

pytestmark = pytest.mark.usefixtures("without_csrf")


def test_it_expires_when_the_solved_one_would_have(
    app: Flask, form: type[Any], issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the second, and neither the first nor the second time does keeping prolong it."""
    register_form(app, "/often", keeps=9)
    began = time.time()
    now = began
    monkeypatch.setattr(time, "time", lambda: now)
    in_time, too_late = issue(), issue()
    pages = []
    for uuid in (in_time, too_late):
        fields = solved(uuid)
        for seconds in (290, 298):
            now = began + seconds
            fields = kept_in(post(app, SHORT | fields, "/often"))
        pages.append(fields)
    now = began + 300
    assert post(app, LONG_ENOUGH | pages[0]) == "registered"
    now = int(began) + 301.1
    page = post(app, LONG_ENOUGH | pages[1])
    assert "驗證碼已失效，請重新取得" in page
    assert "<img" in page


def test_what_is_about_to_expire_is_not_kept(
    app: Flask, form: type[Any], issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backend would keep an entry of zero seconds for ever."""
    now = int(time.time()) + 0.25
    monkeypatch.setattr(time, "time", lambda: now)
    uuids = [issue(), issue()]
    now += 299
    assert "✓" in post(app, SHORT | solved(uuids[0]))
    now += 1  # it still passes: the expiry was rounded down
    page = post(app, SHORT | solved(uuids[1]))
    assert "<img" in page
    assert "error=" not in page


def test_it_is_stored_for_no_longer_than_the_ttl(
    app: Flask, form: type[Any], issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even if the host that issued the captcha has a clock that is an hour ahead of this one's."""
    uuid = issue()
    stored: list[int] = []
    put = AnswerStore.put

    def note_and_put(self: AnswerStore, uuid: str, value: str, ttl: int) -> None:
        stored.append(ttl)
        put(self, uuid, value, ttl)

    monkeypatch.setattr(AnswerStore, "put", note_and_put)
    behind = time.time() - 3600
    monkeypatch.setattr(time, "time", lambda: behind)
    kept_in(post(app, SHORT | solved(uuid)))
    assert stored == [300]


def test_the_entry(app: Flask, form: type[Any], issue: Issue) -> None:
    """Same source, same expiry, bound as before, one keep less; the answer is not folded, so no rule stands there."""
    backend = app.extensions["captcha_api"].store.get
    register_form(app, "/often", keeps=9)
    uuid = issue()
    with app.app_context():
        before = backend().backend.get(f"captcha_api:{uuid}").split()
        kept = kept_in(post(app, SHORT | solved(uuid), "/often"))
        after = backend().backend.get(f"captcha_api:{kept['captcha-uuid']}").split()
    assert (before[2], after[2]) == ("bd", "bk8")
    assert before[:2] + before[3:5] == after[:2] + after[3:5]


@pytest.mark.parametrize(
    "respell",
    [str.upper, lambda text: f" {text}", lambda text: f"{text[:8]}-{text[8:]}", lambda text: f"{text}\u200b"],
    ids=["case", "white space", "dash", "format character"],
)
def test_its_answer_is_compared_exactly(app: Flask, form: type[Any], issue: Issue, respell: Any) -> None:
    """No person types it, so nothing in it may differ."""
    kept = kept_in(post(app, SHORT | solved(issue())))
    while kept["captcha"].isdecimal():  # without a letter to change
        kept = kept_in(post(app, SHORT | solved(issue())))
    assert "驗證碼錯誤" in post(app, LONG_ENOUGH | kept | {"captcha": respell(kept["captcha"])})
    assert "驗證碼已失效" in post(app, LONG_ENOUGH | kept)  # a wrong guess spends it like any other


def test_it_passes_for_its_source_alone(app: Flask, form: type[Any], issue: Issue) -> None:
    """In any view that accepts the source, and only there."""
    register_form(app, "/other", source="other")
    kept = kept_in(post(app, SHORT | solved(issue())))
    assert "驗證碼錯誤" in post(app, LONG_ENOUGH | kept, "/other")
    assert "驗證碼已失效" in post(app, LONG_ENOUGH | kept)


def test_it_passes_wherever_its_source_is_accepted(app: Flask, form: type[Any], issue: Issue) -> None:
    @app.post("/guarded")
    @verify_captcha("captcha-uuid", "captcha", source="web")
    def guarded() -> str:
        return "in"

    kept = kept_in(post(app, SHORT | solved(issue())))
    assert post(app, kept, "/guarded") == "in"
    assert app.test_client().post("/guarded", data=kept).status_code == 422


def test_it_passes_for_its_identity_alone(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """What Alice has solved is kept for Alice, and what nobody in particular has solved for nobody."""
    app.config["JWT_SECRET_KEY"] = "a key that is long enough for HS256"
    JWTManager(app)
    register_form(app)
    with app.app_context():
        alice, bob = ({"Authorization": f"Bearer {create_access_token(name)}"} for name in ("alice", "bob"))
    for owner, stranger in ((alice, bob), (alice, {}), ({}, alice)):
        for headers, expected in ((owner, "registered"), (stranger, "驗證碼錯誤")):
            kept = kept_in(post(app, SHORT | solved(issue(headers=owner)), headers=owner))
            assert expected in post(app, LONG_ENOUGH | kept, headers=headers)


def test_verifying_it_counts(app: Flask, issue: Issue) -> None:
    """A kept captcha is verified like any other, under the same limit."""
    app.config["CAPTCHA_VERIFY_RATE_LIMIT"] = "2 per hour"
    CaptchaApi(app)
    register_form(app, keeps=9)
    page = post(app, SHORT | solved(issue()))
    page = post(app, SHORT | kept_in(page))
    assert "請求過於頻繁，請稍後再試" in post(app, LONG_ENOUGH | kept_in(page))


def test_of_requests_at_the_same_moment_one_gets_a_kept_captcha(app: Flask, form: type[Any], issue: Issue) -> None:
    """However many send the solved captcha, there is one tick; and however many send that, one registers."""

    def at_once(fields: Fields) -> list[str]:
        barrier, pages = threading.Barrier(16), []

        def send() -> None:
            barrier.wait(60)
            pages.append(post(app, fields))

        threads = [threading.Thread(target=send) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return pages

    for _ in range(5):
        (page,) = (page for page in at_once(SHORT | solved(issue())) if "✓" in page)
        assert at_once(LONG_ENOUGH | kept_in(page)).count("registered") == 1


@pytest.mark.slow
@pytest.mark.parametrize(("keeps", "most"), [(0, 1), (3, 4), (9, 10)])
def test_two_hundred_passwords_never_ride_on_one_solve(
    app: Flask, captcha: CaptchaApi, issue: Issue, keeps: int, most: int
) -> None:
    """Not even in a log-in that keeps captchas against all advice: one solve is worth as many as it says, and one.

    A bot sends everything it was ever given, over and over.
    """
    tried: list[str] = []

    class LoginForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
        password = StringField()
        captcha = CaptchaField(source="web", keeps=keeps, before_others=True)

        def validate_password(self, field: Any) -> None:
            tried.append(field.data)
            raise ValidationError("wrong")

    @app.post("/login")
    def login() -> str:
        form = LoginForm()
        form.validate()
        return render_template_string("{{ form.captcha() }}", form=form)

    held = [solved(issue())]
    for number in range(200):
        page = post(app, {"password": str(number), **held[number % len(held)]}, "/login")
        if "✓" in page:
            held.insert(0, kept_in(page))
    assert len(tried) == most


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """Record everything that any logger is told."""
    lines: list[str] = []
    handler = logging.Handler(0)
    handler.emit = lambda record: lines.append(f"{record.getMessage()} {record.args} {record.exc_text}")  # type: ignore[method-assign]
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(0)
    yield lines
    root.removeHandler(handler)
    root.setLevel(level)


def test_its_answer_is_in_no_log_and_no_repr(
    app: Flask, form: type[Any], issue: Issue, logged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither when it is made nor when it is sent, passes or is refused."""
    made: list[Any] = []
    keep = CaptchaService.keep

    def keep_and_note(*args: Any) -> Any:
        made.append(keep(*args))
        return made[-1]

    monkeypatch.setattr(CaptchaService, "keep", keep_and_note)
    kept = kept_in(post(app, SHORT | solved(issue())))
    for fields in (LONG_ENOUGH | kept, LONG_ENOUGH | kept):
        post(app, fields)
    logging.getLogger("flask_captcha_api").debug("recorded")
    text = kept["captcha"]
    assert made[0].text == text
    assert logged
    assert not any(text in line for line in [*logged, repr(made), repr(made[0])])
