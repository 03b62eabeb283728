"""What the exercises of notebook 02 may be given."""

from __future__ import annotations

from hypothesis import strategies as st

from d2l_rnn.exercises.inputs import Draw, distributions, some, whole
from d2l_rnn.markov import MarkovChain


@st.composite
def _path(draw: Draw) -> tuple:
    n = draw(whole(2, 3))
    path = draw(some(whole(0, n - 1), 1, 5))
    return path, draw(distributions(n, n)), draw(distributions(n))


@st.composite
def _steps(draw: Draw) -> tuple:
    n = draw(whole(2, 3))
    return draw(distributions(n, n)), draw(whole(0, n - 1)), draw(whole(0, 4))


@st.composite
def _with_shares(draw: Draw) -> tuple:
    n = draw(whole(2, 3))
    P = draw(distributions(n, n, lowest=1))
    return P, MarkovChain(P).stationary_distribution()


INPUTS = {
    "path_probability": _path(),
    "most_probable_path": _steps(),
    "pair_matrix": whole(1, 3).flatmap(lambda n: st.tuples(distributions(n, n, n))),
    "hardest_weather": whole(2, 4).flatmap(
        lambda n: st.tuples(distributions(n, lowest=1))
    ),
    "backward_matrix": _with_shares(),
}
