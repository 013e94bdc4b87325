"""Kinds: what can be asked, by name: for each the maker of its challenges, and what goes with it.

The table at the end has those of the package; an app adds its own by ``CaptchaApi(kinds={...})``.
"""

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from types import MappingProxyType
from typing import TypeAlias

from PIL import Image

from ..coroutines import is_async
from ..settings.config import SourceConfig
from .guessing import of_arithmetic, of_row
from .makers import DIGITS, LETTERS, Maker, arithmetic, digits, letters

#: Draws a prompt. All its randomness comes from the last argument.
Draw: TypeAlias = Callable[[str, SourceConfig, random.Random], Image.Image]
#: Says a prompt in a language, as the bytes of a WAV file. All its randomness comes from the last argument.
Speak: TypeAlias = Callable[[str, str, random.Random], bytes]

#: A kind's name goes into a header and into an attribute.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")


@dataclass(frozen=True)
class Kind:
    """A kind of challenge that brings more than a maker; a maker alone does where the package draws and speaks.

    ::

        CaptchaApi(app, kinds={"chess": Kind(make_problem, draw=draw_board)})

    The functions are plain ones, not ``async def``. They run in requests, in any thread, and must not keep or log a
    prompt. What they raise is logged, and the visitor is answered with 01007.

    :param make: makes a challenge of a length, all its randomness from the ``secrets`` module.
    :param draw: draws a prompt for a source's settings, of any size; the package encodes the picture in the source's
        format, without transparency. None: the package draws the text.
    :param speak: says a prompt in a language of the package, such as ``en``, as the bytes of a WAV file. None: the
        package spells rows of digits and Latin letters and reads sums and differences out, and other prompts have no
        sound.
    :param best_guess: how often a bot passes, for a length, that always gives the likeliest answer, from 0 to 1. None:
        ``flask captcha check`` estimates it.
    :param digits_only: whether the answers are numbers. Then dashes between two digits do not count (``407-18`` is
        ``40718``), and a minus sign may be any dash (``−5`` is ``-5``, and not ``5``).
    :param shortest: the least length that ``make`` can be asked for.
    :param advisable: the least length that the app is not warned of when it starts.
    """

    make: Maker
    _: KW_ONLY
    draw: Draw | None = None
    speak: Speak | None = None
    best_guess: Callable[[int], float] | None = None
    digits_only: bool = False
    shortest: int = 1
    advisable: int = 1


def kinds_with(own: Mapping[str, Maker | Kind]) -> Mapping[str, Kind]:
    """Return the kinds of the package and an app's own, which win.

    :raises ValueError: a name that no header could carry.
    :raises TypeError: what is neither a maker nor a Kind, or a function of it that is ``async def``.
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
    for role in ("make", "draw", "speak", "best_guess"):
        if is_async(getattr(kind, role)):
            raise TypeError(
                f"kinds= has an async function as {role} of {name!r}: it is not awaited, so use a plain def"
            )


#: The kinds of the package.
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "digits": Kind(digits, best_guess=of_row(DIGITS), digits_only=True, advisable=4),
        "letters": Kind(letters, best_guess=of_row(LETTERS), advisable=4),
        "arithmetic": Kind(arithmetic, best_guess=of_arithmetic, digits_only=True, shortest=3, advisable=4),
    }
)
