"""What the exercises of notebook 07 may be given."""

from __future__ import annotations

import torch
from hypothesis import strategies as st
from torch import Tensor

from d2l_rnn.exercises.inputs import (
    SHARE,
    Draw,
    one_hot,
    one_of,
    sizes,
    some,
    tensor,
    tensors,
    whole,
)

_RADII = one_of([1.0, 2.0, 0.5, 5.0])
_NORMS = one_of([1.0, 0.0, 2.0, 0.5, 3.0, 7.0, 0.1, 100.0])
_SHAPES = one_of([(1,), (2,), (1, 2), (2, 2)])


_TANH = [0.5, 0.0, -0.5, 0.25]  # values that a tanh may have


@st.composite
def _outputs(draw: Draw) -> tuple:
    T, B, h = draw(sizes(2, 2, 2))
    states = draw(tensor(T + 1, B, h, values=_TANH))
    return draw(tensor(T, B, 2)), draw(one_hot(T, B, 2)), states


@st.composite
def _back(draw: Draw) -> tuple:
    T, B, h, V = draw(sizes(3, 2, 2, 2))
    states = draw(tensor(T + 1, B, h, values=_TANH))
    return draw(tensor(T, B, V)), states, draw(tensor(h, V)), draw(tensor(h, h))


@st.composite
def _shares(draw: Draw) -> tuple:
    T, B, h = draw(sizes(2, 2, 2))
    states = draw(tensor(T + 1, B, h, values=_TANH))
    return draw(one_hot(T, B, 2)), states, draw(tensor(T, B, h))


@st.composite
def _states(draw: Draw) -> tuple:
    T, B, H, V = draw(sizes(3, 2, 2, 2))
    states = draw(tensor(T, B, H, values=[1.0, 0.0, 2.0, 0.5]))
    return draw(tensor(T, B, V)), states, draw(tensor(H, V)), draw(tensor(H, H))


def _has_one_direction(args: tuple[Tensor, Tensor, int]) -> bool:
    """True if one eigenvalue is clearly the largest, and x is not at right angles."""
    M, x, _ = args
    eigenvalues, vectors = torch.linalg.eigh(M)
    sizes_ = eigenvalues.abs()
    others = sizes_[sizes_.argsort()[:-1]]
    along = (vectors[:, sizes_.argmax()] @ x).abs()
    return bool((others < 0.9 * sizes_.max()).all() and along > 0.1 * x.norm() > 0)


@st.composite
def _symmetric(draw: Draw) -> tuple:
    n = draw(whole(1, 3))
    half = draw(tensor(n, n, values=[1.0, 0.0, 2.0, -1.0]))
    return half + half.T, draw(tensor(n)), draw(one_of([0, 1, 2, 3, 4, 5, 9, 1000]))


INPUTS = {
    "backward_outputs": _outputs(),
    "backward_states": _back(),
    "backward_parameters": _shares(),
    "backward_relu": _states(),
    "alignment": _symmetric().filter(_has_one_direction),
    "step_length": st.tuples(_NORMS, SHARE, one_of([1.0, 2.0, 0.5, None])),
    "project_onto_ball": some(_SHAPES, 1, 3).flatmap(
        lambda shapes: st.tuples(tensors(*shapes), _RADII)
    ),
}
