"""The thread behind a panel: it runs one job at a time, always the latest.

The cell that shows a panel has finished long before the reader moves a slider, and
other cells may be running by then. So the work is done in a thread, which ends when
nothing is left to do. It may touch nothing of the panel but the values of widgets.
"""

from __future__ import annotations

import collections
import functools
import threading
import time
from collections.abc import Callable

from d2l_rnn.checks import functions, integer
from d2l_rnn.explorers import lifetime
from d2l_rnn.explorers.faults import Stopped, error_of, is_fault

# Seconds between the start of a job and that of the one that replaces it. In a drag, it
# is better that a few settings learn a little than that none learns anything.
APART = 0.35


class Live:
    """A thread that runs the latest job: starting one stops the one before.

    A job is a function. Wherever it can be interrupted, it calls `check`, which returns
    at once as a rule, waits while the job is paused, and raises `Stopped` once another
    job has been started. `on_change` is called when a job has paused or resumed, and at
    the end if no other follows; if it raises an error, that is taken for the job's.
    """

    def __init__(self, on_change: Callable[[], None] = lambda: None):
        functions(on_change=on_change)
        self.on_change = on_change
        self.job_error: Exception | None = None  # that the last job ended with
        self.aside_error: Exception | None = None  # of an aside, since the last `start`
        self._failed: Callable[[], None] | None = None  # that aside
        self.num_begun = 0  # jobs, so far
        self._has_ended = False
        self.begin_anew()
        lifetime.add(self)

    def begin_anew(self) -> None:
        """Be without a thread, as in a process that was forked: none comes along."""
        self._changed = threading.Condition()
        self._next: Callable[[], None] | None = None
        self._asides: collections.deque[Callable[[], None]] = collections.deque()
        self._extras: collections.deque[Callable[[], None]] = collections.deque()
        self._num_answered = 0  # asides that are being done: one may let in another
        self._begin_at = self._began = -APART
        self._thread: threading.Thread | None = None
        self._settled, self._stopping = True, False
        self._steps: int | None = None  # that a paused job may take; None: not paused

    def start(
        self, job: Callable[[], None], apart: float = 0, steps: int | None = None
    ) -> None:
        """Run a job now, or `apart` seconds after the last one began.

        It pauses after `steps` steps; without `steps`, it runs to its end. After `end`,
        nothing is run. Raises ValueError for a job that is no function, for a time or a
        number of steps below 0, and RuntimeError if there can be no thread.
        """
        functions(job=job)
        apart = lifetime.seconds("apart", apart)
        steps = steps if steps is None else integer("steps", steps, 0)
        with self._changed:
            if self._is_awake():
                self._next, self._begin_at = job, self._began + apart
                self._settled, self._stopping, self._steps = False, False, steps
                self.aside_error = None

    def ask(self, aside: Callable[[], None], extra: bool = False) -> None:
        """Do something short in between; the current job, if any, then continues.

        An aside that is already waiting is not added again. It may end the job by
        raising `Stopped`. `wait` does not wait for one that is `extra`, and comes last.
        Raises ValueError if it is no function, and RuntimeError as `start` does.
        """
        functions(aside=aside)
        with self._changed:
            asides = self._extras if extra else self._asides
            if self._is_awake() and aside not in asides:
                asides.append(aside)

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

    def end(self, seconds: float = lifetime.TO_END) -> None:
        """Stop for good, and wait so many seconds at most for the thread to end.

        Raises ValueError, before that, for seconds that are no time.
        """
        seconds = lifetime.seconds("seconds", seconds)
        with self._changed:
            self._has_ended = True
            self._asides.clear()
            self._extras.clear()
            self.stop()
            thread = self._thread
        if seconds > 0 and thread not in (None, threading.current_thread()):
            thread.join(seconds)

    def wait(self, seconds: float) -> bool:
        """Wait until all requested work is done; False if it takes longer.

        Raises the error that ended the job, such as the ValueError of a bad setting, or
        else that of an aside, and ValueError for seconds that are no time.
        """
        seconds = lifetime.seconds("seconds", seconds)
        with self._changed:
            done = self._changed.wait_for(self._owes_nothing, seconds)
        if done and self.error is not None:
            raise self.error
        return done

    @property
    def error(self) -> Exception | None:
        """What is to be shown: the error of the last job, or else of an aside."""
        return self.job_error or self.aside_error

    def forget_errors(self) -> None:
        """Show none of the errors so far."""
        self.job_error = self.aside_error = None

    @property
    def is_busy(self) -> bool:
        """True until the requested job is done."""
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
                if (answer := self._take_aside()) is None:
                    if self._steps != 0 or self._settled:
                        return
                    self._changed.wait(self._seconds_left())
                    continue
            error = answer()
            if isinstance(error, Stopped):
                raise error

    def rest(self, seconds: float) -> None:
        """Wait, and do what is asked meanwhile; raise `Stopped` as `check` does.

        Raises ValueError for seconds that are no time.
        """
        until = time.monotonic() + lifetime.seconds("seconds", seconds)
        while (left := until - time.monotonic()) > 0:
            self.check()
            with self._changed:
                if not (self._asides or self._extras or self._stopping or self._due()):
                    until_next = self._seconds_left()
                    self._changed.wait(
                        left if until_next is None else min(left, until_next)
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

    def _is_awake(self) -> bool:
        """Have a thread; False if it is too late for one.

        Raises RuntimeError if this machine has no more; `wait` does, too, until another
        job has begun: what was asked for is not done.
        """
        if self._thread is None and not self._has_ended:
            thread = threading.Thread(
                target=self._work, name="d2l_rnn explorer", daemon=True
            )
            try:
                self._thread = thread if lifetime.begin(thread) else None
            except RuntimeError as error:
                self.job_error = error
                self._tell()
                raise
        self._changed.notify_all()
        return self._thread is not None and not self._has_ended

    def _due(self) -> bool:
        return self._next is not None and time.monotonic() >= self._begin_at

    def _seconds_left(self) -> float | None:
        """Seconds until the next job may begin; None if there is none."""
        if self._next is None:
            return None
        return max(0.0, self._begin_at - time.monotonic())

    def _owes_nothing(self) -> bool:
        return self._settled and not self._asides and not self._num_answered

    def _work(self) -> None:
        while (do := self._take()) is not None:
            do()
            self.settle()
            if self._next is None:  # otherwise the next job would undo it at once
                self._tell()

    def _take(self) -> Callable[[], object] | None:
        """What is to be done next, once it is due; None, and no thread, if nothing."""
        with self._changed:
            self._stopping = False  # what was to stop has ended
            while (answer := self._take_aside()) is None:  # asked for before the job
                if self._next is None:
                    self._thread = None
                    return None
                if self._due():
                    job, self._next, self._began = self._next, None, time.monotonic()
                    self.job_error, self.num_begun = None, self.num_begun + 1
                    return functools.partial(self._do, job)
                self._changed.wait(self._seconds_left())
            return answer

    def _do(self, job: Callable[[], None]) -> None:
        error = error_of(job)
        if is_fault(error):
            self.job_error = error

    def _take_aside(self) -> Callable[[], Exception | None] | None:
        if self._asides:
            self._num_answered += 1
            return functools.partial(self._answer, self._asides.popleft(), 1)
        if self._extras:
            return functools.partial(self._answer, self._extras.popleft(), 0)
        return None

    def _answer(self, aside: Callable[[], None], number: int) -> Exception | None:
        """Do an aside, which counts as `number`; the error that it ended with."""
        error = error_of(aside)
        with self._changed:
            self._num_answered -= number
            if is_fault(error):
                self.aside_error, self._failed = error, aside
            elif error is None and aside == self._failed:  # it is mended
                self.aside_error = None
            self._changed.notify_all()
        if is_fault(error):
            self._tell()
        return error

    def _tell(self) -> None:
        """Call `on_change`, and outlive an error in it."""
        error = error_of(self.on_change)
        if error is not None:
            self.job_error = self.job_error or error
