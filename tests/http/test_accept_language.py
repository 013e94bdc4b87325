"""Which languages a request asks for, and how much of the header is looked at."""

import pytest
from flask import Flask
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from flask_captcha_api import CaptchaApi
from flask_captcha_api.http.languages import accepted_languages


def languages_in(header: str | None) -> list[str]:
    headers = {} if header is None else {"Accept-Language": header}
    with Flask("app").test_request_context(headers=headers):
        return accepted_languages()


@pytest.mark.parametrize(
    "header",
    [
        "",
        "en",
        "ja,en-US;q=0.9,en;q=0.8",
        "en;q=0.1, ja;q=0.5 , zh-TW",
        "zh-Hant-TW ; q=0.7,\tzh-Hans;q=1.0,*;q=0.5",
        "en;q=0.5,ja;q=0.5",
    ],
)
def test_headers_of_browsers_are_read_as_werkzeug_does(header: str) -> None:
    """Best first, those of one weight in the order of the header."""
    assert languages_in(header) == list(parse_accept_header(header, LanguageAccept).values())


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, []),
        ("en;q=0,ja", ["ja"]),
        ("en;q=0.000,ja;q=0.001", ["ja"]),
        ("en;q=2,ja", ["ja"]),
        ("en;q=-1,ja", ["ja"]),
        ("en;q=nan,en;q=inf,en;q=1e9,ja", ["ja"]),
        ("en;level=1,ja", ["ja"]),
        (",, ,;,=,\xe9,ja", ["ja"]),
        ("zh_TW", ["zh_TW"]),
        ('"en,ja"', []),
    ],
)
def test_malformed_ranges_are_left_out(header: str | None, expected: list[str]) -> None:
    """What is malformed, or not wanted, is no language."""
    assert languages_in(header) == expected


def test_only_ten_ranges_count() -> None:
    """Whatever comes after the tenth range is not looked at."""
    assert languages_in("x," * 9 + "ja") == ["x"] * 9 + ["ja"]
    assert languages_in("x," * 10 + "ja") == ["x"] * 10


def test_only_a_thousand_characters_count() -> None:
    """A range that reaches beyond the thousandth character is not looked at, not even its beginning."""
    padding = "x" * 991
    assert languages_in(f"{padding},ja;q=0.5") == [padding, "ja"]
    assert languages_in(f"{padding},ja;q=0.50") == [padding]
    assert languages_in("ja" + "-x" * 380_000) == []


@pytest.mark.parametrize("path", ["/captcha/web", "/captcha/web/audio", "/captcha/none", "/captcha/no/such"])
def test_a_long_header_is_not_parsed(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """No answer in the visitor's language, refused requests included, parses the whole header."""
    monkeypatch.setattr(
        "werkzeug.sansio.request.parse_accept_header", lambda *_: pytest.fail("parsed the whole header")
    )
    app = Flask("app")
    app.config.update(SECRET_KEY="s" * 32, CAPTCHA_LANGUAGE="auto", CAPTCHA_SOURCES={"web": {}})
    CaptchaApi(app)
    answer = app.test_client().get(path, headers={"Accept-Language": "ja," + "a;b," * 190_000}).get_json()
    assert answer["message"] in {"成功しました", "指定された取得元はありません"}
