"""Odd lines, tokens and corpora: a right answer, or an error at the door."""

import collections
import copy
import decimal
import math
import pickle
import random

import numpy as np
import pytest
import torch
from small_tables import Table

from d2l_rnn import batching, text

NAN = math.nan


# ---- lines ----


@pytest.mark.parametrize("line", [None, b"abc", 3, ["a"]])
def test_only_a_string_is_cleaned(line):
    with pytest.raises(ValueError, match="line must be a string, got"):
        text.clean_line(line)


@pytest.mark.parametrize("lines", [
    "one string", b"bytes", None, 3, ["a", None], [b"a"], [["a"]], {"a", "b"},
    {"a": 1}, [1], torch.zeros(2), np.array("the time"), np.ma.array(["a"], mask=[1]),
])  # fmt: skip
@pytest.mark.parametrize("function", [text.tokenize, text.corpus_of])
def test_what_are_no_lines_is_told(function, lines):
    with pytest.raises(ValueError, match="lines must be a list"):
        function(lines)


@pytest.mark.parametrize("lines", [
    ("a b", "c"), (line for line in ["a b", "c"]), np.array(["a b", "c"]),
    {"a b": 0, "c": 1}.keys(),
])  # fmt: skip
def test_lines_may_come_in_any_sequence(lines):
    assert text.tokenize(lines) == [["a", "b"], ["c"]]


def test_no_lines_are_no_tokens():
    for lines in ([], [""], [""] * 1000):
        for token in text.TOKEN_TYPES:
            corpus, vocab = text.corpus_of(lines, token)
            assert len(corpus) == 0 and list(vocab) == ["<unk>"]


@pytest.mark.parametrize("clean", ["no", 0, 1, None, np.array([True])])
def test_clean_is_true_or_false(clean):
    with pytest.raises(ValueError, match="clean must be True or False, got"):
        text.load_lines(clean=clean)


@pytest.mark.parametrize("arguments", [
    {"max_tokens": 10.0}, {"max_tokens": True}, {"max_tokens": NAN},
    {"min_freq": NAN}, {"min_freq": "2"}, {"token": ["char"]}, {"token": b"char"},
    {"reserved_tokens": 3}, {"reserved_tokens": b"ab"}, {"reserved_tokens": {"a", "b"}},
    {"reserved_tokens": [["a"]]}, {"reserved_tokens": [NAN]},
    {"token": np.array(["char"])}, {"token": np.array("char")},
])  # fmt: skip
def test_a_bad_argument_of_a_corpus_is_named(arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=f"^{name} must be"):
        text.corpus_of(["ab"], **arguments)


# ---- tokens ----


@pytest.mark.parametrize("tokens, counts", [
    ("aab", {"a": 2, "b": 1}),
    (b"aab", {97: 2, 98: 1}),
    (iter("aab"), {"a": 2, "b": 1}),
    ((line.split() for line in ["a b", "a"]), {"a": 2, "b": 1}),
    ([list("ab"), [], ["a"]], {"a": 2, "b": 1}),
    ([("a", "b"), ("a", "b")], {("a", "b"): 2}),
    ([None, None, "a"], {None: 2, "a": 1}),
    ([1, 1.0, True, 2], {1: 3, 2: 1}),
    (torch.tensor([1, 1, 2]), {1: 2, 2: 1}),
    (torch.tensor([[1, 1], [2, 1]]), {1: 3, 2: 1}),
    ([torch.tensor(1), torch.tensor(1), 2], {1: 2, 2: 1}),
    ([torch.tensor([1, 1]), torch.tensor([2])], {1: 2, 2: 1}),
    ([[torch.tensor(1)], [1]], {1: 2}),
    (np.array([1, 1, 2], np.int8), {1: 2, 2: 1}),
    (np.array(["a", "a", "b"]), {"a": 2, "b": 1}),
    ([np.int64(1), np.int8(1)], {1: 2}),
    (collections.Counter("aab"), {"a": 2, "b": 1}),
    (collections.Counter({np.str_("a"): np.int64(2)}), {"a": 2}),
    (collections.Counter([torch.tensor(1), torch.tensor(1)]), {1: 2}),
])  # fmt: skip
def test_what_is_counted(tokens, counts):
    counter = text.count_corpus(tokens)
    assert list(counter.items()) == list(counts.items())
    assert all(type(times) is int for times in counter.values())
    vocab = text.Vocab(counter)
    assert [vocab[token] for token in counts] == list(range(1, len(counts) + 1))
    assert all(token in vocab for token in counts)


