"""Pages of the sites may load the widget and the captchas of their own sources, and no other page may."""

import pytest
from flask.testing import FlaskClient

from flask_captcha_api.widget.assets import LATEST, SCRIPT, STYLESHEET, WORK_SCRIPT, current_digest

from ..support.siteverify import SHOP, SITES, VERIFY, make_service

SHOPS, BLOGS, LOCAL = "https://shop.example", "https://blog.example", "http://localhost:8000"
FILES = [f"/captcha/static/{LATEST}/{name}" for name in (SCRIPT, STYLESHEET, WORK_SCRIPT, "en.json")]
ALLOW = "Access-Control-Allow-Origin"


@pytest.fixture
def client() -> FlaskClient:
    return make_service().test_client()


@pytest.mark.parametrize("path", [*FILES, "/recaptcha/api.js", "/captcha/recaptcha/api.js"])
def test_files_are_for_all_sites(client: FlaskClient, path: str) -> None:
    """No other origin is let in, and a cache keeps the answers apart."""
    for origin in (SHOPS, BLOGS, LOCAL):
        response = client.get(path, headers={"Origin": origin})
        assert (response.status_code, response.headers[ALLOW]) == (200, origin)
        assert response.headers["Vary"] == "Origin"
    for origin in ("https://evil.example", SHOPS + ".evil.example", SHOPS.upper(), "null", "*", ""):
        response = client.get(path, headers={"Origin": origin})
        assert ALLOW not in response.headers
        assert response.headers["Vary"] == "Origin"
    assert client.get(path).headers["Vary"] == "Origin"


@pytest.mark.parametrize("path", [FILES[0], "/captcha/shop"])
def test_a_page_that_is_refused_is_logged_once(
    client: FlaskClient, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its visitor sees no captcha and no reason. Pages of the sites, and requests without an origin, log nothing."""
    client.get(path, headers={"Origin": SHOPS})
    client.get(path)
    assert not caplog.records
    for origin in ("http://127.0.0.1:8000", "https://evil.example"):
        client.get(path, headers={"Origin": origin})
    assert [(record.levelname, record.message) for record in caplog.records] == [
        (
            "WARNING",
            "a page was refused because its origin is not in the origins of the site: if it is a page of yours, add "
            "its scheme, host and port to them as the browser's address bar has them; http://localhost:8000 and "
            "http://127.0.0.1:8000 differ",
        )
    ]


@pytest.mark.parametrize("form", ["", "/audio"])
def test_captchas_are_for_the_sites_of_their_source(client: FlaskClient, form: str) -> None:
    """And what they say is readable, but nothing is sent with credentials."""
    mine = client.get(f"/captcha/shop{form}", headers={"Origin": SHOPS})
    assert mine.headers[ALLOW] == SHOPS
    assert "Captcha-Expires-In" in mine.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in mine.headers
    assert ALLOW not in client.get(f"/captcha/shop{form}", headers={"Origin": BLOGS}).headers
    assert client.get(f"/captcha/blog{form}", headers={"Origin": LOCAL}).headers[ALLOW] == LOCAL
    assert ALLOW not in client.get(f"/captcha/nobody{form}", headers={"Origin": SHOPS}).headers


def test_errors_can_be_read_too() -> None:
    """The widget tells its visitor of a limit and of an outage."""
    client = make_service(CAPTCHA_RATE_LIMIT="1 per hour", CAPTCHA_AUDIO=False).test_client()
    responses = [client.get("/captcha/shop", headers={"Origin": SHOPS}) for _ in range(2)]
    assert [(response.status_code, response.headers[ALLOW]) for response in responses] == [(200, SHOPS), (429, SHOPS)]


def test_what_no_page_needs_is_closed(client: FlaskClient) -> None:
    """Servers verify; a page has nothing to ask there."""
    headers = {"Origin": SHOPS}
    for response in (
        client.post(VERIFY, data={"secret": SHOP, "response": "1"}, headers=headers),
        client.post("/captcha/shop", json={}, headers=headers),
        client.options("/captcha/shop", headers={**headers, "Access-Control-Request-Method": "POST"}),
        client.options(VERIFY, headers={**headers, "Access-Control-Request-Method": "POST"}),
        client.get("/captcha/a/b/c", headers=headers),
    ):
        assert ALLOW not in response.headers


def test_any_origin() -> None:
    """A site may be open to all pages; the other sites stay as they are."""
    sites = {**SITES, "open": {"secret": "o" * 40, "sources": ["open"], "origins": ["*"]}}
    client = make_service(CAPTCHA_SITES=sites).test_client()
    headers = {"Origin": "https://elsewhere.example"}
    assert client.get("/captcha/open", headers=headers).headers[ALLOW] == "*"
    assert ALLOW not in client.get("/captcha/shop", headers=headers).headers


def test_the_script_is_revalidated_and_finds_the_widget(client: FlaskClient) -> None:
    """From both of its addresses, and below a prefix; a page that isolates itself may load it."""
    for prefix in ("", "/captcha"):
        response = client.get(f"{prefix}/recaptcha/api.js?hl=en", base_url="http://localhost/some%20where")
        assert response.mimetype == "text/javascript"
        assert response.headers["Cache-Control"] == "no-cache"
        assert response.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        up = "../captcha" if not prefix else ".."
        with client.application.app_context():
            assert f'new URL("{up}/static/{current_digest()}/{SCRIPT}",' in response.text
        again = client.get(f"{prefix}/recaptcha/api.js", headers={"If-None-Match": response.headers["ETag"]})
        assert again.status_code == 304
