"""What a benchmark says about the machine that it ran on."""

import platform
from pathlib import Path

import torch


def machine() -> dict:
    """The processor, PyTorch's own number of threads, and versions."""
    return {
        "processor": processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def processor() -> str:
    """The name of the processor, as far as the operating system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def described(where: dict) -> str:
    """The machine in one line."""
    return (
        f"{where['processor']}, {where['threads']} threads, "
        f"Python {where['python']}, PyTorch {where['torch']}"
    )
