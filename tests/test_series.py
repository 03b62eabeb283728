"""Fits and forecasts, compared with numpy, closed forms and naive loops."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_series import N_TRAIN, TAU

from d2l_rnn import series


@pytest.fixture(scope="module")
def ar(examples):
    return series.fit_ar(*examples)


def exact_sine(num_points=400, frequency=0.1):
    """A sine in float64: exactly, x_t = 2 cos(w) x_{t-1} - x_{t-2}."""
    return torch.sin(frequency * torch.arange(num_points, dtype=torch.float64) + 0.3)


# --- Data -----------------------------------------------------------------------


def test_noisy_sine_is_the_books_data():
    """Drawn as the book draws it, from the global generator."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        noise = torch.normal(0.0, 0.2, size=(1000,))
    t = torch.arange(1.0, 1001)
    expected = t, (0.01 * t).sin() + noise
    torch.testing.assert_close(series.noisy_sine(seed=3), expected, rtol=0, atol=1e-6)


def test_noisy_sine_without_noise_repeats_after_its_period():
    _, x = series.noisy_sine(num_points=50, noise=0, period=25)
    torch.testing.assert_close(x[:25], x[25:], rtol=0, atol=1e-5)
    assert x[24].abs() < 1e-5  # sin(2 pi)


def test_the_seed_alone_decides_and_the_global_state_stays_as_it_was():
    x = series.noisy_sine(20, seed=1)[1]
    torch.rand(3)  # another global state must not matter
    before = torch.random.get_rng_state()
    assert torch.equal(series.noisy_sine(20, seed=1)[1], x)
    assert not torch.equal(series.noisy_sine(20, seed=2)[1], x)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_lag_matrix_has_what_came_before_each_label(sine):
    features, labels = series.lag_matrix(sine, TAU)
    before = [sine[t - TAU : t] for t in range(TAU, len(sine))]
    assert torch.equal(features, torch.stack(before))
    assert torch.equal(labels, sine[TAU:, None])


def test_lag_matrix_is_a_copy():
    x = torch.arange(5.0)
    features, labels = series.lag_matrix(x, 1)
    features.zero_()
    labels.zero_()
    assert x.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "x", [[1, 2, 3, 4], (1.0, 2.0, 3.0, 4.0), np.arange(1, 5), torch.arange(1, 5)]
)
def test_lists_and_integers_become_float32(x):
    features, labels = series.lag_matrix(x, 2)
    assert features.tolist() == [[1, 2], [2, 3]] and labels.tolist() == [[3], [4]]
    assert features.dtype == torch.float32


def test_tensors_and_arrays_keep_their_floating_dtype():
    for x in (exact_sine(), exact_sine().numpy()):
        assert series.lag_matrix(x, 2)[0].dtype == torch.float64


# --- Linear autoregression ------------------------------------------------------


def test_fit_ar_is_numpys_least_squares(examples, ar):
    features, labels = (part.double().numpy() for part in examples)
    design = np.hstack([features, np.ones((len(features), 1))])
    solution = np.linalg.lstsq(design, labels, rcond=None)[0][:, 0]
    np.testing.assert_allclose(ar.weights, solution[:-1], rtol=1e-9)
    np.testing.assert_allclose(ar.bias, solution[-1], rtol=1e-7)
    np.testing.assert_allclose(ar(examples[0]), design @ solution[:, None], atol=1e-6)
    assert ar.tau == TAU and ar(examples[0]).dtype == torch.float32


def test_ar1_is_the_closed_form_of_a_regression_line(sine):
    past, now = sine[:-1].double(), sine[1:].double()
    covariance = ((past - past.mean()) * (now - now.mean())).sum()
    slope = covariance / (past - past.mean()).square().sum()
    model = series.fit_ar(*series.lag_matrix(sine, 1))
    torch.testing.assert_close(model.weights[0], slope)
    torch.testing.assert_close(model.bias, now.mean() - slope * past.mean())


