import numpy as np
import pytest
from driving import fits

from d2l_rnn import explorers, series
from d2l_rnn.explorers import autoregression
from d2l_rnn.explorers.autoregression import MAX_STEPS, N_TRAIN, describe, experiment


def by_hand(tau, noise, seed):
    """The series, and AR(tau) fitted by NumPy: a function from the past to the next."""
    _, x = series.noisy_sine(1000, noise, seed=seed)
    x = x.double().numpy()
    rows = np.array([[*x[i : i + tau], 1] for i in range(N_TRAIN)])
    weights = np.linalg.lstsq(rows, x[tau : tau + N_TRAIN], rcond=None)[0]
    return x, lambda past: float(weights[:-1] @ past[-tau:] + weights[-1])


def ahead(f, past, k):
    """The value k steps after `past`, by one step after the other."""
    past = list(past)
    for _ in range(k):
        past.append(f(past))
    return past[-1]


@pytest.mark.parametrize("tau, noise, seed, k", [(4, 0.2, 0, 3), (2, 0.5, 7, 5)])
def test_the_forecasts_are_those_made_by_hand(tau, noise, seed, k):
    x, f = by_hand(tau, noise, seed)
    done = experiment(tau, noise, seed)
    known = N_TRAIN + tau
    assert done.num_known == known
    for t in (tau, 300, 999):
        assert done.one_step[t - tau] == pytest.approx(f(x[:t]), abs=1e-5)
    for t in (tau + k - 1, 300, 999):
        expected = ahead(f, x[: t - k + 1], k)
        assert done.k_step(k)[t - tau - k + 1] == pytest.approx(expected, abs=1e-5)
    assert done.multi_step[7] == pytest.approx(ahead(f, x[:known], 8), abs=1e-5)
    assert len(done.multi_step) == 1000 - known


def test_the_errors_are_those_of_the_values_not_learned_from():
    x, f = by_hand(4, 0.2, 0)
    done = experiment(4, 0.2, 0)
    for k in (1, 6):
        misses = [ahead(f, x[: t - k + 1], k) - x[t] for t in range(603 + k, 1000)]
        assert done.errors[k - 1] == pytest.approx(np.sqrt(np.mean(np.square(misses))))
    assert len(done.errors) == MAX_STEPS
    spread = np.sqrt(np.mean((x[4:604].mean() - x[604:]) ** 2))
    assert done.mean_error == pytest.approx(spread)


def test_one_step_stays_good_and_k_steps_do_not():
    done = experiment()
    assert 0.2 < done.errors[0] < 0.25
    assert done.errors[63] > 2 * done.errors[0]
    assert done.multi_step[-100:].std() < 0.01  # it has settled


def test_without_noise_two_values_foretell_a_sine_for_ever():
    done = experiment(tau=2, noise=0)
    assert done.errors.max() < 1e-3 and abs(done.multi_step).max() > 0.9
    words = describe(done, 100)
    assert words.count("less than 0.005") == 2 and "No noise" in words
    assert "times as much" not in words


@pytest.mark.parametrize(
    "bad, name",
    [({"tau": 0}, "tau"), ({"tau": 4.0}, "tau"), ({"noise": -1}, "noise"),
     ({"noise": float("nan")}, "noise"), ({"seed": -1}, "seed")],
)  # fmt: skip
def test_a_bad_value_is_named(bad, name):
    experiment(tau=4)
    with pytest.raises(ValueError, match=name):
        experiment(**bad)


@pytest.mark.parametrize("k", [0, 101, 2.5, True])
def test_a_bad_horizon_is_named(k):
    with pytest.raises(ValueError, match="k must be an integer from 1 to 100"):
        autoregression.draw(experiment(), k)


def test_the_picture_shows_the_forecasts_and_marks_k():
    done = experiment()
    above, below = autoregression.draw(done, 16).picture().axes
    lines = {line.get_label(): line for line in above.lines}
    x, y = lines["16-step"].get_data()
    assert x[0] == 20 and x[-1] == 1000
    assert y == pytest.approx(done.k_step(16).numpy())
    assert lines["multi-step"].get_xdata()[0] == 605
    marks = [line.get_xydata()[0] for line in below.lines if len(line.get_xdata()) == 1]
    assert [mark.tolist() for mark in marks] == [
        [1, pytest.approx(done.errors[0].item())],
        [16, pytest.approx(done.errors[15].item())],
    ]


def test_the_panel_answers_every_control():
    e = explorers.Autoregression()
    assert e.wait(30)
    assert "<b>0.24</b> one step ahead, <b>0.51</b> with k = 64" in e.view.readout
    assert "noise alone gives 0.20" in e.view.readout
    for name, value in {"tau": 16, "noise": 0.5, "k": 3, "seed": 1}.items():
        image, words = e.view.figure, e.view.readout
        setattr(e, name, value)
        assert e.wait(30)
        assert e.view.figure != image and e.picture.png()[:4] == b"\x89PNG"
        assert e.view.readout != words
    assert "with k = 3" in e.view.readout and "0.50" in e.view.readout
    with pytest.raises(ValueError, match="tau must be an integer from 1 to 64"):
        e.tau = 65


@pytest.mark.parametrize("tau", [1, 64])
@pytest.mark.parametrize("noise", [0.0, 1.0])
@pytest.mark.parametrize("k", [1, 100])
def test_every_corner_is_drawn_with_nothing_left_out(tau, noise, k):
    done = experiment(tau, noise)
    picture = autoregression.draw(done, k).picture()
    assert fits(picture) and picture.png()[:4] == b"\x89PNG"
    assert all(len(part) for part in (done.one_step, done.multi_step, done.k_step(k)))
    below = picture.axes[1]
    assert 0 <= done.errors.min() and done.errors.max() < below.get_ylim()[1]
