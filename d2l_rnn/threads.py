"""PyTorch's threads, for the models that are not trained by the engine.

A product of two small matrices takes longer on two threads than on one, and on a busy
machine they wait for each other as well.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import torch

# So many hidden units are worth several threads (benchmarks/speed.py).
WORTH_THREADS = 128


def suited_to(num_hiddens: int):
    """A context with one thread for a small model, and the user's number for others."""
    return one_thread() if num_hiddens < WORTH_THREADS else nullcontext()


@contextmanager
def one_thread() -> Iterator[None]:
    """Run the block on one thread, and give the user's number back at the end.

    Also where blocks overlap in several Python threads.
    """
    _users_number.enter()
    try:
        torch.set_num_threads(1)
        yield
    finally:
        _users_number.leave()


class _UsersNumber:
    """The user's number of threads, while runs, perhaps several, have set their own."""

    def __init__(self):
        self.lock, self.inside, self.number = threading.Lock(), 0, 0

    def enter(self) -> None:
        with self.lock:
            if self.inside == 0:
                self.number = torch.get_num_threads()
            self.inside += 1

    def leave(self) -> None:
        with self.lock:
            self.inside -= 1
            torch.set_num_threads(self.number)


_users_number = _UsersNumber()
