"""What arrays make of a text is what plain Python makes of it, in less memory."""

import collections
import tracemalloc

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from d2l_rnn import batching, large_text, text

# What is likely to go wrong: line ends of all kinds, spaces of all kinds, NUL, marks
# that combine, characters of one to four bytes, and halves of a surrogate pair.
ODD = "\n\r\t\v\f\x00\x1c\x85\xa0\u2028\u3000\ufeff\u200b e\u0301AbZ'9钟😀\ud83d\ude00"
strings = st.text(st.one_of(st.sampled_from(ODD), st.characters()), max_size=60)
lines_of_text = st.lists(strings, max_size=12)
reserved = st.lists(st.sampled_from(["<pad>", "<bos>", "e", "钟"]), unique=True)


def plainly(lines, token, max_tokens, min_freq, reserved_tokens):
    """The steps of the notes, one after another, on lists."""
    tokens = text.tokenize(lines, token)
    vocab = text.Vocab(tokens, min_freq, reserved_tokens)
    corpus = vocab[[each for line in tokens for each in line]]
    return (corpus[:max_tokens] if max_tokens > 0 else corpus), vocab


def assert_same(ours, theirs):
    (corpus, vocab), (listed, other) = ours, theirs
    assert corpus.dtype == np.int32 and corpus.ndim == 1
    assert corpus.tolist() == listed
    assert vocab.idx_to_token == other.idx_to_token
    assert vocab.token_to_idx == other.token_to_idx
    assert vocab.token_freqs == other.token_freqs
    assert all(type(freq) is int for _, freq in vocab.token_freqs)


@given(
    lines_of_text, st.sampled_from(text.TOKEN_TYPES), st.integers(-1, 30),
    st.integers(0, 4), st.none() | reserved, st.integers(1, 5), st.integers(1, 5),
)  # fmt: skip
def test_a_corpus_is_that_of_the_four_steps(
    lines, token, max_tokens, min_freq, reserved_tokens, num_lines, block
):
    arguments = (lines, token, max_tokens, min_freq, reserved_tokens)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large_text, "LINES", num_lines)
        patch.setattr(large_text, "BLOCK", block)
        assert_same(text.corpus_of(*arguments), plainly(*arguments))


@given(strings)
def test_a_cleaned_text_is_that_of_its_cleaned_lines(string):
    lines = [text.clean_line(line) for line in string.split("\n")]
    assert large_text.cleaned(string).split("\n") == lines


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("token", text.TOKEN_TYPES)
@given(string=strings, end=st.sampled_from(["\n", "\r\n", "\r", "\x85", ""]))
def test_a_file_is_read_as_its_lines_are(token, clean, string, end, tmp_path_factory):
    # A file holds neither surrogates nor, if it is text, NULs.
    string = "".join(c for c in string if c != "\0" and not "\ud800" <= c <= "\udfff")
    content = f"Well,  1 word{end}{string}{end}"
    path = tmp_path_factory.getbasetemp() / "text.txt"
    path.write_bytes(content.encode("utf-8"))
    whole = content.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    lines = [text.clean_line(line) if clean else line for line in whole.split("\n")]
    assert text.load_lines(path, clean) == lines
    ours = text.load_corpus(path, token, clean=clean)
    assert_same(ours, plainly(lines, token, -1, 0, None))


def test_of_a_long_text_only_the_first_tokens_are_kept_in_memory():
    corpus, _ = text.corpus_of(["a" * 10**6], "char", max_tokens=10)
    assert corpus.base is None and len(corpus) == 10


@pytest.fixture
def small_blocks(monkeypatch):
    """Such as a small text has as many of as a large one has of large blocks."""
    monkeypatch.setattr(large_text, "LINES", 2**9)
    monkeypatch.setattr(large_text, "BLOCK", 2**14)
    monkeypatch.setattr(large_text, "ALL_CHARACTERS", 2**17)


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("token", text.TOKEN_TYPES)
@pytest.mark.parametrize("line", [
    "the time traveller (for so it will be convenient to speak of him)\n",
    "one line only, it goes on and on ",
    "😀 of four bytes, and in memory all characters are then as large as it is\n",
])  # fmt: skip
def test_a_text_takes_at_most_twenty_times_its_size(
    line, token, clean, tmp_path, small_blocks
):
    """So that 50 MB take at most 1 GB."""
    size, path = 2**19, tmp_path / "text.txt"
    path.write_text(line * (size // len(line.encode())), encoding="utf-8")
    tracemalloc.start()
    try:
        corpus, _ = text.load_corpus(path, token, clean=clean)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert corpus.nbytes == 4 * len(corpus)
    assert most < 20 * size


@pytest.mark.parametrize("use_random_iter", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
def test_a_loader_shares_the_memory_of_the_corpus(dtype, use_random_iter):
    corpus = np.arange(5000).astype(dtype)
    loader = batching.SequenceLoader(corpus, 4, 5, use_random_iter, seed=0)
    assert np.shares_memory(loader.corpus.numpy(), corpus)
    for part in batching.split(corpus):
        assert np.shares_memory(part.numpy(), corpus)
    plain = batching.SequenceLoader(corpus.tolist(), 4, 5, use_random_iter, seed=0)
    for minibatch, other in zip(loader, plain, strict=True):
        assert all(map(torch.equal, minibatch, other))
        assert minibatch[0].dtype == minibatch[1].dtype == torch.int64


def test_counts_are_python_s_own_and_in_order_of_first_appearance():
    counts, places = large_text.counted(["ba", "", "ab a"], "char")
    assert counts == collections.Counter("baab a")
    assert list(counts) == ["b", "a", " "] and places.tolist() == [0, 1, 1, 0, 2, 1]


def test_half_of_a_surrogate_pair_is_a_character_like_others():
    corpus, vocab = text.corpus_of(["a\ud83d", "\ude00a"], "char")
    assert vocab.to_tokens(corpus) == ["a", "\ud83d", "\ude00", "a"]
