"""Captchas that a view keeps, with ``keep()`` and a template or JSON of its own."""

import re
from typing import Any

import pytest
from flask import Flask, render_template_string, request

from flask_captcha_api import CaptchaApi, verify_captcha_in_request
from flask_captcha_api.widget import captcha_field

from ..conftest import ANSWER
from ..support.http.kept import Issue, hidden_in, post, register_form

pytestmark = pytest.mark.usefixtures("without_csrf")


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
