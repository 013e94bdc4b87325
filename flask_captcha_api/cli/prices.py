"""What work means on a device, and what a pass costs a program.

The figures are measured or published, and explained in docs/explanation/price.md. They are for one processor core, and
lower than what most attackers pay: getting and sending a captcha costs something too, and so does writing the program.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..challenges.sources import Source

#: Seconds that a squaring of 1,024 bits takes, by device. Telephones vary by a factor of ten; ``native`` is GMP.
SECONDS_PER_SQUARING: Mapping[str, float] = MappingProxyType(
    {"old phone": 50e-6, "phone": 10e-6, "laptop": 2e-6, "native": 0.3e-6}
)
#: The same for a graphics card, which solves many puzzles side by side, but none of them sooner than a processor.
_GPU_SECONDS_PER_SQUARING = 0.2e-9
CPU_DOLLARS_PER_HOUR = 0.04
GPU_DOLLARS_PER_HOUR = 0.34

#: CPU seconds for a pass by the cheapest way that was measured, by kind and difficulty. Written by `make tables`.
# <tables>
PICTURE_SECONDS: Mapping[tuple[str, str], float] = MappingProxyType(
    {
        ("digits", "calm"): 0.015,
        ("digits", "hard"): 0.0032,
        ("digits", "normal"): 0.003,
        ("letters", "calm"): 4.5,
        ("letters", "hard"): 2.1,
        ("letters", "normal"): 0.011,
    }
)
# </tables>
#: The same for the sound: a small network, trained once, takes 0.017 s for each and hears nine out of ten.
SOUND_SECONDS = 0.019

_TIMED_SQUARINGS = 4_000
#: Two odd numbers of 1,024 bits, which need not be a puzzle to take as long as one.
_MODULUS, _BASE = (1 << 1024) - 105, (1 << 1023) // 3 | 1


@dataclass(frozen=True)
class WayIn:
    """A way into a source.

    :ivar form: ``picture``, ``sound`` or ``work``.
    :ivar seconds: CPU seconds that a pass takes a program; None if that was not measured.
    """

    form: str
    seconds: float | None


def ways_into(source: Source, *, has_sound: bool) -> list[WayIn]:
    """Return the ways into a source. Work that comes with picture and sound is part of their price."""
    settings = source.settings
    besides = native_seconds(settings.work or 0)
    pictures = [
        seconds + besides
        for (kind, difficulty), seconds in PICTURE_SECONDS.items()
        if kind == settings.kind and settings.difficulty in (difficulty, "auto")
    ]
    is_measured = pictures and source.kind.draw is None and settings.fonts is None
    ways_in = [WayIn("picture", min(pictures) if is_measured else None)]
    if has_sound:
        is_measured = source.kind.speak is None
        ways_in.append(WayIn("sound", SOUND_SECONDS + besides if is_measured else None))
    if settings.work_alone is not None:
        ways_in.append(WayIn("work", native_seconds(settings.work_alone)))
    return ways_in


def native_seconds(squarings: int) -> float:
    """Return the seconds that squarings take a program."""
    return squarings * SECONDS_PER_SQUARING["native"]


def cents_on_cpu(seconds: float) -> float:
    """Return what 1,000 passes cost on a rented processor, if each takes this many CPU seconds."""
    return 1000 * seconds * CPU_DOLLARS_PER_HOUR / 3600 * 100


def cents_on_gpu(squarings: int) -> float:
    """Return what 1,000 passes cost on a rented graphics card."""
    return 1000 * squarings * _GPU_SECONDS_PER_SQUARING * GPU_DOLLARS_PER_HOUR / 3600 * 100


def short(number: float) -> str:
    """Return a number for people to read: one significant digit below 1, two from 1 up."""
    rounded = float(f"{number:.2g}")
    if rounded >= 10:
        return f"{number:,.0f}"
    if rounded >= 1:
        return f"{rounded:.1f}"
    return f"{float(f'{number:.1g}'):.10f}".rstrip("0").rstrip(".")


def measured_seconds_per_squaring() -> float:
    """Return the seconds that a squaring takes on this machine, in Python: the fastest of five runs."""
    times = []
    for _ in range(5):
        begin = time.perf_counter()
        pow(_BASE, 1 << _TIMED_SQUARINGS, _MODULUS)
        times.append(time.perf_counter() - begin)
    return min(times) / _TIMED_SQUARINGS
