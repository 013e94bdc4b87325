"""Settings: read once, validated together, never changed."""

import re
import warnings
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from flask_captcha_api import CaptchaApi
from flask_captcha_api.challenges.kinds import KINDS
from flask_captcha_api.settings.config import ALL_KEYS, CaptchaConfig, SourceConfig
from flask_captcha_api.settings.reading import read_config
from flask_captcha_api.translations import BUNDLED


def read(**settings: Any) -> CaptchaConfig:
    return read_config(settings, kinds=KINDS)


def test_defaults() -> None:
    """An app that sets nothing gets five digits on 166 × 90 JPEG for five minutes, any source, JWT optional."""
    assert read() == CaptchaConfig(
        defaults=SourceConfig(
            kind="digits",
            length=5,
            ttl=300,
            width=166,
            height=90,
            format="jpeg",
            difficulty="auto",
            theme="light",
            hue=None,
            fonts=None,
            audio=True,
            jwt="optional",
        ),
        sources=None,
        jwt_renew=None,
        language="zh-Hant",
        audio_language="auto",
        single_process=False,
    )


def test_a_config_cannot_be_changed() -> None:
    """What was validated stays as it was."""
    config = read()
    with pytest.raises(FrozenInstanceError):
        config.language = "en"  # type: ignore[misc]
    with pytest.raises(TypeError):
        read(CAPTCHA_SOURCES={"a": {}}).sources["b"] = SourceConfig()  # type: ignore[index]


def test_every_fault_is_told_in_one_error() -> None:
    """A developer with several faults sees all of them at the first start, each with its value and its range."""
    with pytest.raises(ValueError, match="invalid captcha configuration") as raised:
        read(
            CAPTCHA_LENGTH=13,
            CAPTCHA_TTL="300",
            CAPTCHA_FORMAT="gif",
            CAPTCHA_SINGLE_PROCESS=1,
            CAPTCHA_JWT_RENEW=3600,
            CAPTCHA_SOURCES={"bad name": {}, "static": {}, "ok": {"colour": 1, "width": True}},
        )
    assert str(raised.value).splitlines() == [
        "invalid captcha configuration:",
        "- CAPTCHA_LENGTH is 13: it must be a whole number from 1 to 12",
        "- CAPTCHA_TTL is '300': it must be a whole number from 1 to 2,592,000",
        "- CAPTCHA_FORMAT is 'gif': it must be one of 'jpeg', 'png', 'webp'",
        "- CAPTCHA_JWT_RENEW is 3600: it must be None or a positive datetime.timedelta",
        "- CAPTCHA_SINGLE_PROCESS is 1: it must be True or False",
        "- CAPTCHA_SOURCES['bad name']: a name must be 1 to 32 of A-Z a-z 0-9 _ - and not 'static'",
        "- CAPTCHA_SOURCES['static']: a name must be 1 to 32 of A-Z a-z 0-9 _ - and not 'static'",
        "- CAPTCHA_SOURCES['ok']: 'colour' is not a setting of a source: it must be one of "
        + ", ".join(each.name for each in fields(SourceConfig)),
        "- CAPTCHA_SOURCES['ok']: width is True: it must be a whole number from 80 to 640",
    ]


def test_contradictions_are_told_beside_other_faults(app: Flask) -> None:
    """What contradicts among the settings that are right by themselves is told in the same error, as is SECRET_KEY."""
    pytest.importorskip("limits")
    app.config.update(
        SECRET_KEY=None,
        CAPTCHA_TTL=0,
        CAPTCHA_RATE_LIMIT="5 per minute",
        CAPTCHA_SOURCES={"a": {"kind": "riddle"}, "b": {"length": 11, "audio": False}, "c": {"length": 13}},
    )
    with pytest.raises(ValueError, match="invalid captcha configuration") as raised:
        CaptchaApi(app)
    assert str(raised.value).splitlines() == [
        "invalid captcha configuration:",
        "- the app has no SECRET_KEY, which protects the stored answers: set a long random one, the same in every "
        "worker, before CaptchaApi is initialised",
        "- CAPTCHA_TTL is 0: it must be a whole number from 1 to 2,592,000",
        "- CAPTCHA_SOURCES['c']: length is 13: it must be a whole number from 1 to 12",
        "- CAPTCHA_SOURCES['a']: kind is 'riddle': it must be one of arithmetic, digits, letters",
        "- CAPTCHA_RATE_LIMIT is '5 per minute', which never allows a sound, since a sound counts as 10: it must allow "
        "at least as many, or set CAPTCHA_AUDIO to False",
        "- CAPTCHA_SOURCES['b']: width is 166: it must be at least 16 for each of the 11 characters, 176",
    ]


