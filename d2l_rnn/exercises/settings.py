"""PyTorch's settings while an answer is tried: the usual ones, whatever the reader set.

And none of what an answer sets stays behind.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def usual_settings() -> Iterator[None]:
    """Gradients, float32 and the CPU in the block; the reader's settings after it.

    The number of threads stays as it is in the block, and is set back after it.
    """
    dtype, device = torch.get_default_dtype(), torch.empty(0).device
    num_threads = torch.get_num_threads()
    on_cpu = contextlib.nullcontext() if device.type == "cpu" else torch.device("cpu")
    try:
        with on_cpu, torch.inference_mode(False), torch.enable_grad():
            torch.set_default_dtype(torch.float32)
            yield
    finally:
        torch.set_default_dtype(dtype)
        if torch.get_num_threads() != num_threads:
            torch.set_num_threads(num_threads)
        if torch.empty(0).device != device:
            torch.set_default_device(None if device.type == "cpu" else device)


@contextmanager
def own_random_numbers() -> Iterator[None]:
    """Set the global generators of Python, NumPy and PyTorch back after the block."""
    of_python, of_numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(devices=[]):
            yield
    finally:
        random.setstate(of_python)
        np.random.set_state(of_numpy)
