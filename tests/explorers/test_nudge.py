import numpy as np
import pytest
from driving import answer, fits, shown, text_of

from d2l_rnn import explorers
from d2l_rnn.explorers import nudge as panel
from d2l_rnn.explorers.autoregression import experiment
from d2l_rnn.explorers.nudge import NUM_STEPS, describe, nudge


@pytest.mark.parametrize("tau", [1, 4, 20])
def test_the_linear_model_shows_its_weights_and_then_nothing(tau):
    done = nudge(tau, size=0.5)
    latest_first = experiment(tau).model.weights.flip(0).numpy()
    assert done.linear[:tau] == pytest.approx(0.5 * latest_first, abs=1e-5)
    assert len(done.linear) == NUM_STEPS and not done.linear[tau:].any()


@pytest.mark.parametrize("alpha", [0.05, 0.2, 1.0])
def test_the_summary_forgets_by_the_same_fraction_at_every_step(alpha):
    expected = -2 * alpha * (1 - alpha) ** np.arange(NUM_STEPS)
    assert nudge(alpha=alpha, size=-2).summary == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    "bad, name",
    [({"tau": 0}, "tau"), ({"tau": 2.5}, "tau"), ({"alpha": 1.1}, "alpha"),
     ({"alpha": float("nan")}, "alpha"), ({"size": float("inf")}, "size"),
     ({"size": 101}, "size"), ({"size": "1"}, "size")],
)  # fmt: skip
def test_a_bad_value_is_named(bad, name):
    with pytest.raises(ValueError, match=name):
        nudge(**bad)


@pytest.mark.parametrize("function", [panel.draw, panel.describe])
def test_what_is_drawn_and_told_of_is_a_nudge(function):
    with pytest.raises(ValueError, match="done must be"):
        function(None)


def test_the_words_say_what_is_left_when_the_window_has_forgotten():
    words = text_of(describe(nudge(tau=3, alpha=0.5)))
    words = " ".join(words.split())
    assert "for 3 steps" in words and "In step 4" in words and "12.5%" in words


def test_the_panel_answers_every_control():
    e = explorers.Nudge()
    assert e.wait(30)
    before, words = shown(e), e.view.readout
    for name, value in {"tau": 9, "alpha": 0.5}.items():
        after, told = answer(e, **{name: value})
        assert after != before and told != words
        before, words = after, told
    after, _ = answer(e, size=-1)
    assert after != before
    with pytest.raises(ValueError, match="alpha must be a number from 0.05 to 1"):
        e.alpha = 0


@pytest.mark.parametrize("tau", [1, 20])
@pytest.mark.parametrize("alpha", [0.05, 1])
@pytest.mark.parametrize("size", [-2, 0, 2])
def test_every_corner_is_drawn_with_nothing_left_out(tau, alpha, size):
    done = nudge(tau, alpha, size)
    picture = panel.draw(done).picture()
    assert fits(picture)
    low, high = picture.axes[0].get_ylim()
    for change in (done.linear, done.summary):
        assert low < change.min() and change.max() < high
