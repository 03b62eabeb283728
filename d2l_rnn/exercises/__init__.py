"""Checks for the exercises at the end of each notebook.

    from d2l_rnn.exercises import check

    def last_value(series):
        return series[-1]

    check.last_value(last_value)

A check tries the reader's answer, says what is right and what is wrong, and gives a
hint. If all that it tries is right, it looks for an input for which the answer is not.

    check.last_value.hint()      # the next of up to three hints
    check.last_value.solution()  # after an answer was checked, or if asked for twice
    check.progress()             # a picture of what is solved

Each module `notebook_NN` has the checks for one notebook. Of the same names are those
in `hints`, `solutions`, and `inputs`, which says what an answer may be given.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

from d2l_rnn.checks import one_of, truth
from d2l_rnn.exercises import (
    notebook_00,
    notebook_01,
    notebook_02,
    notebook_03,
    notebook_04,
    notebook_05,
    notebook_06,
    notebook_07,
    notebook_08,
    notebook_09,
    record,
)
from d2l_rnn.exercises.checking import Exercise
from d2l_rnn.exercises.helping import Said

if TYPE_CHECKING:
    from d2l_rnn.pictures import Picture

_NOTEBOOKS = (
    notebook_00, notebook_01, notebook_02, notebook_03, notebook_04,
    notebook_05, notebook_06, notebook_07, notebook_08, notebook_09,
)  # fmt: skip


class Check(SimpleNamespace):
    """The exercises by name, and how many of them the reader has solved."""

    def progress(self, keep: bool | None = None) -> Picture:
        """A picture of the exercises that are solved, by notebook.

        They are remembered in one file of the reader's, and sent nowhere. With
        `keep=False` the file is removed, and this process writes no other; with
        `keep=True` it does again. The environment variable `D2L_RNN_PROGRESS=off`
        has nothing written or read in any process.

        Raises ValueError if `keep` is not True, False or None.
        """
        if keep is not None and not truth("keep", keep):
            record.RECORD.remove()
        elif keep is not None:
            record.RECORD.start_again()
        from d2l_rnn.exercises import drawing

        return drawing.progress(self._by_notebook(), record.RECORD.solved())

    def standing(self, notebook: str) -> Said:
        """Which of a notebook's exercises are solved: "● ○ ● ○ ○ (2 of 5)".

        The circles stand in the order of the exercises. Where nothing is known to be
        solved, as with a record that is not kept, all are empty, and nothing is said.

        `notebook` is its number, "00" to "09"; ValueError for anything else.
        """
        names = self._by_notebook()
        names = names[one_of("notebook", notebook, names)]
        known = record.RECORD.solved()
        solved = [name in known for name in names]
        circles = " ".join("●" if each else "○" for each in solved)
        count = f" ({sum(solved)} of {len(solved)})" if any(solved) else ""
        return Said(f"Exercises solved so far: {circles}{count}")

    def _by_notebook(self) -> dict[str, list[str]]:
        """The names of the exercises, in their order, by the number of the notebook."""
        found: dict[str, list[str]] = {}
        for name, exercise in vars(self).items():
            found.setdefault(exercise.notebook, []).append(name)
        return found


check = Check(
    **{
        name: exercise
        for module in _NOTEBOOKS
        for name, exercise in vars(module).items()
        if isinstance(exercise, Exercise)
    }
)
