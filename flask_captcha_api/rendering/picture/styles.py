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

# Lengths are in heights of a capital, angles in radians. The ripple costs readers little, and costs attackers who match
# the outlines of the bundled typefaces most: each stroke goes its own way, but the whole keeps its proportions. The
# mesh alone would turn glyphs into others before it cost as much.
_CALM_SHAPES = Bending(
    mesh=0.12,
    ripple=0.0,
    turn=0.08,
    lean=0.12,
    weight=(-0.02, 0.025),
    uneven=0.02,
    height=(0.92, 1.08),
    width=(1.05, 1.45),
    life=200,
)
_SHAPES = Bending(
    mesh=0.15,
    ripple=0.1,
    turn=0.12,
    lean=0.15,
    weight=(-0.02, 0.025),
    uneven=0.02,
    height=(0.92, 1.08),
    width=(1.05, 1.55),
    life=16,
)
# Around an arch glyphs are turned already, and there is no room for wide ones.
_NARROW_SHAPES = _SHAPES._replace(mesh=0.11, turn=0.08, width=(0.95, 1.2))
# For hard pictures.
_HARD_SHAPES = _SHAPES._replace(mesh=0.165, ripple=0.12, turn=0.18, lean=0.2, height=(0.9, 1.1), life=8)
_HARD_NARROW_SHAPES = _HARD_SHAPES._replace(mesh=0.13, turn=0.1, width=_NARROW_SHAPES.width)

# Coarse patches leave most strokes whole; fine ones cut nearly every stroke, which costs readers more than attackers.
_VERY_COARSE = partial(patches, across=1.8, along=3.0, angle=(0.6, 0.97), life=_CALM_SHAPES.life)
_COARSE = partial(patches, across=1.15, along=2.0, angle=(0.6, 0.97), life=_SHAPES.life)
_FINE = partial(patches, across=1.1, along=1.9, angle=(0.6, 0.97), life=_HARD_SHAPES.life)
# Software that expects a single line reads an arch unless its glyphs are cut more.
_ARCH_COARSE = partial(patches, across=0.85, along=1.5, angle=(0.6, 0.97), life=_SHAPES.life)
_ARCH_FINE = partial(patches, across=0.8, along=1.4, angle=(0.6, 0.97), life=_HARD_SHAPES.life)

# Software that expects a single line reads neither of two rows.
_ROWS = partial(rows, gap=(0.2, 0.5))
_ARCH = partial(arch, gap=0.04, span=(1.7, 1.9))


def _style(layout: Step, shapes: Bending, background: Step) -> tuple[Step, ...]:
    return layout, partial(take_shapes, bending=shapes), fit, background, clear_signs, stamp, ink


STYLES: Mapping[str, tuple[Step, ...]] = MappingProxyType(
    {
        "calm-rows": _style(_ROWS, _CALM_SHAPES, _VERY_COARSE),
        "rows": _style(_ROWS, _SHAPES, _COARSE),
        "arch": _style(_ARCH, _NARROW_SHAPES, _ARCH_COARSE),
        "rows-fine": _style(_ROWS, _HARD_SHAPES, _FINE),
        "arch-fine": _style(_ARCH, _HARD_NARROW_SHAPES, _ARCH_FINE),
    }
)

#: The styles of each difficulty.
DIFFICULTIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # Upright glyphs, little bent and mostly whole: the easiest to read, and the first that a network learns.
        "calm": ("calm-rows",),
        # Software that expects a single line reads no rows, and software that finds lines reads hardly an arch. Most
        # pictures are rows: people read them best, and software that matches outlines worst.
        "normal": ("rows", "rows", "rows", "arch"),
        # The same, bent further and with more edges, which is harder to read at a glance.
        "hard": ("rows-fine", "rows-fine", "rows-fine", "rows-fine", "arch-fine"),
    }
)
