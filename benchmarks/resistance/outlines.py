"""The outline attack: how many pictures are read by whoever has the source, by the outlines of what it draws.

With two inks that swap, the outline of a glyph is an edge whatever lies below, so the background need not be known. The
attack draws thousands of glyphs with the styles that it attacks, and looks for all of their outlines in the whole
picture at once (by Fourier transforms). It fits the best ones to the picture's edges by shifts, slopes, bends and
ripples, weighs how much shorter the edges become without each, and chooses the glyphs that do not lie on each other and
explain the most. The order is that of the most similar layout among thousands that it has drawn. It knows the source,
the alphabet and the number of characters, but not the seed. It learns nothing from pictures.

``python -m benchmarks.resistance.outlines --count 100 --kinds digits --difficulties normal`` for less than everything.
"""

import random
from functools import partial

from .attack import LENGTH, SIZE, Attack, main, run
from .matching.bank import Bank
from .matching.chain import read_chain
from .matching.edges import plane_of
from .matching.fit import fitted
from .matching.outlines import drawn_texts

#: How many texts are drawn to take outlines and layouts from, and how many outlines of all characters are kept.
TEXTS, OUTLINES = 4000, 14000
#: How many places of each character are considered, how many outlines at each, and how many of all these are fitted.
PLACES, OUTLINES_THERE, FITTED = 30, 30, 1600


def prepare(kind: str, difficulty: str, *, texts: int = TEXTS, outlines: int = OUTLINES) -> Attack:
    """Draw the bank of a kind at a difficulty. It takes a minute, and 700 MB that the processes share."""
    rng = random.Random(5)
    drawn = list(drawn_texts(kind, difficulty, SIZE, LENGTH, texts, rng))
    characters = {outline.character for text in drawn for outline in text}
    return partial(read, Bank(drawn, SIZE, outlines // len(characters), rng))


def read(bank: Bank, encoded: bytes) -> tuple[str, float]:
    """Read a picture. Return the text and how sure it is."""
    plane = plane_of(encoded)
    candidates = bank.search(plane, PLACES, OUTLINES_THERE, FITTED)
    return read_chain(bank, fitted(bank, plane, candidates), LENGTH)


#: Attacks fresh pictures.
measure = partial(run, "outlines", prepare)

if __name__ == "__main__":
    main(measure, __doc__)
