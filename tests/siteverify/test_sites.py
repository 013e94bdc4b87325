"""The settings of the service: what it starts with, and what it says where it does not."""

import re
import secrets
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from flask_captcha_api import SetupError
from flask_captcha_api.siteverify import create_app
from flask_captcha_api.siteverify.sites import read_sites

from ..support.paths import DOCS, ROOT
from ..support.siteverify import BLOG, SECRET_KEY, SHOP, SITES, make_service

GOOGLES = "6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe"


def site(**members: Any) -> Mapping[str, Any]:
    return {"secret": SHOP, "sources": ["shop"], "origins": ["https://shop.example"], **members}


def test_no_secret_of_the_documentation_is_accepted() -> None:
    """What a page shows as the secret of a site is refused, so that nobody's service has a secret that others know."""
    found = []
    for page in [ROOT / "README.md", *DOCS.rglob("*.md"), DOCS / "llms.txt"]:
        found += re.findall(r"""["']secret["']: ?["']([^"']+)|__secret=["']?([^\s"'$]+)""", page.read_text())
    secrets_shown = {one or other for one, other in found}
    assert secrets_shown >= {"…", "… another one"}
    for secret in secrets_shown:
        with pytest.raises(ValueError, match="secret"):
            read_sites({"SECRET_KEY": SECRET_KEY, "CAPTCHA_SITES": {"shop": site(secret=secret)}})


@pytest.mark.parametrize("sites", [None, {}, [], "shop", 5])
def test_without_sites_it_does_not_start(sites: Any) -> None:
    """The message shows what the environment has to hold."""
    with pytest.raises(
        ValueError, match=r"CAPTCHA_SITES must be a mapping .* FLASK_CAPTCHA_SITES='\{\"shop\": \{\"sec"
    ):
        make_service(CAPTCHA_SITES=sites)


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ("secret", "must be a mapping with secret, sources, origins, and is of type str"),
        (site(source="shop"), "'source' is not a setting of a site: it must be one of secret, sources, origins"),
        (site(secret=None), "secret is missing: set one from secrets.token_hex()"),
        (site(secret=12345678901234567890123456789012), "secret is of type int, and must be text: in the environment"),
        (site(secret="s" * 31), "secret has 31 characters, and must have 32 to 256: set one from secrets.token_hex()"),
        (site(secret="s" * 257), "secret has 257 characters, and must have 32 to 256"),
        (site(secret=GOOGLES), "secret is the one that Google publishes for tests, so everybody knows it"),
        (site(secret="s" * 32 + "\n"), "secret has white space, control characters or non-ASCII characters"),
        (site(secret="é" * 32), "secret has white space, control characters or non-ASCII characters"),
        (site(secret=SECRET_KEY.replace(" ", "_")), "secret is SECRET_KEY too, or one of SECRET_KEY_FALLBACKS, which"),
        (site(secret="e" * 32), "secret is SECRET_KEY too, or one of SECRET_KEY_FALLBACKS, which no site may know"),
        (site(sources=[]), "sources must be a list of the names of sources, such as ['shop']"),
        (site(sources="shop"), "sources must be a list of the names of sources, such as ['shop']"),
        (site(sources=["no name"]), "sources has 'no name': a name must be 1 to 32 of A-Z a-z 0-9 _ -"),
        (
            site(sources=["blog"]),
            "sources has 'blog', which is not in CAPTCHA_SOURCES: it must be one of shop, checkout",
        ),
        (site(origins=None), "origins must be a list of the origins of its pages, such as ['https://shop.example']"),
        *(
            (site(origins=[origin]), f"origins has {origin!r}: it must be as browsers send it")
            for origin in (
                *("https://shop.example/", "shop.example", "https://Shop.example", "https://*.shop.example", "null"),
                *("https://shop.example:443", "http://shop.example:80", "ftp://shop.example", 5, "https://a\n", ""),
            )
        ),
    ],
)
def test_every_fault_of_a_site_is_reported(values: Any, fault: str) -> None:
    """By key, value and remedy; but no message contains a secret."""
    settings = {
        "SECRET_KEY": SECRET_KEY.replace(" ", "_"),
        "SECRET_KEY_FALLBACKS": ["an earlier key", b"e" * 32],
        "CAPTCHA_SOURCES": {"shop": {}, "checkout": {}},
        "CAPTCHA_SITES": {"shop": values},
    }
    with pytest.raises(ValueError, match=r"^invalid sites:\n- CAPTCHA_SITES\['shop'\]: " + re.escape(fault)) as caught:
        create_app(settings)
    if isinstance(values, Mapping) and values["secret"]:
        assert str(values["secret"]) not in str(caught.value)


