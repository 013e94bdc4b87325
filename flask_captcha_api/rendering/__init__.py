"""The forms of a captcha: picture, sound, and work for the visitor's device.

A renderer gets the prompt and the source's settings, never the answer. All its randomness comes from the ``rng`` passed
in, so that tests can reproduce a rendering.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..challenges.folding import Folding
from ..challenges.kinds import Kind
from ..challenges.sources import Source
from ..exceptions import FormNotOffered
from ..settings.config import SOUND_COUNTS_AS, SourceConfig
from ..translations import BUNDLED as TEXTS
from .picture.atlas import Atlas
from .picture.drawing import MEDIA_TYPES, draw, encode
from .picture.typefaces import BUNDLED
from .sound.speech import MEDIA_TYPE, can_speak, speak

#: The voice for each language of the package.
VOICES: Mapping[str, str] = MappingProxyType({language: each.voice for language, each in TEXTS.catalogues.items()})

#: The shapes of glyphs that pictures of all apps in this process share.
_ATLAS = Atlas()


@dataclass(frozen=True)
class Form:
    """A form of captchas. Its route and its description in OpenAPI are made from this.

    :ivar noun: what it is called in the description: "picture".
    :ivar path: its path below ``/captcha/{source}``: empty, or beginning with a slash.
    :ivar render: returns the encoded picture or sound. Its arguments are the kind, the prompt, the source's settings,
        the source of randomness and the visitor's language.
    :ivar media_type: returns the media type for a source's settings.
    :ivar squarings: returns the work that a source's settings ask for, or None.
    :ivar is_offered: returns whether a source has captchas of this form.
    :ivar has_prompt: whether there is a prompt to render. Otherwise work is all there is.
    :ivar has_language: whether it depends on the visitor's language.
    :ivar has_theme: whether it depends on the theme.
    :ivar folding: returns how the answers of a source's captchas are folded: as the source does, unless this form shows
        answers differently.
    :ivar counts_as: how many captchas it counts as under a rate limit.
    """

    noun: str
    path: str
    render: Callable[[Kind, str, SourceConfig, random.Random, str], bytes]
    media_type: Callable[[SourceConfig], str]
    squarings: Callable[[SourceConfig], int | None] = lambda settings: settings.work
    is_offered: Callable[[Source], bool] = lambda _: True
    has_prompt: bool = True
    has_language: bool = False
    has_theme: bool = False
    folding: Callable[[Source], Folding] = lambda source: source.folding
    counts_as: int = 1


def has_sound(kind: Kind, prompt: str, settings: SourceConfig, language: str) -> bool:
    """Return whether a prompt is available as a sound.

    If a kind draws its own prompts, they need not be what a visitor reads, so the package speaks them only if asked.
    """
    if not settings.audio or not kind.may_have_sound:
        return False
    return kind.speak is not None or can_speak(prompt, VOICES.get(language, ""))


def speak_prompt(prompt: str, language: str, rng: random.Random) -> bytes:
    """Speak a prompt as the package does: for ``Kind(..., draw=..., speak=speak_prompt)``.

    :param prompt: a row of digits and Latin letters, which is spelt, or a sum or difference of two whole numbers of up
        to six digits.
    :param language: a language of the package, such as ``en``.
    :param rng: decides everything that varies.
    :returns: a WAV file: 8-bit mono at 8 kHz.
    :raises ValueError: there are no words for this prompt.
    :raises KeyError: the package has no such language.
    """
    return speak(prompt, language=VOICES[language], rng=rng)


def _render_image(
    kind: Kind,
    prompt: str,
    settings: SourceConfig,
    rng: random.Random,
    language: str,  # noqa: ARG001 - same signature as _render_audio
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
        hue=settings.hue,
        typefaces=settings.fonts or BUNDLED,
        atlas=_ATLAS,
    )


def _render_audio(kind: Kind, prompt: str, settings: SourceConfig, rng: random.Random, language: str) -> bytes:
    if not has_sound(kind, prompt, settings, language):
        raise FormNotOffered(f"kind {settings.kind!r} has no sound for this prompt")
    return (kind.speak or speak_prompt)(prompt, language, rng)


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "image": Form(
            noun="picture",
            path="",
            render=_render_image,
            media_type=lambda settings: MEDIA_TYPES[settings.format],
            has_theme=True,
        ),
        "audio": Form(
            noun="sound",
            path="/audio",
            render=_render_audio,
            media_type=lambda _: MEDIA_TYPE,
            is_offered=lambda source: source.may_have_sound,
            has_language=True,
            counts_as=SOUND_COUNTS_AS,
        ),
        "work": Form(
            noun="puzzle",
            path="/work",
            render=lambda *_: b"",
            has_prompt=False,
            media_type=lambda _: "application/json",
            squarings=lambda settings: settings.work_alone,
            folding=lambda _: Folding(),
            is_offered=lambda source: source.settings.work_alone is not None,
        ),
    }
)
