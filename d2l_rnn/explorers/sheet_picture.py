"""A stage of a sheet as a picture, by matplotlib: what a notebook keeps of a panel."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from d2l_rnn.explorers.sheet import Sheet, Table
from d2l_rnn.pictures import ANY_SIZE, COLOURS, GREY, PER_INCH, Picture
from d2l_rnn.pictures.lettering import as_it_is

# Pixels of the page.
WIDTH, EDGE, GAP = 900, 6, 14
LINE, DIGIT, LETTER, HEADING = 18, 6.8, 7.2, 24
SMALL, NEW = {"fontsize": 8, "va": "center"}, COLOURS[4]


@dataclass
class _Placed:
    """A table, and the place of its left upper corner."""

    table: Table
    left: float
    top: float


@ANY_SIZE
def draw(sheet: Sheet) -> Picture:
    """The board of the present stage; what is new in it is in bold, on a ground."""
    placed, headings, height = _places(sheet)
    figure = Picture(WIDTH / PER_INCH, height / PER_INCH, layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    for words, top in headings:
        axes.text(EDGE, top, as_it_is(words), color=GREY, **SMALL)
    for each in placed:
        _draw_table(axes, each, sheet.stage)
    names = [table.title for table in map(sheet.tables.get, _names(sheet))]
    figure.alt = f"{sheet.stages[sheet.stage - 1].title}: tables of {', '.join(names)}"
    return figure


def _names(sheet: Sheet) -> list[str]:
    return [name for names in sheet.board.groups.values() for name in names]


def _places(sheet: Sheet) -> tuple[list[_Placed], list[tuple[str, float]], float]:
    """The tables in as many rows as needed, the headings, and the height of all."""
    placed, headings, top = [], [], 0.0
    for heading, names in sheet.board.groups.items():
        headings.append((heading, top + HEADING / 2))
        top, left, lowest = top + HEADING, float(EDGE), 0.0
        for table in map(sheet.tables.__getitem__, names):
            width, height = _size(table)
            if left > EDGE and left + width > WIDTH - EDGE:
                top, left, lowest = top + lowest + GAP / 2, float(EDGE), 0.0
            placed.append(_Placed(table, left, top))
            left, lowest = left + width + GAP, max(lowest, height)
        top += lowest
    return placed, headings, top + EDGE


def _margin(table: Table) -> float:
    """The width of the names of the rows."""
    return LETTER * max(map(len, table.rows)) + 4


def _width_of_cell(table: Table) -> float:
    digits = max(len(brief(float(value))) for value in table.values.flat)
    return max(DIGIT * digits + 8, *(LETTER * len(name) + 8 for name in table.columns))


def _size(table: Table) -> tuple[float, float]:
    width = _margin(table) + len(table.columns) * _width_of_cell(table)
    return max(width, LETTER * len(table.title)), LINE * (len(table.rows) + 2) + 4


def _draw_table(axes: Axes, placed: _Placed, stage: int) -> None:
    table, left, top = placed.table, placed.left, placed.top
    start, wide = left + _margin(table), _width_of_cell(table)
    title = as_it_is(re.sub("[{}]", "", table.title))
    axes.text(left, top + LINE / 2, title, weight="bold", **SMALL)
    quiet = {"color": GREY, **SMALL}
    for j, column in enumerate(table.columns):
        x = start + (j + 1) * wide - 4
        axes.text(x, top + 1.5 * LINE, as_it_is(column), ha="right", **quiet)
    for i, (row, at) in enumerate(zip(table.rows, table.at, strict=True)):
        y, is_new = top + (i + 2) * LINE, at == stage
        axes.text(left, y + LINE / 2, as_it_is(row), **quiet)
        for j, value in enumerate(table.values[i]):
            x = start + j * wide
            if is_new:
                box = Rectangle((x + 1, y + 1), wide - 2, LINE - 2)
                box.set(color=NEW, alpha=0.4, linewidth=0)
                axes.add_patch(box)
            words = brief(float(value)) if at <= stage else "·"
            axes.text(x + wide - 4, y + LINE / 2, as_it_is(words), ha="right",
                      weight="bold" if is_new else "normal", **SMALL)  # fmt: skip


def brief(value: float) -> str:
    """A number as sheet.js writes it."""
    size = abs(value)
    if not math.isfinite(value):
        words = "?" if math.isnan(value) else "∞"
    elif size == int(size) and size < 1e5:
        words = str(int(size))
    elif size >= 1e5 or size < 0.0005:
        mantissa, _, power = f"{size:.0e}".partition("e")
        words = f"{mantissa}e{int(power)}"
    else:
        digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
        words = f"{size:.{digits}f}"
    return ("-" + words if value < 0 else words).replace("-", "−")
