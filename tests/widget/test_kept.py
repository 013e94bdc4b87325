"""Captchas that are kept: a right captcha survives a mistake in another field of its form."""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from flask import Flask, render_template_string, request
from flask_jwt_extended import JWTManager, create_access_token
from flask_wtf import FlaskForm
from wtforms import Form, FormField, StringField
from wtforms.validators import Length, ValidationError

from flask_captcha_api import CaptchaApi, Outcome, StoreUnavailable, verify_captcha, verify_captcha_in_request
from flask_captcha_api.service import CaptchaService
from flask_captcha_api.storage.answers import AnswerStore
from flask_captcha_api.testing import answers, outcomes
from flask_captcha_api.translations import BUNDLED
from flask_captcha_api.widget import captcha_field
from flask_captcha_api.wtf import CaptchaField

from ..conftest import ANSWER

Issue = Callable[..., str]
Fields = dict[str, str]

LONG_ENOUGH, SHORT = {"name": "long enough"}, {"name": "ann"}


def register_form(app: Flask, path: str = "/register", **options: Any) -> type[Any]:
    """Add a view with a form that has a field which may be wrong, and return the form."""

    class RegistrationForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
        name = StringField(validators=[Length(8)])
        captcha = CaptchaField(**{"source": "web", "keeps": 1, **options})

    @app.route(path, methods=["GET", "POST"], endpoint=path)
    def view() -> str:
        form = RegistrationForm()
        if form.validate_on_submit():
            return "registered"
        return render_template_string("{{ form.captcha() }}", form=form)

    return RegistrationForm


@pytest.fixture(autouse=True)
def without_csrf(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture
def form(app: Flask, captcha: CaptchaApi) -> type[Any]:
    return register_form(app)


def solved(uuid: str, text: str = ANSWER) -> Fields:
    return {"captcha-uuid": uuid, "captcha": text}


def hidden_in(page: str) -> Fields:
    """Return the hidden fields of a page, as its form sends them."""
    inputs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page)
    return dict(inputs)


def kept_in(page: str) -> Fields:
    """Return what a page with a tick sends for the captcha."""
    assert "✓" in page
    assert "<img" not in page
    kept = hidden_in(page)
    assert re.fullmatch("[0-9]{23}", kept["captcha-uuid"])
    assert re.fullmatch("[0-9a-f]{32}", kept["captcha"])
    return kept


def post(app: Flask, fields: Mapping[str, str | list[str]], path: str = "/register", **more: Any) -> str:
    return app.test_client().post(path, data=fields, **more).text


def test_a_right_captcha_survives_a_mistake_in_another_field(app: Flask, form: type[Any], issue: Issue) -> None:
    """It is spent; the form shown again has a tick in its place, and what it holds passes once."""
    uuid = issue()
    response = app.test_client().post("/register", data=SHORT | solved(uuid))
    kept = kept_in(response.text)
    assert response.headers["Cache-Control"] == "no-store"
    assert kept["captcha-uuid"] != uuid
    assert "<img" in post(app, LONG_ENOUGH | solved(uuid))
    assert post(app, LONG_ENOUGH | kept) == "registered"
    assert "<img" in post(app, LONG_ENOUGH | kept)


def test_it_may_stand_in_a_paragraph(app: Flask, form: type[Any], issue: Issue) -> None:
    """As the widget may: a <div>, <fieldset> or <p> would end the paragraph."""
    page = post(app, SHORT | solved(issue()))
    assert set(re.findall(r"<(\w+)", page)) == {"span", "link", "button", "input"}


