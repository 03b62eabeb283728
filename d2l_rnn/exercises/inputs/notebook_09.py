"""What the exercises of notebook 09 may be given."""

from __future__ import annotations

import torch
from hypothesis import strategies as st

from d2l_rnn.exercises.inputs import (
    Draw,
    one_hot,
    one_of,
    recurrent,
    sizes,
    tensor,
    tensors,
    whole,
)
from d2l_rnn.exercises.notebook_09 import _ends_with


@st.composite
def _gru(draw: Draw) -> tuple:
    B, V, H = draw(sizes(2, 2, 2))
    params = draw(tensors(*recurrent(V, H, gates=3)))
    return draw(one_hot(B, V)), draw(tensor(B, H)), params


@st.composite
def _lstm(draw: Draw) -> tuple:
    B, V, H = draw(sizes(2, 2, 2))
    state = draw(tensor(B, H)), draw(tensor(B, H))
    return draw(one_hot(B, V)), state, draw(tensors(*recurrent(V, H, gates=4)))


def ends_with_the_right_one(gates: tuple, num_steps: int, t: int) -> bool:
    """True if a GRU with these gates knows time step t, and nothing else."""
    x = torch.randn(num_steps, generator=torch.Generator().manual_seed(num_steps))
    return _ends_with(gates, x, 0.9, t)


INPUTS = {
    "gru_step": _gru(),
    "lstm_step": _lstm(),
    "parameters_of_cell": st.tuples(
        one_of(["rnn", "gru", "lstm"]), whole(1, 8), whole(1, 8)
    ),
    "best_gates": whole(1, 8).flatmap(lambda n: st.tuples(st.just(n), whole(1, n))),
    "forget_gate_bias": st.tuples(
        one_of([0.5, 0.25, 0.9, 0.1]), one_of([1, 2, 3, 4, 5, 10, 100, 1000])
    ),
}
# Of several right answers, the solution is one.
JUDGED = {"best_gates": ends_with_the_right_one}
