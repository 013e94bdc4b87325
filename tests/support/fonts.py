"""Typefaces for tests, made here so that nothing depends on those of the machine."""

import unicodedata
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib.tables._g_l_y_f import Glyph

_EM = 1000
_GRID = 5


def make_font(path: Path, characters: str) -> str:
    """Write a typeface with these characters and no others, and return its path.

    A character is drawn as squares, of which its code point says where they are: no two characters look alike. One that
    is wide fills its em, as an ideograph does; the others have the height of capitals.
    """
    names = {ord(character): f"u{ord(character):04X}" for character in characters}
    glyphs = {".notdef": _squares(0b11111_10001_10001_10001_11111, _EM)}
    for character in characters:
        is_wide = unicodedata.east_asian_width(character) == "W"
        glyphs[names[ord(character)]] = _squares(1 << 24 | 1 | ord(character) << 3, 920 if is_wide else 700)
    builder = FontBuilder(_EM, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap(names)
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(dict.fromkeys(glyphs, (_EM, 0)))
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return str(path)


def _squares(pattern: int, size: int) -> Glyph:
    pen = TTGlyphPen(None)
    side = size // _GRID
    for place in range(_GRID * _GRID):
        if pattern >> place & 1:
            x, y = place % _GRID * side, place // _GRID * side
            pen.moveTo((x, y))
            for corner in ((x, y + side), (x + side, y + side), (x + side, y)):
                pen.lineTo(corner)
            pen.closePath()
    return pen.glyph()