def test_what_breaks_its_own_rule_contradicts_nothing() -> None:
    """A length that is no length is not measured against the width, nor against the kind."""
    with pytest.raises(ValueError, match="invalid captcha configuration") as raised:
        read(CAPTCHA_LENGTH=0, CAPTCHA_KIND="arithmetic", CAPTCHA_WIDTH=80)
    assert str(raised.value).splitlines()[1:] == ["- CAPTCHA_LENGTH is 0: it must be a whole number from 1 to 12"]


def test_what_no_source_sets_is_named_by_the_apps_key_once() -> None:
    """However many sources there are; one that sets part of it is named."""
    with pytest.raises(ValueError, match="invalid captcha configuration") as raised:
        read(CAPTCHA_KIND="digit", CAPTCHA_WIDTH=80, CAPTCHA_SOURCES={"a": {}, "b": {}, "c": {"length": 6}})
    assert str(raised.value).splitlines()[1:] == [
        "- CAPTCHA_KIND is 'digit': it must be one of arithmetic, digits, letters",
        "- CAPTCHA_SOURCES['c']: width is 80: it must be at least 16 for each of the 6 characters, 96",
    ]


def test_sources_that_cannot_be_read_hide_no_other_fault() -> None:
    """With a list for CAPTCHA_SOURCES the settings of all sources are looked at nevertheless."""
    with pytest.raises(ValueError, match="invalid captcha configuration") as raised:
        read(CAPTCHA_SOURCES=["login"], CAPTCHA_KIND="riddle")
    assert str(raised.value).splitlines()[1:] == [
        "- CAPTCHA_SOURCES is ['login']: it must be None or a mapping of source names to mappings of settings",
        "- CAPTCHA_KIND is 'riddle': it must be one of arithmetic, digits, letters",
    ]


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"CAPTCHA_KIND": "riddle"}, "CAPTCHA_KIND is 'riddle': it must be one of arithmetic, digits, letters"),
        ({"CAPTCHA_KIND": None}, "CAPTCHA_KIND is None: it must be the name of a kind"),
        ({"CAPTCHA_LENGTH": 0}, "CAPTCHA_LENGTH is 0: it must be a whole number from 1 to 12"),
        ({"CAPTCHA_LENGTH": 5.0}, "CAPTCHA_LENGTH is 5.0: it must be a whole number from 1 to 12"),
        ({"CAPTCHA_TTL": 2_592_001}, "CAPTCHA_TTL is 2592001: it must be a whole number from 1 to 2,592,000"),
        ({"CAPTCHA_TTL": 0}, "CAPTCHA_TTL is 0: it must be a whole number from 1 to 2,592,000"),
        ({"CAPTCHA_WIDTH": 79}, "CAPTCHA_WIDTH is 79: it must be a whole number from 80 to 640"),
        ({"CAPTCHA_HEIGHT": 321}, "CAPTCHA_HEIGHT is 321: it must be a whole number from 32 to 320"),
        ({"CAPTCHA_JWT": "maybe"}, "CAPTCHA_JWT is 'maybe': it must be one of 'off', 'optional', 'required'"),
        ({"CAPTCHA_JWT_RENEW": timedelta(0)}, "it must be None or a positive datetime.timedelta"),
        ({"CAPTCHA_LANGUAGE": "qaa"}, f"it must be one of {', '.join(map(repr, BUNDLED.catalogues))}, 'auto'"),
        ({"CAPTCHA_SOURCES": ["a"]}, "it must be None or a mapping of source names to mappings of settings"),
        ({"CAPTCHA_SOURCES": {}}, "CAPTCHA_SOURCES is empty: it must name at least one source"),
        ({"CAPTCHA_SOURCES": {"a": None}}, "it must be None or a mapping of source names to mappings of settings"),
        (
            {"CAPTCHA_WIDTH": 95, "CAPTCHA_LENGTH": 6},
            "CAPTCHA_WIDTH is 95: it must be at least 16 for each of the 6 characters, 96",
        ),
        (
            {"CAPTCHA_SOURCES": {"a": {"length": 11}}},
            "CAPTCHA_SOURCES['a']: width is 166: it must be at least 16 for each of the 11 characters, 176",
        ),
        (
            {"CAPTCHA_SOURCES": {"a": {"kind": "arithmetic", "length": 2}}},
            "CAPTCHA_SOURCES['a']: length is 2: it must be at least 3 for arithmetic",
        ),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(map(str, value)),
)
def test_a_fault_names_key_value_and_range(settings: dict[str, Any], fault: str) -> None:
    """The sentence is enough to mend the setting."""
    with pytest.raises(ValueError, match=re.escape(fault)):
        read(**settings)


