"""Views that read the headers ``Captcha-Uuid`` and ``Captcha-Code``: ``verify_captcha(from_headers=True)``."""

from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from flask_captcha_api import CaptchaApi, CaptchaRejected, verify_captcha, verify_captcha_in_request

from ..conftest import ANSWER
from ..support.apps import KNOWN_ANSWER
from ..support.gunicorn import Site, gunicorn

Issue = Callable[..., str]


def headers(uuid: str, text: str = ANSWER) -> dict[str, str]:
    return {"Captcha-Uuid": uuid, "Captcha-Code": text}


@pytest.fixture
def guarded(app: Flask, captcha: CaptchaApi) -> FlaskClient:
    """Add views that read the headers, by decorator and by function."""

    @app.route("/guarded", methods=["GET", "POST", "DELETE"])
    @verify_captcha(from_headers=True)
    def guarded() -> str:
        return "passed"

    @app.post("/function")
    def function() -> str:
        verify_captcha_in_request(from_headers=True)
        return "passed"

    return app.test_client()


def told(response: Any) -> tuple[int, Any]:
    return response.status_code, response.get_json()["code"] if response.is_json else response.text


@pytest.mark.parametrize(("method", "path"), [("POST", "/guarded"), ("GET", "/guarded"), ("POST", "/function")])
def test_a_captcha_in_the_headers_passes_once(guarded: FlaskClient, issue: Issue, method: str, path: str) -> None:
    """Without a body, with any method."""
    uuid = issue()
    assert told(guarded.open(path, method=method, headers=headers(uuid, "00000"))) == (422, "01002")
    assert told(guarded.open(path, method=method, headers=headers(uuid))) == (422, "01003")
    assert told(guarded.open(path, method=method, headers=headers(issue()))) == (200, "passed")


@pytest.mark.parametrize("place", ["json", "data", "query_string"])
def test_fields_do_not_count(guarded: FlaskClient, issue: Issue, place: str) -> None:
    """Body and query are not read, neither instead of the headers nor besides them."""
    uuid = issue()
    fields: dict[str, Any] = {place: {"uuid": uuid, "code": ANSWER}}
    assert told(guarded.post("/guarded", **fields)) == (400, "01001")
    assert told(guarded.post("/guarded", headers={"Captcha-Uuid": uuid}, **fields)) == (400, "01001")
    assert told(guarded.delete("/guarded", headers={"Captcha-Code": ANSWER}, **fields)) == (400, "01001")
    assert told(guarded.post("/guarded", headers=headers(uuid), **{place: {"uuid": "audio", "code": ""}})) == (
        200,
        "passed",
    )


class UnreadableBody:
    """A body that must not be read."""

    def read(self, *_: int) -> bytes:
        raise AssertionError("the body was read")

    readline = read


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain"])
def test_the_body_is_not_read(app: Flask, captcha: CaptchaApi, issue: Issue, content_type: str) -> None:
    """Whether the captcha passes or not, and whatever was pressed: the view finds its body untouched."""
    environ = {"wsgi.input": UnreadableBody(), "CONTENT_LENGTH": "10", "CONTENT_TYPE": content_type}
    for text, passes in (("", False), ("00000", False), (ANSWER, True)):
        with app.test_request_context(method="POST", headers=headers(issue(), text), environ_overrides=environ):
            if passes:
                verify_captcha_in_request(from_headers=True)
                with pytest.raises(AssertionError):
                    request.get_data()
            else:
                with pytest.raises(CaptchaRejected) as caught:
                    verify_captcha_in_request(from_headers=True)
                assert caught.value.asked_for is None


@pytest.mark.parametrize(
    "text", [f"{ANSWER},{ANSWER}", f"{ANSWER}, x", f",{ANSWER}", "４０７18", "caf\xe9", "", " ", "x" * 65], ids=ascii
)
def test_what_no_header_may_be(app: Flask, guarded: FlaskClient, issue: Issue, text: str) -> None:
    """Doubled, not ASCII, empty or too long: malformed, and nothing is spent."""
    uuid = issue()
    sent = {"HTTP_CAPTCHA_UUID": uuid, "HTTP_CAPTCHA_CODE": text.encode().decode("latin-1")}
    assert told(guarded.post("/guarded", environ_overrides=sent)) == (400, "01001")
    sent = {"HTTP_CAPTCHA_UUID": f"{uuid},{uuid}", "HTTP_CAPTCHA_CODE": ANSWER}
    assert told(guarded.post("/guarded", environ_overrides=sent)) == (400, "01001")
    assert told(guarded.post("/guarded", headers=headers(uuid))) == (200, "passed")


def test_names_of_fields_are_refused(app: Flask, captcha: CaptchaApi) -> None:
    """Nobody would read them."""
    message = "leave out the names of fields 'id' and 'code'"
    with pytest.raises(TypeError, match=message):
        verify_captcha("id", from_headers=True)
    with app.test_request_context(), pytest.raises(TypeError, match=message):
        verify_captcha_in_request("id", from_headers=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with gunicorn(tmp_path_factory.mktemp("site"), "tests.support.apps:make_app()", workers=1) as running:
        yield running


def send(site: Site, *lines: tuple[str, bytes]) -> int:
    """Send a request with these header lines as they are; returns the status."""
    with closing(HTTPConnection("127.0.0.1", site.port, timeout=30)) as connection:
        connection.putrequest("POST", "/guarded-by-headers")
        for name, value in (*lines, ("Content-Length", b"0")):
            connection.putheader(name, value)
        connection.endheaders()
        return connection.getresponse().status


@pytest.mark.server
def test_doubled_headers_over_a_server(site: Site) -> None:
    """A header line that is there twice spends nothing, whichever it is."""
    uuid = site.ask("GET", "/captcha/web")[1]["response"]["uuid"].encode()
    once = [("Captcha-Uuid", uuid), ("Captcha-Code", KNOWN_ANSWER.encode())]
    for doubled in (*once, ("captcha-code", b"0"), ("Captcha-Code", "é".encode())):
        assert send(site, *once, doubled) == 400
    assert [send(site, *once), send(site, *once)] == [200, 422]
