"""Renderings: a prompt as something a person perceives. Each form is one row of the table.

A renderer knows the prompt and the source's settings, never the answer, and takes all its randomness from the ``rng``
passed in, so that a rendering can be made again in a test.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..challenges.kinds import Kind
from ..exceptions import NoSound
from ..settings.config import SOUND_COUNTS_AS, SourceConfig
from ..translations import CATALOGUES
from .picture.atlas import BUNDLED
from .picture.drawing import MEDIA_TYPES, draw, encode
from .sound.speech import MEDIA_TYPE, can_speak, speak

#: The voice that speaks to whoever reads a language.
VOICES: Mapping[str, str] = MappingProxyType({tag: each.voice for tag, each in CATALOGUES.items()})


@dataclass(frozen=True)
class Form:
    """A form that a prompt can be given."""

    #: Returns the encoded picture or sound of a kind's prompt. The last argument is the visitor's language.
    render: Callable[[Kind, str, SourceConfig, random.Random, str], bytes]
    media_type: Callable[[SourceConfig], str]
    #: As how many captchas it counts under a rate limit.
    counts_as: int = 1


def has_sound(kind: Kind, prompt: str, settings: SourceConfig, language: str) -> bool:
    """Tell whether a prompt can be had as a sound."""
    return settings.audio and (kind.speak is not None or can_speak(prompt, VOICES.get(language, "")))


def _image(
    kind: Kind,
    prompt: str,
    settings: SourceConfig,
    rng: random.Random,
    language: str,  # noqa: ARG001 - as _audio
) -> bytes:
    if kind.draw is not None:
        return encode(kind.draw(prompt, settings, rng), settings.format)
    return draw(
        prompt,
        rng,
        size=(settings.width, settings.height),
        file_format=settings.format,
        difficulty=settings.difficulty,
        theme=settings.theme,
        typefaces=settings.fonts or BUNDLED,
    )


def _audio(kind: Kind, prompt: str, settings: SourceConfig, rng: random.Random, language: str) -> bytes:
    if not has_sound(kind, prompt, settings, language):
        raise NoSound(settings.kind)
    if kind.speak is not None:
        return kind.speak(prompt, language, rng)
    return speak(prompt, language=VOICES[language], rng=rng)


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "image": Form(render=_image, media_type=lambda settings: MEDIA_TYPES[settings.format]),
        "audio": Form(render=_audio, media_type=lambda _: MEDIA_TYPE, counts_as=SOUND_COUNTS_AS),
    }
)
