"""One thread, the latest job: started, paused, stepped, stopped, replaced."""

import math
import subprocess
import sys
import threading
import time
import types

import numpy as np
import pytest
from driving import until

from d2l_rnn.explorers import live as live_module
from d2l_rnn.explorers import turns
from d2l_rnn.explorers.live import APART, Live, Stopped
from d2l_rnn.explorers.turns import Turn


class Counting:
    """A job of many steps, that notes how far it has come and how it has ended."""

    def __init__(self, live, num_steps=10**9, seconds=0.001):
        self.live, self.num_steps, self.seconds = live, num_steps, seconds
        self.steps, self.ended, self.thread = 0, None, None
        self.begun = threading.Event()

    def __call__(self):
        self.thread = threading.current_thread()
        self.begun_at = time.monotonic()
        self.begun.set()
        try:
            while self.steps < self.num_steps:
                self.live.check()
                time.sleep(self.seconds)
                self.steps += 1
                self.live.stepped()
            self.ended = "done"
        finally:
            self.ended = self.ended or "stopped"
            self.ended_at = time.monotonic()


@pytest.fixture
def live():
    live = Live()
    yield live
    live.stop()
    until(lambda: not live.is_running)


def test_a_job_runs_in_a_thread_that_ends_with_it(live):
    job = Counting(live, 3)
    live.start(job)
    assert live.wait(10)
    assert (job.steps, job.ended) == (3, "done")
    assert job.thread is not threading.main_thread()
    until(lambda: not job.thread.is_alive())


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"job": None}, "job must be a function, got None"),
        *(({"apart": odd}, "apart must be a finite number of at least 0")
          for odd in ("x", -1, math.nan, math.inf, None)),
        *(({"steps": odd}, "steps must be an integer of at least 0")
          for odd in ("2", -1, 1.0)),
    ],
)  # fmt: skip
def test_what_cannot_be_started_is_refused_and_the_job_goes_on(live, how, words):
    job = Counting(live)
    live.start(job)
    assert job.begun.wait(10)
    with pytest.raises(ValueError, match=words):
        live.start(**{"job": lambda: None, **how})
    steps = job.steps
    until(lambda: job.steps > steps)
    live.stop()
    assert live.wait(10)


def test_what_is_no_function_and_no_time_is_refused(live):
    with pytest.raises(ValueError, match="on_change must be a function"):
        Live(None)
    with pytest.raises(ValueError, match="aside must be a function"):
        live.ask("write")
    for odd in (None, -1, math.nan, "x"):
        with pytest.raises(ValueError, match="seconds must be a finite number"):
            live.end(odd)
        with pytest.raises(ValueError, match="seconds must be a finite number"):
            live.rest(odd)
    job = Counting(live, 1)
    live.start(job, steps=np.int64(3))  # it has not ended
    assert live.wait(10) and job.ended == "done"


def test_nothing_to_wait_for_is_waited_for(live):
    assert live.wait(0)
    assert not live.is_busy


def test_to_start_a_job_is_to_stop_the_one_before(live):
    first, second = Counting(live), Counting(live, 2)
    live.start(first)
    assert first.begun.wait(10)
    live.start(second)
    assert live.wait(10)
    assert (first.ended, second.ended) == ("stopped", "done")
    assert first.thread is second.thread  # never two at a time
    assert second.begun_at >= first.ended_at


def test_the_next_begins_at_the_next_check_of_the_one_before(live):
    begun, go_on, steps = threading.Event(), threading.Event(), []

    def first():
        while True:
            live.check()
            steps.append(1)
            begun.set()
            assert go_on.wait(10)

    second = Counting(live, 1)
    live.start(first)
    assert begun.wait(10)
    live.start(second)
    go_on.set()
    assert live.wait(10)
    assert (len(steps), second.ended) == (1, "done")


