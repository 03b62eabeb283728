"""What is written on pictures: labels as they are, and formulas between two $.

A $ that begins or ends no formula is written as a $. A character that the font of a
picture lacks is taken from another font of the machine; if none has it, □ stands there.
"""

from __future__ import annotations

import functools
import os
import re
import threading
import unicodedata
from collections.abc import Iterable

from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.mathtext import MathTextParser

# Matplotlib's formula parser, used for labels and ticks, is not thread-safe.
DRAWING = threading.RLock()
if hasattr(os, "register_at_fork"):  # else a drawing thread could leave it locked there
    os.register_at_fork(
        before=DRAWING.acquire,
        after_in_parent=DRAWING.release,
        after_in_child=DRAWING.release,
    )
# As in Pandoc: no space inside the two $, and no digit after the second.
FORMULA = re.compile(r"(?<!\\)\$(?=\S)([^$]+?)(?<=[^\s\\])\$(?!\d)")
UNKNOWN = "□"
WIDEST = 56  # columns of a name in a legend
MOST_NAMES = 16  # in a legend
# Fonts with many characters, in the order in which they are asked.
FALLBACKS = (
    "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Microsoft YaHei",
    "PingFang SC", "Hiragino Sans GB", "Heiti TC", "SimHei", "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei", "Noto Sans CJK JP", "Noto Sans CJK KR", "Yu Gothic",
    "Malgun Gothic", "Apple SD Gothic Neo", "Arial Unicode MS", "Segoe UI Symbol",
    "Segoe UI Emoji", "Noto Emoji", "Noto Sans Symbols2", "Symbola",
)  # fmt: skip


def text_of(label: object) -> str:
    """A label as a text that can be sent: None is no label."""
    words = "" if label is None else str(label)
    return words.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def pieces(label: object) -> list[tuple[str, bool]]:
    """A label in pieces, in order, each with whether it is a formula (without its $).

    Where matplotlib cannot read a formula, there is none in the label.
    """
    parts = FORMULA.split(text_of(label))
    if all(map(_can_be_read, parts[1::2])):
        return [(part, i % 2 == 1) for i, part in enumerate(parts) if part]
    return [(text_of(label), False)]


def written(label: object) -> str:
    """A label as matplotlib is to be given it: only formulas stand between two $."""
    return "".join(
        f"${words}$" if is_formula else as_it_is(words)
        for words, is_formula in pieces(label)
    )


def as_it_is(label: object) -> str:
    """A label as matplotlib is to be given it, without formulas."""
    return re.sub(r"(?<!\\)\$", r"\\$", text_of(label))


def shortened(label: object, widest: int = WIDEST) -> str:
    """A label, cut if it takes more than so many columns.

    A capital takes one and a half, a Chinese character two.
    """
    words, columns = text_of(label), 0.0
    for i, sign in enumerate(words):
        is_wide = unicodedata.east_asian_width(sign) in "WF"
        columns += 2 if is_wide else 1.5 if sign.isupper() else 1
        if columns > widest:
            return f"{words[: max(i - 1, 0)]}…"
    return words


def legend(
    axes: Axes, artists: Iterable[Artist], labels: Iterable[object], **look
) -> None:
    """A legend of those that have a name; of many, the first, and how many more.

    Matplotlib's own leaves out names that begin with `_`.
    """
    pairs = zip(artists, map(text_of, labels), strict=True)
    named = [(artist, written(shortened(label))) for artist, label in pairs if label]
    if len(named) > MOST_NAMES:
        more = f"and {len(named) - MOST_NAMES + 1:,} more"
        named[MOST_NAMES - 1 :] = [(Line2D([], [], linestyle=""), more)]
    if named:
        stand_ins = [str(i) for i in range(len(named))]
        drawn = axes.legend([artist for artist, _ in named], stand_ins, **look)
        drawn.set_in_layout(False)  # a wide one would leave no room for the axes
        for text, (_, label) in zip(drawn.get_texts(), named, strict=True):
            text.set_text(label)


class Canvas(FigureCanvasAgg):
    """Where a picture is drawn, with all characters that the machine has."""

    _made, _renderer = None, None

    def get_renderer(self) -> RendererAgg:
        """What draws, of the size that the picture has now."""
        size = (*self.figure.bbox.size, self.figure.dpi)
        if self._made != size:
            self._made, self._renderer = size, _Renderer(*size)
        return self._renderer


class _Renderer(RendererAgg):
    def draw_text(self, gc, x, y, s, prop, angle, ismath=False, mtext=None):
        s, prop = readable(s, prop, bool(ismath))
        super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)

    def get_text_width_height_descent(self, s, prop, ismath):
        return super().get_text_width_height_descent(
            *readable(s, prop, bool(ismath)), ismath
        )


def readable(
    words: str, font: FontProperties, has_formula: bool = False
) -> tuple[str, FontProperties]:
    """The words, and a font, as they can be drawn without a missing character."""
    if words.isascii() and words.isprintable():
        return words, font
    families = [*font.get_family()]
    lacking = {sign for sign in words if not _has(families, sign)}
    if not lacking:
        return words, font
    others = [] if has_formula else [
        each for each in _fallbacks() if any(_has([each], sign) for sign in lacking)
    ]  # fmt: skip
    blanks = {sign: " " if sign.isspace() else UNKNOWN
              for sign in lacking if not _has(others, sign)}  # fmt: skip
    found = font.copy()
    found.set_family([*families, *others])
    return "".join(blanks.get(sign, sign) for sign in words), found


def _has(families: Iterable[str], sign: str) -> bool:
    fonts = (FontProperties(family=[family]) for family in families)
    return any(ord(sign) in _characters(font_manager.findfont(font)) for font in fonts)


@functools.lru_cache(maxsize=32)
def _characters(path: str) -> frozenset[int]:
    """The codes of the characters in the file of a font."""
    return frozenset(font_manager.get_font(path).get_charmap())


@functools.cache
def _fallbacks() -> tuple[str, ...]:
    """Those fonts of FALLBACKS that this machine has."""
    there = {font.name for font in font_manager.fontManager.ttflist}
    return tuple(name for name in FALLBACKS if name in there)


@functools.lru_cache(maxsize=256)
def _can_be_read(formula: str) -> bool:
    if not all(_has(FontProperties().get_family(), sign) for sign in formula):
        return False
    try:
        with DRAWING:
            MathTextParser("path").parse(f"${formula}$")
    except ValueError:
        return False
    return True
