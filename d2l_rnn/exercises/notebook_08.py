"""The exercises of notebook 08, training."""

from __future__ import annotations

import copy
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


def _network(scale: float) -> rnn.RNNModelScratch:
    """A small RNN whose initial weights are `scale` times the usual ones."""
    net = rnn.make_model("scratch", vocab_size=6, num_hiddens=8, seed=0)
    net.params = [(scale * param.detach()).requires_grad_() for param in net.params]
    return net


def _minibatches(number: int) -> list[tuple[Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(number)
    tokens = torch.randint(6, (4, 5 * number + 1), generator=generator)
    X, Y = tokens[:, :-1].split(5, dim=1), tokens[:, 1:].split(5, dim=1)
    return list(zip(X, Y, strict=True))


def _perplexity(
    net: rnn.RNNModelScratch,
    minibatches: list[tuple[Tensor, Tensor]],
    lr: float,
    theta: float | None,
    **changes,
) -> float:
    """That of one epoch of `training.train_epoch`, on a copy of the network."""
    net = copy.deepcopy(net)
    is_uphill = lr < 0  # as a mistake may be
    sgd = torch.optim.SGD(net.params, abs(lr), maximize=is_uphill)
    return training.train_epoch(
        net, minibatches, optimizer=sgd, theta=theta, **changes
    ).perplexity


def _untransposed(outputs: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(outputs, labels.view(-1, 4).T.reshape(-1))


@Exercise
def train_one_epoch(answer: Answer) -> Iterator[Trial]:
    """Train on each minibatch once; the perplexity of the epoch."""
    yield _of_one_minibatch(answer)
    yield _after_a_step(answer)
    net, given = _network(100), _minibatches(3)
    yield answer(net, given, 0.5, None).gives(
        _perplexity(net, given, 0.5, None),
        "three minibatches that continue each other",
        "hand the state on, detached, and set the gradients to zero each time",
        mistakes=[
            (
                _perplexity(net, given, 0.5, None, use_random_iter=True),
                "the state begins anew only once an epoch: hand it on",
            )
        ],
    )  # fmt: skip
    yield answer(net, given, 10.0, 0.1).gives(
        _perplexity(net, given, 10.0, 0.1),
        "clipping",
        "between the backward pass and the step, to the radius theta",
        mistakes=[(_perplexity(net, given, 10.0, None), "nothing is clipped")],
    )


def _of_one_minibatch(answer: Answer) -> Trial:
    net, given = _network(20), _minibatches(1)
    expected = _perplexity(net, given, 1.0, 1.0)
    return answer(net, given, 1.0, 1.0).gives(
        expected, "one minibatch", "exp of the mean cross-entropy of all tokens",
        mistakes=[
            (math.log(expected), "that is the loss: its exponential is asked for"),
            (
                _perplexity(net, given, 1.0, 1.0, loss=_untransposed),
                "the outputs come time step by time step: transpose the labels",
            ),
        ],
    )  # fmt: skip


def _after_a_step(answer: Answer) -> Trial:
    net, given = _network(20), _minibatches(1) * 2
    first = _perplexity(net, given[:1], 0.5, None)
    both = _perplexity(net, given, 0.5, None)  # the geometric mean of the two
    return answer(net, given, 0.5, None).gives(
        both,
        "a step after the first minibatch, without clipping",
        "parameters minus lr times their gradients, before the next minibatch",
        mistakes=[
            (_perplexity(net, given, 0.0, None), "the parameters do not change"),
            (_perplexity(net, given, -0.5, None), "downhill: subtract the gradient"),
            (
                (first + both**2 / first) / 2,
                "the exponential of the mean loss, not the mean of exponentials",
            ),
        ],
    )  # fmt: skip


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