def test_jobs_that_replace_each_other_begin_apart(live, monkeypatch):
    clock = types.SimpleNamespace(now=100.0)
    monkeypatch.setattr(
        live_module, "time", types.SimpleNamespace(monotonic=lambda: clock.now)
    )
    first, second, third = (Counting(live) for _ in range(3))
    live.start(first, APART)
    assert first.begun.wait(10)  # at once: there was none before
    for share, job in ((0.3, second), (0.6, third)):
        clock.now = 100 + share * APART
        live.start(job, APART)
        steps = first.steps
        until(lambda steps=steps: first.steps > steps + 5)  # it is left alone
    assert first.ended is None
    clock.now = 100 + APART
    assert third.begun.wait(10)
    assert (first.ended, second.thread) == ("stopped", None)
    assert live.num_begun == 2


def test_many_starts_apart_are_few_jobs_and_the_last_is_among_them(live):
    jobs = [Counting(live, seconds=0.005) for _ in range(19)] + [Counting(live, 1)]
    started = time.monotonic()
    for job in jobs:
        live.start(job, APART)
        time.sleep(0.05)
    assert live.wait(10)
    took = time.monotonic() - started
    begun = [job for job in jobs if job.thread is not None]
    assert begun[0] is jobs[0]  # at once
    assert begun[-1].ended == "done" and begun[-1] is jobs[-1]
    assert len(begun) == live.num_begun <= took / APART + 2


def test_a_paused_job_waits_and_goes_on(live):
    job = Counting(live)
    live.start(job)
    until(lambda: job.steps > 2)
    live.pause()
    assert live.is_paused and live.is_busy
    time.sleep(0.02)
    steps = job.steps
    time.sleep(0.05)
    assert job.steps == steps and job.ended is None
    assert not live.wait(0.01)
    live.resume()
    assert not live.is_paused
    until(lambda: job.steps > steps)


def test_step_by_step(live):
    job = Counting(live)
    live.start(job, steps=1)
    until(lambda: live.is_paused)
    assert job.steps == 1
    live.step()
    until(lambda: live.is_paused)
    assert job.steps == 2
    live.step()
    live.step()
    until(lambda: job.steps == 4)
    time.sleep(0.02)
    assert job.steps == 4 and live.is_paused


def test_a_step_lets_a_running_job_pause_after_it(live):
    job = Counting(live, seconds=0.01)
    live.start(job)
    until(lambda: job.steps > 1)
    live.step()
    until(lambda: live.is_paused)
    steps = job.steps
    time.sleep(0.05)
    assert job.steps == steps


def test_a_paused_job_makes_way(live):
    first, second = Counting(live), Counting(live, 2)
    live.start(first)
    assert first.begun.wait(10)
    live.pause()
    live.start(second)
    assert live.wait(10)
    assert (first.ended, second.ended) == ("stopped", "done")
    assert not live.is_paused


@pytest.mark.parametrize("is_paused", [False, True])
def test_stop_ends_the_job_and_the_one_that_waits(live, is_paused):
    first, second = Counting(live), Counting(live)
    live.start(first)
    assert first.begun.wait(10)
    if is_paused:
        live.pause()
    live.start(second, apart=60)
    live.stop()
    assert live.wait(0) and not live.is_busy
    until(lambda: first.ended == "stopped")
    assert second.thread is None


def test_after_a_stop_one_can_start(live):
    live.start(Counting(live))
    live.stop()
    job = Counting(live, 2)
    live.start(job)
    assert live.wait(10) and job.ended == "done"


def test_an_error_is_raised_where_one_waits_and_forgotten_with_the_next_job(live):
    def bad():
        raise ValueError("theta must be positive")

    live.start(bad)
    with pytest.raises(ValueError, match="theta must be positive"):
        live.wait(10)
    live.start(Counting(live, 1))
    assert live.wait(10)
    assert live.error is None


def test_an_aside_comes_between_the_steps_of_a_job_running_or_paused(live):
    seen, job = [], Counting(live)
    live.start(job)
    assert job.begun.wait(10)
    live.ask(lambda: seen.append(threading.current_thread()))
    until(lambda: seen)
    assert seen == [job.thread]
    live.pause()
    live.ask(lambda: seen.append("paused"))
    until(lambda: seen[-1] == "paused")
    assert live.is_paused and job.ended is None


