"""What outlives what: a panel its callbacks, and Python the panels' threads."""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Protocol

from d2l_rnn.checks import non_negative

TO_END = 5.0  # seconds for the threads, before Python ends without them


class Ending(Protocol):
    """What has a thread that must not outlive Python, nor be missed after a fork."""

    def end(self, seconds: float) -> None:
        """End the thread; wait for that, so many seconds at most."""

    def begin_anew(self) -> None:
        """Be without a thread, in a process that was forked: none comes along."""


_all: weakref.WeakValueDictionary[int, Ending] = weakref.WeakValueDictionary()
_python_ends = threading.Event()


def add(ending: Ending) -> None:
    """End its thread when Python ends, and let it begin anew in a forked process."""
    _all[id(ending)] = ending


def begin(thread: threading.Thread) -> bool:
    """Start a thread; False if it is too late, because Python is about to end."""
    if _python_ends.is_set():
        return False
    try:
        thread.start()
    except RuntimeError:
        if not _python_ends.is_set():
            raise
        return False
    return True


def seconds(name: str, value: float) -> float:
    """A time that a thread can wait; ValueError for any other."""
    return non_negative(name, value, threading.TIMEOUT_MAX)


def weakly(method: Callable) -> Callable:
    """A function that calls a method of an object, but does not keep the object alive.

    Once the object is gone, it does nothing. ipywidgets never lets go of a widget that
    is open, nor of what this calls: so a panel gives its widgets only such functions.
    """
    ref = weakref.WeakMethod(method)

    def call(*args, **kwargs):
        alive = ref()
        return None if alive is None else alive(*args, **kwargs)

    return call


@atexit.register
def _end_all() -> None:
    """End all threads: one that is inside PyTorch when Python ends would abort it."""
    _python_ends.set()
    every, until = _every(), time.monotonic() + TO_END
    for each in every:
        each.end(0)
    for each in every:
        each.end(max(0, until - time.monotonic()))


def _after_fork() -> None:
    for each in _every():
        each.begin_anew()  # its lock may be held by a thread that is not here


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _every() -> list[Ending]:
    # In one go: another thread may add one meanwhile.
    return [each for ref in _all.valuerefs() if (each := ref()) is not None]
