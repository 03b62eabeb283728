"""Checks for the exercises at the end of each notebook.

    from d2l_rnn.exercises import check

    def last_value(series):
        return series[-1]

    check.last_value(last_value)

A check tries the reader's answer, and says what is right, what is not, and a hint. Each
module here has those of one notebook.
"""

from types import SimpleNamespace

from d2l_rnn.exercises import (
    autoregression,
    beyond,
    gradient_clipping,
    language_models,
    markov_models,
    recurrent_networks,
    rnn_from_scratch,
    start_here,
    text_into_numbers,
    training,
)
from d2l_rnn.exercises.checking import Exercise

_MODULES = (
    start_here, autoregression, markov_models, text_into_numbers, language_models,
    recurrent_networks, rnn_from_scratch, gradient_clipping, training, beyond,
)  # fmt: skip

check = SimpleNamespace(
    **{
        name: exercise
        for module in _MODULES
        for name, exercise in vars(module).items()
        if isinstance(exercise, Exercise)
    }
)
