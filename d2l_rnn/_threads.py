"""How many threads a training run is worth, and whether the machine has them to give.

A product of two small matrices takes longer on two threads than on one. And threads
that wait for each other on a busy machine wait for its scheduler as well: each of the
many small steps of a run can then take a hundred times as long as it computes.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

# So many multiplications in a time step are worth a thread (benchmarks/speed.py).
WORTH_A_THREAD = 2**16
# Minibatches are timed for so many seconds before their mean is believed.
LONG_ENOUGH = 0.02
# One thread is gone back to if several take so many times as long: timings are noisy.
SLOWER = 1.15
# If they take so many times as long, the other cores are busy, for other runs as well.
COLLAPSE = 1.5
# Seconds until they are tried again: after the first failure, and after many.
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 60.0

_PYTORCH_S_OWN = torch.get_num_threads()


def worth(multiplications: int, available: int) -> int:
    """The number of threads for so many multiplications in a time step."""
    return min(available, max(1, multiplications // WORTH_A_THREAD))


class Threads:
    """The number of threads of one training run, chosen anew as it goes on.

    It begins with one, tries as many as the work is worth, and goes on with what is
    faster; now and then it tries again. A number that the user has chosen, by
    `torch.set_num_threads` or by OMP_NUM_THREADS or MKL_NUM_THREADS, is left alone.
    """

    def __init__(self):
        self.number = self.many = 1
        self.is_warm = False
        self.seconds: dict[int, float] = {}  # of a minibatch, by number of threads
        self.pause = _Pause()
        self._time_anew()

    @contextmanager
    def suited_to(self, multiplications: int) -> Iterator[Callable[[], None]]:
        """Run the block on the threads chosen, then give the user's number back.

        The block calls what it gets after each minibatch.
        """
        with _users_number_kept() as users:
            if _chosen_by_user(users):
                yield lambda: None
                return
            self.many = worth(multiplications, users)
            self.number = min(self.number, self.many)
            torch.set_num_threads(self.number)
            self._started = time.perf_counter()
            yield self._minibatch_done if self.many > 1 else lambda: None
            self._elapsed += time.perf_counter() - self._started

    def _minibatch_done(self) -> None:
        if not self.is_warm:  # the first minibatch takes memory, and its time
            self.is_warm = True
            return self._time_anew()
        now = time.perf_counter()
        self._minibatches += 1
        elapsed = self._elapsed + now - self._started
        if elapsed > LONG_ENOUGH:
            self.seconds[self.number] = elapsed / self._minibatches
            self._choose(now)
            torch.set_num_threads(self.number)
            self._time_anew()

    def _choose(self, now: float) -> None:
        if self.number == 1:
            if now > max(self.pause.until, _machine.until):
                self.number = self.many
            return
        slower = self.seconds[self.number] / self.seconds[1]
        for pause, limit in ((self.pause, SLOWER), (_machine, COLLAPSE)):
            if slower > limit:
                pause.begin(now)
                self.number = 1
            else:
                pause.shorten()

    def _time_anew(self) -> None:
        self._minibatches, self._elapsed = 0, 0.0
        self._started = time.perf_counter()


@contextmanager
def one_thread() -> Iterator[None]:
    """Run the block on one thread, unless the user has chosen a number."""
    with _users_number_kept() as users:
        if not _chosen_by_user(users):
            torch.set_num_threads(1)
        yield


class _Pause:
    """The time until several threads are tried again, twice as long each time."""

    def __init__(self):
        self.until, self.length = 0.0, FIRST_PAUSE

    def begin(self, now: float) -> None:
        self.until = now + self.length
        self.length = min(2 * self.length, LONGEST_PAUSE)

    def shorten(self) -> None:
        self.length = FIRST_PAUSE


class _UsersNumber:
    """The user's number of threads, while runs, perhaps several, have set their own."""

    def __init__(self):
        self.lock, self.inside, self.number = threading.Lock(), 0, 0

    def enter(self) -> int:
        with self.lock:
            if self.inside == 0:
                self.number = torch.get_num_threads()
            self.inside += 1
            return self.number

    def leave(self) -> None:
        with self.lock:
            self.inside -= 1
            torch.set_num_threads(self.number)


def _chosen_by_user(number: int) -> bool:
    by_environment = "OMP_NUM_THREADS" in os.environ or "MKL_NUM_THREADS" in os.environ
    return by_environment or number != _PYTORCH_S_OWN


@contextmanager
def _users_number_kept() -> Iterator[int]:
    users = _users_number.enter()
    try:
        yield users
    finally:
        _users_number.leave()


# What a run has found out about the machine holds for all runs of the process.
_machine, _users_number = _Pause(), _UsersNumber()
