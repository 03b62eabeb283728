"""The exercises of notebook 05, recurrent networks."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import torch
from torch import Tensor

from d2l_rnn import rnn, text
from d2l_rnn.exercises.checking import Answer, Exercise, Trial, drawn
from d2l_rnn.ngrams import perplexity_to_beat


def _states(
    inputs: Tensor, H_0: Tensor, W_xh: Tensor, W_hh: Tensor, b_h: Tensor
) -> Tensor:
    """The states, as the outputs of a network whose W_hq is the identity."""
    B, H = H_0.shape
    params = [W_xh, W_hh, b_h, torch.eye(H), torch.zeros(H)]
    return rnn.rnn(inputs, (H_0,), params)[0].reshape(-1, B, H)


@Exercise
def states_of(answer: Answer) -> Iterator[Trial]:
    """The hidden states of an RNN at all time steps."""
    yield _first_state(answer)
    inputs = drawn(3, 2, 4, seed=1)
    given = (drawn(2, 5), drawn(4, 5), drawn(5, 5, seed=2), drawn(5))
    right = _states(inputs, *given)
    yield answer(inputs, *given).gives(
        right, "three time steps, a batch of two",
        "each step reads the state that the step before has left",
        mistakes=[
            (torch.cat([_states(X_t[None], *given) for X_t in inputs]),
             "the state moves on: each step needs the one before, not H_0"),
            (right[-1], "the states of all time steps, not only of the last"),
            (right.transpose(0, 1), "time comes first, then the batch"),
            (right.flatten(0, 1), "a tensor of shape (T, B, H): stack the states"),
        ],
    )  # fmt: skip
    T = 50
    given = (drawn(1, 3), drawn(2, 3), drawn(3, 3, seed=3), drawn(3))
    long = drawn(T, 1, 2, seed=4)
    yield answer(long, *given).gives(_states(long, *given), f"{T} time steps")


def _first_state(answer: Answer) -> Trial:
    X, H_0 = torch.tensor([[[1.0, 0.0]]]), torch.tensor([[0.5]])
    W_xh, W_hh, b_h = torch.tensor([[1.0], [2.0]]), torch.tensor([[-1.0]]), drawn(1)
    given = (H_0, W_xh, W_hh, b_h)
    return answer(X, *given).gives(
        _states(X, *given), "one time step, one sequence, one hidden unit",
        "tanh of three terms: from the input, from the state, the bias",
        mistakes=[
            (_states(X, 0 * H_0, W_xh, W_hh, b_h), "begin with H_0, not with zeros"),
            (_states(X, H_0, W_xh, W_hh, 0 * b_h), "and the bias?"),
            (X @ W_xh + H_0 @ W_hh + b_h, "and the activation function?"),
            (H_0[None], "that is H_0: the first state to return is H_1"),
            (_states(X, *given)[0], "a tensor of shape (T, B, H), also where T is 1"),
        ],
    )  # fmt: skip


@Exercise
def split_weight(answer: Answer) -> Iterator[Trial]:
    """W_xh and W_hh out of the weight of one fully connected layer."""
    W_xh, W_hh = torch.tensor([[1, 2], [3, 4], [5, 6]]), torch.tensor([[7, 8], [9, 10]])
    weight = torch.cat((W_xh, W_hh)).T
    yield answer(weight).gives(
        (W_xh, W_hh), "three inputs, two hidden units",
        "nn.Linear keeps its weights transposed, W_xh on top of W_hh",
        mistakes=[
            ((W_xh.T, W_hh.T), "they are still transposed"),
            ((W_hh, W_xh), "W_xh comes first"),
            ((weight.T[:2], weight.T[2:]), "V is not H: how many rows has W_hh?"),
            ((weight.T[:3].flip(0), W_hh), "the order of the rows stays"),
        ],
    )  # fmt: skip
    W_xh, W_hh = drawn(4, 4), drawn(4, 4, seed=1)
    yield answer(torch.cat((W_xh, W_hh)).T).gives(
        (W_xh, W_hh), "as many inputs as hidden units",
        "nn.Linear keeps its weights transposed, W_xh on top of W_hh",
        mistakes=[
            ((W_hh, W_xh), "W_xh comes first"),
            ((W_xh.T, W_hh.T), "they are still transposed"),
        ],
    )  # fmt: skip
    W_xh, W_hh = drawn(28, 6), drawn(6, 6, seed=1)
    yield answer(torch.cat((W_xh, W_hh)).T).gives((W_xh, W_hh), "28 inputs, random")


def _of_layers(V: int, h: int, num_layers: int) -> int:
    return rnn.num_parameters(V, h) + (num_layers - 1) * (2 * h * h + h)


@Exercise
def parameters_of_layers(answer: Answer) -> Iterator[Trial]:
    """How many parameters an RNN with several layers has."""
    yield answer(28, 256, 1).gives(
        rnn.num_parameters(28, 256), "one layer",
        "W_xh, W_hh, b_h, W_hq and b_q, as above",
        mistakes=[
            (28 * 256 * 2 + 256**2 + 256, "one bias is missing"),
            (28 * 256 * 2 + 256**2 + 28, "one bias is missing"),
            (28 * 256 * 2 + 256**2, "both biases are missing"),
            (28 * 256 + 256**2 + 256, "the output layer has parameters too"),
        ],
    )  # fmt: skip
    V, h = 11, 3
    once, layer = rnn.num_parameters(V, h), V * h + h * h + h
    yield answer(V, h, 2).gives(
        _of_layers(V, h, 2), "two layers",
        "what does the second layer read, and how many numbers is that?",
        mistakes=[
            (2 * once, "there is one output layer, above the topmost layer"),
            (once + layer, "the second layer reads h values, and not V tokens"),
            (once + h * h + h, "the second layer has weights for its input as well"),
            (once, "each layer has weights of its own"),
            (_of_layers(V, h, 3), "two layers are one more than one"),
        ],
    )  # fmt: skip
    yield answer(100, 7, 5).gives(_of_layers(100, 7, 5), "five layers")


@Exercise
def outputs_needed(answer: Answer) -> Iterator[Trial]:
    """How many outputs the prediction of a text's next character needs."""
    yield answer("deep learning").gives(
        len(text.Vocab(list("deep learning"))), "deep learning",
        "one output for each token of the vocabulary",
        mistakes=[
            (13, "a character that comes twice needs one output all the same"),
            (10, "one more token is in every vocabulary"),
            (9, "a space is a character too, and <unk> is in every vocabulary"),
            (1, "one number for each token, as each has its own probability"),
        ],
    )  # fmt: skip
    yield answer("aaaa").gives(2, "aaaa", "a, and everything else")
    string = "".join(random.Random(5).choices("abcdefghij", k=12))
    yield answer(string).gives(len(text.Vocab(list(string))), "a random string")


