"""The command line: ``flask captcha sheet`` and ``flask captcha check``."""

import secrets
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import click
from flask import current_app
from flask.cli import AppGroup

from ..challenges.sources import Source
from ..exceptions import NoSound, UnknownSource
from ..rendering import FORMS
from ..state import CaptchaState, current_state
from ..translations import DEFAULT_LANGUAGE, LANGUAGES

# What only the commands need they import themselves: an app that serves requests does not wait for it.
if TYPE_CHECKING:
    from .report import Checkup, Finding, SourceReport

GROUP_NAME = "captcha"

_MOST_PICTURES = 100
_WIDEST_TEXT = 100
_GAP = "  "

commands: AppGroup = AppGroup(GROUP_NAME, help="Look at the app's captchas, and check their set-up.")


@commands.command("sheet")
@click.option("--source", "source_name", metavar="NAME", help="Of which source.  [default: the first]")
@click.option(
    "--count", type=click.IntRange(1, _MOST_PICTURES), default=24, show_default=True, help="How many pictures."
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default="captchas.png",
    show_default=True,
    help="The PNG file; the sound goes beside it, with the suffix .wav.",
)
@click.option("--lang", type=click.Choice(LANGUAGES), help="Of the sound.  [default: the app's]")
def write_sheet(source_name: str | None, count: int, out: Path, lang: str | None) -> None:
    """Draw numbered pictures of a source on one page, and speak one sound.

    None of these captchas can be passed: nothing is kept of them.
    """
    from ..rendering.picture.sheet import contact_sheet

    state = current_state()
    source = _find(state, source_name)
    out = out.with_suffix(".png")
    out.parent.mkdir(parents=True, exist_ok=True)
    contact_sheet([_rendered(source, "image") for _ in range(count)]).save(out)
    click.echo(f"{out}: {count} of source {source.name}")
    try:
        sound = _rendered(source, "audio", lang or _language(state))
    except NoSound:
        click.echo(f"source {source.name} has no sound")
        return
    out.with_suffix(".wav").write_bytes(sound)
    click.echo(f"{out.with_suffix('.wav')}: one more, spoken")


@commands.command("check")
@click.pass_context
def check(context: click.Context) -> None:
    """Tell what set-up is in force, what it allows, and what is wrong with it.

    Tries the app's cache. Exits with status 1 if anything is wrong.
    """
    from .diagnostics import examine

    checkup = examine(current_app._get_current_object())  # type: ignore[attr-defined]  # what the proxy stands for
    for section in (_facts, _settings, _sources, _own_settings, _findings):
        if lines := section(checkup):
            click.echo("\n".join(lines) + "\n")
    click.echo(_verdict(checkup))
    context.exit(0 if checkup.is_well else 1)


def _find(state: CaptchaState, name: str | None) -> Source:
    from .source_checks import ANY_NAME

    if name is None:
        name = next(iter(state.config.sources or (ANY_NAME,)))
    try:
        return state.sources.find(name)
    except UnknownSource as error:
        raise click.BadParameter(str(error), param_hint="--source") from None


def _rendered(source: Source, form: str, language: str = "en") -> bytes:
    rng = Random(secrets.randbits(128))  # noqa: S311 - it draws
    return FORMS[form].render(source.kind, source.new_challenge().prompt, source.settings, rng, language)


def _language(state: CaptchaState) -> str:
    """Return the language of sounds where no visitor asks for one."""
    configured = (state.config.audio_language, state.config.language)
    return next((language for language in configured if language != "auto"), DEFAULT_LANGUAGE)


def _facts(checkup: "Checkup") -> list[str]:
    width = max(map(len, checkup.facts))
    return [
        line
        for topic, told_of_it in checkup.facts.items()
        for line in _hung(f"{topic:{width}}{_GAP}", told_of_it, bold=True)
    ]


def _settings(checkup: "Checkup") -> list[str]:
    rows = [
        (key, value, "" if value == default or not default else f"default: {default}")
        for key, (value, default) in checkup.settings.items()
    ]
    return _table(("setting", "in force", ""), rows)


def _sources(checkup: "Checkup") -> list[str]:
    heads = ("source", "asks", "length", "picture", "sound", "JWT", "blind guess")
    return _table(heads, map(_source_row, checkup.sources))


def _source_row(source: "SourceReport") -> tuple[str, ...]:
    settings = source.settings
    return (
        source.name,
        settings.kind,
        str(settings.length),
        f"{settings.width} × {settings.height} {settings.format}, {settings.difficulty}",
        "yes" if source.has_sound else "no",
        settings.jwt,
        f"{source.odds}{'' if source.odds.is_exact else ' (estimated)'}" if source.odds else "unknown",
    )


def _own_settings(checkup: "Checkup") -> list[str]:
    names = [source.name for source in checkup.sources if source.own]
    width = max(map(len, ["source", *names]))
    lines = [
        line for source in checkup.sources if source.own for line in _hung(f"{source.name:{width}}{_GAP}", source.own)
    ]
    return [click.style(f"{'source':{width}}{_GAP}its own settings", bold=True), *lines] if lines else []


def _findings(checkup: "Checkup") -> list[str]:
    ordered = sorted(checkup.findings, key=lambda finding: not finding.is_wrong)
    return [line for finding in ordered for line in _finding_lines(finding)]


def _finding_lines(finding: "Finding") -> list[str]:
    label, colour = ("wrong", "red") if finding.is_wrong else ("note ", "yellow")
    return _hung(f"{label}{_GAP}", finding.text, fg=colour, bold=True)


def _verdict(checkup: "Checkup") -> str:
    if checkup.is_well:
        return click.style("Nothing is wrong.", fg="green")
    count = sum(finding.is_wrong for finding in checkup.findings)
    return click.style("One thing is wrong." if count == 1 else f"{count} things are wrong.", fg="red")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Set cells in columns, the heads above them."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        return _GAP.join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()

    return [click.style(line(heads), bold=True), *map(line, rows)]


def _hung(label: str, text: str, **style: Any) -> list[str]:
    """Break a text into lines that hang from a label."""
    width = min(get_terminal_size().columns, _WIDEST_TEXT) - len(label)
    first, *others = textwrap.wrap(text, max(width, 20), break_on_hyphens=False) or [""]
    return [click.style(label, **style) + first, *(" " * len(label) + line for line in others)]
