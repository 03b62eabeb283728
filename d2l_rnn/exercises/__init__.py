"""Checks for the exercises at the end of each notebook.

    from d2l_rnn.exercises import check

    def last_value(series):
        return series[-1]

    check.last_value(last_value)

A check tries the reader's answer, says what is right and what is wrong, and gives a
hint. Each module `notebook_NN` has the checks for one notebook.
"""

from types import SimpleNamespace

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
)
from d2l_rnn.exercises.checking import Exercise

_NOTEBOOKS = (
    notebook_00, notebook_01, notebook_02, notebook_03, notebook_04,
    notebook_05, notebook_06, notebook_07, notebook_08, notebook_09,
)  # fmt: skip

check = SimpleNamespace(
    **{
        name: exercise
        for module in _NOTEBOOKS
        for name, exercise in vars(module).items()
        if isinstance(exercise, Exercise)
    }
)
