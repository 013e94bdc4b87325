"""Trials: what the sources of captchas are worth, found out by challenges that nobody gets."""

import secrets
from collections.abc import Sequence
from dataclasses import fields
from random import Random

from ..challenges.guessing import SAMPLES, GuessProbability, estimate
from ..challenges.makers import Challenge
from ..challenges.sources import Source
from ..rendering import FORMS, VOICES, has_sound
from ..rendering.picture.atlas import BUNDLED, missing_from
from ..settings.config import SourceConfig
from .report import Checkup, SourceReport, shown

#: The name under which sources are tried where any name is one.
ANY_NAME = "any"

#: A blind guess that passes more often is no guard.
_HIGHEST_CHANCE = 0.01
#: How many challenges of a source are drawn and spoken.
_RENDERED = 5


def try_source(source: Source, defaults: SourceConfig, checkup: Checkup) -> SourceReport:
    """Make challenges of a source, draw and speak some, and tell how often a blind guess passes."""
    settings, kind = source.settings, source.kind
    is_known = kind.best_guess is not None and settings.fonts is None
    odds, speaks = None, False
    try:
        challenges = [source.new_challenge() for _ in range(_RENDERED if is_known else SAMPLES)]
        odds = _odds(source, challenges)
        if kind.draw is not None or _has_glyphs(source, challenges, checkup):
            speaks = all(_try_forms(source, challenge) for challenge in challenges[:_RENDERED])
    except Exception as error:  # the maker, the drawing and the sound may be the app's own
        checkup.wrong(f"{_called(source)}: no captcha could be made: {type(error).__name__}: {error}")
    if odds and odds.probability > _HIGHEST_CHANCE:
        checkup.wrong(
            f"{_called(source)}: a blind guess passes {odds} times: set a greater length, "
            "or ask for something with more answers"
        )
    return SourceReport(source.name, settings, _own(settings, defaults), speaks, odds)


def _called(source: Source) -> str:
    return "any source" if source.name == ANY_NAME else f"source {source.name}"


def _odds(source: Source, challenges: Sequence[Challenge]) -> GuessProbability:
    if source.kind.best_guess is None:
        return estimate((challenge.answer for challenge in challenges), digits_only=source.kind.digits_only)
    chance = source.kind.best_guess(source.settings.length)
    if not 0 < chance <= 1:
        raise ValueError(f"best_guess of kind {source.settings.kind!r} gave {chance!r}, which is no chance")
    return GuessProbability(chance)


def _own(settings: SourceConfig, defaults: SourceConfig) -> str:
    return ", ".join(
        f"{setting.name} {shown(getattr(settings, setting.name))}"
        for setting in fields(SourceConfig)
        if getattr(settings, setting.name) != getattr(defaults, setting.name)
    )


def _has_glyphs(source: Source, challenges: Sequence[Challenge], checkup: Checkup) -> bool:
    characters = set("".join("".join(challenge.prompt.split()) for challenge in challenges))
    missing = missing_from(source.settings.fonts or BUNDLED, "".join(characters))
    if missing:
        checkup.wrong(
            f"{_called(source)}: none of its typefaces has {len(missing)} of the {len(characters)} characters that "
            f"{len(challenges):,} challenges asked for ({missing[:10]}{'…' if len(missing) > 10 else ''}): name a font "
            "file in CAPTCHA_FONTS that has them"
        )
    return not missing


def _try_forms(source: Source, challenge: Challenge) -> bool:
    """Draw a challenge, speak it in each language if it can be spoken, and tell whether it can."""
    rng = Random(secrets.randbits(128))  # noqa: S311 - it draws
    FORMS["image"].render(source.kind, challenge.prompt, source.settings, rng, "en")
    speaks = has_sound(source.kind, challenge.prompt, source.settings, "en")
    for language in VOICES if speaks else ():
        FORMS["audio"].render(source.kind, challenge.prompt, source.settings, rng, language)
    return speaks
