"""The exercises of notebook 06, an RNN from scratch."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from d2l_rnn import generating, rnn, text, training
from d2l_rnn.exercises.checking import Answer, Exercise, Trial, drawn

SENTENCE = "the time traveller made a time machine "
V, H = 5, 3  # tokens and hidden units of the random cases


@Exercise
def input_term(answer: Answer) -> Iterator[Trial]:
    """X_t W_xh for all time steps, without a one-hot vector."""
    X = torch.tensor([[2, 0]])
    W_xh = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    yield answer(X, W_xh).gives(
        W_xh[X.T], "one subsequence of two characters",
        "the index of a character is the number of its row",
        mistakes=[(W_xh[X], "the time steps come first")],
    )  # fmt: skip
    X, W_xh = torch.tensor([[0, 3, 1], [4, 4, 2]]), drawn(5, 4)
    yield answer(X, W_xh).gives(
        F.one_hot(X.T, 5).float() @ W_xh,
        "two subsequences of three characters",
        "X has a row for each subsequence; the result begins with the time steps",
    )
    W_xh = torch.tensor([[1.0, 2.0], [torch.inf, torch.inf], [5.0, 6.0]])
    yield answer(torch.tensor([[2, 0]]), W_xh).gives(
        [[[5, 6]], [[1, 2]]], "only the rows of these characters are used",
        "a product with a one-hot vector multiplies all other rows by 0, which takes "
        "time; pick the row by its index",
    )  # fmt: skip


@Exercise
def rnn_with_relu(answer: Answer) -> Iterator[Trial]:
    """The recurrence of the RNN with ReLU in place of tanh."""
    inputs, state = F.one_hot(torch.tensor([[1]]), 2).float(), (torch.tensor([[2.0]]),)
    params = [torch.tensor(p) for p in ([[1.0], [3.0]], [[0.5]], [1.0], [[2.0, -1]])]
    params.append(torch.tensor([0.0, 1.0]))
    yield answer(inputs, state, params).gives(
        ([[10, -4]], ([[5]],)), "one time step with one hidden unit",
        "X_t W_xh is 3 here, H W_hh is 1, and b_h is 1",
        mistakes=_mistakes(inputs, state, params),
    )  # fmt: skip
    inputs, state, params = _random_case()
    for what, H_0 in (
        ("three time steps of two subsequences", torch.zeros_like(state[0])),
        ("from a state that is not zero", state[0]),
    ):
        yield answer(inputs, (H_0,), params).gives(
            _with_relu(inputs, (H_0,), params), what,
            "each time step needs the state of the one before; the outputs of all go "
            "one below the other",
            mistakes=_mistakes(inputs, (H_0,), params),
        )  # fmt: skip


@Exercise
def rnn_with_embedding(answer: Answer) -> Iterator[Trial]:
    """The recurrence of the RNN on learnable embeddings of the tokens."""
    inputs, state, [_, *rest] = _random_case()
    # Multiplying by E and then by W_xh is multiplying by E @ W_xh.
    E, W_xh = drawn(V, V, seed=8), drawn(V, H, seed=9)
    yield answer(inputs, state, [E, W_xh, *rest]).gives(
        rnn.rnn(inputs, state, [E @ W_xh, *rest]),
        "embeddings as long as the vocabulary",
        "a one-hot row times E is the embedding of its token; hand that to the RNN",
        mistakes=[
            (rnn.rnn(inputs, state, [W_xh, *rest]), "E is not used"),
            (
                rnn.rnn(inputs, state, [E.T @ W_xh, *rest]),
                "the embedding of a token is a row of E, not a column",
            ),
        ],
    )
    E, W_xh = drawn(V, 2, seed=8), drawn(2, H, seed=9)
    yield answer(inputs, state, [E, W_xh, *rest]).gives(
        rnn.rnn(inputs, state, [E @ W_xh, *rest]), "embeddings of two numbers",
        "W_xh takes what E gives, two numbers for each subsequence",
    )  # fmt: skip


@Exercise
def perplexity_by_sequence(answer: Answer) -> Iterator[Trial]:
    """The perplexity of each subsequence of a minibatch."""
    # The first subsequence is predicted with certainty, the second is guessed.
    Y = torch.tensor([[1, 3, 2], [0, 2, 1]])
    outputs = torch.zeros(3, 2, 4)
    outputs[:, 0] = 50 * F.one_hot(Y[0], 4)
    outputs = outputs.flatten(0, 1)
    yield answer(outputs, Y).gives(
        [1, 4], "one that is certain and right, one that is guessed",
        "labels and losses come in the order of the outputs, time steps first",
        mistakes=[
            ([0, torch.tensor(4).log()], "the perplexity is the exponential of that"),
            ([2, 2, 2], "that is the perplexity of each time step"),
        ],
    )  # fmt: skip
    Y = torch.tensor([[2, 0, 1, 1], [0, 2, 2, 1], [1, 1, 0, 2]])
    outputs = drawn(12, 3)
    by_sequence, by_step, mean_of_exp = _perplexities(outputs, Y)
    yield answer(outputs, Y).gives(
        by_sequence, "three subsequences of four characters",
        "the losses are a matrix of shape (time steps, batch size): "
        "take the mean over the time steps, then the exponential",
        mistakes=[
            (by_step, "that is the perplexity of each time step"),
            (mean_of_exp, "first the mean of the losses, then the exponential"),
        ],
    )  # fmt: skip


@Exercise
def finish_word(answer: Answer) -> Iterator[Trial]:
    """The prefix and the rest of its last word, as the network writes it."""
    net, vocab = _writer()
    for prefix, what, hint in (
        ("the tim", "one letter is missing", "read the prefix, then add what is best"),
        (
            "the time m", "a letter that stands in two words",
            "all of the prefix has to be read, and the state handed on",
        ),
        (
            "the time ", "a prefix that ends in a space",
            "read all of it, and stop at the *next* space",
        ),
    ):  # fmt: skip
        written = generating.predict(prefix, 20, net, vocab)
        end = written.index(" ", len(prefix))
        mistakes = _other_pieces(written, len(prefix), end)
        yield answer(prefix, net, vocab).gives(written[:end], what, hint, mistakes)
    endless = copy.deepcopy(net)
    with torch.no_grad():
        endless.params[-1][vocab[" "]] = -100  # b_q: the odds of a space
    yield answer("the time m", endless, vocab, max_preds=8).gives(
        generating.predict("the time m", 8, endless, vocab),
        "a network that never writes a space",
        "it has to end after max_preds characters",
    )


def _other_pieces(written: str, begin: int, end: int) -> list[tuple[str, str]]:
    """Common wrong answers, with hints; written[:end] is right, [:begin] the prefix."""
    prefix = written[:begin]
    return [
        (prefix.rstrip(), "stop at the *next* space"),
        (prefix, "that is only the beginning: is each character read once?"),
        (prefix.split()[0], "look for a space only after the prefix"),
        (written, "that is 20 characters: stop at the first space"),
        (written[: end + 1], "without the space after it"),
        (written[begin:end], "with the prefix before it"),
    ]


def _random_case() -> tuple[Tensor, tuple[Tensor], list[Tensor]]:
    """Inputs of three time steps of two subsequences, a state, and parameters."""
    inputs = F.one_hot(torch.tensor([[0, 3], [2, 2], [1, 4]]), V).float()
    shapes = (V, H), (H, H), (H,), (H, V), (V,)
    params = [drawn(*shape, seed=i) for i, shape in enumerate(shapes)]
    return inputs, (drawn(2, H, seed=7),), params


def _perplexities(outputs: Tensor, Y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """By sequence; by time step; and by sequence with exp and mean swapped."""
    B, T = Y.shape
    by_token = outputs.reshape(T, B, -1).permute(1, 2, 0)  # (B, V, T)
    losses = F.cross_entropy(by_token, Y, reduction="none")  # (B, T)
    return losses.mean(1).exp(), losses.mean(0).exp(), losses.exp().mean(1)


def _with_relu(inputs: Tensor, state, params):
    """The outputs and the last state by PyTorch's own function, as in `nn.RNN`."""
    W_xh, W_hh, b_h, W_hq, b_q = params
    weights = [W_xh.T.contiguous(), W_hh.T.contiguous(), b_h, torch.zeros_like(b_h)]
    states, last = torch.rnn_relu(
        inputs, state[0].unsqueeze(0), weights, has_biases=True, num_layers=1,
        dropout=0.0, train=False, bidirectional=False, batch_first=False,
    )  # fmt: skip
    return (states @ W_hq + b_q).flatten(0, 1), (last[0],)


