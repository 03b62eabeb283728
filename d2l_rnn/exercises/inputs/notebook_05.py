"""What the exercises of notebook 05 may be given."""

from __future__ import annotations

from hypothesis import strategies as st

from d2l_rnn.exercises.inputs import sizes, some, string, tensor

INPUTS = {
    "states_of": sizes(3, 2, 2, 2).flatmap(
        lambda s: st.tuples(
            tensor(*s[:3]), tensor(s[1], s[3]),
            tensor(s[2], s[3]), tensor(s[3], s[3]), tensor(s[3]),
        )
    ),
    "split_weight": sizes(4, 3).flatmap(
        lambda s: st.tuples(tensor(s[1], s[0] + s[1]))
    ),
    "outputs_needed": st.tuples(string("a b.A'4", 1, 8)),
    "parameters_of_layers": sizes(8, 8, 4),
    "perplexity_without_state": st.tuples(some(string("abc", 2, 6), 1, 3)),
}  # fmt: skip
