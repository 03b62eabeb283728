"""Odd arguments to what works on numbers: the right answer, or an error at the door."""

import contextlib
import copy
import fractions
import itertools
import math
import pickle
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from d2l_rnn import checks, markov, neural_ar, ngrams, progress, series, vector_ar
from d2l_rnn.batching import SequenceLoader
from d2l_rnn.markov import MarkovChain
from d2l_rnn.ngrams import NGramModel, Tally
from d2l_rnn.progress import EpochTally, History, Progress
from d2l_rnn.series import LinearAR
from d2l_rnn.vector_ar import VectorAR

COIN = [[0.5, 0.5], [0.5, 0.5]]
X = torch.arange(12.0)
ROWS = X.reshape(6, 2)
MEAN = LinearAR(torch.tensor([0.5, 0.5]), torch.tensor(0.25))
LATENT = neural_ar.LatentAR(4)
MASKED = np.ma.array([1.0, 2.0, 3.0, 4.0], mask=[0, 1, 0, 0])
LOOP = [1.0]
LOOP.append(LOOP)


def last(windows):
    return windows[:, -1:]


def refused(message, call, error=ValueError):
    with pytest.raises(error, match=message):
        call()


# --- Series and arrays of numbers -------------------------------------------------

NO_NUMBERS = {
    "complex": [1 + 2j, 2, 3, 4],
    "complex array": np.array([1 + 2j, 2, 3, 4]),
    "complex tensor": torch.tensor([1 + 2j, 2, 3, 4]),
    "conjugate": torch.tensor([1 + 2j, 2, 3, 4]).conj(),
    "digits": ["1", "2", "3", "4"],
    "array of digits": np.array(["1", "2", "3", "4"]),
    "bytes": b"1234",
    "bytearray": bytearray(b"1234"),
    "None": [None, 1.0, 2.0, 3.0],
    "dates": np.array(["2020-01-01"] * 4, "M8[D]"),
    "durations": np.array([1, 2, 3, 4], "m8[D]"),
    "generator": (value for value in [1.0, 2.0, 3.0, 4.0]),
    "set": {1.0, 2.0, 3.0, 4.0},
    "dict": {1.0: 1, 2.0: 2},
    "masked": MASKED,
    "itself": LOOP,
    "ragged": [[1.0], [1.0, 2.0]],
    "too large for a float": [10**400, 1, 2, 3],
    "sparse": torch.tensor([1.0, 0, 3, 4]).to_sparse(),
    "meta": torch.zeros(4, device="meta"),
}


@pytest.mark.parametrize("x", NO_NUMBERS.values(), ids=NO_NUMBERS)
@pytest.mark.parametrize(
    "take, name",
    [
        (lambda x: series.lag_matrix(x, 1), "x"),
        (lambda x: series.windows(x, 1), "x"),
        (lambda x: series.forecast(last, x, 1, 1), "x"),
        (lambda x: series.k_step_forecasts(last, x, 1), "x"),
        (lambda x: series.rmse_by_step(last, x, 1, 1), "x"),
        (lambda x: series.rmse(x, X[:4]), "predictions"),
        (lambda x: series.rmse(X[:4], x), "observed"),
        (lambda x: series.fit_ar(x, X[:4, None]), "features"),
        (lambda x: series.fit_ar(X[:4, None], x), "labels"),
        (lambda x: series.continue_windows(last, x, 1), "windows"),
        (MEAN, "windows"),
        (lambda x: LinearAR(x, 0.0), "weights"),
        (vector_ar.fit_var, "x"),
        (lambda x: neural_ar.train_mlp(x, X[:4, None]), "features"),
        (lambda x: neural_ar.train_latent_ar(x, num_steps=2), "x"),
        (lambda x: LATENT.forecast(x, 1), "x"),
        (LATENT.k_step_forecasts, "x"),
        (LATENT, "x"),
        (MarkovChain, "P"),
        (lambda x: MarkovChain(COIN, x), "initial"),
        (lambda x: MarkovChain(COIN).distributions(x, 1), "start"),
    ],
)
def test_what_holds_no_real_numbers_is_refused_by_name(take, name, x):
    refused(f"{name}( .*)? must hold real numbers", lambda: take(x))


@pytest.mark.parametrize(
    "x, dtype",
    [
        ([1, 2, 3, 4], torch.float32),
        (range(1, 5), torch.float32),
        ([fractions.Fraction(n) for n in (1, 2, 3, 4)], torch.float32),
        (np.array([1, 2, 3, 4], object), torch.float32),
        (np.array([1, 2, 3, 4], np.uint16), torch.float32),
        (np.array([1, 2, 3, 4], np.float16), torch.float16),
        (np.array([1, 2, 3, 4], ">f8"), torch.float64),
        (np.array([1, 2, 3, 4], np.longdouble), torch.float64),
        (np.arange(4.0, 0, -1)[::-1], torch.float64),
        (np.arange(2.0, 10)[::2] / 2, torch.float64),
        (np.ma.array([1.0, 2, 3, 4]), torch.float64),
        (torch.arange(1, 5).half(), torch.float16),
        (torch.arange(1, 5).bfloat16(), torch.bfloat16),
        (torch.arange(1.0, 5, requires_grad=True), torch.float32),
        (torch.arange(2.0, 10)[::2] / 2, torch.float32),
    ],
)
def test_real_numbers_of_any_kind_are_a_series(x, dtype):
    features, labels = series.lag_matrix(x, 2)
    assert features.tolist() == [[1, 2], [2, 3]] and labels.tolist() == [[3], [4]]
    assert features.dtype == labels.dtype == dtype
    assert not features.requires_grad
    ahead = series.forecast(series.fit_ar(features, labels), x, 2, 1)
    torch.testing.assert_close(ahead, torch.tensor([5.0], dtype=dtype))


