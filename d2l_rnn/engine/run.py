"""The one argument of rnn.c: what a call trains on, and its results."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

from torch import Tensor


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
