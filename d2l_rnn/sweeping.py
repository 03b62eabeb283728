"""A whole slider at once: many settings of a training run, side by side.

Each setting is a run of its own, on a thread of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import torch
from torch import Tensor

from d2l_rnn import threads, training
from d2l_rnn.batching import SequenceLoader
from d2l_rnn.checks import integer, one_of, positive, shown, truth
from d2l_rnn.checks.copying import NotCopied
from d2l_rnn.checks.signatures import called_with
from d2l_rnn.checks.tensors import Device
from d2l_rnn.interrupts import held_back
from d2l_rnn.progress import Progress
from d2l_rnn.rnn import CELLS, Model, make_model
from d2l_rnn.runs import call

# Seconds between two calls of `check`.
PATIENCE = 0.025


@dataclass(frozen=True)
class Setting:
    """What a run is trained with, but for the text and the number of epochs.

    theta        radius of the ball that the gradient is clipped to; None: no clipping
    lr           learning rate
    seed         of the initial parameters and of the minibatches
    num_hiddens  number of hidden units
    batch_size   subsequences of a minibatch
    num_steps    tokens of a subsequence
    use_random_iter  True: random sampling; False: sequential partitioning
    cell         what computes the next state, one of `rnn.CELLS`

    Numbers of NumPy, say, become Python's own.

    Raises ValueError for a value that no run can have.
    """

    theta: float | None = 1.0
    lr: float = 1.0
    seed: int = 0
    num_hiddens: int = 32
    batch_size: int = 32
    num_steps: int = 35
    use_random_iter: bool = False
    cell: str = "scratch"

    def __post_init__(self):
        largest = torch.finfo(torch.float32).max
        checked = {
            "theta": None if self.theta is None else positive("theta", self.theta),
            "lr": positive("lr", self.lr, at_most=largest),
            "seed": integer("seed", self.seed, 0, 2**64 - 1),
            "use_random_iter": truth("use_random_iter", self.use_random_iter),
            "cell": CELLS[CELLS.index(one_of("cell", self.cell, CELLS))],
        }
        for name in ("num_hiddens", "batch_size", "num_steps"):
            checked[name] = integer(name, getattr(self, name), at_least=1)
        for name, value in checked.items():
            if type(getattr(self, name)).__module__ != "builtins":
                object.__setattr__(self, name, value)

    def model(self, vocab_size: int, device: Device = None) -> Model:
        """The model that the run begins with.

        Raises ValueError if `vocab_size` is smaller than 1.
        """
        return make_model(self.cell, vocab_size, self.num_hiddens, device, self.seed)

    def minibatches(self, corpus: Sequence[int] | Tensor) -> SequenceLoader:
        """What the run is trained on.

        Raises ValueError if the corpus is too short for a minibatch.
        """
        return SequenceLoader(
            corpus, self.batch_size, self.num_steps, self.use_random_iter, self.seed
        )


def sweep(
    settings: Iterable[Setting],
    corpus: Sequence[int] | Tensor,
    vocab_size: int,
    num_epochs: int,
    device: Device = None,
    held_out: Iterable | None = None,
    check: Callable[[], None] = lambda: None,
) -> Sweep:
    """Train a model for each setting: the `Sweep` yields their records.

    Each curve is the one that `single` draws for its setting, to the last bit. A run
    that diverges yields a record that says so, then no more; the other runs continue.
    `check` is called now and then, at least once an epoch, and may wait, or interrupt
    the sweep by an exception.

    Raises ValueError if there is no setting, for `held_out` that can be iterated only
    once, so that only the first run would see it, for a `check` that is no function,
    and for what `single` refuses.
    """
    if isinstance(held_out, Iterator):
        raise ValueError(
            "held_out must be iterable once a run and epoch, like a SequenceLoader or "
            f"a list, got a {type(held_out).__name__}"
        )
    settings = _distinct(settings)
    integer("num_epochs", num_epochs, at_least=0)
    called_with(check=check)
    side_by_side = min(len(settings), threads.available())
    share = threads.available() // side_by_side if side_by_side > 1 else None
    runs = {
        each: _Run(each, corpus, vocab_size, num_epochs, device, held_out, share)
        for each in settings
    }
    return Sweep(runs, num_epochs, side_by_side, check)


def _distinct(settings: Iterable[Setting] | Setting) -> list[Setting]:
    try:
        found = [settings] if isinstance(settings, Setting) else list(settings)
    except TypeError:
        found = []
    if not found or not all(isinstance(each, Setting) for each in found):
        raise ValueError(f"settings must be one Setting or more, got {shown(settings)}")
    return list(dict.fromkeys(found))


class Sweep(NotCopied, Iterator):
    """The records {setting: Progress} of each epoch of a sweep, and its models.

    An interruption, by Ctrl-C or an exception of `check`, ends nothing: the next `next`
    goes on with the epoch. An error in a run ends the sweep.
    """

    def __init__(
        self,
        runs: dict[Setting, _Run],
        num_epochs: int,
        side_by_side: int,
        check: Callable[[], None],
    ):
        self._runs, self._check = runs, check
        self._epochs_left, self._side_by_side = num_epochs, side_by_side
        self._pool: ThreadPoolExecutor | None = None
        self._records: dict[Setting, Progress | None] = {}  # of an interrupted epoch

    def __next__(self) -> dict[Setting, Progress]:
        if not self._epochs_left:
            self._end_threads()
            raise StopIteration
        try:
            with held_back() as let_through:
                self._finish_epoch(let_through)
        except BaseException:
            self._end_threads()
            raise
        records, self._records = self._records, {}
        self._epochs_left -= 1
        if not any(records.values()):
            self.close()
            raise StopIteration
        return {each: records[each] for each in self._runs if records[each]}

    def close(self) -> None:
        """End all runs, and their threads: for a sweep that is left before its end."""
        self._epochs_left = 0
        self._end_threads()

    def __del__(self):
        self.close()

    def model(self, setting: Setting) -> Model:
        """The model of one setting, trained as far as the sweep has gone.

        Raises ValueError if the sweep has no such setting.
        """
        return self._runs[one_of("setting", setting, self._runs)].net

    def _finish_epoch(self, let_through: Callable[[], None]) -> None:
        """One epoch of every run that has no record of it yet, side by side."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._side_by_side, "d2l_rnn sweep")
        waiting = [each for each in self._runs if each not in self._records]
        futures = {each: self._pool.submit(self._runs[each]) for each in waiting}
        try:
            while wait(futures.values(), PATIENCE).not_done:
                call(self._check)
                let_through()
            call(self._check)
            let_through()
        except BaseException:
            self._end_threads()
            self._keep(futures)
            raise
        self._keep(futures)

    def _keep(self, futures: dict[Setting, Future]) -> None:
        """The records that there are; an error of a run is raised, and ends all."""
        for setting, future in futures.items():
            error = None if future.cancelled() else future.exception()
            if error is not None and not isinstance(error, _Halted):
                self.close()
                raise error
            if not (future.cancelled() or error):
                self._records[setting] = future.result()

    def _end_threads(self) -> None:
        """Stop the runs at the end of a minibatch, and wait until they have."""
        for run in self._runs.values():
            run.is_halted = True
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
        for run in self._runs.values():
            run.is_halted = False