def test_an_array_that_cannot_be_written_needs_no_warning():
    features, _ = series.lag_matrix(np.broadcast_to(2.0, 4), 2)
    assert features.tolist() == [[2, 2], [2, 2]]


def test_true_and_false_are_1_and_0():
    rain = np.array([True, False, True, True])
    assert series.lag_matrix(rain, 1)[0].tolist() == [[1], [0], [1]]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300])
def test_a_number_that_float32_cannot_hold_is_refused(value):
    for take in (
        lambda x: series.lag_matrix(x, 1),
        lambda x: series.rmse(torch.tensor(x), X[:4]),
        lambda x: series.continue_windows(last, [x], 1),
        lambda x: MEAN([x[:2]]),
        lambda x: neural_ar.train_latent_ar(torch.tensor(x).double(), num_steps=2),
        lambda x: LATENT([x]),
        lambda x: LATENT.forecast(np.array(x), 1),
    ):
        refused("must be finite", lambda take=take: take([value, 1.0, 2.0, 3.0]))
    # Labels get the dtype of the features.
    huge = torch.full((12, 1), value, dtype=torch.float64)
    refused("labels must be finite", lambda: series.fit_ar(X[:, None], huge))


@given(st.integers(1, 12), st.data())
def test_a_lag_matrix_is_what_a_plain_loop_cuts_out(length, data):
    tau = data.draw(st.integers(1, length))
    x = data.draw(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False),
                           min_size=length, max_size=length))  # fmt: skip
    cut = [x[start : start + tau] for start in range(length - tau + 1)]
    assert series.windows(x, tau).tolist() == cut
    if tau < length:
        features, labels = series.lag_matrix(x, tau)
        assert features.tolist() == cut[:-1]
        assert labels.tolist() == [[value] for value in x[tau:]]


@pytest.mark.parametrize("kind", [np.int64, np.uint8, int])
def test_whole_numbers_may_be_numpys(kind):
    assert series.lag_matrix(X, kind(2))[0].shape == (10, 2)
    assert series.forecast(MEAN, X, kind(2), kind(3)).shape == (3,)
    assert series.k_step_forecasts(MEAN, X, 2, kind(2)).shape == (9,)
    assert torch.equal(series.noisy_sine(5, seed=kind(3))[1],
                       series.noisy_sine(5, seed=3)[1])  # fmt: skip
    assert MarkovChain(COIN).sample(kind(4), kind(1)) == MarkovChain(COIN).sample(4, 1)
    assert NGramModel("abab", kind(2)).sample(kind(2), seed=kind(1))


@pytest.mark.parametrize(
    "value", [True, np.True_, 2.0, np.float64(2), "2", None, [2], 10**30]
)
@pytest.mark.parametrize(
    "call, name",
    [
        (lambda n: series.lag_matrix(X, n), "tau"),
        (lambda n: series.windows(X, n), "tau"),
        (lambda n: series.forecast(MEAN, X, 2, n), "num_steps"),
        (lambda n: series.k_step_forecasts(MEAN, X, 2, n), "k"),
        (lambda n: series.noisy_sine(n), "num_points"),
        (lambda n: series.noisy_sine(5, seed=n), "seed"),
        (lambda n: vector_ar.simulate_weather(2, seed=n), "seed"),
        (lambda n: neural_ar.make_mlp(n), "tau"),
        (lambda n: neural_ar.LatentAR(n), "num_hiddens"),
        (lambda n: neural_ar.train_latent_ar(X, num_steps=n), "num_steps"),
        (lambda n: MarkovChain(COIN).sample(n), "num_steps"),
        (lambda n: MarkovChain(COIN).k_step(0, n), "k"),
        (lambda n: NGramModel("abab", n), "n"),
        (lambda n: ngrams.count_grams("abab", n), "n"),
        (lambda n: Tally("abab", "abab", n), "max_n"),
    ],
)
def test_what_is_no_whole_number_is_refused_by_name(call, name, value):
    refused(f"^{name} must be an integer", lambda: call(value))


def test_an_argument_is_called_by_its_own_name():
    refused("^k must be an integer of at least 0, got -1",
            lambda: MarkovChain(COIN).k_step(0, -1))  # fmt: skip


@pytest.mark.parametrize("value", [10**400, fractions.Fraction(1, 10**400), 1j, "1"])
def test_a_number_beyond_floats_is_refused(value):
    refused("period must be", lambda: series.noisy_sine(5, period=value))
    refused("lr must be", lambda: neural_ar.train_mlp(ROWS, ROWS[:, :1], lr=value))
    if value != fractions.Fraction(1, 10**400):  # which may well be taken for 0
        refused("noise must be", lambda: series.noisy_sine(5, noise=value))
        refused("alpha must be", lambda: MarkovChain.from_data("abab", alpha=value))
        refused("epsilon must be", lambda: NGramModel("abab", 1, value))


# --- Fits and forecasts -----------------------------------------------------------


