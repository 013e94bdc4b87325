"""The test kit, as apps' own tests use it."""

import re
import subprocess
import sys
from importlib.metadata import distribution
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from flask_captcha_api import CaptchaApi, Challenge, Kind, Outcome, StoreUnavailable, verify_captcha
from flask_captcha_api.challenges.kinds import KINDS
from flask_captcha_api.challenges.makers import digits
from flask_captcha_api.rendering import FORMS
from flask_captcha_api.signals import captcha_verified
from flask_captcha_api.testing import answers, outcomes, solve

from ..conftest import ANSWER
from ..support.http.envelopes import OUTCOMES, RESULTS
from ..support.http.forms import EVERY_FORM_OF_APP
from ..support.paths import DOCS

PAGE = DOCS / "how-to" / "tests.md"

CODES = {outcome: RESULTS[string_code][0] for outcome, string_code in OUTCOMES.items()}


@pytest.fixture
def guarded(app: Flask, captcha: CaptchaApi) -> str:
    @app.post("/guarded")
    @verify_captcha("uuid", "code")
    def view() -> str:
        return "passed"

    return "/guarded"


def test_the_last_answer_counts(client: FlaskClient) -> None:
    """Blocks may stand in each other; each ends with what was there before it."""
    app = client.application

    def verdict(answer: str) -> str:
        uuid = client.get("/captcha/web").get_json()["response"]["uuid"]
        return str(client.post("/captcha/web", json={"uuid": uuid, "code": answer}).get_json()["stringCode"])

    own = app.extensions["captcha_api"]
    with answers(app, "111"):
        with answers(app, "222"):
            assert [verdict("111"), verdict("222")] == ["captcha_wrong", "success"]
        assert [verdict("111"), verdict("222")] == ["success", "captcha_wrong"]
    assert app.extensions["captcha_api"] is own


def test_the_answer_need_not_be_what_is_drawn(app: Flask) -> None:
    """What the package's typefaces cannot draw is typed all the same where another prompt is given."""
    captcha = CaptchaApi(app)
    with app.app_context(), answers(app, "ja, bitte", prompt="12345"):
        assert captcha.verify(captcha.issue("web").uuid, "Ja, bitte") is Outcome.PASSED


@pytest.mark.parametrize("form", [name for name, form in FORMS.items() if form.has_prompt])
@pytest.mark.parametrize("kind", [*KINDS, "own"])
def test_every_form_of_every_kind_has_the_known_answer(app: Flask, kind: str, form: str) -> None:
    """Whatever makes the challenges of a kind or a form otherwise, the known answer is shown or said, and passes."""
    rendered: list[str] = []

    def draw(prompt: str, *_: Any) -> Image.Image:
        rendered.append(prompt)
        return Image.new("RGB", (90, 40))

    def speak(prompt: str, *_: Any) -> bytes:
        rendered.append(prompt)
        return b"RIFF"

    app.config.update(CAPTCHA_KIND=kind, CAPTCHA_WORK=1_000, **EVERY_FORM_OF_APP)
    own = Kind(lambda length: Challenge("not asked", "not asked"), draw=draw, speak=speak)
    captcha = CaptchaApi(app, kinds={"own": own})
    with app.app_context(), answers(app, ANSWER):
        for answer, outcome in (("40719", Outcome.WRONG), (ANSWER, Outcome.PASSED)):
            issued = captcha.issue("web", form=form)
            assert issued.work is not None
            assert captcha.verify(issued.uuid, f"{answer}.{solve(issued.work)}") is outcome
    assert set(rendered) <= {ANSWER}
    assert rendered or kind != "own" or form not in ("image", "audio")


@pytest.mark.parametrize(("kind", "outcome"), [("digits", Outcome.PASSED), ("letters", Outcome.WRONG)])
def test_known_answers_are_folded_as_the_kind_folds(app: Flask, kind: str, outcome: Outcome) -> None:
    """A known answer is compared like one that the kind's own maker has made."""
    app.config["CAPTCHA_KIND"] = kind
    captcha = CaptchaApi(app)
    with app.app_context(), answers(app, "40718"):
        assert captcha.verify(captcha.issue("web").uuid, "٤٠٧–١٨") is outcome
        assert captcha.verify(captcha.issue("web").uuid, "٤٠٧١٨") is Outcome.PASSED


