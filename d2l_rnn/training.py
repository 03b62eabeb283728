"""Training: an epoch, and a run of many epochs.

`_train_steps` is the loop. By default `train` leaves the loop of a scratch RNN to the
engine, which does the same in C (`_steps_in_c`).

A run is an iterator of progress records. Whoever consumes it decides what to do with
them: print, plot, feed a progress bar, wait, or stop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace

import torch

from d2l_rnn import threads
from d2l_rnn.batching import SequenceLoader
from d2l_rnn.bptt import exactly
from d2l_rnn.checks import integer, positive
from d2l_rnn.checks.signatures import called_with
from d2l_rnn.checks.tensors import Device, pairs
from d2l_rnn.clipping import project
from d2l_rnn.engine import Engine
from d2l_rnn.evaluating import check_source, evaluate, samples_at_random
from d2l_rnn.gradients import backpropagation
from d2l_rnn.interrupts import held_back
from d2l_rnn.optimizers import SGD, optimizer_of
from d2l_rnn.parameters import own_device
from d2l_rnn.progress import EpochTally, History, Progress, perplexity
from d2l_rnn.rnn import Model, RNNModelScratch, detach, init_rnn_state
from d2l_rnn.runs import Run, form_of

__all__ = [
    "SGD", "History", "Progress", "Run", "evaluate", "perplexity", "train",
    "train_epoch",
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
    epochs_done: int = 0,
    check: Callable[[], None] = lambda: None,
) -> Run:
    """Train epoch by epoch: an iterator that yields a `Progress` record after each.

    The arguments are those of `train_epoch`. `minibatches` can be iterated once an
    epoch, like a `SequenceLoader`, and so can `held_out`, which nothing is learned
    from: each record has the perplexity on it, as `evaluate` measures it. The run ends
    early, with a record that says so, if it diverges.

    After Ctrl-C a run continues where it stopped, once it is asked for its next record.
    So it does after an exception raised by `check`, which is called between minibatches
    and may also wait. To continue a finished run, perhaps with a saved model, give the
    number of `epochs_done`, and the `optimizer` if it remembers anything, as Adam does:
    it is trained for `num_epochs` more.
    A `SequenceLoader` that has begun fewer epochs skips what they would have drawn.

    A run uses at most `torch.get_num_threads()` threads and restores that number;
    `num_threads` fixes it. Without it, a run takes fewer where more are not worth it.
    The engine's own threads stay for the next run, and use no time meanwhile.

    Raises ValueError for a number of threads that is not from 1 to `threads.MOST`, a
    negative number of epochs, minibatches or `held_out` that can be iterated only once
    (unless there is only one epoch), and what `train_epoch` refuses.
    """
    num_epochs = integer("num_epochs", num_epochs, at_least=0)
    epochs_done = integer("epochs_done", epochs_done, at_least=0)
    if num_threads is not None:
        integer("num_threads", num_threads, 1, threads.MOST)
    check_source("minibatches", minibatches, num_epochs, net)
    if held_out is not None:
        check_source("held_out", held_out, num_epochs, net)
    if theta is not None:
        positive("theta", theta)
    called_with(check=check)
    how = _How(
        net, minibatches, optimizer_of(net, lr, optimizer),
        backpropagation(net, loss, backpropagate),
        samples_at_random(minibatches, use_random_iter), own_device(net, device),
        num_threads, held_out, loss, form_of(net),
    )  # fmt: skip
    if isinstance(minibatches, SequenceLoader):
        minibatches.skip(max(0, epochs_done - minibatches.num_begun))
    numbers = range(epochs_done + 1, epochs_done + num_epochs + 1)
    return Run(how, (EpochTally(number, theta) for number in numbers), check)


@dataclass(frozen=True)
class _How:
    """What the epochs of a run are trained with, and how: in C if possible."""

    net: Model
    minibatches: Iterable
    optimizer: torch.optim.Optimizer | SGD
    backpropagate: Callable
    is_random: bool
    device: torch.device
    num_threads: int | None
    held_out: Iterable | None
    loss: Callable | None
    form: list  # of the model, which the others were made for

    def check_form(self) -> None:
        """Raises ValueError if the model has changed in more than its numbers."""
        if form_of(self.net) != self.form:
            raise ValueError(
                "net must keep its parameters, frozen or not, while a run goes on: "
                "begin another, with epochs_done"
            )

    def steps(self, tally: EpochTally) -> Iterator[None]:
        """An epoch, step by step."""
        in_c = self.is_all_in_c()  # the default for a scratch RNN and SGD
        train, last = (
            (_steps_in_c, self.num_threads) if in_c else (_train_steps, self.device)
        )
        return train(
            self.net, self.minibatches, tally, self.optimizer, self.backpropagate,
            self.is_random, last,
        )  # fmt: skip

    def surroundings(self) -> AbstractContextManager:
        """A context for the steps; the engine needs none."""
        return nullcontext() if self.is_all_in_c() else self._exactly()

    @contextmanager
    def _exactly(self) -> Iterator[None]:
        with threads.suited_to(self.net, self.num_threads), exactly(self.device):
            yield

    def record(self, tally: EpochTally) -> Progress:
        """The record of an epoch, with the perplexity on the held-out text."""
        record = tally.progress(self.backpropagate)
        if self.held_out is None or record.diverged:
            return record
        with self._exactly():
            measured = evaluate(self.net, self.held_out, loss=self.loss)
        return replace(record, held_out_perplexity=measured)

    def is_all_in_c(self) -> bool:
        """True if the engine can do all that `_train_steps` does with a minibatch."""
        net, begin_state = self.net, getattr(self.net.begin_state, "__func__", None)
        return (
            isinstance(self.backpropagate, Engine)
            and type(self.optimizer) is SGD  # of exactly these parameters
            and list(map(id, self.optimizer.params)) == list(map(id, net.params))
            and begin_state is RNNModelScratch.begin_state  # and with zeros
            and net.init_state is init_rnn_state
        )


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
    `gradients.backpropagation`. `device` is that of the model. Under `torch.autocast`
    the numbers are the same: it is switched off meanwhile.

    The epoch ends early at a gradient that is not finite: a step along it would destroy
    the parameters.

    Raises ValueError for a learning rate or theta that is not greater than 0, an
    optimizer that has its own learning rate beside `lr` or cannot train this model, two
    losses, a `backpropagate` that cannot train this model, another device than the
    model's, a minibatch that is no pair of tokens and labels, and if there is none.
    """
    tally = EpochTally(epoch, theta)
    check_source("minibatches", minibatches, num_epochs=1, net=net)
    optimizer = optimizer_of(net, lr, optimizer)
    backpropagate = backpropagation(net, loss, backpropagate)
    device = own_device(net, device)
    is_random = samples_at_random(minibatches, use_random_iter)
    steps = _train_steps(
        net, minibatches, tally, optimizer, backpropagate, is_random, device
    )
    with held_back() as let_through, exactly(device):
        for _ in tally.timing(steps):
            let_through()
        return tally.progress(backpropagate)