@pytest.mark.parametrize("unit", [1e-30, 1e-20, 1e-3, 1e3, 1e20, 1e30])
def test_a_fit_is_the_same_in_any_unit(unit):
    x = 3 + series.noisy_sine(200, seed=1)[1].double()
    features, labels = series.lag_matrix(x, 3)
    expected = series.fit_ar(features, labels)
    ours = series.fit_ar(unit * features, unit * labels)
    torch.testing.assert_close(ours.weights, expected.weights)
    torch.testing.assert_close(ours.bias / unit, expected.bias)
    # Two series, each in its own unit.
    both = torch.stack((x, x.flip(0)), dim=1)
    expected = vector_ar.fit_var(both)
    units = torch.tensor([1.0, unit], dtype=torch.float64)
    ours = vector_ar.fit_var(units * both)
    torch.testing.assert_close(
        ours.weights[0] / units[:, None] * units, expected.weights[0]
    )


def test_weights_that_no_float_can_hold_are_refused():
    tiny = 1e-310 * ROWS.double()
    refused("weights must be finite", lambda: series.fit_ar(tiny, ROWS[:, :1].double()))


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_a_model_computes_whole_numbers_in_float(kind):
    windows = kind([[1, 2], [4, 5]])
    assert MEAN(windows).tolist() == [[1.75], [4.75]]
    ahead = [[1.75, 2.125], [4.75, 5.125]]
    assert series.continue_windows(MEAN, windows, 2).tolist() == ahead
    var = VectorAR([[[0.5]], [[0.5]]], [0.25])
    assert var(kind([[[1], [2]], [[4], [5]]])).tolist() == [[[1.75]], [[4.75]]]
    assert LATENT(windows)[0].shape == (2, 2)


def test_a_model_keeps_its_own_weights():
    weights, bias = torch.tensor([0.5, 0.5]).double(), torch.tensor(0.25).double()
    model = LinearAR(weights, bias)
    both = torch.tensor([[[1.0, 2], [3, 4]]]).double()
    var = VectorAR(both, torch.zeros(2).double())
    for tensor in (weights, bias, both):
        tensor.zero_()
    assert model([[1, 2]]).item() == 1.75
    assert var([[[1, 1]]]).tolist() == [[[3, 7]]]
    assert LinearAR([0.1], 0.1).weights.tolist() == [0.1]  # not rounded to float32


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: LinearAR([[0.5]], 0.0), "weights must have 1 dimensions"),
        (lambda: LinearAR([], 0.0), "weights must .* not be empty"),
        (lambda: LinearAR([0.5], [0.0]), "bias must have 0 dimensions"),
        (lambda: LinearAR([math.nan], 0.0), "weights must be finite"),
        (lambda: VectorAR([[[0.5]]], [0.0, 0.0]), r"weights must have the shape \(tau"),
        (lambda: VectorAR([0.5], [0.0]), "weights must have 3 dimensions"),
    ],
)
def test_weights_of_another_shape_are_refused(make, message):
    refused(message, make)


def test_a_forecast_that_overflows_is_refused():
    for model in (LinearAR([1e10], 0.0), lambda windows: 1e10 * windows[:, -1:]):
        assert series.forecast(model, X, 1, 3)[-1] > 1e30
        refused(
            "predictions must be finite", lambda m=model: series.forecast(m, X, 1, 9)
        )
        refused("must be finite", lambda m=model: series.rmse_by_step(m, X, 1, 9))
    var = VectorAR([[[1e10]]], [0.0])
    refused("must be finite", lambda: series.forecast(var, X[:, None], 1, 9))
    huge = neural_ar.LatentAR(4)
    torch.nn.init.constant_(huge.W_hq, 3e38)
    torch.nn.init.ones_(huge.W_xh)
    refused("predictions must be finite", lambda: huge.forecast(X, 1))


@pytest.mark.parametrize(
    "model, message",
    [
        (None, "model must map windows to predictions, got None"),
        (lambda windows: 5, r"model must map .*got int"),
        (neural_ar.make_mlp(4), r"model must map windows \(1, 2\) to .*, got mat1"),
        (lambda windows: windows[:, -1:] * 1j, "predictions must hold real numbers"),
        (lambda windows: windows[:, -1:] * math.nan, "predictions must be finite"),
        (LinearAR, "model must map .*LinearAR'>, a class: make a model of it first"),
        (neural_ar.LatentAR, "model must map .*, a class: make a model of it first"),
    ],
)
def test_what_is_no_predictor_is_refused(model, message):
    refused(message, lambda: series.forecast(model, X, 2, 3))


def test_a_predictor_may_answer_in_numpy():
    def of_numpy(windows):
        return windows.numpy()[:, -1:] + 1

    assert series.forecast(of_numpy, X, 2, 3).tolist() == [12, 13, 14]


def test_a_predictor_may_compute_in_place():
    def in_place(windows):
        windows -= windows.mean(1, keepdim=True)
        return windows[:, -1:]

    def plainly(windows):
        return (windows - windows.mean(1, keepdim=True))[:, -1:]

    buffer = torch.empty(1, 1)

    def in_its_own(windows):
        return buffer.copy_(plainly(windows))

    x = torch.arange(12.0) ** 2
    for use in (
        lambda model: series.forecast(model, x, 3, 5),
        lambda model: series.k_step_forecasts(model, x, 3, 4),
        lambda model: series.rmse_by_step(model, x, 3, 4),
        lambda model: series.continue_windows(model, x[None], 4),
    ):
        assert torch.equal(use(in_place), use(plainly))
    ahead = series.forecast(in_its_own, x, 3, 5)
    assert torch.equal(ahead, series.forecast(plainly, x, 3, 5))
    assert torch.equal(x, torch.arange(12.0) ** 2)