def test_all_faults_are_reported_at_once() -> None:
    """One line for each."""
    with pytest.raises(ValueError, match="invalid sites") as caught:
        make_service(CAPTCHA_SITES={"a": site(sources=[], origins=[]), "b": site(secret="short")})
    assert str(caught.value).count("\n- CAPTCHA_SITES[") == 3


def test_a_secret_is_of_one_site() -> None:
    """Otherwise the sources of both would be those of either."""
    with pytest.raises(ValueError, match=r"CAPTCHA_SITES\['a'\]: secret is shared with another site(?s:.*)\['b'\]"):
        make_service(CAPTCHA_SITES={"a": site(), "b": site(sources=["blog"])})


@pytest.mark.parametrize("origin", ["*", "http://localhost:8000", "http://[::1]:5000", "https://xn--bcher-kva.example"])
def test_origins_that_browsers_send(origin: str) -> None:
    """They are accepted."""
    assert read_sites({"CAPTCHA_SITES": {"shop": site(origins=[origin])}}).origins_for("shop") == {origin}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"SECRET_KEY": None}, "the app has no SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is shorter than 16 characters"),
        ({"CAPTCHA_JWT": "optional"}, "CAPTCHA_JWT is 'optional': the service issues only anonymous captchas"),
        (
            {"CAPTCHA_SOURCES": {"shop": {"jwt": "required"}, "checkout": {}, "blog": {}}},
            r"CAPTCHA_SOURCES\['shop'\]: jwt is 'required': the service issues only anonymous captchas",
        ),
        ({"CAPTCHA_PROXIES": "1"}, "CAPTCHA_PROXIES is '1': it must be the number of proxies"),
        ({"CAPTCHA_PROXIES": True}, "CAPTCHA_PROXIES is True: it must be the number of proxies"),
        ({"CAPTCHA_PROXIES": -1}, "CAPTCHA_PROXIES is -1: it must be the number of proxies"),
    ],
)
def test_other_faults(settings: dict[str, Any], message: str) -> None:
    """Those of the other settings stop it as well."""
    with pytest.raises(ValueError, match=message):
        make_service(**settings)


@pytest.mark.parametrize("more", [{}, {"CACHE_TYPE": "SimpleCache"}, {"CAPTCHA_CACHE": {"CACHE_TYPE": "SimpleCache"}}])
def test_several_workers_need_a_cache_that_they_share(monkeypatch: pytest.MonkeyPatch, more: dict[str, Any]) -> None:
    """Gunicorn reads their number from WEB_CONCURRENCY."""
    monkeypatch.setenv("WEB_CONCURRENCY", "2")
    with pytest.raises(SetupError, match=r"WEB_CONCURRENCY is 2 and the cache is a SimpleCache.* FLASK_CACHE_TYPE"):
        make_service(**more)
    make_service(CACHE_TYPE="FileSystemCache", CACHE_DIR="/nonexistent", CACHE_THRESHOLD=0)
    monkeypatch.setenv("WEB_CONCURRENCY", "1")
    make_service(**more)


def test_the_sources_are_those_of_the_sites() -> None:
    """Unless CAPTCHA_SOURCES says more about them; no other name is one."""
    client = make_service().test_client()
    assert [client.get(f"/captcha/{name}").status_code for name in ("shop", "checkout", "blog", "other")] == [
        *(200, 200, 200, 404)
    ]


def test_a_site_shows_no_secret() -> None:
    """Neither in its repr nor in that of all."""
    found = read_sites({"CAPTCHA_SITES": SITES}).with_secret(SHOP)
    assert found is not None
    assert found.name == "shop"
    assert SHOP not in repr(found)
    assert "digest" not in repr(found)


def test_the_environment(tmp_path: Any) -> None:
    """``flask --app`` finds the factory, and it reads FLASK_*, a site in one piece or member by member."""
    environment = {
        "FLASK_SECRET_KEY": secrets.token_hex(),
        "FLASK_CAPTCHA_SITES": f'{{"shop": {{"secret": "{SHOP}", "sources": ["shop"], "origins": ["*"]}}}}',
        "FLASK_CAPTCHA_SITES__blog__secret": BLOG,
        "FLASK_CAPTCHA_SITES__blog__sources": '["blog"]',
        "FLASK_CAPTCHA_SITES__blog__origins": '["https://blog.example"]',
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "flask", "--app", "flask_captcha_api.siteverify", "captcha", "check"]
    ran = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "shop" in ran.stdout
    assert "blog" in ran.stdout
    assert SHOP not in ran.stdout
    del environment["FLASK_CAPTCHA_SITES__blog__secret"]
    ran = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "CAPTCHA_SITES['blog']: secret is missing" in ran.stderr
