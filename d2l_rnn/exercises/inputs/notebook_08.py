"""What the exercises of notebook 08 may be given."""

from __future__ import annotations

from hypothesis import strategies as st

from d2l_rnn.exercises.inputs import (
    Draw,
    as_rows,
    distributions,
    one_of,
    sizes,
    some,
    tensor,
    whole,
)

_PERPLEXITIES = some(one_of([8.0, 9.0, 7.0, 10.0, 7.5, 8.5]), 1, 8)


@st.composite
def _mixed(draw: Draw) -> tuple:
    N, V = draw(sizes(4, 4))
    p = as_rows(draw(distributions(N, V)))
    share = draw(one_of([0.0, 1.0, 0.5, 0.1]))
    return p, draw(tensor(N, values=range(V))), share


INPUTS = {
    "steps_back": st.tuples(whole(1, 8), whole(1, 8), st.booleans()),
    "epoch_to_keep": st.tuples(_PERPLEXITIES, whole(1, 4)),
    "sharpened": whole(1, 4).flatmap(
        lambda V: st.tuples(
            distributions(V, lowest=1).map(as_rows), one_of([1.0, 2.0, 0.0, 0.5])
        )
    ),
    "mixed_perplexity": _mixed(),
    "num_parameters_of_stack": sizes(8, 8, 4),
}
