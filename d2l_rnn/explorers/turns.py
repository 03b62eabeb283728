"""What is repeated while a job runs, but not at every step of it."""

from __future__ import annotations

import time
from collections.abc import Callable


class Turn:
    """An action to repeat while a job runs, at most once every `seconds`.

    A slow action is repeated less often: one that takes t seconds is next due
    `share` * t seconds after it began.
    """

    def __init__(self, do: Callable[[], None], seconds: float, share: float):
        self.do, self.seconds, self.share = do, seconds, share
        self.begin()

    def begin(self) -> None:
        """Count the seconds from now."""
        self.due = time.perf_counter() + self.seconds

    def take(self) -> bool:
        """Perform the action if it is due; True if it was."""
        began = time.perf_counter()
        if began < self.due:
            return False
        self.do()
        took = time.perf_counter() - began
        self.due = began + max(self.seconds, self.share * took)
        return True