@pytest.mark.parametrize("tokens", [
    None, 3, {"a", "b"}, frozenset("ab"), {"a": 2}, [[["a"]]], [["a"], "b"],
    ["a", ["b"]], [{"a"}], [{}], [NAN, NAN], torch.tensor([NAN]), [[0.0, NAN]],
    np.zeros((2, 2, 2)), torch.tensor(3), [iter("ab"), iter("ab")],
    torch.zeros(3, device="meta"), ["a", torch.tensor([1])],
    collections.Counter({"a": -1}), collections.Counter({"a": 1.5}),
    collections.Counter({"a": True}), collections.Counter({NAN: 1}),
    [complex("nan")], [decimal.Decimal("nan")], [("a", NAN)], [("a", ("b", NAN))],
    [frozenset([NAN])], np.ma.array(["a", "b"], mask=[0, 1]), [np.ma.masked],
    [np.ma.array([1, 2], mask=[0, 1])], [np.datetime64("NaT")], np.array("aab"),
    np.array(["NaT"], "m8[s]"), [("a", np.datetime64("NaT"))],
])  # fmt: skip
def test_what_are_no_tokens_is_told(tokens):
    with pytest.raises(ValueError, match=r"tokens must|each count must"):
        text.count_corpus(tokens)
    if tokens is not None:  # which makes an empty vocabulary
        with pytest.raises(ValueError, match=r"tokens must|each count must"):
            text.Vocab(tokens)


def test_a_token_may_be_a_tuple_in_a_tuple_however_deep():
    token = ("a",)
    for _ in range(300):
        token = (token,)
    assert text.Vocab([token])[token] == 1


def test_where_a_tuple_is_a_token_it_is_one_token():
    vocab = text.Vocab([("a", "b")] * 3 + [("b", "c")])
    assert vocab[("a", "b")] == 1 and vocab[("c", "d")] == 0
    assert vocab[[("b", "c"), ("a", "b")]] == [2, 1]
    assert vocab.to_tokens((1, 2)) == [("a", "b"), ("b", "c")]
    reserved = text.Vocab(["a"], reserved_tokens=[("a", "b")])
    assert reserved[("a", "b")] == 1


def test_where_none_is_it_is_a_sequence_as_in_the_book():
    vocab = text.Vocab(list("aab"))
    assert vocab[("b", "a")] == [2, 1] and vocab[()] == []


def test_arrays_and_tensors_are_looked_up_as_the_numbers_in_them():
    vocab = text.Vocab([5, 5, 7])
    assert vocab[torch.tensor(7)] == 2 and torch.tensor(7) in vocab
    assert vocab[torch.tensor([[7, 5]])] == vocab[np.array([[7, 5]])] == [[2, 1]]
    assert vocab[[torch.tensor(7), np.int8(5)]] == [2, 1]


@pytest.mark.parametrize("tokens", [
    {"a"}, {}, NAN, ["a", {"b"}], iter("ab"), complex("nan"), frozenset([NAN]),
    np.datetime64("NaT"), np.ma.array([1, 2], mask=[0, 1]),
])  # fmt: skip
def test_what_can_be_no_token_is_not_unknown_but_told(tokens):
    vocab = text.Vocab(list("ab"))
    with pytest.raises(ValueError, match="tokens must"):
        vocab[tokens]
    with pytest.raises(ValueError, match="tokens must"):
        tokens in vocab  # noqa: B015


