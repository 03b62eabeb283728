"""The numbers of panels: float32 on the CPU, whatever PyTorch's defaults are."""

from __future__ import annotations

import torch
from torch.overrides import TorchFunctionMode

MAKERS = (torch.empty, torch.randn, torch.zeros)


class Single(TorchFunctionMode):
    """A block in which models are made of such numbers.

    That holds in this thread alone: PyTorch's own defaults are for all of them, and the
    reader's.
    """

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if function in MAKERS:
            usual = {"dtype": torch.float32, "device": torch.device("cpu")}
            given = {name: each for name, each in kwargs.items() if each is not None}
            kwargs = usual | given
        return function(*args, **kwargs)
