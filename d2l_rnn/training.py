"""Training: one epoch, many epochs, and the perplexity of text that is held out.

`train_epoch` is the loop. By default `train` leaves the loop of a scratch RNN to the
engine, which does the same in C (`_epoch_in_c`).

A training run is a plain iterator of progress records. Whoever consumes it decides
what to do with them: print, plot, feed a progress bar, wait, or stop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import torch
from torch import nn

from d2l_rnn import threads
from d2l_rnn.batching import SequenceLoader
from d2l_rnn.checks import integer, positive
from d2l_rnn.clipping import project
from d2l_rnn.engine import Engine
from d2l_rnn.gradients import backpropagation, labels_of, way_of
from d2l_rnn.optimizers import SGD, optimizer_of
from d2l_rnn.progress import EpochTally, History, Progress, perplexity
from d2l_rnn.rnn import (
    Device,
    Model,
    RNNModelScratch,
    detach,
    device_of,
    init_rnn_state,
    reading,
)

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

    A run uses at most `torch.get_num_threads()` threads and restores that number;
    `num_threads` fixes it. Without it, a run takes fewer where more are not worth it.

    Raises ValueError for a number of threads that is not from 1 to `threads.MOST`, a
    negative number of epochs, minibatches or `held_out` that can be iterated only once
    (unless there is only one epoch), and what `train_epoch` refuses.
    """
    if integer("num_epochs", num_epochs, at_least=0) > 1:
        _repeatable(minibatches=minibatches, held_out=held_out)
    if num_threads is not None:
        integer("num_threads", num_threads, 1, threads.MOST)
    if theta is not None:
        positive("theta", theta)
    optimizer = optimizer_of(net, lr, optimizer)
    backpropagate = backpropagation(net, loss, backpropagate)
    device = _device(net, device)

    def one_epoch(epoch: int) -> Progress:
        if _is_all_in_c(net, optimizer, backpropagate):  # the default, scratch and SGD
            return _epoch_in_c(
                net, minibatches, optimizer.lr, theta, use_random_iter,
                engine=backpropagate, epoch=epoch, num_threads=num_threads,
            )  # fmt: skip
        with threads.suited_to(net, num_threads):
            return train_epoch(
                net, minibatches, lr=None, theta=theta, device=device,
                use_random_iter=use_random_iter, optimizer=optimizer,
                backpropagate=backpropagate, epoch=epoch,
            )  # fmt: skip

    def held_out_perplexity() -> float:
        if held_out is None:
            return math.nan
        with threads.suited_to(net, num_threads):
            return evaluate(net, held_out, loss=loss)

    return _epochs(num_epochs, one_epoch, held_out_perplexity)


def _epochs(
    num_epochs: int,
    one_epoch: Callable[[int], Progress],
    held_out_perplexity: Callable[[], float],
) -> Iterator[Progress]:
    """The records of a run, up to one that has diverged.

    Separate from `train`, which must check its arguments at once: a generator runs
    nothing until its first record is asked for.
    """
    for epoch in range(1, num_epochs + 1):
        record = one_epoch(epoch)
        if not record.diverged:
            record = replace(record, held_out_perplexity=held_out_perplexity())
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
    partitioning it is carried along, detached. If `use_random_iter` is None it is taken
    from `minibatches`; those that do not say, such as a list, count as sequential.

    The gradient is clipped to `theta`; None leaves it alone. `optimizer` is a class of
    `torch.optim`, which is called with the model's parameters and the learning rate
    `lr`, or an existing optimizer, in which case `lr` must be None. The default is
    `SGD`. `loss` and `backpropagate` say how the gradient is computed, as in
    `gradients.backpropagation`. `device` is that of the model.

    The epoch ends early at a gradient that is not finite: a step along it would destroy
    the parameters.

    Raises ValueError for a learning rate or theta that is not greater than 0, an
    optimizer that has its own learning rate beside `lr`, two losses, a `backpropagate`
    that cannot train this model, another device than the model's, and if there is no
    minibatch.
    """
    optimizer = optimizer_of(net, lr, optimizer)
    backpropagate = backpropagation(net, loss, backpropagate)
    device = _device(net, device)
    is_random = _samples_at_random(minibatches, use_random_iter)
    state, tally = None, EpochTally(epoch, theta)
    for X, Y in minibatches:
        if state is None or is_random:
            state = net.begin_state(batch_size=X.shape[0], device=device)
        else:
            state = detach(state)
        mean_loss, state, gradients = backpropagate(X.to(device), Y.to(device), state)
        norm = project(gradients, theta)  # in place: they share memory with param.grad
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

    A `SequenceLoader` is read in order from its first token on and the state carried,
    so that the same text is measured each time and no random number is drawn. With
    other minibatches the state is carried or begins anew as in `train_epoch`. No
    gradient is computed, and dropout is off.

    Raises ValueError if there is no minibatch, or for another device than the model's.
    """
    device = _device(net, device)
    is_random = _samples_at_random(minibatches, use_random_iter)
    if isinstance(minibatches, SequenceLoader):
        minibatches, is_random = minibatches.in_order(), False
    total, num_tokens = 0.0, 0
    with reading(net):
        for mean_loss, size in _losses(net, minibatches, is_random, device, loss):
            total, num_tokens = total + mean_loss * size, num_tokens + size
    if not num_tokens:
        raise ValueError("minibatches must yield at least one minibatch, got none")
    return perplexity(total / num_tokens)


