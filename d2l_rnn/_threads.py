"""How many threads a training run is worth, and whether the machine has them to give.

A product of two small matrices takes longer on two threads than on one. And threads
that wait for each other on a busy machine wait for its scheduler as well: each of the
many small steps of a run can then take a hundred times as long as it computes.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

# So many multiplications in a time step are worth a thread (benchmarks/speed.py).
WORTH_A_THREAD = 2**16
# The processor time of a process is known to a few milliseconds: judge over more.
LONG_ENOUGH = 0.05  # seconds
# A verdict holds for so many times as long as it took to reach.
PATIENCE = 10

_PYTORCH_S_OWN = torch.get_num_threads()


def chosen_by_user() -> bool:
    """True if somebody has set a number of threads, which is then left alone."""
    by_environment = "OMP_NUM_THREADS" in os.environ or "MKL_NUM_THREADS" in os.environ
    return by_environment or torch.get_num_threads() != _PYTORCH_S_OWN


def worth(multiplications: int) -> int:
    """The number of threads for so many multiplications in a time step."""
    available = torch.get_num_threads()
    if chosen_by_user():
        return available
    return min(available, max(1, multiplications // WORTH_A_THREAD))


class Threads:
    """The number of threads of one training run, chosen anew for each epoch.

    By the size of the work; but where the processor time shows that the threads have
    to wait for others to leave the cores, the run tries one thread, and goes on with
    what is faster, until it is time to look again.
    """

    def __init__(self):
        self.crowded, self.verdict_until = False, 0.0
        self.running = 0.0  # seconds that the blocks have taken, all together
        self.seconds: dict[int, float] = {}  # of a minibatch, by number of threads
        self._start_measuring()

    @contextmanager
    def suited_to(self, multiplications: int) -> Iterator[list]:
        """Run the block on so many threads, then give the user's number back.

        The block gets a list, and appends something to it for each minibatch.
        """
        if self.crowded and self.running > self.verdict_until:
            self.crowded = False
            self._start_measuring()
        users, many = torch.get_num_threads(), worth(multiplications)
        number = 1 if self.crowded and not chosen_by_user() else many
        done, wall, cpu = [], time.perf_counter(), time.process_time()
        torch.set_num_threads(number)
        try:
            yield done
        finally:
            torch.set_num_threads(users)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            self.done, self.running = self.done + len(done), self.running + wall
            self.wall, self.cpu = self.wall + wall, self.cpu + cpu
            if many > 1 and self.done and self.wall > LONG_ENOUGH:
                self._judge(number, many)
                self._start_measuring()

    def _judge(self, number: int, many: int) -> None:
        self.seconds[number] = self.wall / self.done
        if number > 1:
            # Threads that have a core each are busy, if only with active waiting.
            waited = self.cpu < 0.85 * number * self.wall
            if waited and self.running > self.verdict_until:
                self._decide(crowded=True)
        elif self.seconds[1] > self.seconds.get(many, math.inf):
            self._decide(crowded=False)

    def _decide(self, crowded: bool) -> None:
        self.crowded = crowded
        self.verdict_until = self.running + PATIENCE * self.wall

    def _start_measuring(self) -> None:
        self.done, self.wall, self.cpu = 0, 0.0, 0.0
