"""Contenders that take turns in one process, so that all meet the same machine."""

import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator

import torch

TURN = 0.15  # seconds that a turn lasts at least


class Contender:
    """Something that works through a number of tokens each time it is called.

    `work` on a GPU only queues what there is to do, so the clock is read when `device`
    has done it.
    """

    def __init__(self, work: Callable[[], object], tokens: int, device: str = "cpu"):
        self.work, self.tokens, self.device = work, tokens, device
        self.calls = 1  # in a turn
        self.speeds: list[float] = []  # tokens per second, of each turn

    def warm_up(self) -> None:
        """Find out how many calls make a turn, from the quickest of three."""
        if self._seconds(1) < 2 * TURN:
            self.calls = 1 + int(TURN / min(self._seconds(1) for _ in range(3)))

    def take_turn(self) -> None:
        """Work for a turn, and note how fast."""
        self.speeds.append(self.calls * self.tokens / self._seconds(self.calls))

    def _seconds(self, calls: int) -> float:
        synchronise(self.device)
        start = time.perf_counter()
        for _ in range(calls):
            self.work()
        synchronise(self.device)
        return time.perf_counter() - start


Maker = Callable[[int], Contender]  # takes the number of hidden units


def race(
    makers: dict[str, Maker],
    num_hiddens: int,
    rounds: int,
    after_round: Callable[[], None] = lambda: None,
) -> dict[str, float]:
    """Median tokens per second of each contender, who take turns in each round."""
    print(f"H = {num_hiddens} …", file=sys.stderr, flush=True)
    torch.manual_seed(0)
    contenders = {name: make(num_hiddens) for name, make in makers.items()}
    for contender in contenders.values():
        contender.warm_up()
    for _ in range(rounds):
        for contender in contenders.values():
            contender.take_turn()
        after_round()
    return {name: statistics.median(each.speeds) for name, each in contenders.items()}


def ratios(
    speeds: dict[str, float], first: str, others: Iterable[str]
) -> Iterator[str]:
    """How many times as fast as each of the others the first is, as in "2.50×"."""
    return (f"{speeds[first] / speeds[other]:.2f}×" for other in others)


def synchronise(device: str) -> None:
    """Wait until the device has done all that it was given to do."""
    if device == "cuda":
        torch.cuda.synchronize()
