"""Kinds of challenge, by name. An app adds its own with ``CaptchaApi(kinds={...})``."""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from types import MappingProxyType
from typing import TypeAlias

from PIL import Image

from ..coroutines import is_async
from ..settings.config import SourceConfig
from .guessing import arithmetic_probability, row_probability
from .makers import DIGITS, LETTERS, Maker, arithmetic, digits, letters

#: Draws a prompt. All its randomness comes from the last argument.
Draw: TypeAlias = Callable[[str, SourceConfig, random.Random], Image.Image]
#: Speaks a prompt in a language, as the bytes of a WAV file. All its randomness comes from the last argument.
Speak: TypeAlias = Callable[[str, str, random.Random], bytes]

#: A kind's name is sent in a header and in an HTML attribute.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")


@dataclass(frozen=True)
class Kind:
    """A kind of challenge. A maker alone is enough if the package should draw and speak its prompts.

    ::

        CaptchaApi(app, kinds={"chess": Kind(make_problem, draw=draw_board)})

    The functions must not be ``async def``. They run in requests, in any thread, and must not keep or log a prompt. If
    one raises, the visitor gets an error result.

    :param make: makes a challenge of a given length, with all its randomness from the ``secrets`` module.
    :param draw: ``draw(prompt, settings, rng)`` returns a picture of a prompt for a source's settings, in any size; the
        package encodes it in the source's format, without transparency. None: the package draws the text.
    :param speak: ``speak(prompt, language, rng)`` speaks a prompt in a language of the package, such as ``en``, and
        returns the bytes of a WAV file. None: a kind with ``draw`` has no sound, as its prompt need not be what a
        visitor reads; else the package spells rows of digits and Latin letters and speaks sums and differences, and
        other prompts have no sound. To let the package speak the prompts of a kind with ``draw``, pass
        :func:`speak_prompt`.
    :param best_guess: returns the probability of the likeliest answer at a given length, above 0 and at most 1. None:
        ``flask captcha check`` estimates it.
    :param digits_only: whether the answers are numbers. Then dashes between two digits do not count (``407-18`` is
        ``40718``), and a minus sign may be any dash (``−5`` is ``-5``, not ``5``).
    :param has_case: whether the answers have letters with an upper and a lower case. Visitors are then told that case
        does not matter, if it does not.
    :param answer_length: returns the number of characters of every answer at a given length, 1 to 64, not counting
        white space. It is sent to clients, which tell a visitor who types fewer. None: it varies, or is not known.
    :param shortest: the shortest length that ``make`` supports.
    :param advisable: the shortest length that gets no warning when the app starts.
    """

    make: Maker
    _: KW_ONLY
    draw: Draw | None = None
    speak: Speak | None = None
    best_guess: Callable[[int], float] | None = None
    digits_only: bool = False
    has_case: bool = False
    answer_length: Callable[[int], int] | None = None
    shortest: int = 1
    advisable: int = 1

    @property
    def may_have_sound(self) -> bool:
        """Return whether its prompts may have a sound, from the kind itself or from the package, which speaks some."""
        return self.speak is not None or self.draw is None


def kinds_with(own: Mapping[str, Maker | Kind]) -> Mapping[str, Kind]:
    """Return the package's kinds and an app's own, which take precedence.

    :raises ValueError: a name is not 1 to 32 of ``A-Z a-z 0-9 _ -``.
    :raises TypeError: a value is neither a maker nor a Kind, or one of its functions is ``async def``.
    """
    kinds = dict(KINDS)
    for name, kind in own.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"kinds= has the name {name!r}: it must be 1 to 32 of A-Z a-z 0-9 _ -")
        if not isinstance(kind, Kind) and not callable(kind):
            raise TypeError(f"kinds= has {kind!r} as {name!r}: it must be a function that makes a Challenge, or a Kind")
        kinds[name] = kind if isinstance(kind, Kind) else Kind(kind)
        _check_functions(name, kinds[name])
    return MappingProxyType(kinds)


def _check_functions(name: str, kind: Kind) -> None:
    for role in ("make", "draw", "speak", "best_guess", "answer_length"):
        if is_async(getattr(kind, role)):
            raise TypeError(
                f"kinds= has an async function as {role} of {name!r}: it is not awaited, so use a plain def"
            )


def _of_row(length: int) -> int:
    return length


#: The package's kinds.
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "digits": Kind(
            digits, best_guess=row_probability(DIGITS), digits_only=True, answer_length=_of_row, advisable=4
        ),
        "letters": Kind(
            letters, best_guess=row_probability(LETTERS), has_case=True, answer_length=_of_row, advisable=4
        ),
        "arithmetic": Kind(arithmetic, best_guess=arithmetic_probability, digits_only=True, shortest=3, advisable=4),
    }
)
