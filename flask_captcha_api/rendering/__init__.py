"""Renderings: a prompt as something a person perceives. Each form is one function, found in the table.

A renderer knows the prompt and the source's settings, never the answer, and takes all its randomness from the ``rng``
passed in, so that a rendering can be made again in a test.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..config import SourceConfig
from .atlas import BUNDLED
from .image import MEDIA_TYPES, draw


@dataclass(frozen=True)
class Form:
    """A form that a prompt can be given."""

    #: Returns the encoded picture or sound.
    render: Callable[[str, SourceConfig, random.Random], bytes]
    media_type: Callable[[SourceConfig], str]


def _image(prompt: str, settings: SourceConfig, rng: random.Random) -> bytes:
    return draw(
        prompt,
        rng,
        size=(settings.width, settings.height),
        file_format=settings.format,
        difficulty=settings.difficulty,
        theme=settings.theme,
        typefaces=settings.fonts or BUNDLED,
    )


FORMS: Mapping[str, Form] = MappingProxyType(
    {"image": Form(render=_image, media_type=lambda settings: MEDIA_TYPES[settings.format])}
)