@pytest.mark.parametrize("indices", [
    0.0, NAN, True, [True], "a", None, torch.tensor(1.0), torch.tensor([True]),
    np.array([NAN]), [[0, 9]],
])  # fmt: skip
def test_what_is_no_index_is_told(indices):
    with pytest.raises(ValueError, match="indices must be an integer from 0 to 2"):
        text.Vocab(list("ab")).to_tokens(indices)


class Nameless:
    """A token that cannot be shown."""

    def __repr__(self):
        raise RuntimeError("no repr")


def test_a_vocabulary_shows_a_token_that_cannot_be_shown_by_its_type():
    assert repr(text.Vocab([Nameless()])) == "Vocab(2 tokens: '<unk>', a Nameless)"


@pytest.mark.parametrize("tokens, token_freqs, message", [
    (None, [], "tokens must be a list"),
    ({"<unk>", "a"}, [], "tokens must be a list, in an order"),
    (["<unk>", ["a"]], [], "tokens must be hashable"),
    (["<unk>", NAN], [], "tokens must be equal to others"),
    (["<unk>"], None, "token_freqs must be a list"),
    (["<unk>"], {"a": 1}, "token_freqs must be a list, in an order"),
    (["<unk>"], ["a", 1], "token_freqs must be pairs .*, got 'a'"),
    (["<unk>"], ["ab"], "token_freqs must be pairs .*, got 'ab'"),
    (["<unk>"], [("a", 1, 2)], "token_freqs must be pairs"),
    (["<unk>"], [(["a"], 1)], "token_freqs must be hashable"),
    (["<unk>"], [(NAN, 1)], "token_freqs must be equal to others"),
    (["<unk>"], [("a", 1), ("a", 2)], "token_freqs must have each token once"),
    (["<unk>"], [("a", -1)], "each number in token_freqs must be an integer"),
    (["<unk>"], [("a", 1.5)], "each number in token_freqs must be an integer"),
    (["<unk>"], [("a", True)], "each number in token_freqs must be an integer"),
])  # fmt: skip
def test_what_no_vocabulary_was_is_not_restored(tokens, token_freqs, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        text.Vocab.restored(tokens, token_freqs)


@pytest.mark.parametrize("vocab", [
    text.Vocab(collections.Counter({"a": 0, "b": 2})),
    text.Vocab([("a", "b"), "c", "c"], min_freq=2),
    text.Vocab([("a", "b"), 3, 3], 1, ["<pad>"]),
])  # fmt: skip
def test_a_vocabulary_that_is_restored_answers_as_before(vocab):
    again = text.Vocab.restored(vocab, vocab.token_freqs)
    assert list(again) == list(vocab) and again.token_freqs == vocab.token_freqs
    for tokens in ["a", "c", ("c", "c"), ("a", "b"), [("a", "b"), "b"], 3]:
        assert again[tokens] == vocab[tokens]


# ---- corpora ----

LENGTH = 60
INTEGERS = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32]
TORCHS = [torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8]


def every_use(corpus):
    """What the functions of `batching` make of a corpus."""
    for use_random_iter in (False, True):
        loader = batching.SequenceLoader(corpus, 2, 5, use_random_iter, seed=0)
        yield from (part for minibatch in loader for part in minibatch)
    yield from batching.windows(corpus, 5)
    yield from (part.long() for part in batching.split(corpus, 0.5))


@pytest.mark.parametrize("corpus", [
    *(np.arange(LENGTH).astype(dtype) for dtype in [*INTEGERS, np.uint64, ">i4"]),
    *(torch.arange(LENGTH).to(dtype) for dtype in TORCHS),
    np.arange(LENGTH)[::-1][::-1], np.arange(2 * LENGTH)[::2] // 2, range(LENGTH),
    bytearray(range(LENGTH)), [torch.tensor(i) for i in range(LENGTH)],
    np.arange(LENGTH, 0, -1)[::-1] - 1, np.broadcast_to(np.arange(LENGTH), (LENGTH,)),
])  # fmt: skip
def test_a_corpus_may_be_of_any_integers(corpus):
    corpus = memoryview(corpus) if isinstance(corpus, bytearray) else corpus
    for ours, theirs in zip(
        every_use(corpus), every_use(list(range(LENGTH))), strict=True
    ):
        assert ours.dtype == torch.int64 and torch.equal(ours, theirs)


