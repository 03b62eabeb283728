"""Perplexity, the record of an epoch of training, and a run's records in order."""

from __future__ import annotations

import math
import numbers
import operator
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from d2l_rnn import checks

ROUNDING = 1e-6  # how far below 0 a loss of 0 may come out in float32


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
    theta              the length that gradients were cut to; None if they were not
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
    theta: float | None = None

    def __str__(self) -> str:
        if self.diverged:
            other = "clip the gradient" if self.theta is None else "a smaller theta"
            return (
                f"diverged at epoch {self.epoch}: "
                f"try a smaller learning rate or {other}"
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

    Raises ValueError for a column if there is something else in it than records.
    """

    def __getattr__(self, name: str) -> list:
        if name not in Progress.__dataclass_fields__:
            raise AttributeError(f"Progress has no field {name!r}")
        for record in self:
            if not hasattr(record, name):
                raise ValueError(
                    "a history must hold records of the type Progress, got "
                    f"{checks.shown(record)}"
                )
        return [getattr(record, name) for record in self]

    def __getitem__(self, index):
        try:
            found = super().__getitem__(index)
        except RuntimeError as error:  # of a tensor without a number
            raise ValueError(f"index must be an integer: {error}") from None
        return History(found) if isinstance(index, slice) else found

    def copy(self) -> History:
        """The same records, in another list."""
        return History(self)

    def __add__(self, later: list) -> History:
        return History(super().__add__(later))

    @property
    def best(self) -> Progress:
        """The record with the lowest perplexity; one that is NaN is the highest.

        Raises ValueError if there is no record yet, or something else among them.
        """
        if not self:
            raise ValueError("a history without a record has no best one")
        ranks = [(math.isnan(each), each) for each in self.perplexity]
        return self[ranks.index(min(ranks))]


class EpochTally:
    """Adds up the minibatches of an epoch, and makes its record.

    `theta` is the radius that gradients are clipped to; None: they are not clipped.

    Raises ValueError if theta is not greater than 0, or `epoch` is not at least 1.
    """

    def __init__(self, epoch: int, theta: float | None):
        self.epoch = checks.integer("epoch", epoch, 1)
        self.theta = None if theta is None else checks.positive("theta", theta)
        self.radius = math.inf if theta is None else self.theta
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

        Raises ValueError if one of them is negative or no number, or for no tokens.
        """
        mean_loss, norm = _measured("mean_loss", mean_loss), _measured("norm", norm)
        self.sizes.append(checks.integer("num_tokens", num_tokens, 1))
        self.losses.append(mean_loss)
        if math.isfinite(norm):
            self.norms.append(norm)
        else:
            self.diverged = True

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
            tokens_per_second=sum(self.sizes) / (self.seconds or math.nan),
            gradient_norm=_mean(self.norms),
            clipped_fraction=_mean([norm > self.radius for norm in self.norms]),
            diverged=diverged,
            clipped_norm=_mean([min(norm, self.radius) for norm in self.norms]),
            state_gradient_norms=tuple(
                backpropagate.state_gradient_norms().tolist() if keeps else ()
            ),
            theta=self.theta,
        )


_END = object()


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def perplexity(cross_entropy: float) -> float:
    """exp(cross_entropy), with the cross-entropy in nats per token.

    1 for a model that is always sure and right, the size of the vocabulary for one
    that guesses uniformly. Infinite, rather than an OverflowError, where the
    cross-entropy is infinite, not a number, or too large for exp.

    Raises ValueError for a negative one, unless it is so by rounding alone.
    """
    nats = _measured("cross_entropy", cross_entropy)
    try:
        return math.inf if math.isnan(nats) else math.exp(nats)
    except OverflowError:
        return math.inf


def _measured(name: str, value: object) -> float:
    """Return a number, or a 0-d array's: NaN, or at least 0 but for rounding.

    One that is too large for a float is infinite.
    """
    try:
        number = value.item() if hasattr(value, "item") else value
    except (TypeError, ValueError, RuntimeError):  # more than one number, or none
        number = None
    is_real = isinstance(number, numbers.Real) and not isinstance(number, bool)
    if not is_real or number < -ROUNDING:
        raise ValueError(
            f"{name} must be a number of at least 0, got {checks.shown(value)}"
        )
    try:
        return float(number)
    except OverflowError:
        return math.inf
