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
    mesh=0.16, turn=0.12, lean=0.2, weight=(-0.02, 0.025), uneven=0.018, height=(0.92, 1.08), width=(0.95, 1.2)
)
_SHAPES = partial(take_shapes, bending=_BENT)

_COARSE = partial(patches, across=0.7, along=1.2, angle=(0.6, 0.97))
_FINE = partial(patches, across=0.45, along=0.7, angle=(0.6, 0.97))

_ROWS = partial(rows, gap=(0.02, 0.3))
_ARCH = partial(arch, gap=0.04, span=(1.7, 1.9))

STYLES: Mapping[str, tuple[Step, ...]] = MappingProxyType(
    {
        "rows": (_ROWS, _SHAPES, fit, _COARSE, clear_signs, stamp, ink),
        "arch": (_ARCH, _SHAPES, fit, _COARSE, clear_signs, stamp, ink),
        "rows-fine": (_ROWS, _SHAPES, fit, _FINE, clear_signs, stamp, ink),
        "arch-fine": (_ARCH, _SHAPES, fit, _FINE, clear_signs, stamp, ink),
    }
)

#: The styles of each difficulty.
DIFFICULTIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "calm": ("arch",),
        "normal": ("rows", "rows", "arch-fine"),
        "hard": ("rows-fine", "arch-fine"),
    }
)