def _losses(net, minibatches, is_random, device, loss) -> Iterator[tuple[float, int]]:
    """The mean loss of each minibatch, and its size."""
    if way_of(net, loss) == "engine":
        yield from Engine(net.params).measure(minibatches, net.begin_state, is_random)
        return
    loss = nn.CrossEntropyLoss() if loss is None else loss
    state = None  # no need to detach it: `reading` keeps no graph
    for X, Y in minibatches:
        if state is None or is_random:
            state = net.begin_state(batch_size=X.shape[0], device=device)
        outputs, state = net(X.to(device), state)  # (T * B, V)
        yield loss(outputs, labels_of(X, Y.to(device))).mean().item(), Y.numel()


def _samples_at_random(minibatches: Iterable, use_random_iter: bool | None) -> bool:
    """`use_random_iter`, or if that is None the minibatches' own."""
    if use_random_iter is None:
        return getattr(minibatches, "use_random_iter", False)
    return use_random_iter


def _repeatable(**arguments: Iterable | None) -> None:
    """Raises ValueError for one that can be iterated only once."""
    for name, minibatches in arguments.items():
        if isinstance(minibatches, Iterator):
            raise ValueError(
                f"{name} must be iterable once an epoch, like a SequenceLoader or a "
                f"list; a {type(minibatches).__name__} can be iterated only once"
            )


def _device(net, device) -> torch.device:
    """The model's device; no other is allowed."""
    own = device_of(net)
    try:
        asked = own if device is None else torch.device(device)
    except (RuntimeError, TypeError):
        asked = None
    if asked is None or asked.type != own.type or asked.index not in (None, own.index):
        raise ValueError(f"device must be the model's, {str(own)!r}, got {device!r}")
    return own


def _is_all_in_c(net, optimizer, backpropagate: Callable) -> bool:
    """True if the engine can do all that `train_epoch` does with a minibatch."""
    return (
        isinstance(backpropagate, Engine)
        and type(optimizer) is SGD  # of exactly these parameters
        and list(map(id, optimizer.params)) == list(map(id, net.params))
        # and the state begins with zeros
        and getattr(net.begin_state, "__func__", None) is RNNModelScratch.begin_state
        and net.init_state is init_rnn_state
    )


def _epoch_in_c(
    net, minibatches, lr, theta, use_random_iter, engine: Engine, epoch, num_threads
) -> Progress:
    """`train_epoch` by the engine, which takes many minibatches in a call.

    In rnn.c `forward` and `hand_on` are about the state, `update` clips and steps.
    """
    is_random = _samples_at_random(minibatches, use_random_iter)
    tally = EpochTally(epoch, theta)
    for step in engine.learn(
        minibatches,
        net.begin_state,
        lr,
        theta,
        fresh=is_random,
        num_threads=num_threads,
    ):
        tally.add(*step)
    return tally.progress(engine)
