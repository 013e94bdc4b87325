"""Checks the sources with challenges that are never issued."""

import secrets
from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import cycle
from random import Random

from ..challenges.guessing import SAMPLES, GuessProbability, estimate
from ..challenges.makers import Challenge
from ..challenges.sources import UNCOUNTED, Source
from ..rendering import FORMS, VOICES, has_sound
from ..rendering.picture.typefaces import BUNDLED, missing_from
from ..settings.config import SourceConfig
from .prices import ways_into
from .report import Report, SourceReport, as_text

#: The name of the source that is checked if any name is a source.
ANY_NAME = "any"

#: The highest acceptable probability of a blind guess.
_HIGHEST_PROBABILITY = 0.01
#: The shortest acceptable ttl, in seconds: hearing a sound twice and typing it takes that long.
_SHORTEST_TTL = 30
#: The greatest value of CAPTCHA_LENGTH.
_GREATEST_LENGTH = 12
#: How many challenges of a source are rendered.
_RENDERED = 5


def check_source(source: Source, defaults: SourceConfig, report: Report) -> SourceReport:
    """Make challenges of a source, render some of them, and compute or estimate the probability of a blind guess."""
    settings, kind = source.settings, source.kind
    needs_no_samples = kind.best_guess is not None and settings.fonts is None
    guess, can_be_spoken = None, False
    try:
        challenges = [source.new_challenge() for _ in range(_RENDERED if needs_no_samples else SAMPLES)]
        guess = _guess_probability(source, challenges)
        can_be_spoken = all(has_sound(kind, each.prompt, settings, "en") for each in challenges)
        if kind.draw is not None or _fonts_suffice(source, challenges, report):
            _render(source, challenges[:_RENDERED])
        if settings.audio and not can_be_spoken:
            report.add_note(_why_silent(source))
        if lengths := _unexpected_lengths(source, challenges):
            report.add_error(
                f"{_label(source)}: answer_length of kind {settings.kind!r} is {source.answer_length}, and its maker "
                f"made answers of {', '.join(map(str, lengths))} characters, so visitors are told a wrong number: "
                "correct answer_length, or leave it out"
            )
    except Exception as error:  # the app's maker, drawing or sound may raise anything
        report.add_error(f"{_label(source)}: no captcha could be made: {type(error).__name__}: {error}")
    if guess and guess.probability > _HIGHEST_PROBABILITY:
        remedy = (
            "increase the length"
            if _length_helps(source, guess)
            else "a greater length does not help, so have its maker choose among more answers"
        )
        report.add_error(
            f"{_label(source)}: a blind guess passes {guess} times: {remedy}, or use a kind with more answers"
        )
    if settings.ttl < _SHORTEST_TTL:
        report.add_error(
            f"{_label(source)}: captchas expire after {settings.ttl} s, too soon for visitors to read or hear them and "
            f"type: set ttl, or CAPTCHA_TTL for all sources, to {_SHORTEST_TTL} or more"
        )
    if settings.work is not None:
        report.add_note(
            f"{_label(source)}: work needs JavaScript: without it, a page that renders the widget shows a sentence "
            "instead of a captcha; set work_alone in place of work if these visitors have to get through"
        )
    overrides = ", ".join(
        f"{setting.name} {as_text(getattr(settings, setting.name))}"
        for setting in fields(SourceConfig)
        if getattr(settings, setting.name) != getattr(defaults, setting.name)
    )
    ways_in = ways_into(source, has_sound=can_be_spoken)
    return SourceReport(source.name, settings, overrides, can_be_spoken, guess, ways_in)


def _why_silent(source: Source) -> str:
    why = (
        "has no sound, or not for every prompt"
        if source.may_have_sound
        else "has no sound, because it draws its prompts itself and has no speak="
    )
    return (
        f"{_label(source)}: kind {source.settings.kind!r} {why}, so people who cannot see the picture cannot pass: "
        "give the Kind a speak=, or offer these visitors another way"
    )


def _unexpected_lengths(source: Source, challenges: Sequence[Challenge]) -> list[int]:
    """Return the lengths of answers that differ from the one that the kind declares, sorted."""
    expected = source.answer_length
    if expected is None:
        return []
    return sorted({len(source.folding.fold(each.answer)) for each in challenges} - {expected})


def _label(source: Source) -> str:
    return "any source" if source.name == ANY_NAME else f"source {source.name}"


def _guess_probability(source: Source, challenges: Sequence[Challenge]) -> GuessProbability:
    if source.kind.best_guess is None:
        # By the form that is easiest to guess: what a sound does not distinguish need not be guessed there.
        foldings = {form.folding(source) for form in FORMS.values() if form.has_prompt and form.is_offered(source)}
        estimates = [estimate((challenge.answer for challenge in challenges), folding) for folding in foldings]
        return max(estimates, key=lambda each: each.probability)
    probability = source.kind.best_guess(source.settings.length)
    if not 0 < probability <= 1:
        raise ValueError(
            f"best_guess of kind {source.settings.kind!r} returned {probability!r}: it must be a probability above 0 "
            "and at most 1"
        )
    return GuessProbability(probability)


def _length_helps(source: Source, guess: GuessProbability) -> bool:
    """Return whether the kind has more answers at the greatest length: some makers ignore the length."""
    longest = replace(source, settings=replace(source.settings, length=_GREATEST_LENGTH))
    try:
        challenges = [] if source.kind.best_guess else [longest.new_challenge() for _ in range(SAMPLES)]
        return _guess_probability(longest, challenges).probability < guess.probability / 2
    except Exception:  # the app's maker may support fewer lengths
        return False


def _fonts_suffice(source: Source, challenges: Sequence[Challenge], report: Report) -> bool:
    """Return whether the source's fonts have all characters of the challenges, and report those that are missing."""
    characters = set("".join("".join(challenge.prompt.split()) for challenge in challenges))
    missing = missing_from(source.settings.fonts or BUNDLED, "".join(characters))
    if missing:
        report.add_error(
            f"{_label(source)}: its fonts lack {len(missing)} of the {len(characters)} characters in "
            f"{len(challenges):,} challenges ({missing[:10]}{'…' if len(missing) > 10 else ''}): add a font file that "
            "has them to CAPTCHA_FONTS"
        )
    return not missing


def _render(source: Source, challenges: Sequence[Challenge]) -> None:
    """Draw the challenges, and speak those that can be spoken in turn, until every language was spoken once."""
    rng = Random(secrets.randbits(128))  # noqa: S311 - for rendering only
    kind, settings = source.kind, source.settings_at(UNCOUNTED)
    for challenge in challenges:
        FORMS["image"].render(kind, challenge.prompt, settings, rng, "en")
    # The package speaks languages without words of their own in English; a kind may treat each in its own way.
    languages = VOICES if kind.speak else {voice: language for language, voice in VOICES.items()}.values()
    speakable = [challenge for challenge in challenges if has_sound(kind, challenge.prompt, settings, "en")]
    for challenge, language in zip(cycle(speakable), languages, strict=False):
        FORMS["audio"].render(kind, challenge.prompt, settings, rng, language)