@pytest.mark.parametrize("windows", [5.0, [1.0, 2.0], [[]], np.zeros((1, 2, 1, 1))])
def test_windows_of_another_shape_are_refused(windows):
    refused(r"windows must have the shape \(N, tau\) or \(N, tau, D\), got",
            lambda: series.continue_windows(last, windows, 1))  # fmt: skip


def test_rmse_takes_whole_numbers_lists_and_arrays():
    expected = math.sqrt(2)
    for kind in (list, np.array, torch.tensor):
        error = series.rmse(kind([1, 2]), kind([1, 4]))
        assert error.item() == pytest.approx(expected)
    assert series.rmse([2**24 + 1], [2**24]).item() == 1  # not rounded to float32
    assert series.rmse([True, False], [True, True]).item() == pytest.approx(0.5**0.5)


@given(st.integers(-44, 37), st.lists(st.integers(-9, 9), min_size=1, max_size=6))
def test_rmse_neither_overflows_nor_vanishes(exponent, errors):
    unit = torch.tensor(10.0**exponent)
    expected = math.sqrt(sum(error**2 for error in errors) / len(errors))
    predictions = unit * torch.tensor(errors)
    ours = series.rmse(predictions, torch.zeros(len(errors))).double()
    # The smallest numbers of float32 are 1.4e-45 apart.
    assert ours.item() == pytest.approx(expected * unit.item(), rel=1e-6, abs=2e-45)


def test_a_difference_that_overflows_is_refused():
    huge = torch.tensor([3e38])
    refused("error .* must be finite", lambda: series.rmse(huge, -huge))


@pytest.mark.parametrize(
    "kwargs, message",
    [
        ({"num_points": 2**24 + 1}, "num_points must be an integer from 1 to 16777216"),
        ({"noise": 1e39}, r"noise must be .* at least 0 and at most 1e\+37"),
        ({"period": 1e-320}, "period must be at least num_points / 10000, got"),
        ({"period": 1e-5}, "period must be at least num_points / 10000, got 1e-05"),
        ({"seed": 2**64}, "seed must be an integer from 0 to"),
    ],
)  # fmt: skip
def test_a_sine_that_float32_cannot_hold_is_refused(kwargs, message):
    refused(message, lambda: series.noisy_sine(**{"num_points": 5, **kwargs}))


def test_nothing_is_changed_in_place():
    x, P, text = np.arange(12.0), np.array(COIN), list("abab")
    features, labels = series.lag_matrix(x, 2)
    before = features.clone(), labels.clone()
    series.rmse_by_step(series.fit_ar(features, labels), x, 2, 3)
    neural_ar.train_mlp(features, labels, num_epochs=1)
    neural_ar.train_latent_ar(x, num_steps=4, num_epochs=1)
    chain = MarkovChain(P, P[0])
    chain.distributions(P[0], 3)[:] = 0
    chain.k_step(0, 0)[:] = 0
    chain.stationary_distribution()[:] = 0
    NGramModel(text, 2, 1).sample(3, text)
    assert torch.equal(features, before[0]) and torch.equal(labels, before[1])
    assert x.tolist() == list(range(12)) and P.tolist() == COIN and text == list("abab")
    assert chain.P.tolist() == COIN and chain.k_step(0, 1).tolist() == [0.5, 0.5]
    P[:] = 0
    assert chain.P.tolist() == COIN and chain.initial.tolist() == COIN[0]


# --- Training ---------------------------------------------------------------------


def test_a_learning_rate_that_is_not_finite_is_refused(examples):
    for lr in (math.inf, math.nan, 1e39, 4e37, 2e37, True, None):
        refused("lr must be", lambda lr=lr: neural_ar.train_mlp(*examples, lr=lr))
        refused("lr must be", lambda lr=lr: neural_ar.train_latent_ar(X, 4, 2, lr=lr))


@pytest.mark.parametrize("lr", [1e10, 1e30, 1e37])
def test_training_that_diverges_says_so(examples, sine, lr):
    said = "training diverged in epoch .* try a smaller lr"
    refused(said, lambda: neural_ar.train_mlp(*examples, lr=lr), FloatingPointError)
    refused(said, lambda: neural_ar.train_latent_ar(sine, lr=1e37, num_epochs=9),
            FloatingPointError)  # fmt: skip


def test_numbers_whose_squares_overflow_cannot_be_trained_on():
    said = "training diverged in epoch 1.* smaller numbers"
    refused(said, lambda: neural_ar.train_mlp(1e30 * ROWS, 1e30 * ROWS[:, :1]),
            FloatingPointError)  # fmt: skip
    refused(said, lambda: neural_ar.train_latent_ar(1e30 * X, num_steps=4),
            FloatingPointError)  # fmt: skip


@contextlib.contextmanager
def another_default(device, dtype):
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            yield
    finally:
        torch.set_default_dtype(torch.float32)


