"""What a call must leave as it was: settings, threads, files, and its arguments."""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

STAYING = "d2l_rnn engine"  # threads that are there for good, on purpose
GRACE = 1.0  # seconds that a thread may take to end


def settings() -> dict[str, object]:
    """The settings of this process that no call may change, and what lies about."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    return {
        "torch.is_grad_enabled()": torch.is_grad_enabled(),
        "torch.get_num_threads()": torch.get_num_threads(),
        "torch.get_default_dtype()": torch.get_default_dtype(),
        "torch.is_inference_mode_enabled()": torch.is_inference_mode_enabled(),
        "anomaly detection": torch.is_anomaly_enabled(),
        "deterministic algorithms": torch.are_deterministic_algorithms_enabled(),
        "np.geterr()": tuple(np.geterr().items()),
        "warnings.filters": len(warnings.filters),
        "open figures": pyplot.get_fignums() if pyplot else [],
        "temporary files": sorted(
            p.name for p in Path(tempfile.gettempdir()).iterdir()
        ),
    }


def generators() -> dict[str, object]:
    """The states of the generators that all code shares."""
    numpy = np.random.get_state()
    return {
        "torch": torch.get_rng_state().numpy().tobytes(),
        "random": random.getstate(),
        "numpy": (numpy[1].tobytes(), numpy[2]),
    }


def mend(before: dict[str, object]) -> None:
    """Put back the settings that a call has left behind, for the next call."""
    torch.set_grad_enabled(before["torch.is_grad_enabled()"])
    torch.set_num_threads(before["torch.get_num_threads()"])
    torch.set_default_dtype(before["torch.get_default_dtype()"])
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    for left in Path(tempfile.gettempdir()).iterdir():
        if left.is_file():
            left.unlink()


def threads() -> set[threading.Thread]:
    """Those that run now, but for the ones that stay on purpose."""
    each = threading.enumerate()
    return {thread for thread in each if not thread.name.startswith(STAYING)}


def left_threads(before: set[threading.Thread]) -> list[str]:
    """The names of new threads that do not end by themselves."""
    until = time.monotonic() + GRACE
    while (new := threads() - before) and time.monotonic() < until:
        time.sleep(0.01)
    return sorted(thread.name for thread in new)


def changed(before: dict[str, object], after: dict[str, object]) -> Iterator[str]:
    """What is not as it was."""
    for name, value in before.items():
        if after[name] != value:
            yield f"{name}: {value!r:.60} → {after[name]!r:.60}"


PASSED_OVER = (
    types.FunctionType, types.ModuleType, types.BuiltinFunctionType, type,
    random.Random, torch.Generator, Iterator,
)  # fmt: skip


def fingerprint(value: object, depth: int = 6) -> object:
    """All numbers and words in an object, to see later whether it is still the same."""
    if isinstance(value, Tensor):
        if value.is_meta or value.is_sparse or value.dtype == torch.bfloat16:
            return repr(value)
        numbers = value.detach().cpu().contiguous().numpy().tobytes()
        return tuple(value.shape), value.dtype, value.requires_grad, numbers
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype, value.tobytes()
    if isinstance(value, nn.Module):
        parts = value.state_dict()
        return value.training, fingerprint(dict(parts), depth - 1)
    if depth == 0 or isinstance(value, PASSED_OVER):
        return type(value)
    each: Callable = lambda part: fingerprint(part, depth - 1)  # noqa: E731
    if isinstance(value, dict):
        return [(repr(key), each(part)) for key, part in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value), [each(part) for part in value]
    if type(value).__module__.startswith("d2l_rnn"):
        return type(value), each(vars(value)) if hasattr(value, "__dict__") else None
    return repr(value)
