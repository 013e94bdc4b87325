"""Entries: what the store keeps of a captcha, and what verifying makes of it."""

import hmac
import logging
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from flask_captcha_api import CaptchaApi, Outcome
from flask_captcha_api.challenges.folding import EXACT, RULES, Folding
from flask_captcha_api.state import current_state
from flask_captcha_api.storage.entries import Entry, Terms
from flask_captcha_api.testing import answers

from ..conftest import ANSWER

DIGEST = "0123456789abcdef" * 4
TERMS = Terms(
    key_id="8b1d0c5e", is_bound=True, folding=Folding(digits_only=True), expires=1_790_000_000, source="login"
)
NOW = 1_790_000_000.9

Edit = Callable[[str], Any]


@pytest.fixture
def backend(app: Flask, captcha: CaptchaApi) -> Any:
    with app.app_context(), answers(app, ANSWER):
        yield app.extensions["captcha_api"].store.get().backend


def issue(captcha: CaptchaApi, backend: Any, edit: Edit = lambda entry: entry) -> str:
    """Issue a captcha and change what is kept of it, which stays in the cache for longer than the captcha lives."""
    uuid = captcha.issue("web").uuid
    key = f"captcha_api:{uuid}"
    backend.set(key, edit(backend.get(key)), timeout=100_000)
    return uuid


def field(position: int, value: str) -> Edit:
    """Return what replaces one of the six fields of an entry."""

    def edit(entry: str) -> str:
        fields = entry.split(" ")
        fields[position] = value
        return " ".join(fields)

    return edit


@pytest.mark.parametrize(
    ("is_bound", "folding", "has_work", "flags"),
    [
        (True, Folding(digits_only=True), False, "bd"),
        (True, Folding(), False, "b"),
        (False, Folding(), False, "-"),
        (True, Folding(digits_only=True), True, "bdw"),
        (False, Folding(), True, "w"),
        *((False, Folding(**{name: True}), False, rule.flag) for name, rule in RULES.items()),
    ],
)
def test_the_format(is_bound: bool, folding: Folding, has_work: bool, flags: str) -> None:
    """An entry is six fields with a space between them."""
    terms = Terms(
        key_id="8b1d0c5e",
        is_bound=is_bound,
        folding=folding,
        has_work=has_work,
        expires=1_790_000_000,
        source="login",
    )
    text = f"1 8b1d0c5e {flags} 1790000000 login {DIGEST}"
    assert str(Entry(terms, DIGEST)) == text
    assert Entry.parse(text) == Entry(terms, DIGEST)


@pytest.mark.parametrize(("is_bound", "keeps_left", "flags"), [(True, 2, "bk2"), (False, 9, "k9"), (False, 0, "k0")])
def test_the_format_of_a_kept_captcha(is_bound: bool, keeps_left: int, flags: str) -> None:
    """How often it may be kept stands in place of how its answer is folded, which it is not."""
    terms = Terms(
        key_id="8b1d0c5e",
        is_bound=is_bound,
        folding=EXACT,
        expires=1_790_000_000,
        source="login",
        keeps_left=keeps_left,
    )
    text = f"1 8b1d0c5e {flags} 1790000000 login {DIGEST}"
    assert str(Entry(terms, DIGEST)) == text
    assert Entry.parse(text) == Entry(terms, DIGEST)


def texts_like_entries() -> st.SearchStrategy[str]:
    field_or_noise = st.sampled_from(
        ["1", "8b1d0c5e", "b", "bd", "bk0", "k9", "-", "17", "017", "login", DIGEST, "", "٣", "1\n"]
    )
    return st.lists(field_or_noise, max_size=8).map(" ".join) | st.text()


@pytest.mark.slow
@settings(deadline=None, database=None, max_examples=500)
@given(texts_like_entries())
def test_what_is_read_is_what_was_written(text: str) -> None:
    """Anything at all is either the text of an entry, to the letter, or none."""
    entry = Entry.parse(text)
    assert entry is None or str(entry) == text