def everything_that_is_made():
    """Of arrays and lists, as tensors: what does not depend on PyTorch's defaults."""
    x = np.arange(20.0, dtype=np.float32) % 7
    yield from series.noisy_sine(9)
    yield vector_ar.simulate_weather(9)
    yield from series.lag_matrix(x, 3)
    rows = [part.numpy() for part in series.lag_matrix(x, 3)]
    for model in (series.fit_ar(*rows), neural_ar.make_mlp(3)):
        yield series.forecast(model, x.tolist(), 3, 5)
        yield series.rmse_by_step(model, x, 3, 5)
    net, losses = neural_ar.train_mlp(*rows, 2)
    latent, latent_losses = neural_ar.train_latent_ar(x, 4, 8, 3)
    yield from [*net.parameters(), *latent.parameters(), latent.forecast(x, 3)]
    yield from map(torch.from_numpy, map(np.array, (losses, latent_losses)))
    for use_random_iter in (False, True):
        loader = SequenceLoader(range(50), 2, 5, use_random_iter, seed=0)
        yield from [*next(iter(loader)), *next(loader.in_order())]


@pytest.mark.parametrize("surroundings", [
    lambda: another_default("meta", torch.float32),
    lambda: another_default("cpu", torch.float64), torch.no_grad, torch.inference_mode,
], ids=["device", "dtype", "no_grad", "inference_mode"])  # fmt: skip
def test_where_it_runs_changes_nothing(surroundings):
    with surroundings():
        made = list(everything_that_is_made())
    for ours, expected in zip(made, everything_that_is_made(), strict=True):
        assert ours.dtype == expected.dtype and torch.equal(ours, expected)


def test_a_series_of_inference_mode_may_be_trained_on():
    with torch.inference_mode():
        x = torch.arange(20.0) % 7
        rows = series.lag_matrix(x, 3)
        trained = neural_ar.train_mlp(*rows, 2)[1]
        assert neural_ar.train_latent_ar(x, 4, 8, 3)[1]
    assert neural_ar.train_mlp(*rows, 2)[1] == trained


def test_a_summary_on_another_device_is_refused():
    h = torch.zeros(1, 4, device="meta")
    refused(r"h must be .* on cpu, got tensor\(", lambda: LATENT.output(h))


def test_a_latent_model_without_numbers_is_refused():
    model = neural_ar.LatentAR(3).to("meta")
    for use in (lambda: model.forecast(X, 2), lambda: model.k_step_forecasts(X),
                lambda: model(X[None])):  # fmt: skip
        refused("the model must have its parameters in memory", use)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_a_network_trains_on_any_floating_dtype(examples, mlp, dtype):
    net, losses = neural_ar.train_mlp(*(part.to(dtype) for part in examples))
    assert losses == pytest.approx(mlp[1], rel=0.05)
    assert net(examples[0].to(dtype)).dtype == dtype


@pytest.mark.parametrize(
    "x, h, message",
    [
        (torch.zeros(2, 0), None, r"x must have the shape \(B, T\), T at least 1"),
        (torch.zeros(2), None, r"x must have the shape \(B, T\)"),
        (torch.zeros(2, 3), torch.zeros(4), r"h must have the shape \(2, 4\)"),
        (torch.zeros(2, 3), torch.zeros(1, 4), r"h must have the shape \(2, 4\)"),
        (torch.zeros(2, 3), torch.full((2, 4), math.nan), "h must be finite"),
    ],
)
def test_a_latent_model_refuses_other_shapes(x, h, message):
    refused(message, lambda: LATENT(x, h))


def test_a_latent_model_still_hands_gradients_to_its_inputs():
    x, h = torch.ones(2, 3, requires_grad=True), torch.ones(2, 4, requires_grad=True)
    LATENT(x, h)[0].sum().backward()
    assert x.grad.abs().min() > 0 and h.grad.abs().max() > 0


# --- Sequences of states and tokens -----------------------------------------------

NO_SEQUENCES = {
    "set": {"a", "b"},
    "frozenset": frozenset("ab"),
    "keys": {"a": 1, "b": 2}.keys(),
    "dict": {"a": 1, "b": 2},
    "counts": Counter("abab"),
    "NaN": [math.nan, 1.0, math.nan, 1.0],
    "array with NaN": np.array([np.nan, 1, np.nan, 1]),
    "NaN in tuples": [("a", math.nan), ("a", math.nan)],
    "no time": [np.datetime64("NaT")] * 4,
    "array without a time": np.array(["NaT"] * 4, "M8[D]"),
    "masked": MASKED,
    "0-d text": np.array("abba"),
    "itself": LOOP,
    "lists": [["a"], ["b"]],
    "tensors": [torch.tensor([1, 2]), torch.tensor([1, 2])],
    "a number": 5,
    "0-d": torch.tensor(5),
    "sparse": torch.tensor([1, 0, 1, 1]).to_sparse(),
    "meta": torch.zeros(4, device="meta"),
}


@pytest.mark.parametrize("sequence", NO_SEQUENCES.values(), ids=NO_SEQUENCES)
@pytest.mark.parametrize(
    "take, name",
    [
        (MarkovChain.from_data, "sequence"),
        (lambda s: MarkovChain(COIN, states=s), "states"),
        (lambda s: MarkovChain.from_data("abab", states=s), "states"),
        (MarkovChain(COIN).log_probability, "sequence"),
        (MarkovChain(COIN).perplexity, "sequence"),
        (markov.kinds, "sequence"),
        (lambda s: NGramModel(s, 1), "tokens"),
        (NGramModel("abab", 2).perplexity, "tokens"),
        (NGramModel("abab", 2).count, "gram"),
        (lambda s: NGramModel("abab", 2).probability("a", s), "context"),
        (lambda s: NGramModel("abab", 2).sample(1, s), "prefix"),
        (lambda s: ngrams.count_grams(s, 1), "tokens"),
        (ngrams.perplexity_to_beat, "tokens"),
        (lambda s: Tally(s, "abab", 1), "seen"),
        (lambda s: Tally("abab", s, 1), "new"),
    ],
)
def test_what_is_no_sequence_is_refused_by_name(take, name, sequence):
    refused(f"^{name} must (be a sequence|not hold NaN)", lambda: take(sequence))