def test_ar2_finds_the_law_of_a_sine_and_continues_it_without_decay():
    x = exact_sine()
    model = series.fit_ar(*series.lag_matrix(x[:100], 2))
    law = torch.tensor([-1, 2 * math.cos(0.1)], dtype=torch.float64)
    torch.testing.assert_close(model.weights, law, rtol=1e-8, atol=0)
    ahead = series.forecast(model, x[:100], 2, 300)
    torch.testing.assert_close(ahead, x[100:], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "x, tau",
    [
        (exact_sine(), 10),
        (torch.full((50,), 5.0), 4),
        (torch.zeros(9), 3),
        (torch.arange(6.0), 5),
    ],
)
def test_dependent_columns_do_no_harm(x, tau):
    features, labels = series.lag_matrix(x, tau)
    model = series.fit_ar(features, labels)
    torch.testing.assert_close(model(features), labels, rtol=0, atol=1e-5)
    assert model.weights.abs().max() <= 2


# --- Forecasts ------------------------------------------------------------------


def naive_forecast(model, x, tau, num_steps):
    """The values that follow x, one at a time."""
    values = x.tolist()
    for _ in range(num_steps):
        window = torch.tensor([values[-tau:]], dtype=x.dtype)
        values.append(model(window).item())
    return torch.tensor(values[len(x) :], dtype=x.dtype)


def naive_k_step(model, x, tau, k):
    """The k-step forecasts, one start at a time."""
    starts = range(len(x) - tau - k + 1)
    windows = [x[start : start + tau] for start in starts]
    return torch.stack([naive_forecast(model, w, tau, k)[-1] for w in windows])


@pytest.mark.parametrize("k", [1, 2, 7])
def test_k_step_forecasts_are_a_naive_loop(ar, mlp, k):
    x = series.noisy_sine(60, seed=5)[1]
    for model in (ar, mlp[0]):
        expected = naive_k_step(model, x, TAU, k)
        forecasts = series.k_step_forecasts(model, x, TAU, k)
        torch.testing.assert_close(forecasts, expected, rtol=0, atol=1e-5)


def test_one_step_forecasts_are_the_model_on_the_lag_matrix(sine, mlp):
    features, _ = series.lag_matrix(sine, TAU)
    forecasts = series.k_step_forecasts(mlp[0], sine, TAU)
    torch.testing.assert_close(forecasts, mlp[0](features).detach()[:, 0])


@torch.no_grad()
def test_k_step_forecasts_are_columns_of_windows_that_grow(sine, mlp):
    """The book's 16 steps, from each window that has 16 values after it."""
    net = mlp[0]
    grown = series.lag_matrix(sine, TAU)[0][:-15]
    for _ in range(16):
        grown = torch.cat([grown, net(grown[:, -TAU:])], dim=1)
    for k in (1, 4, 16):
        ours = series.k_step_forecasts(net, sine, TAU, k)
        torch.testing.assert_close(ours[: len(grown)], grown[:, TAU + k - 1])


def test_forecast_goes_on_where_the_observations_end(sine, mlp):
    seen, num_steps = sine[: N_TRAIN + TAU], len(sine) - N_TRAIN - TAU
    ours = series.forecast(mlp[0], seen, TAU, num_steps)
    torch.testing.assert_close(ours, naive_forecast(mlp[0], seen, TAU, num_steps))


def test_forecasts_stand_beside_the_values_they_forecast():
    x = torch.arange(10.0)

    def count_on(windows):
        return windows[:, -1:] + 1

    for k in (1, 3, 7):
        forecasts = series.k_step_forecasts(count_on, x, 3, k)
        assert torch.equal(forecasts, x[3 + k - 1 :])
    assert series.forecast(count_on, x, 1, 3).tolist() == [10, 11, 12]
    assert series.forecast(count_on, x[:1], 1, 1).tolist() == [1]


def test_the_error_grows_with_k_on_the_noisy_sine(sine, ar, mlp):
    for model in (ar, mlp[0]):
        errors = series.rmse_by_step(model, sine, TAU, 64)
        one, four, sixteen, sixty_four = errors[[0, 3, 15, 63]].tolist()
        assert 0.2 < one < four < sixteen < sixty_four
        assert sixty_four > 1.5 * one


def test_rmse_by_step_is_the_error_of_each_k_step_forecast(ar):
    x = series.noisy_sine(80, seed=2)[1]
    errors = series.rmse_by_step(ar, x, TAU, len(x) - TAU)
    for k in (1, 5, 40, len(x) - TAU):
        forecasts = series.k_step_forecasts(ar, x, TAU, k).numpy()
        expected = math.sqrt(np.mean((forecasts - x[TAU + k - 1 :].numpy()) ** 2))
        assert errors[k - 1].item() == pytest.approx(expected, rel=1e-5)


