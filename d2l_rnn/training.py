"""Training: one epoch, many epochs, and the perplexity of text that is held out.

A training run is a plain iterator of progress records. Whoever consumes it decides
what to do with them: print, plot, feed a progress bar, wait, or stop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn

from d2l_rnn.batching import SequenceLoader
from d2l_rnn.checks import integer, positive
from d2l_rnn.clipping import project
from d2l_rnn.engine import Engine
from d2l_rnn.gradients import backpropagation, way_of
from d2l_rnn.progress import EpochTally, History, Progress, perplexity
from d2l_rnn.rnn import (
    Device,
    Model,
    RNNModelScratch,
    detach,
    device_of,
    init_rnn_state,
    parameters_of,
    reading,
)
from d2l_rnn.threads import suited_to

__all__ = [
    "SGD", "History", "Progress", "evaluate", "perplexity", "train", "train_epoch",
]  # fmt: skip


def train(
    net: Model,
    minibatches: Iterable,
    lr: float | None,
    num_epochs: int,
    theta: float | None = 1.0,
    device: Device = None,
    use_random_iter: bool | None = None,
    optimizer: torch.optim.Optimizer | Callable | None = None,
    loss: Callable | None = None,
    backpropagate: Callable | str | None = None,
    num_threads: int | None = None,
    held_out: Iterable | None = None,
) -> Iterator[Progress]:
    """Train epoch by epoch; yield a `Progress` record after each.

    The arguments are those of `train_epoch`. `minibatches` can be iterated once an
    epoch, like a `SequenceLoader`, and so can `held_out`, which nothing is learned
    from: each record has the perplexity on it, as `evaluate` measures it. The run ends
    early, with a record that says so, if it diverges.

    A run uses at most `torch.get_num_threads()` threads and gives the number back;
    `num_threads` fixes it. Without it, a run takes fewer where more are not worth it.

    Raises ValueError for a theta or number of threads that is not greater than 0, a
    negative number of epochs, minibatches that can be iterated only once, and what
    `train_epoch` refuses.
    """
    integer("num_epochs", num_epochs, at_least=0)
    if num_epochs > 1:
        _repeatable("minibatches", minibatches)
        _repeatable("held_out", held_out)
    if num_threads is not None:
        integer("num_threads", num_threads, at_least=1)
    if theta is not None:
        positive("theta", theta)
    optimizer = _optimizer(net, lr, optimizer)
    backpropagate = backpropagation(net, loss, backpropagate)
    size = getattr(net, "num_hiddens", 0)

    def one_epoch(epoch: int) -> Progress:
        if _is_all_in_c(net, optimizer, backpropagate):
            return _epoch_in_c(
                net, minibatches, optimizer.lr, theta, use_random_iter, backpropagate,
                epoch, num_threads,
            )  # fmt: skip
        with suited_to(size, num_threads):
            return train_epoch(
                net, minibatches, None, theta, device, use_random_iter, optimizer,
                backpropagate=backpropagate, epoch=epoch,
            )  # fmt: skip

    def held_out_perplexity() -> float:
        with suited_to(size, num_threads):
            return evaluate(net, held_out, device, use_random_iter, loss)

    measure = None if held_out is None else held_out_perplexity
    return _epochs(num_epochs, one_epoch, measure)


def _epochs(
    num_epochs: int,
    one_epoch: Callable[[int], Progress],
    measure: Callable[[], float] | None,
) -> Iterator[Progress]:
    """The records of a run, up to one that has diverged."""
    for epoch in range(1, num_epochs + 1):
        record = one_epoch(epoch)
        if measure is not None and not record.diverged:
            record = replace(record, held_out_perplexity=measure())
        yield record
        if record.diverged:
            return


def train_epoch(
    net: Model,
    minibatches: Iterable,
    lr: float | None = None,
    theta: float | None = 1.0,
    device: Device = None,
    use_random_iter: bool | None = None,
    optimizer: torch.optim.Optimizer | Callable | None = None,
    loss: Callable | None = None,
    backpropagate: Callable | str | None = None,
    epoch: int = 1,
) -> Progress:
    """Train a model of `d2l_rnn.rnn` on each minibatch (X, Y) once, shape (B, T) each.

    With random sampling the state begins anew for each minibatch; with sequential
    partitioning it is carried along, detached. `minibatches` says by its own
    `use_random_iter` how it samples, unless that is given here.

    The gradient is clipped to `theta`; None leaves it alone. `optimizer` is a class of
    `torch.optim`, which is made with the model's parameters and the learning rate `lr`,
    or an optimizer that is made already, with no `lr` beside it; without it, it is
    `SGD`. `loss` and `backpropagate` say how the gradient is computed, as in
    `gradients.backpropagation`.

    The epoch ends early at a gradient that is not finite: a step along it would destroy
    the parameters.

    Raises ValueError for a learning rate or theta that is not greater than 0, two
    learning rates or two losses, a way that cannot train this model, and if there is no
    minibatch at all.
    """
    optimizer = _optimizer(net, lr, optimizer)
    backpropagate = backpropagation(net, loss, backpropagate)
    device = device_of(net) if device is None else device
    is_random = _samples_at_random(minibatches, use_random_iter)
    state, tally = None, EpochTally(epoch, theta)
    for X, Y in minibatches:
        if state is None or is_random:
            state = net.begin_state(batch_size=X.shape[0], device=device)
        else:
            state = detach(state)
        mean_loss, state, g = backpropagate(X.to(device), Y.to(device), state)
        norm = project(g, theta)
        if math.isfinite(norm):
            optimizer.step()
        tally.add(mean_loss.item(), Y.numel(), norm)
        if tally.diverged:
            break
    return tally.progress(backpropagate)


def evaluate(
    net: Model,
    minibatches: Iterable,
    device: Device = None,
    use_random_iter: bool | None = None,
    loss: Callable | None = None,
) -> float:
    """The perplexity of a model on minibatches (X, Y), of which it learns nothing.

    The state is carried or begins anew as in `train_epoch`. A `SequenceLoader` is read
    in order from its first token on, so that the same text is measured each time and no
    random number is drawn. No gradient is computed, and dropout is off.

    Raises ValueError if there is no minibatch.
    """
    device = device_of(net) if device is None else device
    is_random = _samples_at_random(minibatches, use_random_iter)
    if isinstance(minibatches, SequenceLoader):
        minibatches = minibatches.in_order()
    tally = EpochTally(epoch=0, theta=None)
    with reading(net):
        for mean_loss, size in _losses(net, minibatches, is_random, device, loss):
            tally.add(mean_loss, size)
    return tally.perplexity


def _losses(net, minibatches, is_random, device, loss) -> Iterator[tuple[float, int]]:
    """The mean loss of each minibatch, and its size."""
    if way_of(net, loss) == "engine":
        yield from Engine(net.params).measure(minibatches, net.begin_state, is_random)
        return
    state, loss = None, nn.CrossEntropyLoss() if loss is None else loss
    for X, Y in minibatches:
        if state is None or is_random:
            state = net.begin_state(batch_size=X.shape[0], device=device)
        outputs, state = net(X.to(device), state)  # (T * B, V)
        labels = Y.to(device).T.reshape(-1).long()  # (T * B,)
        yield loss(outputs, labels).mean().item(), Y.numel()


def _samples_at_random(minibatches: Iterable, use_random_iter: bool | None) -> bool:
    """What the caller says, or else the minibatches themselves."""
    if use_random_iter is None:
        return getattr(minibatches, "use_random_iter", False)
    return use_random_iter


def _repeatable(name: str, minibatches: Iterable | None) -> None:
    if isinstance(minibatches, Iterator):
        raise ValueError(
            f"{name} must be iterable once an epoch, like a SequenceLoader or a list; "
            f"a {type(minibatches).__name__} can be iterated only once"
        )


def _optimizer(net, lr: float | None, optimizer):
    """One that is made already, or one made with the parameters and `lr`."""
    if hasattr(optimizer, "step") and not isinstance(optimizer, type):
        if lr is None:
            return optimizer
        raise ValueError(
            "lr must be None where optimizer is made already, which has a learning "
            f"rate of its own, got {lr!r}"
        )
    lr = positive("lr", lr, at_most=torch.finfo(torch.float32).max)
    return (optimizer or SGD)(parameters_of(net), lr)


class SGD:
    """Stochastic gradient descent, param ← param - lr · gradient, and nothing else.

    What `torch.optim.SGD` does, without the time that its many options take: for a
    small model that is as much as a product.
    """

    def __init__(self, params: Iterable[Tensor], lr: float):
        self.params, self.lr = list(params), lr

    @torch.no_grad()
    def step(self) -> None:
        """Change the parameters that have a gradient."""
        for param in self.params:
            if param.grad is not None:
                param.add_(param.grad, alpha=-self.lr)


def _is_all_in_c(net, optimizer, backpropagate: Callable) -> bool:
    """True if the engine can do all that `train_epoch` does with a minibatch."""
    return (
        isinstance(backpropagate, Engine)
        and type(optimizer) is SGD
        and list(map(id, optimizer.params)) == list(map(id, net.params))
        and type(net).begin_state is RNNModelScratch.begin_state
        and net.init_state is init_rnn_state
    )


def _epoch_in_c(
    net, minibatches, lr, theta, use_random_iter, engine: Engine, epoch, num_threads
) -> Progress:
    """`train_epoch` by the engine, which takes many minibatches in a call."""
    is_random = _samples_at_random(minibatches, use_random_iter)
    tally = EpochTally(epoch, theta)
    for step in engine.learn(
        minibatches, net.begin_state, lr, theta, is_random, num_threads
    ):
        tally.add(*step)
    return tally.progress(engine)
