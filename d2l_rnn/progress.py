"""Perplexity, the record of an epoch of training, and a run's records in order."""

from __future__ import annotations

import math
import operator
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from d2l_rnn.checks import positive


@dataclass(frozen=True)
class Progress:
    """The results of one epoch of training.

    epoch              from 1
    perplexity         exp of the mean cross-entropy (nats per token) over the epoch,
                       measured while training; infinite if the run diverged
    tokens_per_second  trained on, wall-clock time without pauses
    gradient_norm      mean over the minibatches of ‖g‖, before clipping
    clipped_fraction   share of the minibatches whose gradient was longer than theta
    diverged           True if a gradient was not finite, which ends the epoch early, or
                       the perplexity is too large for a number
    clipped_norm       mean over the minibatches of ‖g‖, after clipping
    state_gradient_norms  ‖dL/dH_t‖ for t = 1 … T in the last minibatch; empty at a
                       gradient that is not finite, and where autograd computes the
                       gradients
    held_out_perplexity  that of text which is not trained on, at the end of the epoch;
                       NaN where it was not measured
    """

    epoch: int
    perplexity: float
    tokens_per_second: float
    gradient_norm: float
    clipped_fraction: float
    diverged: bool = False
    clipped_norm: float = math.nan
    state_gradient_norms: tuple[float, ...] = ()
    held_out_perplexity: float = math.nan

    def __str__(self) -> str:
        if self.diverged:
            return (
                f"diverged at epoch {self.epoch}: "
                "try a smaller learning rate or a smaller theta"
            )
        held_out = "" if math.isnan(self.held_out_perplexity) else (
            f" (held out: {self.held_out_perplexity:.4g})"
        )  # fmt: skip
        return (
            f"epoch {self.epoch}: perplexity {self.perplexity:.4g}{held_out}, "
            f"{self.tokens_per_second:,.0f} tokens/s, "
            f"gradient norm {self.gradient_norm:.2g}, "
            f"clipped {self.clipped_fraction:.0%}"
        )


class History(list):
    """The progress records of a run, in order, and their columns as lists.

    `history.perplexity`, `history.gradient_norm` … any field of `Progress`. A slice of
    a history is a history, too.
    """

    def __getattr__(self, name: str) -> list:
        if name not in Progress.__dataclass_fields__:
            raise AttributeError(f"Progress has no field {name!r}")
        return [getattr(record, name) for record in self]

    def __getitem__(self, index):
        found = super().__getitem__(index)
        return History(found) if isinstance(index, slice) else found

    def copy(self) -> History:
        """The same records, in another list."""
        return History(self)

    def __add__(self, later: list) -> History:
        return History(super().__add__(later))

    @property
    def best(self) -> Progress:
        """The record with the lowest perplexity.

        Raises ValueError if there is no record yet.
        """
        return min(self, key=lambda record: record.perplexity)


class EpochTally:
    """Adds up the minibatches of an epoch, and makes its record.

    `theta` is the radius that gradients are clipped to; None: they are not clipped.

    Raises ValueError if theta is not greater than 0.
    """

    def __init__(self, epoch: int, theta: float | None):
        if theta is not None:
            positive("theta", theta)
        self.epoch, self.theta = epoch, theta
        self.radius = math.inf if theta is None else theta
        self.losses, self.sizes, self.norms = [], [], []
        self.diverged, self.seconds = False, 0.0

    def timing(self, steps: Iterator) -> Iterator:
        """Go through the steps of an epoch, and add up the seconds that they take.

        What is done between them does not count: a pause, another run.
        """
        while True:
            began = time.perf_counter()
            step = next(steps, _END)
            self.seconds += time.perf_counter() - began
            if step is _END:
                return
            yield step

    def add(self, mean_loss: float, num_tokens: int, norm: float) -> None:
        """Count a minibatch: its loss in nats per token, its size, and ‖g‖.

        A norm that is not finite is a divergence, and does not enter the means.
        """
        self.losses.append(mean_loss)
        self.sizes.append(num_tokens)
        self.diverged = not math.isfinite(norm)
        if not self.diverged:
            self.norms.append(norm)

    @property
    def perplexity(self) -> float:
        """The perplexity of all tokens together.

        Raises ValueError if there was no minibatch.
        """
        if not self.sizes:
            raise ValueError("minibatches must yield at least one minibatch, got none")
        total = sum(map(operator.mul, self.losses, self.sizes))
        return perplexity(total / sum(self.sizes))

    def progress(self, backpropagate: Callable) -> Progress:
        """The record, with the gradients of the states that `backpropagate` keeps.

        Raises ValueError if there was no minibatch.
        """
        diverged = self.diverged or math.isinf(self.perplexity)
        keeps = hasattr(backpropagate, "state_gradient_norms") and not self.diverged
        return Progress(
            self.epoch,
            perplexity=math.inf if diverged else self.perplexity,
            tokens_per_second=sum(self.sizes) / self.seconds,
            gradient_norm=_mean(self.norms),
            clipped_fraction=_mean([norm > self.radius for norm in self.norms]),
            diverged=diverged,
            clipped_norm=_mean([min(norm, self.radius) for norm in self.norms]),
            state_gradient_norms=tuple(
                backpropagate.state_gradient_norms().tolist() if keeps else ()
            ),
        )


_END = object()


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def perplexity(cross_entropy: float) -> float:
    """exp(cross_entropy), with the cross-entropy in nats per token.

    1 for a model that is always sure and right, the size of the vocabulary for one
    that guesses uniformly. Infinite, rather than an OverflowError, where the
    cross-entropy is infinite, not a number, or too large for exp.
    """
    try:
        value = math.exp(cross_entropy)
    except OverflowError:
        return math.inf
    return math.inf if math.isnan(value) else value
