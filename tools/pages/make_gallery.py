"""Draws the pictures and speaks the sounds of docs/gallery.md, and makes its tables. Run ``make gallery``, then look.

They are what the routes serve, from fixed seeds, so that the same Pillow with the same FreeType makes the same files
again. A test fails once the drawing has changed.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask_captcha_api.challenges.kinds import KINDS
from flask_captcha_api.rendering import FORMS, VOICES
from flask_captcha_api.rendering.picture.drawing import THEMES, draw
from flask_captcha_api.rendering.picture.styles import DIFFICULTIES
from flask_captcha_api.settings.config import SourceConfig
from tools.pages.markdown import image, table

#: From the page to the files.
_PATH = "pictures/gallery/"
FOLDER = Path(__file__).parents[2] / "docs" / "pictures" / "gallery"

#: What is drawn of each kind: the same at every difficulty, to compare them.
PROMPTS = {"digits": "40528", "letters": "FHTMS", "arithmetic": "17+26"}
#: Settings of the pictures in the tables: twice as large as they are shown, so that they are sharp on every screen.
DOUBLE_SIZE: Mapping[str, Any] = {"width": 332, "height": 180}
#: Hues that are shown, in degrees.
HUES = (0, 60, 120, 180, 240, 300)
#: Sizes that are shown as they are: width, height and length.
SIZES = ((80, 32, 4), (120, 48, 4), (166, 90, 5), (240, 80, 6), (332, 180, 5))


@dataclass(frozen=True)
class Item:
    """A file of the gallery.

    :ivar prompt: what is drawn or spoken.
    :ivar settings: those of a source.
    :ivar seed: the seed of everything that varies.
    :ivar language: the language of a sound; None: it is a picture.
    """

    name: str
    prompt: str
    seed: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    language: str | None = None

    def make(self) -> bytes:
        """Return the file as the package makes it."""
        settings = SourceConfig(**self.settings)
        rng = random.Random(self.seed)  # noqa: S311 - for a reproducible picture
        if self.language:
            return FORMS["audio"].render(KINDS[settings.kind], self.prompt, settings, rng, self.language)
        # Not by FORMS: what other pictures left in the process would be drawn into this one.
        return draw(
            self.prompt,
            rng,
            size=(settings.width, settings.height),
            difficulty=settings.difficulty,
            theme=settings.theme,
            hue=settings.hue,
        )


def picture_name(kind: str, difficulty: str, theme: str) -> str:
    """Return the name of the file with a picture of the tables."""
    return f"{kind}-{difficulty}-{theme}.jpg"


def size_name(width: int, height: int) -> str:
    """Return the name of the file with a picture of this size."""
    return f"size-{width}x{height}.jpg"


def hue_name(hue: int) -> str:
    """Return the name of the file with a picture of this hue."""
    return f"hue-{hue}.jpg"


def sound_name(kind: str, language: str) -> str:
    """Return the name of the file with a sound in the voice of a language."""
    return f"{kind}-{VOICES[language]}.wav"


def voices() -> dict[str, list[str]]:
    """Return the languages that each voice speaks natively, by voice."""
    spoken = dict.fromkeys(VOICES.values())
    return {voice: [language for language in VOICES if language.partition("-")[0] == voice] for voice in spoken}


def items() -> Iterator[Item]:
    """Yield everything in the gallery."""
    for kind, prompt in PROMPTS.items():
        for difficulty in DIFFICULTIES:
            for theme in THEMES:
                settings = {"kind": kind, "difficulty": difficulty, "theme": theme, **DOUBLE_SIZE}
                yield Item(picture_name(kind, difficulty, theme), prompt, 7, settings)
    for hue in HUES:
        yield Item(hue_name(hue), PROMPTS["digits"], 3, {"difficulty": "calm", "hue": hue, **DOUBLE_SIZE})
    for width, height, length in SIZES:
        settings = {"width": width, "height": height, "difficulty": "calm"}
        yield Item(size_name(width, height), "405286"[:length], 3, settings)
    for languages in voices().values():
        yield Item(sound_name("digits", languages[0]), PROMPTS["digits"], 5, language=languages[0])
    for kind in ("letters", "arithmetic"):
        yield Item(sound_name(kind, "en"), PROMPTS[kind], 5, {"kind": kind}, language="en")


def pictures(theme: str) -> str:
    """Return the table of pictures of a theme: a row for each kind, a column for each difficulty."""
    size = {"width": 166, "height": 90}
    rows = [
        (
            f"`{kind}`",
            *(
                image(_PATH + picture_name(kind, difficulty, theme), f"{prompt}, {difficulty}, {theme}", **size)
                for difficulty in DIFFICULTIES
            ),
        )
        for kind, prompt in PROMPTS.items()
    ]
    return table(("", *(f"`{difficulty}`" for difficulty in DIFFICULTIES)), rows)


def hues(_: str) -> str:
    """Return the pictures of some hues."""
    return " ".join(image(_PATH + hue_name(hue), f"hue {hue}", width=166, height=90) for hue in HUES)


def sizes(_: str) -> str:
    """Return the table of pictures of some sizes, as they are."""
    rows = [
        (
            f"{width} × {height}",
            str(length),
            image(_PATH + size_name(width, height), f"{length} digits", width=width, height=height),
        )
        for width, height, length in SIZES
    ]
    return table(("width × height", "length", ""), rows)


def sounds(_: str) -> str:
    """Return the table of sounds: digits in every voice, then the other kinds in English."""
    names = voices()
    rows = [
        (f"`{kind}`", ", ".join(f"`{tag}`" for tag in tags), _audio(kind, tags[0]))
        for kind, chosen in (("digits", list(names)), ("letters", ["en"]), ("arithmetic", ["en"]))
        for tags in (names[voice] for voice in chosen)
    ]
    return table(("kind", "language", ""), rows)


def _audio(kind: str, language: str) -> str:
    source = _PATH + sound_name(kind, language)
    return f'<audio controls preload="none" aria-label="{kind}, {language}" src="{source}"></audio>'


def main() -> None:
    """Write every file, remove those of an earlier gallery, and print their sizes."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = {item.name: item.make() for item in items()}
    for path in FOLDER.iterdir():
        if path.name not in made:
            path.unlink()
    for name, data in made.items():
        (FOLDER / name).write_bytes(data)
    print(f"{len(made)} files in docs/pictures/gallery, {sum(map(len, made.values()))} bytes")


if __name__ == "__main__":
    main()
