"""A panel survives what goes wrong in it, and around it."""

import os
import subprocess
import sys
import threading

import pytest
from driving import until

from d2l_rnn import explorers
from d2l_rnn.explorers import answering, controls, lifetime
from d2l_rnn.explorers.live import Live
from d2l_rnn.explorers.wording import complaint
from d2l_rnn.pictures import Picture


class Mute(Exception):
    def __str__(self):
        raise ZeroDivisionError


ENDINGS = [SystemExit(3), KeyboardInterrupt(), ZeroDivisionError("no")]


class Failing(answering.Explorer):
    """Raises `error` at 1."""

    at = controls.Whole("at", 0, 3, 0)

    def __init__(self, error=None, **values):
        self.error, self.fails_to_change = error, False
        super().__init__(**values)

    def answer(self, at):
        if at == 1:
            raise self.error
        return Picture(), f"at {at}"

    def _changed(self):
        if self.fails_to_change:
            raise ZeroDivisionError("the change")
        super()._changed()


@pytest.mark.parametrize("error", [MemoryError(), ValueError(" "), Mute()], ids=repr)
def test_an_error_without_a_word_is_shown_by_its_name(error):
    assert type(error).__name__ in complaint(error)
    panel = explorers.Training(text="story", num_hiddens=8, num_epochs=1)
    assert panel.wait(30)

    def fail():
        raise error

    panel._try(fail)
    assert panel.view.refused == type(error).__name__
    panel.close()


@pytest.mark.parametrize("error", ENDINGS, ids=repr)
def test_a_panel_survives_what_its_answer_raises(error):
    panel = Failing(error)
    assert panel.wait(30)
    panel.widgets["at"].value = 1
    with pytest.raises(Exception, match="SystemExit|KeyboardInterrupt|no"):
        panel.wait(30)
    until(lambda: "<b" in panel.view.readout)
    panel.at = 2
    assert panel.wait(30) and panel.view.readout == "at 2"
    panel.close()


def test_a_panel_survives_an_error_in_what_shows_its_change():
    panel = Failing()
    assert panel.wait(30)
    panel.fails_to_change = True
    panel.at = 2
    until(lambda: "the change" in panel.view.readout)
    with pytest.raises(ZeroDivisionError, match="the change"):
        panel.wait(30)
    panel.fails_to_change = False
    panel.at = 3
    assert panel.wait(30) and panel.view.readout == "at 3"
    panel.close()


@pytest.mark.parametrize("error", ENDINGS, ids=repr)
def test_a_thread_survives_an_error_in_what_it_calls(error):
    def bad():
        raise error

    live, done = Live(bad), []
    live.start(lambda: done.append(1))
    until(lambda: live.job_error is not None)
    live.on_change = lambda: None
    live.ask(bad)
    until(lambda: live.aside_error is not None)
    live.start(bad)
    with pytest.raises(Exception):  # noqa: B017
        live.wait(30)
    live.start(lambda: done.append(2))
    assert live.wait(30) and done == [1, 2]


def test_where_no_thread_can_start_the_panel_says_so_until_one_can(monkeypatch):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    panel = Failing()
    assert panel.wait(30)
    until(lambda: not panel.live.is_running)
    with monkeypatch.context() as without:
        without.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="can't start new thread"):
            panel.at = 2
        with pytest.raises(RuntimeError, match="can't start new thread"):
            panel.wait(2)
        assert "can&#x27;t start new thread" in panel.view.readout
    panel.at = 3
    assert panel.wait(30) and panel.view.readout == "at 3"
    panel.close()


@pytest.mark.parametrize("theta", [2, 0.3])  # on a position of the slider, and between
def test_an_error_in_a_readers_own_observer_comes_after_the_work(theta):
    panel = explorers.Training(text="story", num_hiddens=8, num_epochs=2)
    assert panel.wait(30)
    panel.widgets["theta"].observe(lambda change: 1 / 0, "value")
    with pytest.raises(ZeroDivisionError):
        panel.set(theta=theta, seed=1)
    assert (panel.theta, panel.seed) == (theta, 1)
    assert panel.wait(30) and len(panel.history) == 2
    panel.close()


@pytest.mark.parametrize("seconds", ["x", [1], None, -1, float("nan"), float("inf")])
def test_seconds_that_are_no_time_are_refused(seconds):
    panel = Failing()
    with pytest.raises(ValueError, match="seconds must be a finite number of at least"):
        panel.wait(seconds)
    panel.close()


def test_the_error_of_an_aside_is_not_that_of_the_job_and_is_not_lost():
    live, go_on = Live(), threading.Event()

    def job():
        while not go_on.is_set():
            live.check()

    def bad():
        raise ZeroDivisionError("aside")

    live.start(job)
    live.ask(bad)
    until(lambda: live.aside_error is not None)
    assert live.job_error is None and live.is_busy
    go_on.set()
    with pytest.raises(ZeroDivisionError, match="aside"):
        live.wait(30)
    live.start(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError, match="division"):
        live.wait(30)


