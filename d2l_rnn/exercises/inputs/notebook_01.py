"""What the exercises of notebook 01 may be given."""

from __future__ import annotations

from hypothesis import strategies as st
from torch import Tensor

from d2l_rnn.exercises.inputs import NUMBER, SHARE, Draw, one_of, tensor, whole


def newest(windows: Tensor) -> Tensor:
    """The newest value of each window."""
    return windows[:, -1:]


def oldest(windows: Tensor) -> Tensor:
    """The oldest value of each window."""
    return windows[:, :1]


def total(windows: Tensor) -> Tensor:
    """The sum of each window."""
    return windows.sum(dim=1, keepdim=True)


@st.composite
def _spaced(draw: Draw) -> tuple:
    tau, gap = draw(whole(1, 3)), draw(whole(1, 4))
    return draw(tensor((tau - 1) * gap + 1 + draw(whole(1, 4)))), tau, gap


@st.composite
def _series_and_model(draw: Draw) -> tuple:
    tau = draw(whole(1, 3))
    model = draw(one_of([newest, total, oldest]))
    return model, draw(tensor(tau + draw(whole(0, 2)))), tau, draw(whole(1, 5))


INPUTS = {
    "spaced_lag_matrix": _spaced(),
    "sine_weights": st.tuples(one_of([1.0, 2.0, 0.5, 3.0, 1.5, 2.5, 0.1, 4.0])),
    "feed_back": _series_and_model(),
    "forecast_error": st.tuples(NUMBER, one_of([1.0, 2.0, 0.5, 3.0]), whole(1, 6)),
    "exponential_smoothing": whole(1, 6).flatmap(lambda T: st.tuples(tensor(T), SHARE)),
}
