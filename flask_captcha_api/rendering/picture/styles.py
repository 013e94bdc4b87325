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

_BENT = Bending(
    mesh=0.21, turn=0.12, lean=0.2, weight=(-0.02, 0.025), uneven=0.02, height=(0.92, 1.08), width=(0.95, 1.2)
)
# In rows there is room for wide glyphs.
_SHAPES = partial(take_shapes, bending=_BENT)
_WIDE_SHAPES = partial(take_shapes, bending=_BENT._replace(width=(1.05, 1.55)))

_COARSE = partial(patches, across=1.0, along=1.8, angle=(0.6, 0.97))
_MEDIUM = partial(patches, across=0.8, along=1.4, angle=(0.6, 0.97))
_FINE = partial(patches, across=0.55, along=0.9, angle=(0.6, 0.97))

_ROWS = partial(rows, gap=(0.05, 0.5))
_ARCH = partial(arch, gap=0.04, span=(1.7, 1.9))

STYLES: Mapping[str, tuple[Step, ...]] = MappingProxyType(
    {
        "rows": (_ROWS, _WIDE_SHAPES, fit, _COARSE, clear_signs, stamp, ink),
        "arch": (_ARCH, _SHAPES, fit, _MEDIUM, clear_signs, stamp, ink),
        "rows-fine": (_ROWS, _WIDE_SHAPES, fit, _FINE, clear_signs, stamp, ink),
        "arch-fine": (_ARCH, _SHAPES, fit, _FINE, clear_signs, stamp, ink),
    }
)

#: The styles of each difficulty.
DIFFICULTIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "calm": ("arch",),
        "normal": ("rows", "rows", "arch"),
        "hard": ("rows-fine", "arch-fine"),
    }
)
