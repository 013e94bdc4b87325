"""The styles, each a list of drawing steps, and the styles of each difficulty.

A recogniser that is trained for a single layout learns it from few pictures; a mixture takes it several times as many.
So a difficulty is a set of styles, and each picture is drawn in a random one of them.
"""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from .canvas import Step
from .layouts import arch, fit, rows, wave
from .paint import blobs, choose_typefaces, ink, stamp

# Coarse cells leave most strokes whole; fine ones cut nearly every stroke.
_COARSE = partial(blobs, grid=(6, 4))
_FINE = partial(blobs, grid=(8, 5))

# Software that finds lines first and then reads each of them can read straight rows that lean the same way, and rows
# whose glyphs are all rotated alike.
_ROWS = partial(rows, gap=0.04, leading=1.5, lean=(0.55, 0.9), bow=(0.5, 0.8), turn=0.28)
# Software reads a flatter arch as a line, unless its glyphs also lean.
_ARCH = partial(arch, gap=0.12, span=(2.3, 2.9))
_LEANING_ARCH = partial(arch, gap=0.1, span=(1.5, 2.0), lean=(0.65, 0.95))
# Either alone can be read: a wave of upright glyphs by recognisers of characters, a level line of leaning glyphs by
# recognisers of lines.
_WAVE = partial(wave, gap=0.1, height=(0.55, 0.8), turns=(1.6, 2.1), lean=(0.55, 0.85))

STYLES: Mapping[str, tuple[Step, ...]] = MappingProxyType(
    {
        "rows": (choose_typefaces, _ROWS, fit, _COARSE, stamp, ink),
        "arch": (choose_typefaces, _ARCH, fit, _COARSE, stamp, ink),
        "leaning-arch": (choose_typefaces, _LEANING_ARCH, fit, _COARSE, stamp, ink),
        "wave": (choose_typefaces, _WAVE, fit, _COARSE, stamp, ink),
        "rows-fine": (choose_typefaces, _ROWS, fit, _FINE, stamp, ink),
        "arch-fine": (choose_typefaces, _ARCH, fit, _FINE, stamp, ink),
        "leaning-arch-fine": (choose_typefaces, _LEANING_ARCH, fit, _FINE, stamp, ink),
        "wave-fine": (choose_typefaces, _WAVE, fit, _FINE, stamp, ink),
    }
)

#: The styles of each difficulty.
DIFFICULTIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # A single layout, whose glyphs do not lean: the easiest to read, and the first that a network learns.
        "calm": ("arch",),
        # Every layout: whatever breaks one of them does not break the others.
        "normal": ("rows", "arch", "leaning-arch", "wave"),
        # The same with more edges: each glyph is cut into more pieces, which is harder to read at a glance.
        "hard": ("rows-fine", "arch-fine", "leaning-arch-fine", "wave-fine"),
    }
)