def test_an_impossible_answer_is_told_at_once(app: Flask) -> None:
    """The test that asks for it fails where it does so, not at a route that answers 503."""
    CaptchaApi(app)
    with pytest.raises(ValueError, match="must have 1 to 64 characters"), answers(app, "\n"):
        pass


@pytest.mark.parametrize(
    ("prompt", "text"),
    [(None, "the fonts lack 'aj'.*pass prompt="), (" ", "it has no characters")],
    ids=["letters", "blank"],
)
def test_an_answer_that_no_source_can_draw_is_refused_at_once(app: Flask, prompt: str | None, text: str) -> None:
    """The error says what is missing, and how to draw something else."""
    CaptchaApi(app)
    with pytest.raises(ValueError, match=text), answers(app, "ja", prompt=prompt):
        pass


def test_an_answer_that_one_of_the_sources_can_draw_is_accepted(app: Flask) -> None:
    """An app may have kinds for other scripts beside those that the package draws."""
    app.config["CAPTCHA_SOURCES"] = {"web": {}, "own": {"kind": "own"}}
    captcha = CaptchaApi(app, kinds={"own": Kind(digits, draw=lambda *_: Image.new("L", (80, 40)))})
    with app.app_context(), answers(app, "ja"):
        assert captcha.verify(captcha.issue("own").uuid, "ja") is Outcome.PASSED


@pytest.mark.parametrize("kit", [lambda app: answers(app, "1"), lambda app: outcomes(app, Outcome.PASSED)])
def test_an_app_without_captchas_is_told(kit: Any, app: Flask) -> None:
    """The mistake is named with its remedy."""
    with pytest.raises(RuntimeError, match=r"call CaptchaApi\(app\)"), kit(app):
        pass


@pytest.mark.parametrize("outcome", [*Outcome, None])
@pytest.mark.parametrize("fields", [{}, {"uuid": "1" * 23, "code": "1"}], ids=["nothing", "something"])
def test_any_attempt_has_the_outcome(
    client: FlaskClient, guarded: str, outcome: Outcome | None, fields: dict[str, str]
) -> None:
    """Whatever is sent, the guard and the route answer as they do after such an outcome; then all is as before."""
    with outcomes(client.application, outcome):
        response = client.post(guarded, json=fields)
        assert (response.text if outcome else response.get_json()["code"]) == ("passed" if outcome else CODES[outcome])
        assert client.post("/captcha/web", json=fields).get_json()["code"] == CODES[outcome]
    assert client.post(guarded, json=fields).get_json()["code"] == ("01003" if fields else "01001")


def test_the_python_interface_has_the_outcome(app: Flask) -> None:
    """``check`` tells it too, and raises where it cannot be told."""
    captcha = CaptchaApi(app)
    with app.app_context(), outcomes(app, Outcome.PASSED):
        assert captcha.verify(None, None) is Outcome.PASSED
        with outcomes(app, None), pytest.raises(StoreUnavailable, match="simulated"):
            captcha.verify(None, None)


def test_the_outcome_needs_no_cache() -> None:
    """Tests of an app whose cache is another machine's run without it; then it answers again that it is missing."""
    app = Flask(__name__)
    app.config.update(SECRET_KEY="s" * 40, CACHE_TYPE="RedisCache", CACHE_REDIS_URL="redis://127.0.0.1:1")
    CaptchaApi(app)
    client = app.test_client()
    with outcomes(app, Outcome.PASSED):
        assert client.post("/captcha/web").get_json()["code"] == CODES[Outcome.PASSED]
        assert client.get("/captcha/web").status_code == 200
    assert client.post("/captcha/web").get_json()["code"] == CODES[None]


def test_the_outcome_does_not_depend_on_the_set_up(client: FlaskClient) -> None:
    """Where captchas cannot work, as in memory under several processes, the view is tested nevertheless."""
    several: dict[str, Any] = {"environ_overrides": {"wsgi.multiprocess": True}}
    with outcomes(client.application, Outcome.PASSED):
        assert client.post("/captcha/web", **several).get_json()["code"] == CODES[Outcome.PASSED]
    assert client.post("/captcha/web", **several).get_json()["code"] == CODES[None]


