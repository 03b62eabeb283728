"""The one argument of rnn.c: what a call trains on, and its results."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from itertools import islice

import torch
from torch import Tensor

from d2l_rnn import threads
from d2l_rnn.checks import integer, is_integer, non_negative, positive
from d2l_rnn.checks.tensors import check_range, contents

# The largest number of a float32, which the engine computes with.
LARGEST = torch.finfo(torch.float32).max


class Run(ctypes.Structure):
    """`Run` of rnn.c, which says what its fields are."""

    _fields_ = [
        *((name, ctypes.c_int) for name in ("T", "B", "H", "V")),
        *((name, ctypes.c_int) for name in ("minibatches", "fresh", "workers")),
        *((name, ctypes.c_float) for name in ("theta", "lr")),
        *((name, ctypes.c_void_p) for name in ("X", "Y")),
        *((name, ctypes.c_void_p * 5) for name in ("params", "gradients")),
        *((name, ctypes.c_void_p) for name in ("state", "losses", "norms", "flow")),
        ("workspace", ctypes.c_void_p),
        *((name, ctypes.c_int) for name in ("trained", "diverged", "alone")),
        *((name, ctypes.c_longlong) for name in ("begun", "done")),
    ]

    def place(self, **memory: Tensor | Sequence[Tensor]) -> None:
        """Let the fields point to the memory of tensors, and keep these alive."""
        self.memory = memory
        for name, each in memory.items():
            if isinstance(each, Tensor):
                setattr(self, name, each.data_ptr())
            else:
                getattr(self, name)[:] = [tensor.data_ptr() for tensor in each]


def check_step(lr: float, theta: float | None, num_threads: int | None) -> None:
    """Raises ValueError unless a step can be taken with these: `Engine.train`."""
    non_negative("lr", lr, at_most=LARGEST)
    if theta is not None:
        positive("theta", theta)
    if num_threads is not None:
        integer("num_threads", num_threads, 1, threads.MOST)


def take(minibatches: Iterator, most: int) -> tuple[list, Exception | None]:
    """Copies of the next minibatches, and the error that came instead of the others."""
    some = []
    try:
        for X, Y in islice(minibatches, most):
            some.append((X.clone(), Y.clone()))
    except Exception as error:
        return some, error
    return some, None


def tokens(name: str, indices: Tensor, V: int) -> Tensor:
    """Tokens as rnn.c takes them; ValueError if they are none of the vocabulary."""
    if not isinstance(indices, Tensor):
        raise ValueError(f"{name} must be a tensor, got a {type(indices).__name__}")
    is_there = indices.numel() > 0 and not indices.is_meta
    if indices.dim() != 3 or not is_there or not is_integer(indices):
        raise ValueError(
            f"{name} must be integers, shape (minibatches, batch_size, num_steps) and "
            f"not empty, got {indices.dtype} of shape {tuple(indices.shape)} on "
            f"{indices.device}"
        )
    check_range(name, indices, V)
    found = torch.empty(indices.shape, dtype=torch.int32, device="cpu")
    return found.copy_(indices)


def shapes_of(params: Sequence[Tensor]) -> list[tuple]:
    """The shapes of parameters, if that is what they are."""
    listed = params if isinstance(params, (list, tuple)) else ()
    return [tuple(getattr(param, "shape", ())) for param in listed]


def refusal(
    params: object,
    engine: str,
    shapes: list[tuple] | str = "(V, H), (H, H), (H,), (H, V), (V,)",
) -> ValueError:
    """The error for what rnn.c cannot train; `engine` says which engine there is."""
    return ValueError(
        f"params must be the five parameters of a scratch RNN, of the shapes {shapes}, "
        "float32, each in one piece and in memory of its own, on the CPU, got "
        f"{contents(params)}. And there must be an engine: {engine}"
    )