@pytest.mark.parametrize(
    "sequence, states",
    [
        (np.str_("abba"), ("a", "b")),
        (type("Text", (str,), {})("abba"), ("a", "b")),
        ((letter for letter in "abba"), ("a", "b")),
        (b"abba", (97, 98)),
        (np.array([0, 1, 1, 0])[::-1], (0, 1)),
        (torch.tensor([0.0, 1, 1, 0], requires_grad=True), (0, 1)),
        ([torch.tensor(0), torch.tensor(1), torch.tensor(1), torch.tensor(0)], (0, 1)),
        ([np.int64(0), np.float32(1), torch.tensor(1), np.bool_(False)], (0, 1)),
        ([0, True, 1.0, False], (0, 1)),  # equal to 0, 1, 1, 0, as in a dict
        (np.array([0, 1, 1, 0], object), (0, 1)),
        ([(0, 1), None, None, (0, 1)], ((0, 1), None)),
    ],
)
def test_any_sequence_has_the_states_that_are_in_it(sequence, states):
    listed = checks.items("sequence", sequence)
    chain = MarkovChain.from_data(listed)
    assert chain.states == states
    assert chain.P.tolist() == [[0, 1], [0.5, 0.5]]
    assert chain.log_probability(listed) == pytest.approx(
        math.log(chain.initial[0]) + 2 * math.log(0.5)
    )
    assert NGramModel(listed, 2).count(listed[:2]) == 1
    assert ngrams.count_grams(listed, 1)[listed[1],] == 2


def test_tokens_that_are_tensors_are_found_by_their_value():
    one, zero = torch.tensor(1), torch.tensor(0)
    model = NGramModel(torch.tensor([0, 1, 0, 2, 0, 1]), 2, 0.5)
    assert model.probability(one, [zero]) == model.probability(1, [0]) > 0
    assert model.probability(np.int64(1), np.array([0])) == model.probability(1, [0])
    assert model.estimate(one, (zero,)) == model.estimate(1, (0,))
    assert model.count([zero, one]) == 2


@pytest.mark.parametrize("token", [["a"], math.nan, torch.tensor([1, 2])])
def test_what_cannot_be_a_token_is_refused(token):
    model = NGramModel("abab", 2, 1)
    for ask in (model.probability, lambda token: model.estimate(token, ("a",))):
        refused("token must be hashable and not NaN", lambda ask=ask: ask(token))


@pytest.mark.parametrize(
    "context", ["ab", ["a", "b"], ("a", "b", "r"), None, (["a"], "b", "r")]
)
def test_estimate_takes_only_a_tuple_that_is_short_enough(context):
    model = NGramModel("abracadabra", 3, 0.5)
    assert model.estimate("r", ("a", "b")) == model.probability("r", "ab") > 0.9
    refused("context must be a tuple of at most 2 tokens, got",
            lambda: model.estimate("r", context))  # fmt: skip
    assert model.estimate("r", ("z",)) == model.estimate("r", ())  # of no use, but one
    for part in (["a"], math.nan):
        refused("context must", lambda part=part: model.estimate("r", (part,)))


def test_no_text_has_grams_longer_than_itself():
    for n in (4, 10**9):
        assert ngrams.count_grams("abc", n) == Counter()
    assert ngrams.count_grams("abc", 3) == {("a", "b", "c"): 1}


def test_a_mapping_may_be_a_vocabulary_and_a_set_may_not():
    by_index = NGramModel("abab", 2, 1, vocab={"a": 0, "b": 1, "c": 2})
    assert by_index.vocab == ("a", "b", "c")
    refused(
        "vocab must be a sequence", lambda: NGramModel("ab", 1, 1, vocab=set("abc"))
    )
    refused("vocab must be a sequence", lambda: Tally("ab", "ab", 1, vocab=set("abc")))


@given(
    st.lists(
        st.integers(0, 3) | st.booleans() | st.sampled_from(["a", "b", None, 1.0, 2.5]),
        min_size=2, max_size=30,
    ),
    st.floats(0, 1e100),
)  # fmt: skip
def test_the_rows_of_an_estimated_chain_sum_to_1(sequence, alpha):
    try:
        chain = MarkovChain.from_data(sequence, alpha)
    except ValueError as error:
        assert "is never left" in str(error) and alpha == 0
        return
    np.testing.assert_allclose(chain.P.sum(axis=1), 1, rtol=1e-12)
    assert chain.P.min() >= 0 and len(chain.states) == len(set(sequence))


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=12), st.integers(0, 99))
def test_log_probability_is_the_sum_of_the_steps(path, seed):
    rng = np.random.default_rng(seed)
    P = rng.dirichlet([1] * 3, size=3)
    chain = MarkovChain(P, rng.dirichlet([1] * 3), "abc")
    steps = [math.log(chain.probability(after, before))
             for before, after in zip(path[:-1], path[1:], strict=True)]  # fmt: skip
    expected = math.log(chain.initial["abc".index(path[0])]) + sum(steps)
    assert chain.log_probability(path) == pytest.approx(expected)
    if steps:
        assert chain.perplexity(path) == pytest.approx(math.exp(-np.mean(steps)))


