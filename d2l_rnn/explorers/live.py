"""The thread behind a panel: it runs one job at a time, always the latest.

The cell that shows a panel has finished long before the reader moves a slider, and
other cells may be running by then. So the work is done in a thread, which ends when
nothing is left to do. It may touch nothing of the panel but the values of widgets.
"""

from __future__ import annotations

import atexit
import collections
import threading
import time
import weakref
from collections.abc import Callable

# Seconds between the start of a job and that of the one that replaces it. In a drag, it
# is better that a few settings learn a little than that none learns anything.
APART = 0.35


_all = weakref.WeakSet()


@atexit.register
def _stop_all() -> None:
    """End all threads: one that is inside PyTorch must not outlive Python."""
    for live in list(_all):
        live.end()


class Stopped(Exception):
    """Raised inside a job that must make way for the next."""


class Live:
    """A thread that runs the latest job: starting one stops the one before.

    A job is a function. Wherever it can be interrupted, it calls `check`, which returns
    at once as a rule, waits while the job is paused, and raises `Stopped` once another
    job has been started. `on_change` is called when a job has paused or resumed, and at
    the end if no other follows.
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

        It pauses after `steps` steps; without `steps`, it runs to its end.
        """
        with self._changed:
            self._next, self._begin_at = job, self._began + apart
            self._settled, self._stopping, self._steps = False, False, steps
            self._wake()

    def ask(self, aside: Callable[[], None]) -> None:
        """Do something short in between; the current job, if any, then continues.

        An aside that is already waiting is not added again. It may end the job by
        raising `Stopped`.
        """
        with self._changed:
            if aside not in self._asides:
                self._asides.append(aside)
            self._wake()

    def pause(self) -> None:
        """Make the job wait at its next check."""
        self._allow(0)

    def resume(self) -> None:
        """Let the job continue."""
        self._allow(None)

    def step(self) -> None:
        """Let a paused job take one more step."""
        with self._changed:
            self._allow((self._steps or 0) + 1)

    def stop(self) -> None:
        """End the job at its next check, and drop the one that is waiting."""
        with self._changed:
            self._next, self._stopping, self._settled = None, True, True
            self._changed.notify_all()

    def end(self) -> None:
        """Stop, and wait a few seconds at most for the thread to end."""
        self.stop()
        thread = self._thread
        if thread is not None:
            thread.join(5)

    def wait(self, seconds: float) -> bool:
        """Wait until all requested work is done; False if it takes longer.

        Raises the error that ended the job, such as the ValueError of a bad setting.
        """
        with self._changed:
            done = self._changed.wait_for(lambda: self._settled, seconds)
        if done and self.error is not None:
            raise self.error
        return done

    @property
    def is_busy(self) -> bool:
        """True until all requested work is done."""
        return not self._settled

    @property
    def is_paused(self) -> bool:
        """True while a job waits for the reader to resume it."""
        return self.is_busy and self._steps == 0

    @property
    def is_running(self) -> bool:
        """True while there is a thread, even if its work is extra: see `settle`."""
        return self._thread is not None

    # Called by a job.

    def check(self) -> None:
        """Return at once, wait, or raise `Stopped`."""
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

    def rest(self, seconds: float) -> None:
        """Wait, and do what is asked meanwhile; raise `Stopped` as `check` does."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.check()
            with self._changed:
                if not (self._asides or self._stopping or self._due()):
                    patience = self._patience()
                    self._changed.wait(
                        left if patience is None else min(left, patience)
                    )
        self.check()

    def stepped(self) -> None:
        """Report that a step is done; a job limited to some steps may now pause."""
        with self._changed:
            self._steps = self._steps and self._steps - 1
            paused = self._steps == 0
        if paused:
            self.on_change()

    def settle(self) -> None:
        """Report that the requested work is done; what the job does now is extra."""
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
                self._stopping = False  # what was to stop has ended
                while self._next is not None and not self._due() and not self._asides:
                    self._changed.wait(self._patience())
                if self._asides:  # these were requested before the job
                    do = self._asides.popleft()
                elif self._due():
                    do, self._next, self._began = self._next, None, time.monotonic()
                    self.error, self.num_begun = None, self.num_begun + 1
                else:
                    self._thread = None
                    return
            self._do(do)
            self.settle()
            if self._next is None:  # otherwise the next job would undo it at once
                self.on_change()

    def _do(self, function: Callable[[], None]) -> bool:
        """Call the function; False if it raised `Stopped`."""
        try:
            function()
        except Stopped:
            return False
        except Exception as error:  # for the panel to show: a thread has no cell
            self.error = error
        return True


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
