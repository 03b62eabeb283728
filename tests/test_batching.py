import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from d2l_rnn import batching

# Corpora that hold one minibatch at least, whatever the offset.
sizes = st.tuples(st.integers(1, 5), st.integers(1, 6), st.integers(0, 60)).map(
    lambda s: (*s[:2], s[0] * s[1] + s[1] + 1 + s[2])
)


def books_random(corpus, batch_size, num_steps, rng):
    """The definition, token by token."""
    corpus = corpus[rng.randint(0, num_steps - 1) :]
    starts = list(range(0, len(corpus) - num_steps, num_steps))
    num_subseqs = len(starts)
    rng.shuffle(starts)
    for i in range(0, num_subseqs // batch_size * batch_size, batch_size):
        rows = starts[i : i + batch_size]
        yield (
            [[corpus[s + t] for t in range(num_steps)] for s in rows],
            [[corpus[s + t + 1] for t in range(num_steps)] for s in rows],
        )


@given(sizes, st.integers(0, 99))
def test_random_sampling_against_its_definition(size, seed):
    batch_size, num_steps, length = size
    corpus = [3 * i % 101 for i in range(length)]
    ours = batching.random_sampling(corpus, batch_size, num_steps, random.Random(seed))
    theirs = books_random(corpus, batch_size, num_steps, random.Random(seed))
    assert [(X.tolist(), Y.tolist()) for X, Y in ours] == list(theirs)


@given(sizes, st.integers(0, 99))
def test_sequential_rows_go_on_where_they_ended(size, seed):
    batch_size, num_steps, length = size
    batches = list(
        batching.sequential_partitioning(
            range_tensor(length), batch_size, num_steps, random.Random(seed)
        )
    )
    assert len(batches) >= 1
    for X, Y in batches:
        assert X.shape == Y.shape == (batch_size, num_steps)
        assert X.dtype == torch.int64
        assert torch.equal(Y, X + 1)  # the corpus counts, so the label is one more
    for (before, _), (after, _) in zip(batches, batches[1:], strict=False):
        assert torch.equal(after[:, 0], before[:, -1] + 1)
    assert batches[0][0][0, 0] == random.Random(seed).randint(0, num_steps)


def range_tensor(length):
    return torch.arange(length)


@pytest.mark.parametrize("use_random_iter", [False, True])
def test_no_token_is_given_twice_in_an_epoch(use_random_iter):
    loader = batching.SequenceLoader(range(1000), 4, 7, use_random_iter, seed=1)
    for _ in range(3):
        seen = torch.cat([X.reshape(-1) for X, _ in loader])
        assert len(seen.unique()) == len(seen) > 900


@pytest.mark.parametrize("use_random_iter", [False, True])
def test_a_loader_is_iterated_again_and_again(use_random_iter):
    loader = batching.SequenceLoader(range(500), 4, 5, use_random_iter, seed=3)
    epochs = [[X.tolist() for X, _ in loader] for _ in range(4)]
    assert epochs[0] != epochs[1] or epochs[1] != epochs[2]  # a new offset each
    again = batching.SequenceLoader(range(500), 4, 5, use_random_iter, seed=3)
    assert [[X.tolist() for X, _ in again] for _ in range(4)] == epochs


def test_two_epochs_of_a_loader_do_not_disturb_each_other():
    loader = batching.SequenceLoader(range(200), 2, 5, seed=0)
    first = iter(loader)
    X, _ = next(first)
    next(iter(loader))
    after, _ = next(first)
    assert torch.equal(after[:, 0], X[:, -1] + 1)


def test_the_global_seed_rules_unless_there_is_an_own(seed):
    corpus = range(300)
    seed(7)
    first = [X.tolist() for X, _ in batching.SequenceLoader(corpus, 2, 5, True)]
    seed(7)
    assert [X.tolist() for X, _ in batching.SequenceLoader(corpus, 2, 5, True)] == first
    state = random.getstate()
    list(batching.SequenceLoader(corpus, 2, 5, True, seed=7))
    assert random.getstate() == state


@pytest.mark.parametrize("iterate", [
    batching.random_sampling, batching.sequential_partitioning,
])  # fmt: skip
def test_sizes_too_large_for_the_corpus_are_told_at_once(iterate):
    with pytest.raises(ValueError, match="batch_size=4 and num_steps=5 are too large"):
        iterate(range(20), 4, 5)


@pytest.mark.parametrize("corpus", [[], torch.empty(0), np.zeros(0, int)], ids=str)
def test_a_corpus_without_a_token_is_too_small_of_whatever_type(corpus):
    with pytest.raises(ValueError, match="tokens, it has 0"):
        batching.SequenceLoader(corpus, 1, 1)


@pytest.mark.parametrize("iterate", [
    batching.random_sampling, batching.sequential_partitioning,
])  # fmt: skip
@given(seed=st.integers(0, 999), size=sizes)
def test_what_passes_the_door_never_yields_nothing(iterate, seed, size):
    batch_size, num_steps, _ = size
    for length in range(1, 2 * batch_size * num_steps + 2):
        try:
            batches = iterate(range(length), batch_size, num_steps, random.Random(seed))
        except ValueError:
            continue
        assert len(list(batches)) >= 1


@pytest.mark.parametrize(
    "sizes", [(0, 5), (-1, 5), (2, 0), (2, -3), (2.0, 5), (2, None)]
)
def test_bad_sizes_are_told(sizes):
    with pytest.raises(ValueError, match="(batch_size|num_steps) must be an integer"):
        batching.SequenceLoader(range(100), *sizes)


def test_a_corpus_of_lines_is_told():
    with pytest.raises(ValueError, match="corpus must be one sequence.*shape"):
        batching.SequenceLoader(torch.zeros(10, 10, dtype=torch.int64), 2, 2)


@pytest.mark.parametrize("corpus", [[0.5] * 50, list("abc" * 20), None, [True] * 50])
def test_a_corpus_that_is_no_indices_is_told(corpus):
    with pytest.raises(ValueError, match="corpus must be"):
        batching.SequenceLoader(corpus, 2, 3)


@pytest.mark.parametrize("use_random_iter", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_integers_of_numpy_are_integers(dtype, use_random_iter):
    corpus = np.arange(50, dtype=dtype)
    loader = batching.SequenceLoader(
        corpus, dtype(2), dtype(3), use_random_iter, seed=0
    )
    X, Y = next(iter(loader))
    assert X.shape == (2, 3) and X.dtype == torch.int64
    assert torch.equal(Y, X + 1)


@pytest.mark.parametrize("seed", [-1, 1.5, "a", True])
def test_a_bad_seed_is_told(seed):
    with pytest.raises(ValueError, match="seed must be an integer of at least 0"):
        batching.SequenceLoader(range(50), 2, 3, seed=seed)


def test_load_data_of_the_reader_s_own_text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("时间旅行者" * 20, encoding="utf-8")
    loader, vocab = batching.load_data(2, 4, path=path, clean=False, seed=0)
    X, Y = next(iter(loader))
    assert X.shape == (2, 4) and len(vocab) == 6
    assert vocab.to_tokens(Y[0].tolist())[:3] == vocab.to_tokens(X[0].tolist())[1:]


# ---- text that is held out ----


@given(st.integers(2, 400), st.floats(0.001, 0.999))
def test_a_split_is_by_place_and_loses_nothing(length, share):
    corpus = list(range(length))
    held_out = round(share * length)
    if not 0 < held_out < length:
        with pytest.raises(ValueError, match="held_out must leave tokens in both"):
            batching.split(corpus, share)
        return
    first, last = batching.split(corpus, share)
    assert first.tolist() == corpus[:-held_out] and last.tolist() == corpus[-held_out:]


@pytest.mark.parametrize("share", [0, 1.5, -0.1, "0.1", None, True])
def test_a_share_that_cannot_be_is_told(share):
    with pytest.raises(ValueError, match="held_out must be a number greater than 0"):
        batching.split(list(range(99)), share)


@pytest.mark.parametrize("use_random_iter", [False, True])
@pytest.mark.parametrize("seed", [None, 3])
def test_in_order_is_the_same_each_time_and_draws_nothing(use_random_iter, seed):
    corpus = list(range(100))
    loader = batching.SequenceLoader(corpus, 3, 4, use_random_iter, seed)
    before = random.getstate()
    once, again = ([X.tolist() for X, _ in loader.in_order()] for _ in range(2))
    assert once == again and random.getstate() == before
    rows = [sum(row, []) for row in zip(*once, strict=True)]  # each row, end to end
    assert rows == [corpus[i * 33 : i * 33 + 32] for i in range(3)]
    if seed is not None:  # nor does it change what comes next
        fresh = batching.SequenceLoader(corpus, 3, 4, use_random_iter, seed)
        assert [X.tolist() for X, _ in loader] == [X.tolist() for X, _ in fresh]


def test_a_tenth_is_held_out_unless_told_otherwise():
    assert [len(part) for part in batching.split(range(200))] == [180, 20]


# ---- where an epoch begins, and how many there were ----


@pytest.mark.parametrize("iterate, needed", [
    (batching.random_sampling, 4 * 5 + 5), (batching.sequential_partitioning, 26),
])  # fmt: skip
def test_one_minibatch_at_any_offset_is_enough(iterate, needed):
    for offset in range(needed - 4 * 5):
        (minibatch,) = iterate(range(needed), 4, 5, batching.GivenOffset(offset))
        assert minibatch[0].shape == (4, 5) and minibatch[1].max() < needed
    message = f"they need at least {needed} tokens, it has {needed - 1}"
    with pytest.raises(ValueError, match=message):
        iterate(range(needed - 1), 4, 5)


def test_a_given_offset_is_that_of_the_epoch():
    for offset in range(5):
        rng = batching.GivenOffset(offset)
        X, _ = next(batching.sequential_partitioning(range(100), 2, 5, rng))
        assert X[0, 0] == offset
        starts = [X[:, 0] for X, _ in batching.random_sampling(range(100), 2, 5, rng)]
        assert sorted(torch.cat(starts).tolist())[0] == offset


@pytest.mark.parametrize("iterate, most", [
    (batching.random_sampling, 4), (batching.sequential_partitioning, 5),
])  # fmt: skip
def test_an_offset_that_leaves_out_more_than_it_may_is_told(iterate, most):
    for offset in (-1, most + 1):
        epoch = iterate(range(100), 2, 5, batching.GivenOffset(offset))
        with pytest.raises(ValueError, match=f"offset must be .* from 0 to {most}"):
            next(epoch)


def test_the_order_of_a_given_offset_is_that_of_its_seed():
    def order(*args):
        rng = batching.GivenOffset(0, *args)
        return [X.tolist() for X, _ in batching.random_sampling(range(99), 2, 5, rng)]

    assert order() == order(0) != order(1)


@pytest.mark.parametrize("use_random_iter", [False, True])
def test_epochs_that_are_skipped_are_those_that_would_come(use_random_iter):
    skipping, reading = (
        batching.SequenceLoader(range(300), 3, 5, use_random_iter, seed=2)
        for _ in range(2)
    )
    skipping.skip(2)
    for _ in range(2):
        list(reading)
    assert skipping.num_begun == reading.num_begun == 2
    assert [X.tolist() for X, _ in skipping] == [X.tolist() for X, _ in reading]
    skipping.skip(0)
    assert skipping.num_begun == 3
    with pytest.raises(ValueError, match="num_epochs must be an integer of at least 0"):
        skipping.skip(-1)


def test_windows_are_all_that_have_a_label():
    X, Y = batching.windows(range(6), 3)
    assert X.tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4]]
    assert torch.equal(Y, X + 1)
    X, Y = batching.windows([4, 7, 9], 2)  # as long as they can be
    assert X.tolist() == [[4, 7]] and Y.tolist() == [[7, 9]]
    X, Y = batching.windows([4, 7], 1)
    assert X.tolist() == [[4]] and Y.tolist() == [[7]]
    with pytest.raises(ValueError, match="from 1 to 5 .the corpus has 6 tokens"):
        batching.windows(range(6), 6)


