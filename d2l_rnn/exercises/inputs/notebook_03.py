"""What the exercises of notebook 03 may be given."""

from __future__ import annotations

from hypothesis import strategies as st

from d2l_rnn import text
from d2l_rnn.exercises.inputs import one_of, some, string, whole

_TOKENS = one_of("abcd")
_WORDS = ["the", "time", "machine"]
# A sentence may have a word that the vocabulary lacks.
_SENTENCES = some(some(one_of([*_WORDS, "stopped"]), 1, 4), 1, 3)
_VOCABULARIES = [
    text.Vocab(_WORDS, reserved_tokens=["<pad>", "<bos>", "<eos>"]),
    text.Vocab(_WORDS, reserved_tokens=["<eos>", "<bos>", "<other>", "<pad>"]),
]

INPUTS = {
    "clean_with_apostrophes": st.tuples(string("a' bA,1-", 1, 10)),
    "make_vocabulary": st.tuples(some(_TOKENS, 1, 9), whole(1, 4)),
    "unknown_share": st.tuples(some(_TOKENS, 1, 9), whole(1, 4)),
    "padded": st.tuples(_SENTENCES, one_of(_VOCABULARIES)),
    "merge_commonest_pair": st.tuples(some(one_of(["a", "b", "ab", "c"]), 2, 9)),
}
