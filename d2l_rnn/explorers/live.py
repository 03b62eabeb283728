"""The run behind a panel: one job at a time, in a thread of its own, the latest.

The cell that shows a panel is done long before the reader moves a slider, and other
cells run meanwhile. So the work is done in a thread, which ends when there is nothing
left to do. All that it may touch of the panel is the values of widgets.
"""

from __future__ import annotations

import atexit
import collections
import threading
import time
import weakref
from collections.abc import Callable

# Seconds between the beginnings of two jobs that replace each other. While a slider is
# dragged it is better to see some settings learn a little than all of them not at all.
APART = 0.35


_all = weakref.WeakSet()


@atexit.register
def _stop_all() -> None:
    """End what runs: a thread in the middle of PyTorch must not outlive Python."""
    for live in list(_all):
        live.end()


class Stopped(Exception):
    """Raised inside a job that is to make way for the next."""


class Live:
    """A thread that runs the latest job: to start one is to stop the one before.

    A job is a function. Wherever it can be interrupted it calls `check`, which returns
    at once as a rule, waits while the reader has paused it, and raises `Stopped` when
    another job has been started. `on_change` is called when a job has paused, gone on
    or ended.
    """

    def __init__(self, on_change: Callable[[], None] = lambda: None):
        self.on_change = on_change
        self.error: Exception | None = None  # that the last job ended with
        self.num_begun = 0  # jobs, so far
        self._changed = threading.Condition()
        self._next: Callable[[], None] | None = None
        self._asides: collections.deque = collections.deque()
        self._begin_at = self._began = -APART
        self._thread: threading.Thread | None = None
        self._settled, self._stopping = True, False
        self._steps: int | None = None  # that a paused job may take; None: not paused
        _all.add(self)

    def start(
        self, job: Callable[[], None], apart: float = 0, steps: int | None = None
    ) -> None:
        """Run a job now, or `apart` seconds after the last one began.

        It pauses after `steps` steps, if that is given, and otherwise runs on.
        """
        with self._changed:
            self._next, self._begin_at = job, self._began + apart
            self._settled, self._stopping, self._steps = False, False, steps
            self._wake()

    def ask(self, aside: Callable[[], None]) -> None:
        """Do something short in between: the job, if there is one, goes on after it.

        An aside that already waits is not asked for twice. It may end the job, by
        raising `Stopped`.
        """
        with self._changed:
            if aside not in self._asides:
                self._asides.append(aside)
            self._wake()

    def pause(self) -> None:
        """Let the job wait at its next check."""
        self._allow(0)

    def resume(self) -> None:
        """Let the job go on."""
        self._allow(None)

    def step(self) -> None:
        """Let a paused job take one step more."""
        with self._changed:
            self._allow((self._steps or 0) + 1)

    def stop(self) -> None:
        """Let the job end at its next check, and the one that waits never begin."""
        with self._changed:
            self._next, self._stopping, self._settled = None, True, True
            self._changed.notify_all()

    def end(self) -> None:
        """Stop, and wait for the thread to end, for a few seconds at most."""
        self.stop()
        thread = self._thread
        if thread is not None:
            thread.join(5)

    def wait(self, seconds: float) -> bool:
        """Wait until all that was asked for is done; False if it takes longer.

        Raises what the job ended with, such as the ValueError of a bad setting.
        """
        with self._changed:
            done = self._changed.wait_for(lambda: self._settled, seconds)
        if done and self.error is not None:
            raise self.error
        return done

    @property
    def is_busy(self) -> bool:
        """True while a job has something to do that was asked for."""
        return not self._settled

    @property
    def is_paused(self) -> bool:
        """True while a job waits for the reader to let it go on."""
        return self.is_busy and self._steps == 0

    @property
    def is_running(self) -> bool:
        """True while there is a thread, even if what it does is extra: see `settle`."""
        return self._thread is not None

    # What a job calls.

    def check(self) -> None:
        """Go on, wait, or raise `Stopped`."""
        while True:
            with self._changed:
                if self._stopping or self._due():
                    raise Stopped
                if self._asides:
                    aside = self._asides.popleft()
                elif self._steps == 0 and not self._settled:
                    self._changed.wait(self._patience())
                    continue
                else:
                    return
            if not self._do(aside):
                raise Stopped

    def stepped(self) -> None:
        """One step is done: a job that was to take a number of them may pause now."""
        with self._changed:
            self._steps = self._steps and self._steps - 1
            paused = self._steps == 0
        if paused:
            self.on_change()

    def settle(self) -> None:
        """All that was asked for is done; what the job does from here on is extra."""
        with self._changed:
            if self._next is None:
                self._settled = True
                self._changed.notify_all()

    # The thread.

    def _allow(self, steps: int | None) -> None:
        with self._changed:
            self._steps = steps
            self._changed.notify_all()
        self.on_change()

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._work, name="d2l_rnn explorer", daemon=True
            )
            self._thread.start()
        self._changed.notify_all()

    def _due(self) -> bool:
        return self._next is not None and time.monotonic() >= self._begin_at

    def _patience(self) -> float | None:
        """Seconds until the next job may begin; None if there is none."""
        if self._next is None:
            return None
        return max(0.0, self._begin_at - time.monotonic())

    def _work(self) -> None:
        while True:
            with self._changed:
                while self._next is not None and not self._due() and not self._asides:
                    self._changed.wait(self._patience())
                if self._asides:  # asked for before the job: first come, first served
                    do = self._asides.popleft()
                elif self._due():
                    do, self._next, self._began = self._next, None, time.monotonic()
                    self.error, self.num_begun = None, self.num_begun + 1
                else:
                    self._thread = None
                    return
            self._do(do)
            self.settle()
            self.on_change()

    def _do(self, function: Callable[[], None]) -> bool:
        """Call the function; False if it was, or wants, to be stopped."""
        try:
            function()
        except Stopped:
            return False
        except Exception as error:  # for the panel to show: a thread has no cell
            self.error = error
        return True


class Turn:
    """Something to be done every few `seconds` while a job runs, and not more often.

    It comes later if it takes long: between two times the job has `share` times as long
    for itself.
    """

    def __init__(self, do: Callable[[], None], seconds: float, share: float):
        self.do, self.seconds, self.share = do, seconds, share
        self.begin()

    def begin(self) -> None:
        """Count the seconds from now on."""
        self.due = time.perf_counter() + self.seconds

    def take(self) -> bool:
        """Do it if it is time to; True if it was."""
        began = time.perf_counter()
        if began < self.due:
            return False
        self.do()
        took = time.perf_counter() - began
        self.due = began + max(self.seconds, self.share * took)
        return True