def test_a_source_inherits_what_it_does_not_set() -> None:
    """The app's keys are the defaults of each source, and only the named sources exist."""
    config = read(CAPTCHA_TTL=60, CAPTCHA_LENGTH=6, CAPTCHA_SOURCES={"login": {}, "sms": {"length": 4}})
    assert config.sources == {
        "login": SourceConfig(ttl=60, length=6),
        "sms": SourceConfig(ttl=60, length=4),
    }
    assert config.longest_ttl == 60


@pytest.mark.parametrize(
    ("own", "differ"),
    [
        ({"kind": "letters"}, True),
        ({"length": 4}, True),
        ({"difficulty": "calm"}, True),
        ({"audio": False}, True),
        ({"jwt": "off"}, True),
        ({"jwt": "required"}, False),
        ({"ttl": 60}, False),
    ],
)
def test_sources_of_which_one_is_easier_to_pass(own: dict[str, Any], differ: bool) -> None:
    """By what is asked, and also by a sound that another has not, and by captchas that are bound to nobody."""
    assert read(CAPTCHA_SOURCES={"login": {}, "sms": own}).sources_differ is differ


def test_faults_of_defaults_that_no_source_uses_are_ignored() -> None:
    """A combination that only contradicts itself where nobody uses it is no fault."""
    config = read(CAPTCHA_LENGTH=12, CAPTCHA_SOURCES={"a": {"length": 5}})
    assert config.sources == {"a": SourceConfig(length=5)}


def test_a_misspelt_key_gets_a_warning() -> None:
    """The warning names the key that was meant."""
    with pytest.warns(UserWarning, match="CAPTCHA_LENGHT is not a setting .* did you mean CAPTCHA_LENGTH"):
        read(CAPTCHA_LENGHT=6)


@pytest.mark.parametrize("set_up", [CaptchaApi, CaptchaApi().init_app], ids=["at once", "in a factory"])
@pytest.mark.parametrize("settings", [{"CAPTCHA_LENGHT": 6}, {"CAPTCHA_LENGTH": 3}], ids=lambda each: next(iter(each)))
def test_a_warning_points_at_the_line_of_the_app(
    app: Flask, set_up: Callable[[Flask], object], settings: dict[str, Any]
) -> None:
    """Not at one of this package's."""
    app.config.update(settings)
    with pytest.warns(UserWarning, match="CAPTCHA_") as told:
        set_up(app)
    # The garbage of earlier tests may be collected meanwhile, and warn of sockets.
    assert [warning.filename for warning in told if "CAPTCHA_" in str(warning.message)] == [__file__]


def test_another_packages_key_gets_none() -> None:
    """The prefix is not ours alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(CAPTCHA_RECAPTCHA_SITE_SECRET="x") == read()


def test_a_short_length_gets_a_warning() -> None:
    """Three digits are guessed once in a thousand tries."""
    with pytest.warns(UserWarning, match=r"\['a'\]: length is 3: it should be at least 4"):
        read(CAPTCHA_SOURCES={"a": {"length": 3}})


def test_a_short_length_of_all_sources_gets_one_warning() -> None:
    """By the app's key; a source with its own gets another."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        read(CAPTCHA_LENGTH=3, CAPTCHA_SOURCES={"a": {}, "b": {}, "c": {"length": 2}, "d": {"length": 5}})
    assert [str(each.message).partition(":")[0] for each in caught] == [
        "CAPTCHA_LENGTH is 3",
        "CAPTCHA_SOURCES['c']",
    ]


def test_every_key_is_checked_at_init_app(app: Flask) -> None:
    """No key of the table waits for a request to be found wrong."""
    app.config.update(dict.fromkeys(ALL_KEYS, object()))
    with pytest.raises(ValueError, match="invalid captcha configuration") as raised:
        CaptchaApi(app)
    assert [key for key in ALL_KEYS if key not in str(raised.value)] == []


def test_two_apps_keep_their_own_settings() -> None:
    """One extension instance serves two apps, and each keeps its own."""
    captcha = CaptchaApi()
    kinds = {}
    for kind in ("digits", "letters"):
        app = Flask(kind)
        app.config.update(SECRET_KEY=kind, CAPTCHA_KIND=kind)
        captcha.init_app(app)
        kinds[kind] = app
    for kind, app in kinds.items():
        assert app.test_client().get("/captcha/x").headers["Captcha-Kind"] == kind
