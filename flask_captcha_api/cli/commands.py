"""The commands of ``flask captcha``. What only a command needs is imported inside it, to keep the app's start fast."""

import secrets
from dataclasses import replace
from pathlib import Path
from random import Random

import click
from flask import current_app
from flask.cli import AppGroup

from ..challenges.sources import Source
from ..exceptions import FormNotOffered, UnknownSource
from ..rendering import FORMS
from ..settings.config import Difficulty, SourceConfig
from ..state import CaptchaState, current_state
from ..throttling.difficulty import STEPS
from ..translations import DEFAULT_LANGUAGE

GROUP_NAME = "captcha"

_MOST_PICTURES = 100
#: The difficulty of a visitor's first pictures if the source has ``auto``.
_FIRST = STEPS[-1][1]

commands: AppGroup = AppGroup(GROUP_NAME, help="Check the app's captchas, and look at them.")


@commands.command("sheet")
@click.option("--source", "source_name", metavar="NAME", help="The source.  [default: the first]")
@click.option(
    "--count", type=click.IntRange(1, _MOST_PICTURES), default=24, show_default=True, help="The number of pictures."
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default="captchas.png",
    show_default=True,
    help="The PNG file. The sound is written next to it, with the suffix .wav.",
)
@click.option(
    "--difficulty",
    type=click.Choice([difficulty for _, difficulty in reversed(STEPS)]),
    help=f"How hard the pictures are to read.  [default: the source's; {_FIRST} for auto, which visitors see first]",
)
@click.option("--lang", metavar="TAG", help="The language of the sound.  [default: the app's]")
def write_sheet(
    source_name: str | None, count: int, out: Path, difficulty: Difficulty | None, lang: str | None
) -> None:
    """Write numbered pictures of a source to one image, and one sound.

    These captchas are not stored, so none of them can pass.
    """
    from ..rendering.picture.sheet import contact_sheet

    state = current_state()
    source = _find_source(state, source_name)
    out = out.with_suffix(".png")
    out.parent.mkdir(parents=True, exist_ok=True)
    settings = source.settings_at(_FIRST)
    settings = replace(settings, difficulty=difficulty or settings.difficulty)
    contact_sheet([_render(source, "image", settings) for _ in range(count)]).save(out)
    click.echo(f"{out}: {count} of source {source.name}, {settings.difficulty}")
    try:
        sound = _render(source, "audio", settings, _language_of_sound(state, lang))
    except FormNotOffered:
        click.echo(f"source {source.name} has no sound")
        return
    out.with_suffix(".wav").write_bytes(sound)
    click.echo(f"{out.with_suffix('.wav')}: one more, spoken")


@commands.command("check")
@click.pass_context
def check(context: click.Context) -> None:
    """Show the set-up in force, what it allows, and its errors.

    Tests the app's cache. Exits with status 1 if there are errors.
    """
    from .diagnostics import diagnose
    from .formatting import format_report

    report = diagnose(current_app._get_current_object())  # type: ignore[attr-defined]  # the app behind the proxy
    click.echo(format_report(report))
    context.exit(1 if report.errors else 0)


def _find_source(state: CaptchaState, name: str | None) -> Source:
    from .source_checks import ANY_NAME

    if name is None:
        name = next(iter(state.config.sources or (ANY_NAME,)))
    try:
        return state.sources.find(name)
    except UnknownSource as error:
        raise click.BadParameter(str(error), param_hint="--source") from None


def _language_of_sound(state: CaptchaState, tag: str | None) -> str:
    """Return the language for a tag, else the first one configured: there is no request with an Accept-Language."""
    config, language_for = state.config, state.translations.language_for
    if tag is not None and language_for(tag) is None:
        raise click.BadParameter(f"no language serves {tag!r}", param_hint="--lang")
    configured = (tag, config.audio_language, config.language, config.fallback_language)
    language = next(
        filter(None, (language_for(each) for each in configured if isinstance(each, str))), DEFAULT_LANGUAGE
    )
    return state.translations.catalogues[language].sound_language


def _render(source: Source, form: str, settings: SourceConfig, language: str = "en") -> bytes:
    rng = Random(secrets.randbits(128))  # noqa: S311 - for rendering only
    return FORMS[form].render(source.kind, source.new_challenge().prompt, settings, rng, language)