def test_it_is_kept_as_often_as_the_form_says(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """Each kept captcha has one keep less; after the last the visitor solves another, and that begins anew."""
    register_form(app, keeps=3)
    page = post(app, SHORT | solved(issue()))
    for _ in range(2):
        page = post(app, SHORT | kept_in(page))
    last = kept_in(page)
    page = post(app, SHORT | last)
    assert "<img" in page
    assert "✓" not in page
    assert "✓" in post(app, SHORT | solved(issue()))


def test_keeps_left_are_those_of_the_entry_or_fewer(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """A form that keeps more often adds none, and one that keeps less often counts by its own number."""
    register_form(app, "/one", keeps=1)
    register_form(app, "/nine", keeps=9)
    kept = kept_in(post(app, SHORT | solved(issue()), "/one"))
    assert "<img" in post(app, SHORT | kept, "/nine")
    kept = kept_in(post(app, SHORT | solved(issue()), "/nine"))
    kept = kept_in(post(app, SHORT | kept, "/one"))
    assert "<img" in post(app, SHORT | kept, "/nine")


@pytest.mark.parametrize(
    ("options", "fields"),
    [({"keeps": 0}, SHORT), ({}, SHORT | {"captcha": "11111"}), ({}, SHORT | {"captcha": ""})],
    ids=["never", "wrong", "missing"],
)
def test_what_is_not_kept(
    app: Flask, captcha: CaptchaApi, issue: Issue, options: dict[str, Any], fields: Fields
) -> None:
    """Nothing in a form that does not say so, as none does by default, and nothing that did not pass."""
    register_form(app, **options)
    assert "<img" in post(app, solved(issue()) | fields)


def test_the_default_is_never(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    class DefaultForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
        name = StringField(validators=[Length(8)])
        captcha = CaptchaField(source="web")

    with app.test_request_context(method="POST", data=SHORT | solved(issue())):
        form = DefaultForm()
        assert not form.validate()
        assert "<img" in form.captcha()


def test_a_form_without_errors_has_used_its_captcha_up(app: Flask, form: type[Any], issue: Issue) -> None:
    """A page that shows the form again after it did what it is for asks for another captcha."""
    with app.test_request_context(method="POST", data=LONG_ENOUGH | solved(issue())):
        shown = form()
        assert shown.validate()
        assert "<img" in shown.captcha()


def test_an_error_that_the_view_adds_counts(app: Flask, form: type[Any], issue: Issue) -> None:
    with app.test_request_context(method="POST", data=LONG_ENOUGH | solved(issue())):
        shown = form()
        assert shown.validate()
        shown.name.errors.append("that name is taken")
        assert "✓" in shown.captcha()


def test_an_error_of_the_captcha_itself_is_shown(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """A validator of the app's may refuse what has passed: the visitor then sees its message."""

    def refuse(form: Any, field: Any) -> None:
        raise ValidationError("not today")

    register_form(app, validators=[refuse])
    page = post(app, SHORT | solved(issue()))
    assert "<img" in page
    assert 'error="not today"' in page


def test_rendered_twice_it_is_one_captcha(app: Flask, form: type[Any], issue: Issue) -> None:
    """A template that shows the field in two places makes no two captchas of one."""
    with app.test_request_context(method="POST", data=SHORT | solved(issue())):
        shown = form()
        shown.validate()
        pages = [shown.captcha(), shown.captcha()]
    assert kept_in(pages[0]) == kept_in(pages[1])


def test_a_form_that_is_filled_anew_has_no_captcha(app: Flask, form: type[Any], issue: Issue) -> None:
    """As its other fields forget what was sent, the captcha forgets that it passed."""
    with app.test_request_context(method="POST", data=SHORT | solved(issue())):
        shown = form()
        shown.validate()
        shown.process(None)
        shown.name.errors.append("once more")
        assert "<img" in shown.captcha()


def test_a_form_in_a_form(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """Errors beside the captcha count, and those of the form around them do not."""

    class Part(Form):  # type: ignore[misc]  # WTForms publishes no types
        name = StringField(validators=[Length(8)])
        captcha = CaptchaField(source="web", keeps=1)

    class Whole(FlaskForm):  # type: ignore[misc]  # Flask-WTF publishes no types
        title = StringField(validators=[Length(8)])
        part = FormField(Part)

    for name, title, is_kept in (("ann", "long enough", True), ("long enough", "short", False)):
        fields = {"title": title, "part-name": name, "part-captcha-uuid": issue(), "part-captcha": ANSWER}
        with app.test_request_context(method="POST", data=fields):
            form = Whole()
            assert not form.validate()
            assert ("✓" in form.part.captcha()) is is_kept


def test_the_button_gets_another_captcha(app: Flask, form: type[Any], issue: Issue) -> None:
    """It sends a second uuid, as the widget's buttons do: nothing is verified, and nothing is spent."""
    kept = kept_in(post(app, SHORT | solved(issue())))
    page = post(app, {**SHORT, **kept, "captcha-uuid": [kept["captcha-uuid"], "image"]})
    assert "<img" in page
    assert "error=" not in page
    assert post(app, LONG_ENOUGH | kept) == "registered"


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


@pytest.mark.parametrize("keeps", [-1, 10, 1.0, True, None, "3"], ids=repr)
def test_keeps_out_of_range(app: Flask, captcha: CaptchaApi, issue: Issue, keeps: Any) -> None:
    """For the field and for a view; the entry has one digit for it."""
    message = re.escape(f"keeps={keeps!r} must be a whole number from 0 to 9")
    form = register_form(app, keeps=keeps)
    with app.test_request_context(method="POST", data={"uuid": issue(), "code": ANSWER}):
        with pytest.raises(ValueError, match=message):
            form()
        verified = verify_captcha_in_request()
        with pytest.raises(ValueError, match=message):
            verified.keep(keeps)
        assert verified.keep(1) is not None


def test_a_json_view_keeps_a_captcha(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """A client sends back the two values that the view has put into its answer."""

    @app.post("/api/register")
    def register() -> Any:
        verified = verify_captcha_in_request("uuid", "code", source="web")
        if request.get_json()["name"] != "ann":
            return {"registered": True}
        kept = verified.keep(1)
        return {"captcha": kept and {"uuid": kept.uuid, "code": kept.text, "expires_in": kept.expires_in}}, 409

    client = app.test_client()
    body = client.post("/api/register", json={"name": "ann", "uuid": issue(), "code": ANSWER}).get_json()
    assert body["captcha"].pop("expires_in") in (299, 300)
    assert client.post("/api/register", json={"name": "bob", **body["captcha"]}).get_json() == {"registered": True}
    assert client.post("/api/register", json={"name": "bob", **body["captcha"]}).status_code == 422


def test_a_view_with_a_template_keeps_a_captcha(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    @app.post("/sign-up")
    def sign_up() -> str:
        kept = verify_captcha_in_request("id", "text", source="web").keep(1)
        page = '{{ captcha_field("web", uuid="id", text="text", id="c", nonce="n", lang="en", kept=kept,'
        return render_template_string(page + 'attributes={"class": "wide", "placeholder": "5 digits"}) }}', kept=kept)

    page = post(app, {"id": issue(), "text": ANSWER}, "/sign-up")
    assert page.startswith('<span id="c" class="wide">')
    assert 'nonce="n"' in page
    assert "placeholder" not in page
    assert list(hidden_in(page)) == ["id", "text"]
    assert "✓" not in post(app, hidden_in(page), "/sign-up")


def test_the_template_wants_what_keep_returned(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    """With the verified captcha itself the form would have nothing to send, and would never pass."""
    with app.test_request_context(method="POST", data={"uuid": issue(), "code": ANSWER}):
        verified = verify_captcha_in_request()
        with pytest.raises(TypeError, match=r"kept= is a VerifiedCaptcha: it must be what keep\(\) returned"):
            captcha_field("web", kept=verified)  # type: ignore[arg-type]


def test_a_request_without_a_captcha_keeps_none(app: Flask, captcha: CaptchaApi) -> None:
    with app.test_request_context(method="POST"):
        assert verify_captcha_in_request(unless=lambda: True).keep(3) is None


def test_a_view_that_asks_twice_gets_the_same(app: Flask, captcha: CaptchaApi, issue: Issue) -> None:
    with app.test_request_context(method="POST", data={"uuid": issue(), "code": ANSWER}):
        verified = verify_captcha_in_request()
        assert verified.keep(1) == verified.keep(9) is not None


def test_while_the_store_is_down_nothing_is_kept(
    app: Flask, form: type[Any], issue: Issue, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The page is shown all the same."""

    def fail(*_: object) -> None:
        raise StoreUnavailable("down, for a test")

    uuid = issue()
    monkeypatch.setattr(AnswerStore, "put", fail)
    response = app.test_client().post("/register", data=SHORT | solved(uuid))
    assert (response.status_code, "✓" in response.text) == (200, False)
    assert "the captcha store is unavailable: down, for a test" in caplog.messages


@pytest.mark.parametrize("jwt", ["off", "optional"])
def test_a_source_without_tokens_keeps_captchas(app: Flask, issue: Issue, jwt: str) -> None:
    app.config["CAPTCHA_JWT"] = jwt
    CaptchaApi(app)
    register_form(app)
    assert post(app, LONG_ENOUGH | kept_in(post(app, SHORT | solved(issue())))) == "registered"


def test_a_fixed_outcome_keeps_nothing(app: Flask, form: type[Any]) -> None:
    """There is no captcha then that could be kept."""
    with outcomes(app, Outcome.PASSED):
        assert "<img" in post(app, SHORT | solved("1" * 23))


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


@pytest.mark.parametrize("language", BUNDLED.catalogues)
def test_the_tick_speaks_the_language_of_the_page(app: Flask, captcha: CaptchaApi, issue: Issue, language: str) -> None:
    register_form(app, lang=language)
    page = post(app, SHORT | solved(issue()))
    assert f'<span aria-hidden="true">✓</span> {BUNDLED.catalogues[language].page["kept"]}</span>' in page
    assert f'lang="{language}"' in page
    assert BUNDLED.catalogues[language].widget["refresh"] in page


def test_a_captcha_of_a_known_answer_is_kept_with_another(app: Flask, form: type[Any]) -> None:
    """``answers`` is about what is solved: nobody types the answer of a kept captcha."""
    with answers(app, ANSWER):
        uuid = app.test_client().get("/captcha/web").get_json()["response"]["uuid"]
        kept = kept_in(post(app, SHORT | solved(uuid)))
        assert "驗證碼錯誤" in post(app, LONG_ENOUGH | kept | {"captcha": ANSWER})
