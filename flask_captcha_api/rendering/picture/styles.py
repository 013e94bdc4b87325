"""The table of styles: each a list of drawing steps, and which of them a difficulty draws from.

A recogniser has to read every character of every style. One that is trained for a single layout learns it in few
pictures; the mixture costs it several times as many. So a difficulty is a set of styles, of which each picture gets one
at random.
"""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from .canvas import Step
from .layouts import arch, fit, rows, wave
from .paint import blobs, choose_typefaces, ink, stamp

# Large cells leave most strokes whole; fine ones cut nearly each of them.
_BROAD = partial(blobs, grid=(6, 4))
_FINE = partial(blobs, grid=(8, 5))

# Straight rows that lean the same way fall to whoever finds lines first and reads each by itself; so do rows whose
# glyphs all stand alike in them.
_ROWS = partial(rows, gap=0.04, leading=1.5, lean=(0.55, 0.9), bow=(0.5, 0.8), turn=0.28)
# A gentler arch is read by software as a line, unless its glyphs lean as well.
_ARCH = partial(arch, gap=0.12, span=(2.3, 2.9))
_LEANING_ARCH = partial(arch, gap=0.1, span=(1.5, 2.0), lean=(0.65, 0.95))
# Either alone is read: a wave of upright glyphs by recognisers of characters, a level line of leaning ones by those
# that find lines.
_WAVE = partial(wave, gap=0.1, height=(0.55, 0.8), turns=(1.6, 2.1), lean=(0.55, 0.85))

STYLES: Mapping[str, tuple[Step, ...]] = MappingProxyType(
    {
        "rows": (choose_typefaces, _ROWS, fit, _BROAD, stamp, ink),
        "arch": (choose_typefaces, _ARCH, fit, _BROAD, stamp, ink),
        "leaning-arch": (choose_typefaces, _LEANING_ARCH, fit, _BROAD, stamp, ink),
        "wave": (choose_typefaces, _WAVE, fit, _BROAD, stamp, ink),
        "rows-fine": (choose_typefaces, _ROWS, fit, _FINE, stamp, ink),
        "arch-fine": (choose_typefaces, _ARCH, fit, _FINE, stamp, ink),
        "leaning-arch-fine": (choose_typefaces, _LEANING_ARCH, fit, _FINE, stamp, ink),
        "wave-fine": (choose_typefaces, _WAVE, fit, _FINE, stamp, ink),
    }
)

#: The styles of each difficulty.
DIFFICULTIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # Upright glyphs only, and one layout: the easiest to read, and the first that a network learns.
        "calm": ("arch",),
        # All layouts: what breaks one of them does not break the others.
        "normal": ("rows", "arch", "leaning-arch", "wave"),
        # The same with more cuts: each glyph is in more pieces, which asks more of a hurried eye.
        "hard": ("rows-fine", "arch-fine", "leaning-arch-fine", "wave-fine"),
    }
)