# --- Chains and n-grams: numbers on the edge --------------------------------------


@pytest.mark.parametrize(
    "P",
    [
        torch.tensor(COIN, requires_grad=True),
        torch.tensor(COIN).bfloat16(),
        np.array(COIN)[::-1, ::-1],
        [[fractions.Fraction(1, 2)] * 2] * 2,
        [list(map(torch.tensor, row)) for row in COIN],
    ],
)
def test_a_chain_takes_real_numbers_of_any_kind(P):
    assert MarkovChain(P, P[0]).P.tolist() == COIN


def birth_and_death(n, p):
    """A step up with probability p, else down; at the ends it stays."""
    P = p * np.eye(n, k=1) + (1 - p) * np.eye(n, k=-1)
    P[0, 0], P[-1, -1] = 1 - p, p
    return P


@pytest.mark.parametrize("n, p", [(30, 0.1), (50, 0.1), (50, 0.9), (280, 0.1)])
def test_the_rarest_state_has_all_its_digits(n, p):
    chain = MarkovChain(birth_and_death(n, p))
    expected = (p / (1 - p)) ** (np.arange(n) - (n - 1) * (p > 0.5))
    expected /= expected.sum()
    np.testing.assert_allclose(chain.stationary_distribution(), expected, rtol=1e-12)
    rarest = int(expected.argmin())
    log_probability = math.log(expected[rarest])
    assert chain.log_probability([rarest]) == pytest.approx(log_probability)


@pytest.mark.parametrize("low, high", [(1e-17, 1e-20), (3e-13, 1e-13), (0.5, 1e-16)])
def test_a_step_too_rare_for_the_diagonal_still_counts(low, high):
    pi = MarkovChain([[1 - high, high], [low, 1 - low]]).initial
    expected = [low / (low + high), high / (low + high)]
    np.testing.assert_allclose(pi, expected, rtol=1e-15)


@settings(max_examples=60)
@given(
    st.lists(
        st.lists(st.integers(-60, 0), min_size=4, max_size=4), min_size=4, max_size=4
    )
)
def test_a_stationary_distribution_is_that_of_exact_fractions(exponents):
    weights = np.exp2(np.array(exponents, float))
    chain = MarkovChain(weights / weights.sum(axis=1, keepdims=True))
    P = [[fractions.Fraction(p) for p in row] for row in chain.P.tolist()]
    # By the Markov chain tree theorem: trees of steps that lead to the state.
    trees = [
        sum(
            math.prod(P[i][j] for i, j in enumerate(to) if i != root)
            for to in itertools.product(range(4), repeat=4)
            if to[root] == root and all(leads(to, i, root) for i in range(4))
        )
        for root in range(4)
    ]
    expected = [float(tree / sum(trees)) for tree in trees]
    np.testing.assert_allclose(chain.initial, expected, rtol=1e-14)


def leads(to, state, root):
    """True if the steps, one from each state, lead to the root."""
    for _ in to:
        state = to[state]
    return state == root


@pytest.mark.parametrize("n, p", [(400, 0.1), (400, 0.9)])
def test_a_state_too_rare_for_a_float_is_refused(n, p):
    chain = MarkovChain(birth_and_death(n, p))
    refused("P must not make a state rarer than 1e-290", lambda: chain.initial)
    assert MarkovChain(chain.P, np.eye(n)[0]).sample(2, seed=1)[0] == 0


def test_nobody_changes_a_chain():
    chains = MarkovChain(COIN), MarkovChain(COIN, COIN[0])
    copies = [*map(copy.deepcopy, chains), pickle.loads(pickle.dumps(chains[1]))]
    for chain in (*chains, *copies):
        for array in (chain.P, chain.initial):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 1
        for name in ("P", "initial"):
            with pytest.raises(AttributeError):
                setattr(chain, name, np.eye(2))
        assert chain.log_probability([0, 1]) == pytest.approx(math.log(0.25))


def test_a_rare_step_alone_does_no_harm():
    pi = MarkovChain([[1, 1e-20], [0.5, 0.5]]).stationary_distribution()
    np.testing.assert_allclose(pi, [1, 2e-20], atol=1e-15)


def test_counts_that_alpha_would_drown_are_refused():
    refused(r"alpha must be .* at most 1e\+100, got 1e\+308",
            lambda: MarkovChain.from_data("abab", alpha=1e308))  # fmt: skip
    tiny = MarkovChain.from_data("ababc", alpha=5e-324)
    np.testing.assert_allclose(tiny.P[2], [1 / 3] * 3)


@pytest.mark.parametrize(
    "epsilon", [5e-324, 1e-320, 1e-101, -1, math.nan, math.inf, True]
)
def test_a_smoothing_that_would_vanish_is_refused(epsilon):
    tally = Tally("abab", "abab", 2)
    model = NGramModel("abab", 2)
    refused("epsilon must be", lambda: NGramModel("abab", 2, epsilon))
    refused("epsilon must be", lambda: setattr(model, "epsilon", epsilon))
    refused("epsilon must be", lambda: tally.perplexities(epsilon))
    assert model.epsilon == 0


