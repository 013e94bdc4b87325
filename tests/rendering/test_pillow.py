"""A Pillow that was built without a library: what needs it is refused at start, and nothing else."""

import sys
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from flask_captcha_api import CaptchaApi, Kind, SetupError
from flask_captcha_api.challenges.makers import digits


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Take a library from Pillow as a build without it does: its module, or its encoder, does not exist."""
    match request.param:
        case "freetype":
            monkeypatch.setitem(sys.modules, "PIL._imagingft", None)
        case "webp":
            monkeypatch.setitem(sys.modules, "PIL._webp", None)
        case "jpeg":
            monkeypatch.delattr(Image.core, "jpeg_encoder")  # type: ignore[attr-defined]  # as PIL.features looks it up


def draw(prompt: str, *_: Any) -> Image.Image:
    return Image.new("L", (80, 40))


@pytest.mark.parametrize(
    ("without", "settings", "text"),
    [
        ("freetype", {}, "without FreeType, so kind 'digits' cannot be drawn: install a build that has it"),
        (
            "webp",
            {"CAPTCHA_SOURCES": {"a": {}, "b": {"format": "webp"}}},
            "without WebP, which format 'webp' needs: .* or set CAPTCHA_FORMAT to jpeg or png$",
        ),
        ("jpeg", {}, "without JPEG, which format 'jpeg' needs: .* or set CAPTCHA_FORMAT to png or webp$"),
    ],
    indirect=["without"],
)
@pytest.mark.usefixtures("without")
def test_what_pictures_need_is_checked_at_start(app: Flask, settings: dict[str, Any], text: str) -> None:
    """The error names the library, what needs it, and what to do."""
    app.config.update(settings)
    with pytest.raises(SetupError, match=text):
        CaptchaApi(app)


@pytest.mark.parametrize(
    ("without", "settings"),
    [
        ("freetype", {"CAPTCHA_KIND": "drawn"}),
        ("webp", {"CAPTCHA_FORMAT": "webp", "CAPTCHA_SOURCES": {"web": {"format": "jpeg"}}}),
        ("jpeg", {"CAPTCHA_FORMAT": "png"}),
    ],
    indirect=["without"],
)
@pytest.mark.usefixtures("without")
def test_what_no_picture_needs_may_be_missing(app: Flask, settings: dict[str, Any]) -> None:
    """A kind with its own drawing needs no FreeType, and a format no other encoder."""
    app.config.update(settings)
    CaptchaApi(app, kinds={"drawn": Kind(digits, draw=draw)})
    assert app.test_client().get("/captcha/web").status_code == 200
