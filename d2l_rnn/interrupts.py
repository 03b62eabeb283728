"""Ctrl-C, held back while something is done that has to be whole.

Python raises KeyboardInterrupt between any two instructions of the main thread: when
half of the parameters have taken their step, or on the way out of a `with` block that
was about to put things back as they were.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

# Seconds after which a second Ctrl-C is not held back: something may hang.
GRACE = 1.0


@contextmanager
def held_back() -> Iterator[Callable[[], None]]:
    """Hold Ctrl-C back until the end of the block, or until the block lets it through.

    The block gets a function that does so: called where everything is whole, it raises
    KeyboardInterrupt, or does whatever else the process does at Ctrl-C, if Ctrl-C has
    been pressed meanwhile. Of nested blocks the outermost counts. Threads other than
    the main one are never interrupted, and nothing is held back there. What the block
    itself sets for Ctrl-C stays.
    """
    before = signal.getsignal(signal.SIGINT)
    if not callable(before) or not _is_main_thread():
        yield _nothing
    elif isinstance(before, _Held) and before.is_open:
        yield before.let_through
    else:
        held = _Held(before)
        signal.signal(signal.SIGINT, held)
        try:
            yield held.let_through
        finally:
            held.close()


class _Held:
    """What is called at Ctrl-C meanwhile; `before` is what else would be called."""

    def __init__(self, before: Callable):
        self.before, self.is_open = before, True
        self.since: float | None = None  # a Ctrl-C is waiting

    def __call__(self, number: int, frame: object) -> None:
        now = time.monotonic()
        if self.since is None:
            self.since = now
        if now - self.since > GRACE or not self.is_open:
            self.let_through()

    def let_through(self) -> None:
        if self.since is not None:
            self.since = None
            self.before(signal.SIGINT, None)

    def close(self) -> None:
        """Put back what was, unless the block has set another; hold nothing back."""
        if signal.getsignal(signal.SIGINT) is self:
            signal.signal(signal.SIGINT, self.before)
        self.is_open = False
        self.let_through()


@contextmanager
def no_gradients() -> Iterator[None]:
    """`torch.no_grad`, which Ctrl-C cannot leave switched off.

    Also a decorator, of functions that do not yield.
    """
    with held_back(), torch.no_grad():
        yield


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _nothing() -> None:
    pass
