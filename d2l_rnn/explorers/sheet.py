"""Tables of numbers that appear stage by stage, each with its formula and its source.

`Sheet.for_browser` is what `d2l_rnn/web/src/sheet.js` shows, where a reader points at
the numbers; `Sheet.picture` is one stage of it by matplotlib, to be kept.

A formula in numbers is a list of words and places: a place (table, row, column) stands
for the number there. So [("Z", 0, 1), " + ", ("b_h", 0, 1)] is a sum of two numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from d2l_rnn.checks import integer, of_type, shown
from d2l_rnn.explorers.source_lines import SourceLine

if TYPE_CHECKING:
    from d2l_rnn.pictures import Picture

Place = tuple[str, int, int]
Words = list[str | Place]


def nothing(row: int, column: int) -> Words:
    """Of numbers that are given, and not computed from others."""
    return []


@dataclass(frozen=True, eq=False)
class Table:
    """Numbers, (R, C), with the names of rows and columns.

    title    above the table; an underscore is followed by an index, as in H_t
    rows, columns       what stands before each row, and above each column
    cells    the name of a number in each row, with {} for the name of its column
    at       the stage in which each row appears; 0 before the first
    formula  how they are computed, in symbols, and `numbers(row, column)` in numbers
    lines    of code, which compute them

    Raises ValueError if these are not as many as the numbers.
    """

    title: str
    rows: Sequence[str]
    columns: Sequence[str]
    values: np.ndarray
    cells: Sequence[str]
    at: Sequence[int]
    formula: str
    lines: Sequence[SourceLine]
    numbers: Callable[[int, int], Words] = nothing

    def __post_init__(self):
        shape = np.shape(self.values)
        names = (len(self.rows), len(self.columns))
        if shape != names or {len(self.cells), len(self.at)} != {len(self.rows)}:
            raise ValueError(
                f"values must have a row for each of rows, cells and at, and a column "
                f"for each of columns, got the shape {shape}"
            )


@dataclass(frozen=True)
class Stage:
    """A moment of the sheet: what it is called, and the number that it is about."""

    title: str
    about: Place


@dataclass(frozen=True)
class Board:
    """Tables that are seen together from a stage on: {heading: their names}.

    `bars` are lengths, [(name, place)], drawn beside a `limit`, which may be None.
    """

    title: str
    first: int
    groups: dict[str, Sequence[str]]
    bars: Sequence[tuple[str, Place]] = ()
    limit: float | None = None


@dataclass(frozen=True, eq=False)
class Sheet:
    """Tables by name, boards that show some of them, and stages from 1 on.

    `stage` is the present one. Raises ValueError unless there is such a stage, and for
    a table without a name, or a board before the first stage.
    """

    tables: dict[str, Table]
    boards: Sequence[Board]
    stages: Sequence[Stage]
    stage: int = 1
    _first: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self):
        integer("stage", self.stage, 1, len(self.stages))
        firsts = [board.first for board in self.boards]
        if firsts[:1] != [1] or firsts != sorted(firsts):
            raise ValueError(f"boards must begin with stage 1, got {shown(firsts)}")
        first, number = {}, 0
        for name, table in self.tables.items():
            first[name], number = number, number + table.values.size
        object.__setattr__(self, "_first", first)

    @property
    def board(self) -> Board:
        """The one that the present stage is on."""
        return [board for board in self.boards if board.first <= self.stage][-1]

    def value(self, place: Place) -> float:
        """The number at a place."""
        name, row, column = place
        return float(self.tables[name].values[row, column])

    def number_of(self, place: Place) -> int:
        """The number of a place among all those of all tables, from 0 on."""
        name, row, column = place
        return self._first[name] + row * len(self.tables[name].columns) + column

    def for_browser(self) -> dict:
        """The sheet as sheet.js has it, without its stage."""
        every = (line for table in self.tables.values() for line in table.lines)
        lines = list(dict.fromkeys(every))
        return {
            "tables": {
                name: self._table(name, table, lines)
                for name, table in self.tables.items()
            },
            "lines": [line.for_browser() for line in lines],
            "boards": [
                {"title": board.title, "first": board.first, "limit": board.limit,
                 "groups": [[title, [*names]] for title, names in board.groups.items()],
                 "bars": [[name, self.number_of(at)] for name, at in board.bars]}
                for board in self.boards
            ],
            "stages": [
                [each.title, self.number_of(each.about)] for each in self.stages
            ],
        }  # fmt: skip

    def _table(self, name: str, table: Table, lines: list[SourceLine]) -> dict:
        numbers = [
            [each if isinstance(each, str) else self.number_of(each) for each in words]
            for words in self._formulas(table)
        ]
        return {
            "title": table.title, "rows": [*table.rows], "columns": [*table.columns],
            "cells": [*table.cells], "at": [*table.at], "formula": table.formula,
            "lines": [lines.index(line) for line in table.lines],
            "values": table.values.ravel().tolist(), "numbers": numbers,
            "first": self._first[name],
        }  # fmt: skip

    def _formulas(self, table: Table) -> list[Words]:
        return [
            table.numbers(row, column)
            for row in range(len(table.rows))
            for column in range(len(table.columns))
        ]

    def picture(self) -> Picture:
        """The present stage, drawn by matplotlib."""
        from d2l_rnn.explorers.sheet_picture import draw

        return draw(self)


def name_of(sheet: Sheet, place: Place) -> str:
    """What the number at a place is called, as in H_2[1].

    Raises ValueError if `sheet` is no Sheet.
    """
    of_type(Sheet, sheet=sheet)
    name, row, column = place
    table = sheet.tables[name]
    before, _, after = table.cells[row].rpartition("{}")
    is_named = "{}" in table.cells[row]
    return f"{before}{table.columns[column]}{after}" if is_named else table.cells[row]
