"""PyTorch's settings while an answer is tried: the usual ones, whatever the reader set.

And what an answer sets does not stay behind: see `SETTINGS`.
"""

from __future__ import annotations

import contextlib
import random
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy

import numpy as np
import torch


def _flushes_denormal() -> bool:
    return sys.float_info.min / 2 == 0


def _anomaly() -> tuple[bool, bool]:
    return torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()


def _set_anomaly(found: tuple[bool, bool]) -> None:
    torch.autograd.set_detect_anomaly(*found)


def _deterministic() -> tuple[bool, bool]:
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    return torch.are_deterministic_algorithms_enabled(), warn_only


def _set_deterministic(found: tuple[bool, bool]) -> None:
    torch.use_deterministic_algorithms(found[0], warn_only=found[1])


def _mkldnn() -> bool:
    return torch.backends.mkldnn.enabled


def _set_mkldnn(found: bool) -> None:
    torch.backends.mkldnn.enabled = found


def _print_options() -> dict:
    return copy(vars(torch._tensor_str.PRINT_OPTS))


def _set_print_options(found: dict) -> None:
    torch.set_printoptions(**found)


# How each is read, and set back. NumPy's own are in `usual_settings`.
SETTINGS = (
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    (_flushes_denormal, torch.set_flush_denormal),
    (_anomaly, _set_anomaly),
    (_deterministic, _set_deterministic),
    (_mkldnn, _set_mkldnn),
    (_print_options, _set_print_options),
)
# Most settings are for all threads: in two at once, each would set back the other's.
_ALONE = threading.RLock()


@contextmanager
def usual_settings() -> Iterator[None]:
    """Gradients, float32 and the CPU in the block; the reader's settings after it.

    The other `SETTINGS`, and how NumPy prints and warns, stay as they are in the block,
    and are set back after it. Another thread waits for its end.
    """
    device = torch.empty(0).device
    on_cpu = contextlib.nullcontext() if device.type == "cpu" else torch.device("cpu")
    with _ALONE, np.errstate(), np.printoptions():
        before = [read() for read, _ in SETTINGS]
        try:
            with on_cpu, torch.inference_mode(False), torch.enable_grad():
                torch.set_default_dtype(torch.float32)
                yield
        finally:
            for (read, write), value in zip(SETTINGS, before, strict=True):
                if read() != value:
                    write(value)
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