def test_an_aside_comes_before_a_job_that_was_started_after_it(live):
    order, begun, go_on = [], threading.Event(), threading.Event()

    def first():
        begun.set()
        assert go_on.wait(10)  # busy with something that cannot be interrupted

    live.start(first)
    assert begun.wait(10)
    live.ask(lambda: order.append("aside"))
    live.start(lambda: order.append("job"))
    go_on.set()
    assert live.wait(10)
    assert order == ["aside", "job"]


def test_an_aside_alone_and_one_that_fails(live):
    seen = []
    live.ask(lambda: seen.append(1))
    until(lambda: seen)
    live.ask(lambda: 1 / 0)
    until(lambda: live.error is not None)
    assert isinstance(live.error, ZeroDivisionError)
    live.ask(lambda: seen.append(2))  # the thread was not lost with it
    until(lambda: len(seen) == 2)


def test_an_aside_that_waits_is_not_asked_for_twice(live):
    job, calls = Counting(live, seconds=0.2), []

    def aside():
        calls.append(1)

    live.start(job)
    assert job.begun.wait(10)
    for _ in range(5):
        live.ask(aside)
    until(lambda: calls)
    time.sleep(0.3)
    assert calls == [1]


def test_a_failing_aside_does_not_end_the_job(live):
    job = Counting(live)
    live.start(job)
    assert job.begun.wait(10)
    live.ask(lambda: 1 / 0)
    until(lambda: live.error is not None)
    steps = job.steps
    until(lambda: job.steps > steps)


@pytest.mark.parametrize("is_paused", [False, True])
def test_an_aside_may_end_the_job(live, is_paused):
    def end():
        raise Stopped

    first, second = Counting(live), Counting(live, 2)
    live.start(first)
    assert first.begun.wait(10)
    if is_paused:
        live.pause()
    live.ask(end)
    live.start(second, apart=0.2)
    assert live.wait(10)
    assert (first.ended, second.ended) == ("stopped", "done")
    assert first.ended_at < second.begun_at
    live.ask(end)  # nothing is there to be ended
    assert live.wait(10) and live.error is None


def test_what_a_settled_job_does_is_extra(live):
    extra = Counting(live)

    def job():
        live.settle()
        extra()

    live.start(job)
    assert live.wait(10) and not live.is_busy
    assert extra.begun.wait(10)
    live.pause()  # nothing that was asked for is left to pause
    assert not live.is_paused
    live.start(Counting(live, 1))
    assert live.wait(10)
    assert extra.ended == "stopped"


def test_changes_are_told():
    told = []
    live = Live(lambda: told.append((live.is_busy, live.is_paused)))
    live.start(Counting(live, 2), steps=1)
    until(lambda: (True, True) in told)
    live.resume()
    assert live.wait(10)
    until(lambda: told[-1] == (False, False))


def test_a_turn_comes_every_so_often_and_later_if_it_takes_long(monkeypatch):
    clock = types.SimpleNamespace(now=0.0)
    clock.perf_counter = lambda: clock.now
    monkeypatch.setattr(turns, "time", clock)
    done, takes = [], [0.01, 0.5, 0.01]

    def do():
        done.append(clock.now)
        clock.now += takes[len(done) - 1]

    turn = Turn(do, seconds=1.0, share=10)
    for tenth in range(100):
        clock.now = max(clock.now, tenth / 10)
        if len(done) < 3:
            turn.take()
    assert done == [1.0, 2.0, 7.0]


def test_python_ends_in_the_middle_of_a_run():
    """Its thread ends first: PyTorch does not take it well otherwise."""
    program = (
        "from d2l_rnn import explorers\n"
        "panel = explorers.Training(num_hiddens=64, num_epochs=500, text='story')\n"
        "while len(panel.history) < 3: pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_is_asked_after_a_stop_is_done():
    live, done = Live(), []

    def aside():
        live.check()  # as it does that makes way for a job
        done.append(1)

    live.on_change = lambda: done or live.is_busy or live.ask(aside)
    live.start(lambda: [live.check() for _ in iter(int, 1)])
    until(lambda: live.num_begun == 1)
    live.stop()
    until(lambda: done and not live.is_running)
