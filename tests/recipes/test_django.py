"""django-recaptcha, unchanged, in a Django site whose settings name the service."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
import requests

from tests.support.gunicorn import gunicorn
from tests.support.siteverify import ANSWER, SHOP, issue

from .conftest import Service

pytestmark = pytest.mark.server


@pytest.fixture
def site(service: Service, tmp_path: Path) -> Iterator[str]:
    environment = {
        "SITE_SERVICE": service.address,
        "SITE_SECRET": SHOP,
        "SSL_CERT_FILE": service.certificate,
        "NO_PROXY": "127.0.0.1",
    }
    with gunicorn(tmp_path, "tests.recipes.django_site:site", workers=1, environment=environment) as running:
        yield f"http://127.0.0.1:{running.port}/register"


def test_a_registration_passes_once(service: Service, site: str) -> None:
    """Over TLS, with the settings alone; the page asks the service for its script, with the source as the key."""
    with requests.Session() as browser:
        page = browser.get(site).text
        assert f'src="https://{service.address}/recaptcha/api.js?hl=en"' in page
        assert 'data-sitekey="shop"' in page
        (token,) = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        response = issue(service.app)
        form = {"csrfmiddlewaretoken": token, "name": "ann", "g-recaptcha-response": response}
        assert browser.post(site, data=form).text == "registered ann"
        for refused in (response, issue(service.app).replace(ANSWER, "11111"), issue(service.app, "blog"), "x"):
            again = browser.post(site, data={**form, "g-recaptcha-response": refused})
            assert "Error verifying reCAPTCHA, please try again." in again.text, refused
        assert "This field is required." in browser.post(site, data={**form, "g-recaptcha-response": ""}).text


def test_the_script_is_there(service: Service) -> None:
    """At the address that the page names, and so is the module that it loads."""
    address = f"https://{service.address}/recaptcha/api.js"
    script = requests.get(address, verify=service.certificate, timeout=10)
    (module,) = re.findall(r'"([^"]+captcha-field\.js)"', script.text)
    url = urljoin(address, module)
    headers = {"Origin": "https://shop.example"}
    loaded = requests.get(url, headers=headers, verify=service.certificate, timeout=10)
    assert loaded.status_code == 200
    assert loaded.headers["Access-Control-Allow-Origin"] == "https://shop.example"


def test_a_client_of_its_own(service: Service) -> None:
    """What most clients in other languages come down to: one form, sent by POST."""
    url = f"https://{service.address}/recaptcha/api/siteverify"
    form = {"secret": SHOP, "response": issue(service.app), "remoteip": "192.0.2.1"}
    results = [requests.post(url, data=form, verify=service.certificate, timeout=10).json() for _ in range(2)]
    assert [answer["success"] for answer in results] == [True, False]
