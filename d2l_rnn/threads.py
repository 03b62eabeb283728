"""How many threads a run uses.

At most `torch.get_num_threads()`, which is read at the beginning of each epoch and
restored at its end; `training.train(…, num_threads=…)` fixes the number.
"""

from __future__ import annotations

import contextlib
import functools
import math
import numbers
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import torch

from d2l_rnn.checks import integer

# From this number of hidden units on, PyTorch's products are worth several threads: two
# small matrices take longer on two threads than on one (benchmarks/speed.py).
WORTH_THREADS = 128
# More threads than any run has a use for.
MOST = 1024


def available() -> int:
    """How many threads a run may have: PyTorch's number, if there are as many cores."""
    return min(torch.get_num_threads(), cores())


def cores() -> int:
    """How many cores this process may use, of all that the machine has."""
    affinity = getattr(os, "sched_getaffinity", None)
    number = len(affinity(0)) if affinity else os.cpu_count() or 1
    return min(number, _quota())


@functools.cache
def _quota() -> float:
    """The cores that a container may use: Binder's sees more than it is granted."""
    with contextlib.suppress(OSError, ValueError):
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return math.ceil(int(quota) / int(period))
    return math.inf


def suited_to(
    net: object, num_threads: int | None = None
) -> AbstractContextManager[None]:
    """A context in which PyTorch has a suitable number of threads for a model.

    That is `num_threads` if it is given; otherwise one for a small model, and the
    user's number for a large one.

    Raises ValueError as `limited_to` does.
    """
    num_hiddens = getattr(net, "num_hiddens", 0)  # a reader's model may have none
    is_large = isinstance(num_hiddens, numbers.Real) and num_hiddens >= WORTH_THREADS
    if num_threads is None and is_large:
        return nullcontext()
    return limited_to(1 if num_threads is None else num_threads)


@contextmanager
def limited_to(num_threads: int) -> Iterator[None]:
    """Give PyTorch this number of threads in the block, and the user's after it.

    This also works where blocks overlap in several Python threads, or in one. After a
    block, the number of the latest that is still open applies again.

    Raises ValueError if the number is not from 1 to `MOST`.
    """
    num_threads = integer("num_threads", num_threads, 1, MOST)
    is_new = not hasattr(_thread, "blocks")
    blocks = _thread.__dict__.setdefault("blocks", {})
    is_own = not is_new and not blocks
    before = _users_number.enter(num_threads, is_own)
    block = object()
    try:
        blocks[block] = num_threads
        torch.set_num_threads(num_threads)
        yield
    finally:
        blocks.pop(block, None)
        _users_number.leave(num_threads)
        torch.set_num_threads([before, *blocks.values()][-1])


class _UsersNumber:
    """The user's number of threads, while runs, perhaps several, have set their own.

    Each Python thread has its own number, but a new one may begin with a number that a
    block of another has set. One that none of the open blocks has set is the user's.
    """

    def __init__(self):
        self.lock, self.number = threading.Lock(), 0
        self.set_by_blocks: list[int] = []

    def enter(self, num_threads: int, is_own: bool) -> int:
        """Begin a block; return the number that this thread gets back after it."""
        with self.lock:
            now = torch.get_num_threads()
            if is_own or now not in self.set_by_blocks:
                self.number = now
            self.set_by_blocks.append(num_threads)
            return self.number

    def leave(self, num_threads: int) -> None:
        with self.lock:
            self.set_by_blocks.remove(num_threads)


_users_number = _UsersNumber()
_thread = threading.local()
_thread.blocks = {}  # the open ones of a Python thread; the user's own is not new
