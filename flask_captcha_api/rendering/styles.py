"""The table of styles: each a list of drawing steps, and which of them a difficulty draws from.

A recogniser has to read every character of every style. One that is trained for a single layout learns it in few
pictures; the mixture costs it several times as many. So a difficulty is a set of styles, of which each picture gets one
at random.
"""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from .layouts import arch, fit, rows, slant
from .paint import blobs, choose_typefaces, ink, stamp
from .picture import Step

# Large cells leave most strokes whole; fine ones cut nearly each of them.
_BROAD = partial(blobs, grid=(6, 4))
_BROAD_BEHIND_ROWS = partial(blobs, grid=(5, 4))
_FINE = partial(blobs, grid=(8, 5))

# Upright rows fall to whoever cuts the picture at the middle; leaning ones much less.
_ROWS = partial(rows, gap=0.16, leading=1.3, lean=(0.55, 0.9), tilt=0.3, bow=0.2)
# A gentler arch is read by software as a line.
_ARCH = partial(arch, gap=0.12, span=(2.2, 2.8))
# The less the lean, the more columns hold a single glyph again. Leaning glyphs take room in width, so they may be
# squeezed more than others.
_SLANT = partial(slant, gap=0.12, lean=(1.0, 1.3), rise=0.35)
_FIT_SLANT = partial(fit, narrowing=1.5)

STYLES: Mapping[str, tuple[Step, ...]] = MappingProxyType(
    {
        "rows": (choose_typefaces, _ROWS, fit, _BROAD_BEHIND_ROWS, stamp, ink),
        "arch": (choose_typefaces, _ARCH, fit, _BROAD, stamp, ink),
        "slant": (choose_typefaces, _SLANT, _FIT_SLANT, _BROAD, stamp, ink),
        "rows-fine": (choose_typefaces, _ROWS, fit, _FINE, stamp, ink),
        "arch-fine": (choose_typefaces, _ARCH, fit, _FINE, stamp, ink),
        "slant-fine": (choose_typefaces, _SLANT, _FIT_SLANT, _FINE, stamp, ink),
    }
)

#: The styles of each difficulty.
DIFFICULTIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # Without the style whose glyphs touch each other most: for short-lived pages with little to gain.
        "calm": ("rows", "arch"),
        # All three layouts: what breaks one of them does not break the others.
        "normal": ("rows", "arch", "slant"),
        # The same with more cuts: people read it less well too.
        "hard": ("rows-fine", "arch-fine", "slant-fine"),
    }
)
