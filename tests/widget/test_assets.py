"""The widget's files: how small they are, where they are served, and for how long they may be kept."""

import gzip
import re

import pytest
from flask.testing import FlaskClient

from flask_captcha_api.translations import BUNDLED
from flask_captcha_api.widget.assets import MINIFIED, SCRIPT, STYLESHEET, WORK_SCRIPT, compact
from tools.minify_script import first_line_of

from ..support.widget import DIGEST, SCRIPT_URL, STATIC


def test_the_files_are_small(client: FlaskClient) -> None:
    """Script, style and the largest language have 8 kB at most as they are served, compressed; a language 1 kB."""
    assert {path.name for path in STATIC.iterdir()} == {SCRIPT, MINIFIED, WORK_SCRIPT, STYLESHEET}

    def size_of(name: str) -> int:
        return len(gzip.compress(client.get(f"/captcha/static/{DIGEST}/{name}").data, 9))

    languages = {language: size_of(f"{language}.json") for language in BUNDLED.catalogues}
    assert {language: size for language, size in languages.items() if size > 1000} == {}
    assert size_of(SCRIPT) + size_of(STYLESHEET) + max(languages.values()) <= 8000


def test_the_minified_script_is_current(client: FlaskClient) -> None:
    """``make widget`` makes it from the script; all but its first line is served."""
    first, _, served = (STATIC / MINIFIED).read_text(encoding="utf-8").partition("\n")
    assert f"{first}\n" == first_line_of((STATIC / SCRIPT).read_bytes()), "run make widget"
    assert client.get(SCRIPT_URL).data == served.encode()


def test_the_files_are_served_compact() -> None:
    """Without comments and layout. Nothing else goes: neither a URL nor a line's code, nor what a string says."""
    script = 'f("http://a"); // one\n// two\n\n  /** three\n   * four */\n  g(1 / 2)\nh({ // five\n  a,\n});\n'
    assert compact(script) == 'f("http://a");g(1 / 2)\nh({a,});'
    assert compact("/* one */\na {\n  b: url(//c);\n}\n\nd {\n}\n") == "a{b:url(//c);}\nd{}\n"
    assert compact('const { a } = b => c ? -d : `${e} = ${f}`, g = "h, \\" => {i}" + - + j;') == (
        'const{a}=b=>c?-d :`${e} = ${f}`,g="h, \\" => {i}" + - + j;'
    )
    assert compact("a > b :is(c, d) {\n  e: calc(1px + 2px) f;\n}\n") == "a>b :is(c,d){e:calc(1px + 2px) f;}\n"
    for name in (SCRIPT, STYLESHEET):
        source = (STATIC / name).read_text(encoding="utf-8")
        served = compact(source)
        assert not re.search(r"(^|\s)//|/\*|^ ", served, re.MULTILINE)
        without_comments = re.sub(
            r"^ *//.*|(?<=[;,{}]) //.*", "", re.sub(r"(?s)/\*.*?\*/", "", source), flags=re.MULTILINE
        )
        assert "".join(served.split()) == "".join(without_comments.split())


@pytest.mark.parametrize(("name", "media_type"), [(SCRIPT, "text/javascript"), (STYLESHEET, "text/css")])
def test_the_files_may_be_kept_for_ever(client: FlaskClient, name: str, media_type: str) -> None:
    """Each is served outside the envelope, with the headers of what never changes."""
    response = client.get(f"/captcha/static/{DIGEST}/{name}?x")
    assert (response.status_code, response.mimetype) == (200, media_type)
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in response.headers
    assert client.head(f"/captcha/static/{DIGEST}/{name}").status_code == 200


@pytest.mark.parametrize("name", [SCRIPT, STYLESHEET])
def test_the_latest_files_are_asked_for_anew(client: FlaskClient, name: str) -> None:
    """Under a path that never changes they are the same, and answered by 304 to whoever has them."""
    response = client.get(f"/captcha/static/latest/{name}")
    assert response.data == client.get(f"/captcha/static/{DIGEST}/{name}").data
    assert response.headers["Cache-Control"] == "no-cache"
    again = client.get(f"/captcha/static/latest/{name}", headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get(f"/captcha/static/latest/{name}", headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_long_list_of_etags_is_not_parsed(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files have no rate limit, so no header may make one expensive. Weak and listed ETags count all the same."""
    monkeypatch.setattr("werkzeug.sansio.http.parse_etags", lambda _: pytest.fail("parsed the whole header"))
    path = f"/captcha/static/latest/{SCRIPT}"
    for header, status in {'"a",' * 200_000: 200, f'"other", W/"{DIGEST}"': 304}.items():
        assert client.get(path, headers={"If-None-Match": header}).status_code == status


def test_a_page_from_before_an_upgrade_can_still_load_what_works(client: FlaskClient) -> None:
    """Its script loads the file when the first puzzle comes, which may be long after: without it no form goes out."""
    response = client.get(f"/captcha/static/0000000000000000/{WORK_SCRIPT}")
    assert response.data == client.get(f"/captcha/static/{DIGEST}/{WORK_SCRIPT}").data
    assert (response.status_code, response.headers["Cache-Control"]) == (200, "no-cache")


@pytest.mark.parametrize(
    "path", [f"0000000000000000/{SCRIPT}", f"{DIGEST}/other.js", f"{DIGEST}/../widget.py", f"{DIGEST}/", f"{DIGEST}"]
)
def test_no_other_file_is_served(client: FlaskClient, path: str) -> None:
    """Another digest, another name and a way out of the folder are 01004."""
    response = client.get(f"/captcha/static/{path}")
    assert (response.status_code, response.get_json()["code"]) == (404, "01004")
    assert response.headers["Cache-Control"] == "no-store"


def test_the_digest_is_of_both_files() -> None:
    """The script finds the style beside itself, so a change of either changes the URL of both."""
    assert re.fullmatch("[0-9a-f]{16}", DIGEST)
    assert 'new URL("captcha-field.css", import.meta.url)' in (STATIC / SCRIPT).read_text()