def test_load_data_without_arguments_reads_ten_thousand_cleaned_characters(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("The Time Traveller!\n" * 1000, encoding="utf-8")
    loader, vocab = batching.load_data(2, 5, path=path)
    assert len(loader.corpus) == 10_000 and len(vocab) == 11
    assert "".join(vocab.to_tokens(loader.corpus[:18])) == "the time traveller"
    assert not loader.use_random_iter and loader.rng is random
    words, vocab = batching.load_data(2, 5, True, -1, path, "word", seed=3)
    assert len(words.corpus) == 3000 and words.use_random_iter
    assert words.rng is not random


@pytest.mark.parametrize("use_random_iter, iterate", [
    (True, batching.random_sampling), (False, batching.sequential_partitioning),
])  # fmt: skip
def test_an_epoch_of_a_loader_is_that_of_the_function(use_random_iter, iterate):
    loader = batching.SequenceLoader(range(99), 2, 5, use_random_iter, seed=4)
    for ours, theirs in zip(
        loader, iterate(range(99), 2, 5, random.Random(4)), strict=True
    ):
        assert all(map(torch.equal, ours, theirs))


@pytest.mark.parametrize("length", [0, 1])
def test_a_corpus_with_next_to_nothing_in_it_is_told(length):
    with pytest.raises(ValueError, match=f"too large .* it has {length}"):
        batching.SequenceLoader([7] * length, 1, 1)
    with pytest.raises(ValueError, match=f"corpus must have .* 2 tokens, got {length}"):
        batching.windows([7] * length, 1)


@pytest.mark.parametrize("corpus, dtype", [
    (range(50), torch.int64), (np.arange(50, dtype=np.int8), torch.int8),
    (np.arange(50, dtype=np.uint8), torch.uint8),
    (np.arange(50, dtype=">i2"), torch.int16),
    (np.arange(50, dtype=np.uint16), torch.int64),
    (torch.arange(50, dtype=torch.int32), torch.int32),
])  # fmt: skip
def test_a_loader_s_corpus_keeps_its_type_where_torch_computes_with_it(corpus, dtype):
    assert batching.SequenceLoader(corpus, 2, 3).corpus.dtype == dtype


@pytest.mark.skipif(not hasattr(torch, "uint16"), reason="an older PyTorch")
def test_integers_that_torch_only_stores_become_int64():
    corpus = torch.arange(50).to(torch.uint16)
    assert batching.SequenceLoader(corpus, 2, 3).corpus.dtype == torch.int64


def test_a_negative_index_is_named():
    with pytest.raises(ValueError, match=r"from 0 to 2\*\*63 - 1, got -9"):
        batching.SequenceLoader([0, -2, -9, 5], 1, 1)
