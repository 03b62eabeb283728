"""The button that plays UnrolledRNN, and the click that goes to a step."""

import threading
import time

import pytest
from driving import answer, until

from d2l_rnn import explorers
from d2l_rnn.explorers import playing


@pytest.fixture(scope="module")
def made():
    return explorers.UnrolledRNN(num_hiddens=4, num_epochs=0)


@pytest.fixture
def walked(made, monkeypatch):
    """The panel at its first step, with a player in a hurry; and the steps it shows."""
    monkeypatch.setattr(playing, "APART", 0.01)
    answer(made, string="time traveller", step=1, num_hiddens=4)
    steps = []

    def note(change):
        steps.append(change["new"])

    made.widgets["step"].observe(note, "value")
    yield made, steps
    made.player.stop()
    made.widgets["step"].unobserve(note, "value")


def no_timer_is_left():
    return not any(isinstance(each, threading.Timer) for each in threading.enumerate())


def test_play_walks_to_the_end_and_leaves_no_thread(walked):
    panel, steps = walked
    button = panel.player.button
    assert button.description == "play"
    button.value = True
    assert button.description == "pause" and panel.view.is_running
    until(lambda: not panel.player.is_playing)
    assert steps == list(range(2, 15))
    assert button.description == "play" and not panel.view.is_running
    until(no_timer_is_left)
    assert panel.wait(30) and "Step <b>14</b>" in panel.view.readout


def test_at_the_end_play_begins_anew(walked):
    panel, steps = walked
    panel.step = 14
    panel.player.button.value = True
    until(lambda: 5 in steps)
    assert steps[:3] == [14, 1, 2]


def test_pressed_again_it_pauses_where_it_is(walked):
    panel, steps = walked
    panel.player.button.value = True
    until(lambda: len(steps) > 2)
    panel.player.button.value = False
    until(no_timer_is_left)
    paused = panel.step
    assert panel.player.advance() and panel.step == paused  # a step that comes too late
    time.sleep(0.1)
    assert panel.step == paused < 14
    panel.player.button.value = True
    until(lambda: panel.step == 14)
    assert steps == list(range(2, 15))


@pytest.mark.parametrize(
    "name, value", [("step", 14), ("string", "tim"), ("num_hiddens", 8)]
)
def test_a_control_that_a_reader_moves_ends_the_walk(walked, name, value):
    panel, steps = walked
    panel.player.button.value = True
    until(lambda: len(steps) > 1)
    panel.widgets[name].value = value
    assert not panel.player.is_playing
    step = panel.step
    time.sleep(0.1)
    assert panel.step == step


@pytest.mark.parametrize("x, step", [(3.4, 3), (0.2, 1), (99.0, 14), (5.6, 6)])
def test_a_click_on_a_column_goes_there_as_a_reader_does(walked, x, step):
    panel, _ = walked
    panel.step = 10
    panel.player.button.value = True
    click(panel, 0, x)
    assert panel.step == step and not panel.player.is_playing
    assert panel.is_watched
    click(panel, 1, 2.0)  # there are no time steps
    assert panel.step == step


def click(panel, figure, x):
    """What the browser sends."""
    panel.view._heard(None, {"event": "click", "figure": figure, "x": x}, [])


def test_closed_it_plays_no_more():
    panel = explorers.UnrolledRNN(num_epochs=0, num_hiddens=4)
    panel.player.button.value = True
    panel.close()
    until(no_timer_is_left)
    assert not panel.player.is_playing