def test_the_error_of_an_aside_goes_once_the_aside_succeeds():
    live, is_bad = Live(), [True, False]

    def aside():
        if is_bad.pop(0):
            raise ZeroDivisionError("aside")

    live.ask(aside)
    with pytest.raises(ZeroDivisionError, match="aside"):
        live.wait(30)
    live.ask(lambda: None)
    with pytest.raises(ZeroDivisionError, match="aside"):
        live.wait(30)
    live.ask(aside)
    assert live.wait(30)


def test_an_error_shows_in_the_panel_while_its_job_goes_on():
    panel = Failing()
    assert panel.wait(30)
    go_on = threading.Event()

    def job():
        while not go_on.wait(0.01):
            panel.live.check()

    panel.live.start(job)
    panel.live.ask(lambda: 1 / 0)
    until(lambda: "division by zero" in panel.view.readout)
    assert panel.live.is_busy
    go_on.set()
    panel.close()


@pytest.mark.parametrize("job", [None, lambda: None])
def test_what_was_asked_is_waited_for_but_not_what_is_extra(job):
    live, go_on, done = Live(), threading.Event(), []
    if job:
        live.start(job)
    live.ask(lambda: done.append(go_on.wait(30)))
    assert not live.wait(0.05)
    go_on.set()
    assert live.wait(30) and done == [True]
    go_on.clear()
    live.ask(lambda: done.append(go_on.wait(30)), extra=True)
    assert live.wait(0)
    go_on.set()
    until(lambda: not live.is_running)
    assert done == [True, True]


def test_what_a_reader_asks_of_a_settled_panel_is_waited_for(monkeypatch):
    panel = explorers.Training(text="story", num_hiddens=8, num_epochs=2)
    assert panel.wait(30)
    for temperature in (0.2, 3.0, 0.3):
        before = panel.view.texts
        panel.temperature = temperature
        assert panel.wait(30) and panel.view.texts is not before
    panel.clear()
    assert panel.wait(30)
    assert not panel.runs and not panel.view.texts
    panel.close()


def python(program, **how):
    """Run a program in a Python of its own; its exit status and what it wrote."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, timeout=120, **how,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_nothing_begins_when_python_is_about_to_end():
    program = """if 1:
    import atexit, threading, time
    def late():  # after the panels' own end
        panel.widgets["theta"].value = 0.1
        panel.lr = 2
        panel.draw_again()
        new = explorers.Training(text="story")
        walk = explorers.UnrolledRNN(num_epochs=0)
        walk.player.button.value = True
        print(threading.active_count(), flush=True)
    atexit.register(late)
    from d2l_rnn import explorers
    panel = explorers.Training(num_hiddens=64, num_epochs=500, text="story")
    while not panel.history: time.sleep(0.01)
    """
    assert python(program) == (0, "1\n", "")


def test_that_no_thread_can_be_started_is_said_unless_python_ends(monkeypatch):
    class Refused(threading.Thread):
        def start(self):
            if self.name == "too late":
                lifetime._python_ends.set()  # between the look at it and the start
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(lifetime, "_python_ends", threading.Event())
    with pytest.raises(RuntimeError, match="can't start new thread"):
        lifetime.begin(Refused())
    assert lifetime.begin(Refused(name="too late")) is False


@pytest.mark.parametrize("go", range(2))
def test_a_thread_that_moves_sliders_may_outlive_the_program(go):
    program = """if 1:
    import itertools, threading, time
    from d2l_rnn import explorers
    panels = [explorers.Training(num_epochs=500, text="story") for _ in range(4)]
    def move():
        for theta in itertools.cycle((0.1, 0.2, 0.5, 1, 2)):
            for panel in panels:
                panel.widgets["theta"].value = theta
                time.sleep(0.0002)
    threading.Thread(target=move, daemon=True).start()
    time.sleep(0.5)
    """
    assert python(program) == (0, "", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_process_that_is_forked_does_not_hang():
    program = """if 1:
    import os, signal, sys, threading, time
    from d2l_rnn import explorers, figures
    def picture():
        return figures.curves({"a": ([0, 1], [0, 1])}, "x", "y")
    panel = explorers.Training(text="story", num_hiddens=8, num_epochs=500)
    while not panel.history: time.sleep(0.01)
    slow, begun = picture(), threading.Event()
    slow.check_while_drawn(lambda: (begun.set(), time.sleep(0.1)))
    threading.Thread(target=slow.png).start()
    begun.wait()
    for theta in (0.1, 0.2):
        panel.theta = theta
        if (child := os.fork()) == 0:
            signal.alarm(60)
            panel.set(theta=5, num_epochs=2)
            assert panel.wait(30) and len(panel.history) >= 2
            picture().png()
            sys.exit(0)
        assert os.waitpid(child, 0)[1] == 0
    """
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    assert python(program, env=environment) == (0, "", "")
