"""The exercises of notebook 08, training."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from d2l_rnn import rnn, training
from d2l_rnn.exercises.checking import Answer, Exercise, Trial, drawn


@Exercise
def steps_back(answer: Answer) -> Iterator[Trial]:
    """How many time steps the backward passes of an epoch go through, all together."""
    yield answer(1, 35, False).gives(
        35, "a single minibatch", "it has only its own time steps behind it"
    )
    yield answer(8, 35, True).gives(
        280, "eight minibatches, detached", "each goes back through its own time steps",
        mistakes=[(35, "that is one minibatch: the epoch has eight")],
    )  # fmt: skip
    yield answer(8, 35, False).gives(
        1260, "eight minibatches, not detached",
        "minibatch i goes back through itself and the i - 1 before it",
        mistakes=[
            (280, "each goes back through those before it, too"),
            (2240, "only the last one goes back through all eight"),
            (980, "each goes back through itself, too"),
        ],
    )  # fmt: skip
    yield answer(100, 7, False).gives(35350, "a hundred minibatches, not detached")


@Exercise
def epoch_to_keep(answer: Answer) -> Iterator[Trial]:
    """The epoch whose parameters early stopping keeps."""
    falls_again = [12.0, 9.0, 10.0, 8.0, 9.0, 9.5, 7.0]
    yield answer(falls_again, 2).gives(
        4, "a patience of two", "after epoch 6 it stops: two in a row were above 8",
        mistakes=[
            (3, "epochs are counted from 1"),
            (6, "training stops there, but an earlier epoch was better"),
            (7, "by then the training has stopped: two epochs in a row were no better"),
            (2, "one epoch without a new lowest is no reason to stop"),
            (8.0, "that is the perplexity: the number of the epoch is asked for"),
        ],
    )  # fmt: skip
    yield answer([10.0, 8.0, 9.0, 8.5, 8.0, 7.0], 3).gives(
        2, "worse, better, but never the best",
        "compare with the lowest so far, and equal is no better",
        mistakes=[
            (5, "equal is no better: keep the earlier one"),
            (6, "three in a row were no better than the lowest so far: stop there"),
        ],
    )  # fmt: skip
    yield answer([9.0, 8.0, 7.5], 2).gives(
        3, "still falling at the end", "nothing stops it: keep the last"
    )
    yield answer([math.inf, 5.0, 6.0], 1).gives(
        2, "infinite at first", "any number is lower than infinity"
    )


@Exercise
def sharpened(answer: Answer) -> Iterator[Trial]:
    """The distribution that is proportional to p to the power alpha."""
    p = torch.tensor([0.5, 0.3, 0.2])
    yield answer(p, 2.0).gives(
        p**2 / (p**2).sum(), "alpha = 2", "the power of each, over their sum",
        mistakes=[
            (p**2, "that does not add up to 1"),
            (torch.softmax(2 * p, dim=0), "p are probabilities: take their logarithm"),
            (p**0.5 / (p**0.5).sum(), "that evens out: the power is 2, not 1 / 2"),
        ],
    )  # fmt: skip
    yield answer(p, 1.0).gives(p, "alpha = 1", "nothing changes")
    yield answer(p, 0.0).gives([1 / 3] * 3, "alpha = 0", "every power is 1")
    outputs = drawn(9, dtype=torch.double)
    yield answer(torch.softmax(outputs, dim=0), 1.7).gives(
        torch.softmax(1.7 * outputs, dim=0), "nine random probabilities"
    )
    yield answer(p, 5000.0).gives(
        [1, 0, 0],
        "alpha = 5000",
        "too small for a float: use logarithms",
    )


@Exercise
def mixed_perplexity(answer: Answer) -> Iterator[Trial]:
    """The perplexity of a model, mixed with a share of even guessing."""
    p = torch.tensor([[0.7, 0.1, 0.1, 0.1], [0.0, 1.0, 0.0, 0.0]])
    yield _without_guessing(answer, p, torch.tensor([0, 1]))
    yield answer(p, torch.tensor([0, 1]), 1.0).gives(
        4, "nothing but guessing", "1 / V for each",
        mistakes=[(2, "V is the number of columns of p, not of rows")],
    )  # fmt: skip
    yield answer(p, torch.tensor([0, 2]), 0.5).gives(
        (0.475 * 0.125) ** -0.5, "half and half, with something that was impossible",
        "mix first, and then take the logarithm",
        mistakes=[
            (math.inf, "mix the probabilities, not their logarithms"),
            ((0.825 * 0.125) ** -0.5, "of p only the part 1 - share"),
        ],
    )  # fmt: skip
    p = torch.softmax(drawn(30, 7, seed=1, dtype=torch.double), dim=1)
    labels = torch.arange(30) % 7
    mixed = torch.log(0.9 * p + 0.1 / 7)
    yield answer(p, labels, 0.1).gives(
        training.perplexity(F.nll_loss(mixed, labels).item()), "thirty characters",
        "share is that of guessing, not that of the model",
    )  # fmt: skip


def _without_guessing(answer: Answer, p: Tensor, labels: Tensor) -> Trial:
    return answer(p, labels, 0.0).gives(
        0.7**-0.5, "no guessing", "exp of the mean of -ln of what came",
        mistakes=[
            (0.7**0.5, "the sign: -ln p, of numbers below 1"),
            (-math.log(0.7) / 2, "that is the cross-entropy: take the exponential"),
            (0.7**-1.0, "the mean over the characters, not the sum"),
            (
                math.exp(F.cross_entropy(p, labels).item()),
                "p are probabilities: F.cross_entropy would take the softmax again",
            ),
        ],
    )  # fmt: skip


def _num_parameters(V: int, H: int, num_layers: int) -> int:
    with torch.device("meta"):  # shapes alone: nothing is drawn
        net = rnn.RNNModel(nn.RNN(V, H, num_layers), V)
    return sum(param.numel() for param in net.parameters())


@Exercise
def num_parameters_of_stack(answer: Answer) -> Iterator[Trial]:
    """How many parameters an `RNNModel` around `num_layers` of `nn.RNN` has."""
    V, H = 28, 128
    yield answer(V, H, 1).gives(
        _num_parameters(V, H, 1), "one layer", "the notebook has the number",
        mistakes=[
            (_num_parameters(V, H, 1) - H, "PyTorch's layer has two biases"),
            (_num_parameters(V, H, 1) - V, "the output layer has a bias, too"),
            (V * H + H * H + 2 * H, "the output layer is missing"),
        ],
    )  # fmt: skip
    two = _num_parameters(V, H, 2)
    yield answer(V, H, 2).gives(
        two, "two layers", "the second layer reads states, H numbers each",
        mistakes=[
            (two - H * H + V * H, "the second layer reads states and not tokens"),
            (two + H * V + V, "there is one output layer, on top"),
            (two - H, "each of PyTorch's layers has two biases"),
        ],
    )  # fmt: skip
    yield answer(50, 20, 4).gives(_num_parameters(50, 20, 4), "four layers")
    yield answer(3, 7, 2).gives(_num_parameters(3, 7, 2), "a small network")
