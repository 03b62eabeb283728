"""The outlines of letters and numbers, made once: texts of matplotlib are slow."""

from __future__ import annotations

import functools

from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextPath

# Sizes, in hundredths of an inch, of the two fonts, which come with matplotlib.
LETTERS, NUMBERS = 16.6, 12
MONO, SANS = (FontProperties(family="DejaVu Sans" + kind) for kind in (" Mono", ""))


@functools.cache
def letter(sign: str) -> Path:
    """The outline, in inches, of a letter as wide as a cell."""
    return TextPath((0, 0), sign, LETTERS / 100, prop=MONO)


@functools.cache
def number(word: str) -> Path:
    """The outline, in inches, of a word or a number centred at 0."""
    path = TextPath((0, 0), word, NUMBERS / 100, prop=SANS)
    middle = path.get_extents().x0 + path.get_extents().width / 2
    return Path(path.vertices - (middle, 0), path.codes)
