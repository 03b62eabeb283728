"""Training: one epoch, many epochs, and what is worth knowing about them.

A training run is a plain iterator of progress records. Whoever consumes it decides
what to do with them: print, plot, feed a progress bar, wait, or stop.
"""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from d2l_rnn import bptt
from d2l_rnn.checks import integer, positive
from d2l_rnn.clipping import project
from d2l_rnn.engine import Engine, can_train
from d2l_rnn.rnn import (
    RNNModelScratch,
    detach,
    device_of,
    init_rnn_state,
    parameters_of,
)
from d2l_rnn.threads import suited_to


@dataclass(frozen=True)
class Progress:
    """What one epoch of training came to.

    epoch              from 1
    perplexity         exp of the mean cross-entropy (nats per token) over the epoch,
                       measured while training; infinite if the run diverged
    tokens_per_second  trained on, wall-clock time
    gradient_norm      mean over the minibatches of ‖g‖, before clipping
    clipped_fraction   share of the minibatches whose gradient was longer than theta
    diverged           True if the epoch ended early, at a loss or a gradient that was
                       not finite
    clipped_norm       mean over the minibatches of ‖g‖, after clipping
    state_gradient_norms  ‖dL/dH_t‖ for t = 1 … T in the last minibatch; empty at a
                       gradient that is not finite, and for the models whose backward
                       pass is left to autograd
    """

    epoch: int
    perplexity: float
    tokens_per_second: float
    gradient_norm: float
    clipped_fraction: float
    diverged: bool = False
    clipped_norm: float = math.nan
    state_gradient_norms: tuple[float, ...] = ()

    def __str__(self) -> str:
        if self.diverged:
            return (
                f"diverged at epoch {self.epoch}: "
                "try a smaller learning rate or a smaller theta"
            )
        return (
            f"epoch {self.epoch}: perplexity {self.perplexity:.4g}, "
            f"{self.tokens_per_second:,.0f} tokens/s, "
            f"gradient norm {self.gradient_norm:.2g}, "
            f"clipped {self.clipped_fraction:.0%}"
        )


class History(list):
    """The progress records of a run, in order, and their columns as lists.

    `history.perplexity`, `history.gradient_norm` … any field of `Progress`.
    """

    def __getattr__(self, name: str) -> list:
        if name not in Progress.__dataclass_fields__:
            raise AttributeError(f"Progress has no field {name!r}")
        return [getattr(record, name) for record in self]

    @property
    def best(self) -> Progress:
        """The record with the lowest perplexity."""
        return min(self, key=lambda record: record.perplexity)


def train(
    net,
    minibatches: Iterable,
    lr: float,
    num_epochs: int,
    theta: float | None = 1.0,
    device=None,
    use_random_iter: bool | None = None,
    optimizer: Callable | None = None,
    backpropagate: Callable | None = None,
    num_threads: int | None = None,
) -> Iterator[Progress]:
    """Train epoch by epoch; yield a `Progress` record after each.

    `net` is any model of `d2l_rnn.rnn`; `minibatches` can be iterated once an epoch,
    like a `SequenceLoader`, and says by its `use_random_iter` how it samples, unless
    that is given here. `optimizer` is a class of `torch.optim`, made with the model's
    parameters and the learning rate `lr`; without it, it is `SGD`. `backpropagate`
    computes the gradients, as in `train_epoch`. The run ends early, with a record that
    says so, if it diverges.

    A run has at most as many threads as PyTorch has, and gives their number back after
    each epoch. The engine takes fewer where the work is not worth more, or
    `num_threads` if that is given; small models of other kinds are trained on one.

    Raises ValueError for a learning rate, theta or number of threads that is not
    greater than 0, a negative number of epochs, or minibatches that can be iterated
    only once.
    """
    positive("lr", lr, at_most=torch.finfo(torch.float32).max)
    integer("num_epochs", num_epochs, at_least=0)
    if isinstance(minibatches, Iterator) and num_epochs > 1:
        raise ValueError(
            "minibatches must be iterable once an epoch, like a SequenceLoader or a "
            f"list; a {type(minibatches).__name__} can be iterated only once"
        )
    if theta is not None:
        positive("theta", theta)
    if num_threads is not None:
        integer("num_threads", num_threads, at_least=1)
    if use_random_iter is None:
        use_random_iter = getattr(minibatches, "use_random_iter", False)
    stepper = (optimizer or SGD)(parameters_of(net), lr)
    backpropagate = backpropagate or backpropagation(net)

    def epochs():
        for epoch in range(1, num_epochs + 1):
            record = train_epoch(
                net, minibatches, stepper, theta, device, use_random_iter,
                epoch=epoch, backpropagate=backpropagate, num_threads=num_threads,
            )  # fmt: skip
            yield record
            if record.diverged:
                return

    return epochs()