@pytest.mark.parametrize("corpus", [
    [*range(LENGTH), -1], torch.arange(LENGTH) - 1, np.full(LENGTH, -9, np.int8),
    np.full(LENGTH, 2**64 - 1, np.uint64), np.full(LENGTH, 2**63, np.uint64),
    [2**63] * LENGTH, [2**70] * LENGTH, [1.0] * LENGTH, [NAN] * LENGTH,
    [None] * LENGTH, torch.zeros(LENGTH).bool(), torch.zeros(LENGTH) + 1j,
    torch.zeros(LENGTH, dtype=torch.int64, device="meta"),
    torch.zeros(LENGTH, dtype=torch.int64).to_sparse(), torch.tensor(3), 3,
    np.zeros((LENGTH, 2), int), [[1], [1, 2]] * LENGTH, {*range(LENGTH)},
    dict.fromkeys(range(LENGTH)), iter(range(LENGTH)), "a" * LENGTH, None,
])  # fmt: skip
@pytest.mark.parametrize("use", [
    lambda corpus: batching.SequenceLoader(corpus, 2, 5),
    lambda corpus: batching.random_sampling(corpus, 2, 5),
    lambda corpus: batching.windows(corpus, 5), batching.split,
])  # fmt: skip
def test_what_is_no_corpus_is_told(use, corpus):
    with pytest.raises(ValueError, match="corpus must be"):
        use(corpus)


@pytest.mark.parametrize("corpus, got", [
    ("a" * LENGTH, "got 'aaa"), ({1, 2}, r"got \{1, 2\}"), ({1: 2}, r"got \{1: 2\}"),
    (None, "got None"), (iter([1]), "got <list_it"), (torch.tensor(3), "got tensor"),
    (batching.SequenceLoader(range(9), 2, 2), "got <.*SequenceLoader"),
    (np.full(9, 2**64 - 1, np.uint64), f"got {2**64 - 1}$"),
    ([1, 2**63], f"got {2**63}$"), ([2**63] * 9, f"got {2**63}$"),
    ([2**70] * 9, f"got {2**70}$"), ([1, -(2**63) - 1], f"got -{2**63 + 1}$"),
    ([1, -2], "got -2$"), ([[1, 2]], r"got shape \(1, 2\)"),
    (np.ma.array(range(20), mask=[0, 1] * 10), "one of them is masked$"),
])  # fmt: skip
def test_what_came_in_place_of_a_corpus_is_told(corpus, got):
    with pytest.raises(ValueError, match=f"^corpus must be .*{got}"):
        batching.SequenceLoader(corpus, 2, 3)


@pytest.mark.skipif(not hasattr(torch, "uint64"), reason="an older PyTorch")
def test_an_unsigned_index_that_is_too_large_is_told_as_it_is():
    corpus = torch.tensor([2**63], dtype=torch.uint64)
    with pytest.raises(ValueError, match=f"got {2**63}$"):
        batching.SequenceLoader(corpus, 2, 3)


@pytest.mark.parametrize("num_steps", [0, -1, 10, 1.0, None])
def test_windows_hold_a_token_at_least_and_leave_a_label(num_steps):
    with pytest.raises(ValueError, match="num_steps must be an integer from 1 to 9"):
        batching.windows(range(10), num_steps)


@pytest.mark.parametrize("value", ["sequential", 0, 1, None, [True], np.int64(1)])
def test_use_random_iter_is_true_or_false(value):
    with pytest.raises(ValueError, match="use_random_iter must be True or False, got"):
        batching.SequenceLoader(range(100), 2, 5, value)