def _train_steps(
    net: Model,
    minibatches: Iterable,
    tally: EpochTally,
    optimizer: torch.optim.Optimizer | SGD,
    backpropagate: Callable,
    is_random: bool,
    device: Device = None,
) -> Iterator[None]:
    """The loop of `train_epoch`: yields after each minibatch, which `tally` counts."""
    state = None
    for X, Y in pairs(minibatches, carries_state=not is_random):
        if state is None or is_random:
            state = net.begin_state(batch_size=X.shape[0], device=device)
        else:
            state = detach(state)
        mean_loss, state, gradients = backpropagate(X.to(device), Y.to(device), state)
        norm = project(gradients, tally.theta)  # in place: they are the `grad`s
        if math.isfinite(norm):
            optimizer.step()
        tally.add(mean_loss.item(), Y.numel(), norm)
        yield
        if tally.diverged:
            return


def _steps_in_c(
    net, minibatches, tally, optimizer, engine: Engine, is_random, num_threads
) -> Iterator[None]:
    """`_train_steps` by the engine, which takes many minibatches in a call.

    In rnn.c `forward` and `hand_on` are about the state, `update` clips and steps.
    """
    for call in engine.learn(
        minibatches,
        net.begin_state,
        optimizer.lr,
        tally.theta,
        fresh=is_random,
        num_threads=num_threads,
    ):
        for step in call:
            tally.add(*step)
        yield
