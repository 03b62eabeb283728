"""A training run that can be interrupted, and goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from d2l_rnn.checks.copying import NotCopied
from d2l_rnn.interrupts import held_back
from d2l_rnn.parameters import all_parameters
from d2l_rnn.progress import EpochTally, Progress
from d2l_rnn.rnn import Model


class How(Protocol):
    """How a run trains for an epoch: `training` has the one implementation."""

    def steps(self, tally: EpochTally) -> Iterator[None]:
        """An epoch, step by step."""

    def surroundings(self) -> AbstractContextManager:
        """A context for the steps."""

    def record(self, tally: EpochTally) -> Progress:
        """The record of an epoch."""

    def check_form(self) -> None:
        """Raises ValueError if the model has changed in more than its numbers."""


class Run(NotCopied, Iterator):
    """A training run: each `next` trains for an epoch, and returns its record.

    An interruption, by Ctrl-C or an exception of `check`, comes between minibatches and
    ends nothing: the model is as the last minibatch has left it, and the next `next`
    goes on with the epoch, to the record that it would have had. Any other error ends
    the run, as `close` does.
    """

    def __init__(
        self, how: How, tallies: Iterator[EpochTally], check: Callable[[], None]
    ):
        self._how, self._tallies, self._check = how, tallies, check
        self._steps: Iterator[None] | None = None  # of the epoch that has begun
        self._record: Progress | None = None  # that has not been returned yet

    def __next__(self) -> Progress:
        if self._record is None:
            self._how.check_form()
            with held_back() as let_through:
                self._record = self._epoch(let_through)
        record, self._record = self._record, None
        return record

    def _epoch(self, let_through: Callable[[], None]) -> Progress:
        if self._steps is None:
            self._tally = next(self._tallies)
            self._steps = self._how.steps(self._tally)
        with self._how.surroundings():
            self._take_steps(let_through)
        try:
            record = self._how.record(self._tally)
        except Exception:
            self.close()
            raise
        self._steps = None
        if record.diverged:
            self.close()
        return record

    def close(self) -> None:
        """End the run: there are no more records."""
        self._tallies, self._steps = iter(()), None

    def _take_steps(self, let_through: Callable[[], None]) -> None:
        try:
            for _ in self._tally.timing(self._steps):
                self._pause()
                let_through()
        except BaseException:
            if self._steps and self._steps.gi_frame is None:  # it came from a step
                self.close()
            raise

    def _pause(self) -> None:
        call(self._check)
        self._how.check_form()


def call(check: Callable[[], None]) -> None:
    """Call what a reader wants called between minibatches.

    Raises ValueError if it raises StopIteration, which `for` would take for the end of
    the run, and as `check` does.
    """
    try:
        check()
    except StopIteration as error:
        raise ValueError("check must not raise StopIteration") from error


def form_of(net: Model) -> list:
    """All of a model but its numbers: what a run must find unchanged when it goes on.

    Raises ValueError if `net` is no model.
    """
    params = all_parameters(net)
    own = [(id(each), each.requires_grad, each.dtype, each.device) for each in params]
    return [*own, getattr(net, "forward_fn", None)]
