"""The figures about pictures are of pictures as they are drawn now."""

from functools import partial
from typing import Any

import pytest
from PIL import Image

from benchmarks.legibility.drawing import SAMPLE, differences, on_one_page, pictures, versions
from flask_captcha_api.rendering.picture import drawing
from flask_captcha_api.rendering.picture.atlas import Bending
from flask_captcha_api.rendering.picture.canvas import Step
from flask_captcha_api.rendering.picture.paint import take_shapes
from flask_captcha_api.rendering.picture.styles import STYLES

#: As the mean over a picture of the difference of a channel, from 0 to 255. Far less than any change to a step of the
#: drawing makes, and more than the pixel or two that another processor rounds otherwise.
TOLERANCE = 0.1

REMEDY = """
Pictures are no longer drawn as they were when the figures in README, docs and benchmarks/legibility were measured:
{changed} of {count} pictures of the sample differ. If that is intended, measure again:

  make bench-resistance  what machines read, with ARGS=--keep (several hours)
  make bench-trained     what a trained network reads (an hour)
  make sheet             what people read: benchmarks/legibility/README.md says how
  make bench-picture     time and size, with ARGS=--keep

write what has changed where the old figures stand, then `make drawing`, and commit benchmarks/legibility/drawing.png.
If only Pillow is another (the sample was drawn with {then}; here is {now}), look at both and run
`make drawing` alone if nobody could tell them apart.
"""


@pytest.fixture(scope="module")
def drawn() -> Image.Image:
    return on_one_page(list(pictures()))


def test_pictures_are_drawn_as_when_they_were_measured(drawn: Image.Image) -> None:
    """Texts of each kind, at each difficulty and for each theme, look as in the sample that was kept."""
    with Image.open(SAMPLE) as kept:
        assert kept.size == drawn.size, "benchmarks/legibility/drawing.py has another sample than the one that is kept"
        found = differences(kept, drawn)
        changed = sum(difference > TOLERANCE for difference in found)
        remedy = REMEDY.format(changed=changed, count=len(found), then=kept.info.get("Software"), now=versions())
    assert not changed, remedy


@pytest.mark.parametrize("style", STYLES)
def test_a_small_change_of_any_style_is_found(style: str, drawn: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    """Glyphs are bent a tenth further in one style: more of it is seen than the tolerance allows."""
    steps = [_bent_further(step) if getattr(step, "func", step) is take_shapes else step for step in STYLES[style]]
    monkeypatch.setattr(drawing, "STYLES", {**STYLES, style: steps})
    assert max(differences(drawn, on_one_page(list(pictures())))) > TOLERANCE


def _bent_further(step: Any) -> Step:
    bending: Bending = step.keywords["bending"]
    return partial(take_shapes, bending=bending._replace(mesh=1.1 * bending.mesh))
