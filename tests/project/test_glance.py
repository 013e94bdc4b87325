"""The tools that measure what is read at a glance."""

import re

import pytest

from benchmarks.legibility import page
from benchmarks.legibility.glance import report
from flask_captcha_api import Challenge, Kind

KEY = {
    "1": {"kind": "digits", "drawing": "calm", "prompt": "40718"},
    "2": {"kind": "digits", "drawing": "calm", "prompt": "12345"},
    "3": {"kind": "arithmetic", "drawing": "calm", "prompt": "40−7"},
    "4": {"kind": "letters", "drawing": "hard", "prompt": "ACHJT"},
}


def test_readings_are_compared_by_drawing() -> None:
    """Whole texts count, several readers' together; signs and case may be written otherwise, and gaps count nothing."""
    lines = report(KEY, ["1 40718\n2: 12 345\n3. 40 - 7 = ?\n", "1 40713\n\n4 achjt"]).splitlines()
    assert lines == [
        "reader 2:    1 digits calm                40718 read as 40713",
        "arithmetic calm                1 of   1 = 100% (95 %: 21% to 100%)",
        "digits calm                    2 of   3 = 67% (95 %: 21% to 94%)",
        "letters hard                   1 of   1 = 100% (95 %: 21% to 100%)",
    ]


def test_people_read_on_a_page() -> None:
    """Each picture counts once, and the last one is followed by the score."""
    app = page.make_app("digits", "calm", 3)
    client = app.test_client()
    for _ in range(3):
        shown = client.get("/").get_data(as_text=True)
        assert re.search(r'<img src="data:image/jpeg;base64,[^"]+" width="166" height="90"', shown)
        assert client.post("/", data={"text": "no digits"}).status_code == 303
        client.post("/", data={"text": "once more"})
    assert "You read 0 of 3 pictures: 0% (95 %: 0% to 56%)" in client.get("/").get_data(as_text=True)


def test_what_is_typed_is_compared_like_a_captcha(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader who types white space or full-width digits is right."""
    known = Kind(lambda length: Challenge("40718", "40718"), digits_only=True)
    monkeypatch.setattr(page, "KINDS", {"digits": known})
    client = page.make_app("digits", "calm", 2).test_client()
    for text in (" 407 18", "\uff14\uff10\uff17\uff11\uff18"):
        client.get("/")
        client.post("/", data={"text": text})
    assert "You read 2 of 2 pictures: 100%" in client.get("/").get_data(as_text=True)
