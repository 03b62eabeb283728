"""VAR fits, compared with numpy and AR; the weather, compared with its own law."""

import numpy as np
import pytest
import torch

from d2l_rnn import series, vector_ar


def test_fit_var_is_numpys_least_squares():
    x = vector_ar.simulate_weather(200, seed=4)
    model, data = vector_ar.fit_var(x, tau=3), x.double().numpy()
    design = np.array(
        [
            np.concatenate([data[t - 1], data[t - 2], data[t - 3], [1]])
            for t in range(3, 200)
        ]
    )
    solution = np.linalg.lstsq(design, data[3:], rcond=None)[0]
    for i in range(3):
        np.testing.assert_allclose(
            model.weights[i], solution[3 * i : 3 * i + 3].T, atol=1e-8
        )
    np.testing.assert_allclose(model.bias, solution[-1], rtol=1e-6)
    assert model.tau == 3
    fitted = series.k_step_forecasts(model, x, 3)
    np.testing.assert_allclose(fitted, design @ solution, atol=1e-4)


def test_fit_var_recovers_the_law_of_the_weather():
    x = vector_ar.simulate_weather(20_000, seed=0)[:, :2]
    model = vector_ar.fit_var(x)
    torch.testing.assert_close(
        model.weights, vector_ar.WEATHER.weights[:, :2, :2], rtol=0, atol=0.02
    )
    mean = torch.linalg.solve(torch.eye(2) - model.weights[0], model.bias)
    torch.testing.assert_close(
        mean, torch.tensor([15.0, 60.0]).double(), rtol=0, atol=0.5
    )


def test_var_of_one_series_is_ar():
    sine = series.noisy_sine()[1]
    features, labels = series.lag_matrix(sine, 3)
    ar, var = series.fit_ar(features, labels), vector_ar.fit_var(sine[:, None], 3)
    torch.testing.assert_close(var.weights.flatten().flip(0), ar.weights)
    torch.testing.assert_close(
        series.forecast(var, sine[:, None], 3, 20)[:, 0],
        series.forecast(ar, sine, 3, 20),
    )


def test_var_forecast_is_the_formula_fed_back():
    x = vector_ar.simulate_weather(50)
    model = vector_ar.fit_var(x, tau=2)
    known = list(x.double())
    for _ in range(5):
        known.append(
            model.bias + model.weights[0] @ known[-1] + model.weights[1] @ known[-2]
        )
    ours = series.forecast(model, x.double(), 2, 5)
    torch.testing.assert_close(ours, torch.stack(known[-5:]))
    assert series.rmse_by_step(model, x, 2, 4).shape == (4, 3)


def test_weather_follows_its_law_and_stays_physical():
    x = vector_ar.simulate_weather(20_000, seed=9)
    temperature, humidity, precipitation = x.T
    assert x.shape == (20_000, len(vector_ar.WEATHER_SERIES))
    assert 0 < humidity.min() and humidity.max() < 100
    assert -10 < temperature.min() and temperature.max() < 45
    assert precipitation.min() == 0 and 0.2 < (precipitation == 0).float().mean() < 0.5
    shocks = x[1:] - vector_ar.WEATHER(x[:-1, None])[:, 0]
    wet = precipitation[1:] > 0  # a dry day's shock is cut off
    torch.testing.assert_close(
        shocks[:, :2].std(dim=0), vector_ar.WEATHER_NOISE[:2], rtol=0.05, atol=0
    )
    assert shocks[:, :2].mean(dim=0).abs().max() < 0.1 and shocks[wet, 2].std() > 1


def test_yesterdays_two_series_predict_rain_better_than_either_alone():
    x = vector_ar.simulate_weather(4000)

    def error(columns):
        errors = series.rmse_by_step(
            vector_ar.fit_var(x[:3000, columns]), x[3000:, columns], 1, 1
        )
        return errors[0, -1]  # of precipitation

    both = error([0, 1, 2])
    assert both < 0.97 * error([0, 2]) and both < 0.97 * error([1, 2])
    assert both < 0.75 * x[3000:, 2].std()


def test_the_seed_alone_decides_and_the_global_state_stays_as_it_was():
    days = vector_ar.simulate_weather(20, seed=1)
    torch.rand(3)  # another global state must not matter
    before = torch.random.get_rng_state()
    assert torch.equal(vector_ar.simulate_weather(20, seed=1), days)
    assert not torch.equal(vector_ar.simulate_weather(20, seed=2), days)
    assert torch.equal(torch.random.get_rng_state(), before)


X = torch.arange(10.0)
VAR2 = vector_ar.fit_var(X[:, None], 2)


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda: series.forecast(VAR2, X[:, None], 1, 1),
            r"needs windows of the shape \(N, 2, 1\), got \(1, 1, 1\)",
        ),
        (
            lambda: series.forecast(VAR2, X, 2, 1),
            r"needs windows of the shape \(N, 2, 1\)",
        ),
        (lambda: vector_ar.fit_var(X), r"x must have the shape \(T, D\), got \(10,\)"),
        (
            lambda: vector_ar.fit_var(X[:, None], 10),
            "tau must be an integer from 1 to 9",
        ),
        (
            lambda: vector_ar.fit_var(torch.zeros(5, 0)),
            r"x must have the shape \(T, D\)",
        ),
        (lambda: vector_ar.simulate_weather(0), "num_days must"),
    ],
)
def test_bad_arguments_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()
