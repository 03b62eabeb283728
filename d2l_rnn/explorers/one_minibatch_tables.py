"""What the tables of one minibatch have in common, whatever their numbers are."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from torch import Tensor

from d2l_rnn.explorers.one_minibatch import Minibatch
from d2l_rnn.explorers.one_minibatch_stages import stages
from d2l_rnn.explorers.sheet import Table, Words, nothing
from d2l_rnn.explorers.source_lines import SourceLine
from d2l_rnn.explorers.wording import visible


class Tables:
    """Makes the tables of one minibatch."""

    def __init__(self, done: Minibatch, num_taken: int):
        self.done, self.num_taken = done, num_taken
        self.letters = [visible(letter) for letter in done.letters]
        self.units = [str(i + 1) for i in range(done.H.shape[1])]
        self.steps = range(1, done.num_steps + 1)
        order = stages(done.num_steps)
        self.stage_of = {each: i for i, each in enumerate(order, 1)}

    def timed(self, title: str, cell: str, columns: Sequence[str], values: Tensor,
               kind: str, formula: str, lines: Sequence[SourceLine],
               numbers: Callable[[int, int], Words] = nothing) -> Table:  # fmt: skip
        """A table with a row for each time step; in `cell`, # stands for t."""
        rows = [
            f"{t} {self.letters[x]}"
            for t, x in zip(self.steps, self.done.X, strict=True)
        ]
        cells = [
            cell.replace("#-1", str(t - 1)).replace("#", str(t)) for t in self.steps
        ]
        at = [self.stage_of[kind, t if (kind, t) in self.stage_of else 0]
              for t in self.steps]  # fmt: skip
        return Table(title, rows, columns, values.numpy(), cells, at, formula, lines,
                     numbers)  # fmt: skip

    def shaped(self, param: str, title: str, values: Tensor, at: int, formula: str,
                lines: Sequence[SourceLine],
                numbers: Callable[[int, int], Words] = nothing) -> Table:  # fmt: skip
        """A table with the rows and columns of one of the five parameters."""
        columns = self.letters if param.endswith("q") else self.units
        rows = {"W_xh": self.letters, "W_hh": self.units, "W_hq": self.units}
        rows = rows.get(param, [""])
        cells = [f"{title}[{row}, {{}}]" if row else f"{title}[{{}}]" for row in rows]
        values = np.atleast_2d(values.numpy())
        return Table(title, rows, columns, values, cells, [at] * len(rows), formula,
                     lines, numbers)  # fmt: skip

    def single(self, title: str, value: float, kind: str, formula: str,
                lines: Sequence[SourceLine], words: Words) -> Table:  # fmt: skip
        """A single number."""
        at = self.stage_of[kind, 0]
        return Table(title, [""], [""], np.array([[value]]), [title], [at], formula,
                     lines, lambda row, column: words)  # fmt: skip


def summed(terms: Sequence[Sequence]) -> Words:
    """Products of places, added up."""
    return joined([joined([[place] for place in term], " · ") for term in terms])


def joined(parts: Sequence[Words], sign: str = " + ") -> Words:
    """The parts, with a sign between them."""
    words: Words = []
    for part in parts:
        words += [*([sign] if words else []), *part]
    return words