@Exercise
def perplexity_without_state(answer: Answer) -> Iterator[Trial]:
    """The lowest perplexity without hidden state, which is a bigram's."""
    words = ["machine", "etching"]
    joined = "".join(words)
    yield answer(words).gives(
        2 ** (1 / 6), "machine and etching", "what is the best guess after an n?",
        mistakes=[
            (2, "that is after n only: average over all twelve labels"),
            (2 ** (1 / 12), "there are two labels after an n, one in each word"),
            (2 ** (1 / 7), "a word of seven characters has six labels"),
            (perplexity_to_beat(joined, n=2),
             "the end of one word is not followed by the beginning of the next"),
            (math.log(2) / 6, "that is the cross-entropy: take its exponential"),
        ],
    )  # fmt: skip
    yield answer(["abcd", "abcd"]).gives(
        1, "the same word twice", "each character tells the next: always sure and right"
    )
    # After a: b twice, c twice. After b and c: always a.
    yield answer(["abab", "acac"]).gives(
        2 ** (4 / 6), "abab and acac", "after a, b and c are equally frequent",
        mistakes=[(2 ** (1 / 3), "four of the six labels come after an a")],
    )  # fmt: skip
    word = "".join(random.Random(5).choices("abc", k=30))
    yield answer([word]).gives(
        perplexity_to_beat(word, n=2), "a long random word",
        "the last character has no successor, and does not count as a context",
        mistakes=[(3, "what comes more often after a character is more probable")],
    )  # fmt: skip