class _Halted(Exception):
    """Raised in a run that is to stop between two minibatches."""


class _Run:
    """The run of one setting: each call trains for an epoch, and returns its record.

    None after the last. `is_halted` makes it stop within an epoch.
    """

    def __init__(
        self, setting: Setting, corpus, vocab_size, num_epochs, device=None,
        held_out=None, num_threads=None,
    ):  # fmt: skip
        if not isinstance(setting, Setting):
            raise ValueError(f"setting must be a Setting, got {shown(setting)}")
        loader, self.is_halted = setting.minibatches(corpus), False
        largest = int(loader.corpus.max())
        integer(
            "vocab_size", vocab_size, largest + 1, why=f"the corpus has token {largest}"
        )
        self.net = setting.model(vocab_size, device)
        self.records = training.train(
            self.net, loader, setting.lr, num_epochs, setting.theta, device,
            num_threads=num_threads, held_out=held_out, check=self._check,
        )  # fmt: skip

    def _check(self) -> None:
        if self.is_halted:
            raise _Halted

    def __call__(self) -> Progress | None:
        return next(self.records, None)


def single(
    setting: Setting,
    corpus: Sequence[int] | Tensor,
    vocab_size: int,
    num_epochs: int,
    device: Device = None,
    held_out: Iterable | None = None,
) -> Iterator[Progress]:
    """The run of one setting, by itself: `training.train`.

    `held_out` are minibatches that nothing is learned from, as in `train`.

    Raises ValueError if the vocabulary is too small for the corpus, or as `train` and
    `SequenceLoader` do.
    """
    return _Run(setting, corpus, vocab_size, num_epochs, device, held_out).records
