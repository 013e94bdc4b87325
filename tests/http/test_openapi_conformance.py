"""The description is kept true: schemathesis makes requests of it, right and wrong ones, and judges what comes back."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask import Flask
from flask_jwt_extended import create_access_token

from flask_captcha_api.rendering import FORMS

from ..support import apps
from ..support.gunicorn import gunicorn
from ..support.http.forms import EVERY_FORM_OF_APP

pytestmark = pytest.mark.server

#: 422 is a right answer to a random uuid. Wrong data, on the other hand, is always told as what it is.
JUDGEMENT = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "422"]

[checks.negative_data_rejection]
expected-statuses = ["400", "401", "404"]
"""

WORK = {"CAPTCHA_WORK": 1_000, **EVERY_FORM_OF_APP}
TOKENS = {"JWT_SECRET_KEY": "a key that is long enough for HS256"}
SOURCES = {
    "web": {"theme": "auto"},
    "sms": {"kind": "letters", "length": 6, "format": "png", "ttl": 60, "audio": False},
}


class Run(NamedTuple):
    """What a run of schemathesis has found."""

    passed: bool
    output: str
    #: How often each status was answered, by operation and by whether the data were ``positive`` or ``negative``.
    answers: dict[tuple[str, str], Counter[int]]


def schemathesis(directory: Path, address: str, *options: str) -> Run:
    """Run schemathesis with all of its checks against the description of a running app."""
    (directory / "schemathesis.toml").write_text(JUDGEMENT)
    report = directory / "report.ndjson"
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{address}/captcha/openapi.json"]
    always = ["--checks=all", "--mode=all", "--seed=1", "--no-color", "--warnings=off", "--generation-database=none"]
    reporting = ["--report=ndjson", f"--report-ndjson-path={report}"]
    ran = subprocess.run(
        [*command, *always, *reporting, *options],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=180,  # a guard against hanging, not a measurement
        check=False,
    )
    return Run(ran.returncode == 0, ran.stdout + ran.stderr, _answers_in(report))


def _answers_in(report: Path) -> dict[tuple[str, str], Counter[int]]:
    answers: dict[tuple[str, str], Counter[int]] = {}
    for line in report.read_text().splitlines():
        recorded = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for name, case in recorded.get("cases", {}).items():
            interaction = recorded["interactions"].get(name)
            if interaction and interaction["request"]["method"] == recorded["label"].split()[0]:
                mode = case["value"]["meta"]["generation"]["mode"]
                statuses = answers.setdefault((recorded["label"], mode), Counter())
                statuses[interaction["response"]["status_code"]] += 1
    return answers


ISSUING = [f"{method} /{{source}}{form.path}" for method in ("GET", "HEAD") for form in FORMS.values()]
OPERATIONS = sorted([*ISSUING, "POST /{source}"])


@contextmanager
def served(directory: Path, factory: str, settings: dict[str, Any]) -> Iterator[str]:
    with gunicorn(directory, f"tests.{factory}({settings!r})", "--threads=4", workers=1) as site:
        yield f"http://127.0.0.1:{site.port}"


def test_without_tokens(tmp_path: Path) -> None:
    """With JWT off and any name a source, everything that the description allows and forbids is answered as it says."""
    with served(tmp_path, "support.apps:make_app", {"CAPTCHA_JWT": "off", **WORK}) as address:
        run = schemathesis(tmp_path, address, "--max-examples=50")
    assert run.passed, run.output
    assert sorted(run.answers) == [(operation, mode) for operation in OPERATIONS for mode in ("negative", "positive")]
    assert {200, 422} >= set().union(*(run.answers[operation, "positive"] for operation in OPERATIONS))
    assert {400, 404} <= set(run.answers["POST /{source}", "negative"])
    assert 404 in run.answers["GET /{source}", "negative"]


def test_with_required_tokens(tmp_path: Path) -> None:
    """With tokens required and sources named it is so too; a valid token gets through, none and a forged one do not."""
    settings = {**TOKENS, **WORK, "CAPTCHA_JWT": "required", "CAPTCHA_SOURCES": SOURCES, "CAPTCHA_LANGUAGE": "auto"}
    with apps.make_app(settings).app_context():
        token = create_access_token("alice")
    with served(tmp_path, "support.apps:make_app", settings) as address:
        run = schemathesis(tmp_path, address, "--max-examples=25", "--header", f"Authorization: Bearer {token}")
    assert run.passed, run.output
    assert sorted(run.answers) == [(operation, mode) for operation in OPERATIONS for mode in ("negative", "positive")]
    for operation in ISSUING:  # those that can succeed without anybody who reads the picture
        assert run.answers[operation, "positive"][200] > 0
        assert run.answers[operation, "positive"][401] > 0, "ignored_auth has not been tried"


def make_lying_app(settings: dict[str, Any]) -> Flask:
    """Make an app whose description lies about a status, a header and a body."""
    app = apps.make_app(settings)
    tell = app.view_functions["captcha_api.openapi"]

    def lie() -> Any:
        told = json.loads(tell().get_data())  # type: ignore[union-attr]
        issuing = told["paths"]["/{source}"]
        del issuing["head"]["responses"]["404"]
        issuing["get"]["responses"]["200"]["headers"]["Captcha-Colour"] = {"required": True, "schema": {}}
        told["components"]["schemas"]["captcha_required"]["properties"]["code"]["const"] = "09999"
        return told

    app.view_functions["captcha_api.openapi"] = lie
    return app


def test_a_lie_is_found(tmp_path: Path) -> None:
    """The two tests above can fail: a status, a header and a code that are described wrongly are each complained of."""
    with served(tmp_path, "http.test_openapi_conformance:make_lying_app", {"CAPTCHA_JWT": "off", **WORK}) as address:
        run = schemathesis(tmp_path, address, "--phases=coverage", "--include-path=/{source}", "--continue-on-failure")
    assert not run.passed
    complaints = ("Received: 404", "Captcha-Colour", "09999")
    assert [complaint for complaint in complaints if complaint not in run.output] == []