def test_rmse_is_taken_series_by_series():
    predictions, observed = torch.tensor([[3.0, 1], [4, 1]]), torch.zeros(2, 2)
    assert series.rmse(predictions, observed).tolist() == pytest.approx(
        [math.sqrt(12.5), 1]
    )


# --- Odd input ------------------------------------------------------------------


@pytest.mark.parametrize(
    "x, tau, message",
    [
        (
            [1.0] * 10,
            12,
            r"tau must be an integer from 1 to 9 \(the series has 10 values\)"
            ", got 12",
        ),
        ([1.0] * 10, 10, "tau must be an integer from 1 to 9"),
        ([1.0] * 10, 0, "tau must be an integer from 1 to 9"),
        ([1.0] * 10, 2.0, "tau must be an integer"),
        ([1.0], 1, "x must have a length of at least 2, got 1"),
        ([], 1, "x must have a length of at least 2, got 0"),
        ([[1.0, 2.0]], 1, r"x must have the shape \(T,\), got \(1, 2\)"),
        (3.0, 1, r"x must have the shape \(T,\), got \(\)"),
        ([1.0, math.nan, 2.0], 1, "x must be finite"),
        ([1.0, math.inf, 2.0], 1, "x must be finite"),
        ("abc", 1, "x must hold real numbers"),
        (["a", "b"], 1, "x must hold real numbers"),
        ([[1.0], [1.0, 2.0]], 1, "x must hold real numbers"),
        (None, 1, "x must hold real numbers"),
    ],
)
def test_lag_matrix_says_what_is_wrong(x, tau, message):
    with pytest.raises(ValueError, match=message):
        series.lag_matrix(x, tau)


X = torch.arange(10.0)
AR2 = series.fit_ar(*series.lag_matrix(X, 2))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: series.noisy_sine(0), "num_points must be an integer from 1 to"),
        (lambda: series.noisy_sine(noise=-1), "noise must be"),
        (lambda: series.noisy_sine(noise=math.nan), "noise must be"),
        (lambda: series.noisy_sine(period=0), "period must be"),
        (lambda: series.noisy_sine(seed=-1), "seed must be"),
        (lambda: series.noisy_sine(seed=None), "seed must be"),
        (lambda: series.fit_ar(X, X), r"features must have the shape \(N, tau\)"),
        (
            lambda: series.fit_ar(X[:, None], X[:3, None]),
            r"labels must have the shape \(10, 1\).*got \(3, 1\)",
        ),
        (
            lambda: series.fit_ar(X[:0, None], X[:0, None]),
            "features must have a length",
        ),
        (lambda: series.fit_ar(X[:, None] / 0, X[:, None]), "features must be finite"),
        (lambda: series.forecast(AR2, X, 11, 1), "tau must be an integer from 1 to 10"),
        (lambda: series.forecast(AR2, X, 2, 0), "num_steps must"),
        (lambda: series.forecast(AR2, X, 3, 1), r"needs windows of the shape \(N, 2\)"),
        (lambda: series.forecast(lambda w: w[:, 0], X, 2, 1), "model must map windows"),
        (
            lambda: series.k_step_forecasts(AR2, X, 2, 9),
            r"k must be an integer from 1 to 8 \(the series has 10 values, tau is 2\)",
        ),
        (lambda: series.rmse_by_step(AR2, X, 2, 9), "max_steps must"),
        (lambda: series.rmse(X, X[:, None]), "the same shape"),
        (lambda: series.rmse(X[:0], X[:0]), "not be empty"),
    ],
)
def test_bad_arguments_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@settings(max_examples=50)
@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=2, max_size=30), st.data())
def test_any_series_is_fitted_at_least_as_well_as_by_its_mean(x, data):
    tau = data.draw(st.integers(1, len(x) - 1))
    features, labels = series.lag_matrix(torch.tensor(x).double(), tau)
    residuals = labels - series.fit_ar(features, labels)(features)
    spread = labels - labels.mean()
    assert residuals.norm() <= spread.norm() + 1e-6 * (1 + labels.norm())
    if len(x) - tau >= 2:
        assert residuals.mean().abs() < 1e-6 * (1 + labels.abs().max())