@pytest.mark.parametrize("value", [np.True_, np.False_, torch.tensor(True)])
def test_use_random_iter_may_be_numpy_s(value):
    loader = batching.SequenceLoader(range(100), 2, 5, value)
    assert loader.use_random_iter is bool(value)


def test_use_random_iter_is_checked_when_it_is_changed_too():
    loader = batching.SequenceLoader(range(100), 2, 5)
    loader.use_random_iter = "False"
    with pytest.raises(ValueError, match="use_random_iter must be True or False, got"):
        next(iter(loader))


@pytest.mark.parametrize("rng", [None, 3, np.random.RandomState(0), np.random])
@pytest.mark.parametrize("iterate", [
    batching.random_sampling, batching.sequential_partitioning,
])  # fmt: skip
def test_what_draws_is_the_standard_library_s(iterate, rng):
    with pytest.raises(ValueError, match="rng must be"):
        iterate(range(100), 2, 5, rng)


def test_the_order_of_a_given_offset_has_a_seed():
    with pytest.raises(ValueError, match="seed must be an integer"):
        batching.GivenOffset(0, seed="a")


# ---- copies ----


@pytest.mark.parametrize("copied", [
    copy.copy, copy.deepcopy, lambda loader: pickle.loads(pickle.dumps(loader)),
])  # fmt: skip
@pytest.mark.parametrize("use_random_iter", [False, True])
@pytest.mark.parametrize("loader_seed", [None, 3])
def test_a_copy_of_a_loader_draws_the_same(copied, use_random_iter, loader_seed):
    loader = batching.SequenceLoader(range(200), 2, 5, use_random_iter, loader_seed)
    list(loader)  # so that its generator is no longer new
    other, state = copied(loader), random.getstate()
    drawn = [[X.tolist() for X, _ in loader] for _ in range(5)]
    random.setstate(state)  # from which both draw without a seed of their own
    assert [[X.tolist() for X, _ in other] for _ in range(5)] == drawn


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_of_a_loader_with_a_given_offset_has_an_order_of_its_own(copied):
    loader = batching.SequenceLoader(range(200), 2, 5, True)
    loader.rng = batching.GivenOffset(1)
    other = copied(loader)
    drawn = [X.tolist() for X, _ in loader]
    assert [X.tolist() for X, _ in other] == drawn


@pytest.mark.parametrize("dtype", [*INTEGERS, list, torch.tensor])
@pytest.mark.parametrize("minibatches", [
    lambda corpus: batching.SequenceLoader(corpus, 2, 5, seed=0).in_order(),
    lambda corpus: batching.SequenceLoader(corpus, 2, 5, seed=0),
    lambda corpus: batching.SequenceLoader(corpus, 2, 5, True, seed=0),
])  # fmt: skip
def test_who_writes_into_a_minibatch_changes_nothing_else(minibatches, dtype):
    corpus = dtype(range(LENGTH))
    for X, Y in minibatches(corpus):
        before, labels = X.clone(), Y.clone()
        X[:] = 99
        assert torch.equal(Y, labels)
        Y[:] = 77
        assert (X == 99).all() and torch.equal(labels, before + 1)
    assert list(corpus) == list(range(LENGTH))


def test_a_token_may_be_nested_deeply():
    deep, nan = "a", math.nan
    for _ in range(2000):
        deep, nan = (deep,), (nan,)
    assert text.Vocab([deep])[deep] == 1
    with pytest.raises(ValueError, match="tokens must be equal to others"):
        text.Vocab([nan])


@pytest.mark.parametrize("call", [
    text.Vocab, text.tokenize, text.count_corpus, lambda it: text.Vocab("a", 0, it)
])  # fmt: skip
def test_the_names_of_a_tables_columns_are_no_tokens(call):
    with pytest.raises(ValueError, match="it is a table: choose one of its columns"):
        call(Table({"line": ["the time", "traveller"]}))