def train_epoch(
    net,
    minibatches: Iterable,
    optimizer,
    theta: float | None = 1.0,
    device=None,
    use_random_iter: bool = False,
    loss=None,
    epoch: int = 1,
    backpropagate: Callable | None = None,
    num_threads: int | None = None,
) -> Progress:
    """Train a model on each minibatch once.

    With random sampling the state begins anew for each minibatch; with sequential
    partitioning it is carried along, detached. `loss` gives the mean, or one value a
    token, in nats; without it, the cross-entropy. `backpropagate(X, Y, state)` returns
    the mean loss, the new state and a list of the gradients, which it also leaves in
    the parameters' `grad`; without it, `backpropagation(net, loss)` does so.

    Raises ValueError if there is no minibatch at all.
    """
    device = device_of(net) if device is None else device
    backpropagate = backpropagate or backpropagation(net, loss)
    start = time.perf_counter()
    if _is_all_the_engine_s(net, optimizer, backpropagate):
        learn, lr = backpropagate.learn, optimizer.lr
        steps = list(
            learn(minibatches, net.begin_state, lr, theta, use_random_iter, num_threads)
        )
    else:
        rest = optimizer, theta, device, use_random_iter, backpropagate
        with suited_to(getattr(net, "num_hiddens", 0)):
            steps = list(_steps(net, minibatches, *rest))
    if not steps:
        raise ValueError("minibatches must yield at least one minibatch, got none")
    losses, sizes, norms = zip(*steps, strict=True)
    tokens = sum(sizes)
    mean_loss = sum(map(operator.mul, losses, sizes)) / tokens
    diverged = not math.isfinite(norms[-1])
    if diverged:
        norms, flow = norms[:-1], []
    else:
        flow = getattr(backpropagate, "state_gradient_norms", lambda: torch.empty(0))()
        flow = flow.tolist()
    return progress(
        epoch, mean_loss, tokens / (time.perf_counter() - start), norms, theta,
        diverged, flow,
    )  # fmt: skip


def _steps(
    net, minibatches, optimizer, theta, device, use_random_iter, backpropagate
) -> Iterator[tuple[float, int, float]]:
    """Learn from one minibatch after another: yield its loss, its size and ‖g‖.

    ‖g‖ is NaN, and nothing learned from the minibatch, if it is not finite.
    """
    state = None
    for X, Y in minibatches:
        if state is None or use_random_iter:
            state = net.begin_state(batch_size=X.shape[0], device=device)
        else:
            state = detach(state)
        mean_loss, state, g = backpropagate(X.to(device), Y.to(device), state)
        try:
            norm = project(g, theta)
        except FloatingPointError:
            yield mean_loss.item(), Y.numel(), math.nan
            return
        optimizer.step()
        yield mean_loss.item(), Y.numel(), norm


def _is_all_the_engine_s(net, optimizer, backpropagate) -> bool:
    """True if the engine can do all that is done with a minibatch."""
    return (
        isinstance(backpropagate, Engine)
        and type(optimizer) is SGD
        and list(map(id, optimizer.params)) == list(map(id, net.params))
        and type(net).begin_state is RNNModelScratch.begin_state
        and net.init_state is init_rnn_state
    )


def progress(
    epoch: int,
    mean_loss: float,
    tokens_per_second: float,
    norms: list[float],
    theta: float | None,
    diverged: bool,
    state_gradient_norms: Iterable[float] = (),
) -> Progress:
    """The record of an epoch, from its mean loss and the norms of its gradients."""
    ppl = perplexity(mean_loss)
    diverged = diverged or math.isinf(ppl)
    radius = math.inf if theta is None else theta
    return Progress(
        epoch,
        math.inf if diverged else ppl,
        tokens_per_second,
        _mean(norms),
        _mean([norm > radius for norm in norms]),
        diverged,
        _mean([min(norm, radius) for norm in norms]),
        tuple(state_gradient_norms),
    )


class SGD:
    """Stochastic gradient descent, param ← param - lr · gradient, and nothing else.

    What `torch.optim.SGD` does, without the time that its many options take: for a
    small model that is as much as a product.
    """

    def __init__(self, params: Iterable[Tensor], lr: float):
        self.params, self.lr = list(params), lr

    @torch.no_grad()
    def step(self) -> None:
        for param in self.params:
            if param.grad is not None:
                param.add_(param.grad, alpha=-self.lr)


def backpropagation(net, loss=None) -> Callable:
    """What computes the gradients of a model: the engine, `bptt` or autograd.

    Called with X and Y, shape (B, T), and the state, it returns the mean loss, the new
    state and a list of the gradients, which are also the parameters' `grad`.

    The scratch RNN has its backward pass in `engine`, and for other dtypes and devices
    in `bptt`, each together with the cross-entropy's; with a `loss` of another kind,
    autograd calls that of `bptt`. All other models are left to autograd altogether.
    """
    if not bptt.ByHand.can_train(net):
        return ByAutograd(net, loss)
    if loss is not None:
        return ByAutograd(net, loss, lambda X, state: bptt.rnn(X, state, net.params))
    return Engine(net.params) if can_train(net.params) else bptt.ByHand(net)


class ByAutograd:
    """The loss of any model and its gradients, by autograd: `backpropagation`.

    `forward(X, state)` stands for the model itself, if it is given.
    """

    def __init__(self, net, loss=None, forward: Callable | None = None):
        self.net, self.forward = net, forward or net
        self.loss = nn.CrossEntropyLoss() if loss is None else loss

    def __call__(self, X: Tensor, Y: Tensor, state):
        outputs, state = self.forward(X, state)
        labels = Y.T.reshape(-1).long()  # (T * B,), in the order of the outputs
        mean_loss = self.loss(outputs, labels).mean()
        params = parameters_of(self.net)
        for param in params:
            param.grad = None
        mean_loss.backward()
        gradients = [param.grad for param in params if param.grad is not None]
        return mean_loss.detach(), state, gradients


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def perplexity(cross_entropy: float) -> float:
    """exp(cross_entropy), with the cross-entropy in nats per token.

    1 for a model that is always sure and right, the size of the vocabulary for one
    that guesses evenly. Infinite, rather than an OverflowError, where the cross-entropy
    is infinite, not a number, or too large for exp.
    """
    try:
        value = math.exp(cross_entropy)
    except OverflowError:
        return math.inf
    return math.inf if math.isnan(value) else value