def test_nothing_is_spent(client: FlaskClient, captcha: CaptchaApi) -> None:
    """A captcha that a decided attempt names is as good as before."""
    app = client.application
    with answers(app, ANSWER):
        uuid = client.get("/captcha/web").get_json()["response"]["uuid"]
    fields = {"uuid": uuid, "code": ANSWER}
    with outcomes(app, Outcome.WRONG):
        assert client.post("/captcha/web", json=fields).status_code == 422
    assert client.post("/captcha/web", json=fields).status_code == 200


def test_signals_tell_the_outcome(client: FlaskClient) -> None:
    """What listens to signals can be tested with decided outcomes."""
    app = client.application
    told: list[dict[str, Any]] = []

    def receiver(sender: Flask, **what: Any) -> None:
        told.append(what)

    with captcha_verified.connected_to(receiver, app), outcomes(app, Outcome.WRONG):
        client.post("/captcha/web")
    assert told == [{"outcome": Outcome.WRONG, "source": "web", "identity": None}]


@pytest.fixture
def pytester(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Give pytest no plugins but those asked for, which takes half the time."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return pytester


def files_of_page() -> dict[str, str]:
    return dict(re.findall(r'```python title="(.*?)"\n(.*?)```', PAGE.read_text(), re.DOTALL))


@pytest.mark.slow
def test_the_worked_example(pytester: pytest.Pytester) -> None:
    """The login of the documentation passes its tests as they stand, in a project that turns warnings into errors."""
    files = files_of_page()
    assert list(files) == ["login.py", "conftest.py", "test_login.py"]
    for name, text in files.items():
        (pytester.path / name).write_text(text)
    outcomes = pytester.runpytest_subprocess("-W", "error").parseoutcomes()
    assert set(outcomes) == {"passed"}
    assert outcomes["passed"] >= files["test_login.py"].count("\ndef test_") > 0


@pytest.mark.slow
def test_the_fixture_ends_with_the_test(pytester: pytest.Pytester) -> None:
    """A conftest may import the kit besides; what one test decides does not reach the next, though the app is one."""
    pytester.makeconftest(
        """
        import pytest
        from flask import Flask
        from flask_captcha_api import CaptchaApi
        from flask_captcha_api.testing import answers

        pytest_plugins = ["flask_captcha_api.testing"]

        @pytest.fixture(scope="session")
        def app():
            app = Flask(__name__)
            app.config["SECRET_KEY"] = "s"
            CaptchaApi(app)
            return app
        """
    )
    pytester.makepyfile(
        """
        import pytest
        from flask_captcha_api import Outcome

        def verdict(app):
            return app.test_client().post("/captcha/web").json["stringCode"]

        @pytest.mark.parametrize(
            ("outcome", "verdict_then"),
            [(Outcome.PASSED, "success"), (None, "store_unavailable"), (Outcome.GONE, "captcha_gone")],
        )
        def test_decided(app, captchas, outcome, verdict_then):
            assert verdict(app) == "captcha_required"
            captchas.outcomes(Outcome.WRONG)
            captchas.outcomes(outcome)
            assert verdict(app) == verdict_then
        """
    )
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=3)


@pytest.mark.slow
def test_an_app_under_another_name_is_asked_for(pytester: pytest.Pytester) -> None:
    """Whose app fixture is called otherwise reads what is missing."""
    pytester.makeconftest('pytest_plugins = ["flask_captcha_api.testing"]')
    pytester.makepyfile("def test_one(captchas): pass")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'app' not found*"])


def test_the_context_managers_need_no_pytest() -> None:
    """An environment without pytest can import and use the kit."""
    script = """
import sys
sys.modules["pytest"] = None
from flask import Flask
from flask_captcha_api import CaptchaApi, Outcome
from flask_captcha_api.testing import answers, outcomes, solve
app = Flask("app")
app.config["SECRET_KEY"] = "s"
CaptchaApi(app)
with answers(app, "12345"), outcomes(app, Outcome.PASSED):
    print(app.test_client().post("/captcha/web").status_code)
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "200\n"


def test_nobody_gets_the_fixture_unasked() -> None:
    """The package has no entry point by which pytest would import it into every test run."""
    groups = {entry.group for entry in distribution("flask_captcha_api").entry_points}
    assert "pytest11" not in groups
