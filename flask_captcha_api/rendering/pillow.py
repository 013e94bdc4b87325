"""Checks that the installed Pillow has what an app's pictures need: not every build has FreeType or WebP."""

from collections.abc import Iterable

from PIL import features

from ..challenges.kinds import Kind
from ..exceptions import SetupError
from ..settings.config import SourceConfig

#: Pillow's feature, and its name, for each format of a picture.
_ENCODERS = {"jpeg": ("jpg", "JPEG"), "png": ("zlib", "zlib"), "webp": ("webp", "WebP")}

_REMEDY = "install a build that has it: the wheels on PyPI do, as in pip install --force-reinstall pillow"


def check_pillow(sources: Iterable[tuple[SourceConfig, Kind]]) -> None:
    """Check that Pillow can draw and encode the pictures of all sources.

    :raises SetupError: it was built without a library that a source needs.
    """
    for settings, kind in sources:
        feature, library = _ENCODERS[settings.format]
        if not features.check(feature):
            others = [each for each, (its_feature, _) in _ENCODERS.items() if features.check(its_feature)]
            instead = f"; or set CAPTCHA_FORMAT to {' or '.join(others)}" if others else ""
            raise SetupError(
                f"the installed Pillow was built without {library}, which format {settings.format!r} needs: "
                f"{_REMEDY}{instead}"
            )
        if kind.draw is None and not features.check("freetype2"):
            raise SetupError(
                f"the installed Pillow was built without FreeType, so kind {settings.kind!r} cannot be drawn: {_REMEDY}"
            )
