"""What the exercises of notebook 06 may be given."""

from __future__ import annotations

from hypothesis import strategies as st

from d2l_rnn.exercises.inputs import (
    Draw,
    one_hot,
    recurrent,
    sizes,
    string,
    tensor,
    tensors,
    whole,
)
from d2l_rnn.exercises.notebook_06 import _writer


@st.composite
def _indices(draw: Draw) -> tuple:
    B, T, V, H = draw(sizes(3, 3, 3, 3))
    return draw(tensor(B, T, values=range(V))), draw(tensor(V, H))


@st.composite
def _outputs(draw: Draw) -> tuple:
    B, T, V = draw(sizes(3, 3, 3))
    return draw(tensor(T * B, V)), draw(tensor(B, T, values=range(V)))


@st.composite
def _recurrence(draw: Draw) -> tuple:
    T, B, V, H = draw(sizes(3, 2, 2, 2))
    state = (draw(tensor(B, H)),)
    return draw(one_hot(T, B, V)), state, draw(tensors(*recurrent(V, H)))


@st.composite
def _embedded(draw: Draw) -> tuple:
    T, B, V, D, H = draw(sizes(2, 2, 2, 3, 2))
    rest = recurrent(V, H)[1:]
    params = draw(tensors((V, D), (D, H), *rest))
    return draw(one_hot(T, B, V)), (draw(tensor(B, H)),), params


@st.composite
def _beginning(draw: Draw) -> tuple:
    net, vocab = _writer()
    return draw(string("the macin", 1, 8)), net, vocab, draw(whole(1, 8))


INPUTS = {
    "input_term": _indices(),
    "perplexity_by_sequence": _outputs(),
    "rnn_with_relu": _recurrence(),
    "rnn_with_embedding": _embedded(),
    "finish_word": _beginning(),
}
