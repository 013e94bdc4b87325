"""The styles, each a list of drawing steps, and the styles of each difficulty.

A recogniser that is trained for a single layout learns it from few pictures; a mixture takes it several times as many.
So a difficulty is a set of styles, and each picture is drawn in a random one of them.
"""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from .atlas import Bending
from .canvas import Step
from .layouts import arch, fit, rows
from .paint import clear_signs, ink, patches, stamp, take_shapes

# Lengths are in heights of a capital, angles in radians. How far shapes are bent is what costs an attacker most who
# looks for the outlines of the bundled typefaces, and costs readers little.
_CALM_SHAPES = Bending(
    mesh=0.12, turn=0.08, lean=0.12, weight=(-0.02, 0.025), uneven=0.02, height=(0.92, 1.08), width=(1.05, 1.45)
)
_SHAPES = Bending(
    mesh=0.2, turn=0.12, lean=0.2, weight=(-0.02, 0.025), uneven=0.02, height=(0.92, 1.08), width=(1.05, 1.55)
)
_HARD_SHAPES = _SHAPES._replace(mesh=0.26)

_CALM = partial(take_shapes, bending=_CALM_SHAPES)
_BENT = partial(take_shapes, bending=_SHAPES)
_STRONGLY_BENT = partial(take_shapes, bending=_HARD_SHAPES)
# Around an arch there is no room for wide glyphs.
_NARROW = partial(take_shapes, bending=_HARD_SHAPES._replace(width=(0.95, 1.2)))

# Coarse patches leave most strokes whole; fine ones cut nearly every stroke.
_VERY_COARSE = partial(patches, across=1.8, along=3.0, angle=(0.6, 0.97))
_COARSE = partial(patches, across=1.0, along=1.8, angle=(0.6, 0.97))
_FINE = partial(patches, across=0.7, along=1.2, angle=(0.6, 0.97))

# Software that expects a single line reads neither of two rows. Software that finds lines first reads straight ones.
_ROWS = partial(rows, gap=(0.05, 0.5))
_CURVED_ROWS = partial(rows, gap=(0.05, 0.5), curve=0.3)
_ARCH = partial(arch, gap=0.04, span=(1.7, 1.9))

_PAINT = (clear_signs, stamp, ink)

STYLES: Mapping[str, tuple[Step, ...]] = MappingProxyType(
    {
        "calm-rows": (_ROWS, _CALM, fit, _VERY_COARSE, *_PAINT),
        "rows": (_ROWS, _BENT, fit, _COARSE, *_PAINT),
        "curved-rows": (_CURVED_ROWS, _BENT, fit, _COARSE, *_PAINT),
        "rows-fine": (_ROWS, _STRONGLY_BENT, fit, _FINE, *_PAINT),
        "curved-rows-fine": (_CURVED_ROWS, _STRONGLY_BENT, fit, _FINE, *_PAINT),
        "arch-fine": (_ARCH, _NARROW, fit, _FINE, *_PAINT),
    }
)

#: The styles of each difficulty.
DIFFICULTIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # Upright, little bent and mostly whole glyphs: the easiest to read.
        "calm": ("calm-rows",),
        "normal": ("rows", "curved-rows"),
        # More bends, more edges and more layouts.
        "hard": ("rows-fine", "curved-rows-fine", "arch-fine"),
    }
)
