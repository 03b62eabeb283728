"""What the exercises of notebook 00 may be given."""

from __future__ import annotations

from hypothesis import strategies as st

from d2l_rnn.exercises.inputs import (
    NUMBER,
    SHARE,
    Draw,
    one_of,
    several,
    some,
    string,
    whole,
)


@st.composite
def _shuffled(draw: Draw) -> tuple:
    shuffled = draw(some(one_of("abcd"), 1, 6))
    keys = draw(several(range(8), len(shuffled)))
    return shuffled, sorted(range(len(keys)), key=keys.__getitem__)


INPUTS = {
    "put_back": _shuffled(),
    "root_mean_square_error": some(st.tuples(NUMBER, NUMBER), 1, 5).map(
        lambda pairs: tuple(map(list, zip(*pairs, strict=True)))
    ),
    "extend_line": st.tuples(some(NUMBER, 2, 5), whole(1, 5)),
    "letters_since_space": st.tuples(string("a b.A'4", 1, 8)),
    "perplexity_of_guesses": st.tuples(some(SHARE, 1, 6)),
}