@settings(max_examples=60)
@given(
    st.text("abcd", min_size=4, max_size=30),
    st.integers(1, 4),
    st.floats(1e-100, 1e300) | st.sampled_from([0.0, 1e-100, 1e-50, 1e300]),
    st.text("abcdxy", max_size=5),
)
def test_smoothed_probabilities_sum_to_1_whatever_epsilon(text, n, epsilon, context):
    model = NGramModel(text, n, epsilon, vocab="abcd")
    total = sum(model.probability(token, context) for token in "abcd")
    assert total == pytest.approx(1 if epsilon else round(total))
    assert set(model.sample(5, context)) <= set("abcd")


def test_a_smoothed_perplexity_is_finite_or_an_error():
    seen, new = "abcabacc", "bbbbacb"
    assert NGramModel(seen, 3, 1e-60).perplexity(new) < math.inf
    for epsilon in (1e-100, 1e-90):
        model = NGramModel(seen + "bbabb" * 2, 5, epsilon, vocab="abcd")
        said = "epsilon must be larger for this text and n"
        refused(said, lambda model=model: model.perplexity("bbabd" * 3))
        tally = Tally(seen + "bbabb" * 2, "bbabd" * 3, 5)
        refused(said, lambda tally=tally, e=epsilon: tally.perplexities(e))
    # Without smoothing, or outside the vocabulary, the probability is really 0.
    assert NGramModel(seen, 3).perplexity(new) == math.inf
    assert NGramModel(seen, 3, 1).perplexity("abz") == math.inf


# --- Perplexity and the record of an epoch ----------------------------------------


@pytest.mark.parametrize(
    "value", [-5, -1e-3, -math.inf, "1", None, 1j, True, [1.0], torch.ones(2)]
)
def test_a_cross_entropy_is_a_number_of_at_least_0(value):
    refused("cross_entropy must be a number of at least 0, got",
            lambda: progress.perplexity(value))  # fmt: skip


@pytest.mark.parametrize("value", [-1e-9, -0.0, 0, np.float32(0), torch.tensor(0.0)])
def test_a_loss_of_0_may_be_rounded(value):
    assert progress.perplexity(value) == pytest.approx(1)


@given(st.floats(0, 600))
def test_perplexity_is_the_exponential(cross_entropy):
    expected = math.exp(cross_entropy)
    assert progress.perplexity(cross_entropy) == expected
    assert progress.perplexity(np.float64(cross_entropy)) == expected
    tensor = torch.tensor(cross_entropy, dtype=torch.float64)
    assert progress.perplexity(tensor) == expected


@pytest.mark.parametrize("value", [math.nan, math.inf, 710, 10**400])
def test_a_perplexity_that_no_float_can_hold_is_infinite(value):
    assert progress.perplexity(value) == math.inf


def tally_of(*minibatches, theta=1.0):
    tally = EpochTally(1, theta)
    for minibatch in minibatches:
        tally.add(*minibatch)
    return tally.progress(None)


@pytest.mark.parametrize(
    "minibatch, message",
    [
        (("1", 5, 1.0), "mean_loss must be a number"),
        ((-3.0, 5, 1.0), "mean_loss must be a number of at least 0"),
        ((1.0, 0, 1.0), "num_tokens must be an integer"),
        ((1.0, 2.5, 1.0), "num_tokens must be"),
        ((1.0, True, 1.0), "num_tokens must be"),
        ((1.0, 5, -1.0), "norm must be a number of at least 0"),
        ((1.0, 5, None), "norm must be"),
    ],
)
def test_a_minibatch_of_odd_numbers_is_refused_and_not_counted(minibatch, message):
    tally = EpochTally(1, None)
    tally.add(1.0, 5, 2.0)
    refused(message, lambda: tally.add(*minibatch))
    record = tally.progress(None)
    assert record.perplexity == math.e and record.gradient_norm == 2


def test_a_loss_or_a_norm_that_is_not_finite_is_a_divergence():
    for odd in (math.nan, math.inf):
        assert tally_of((odd, 5, 1.0)).diverged
        assert tally_of((1.0, 5, odd)).diverged
        record = tally_of((1.0, 5, odd), (1.0, 5, 2.0))
        assert record.diverged and record.perplexity == math.inf
        assert record.gradient_norm == 2


def test_an_epoch_and_a_theta_are_checked():
    refused("epoch must be an integer of at least 1", lambda: EpochTally(0, 1.0))
    refused("theta must be a number greater than 0", lambda: EpochTally(1, "1"))


def test_an_epoch_without_a_minibatch_has_no_perplexity():
    message = "minibatches must yield at least one minibatch, got none"
    refused(message, lambda: EpochTally(1, None).perplexity)


@pytest.mark.parametrize(
    "theta, advice", [(None, "or clip the gradient"), (2, "or a smaller theta")]
)
def test_a_run_that_diverged_gets_advice_that_it_can_follow(theta, advice):
    record = tally_of((1.0, 5, math.inf), theta=theta)
    assert record.theta == theta
    assert str(record).endswith(f"try a smaller learning rate {advice}")


def test_what_is_made_of_a_history_has_its_columns():
    history = History([Progress(1, 3.0, 1, 1, 1), Progress(2, 2.0, 1, 1, 1)])
    assert history.copy().perplexity == [3, 2] and history.copy() is not history
    assert history[1:].perplexity == [2]
    assert (history + history).perplexity == [3, 2, 3, 2]


def test_the_best_record_is_none_that_is_nan():
    odd, good = Progress(1, math.nan, 1, 1, 1), Progress(2, 3.0, 1, 1, 1)
    assert History([odd, good]).best is History([good, odd]).best is good
    refused("a history without a record has no best one", lambda: History().best)
