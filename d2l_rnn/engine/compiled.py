"""Which of the compiled engines in `bin/` fits this machine."""

from __future__ import annotations

import ctypes
import functools
import platform
from pathlib import Path

import torch

BIN = Path(__file__).with_name("bin")
SUFFIXES = {"linux": "so", "darwin": "dylib", "windows": "dll"}
SAME = {"amd64": "x86_64", "aarch64": "arm64"}  # machines with two names
LEVELS = {"AVX512": "avx512", "AVX2": "avx2"}  # as PyTorch calls them; others: sse2


@functools.cache
def loaded(path: Path) -> ctypes.CDLL | None:
    """The library, or None where there is none that this system can load."""
    try:
        engine = ctypes.CDLL(str(path))
    except OSError:
        return None
    engine.rnn_workspace.restype = ctypes.c_longlong
    return engine


def file() -> Path:
    """The engine for this system, and on x86-64 for what the processor can do."""
    system, machine = platform.system().lower(), platform.machine().lower()
    name = f"rnn-{system}-{SAME.get(machine, machine)}"
    if name.endswith("x86_64"):
        name += "-" + LEVELS.get(torch.backends.cpu.get_cpu_capability(), "sse2")
    return BIN / f"{name}.{SUFFIXES.get(system, 'so')}"