def test_what_is_kept(app: Flask, captcha: CaptchaApi, backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key id is made from the key that is derived from SECRET_KEY; the expiry is in whole seconds."""
    monkeypatch.setattr(time, "time", lambda: NOW)
    derived = hmac.digest(b"a secret of the tests", b"flask_captcha_api/1", "sha256")
    key_id = hmac.digest(derived, b"key id", "sha256").hex()[:8]
    kept = backend.get(f"captcha_api:{captcha.issue('web').uuid}")
    assert re.fullmatch(f"1 {key_id} bd 1790000300 web [0-9a-f]{{64}}", kept)


@pytest.mark.parametrize(
    ("source", "flags"),
    [
        ({"jwt": "optional", "kind": "digits"}, "bd"),
        ({"jwt": "required", "kind": "arithmetic"}, "bd"),
        ({"jwt": "required", "kind": "letters"}, "b"),
        ({"jwt": "off", "kind": "digits"}, "d"),
        ({"jwt": "off", "kind": "letters"}, "-"),
    ],
    ids=str,
)
def test_flags(app: Flask, source: dict[str, str], flags: str) -> None:
    """Bound unless the source ignores tokens; folded as a number where the kind asks for numbers."""
    app.config["CAPTCHA_SOURCES"] = {"web": source}
    captcha = CaptchaApi(app)
    with app.app_context():
        uuid = captcha.issue("web").uuid
        kept = app.extensions["captcha_api"].store.get().backend.get(f"captcha_api:{uuid}")
    assert kept.split()[2] == flags


@pytest.mark.parametrize(
    "edit",
    [
        *(field(2, flags) for flags in ("-", "b", "d", "bk9")),
        *(field(3, "9999999999"), field(4, "login"), field(5, "0" * 64)),
    ],
    ids=["no flags", "folded otherwise", "unbound", "kept", "later", "another source", "another digest"],
)
def test_a_changed_entry_passes_nothing(captcha: CaptchaApi, backend: Any, edit: Edit) -> None:
    """Flags, expiry and source are under the digest: who can write the store and has no key changes none of them."""
    assert captcha.verify(issue(captcha, backend), ANSWER) is Outcome.PASSED
    assert captcha.verify(issue(captcha, backend, edit), ANSWER) is Outcome.WRONG


@pytest.mark.parametrize(
    "edit",
    [field(2, "bk9"), field(2, "k0"), field(2, "bd"), field(3, "9999999999"), field(4, "login")],
    ids=["kept more often", "unbound", "not kept", "later", "another source"],
)
def test_a_changed_entry_of_a_kept_captcha_passes_nothing(captcha: CaptchaApi, backend: Any, edit: Edit) -> None:
    """The number of keeps left is under the digest too."""
    outcomes = []
    for change in (lambda entry: entry, edit):
        service = current_state().service
        kept = service.keep(service.verify(captcha.issue("web").uuid, ANSWER), 1)
        assert kept is not None
        key = f"captcha_api:{kept.uuid}"
        assert backend.get(key).split()[2] == "bk0"
        backend.set(key, change(backend.get(key)), timeout=100)
        outcomes.append(captcha.verify(kept.uuid, kept.text))
    assert outcomes == [Outcome.PASSED, Outcome.WRONG]


@pytest.mark.parametrize(
    "edit",
    [
        lambda entry: "web " + entry.split()[-1],
        field(0, "2"),
        field(1, "8B1D0C5E"),
        *(field(2, flags) for flags in ("kw", "wb", "bdk3", "wd", "wk3", "bk", "k10", "kb3", "db", "bb", "")),
        *(field(3, expires) for expires in ("01790000300", "-1", "soon", "1e9", "٣" * 10, "9" * 13)),
        field(4, ""),
        lambda entry: f"{entry} 7",
        lambda entry: f"{entry}\n",
        lambda entry: f" {entry}",
        lambda entry: entry.upper(),
        lambda entry: entry[:-1],
        lambda entry: "",
        lambda entry: "\ud800",
        lambda entry: b"\xff\x00",
        lambda entry: b"1 8b1d0c5e \xff",
    ],
)
def test_what_cannot_be_read_is_gone(
    captcha: CaptchaApi, backend: Any, edit: Edit, caplog: pytest.LogCaptureFixture
) -> None:
    """Entries of the old format, of a later one and garbage are gone, which is logged once with its reasons."""
    uuids = [issue(captcha, backend, edit) for _ in range(2)]
    assert [captcha.verify(uuid, ANSWER) for uuid in uuids] == [Outcome.GONE, Outcome.GONE]
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "another release wrote it, which ends CAPTCHA_TTL seconds after an upgrade" in record.message


@pytest.mark.parametrize("value", [None, 5, ["1"], {"1": 2}], ids=ascii)
def test_what_is_no_text_is_gone(captcha: CaptchaApi, backend: Any, value: Any) -> None:
    """Values that are not even text, as another app may keep them, are nothing that was issued."""
    assert captcha.verify(issue(captcha, backend, lambda entry: value), ANSWER) is Outcome.GONE


def test_bytes_are_read(captcha: CaptchaApi, backend: Any) -> None:
    """Some clients give back as bytes what was put in as text."""
    assert captcha.verify(issue(captcha, backend, lambda entry: entry.encode()), ANSWER) is Outcome.PASSED


@pytest.mark.parametrize(
    ("now", "outcome"),
    [
        (NOW - 3600, Outcome.PASSED),
        (NOW + 300, Outcome.PASSED),
        (1_790_000_301.0, Outcome.PASSED),
        (1_790_000_301.1, Outcome.GONE),
        (NOW + 90_000, Outcome.GONE),
    ],
)
def test_a_captcha_expires_though_the_cache_keeps_it(
    captcha: CaptchaApi, backend: Any, now: float, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lives for CAPTCHA_TTL seconds and less than two more, however long the backend remembers."""
    monkeypatch.setattr(time, "time", lambda: NOW)
    uuid = issue(captcha, backend)
    monkeypatch.setattr(time, "time", lambda: now)
    assert captcha.verify(uuid, ANSWER) is outcome


def test_no_entry_waits_for_another() -> None:
    """Nor does a child wait for a thread that was at one during the fork: before 3.12 a cached_property has a lock."""
    begun, going_on = threading.Event(), threading.Event()

    class Slow(Folding):
        @property
        def flags(self) -> str:
            begun.set()
            assert going_on.wait(20)
            return super().flags

    terms = Terms(key_id="0" * 8, is_bound=False, folding=EXACT, has_work=False, expires=1, source="web")
    with ThreadPoolExecutor(2) as pool:
        try:
            slow = pool.submit(lambda: replace(terms, folding=Slow()).text)
            assert begun.wait(20)
            text = pool.submit(lambda: terms.text).result(timeout=10)
        finally:
            going_on.set()
        assert slow.result(20) == text
