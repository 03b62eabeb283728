"""What the exercises of notebook 04 may be given."""

from __future__ import annotations

from hypothesis import strategies as st

from d2l_rnn.exercises.inputs import Draw, one_of, some, whole


@st.composite
def _tokens_and_pair(draw: Draw) -> tuple:
    """The token before is not the last one: its count could be meant in two ways."""
    last = draw(one_of("cab"))
    others = draw(some(one_of([each for each in "abc" if each != last]), 1, 7))
    tokens = [*others, last]
    epsilon = draw(one_of([0.0, 1.0, 2.0, 0.5]))
    return tokens, draw(one_of(others)), draw(one_of(tokens)), epsilon


_CHAPTER = st.tuples(one_of([1.0, 2.0, 8.0, 4.0]), whole(1, 4))
_SENTENCE = some(whole(1, 4), 2, 4)

INPUTS = {
    "counts_to_store": st.tuples(whole(1, 8), whole(1, 4)),
    "zipf_exponent": st.tuples(some(one_of([1, 2, 4, 3, 9, 20, 100, 5]), 2, 6)),
    "smoothed_bigram": _tokens_and_pair(),
    "joint_perplexity": some(_CHAPTER, 1, 4).map(
        lambda chapters: tuple(map(list, zip(*chapters, strict=True)))
    ),
    "sentence_minibatch": st.tuples(some(_SENTENCE, 1, 4), one_of([0, 9])),
}
