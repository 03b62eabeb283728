"""What trains the scratch RNN: the formulas of `bptt` in C, for float32 on the CPU.

`rnn.c` does all that is done with a minibatch, for many minibatches in one call. `bin/`
holds it compiled for the usual systems; on others, `make engine` compiles it with the
machine's own compiler. Where there is no engine, `bptt` does the same in PyTorch, and
takes longer.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import torch
from torch import Tensor

from d2l_rnn import threads
from d2l_rnn.checks import functions, truth
from d2l_rnn.checks.copying import NotCopied
from d2l_rnn.checks.layouts import share_memory
from d2l_rnn.checks.tensors import check_tokens, only_part, pairs
from d2l_rnn.engine.compiled import file, loaded
from d2l_rnn.engine.run import Run, check_step, refusal, shapes_of, take, tokens

# From this many multiplications on, one more thread is worth it (benchmarks/speed.py).
WORTH_A_THREAD = 2**25
# What rnn.c reads and writes, whatever PyTorch's defaults are.
MEMORY = {"dtype": torch.float32, "device": "cpu"}
# Seconds that a call may take: Ctrl-C has to wait for its end.
PATIENCE = 0.025
# Seconds to do without helpers after a run that waited for them: other cores are busy.
PAUSE = 1.0

_alone_until = 0.0


class Engine(NotCopied):
    """Trains the five parameters of a scratch RNN, which it changes in place.

    What it keeps of the minibatches of the latest call:

    losses      mean cross-entropy of each, in nats per token
    norms       ‖g‖ of each, before clipping
    diverged    True if a gradient was not finite, which then is the last: the
                parameters stay as the minibatch before left them
    gradient    of the last, clipped, one vector; `gradients` are its five parts

    Raises ValueError if `can_train(params)` is false.
    """

    def __init__(self, params: Sequence[Tensor]):
        if not can_train(params):
            raise refusal(params, describe())
        self.params, self._library = params, library()
        self._shapes = shapes_of(params)
        sizes = [param.numel() for param in params]
        self.gradient = torch.zeros(sum(sizes), **MEMORY)
        self.gradients = [
            part.view_as(param)
            for part, param in zip(self.gradient.split(sizes), params, strict=True)
        ]
        self._size, self._flow, self._seconds = None, None, PATIENCE

    def __call__(
        self, X: Tensor, Y: Tensor, state: tuple[Tensor]
    ) -> tuple[Tensor, tuple[Tensor], list[Tensor]]:
        """The loss, new state and gradient of X, Y (B, T): `gradients.ByAutograd`."""
        W_xh = self.params[0]
        check_tokens("X", X, len(W_xh), W_xh.device)
        check_tokens("Y", Y, len(W_xh), W_xh.device, X.shape)
        H_T = self.train(X[None], Y[None], only_part(state), lr=0.0)
        return torch.tensor(self.losses[0], **MEMORY), (H_T,), [self.gradient]

    def train(
        self,
        X: Tensor,
        Y: Tensor,
        H_0: Tensor,
        lr: float,
        theta: float | None = None,
        fresh: bool = False,
        num_threads: int | None = None,
    ) -> Tensor:
        """A step of SGD for each minibatch; returns the last state H_T, shape (B, H).

        X, Y: tokens and labels, shape (n, B, T), for n minibatches. H_0: the state that
        the first begins with, shape (B, H). The others begin with the last state of the
        one before or, if `fresh`, with zeros, as then does the first. Without
        `num_threads`, as many as PyTorch has and the work is worth. The threads wait
        for the next call, until Python ends.

        Raises ValueError if X, Y or H_0 do not fit the parameters, for a negative
        learning rate, a theta that is not greater than 0, and a number of threads that
        is not from 1 to `threads.MOST`.
        """
        check_step(lr, theta, num_threads)
        start = time.perf_counter()
        run = self._run(X, Y, H_0, fresh)
        run.lr, run.theta = lr, math.inf if theta is None else theta
        run.workers = _workers(run) if num_threads is None else num_threads
        self._flow = run.memory["flow"].view(run.T, run.B)
        _call(self._library, run)
        self._keep(run)
        self._seconds = (time.perf_counter() - start) / len(X)
        return run.memory["state"]

    def read(self, X: Tensor, Y: Tensor, H_0: Tensor, fresh: bool = False) -> Tensor:
        """Go forward alone, and learn nothing; as `train` otherwise, on one thread.

        Raises ValueError if X, Y or H_0 do not fit the parameters.
        """
        run = self._run(X, Y, H_0, fresh)
        run.workers = 1
        self._library.rnn_read(ctypes.byref(run))  # without Python's lock, the GIL
        self.losses = run.memory["losses"].tolist()
        return run.memory["state"]

    def learn(
        self,
        minibatches: Iterable,
        begin_state: Callable,
        lr: float,
        theta: float | None = None,
        fresh: bool = False,
        num_threads: int | None = None,
    ) -> Iterator[list[tuple[float, int, float]]]:
        """`train` on one minibatch (X, Y) after another.

        As many go into one call as `PATIENCE` has time for, if they have the same size.
        After each call, yield the loss, size and ‖g‖ of each of them. After a minibatch
        whose ‖g‖ is not finite there are no more.

        Raises ValueError as `train` does, and whatever `minibatches` raises, after all
        that came before it have been learned from.
        """
        check_step(lr, theta, num_threads)
        functions(begin_state=begin_state)
        minibatches = pairs(minibatches, carries_state=not truth("fresh", fresh))
        state, error = None, None
        while error is None:
            most = max(1, int(PATIENCE / self._seconds))
            some, error = take(minibatches, most)
            if not (some or error):
                return
            for _, alike in groupby(some, key=lambda minibatch: minibatch[0].shape):
                X, Y = (torch.stack(part) for part in zip(*alike, strict=True))
                if state is None or fresh:
                    (state,) = begin_state(batch_size=X.shape[1])
                state = self.train(X, Y, state, lr, theta, fresh, num_threads)
                sizes = [Y[0].numel()] * len(self.losses)
                yield list(zip(self.losses, sizes, self.norms, strict=True))
                if self.diverged:
                    return
        raise error

    def measure(
        self, minibatches: Iterable, begin_state: Callable, fresh: bool = False
    ) -> Iterator[tuple[float, int]]:
        """`read` one minibatch (X, Y) after another: yield its loss and its size."""
        functions(begin_state=begin_state)
        state = None
        for X, Y in pairs(minibatches, carries_state=not truth("fresh", fresh)):
            if state is None or fresh:
                (state,) = begin_state(batch_size=len(X))
            state = self.read(X[None], Y[None], state)
            yield self.losses[0], Y.numel()

    def state_gradient_norms(self) -> Tensor:
        """‖dL/dH_t‖ in the last minibatch, for t = 1 … T, shape (T,).

        Raises ValueError if there was none.
        """
        if self._flow is None:
            raise ValueError("there must be a minibatch before its gradients are known")
        return self._flow.sum(1).sqrt()

    def _run(self, X: Tensor, Y: Tensor, H_0: Tensor, fresh: bool) -> Run:
        """What rnn.c takes, if all of it fits together."""
        self._check_params()
        V, H = self.params[0].shape
        X, Y = tokens("X", X, V), tokens("Y", Y, V)
        n, B, T = X.shape
        if Y.shape != X.shape:
            raise ValueError(
                f"Y must be shaped like X, {(n, B, T)}, got {tuple(Y.shape)}"
            )
        if not isinstance(H_0, Tensor) or H_0.shape != (B, H) or H_0.is_meta:
            got = tuple(H_0.shape) if isinstance(H_0, Tensor) else H_0
            raise ValueError(f"H_0 must be a tensor, shape {(B, H)}, got {got!r}")
        state = torch.empty(B, H, **MEMORY).copy_(H_0.detach())
        sizes = [n, n, T * B]
        numbers = torch.full((sum(sizes),), math.nan, dtype=torch.float64, device="cpu")
        losses, norms, flow = numbers.split(sizes)
        run = Run(T, B, H, V, n, truth("fresh", fresh))
        run.place(
            X=X, Y=Y, state=state, losses=losses, norms=norms, flow=flow,
            params=self.params, gradients=self.gradients, workspace=self._room(run),
        )  # fmt: skip
        return run

    def _keep(self, run: Run) -> None:
        """What is known of the minibatches after a call; the gradient for autograd."""
        seen = run.trained + run.diverged
        self.losses, self.norms = (
            run.memory[name][:seen].tolist() for name in ("losses", "norms")
        )
        self.diverged = bool(run.diverged)
        if self.diverged:  # so that the norm of the gradient shows it, too
            self.gradient.fill_(self.norms[-1])
        for param, gradient in zip(self.params, self.gradients, strict=True):
            param.grad = gradient
            param.detach()[:0].zero_()  # so that autograd notices a change

    def _check_params(self) -> None:
        if not _fit(self.params) or shapes_of(self.params) != self._shapes:
            raise refusal(self.params, describe(), self._shapes)

    def _room(self, run: Run) -> Tensor:
        """The workspace, taken once for minibatches of a size."""
        if self._size != (run.T, run.B):
            self._size = run.T, run.B
            size = self._library.rnn_workspace(ctypes.byref(run)) + 16
            room = torch.zeros(size, **MEMORY)
            aligned = -room.data_ptr() // 4 % 16  # the first at a multiple of 64 bytes
            self._workspace = room[aligned:]
        return self._workspace


def can_train(params: Sequence[Tensor]) -> bool:
    """True if these are parameters of a scratch RNN, and the engine can change them."""
    return library() is not None and _fit(params) and not share_memory(params)


def _fit(params: Sequence[Tensor]) -> bool:
    if not isinstance(params, (list, tuple)) or len(params) != 5:
        return False
    are_tensors = all(isinstance(param, Tensor) for param in params)
    if not are_tensors or params[0].dim() != 2:
        return False
    V, H = params[0].shape
    shapes = (V, H), (H, H), (H,), (H, V), (V,)
    return V * H > 0 and all(
        type(param) in (Tensor, torch.nn.Parameter)
        and param.shape == shape
        and param.dtype == torch.float32
        and param.device.type == "cpu"
        and param.is_contiguous()
        and not param.is_inference()
        and param.data_ptr() != 0  # some tensors of zeros have no memory
        for param, shape in zip(params, shapes, strict=True)
    )


def describe() -> str:
    """In one line, which engine there is, or why there is none."""
    if library() is None:
        return (
            f"there is no engine ({file().name} is missing or does not load), so "
            "training is slower: `make engine` in the course's folder compiles one"
        )
    return f"the engine is {file().name}, on at most {threads.available()} threads"


def library() -> ctypes.CDLL | None:
    """The engine, or None where there is none for this system."""
    return loaded(file())


def _call(engine: ctypes.CDLL, run: Run) -> None:
    """Train, with the help of other threads: those that come too late find nothing."""
    for _ in range(run.workers - 1):
        with contextlib.suppress(RuntimeError):  # no threads any more: Python is ending
            _helpers().submit(engine.rnn_help, ctypes.byref(run))
    engine.rnn_train(ctypes.byref(run))  # without Python's lock, the GIL
    if run.workers > 1 and run.alone:
        global _alone_until
        _alone_until = time.perf_counter() + PAUSE


@functools.cache
def _helpers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count(), "d2l_rnn engine")


def _workers(run: Run) -> int:
    """As many threads as there are and the work is worth; one if they are busy."""
    if time.perf_counter() <= _alone_until:
        return 1
    work = 3 * run.minibatches * run.B * run.T * run.H * (run.H + run.V)
    return min(threads.available(), 1 + work // WORTH_A_THREAD)
