"""How many threads a training run is worth, and whether the machine has them to give.

A product of two small matrices takes longer on two threads than on one. And threads
that wait for each other on a busy machine wait for its scheduler as well: each of the
many small steps of a run can then take a hundred times as long as it computes.
"""

from __future__ import annotations

import math
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
# Threads that take so many times as long as one have found the other cores busy.
COLLAPSE = 1.5
# Seconds until they are tried again: the first time, and after more and more failures.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0

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
        self.seconds: dict[int, float] = {}  # of a minibatch, by number of threads
        self.try_again_at = 0.0
        self._time_anew()

    @contextmanager
    def suited_to(self, multiplications: int) -> Iterator[Callable[[], None]]:
        """Run the block on the threads chosen, then give the user's number back.

        The block calls what it gets after each minibatch.
        """
        with _users_number_kept() as users:
            by_user = _chosen_by_user(users)
            self.many = users if by_user else worth(multiplications, users)
            self.number = self.many if by_user else min(self.number, self.many)
            torch.set_num_threads(self.number)
            self._started = time.perf_counter()
            yield self._keep if by_user or self.many == 1 else self._minibatch_done
            self._elapsed += time.perf_counter() - self._started

    def _keep(self) -> None:
        pass

    def _minibatch_done(self) -> None:
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
            if now > max(self.try_again_at, _machine.busy_until):
                self.number = self.many
            return
        slower = self.seconds[self.number] / self.seconds.get(1, math.inf)
        if slower > COLLAPSE:
            _machine.found_busy(now)
        else:
            _machine.found_quiet()
        if slower > 1:
            self.number, self.try_again_at = 1, now + FIRST_PAUSE

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


class _Machine:
    """What the runs of this process have found out about the other cores."""

    def __init__(self):
        self.busy_until, self.pause = 0.0, FIRST_PAUSE

    def found_busy(self, now: float) -> None:
        self.busy_until = now + self.pause
        self.pause = min(2 * self.pause, LONGEST_PAUSE)

    def found_quiet(self) -> None:
        self.pause = FIRST_PAUSE


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


_machine, _users_number = _Machine(), _UsersNumber()