def _mistakes(inputs: Tensor, state, params):
    """Common wrong results for the recurrence with ReLU, with hints."""
    outputs, (H,) = _with_relu(inputs, state, params)
    zeros = (torch.zeros_like(H),)
    return [
        (rnn.rnn(inputs, state, params), "that is still tanh"),
        ((outputs, H), "the state is a tuple of one tensor, as it came in"),
        (outputs, "the last state is to be returned, too"),
        (
            (outputs.unflatten(0, (len(inputs), -1)), (H,)),
            "put the outputs of all time steps one below the other: (T * B, V)",
        ),
        ((outputs.relu(), (H,)), "the outputs may be negative: ReLU is for the state"),
        (_with_relu(inputs, zeros, params), "begin with the state that is given"),
    ]


@functools.lru_cache(maxsize=1)
def _writer() -> tuple[rnn.RNNModelScratch, text.Vocab]:
    """A small network that has memorised one sentence, and its vocabulary."""
    corpus, vocab = text.corpus_of([SENTENCE], "char")
    # The repeated sentence, starting at every fourth character.
    rows = torch.tensor(corpus).repeat(2).unfold(0, 21, 4)[: len(corpus) // 4]
    net = rnn.make_model("scratch", len(vocab), num_hiddens=24, seed=0)
    minibatch = rows[:, :-1], rows[:, 1:]
    for _ in training.train(net, [minibatch], 2, 150, use_random_iter=True):
        pass
    return net, vocab
