"""Training: one epoch, many epochs, and what is worth knowing about them.

A training run is a plain iterator of progress records. Whoever consumes it decides
what to do with them: print, plot, feed a progress bar, wait, or stop.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import nn

from d2l_rnn._checks import integer, positive
from d2l_rnn.clipping import clip_gradients
from d2l_rnn.rnn import detach, device_of, parameters_of


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
    """

    epoch: int
    perplexity: float
    tokens_per_second: float
    gradient_norm: float
    clipped_fraction: float
    diverged: bool = False

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
    optimizer: type[torch.optim.Optimizer] = torch.optim.SGD,
) -> Iterator[Progress]:
    """Train epoch by epoch; yield a `Progress` record after each.

    `net` is any model of `d2l_rnn.rnn`; `minibatches` can be iterated once an epoch,
    like a `SequenceLoader`, and says by its `use_random_iter` how it samples, unless
    that is given here. `optimizer` is a class of `torch.optim`, made with the model's
    parameters and the learning rate `lr`. The run ends early, with a record that says
    so, if it diverges.

    Raises ValueError for a learning rate or theta that is not greater than 0, a
    negative number of epochs, or minibatches that can be iterated only once.
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
    if use_random_iter is None:
        use_random_iter = getattr(minibatches, "use_random_iter", False)
    stepper = optimizer(parameters_of(net), lr)

    def epochs():
        for epoch in range(1, num_epochs + 1):
            progress = train_epoch(
                net, minibatches, stepper, theta, device, use_random_iter, epoch=epoch
            )
            yield progress
            if progress.diverged:
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
) -> Progress:
    """Train a model on each minibatch once.

    With random sampling the state begins anew for each minibatch; with sequential
    partitioning it is carried along, detached. `loss` gives the mean, or one value a
    token, in nats; without it, the cross-entropy.

    Raises ValueError if there is no minibatch at all.
    """
    device = device_of(net) if device is None else device
    loss = nn.CrossEntropyLoss() if loss is None else loss
    state, start = None, time.perf_counter()
    total_loss, num_tokens, num_clipped, norms, diverged = 0.0, 0, 0, [], False
    for X, Y in minibatches:
        if state is None or use_random_iter:
            state = net.begin_state(batch_size=X.shape[0], device=device)
        else:
            state = detach(state)
        y = Y.T.reshape(-1).to(device)  # (T * B,), in the order of the outputs
        y_hat, state = net(X.to(device), state)
        mean_loss = loss(y_hat, y.long()).mean()
        optimizer.zero_grad()
        mean_loss.backward()
        total_loss += mean_loss.item() * y.numel()
        num_tokens += y.numel()
        try:
            norms.append(clip_gradients(net, theta))
        except FloatingPointError:
            diverged = True
            break
        num_clipped += theta is not None and norms[-1] > theta
        optimizer.step()
    if num_tokens == 0:
        raise ValueError("minibatches must yield at least one minibatch, got none")
    ppl = perplexity(total_loss / num_tokens)
    diverged = diverged or math.isinf(ppl)
    return Progress(
        epoch,
        math.inf if diverged else ppl,
        num_tokens / (time.perf_counter() - start),
        sum(norms) / len(norms) if norms else math.nan,
        num_clipped / len(norms) if norms else math.nan,
        diverged,
    )


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
