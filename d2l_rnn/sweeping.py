"""A whole slider at once: many settings of a training run as one computation.

PyTorch takes about as long to begin a small product as to compute it, and as long to
begin eight as one. So the parameters of S settings are stacked, and each operation of
`bptt` works on all of them: where a run has matrices, the sweep has batches of them.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from d2l_rnn import bptt, training
from d2l_rnn._checks import integer, positive
from d2l_rnn._threads import Threads
from d2l_rnn.batching import Interruptible, SequenceLoader
from d2l_rnn.rnn import RNNModelScratch, make_model
from d2l_rnn.training import Progress

# Larger models keep the processor busy by themselves: they are trained one after
# another (benchmarks/sweep.py).
MOST_HIDDENS = 128


@dataclass(frozen=True)
class Setting:
    """What a run of a sweep is trained with.

    theta        radius of the ball that the gradient is clipped to; None: no clipping
    lr           learning rate
    seed         of the initial parameters and of the minibatches
    num_hiddens  number of hidden units

    Raises ValueError for a value that no run can have.
    """

    theta: float | None = 1.0
    lr: float = 1.0
    seed: int = 0
    num_hiddens: int = 32

    def __post_init__(self):
        if self.theta is not None:
            positive("theta", self.theta)
        positive("lr", self.lr, at_most=torch.finfo(torch.float32).max)
        integer("seed", self.seed, at_least=0)
        integer("num_hiddens", self.num_hiddens, at_least=1)


def sweep(
    settings: Iterable[Setting],
    corpus: Sequence[int] | Tensor,
    vocab_size: int,
    num_epochs: int,
    batch_size: int = 32,
    num_steps: int = 35,
    use_random_iter: bool = False,
    device=None,
    check: Callable[[], None] = lambda: None,
) -> Sweep:
    """Train a scratch RNN for each setting: the `Sweep` yields their records.

    Each curve is the one that `single` draws for its setting, up to rounding. A run
    that diverges yields a record that says so and none after it, and leaves the others
    alone. Models of similar size share a computation; those with more than
    `MOST_HIDDENS` hidden units are trained one after another. `check` is called before
    each minibatch, and may wait, or end the sweep by an exception.

    Raises ValueError if there is no setting, or for what `single` refuses.
    """
    settings = list(settings)
    if not settings or not all(isinstance(each, Setting) for each in settings):
        raise ValueError(f"settings must be one Setting or more, got {settings!r}")
    settings = list(dict.fromkeys(settings))
    integer("num_epochs", num_epochs, at_least=0)
    rest = (
        vocab_size, num_epochs, batch_size, num_steps, use_random_iter, device, check
    )  # fmt: skip
    runs = [
        _Batch(together, corpus, *rest)
        if len(together) > 1
        else _Single(together[0], corpus, *rest)
        for together in _groups(settings)
    ]
    return Sweep(settings, runs, num_epochs)


class Sweep(Iterator):
    """The records {setting: Progress} of each epoch of a sweep, and its models."""

    def __init__(self, settings: list[Setting], runs: list, num_epochs: int):
        self._runs = {each: run for run in runs for each in run.settings}
        self._epochs = self._take_turns(settings, runs, num_epochs)

    def __next__(self) -> dict[Setting, Progress]:
        return next(self._epochs)

    def model(self, setting: Setting) -> RNNModelScratch:
        """The model of one setting, trained as far as the sweep has gone."""
        return self._runs[setting].model(setting)

    @staticmethod
    def _take_turns(settings, runs, num_epochs):
        epochs = [run.epochs() for run in runs]
        for _ in range(num_epochs):
            records = {}
            for run in epochs:
                records |= next(run, {})
            if not records:
                return
            yield {each: records[each] for each in settings if each in records}


def single(
    setting: Setting,
    corpus: Sequence[int] | Tensor,
    vocab_size: int,
    num_epochs: int,
    batch_size: int = 32,
    num_steps: int = 35,
    use_random_iter: bool = False,
    device=None,
) -> Iterator[Progress]:
    """The run that one setting stands for, by itself: `training.train`.

    Raises ValueError if the vocabulary is too small for the corpus, or as `train` and
    `SequenceLoader` do.
    """
    return _Single(
        setting, corpus, vocab_size, num_epochs, batch_size, num_steps, use_random_iter,
        device, check=lambda: None,
    ).records  # fmt: skip


class _Single:
    """One setting, trained by itself."""

    def __init__(
        self, setting: Setting, corpus, vocab_size, num_epochs, batch_size, num_steps,
        use_random_iter, device, check,
    ):  # fmt: skip
        self.settings, self.net = [setting], initial_model(setting, vocab_size, device)
        loader = SequenceLoader(
            corpus, batch_size, num_steps, use_random_iter, setting.seed
        )
        _check_vocab_size(vocab_size, loader.corpus)
        self.records = training.train(
            self.net, Interruptible(loader, check), setting.lr, num_epochs,
            setting.theta,
        )  # fmt: skip

    def epochs(self) -> Iterator[dict[Setting, Progress]]:
        return ({self.settings[0]: record} for record in self.records)

    def model(self, setting: Setting) -> RNNModelScratch:
        return self.net


def initial_model(setting: Setting, vocab_size: int, device=None) -> RNNModelScratch:
    """The scratch RNN that the run of a setting begins with."""
    return make_model("scratch", vocab_size, setting.num_hiddens, device, setting.seed)


class _Unrolled(bptt.Unrolled):
    """`Unrolled` for S settings: every shape has one dimension more, in front."""

    def __init__(self, params: Sequence[Tensor], num_steps: int, batch_size: int):
        super().__init__(params, num_steps, batch_size)
        self.product = self.H.new_empty(self.H_t[0].shape)

    def _add_product(self, columns: Tensor, W: Tensor, H_t: Tensor) -> Tensor:
        # bmm is fast only into memory of one piece, which the columns are not.
        return columns.add_(torch.bmm(W, H_t, out=self.product))


class _Batch:
    """Several settings, trained as one.

    Fewer hidden units than the most are padded with parameters of zero. Such a unit
    is always 0 and passes nothing on, so its gradients are 0, and it stays that way.
    """

    def __init__(
        self, settings: list[Setting], corpus, vocab_size, num_epochs, batch_size,
        num_steps, use_random_iter, device, check,
    ):  # fmt: skip
        self.settings, self.num_epochs, self.device = settings, num_epochs, device
        self.use_random_iter, self.check = use_random_iter, check
        self.loaders = {
            seed: SequenceLoader(corpus, batch_size, num_steps, use_random_iter, seed)
            for seed in dict.fromkeys(each.seed for each in settings)
        }
        _check_vocab_size(vocab_size, self.loaders[settings[0].seed].corpus)
        num_hiddens = max(each.num_hiddens for each in settings)
        self.models = {
            each: initial_model(each, vocab_size, device) for each in settings
        }
        self.vector, self.params = _stacked(
            list(self.models.values()), vocab_size, num_hiddens
        )
        self.unrolled = _Unrolled(self.params, num_steps, batch_size)
        self.H_0 = self.vector.new_zeros(len(settings), batch_size, num_hiddens)
        self.lr = self.vector.new_tensor([each.lr for each in settings])
        radii = [math.inf if each.theta is None else each.theta for each in settings]
        self.theta = self.vector.new_tensor(radii)

    def epochs(self) -> Iterator[dict[Setting, Progress]]:
        """Yield the records of each epoch, of the settings that have not diverged."""
        threads, running = Threads(), set(self.settings)
        for epoch in range(1, self.num_epochs + 1):
            records = self._epoch(epoch, threads)
            yield {each: records[each] for each in self.settings if each in running}
            running -= {each for each in running if records[each].diverged}
            if not running:
                return

    @torch.no_grad()
    def model(self, setting: Setting) -> RNNModelScratch:
        """The model of one setting, with the parameters that it has by now."""
        net, s = self.models[setting], self.settings.index(setting)
        for param, stacked in zip(net.params, self.params, strict=True):
            param.copy_(stacked[s][tuple(slice(n) for n in param.shape)])
        return net

    def _epoch(self, epoch: int, threads: Threads) -> dict[Setting, Progress]:
        S, B, H = self.H_0.shape
        start, losses, norms, flows = time.perf_counter(), [], [], {}
        with threads.suited_to(S * B * H * H) as minibatch_done, torch.inference_mode():
            X, Y, lr, lengths = self._minibatches()
            for minibatch in zip(X, Y, lr, strict=True):
                self.check()
                if not losses or self.use_random_iter:
                    state = self.H_0
                loss, norm, state = self._step(*minibatch, state)
                losses.append(loss)
                norms.append(norm)
                if len(losses) in lengths:  # the last minibatch of some settings
                    flow = self.unrolled.state_gradient_norms()
                    flows[len(losses)] = flow.tolist()
                minibatch_done()
        losses, norms = torch.stack(losses, 1).tolist(), torch.stack(norms, 1).tolist()
        speed = X[0, 0].numel() / (time.perf_counter() - start)  # for each minibatch
        records = {}
        for s, (each, length) in enumerate(zip(self.settings, lengths, strict=True)):
            finite = list(itertools.takewhile(math.isfinite, norms[s][:length]))
            records[each] = training.progress(
                epoch, sum(losses[s][:length]) / length, speed * length, finite,
                each.theta, len(finite) < length, flows[length][s],
            )  # fmt: skip
        return records

    def _minibatches(self) -> tuple[Tensor, Tensor, Tensor, list[int]]:
        """An epoch's X and Y, shape (n, S, B, T), its learning rates, (n, S), and n_s.

        The epochs of different seeds have different offsets, and may so have different
        lengths n_s: the shorter ones end with minibatches that are not learned from.
        """
        epochs = {
            seed: [
                torch.stack(part).to(self.device) for part in zip(*loader, strict=True)
            ]
            for seed, loader in self.loaders.items()
        }
        lengths = [len(epochs[each.seed][0]) for each in self.settings]
        i, S = torch.arange(max(lengths)), len(self.settings)
        if len(epochs) == 1:
            ((X, Y),) = epochs.values()
            X, Y = (part[:, None].expand(-1, S, -1, -1) for part in (X, Y))
        else:
            X, Y = (
                torch.stack(
                    [
                        epochs[each.seed][part][i.clamp(max=length - 1)]
                        for each, length in zip(self.settings, lengths, strict=True)
                    ],
                    dim=1,
                )
                for part in (0, 1)
            )
        learned_from = i[:, None] < torch.tensor(lengths)
        return X, Y, learned_from.to(self.lr) * self.lr, lengths

    def _step(self, X: Tensor, Y: Tensor, lr: Tensor, state: Tensor):
        """One step of SGD for each setting; returns losses, norms and the new state."""
        outputs = self.unrolled.forward(X, state)
        loss, dO = bptt.cross_entropy(outputs, Y.mT.flatten(-2))
        self.unrolled.backward(dO)
        g = self.unrolled.gradient
        norm = torch.linalg.vector_norm(g, dim=-1)
        length = (self.theta / norm).clamp_(max=1) * lr
        self.vector.addcmul_(g, length[:, None], value=-1)
        return loss, norm, self.unrolled.last_state()


def _stacked(models: list[RNNModelScratch], vocab_size: int, num_hiddens: int):
    """The parameters of all models, with zeros around: one vector each, and views."""
    V, H = vocab_size, num_hiddens
    vectors = models[0].params[0].new_zeros(len(models), bptt.num_parameters(V, H))
    params = bptt.parameter_views(vectors, V, H)
    with torch.no_grad():
        for model, *own in zip(models, *params, strict=True):
            for stacked, param in zip(own, model.params, strict=True):
                stacked[tuple(slice(n) for n in param.shape)] = param
    return vectors, params


def _groups(settings: list[Setting]) -> list[list[Setting]]:
    """Settings that are worth training together: padding at most doubles their size."""
    groups: dict[object, list[Setting]] = {}
    for each in settings:
        small = each.num_hiddens <= MOST_HIDDENS
        size = (max(each.num_hiddens, 32) - 1).bit_length()
        groups.setdefault(size if small else each, []).append(each)
    return list(groups.values())


def _check_vocab_size(vocab_size: int, corpus: Tensor) -> None:
    largest = int(corpus.max())
    integer(
        "vocab_size", vocab_size, largest + 1, why=f"the corpus has token {largest}"
    )
