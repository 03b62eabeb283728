"""Series of real numbers: make one, regress it on its own past, forecast it.

A *predictor* here is any function from the last `tau` values to the next one: it maps
windows (N, tau), the oldest value first, to predictions (N, 1). A linear
autoregression, a network and a lambda are all predictors, and every forecast below
accepts any of them. A predictor of D series at once maps (N, tau, D) to (N, 1, D).

The series are short, so everything runs on the CPU. Tensors and arrays keep their
floating dtype; lists and integers become float32, as in the book. Nothing touches
the global random state: random numbers depend on `seed` alone.

Sources: "Sequence models" in the notes; section 8.1 of Dive into Deep Learning,
PyTorch 0.17 ("the book").
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from d2l_rnn import checks
from d2l_rnn.checks.reals import (
    PLAIN,
    as_examples,
    as_series,
    as_windows,
    finite,
    generator,
    own_parameters,
    real,
)

Predictor = Callable[[Tensor], Tensor]

MOST_PERIODS = 10_000  # after so many, float32 is wrong about a sine by a per cent


# --- The data ------------------------------------------------------------------


def noisy_sine(
    num_points: int = 1000,
    noise: float = 0.2,
    period: float = 200 * math.pi,
    seed: int = 0,
) -> tuple[Tensor, Tensor]:
    """Return time 1 .. num_points and a sine of it with Gaussian noise, both (T,).

    The defaults are the book's data, sin(0.01 t) + N(0, 0.2^2). `noise` is the
    standard deviation, `period` is in time steps.

    Raises ValueError if `num_points` is not from 1 to 2^24, `noise` not from 0 to 1e37,
    or `period` is not positive or so short that there are over `MOST_PERIODS` of them.
    """
    num_points = checks.integer(
        "num_points", num_points, 1, 2**24, "float32 counts no further"
    )
    noise = checks.non_negative("noise", noise, at_most=1e37)  # float32 ends at 3e38
    period = checks.positive("period", period)
    if num_points > MOST_PERIODS * period:
        raise ValueError(
            f"period must be at least num_points / {MOST_PERIODS}, "
            f"got {period:g} for {num_points} points"
        )
    frequency = 2 * math.pi / period
    time = torch.arange(1, num_points + 1, **PLAIN)  # (T,)
    rng = generator(seed)
    errors = torch.normal(0.0, noise, (num_points,), generator=rng, **PLAIN)  # (T,)
    return time, torch.sin(frequency * time) + errors


def lag_matrix(x: ArrayLike, tau: int) -> tuple[Tensor, Tensor]:
    """Lay a series (T,) out as a regression on its own past.

    Returns features (T - tau, tau) and labels (T - tau, 1), as the book does: the
    row for time t holds x_{t-tau} ... x_{t-1}, the oldest first, and its label is
    x_t.

    Raises ValueError if x is not a 1-D series of finite numbers or has no more than
    tau values.
    """
    x = as_series(x)  # (T,)
    tau = checks.integer("tau", tau, 1, len(x) - 1, f"the series has {len(x)} values")
    return windows(x, tau)[:-1].clone(), x[tau:, None].clone()


def windows(x: Tensor, tau: int) -> Tensor:
    """Every window of tau values of x: (T - tau + 1, tau), or (…, tau, D) of (T, D).

    The result is a view: nothing is copied. Raises ValueError if x is no series of
    finite numbers or has fewer than tau values.
    """
    x = as_series(x, ("T,", "T, D"), at_least=1)
    checks.integer("tau", tau, 1, len(x), f"the series has {len(x)} values")
    return x.unfold(0, tau, 1).movedim(-1, 1)


# --- The linear autoregression, AR(tau) ----------------------------------------


@dataclass(frozen=True, eq=False)
class LinearAR:
    """Predict the next value as a weighted sum of the last tau values and a bias.

    `weights` (tau,) are in the order of the lag matrix: weights[-1] is the weight of
    x_{t-1}. They become float64; predictions have the dtype of the features, or
    float32 for integers.

    Raises ValueError if weights or bias are not finite numbers, and when called with
    windows that are not (N, tau) or for which the predictions overflow.
    """

    weights: Tensor
    bias: Tensor

    def __post_init__(self):
        own_parameters(self, weights=1, bias=0)

    @property
    def tau(self) -> int:
        """The order: how many values it looks back."""
        return len(self.weights)

    def __call__(self, features: ArrayLike) -> Tensor:
        features = as_windows(features, self.tau)
        predictions = features.double() @ self.weights + self.bias  # (N,)
        return finite("predictions", predictions[:, None].to(features.dtype))  # (N, 1)


def fit_ar(features: ArrayLike, labels: ArrayLike) -> LinearAR:
    """Fit AR(tau) to the rows of a lag matrix by least squares.

    Where many fits are equally good (for a constant series, say), the result is the
    one with the smallest weights.

    Raises ValueError if features and labels are not (N, tau) and (N, 1), if they hold
    values that are not finite, or if the weights would not be finite.
    """
    features, labels = as_examples(features, labels)
    weights, bias = least_squares(features, labels)  # (tau, 1), (1,)
    return LinearAR(weights[:, 0], bias[0])


def least_squares(features: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Weights (F, D) and bias (D,) from features (N, F) to targets (N, D), in float64.

    Of several equally good solutions, the one with the smallest norm, where a weight
    counts by its effect: times the largest value of its feature.

    Raises ValueError if they are not two such matrices of finite numbers.
    """
    features = as_series(features, ("N, F",), at_least=1, name="features")
    targets = as_series(targets, ("N, D",), at_least=1, name="targets")
    if len(targets) != len(features):
        raise ValueError(
            f"targets must have {len(features)} rows, as features have, got "
            f"{len(targets)}"
        )
    ones = features.new_ones(len(features), 1)  # (N, 1)
    design = torch.cat((features, ones), dim=1).double()  # (N, F + 1)
    # In any unit the fit is the same: no column is small enough to pass for rounding.
    units = design.abs().amax(dim=0)  # (F + 1,)
    units[units == 0] = 1
    # gelsd works by singular values, so dependent columns do no harm.
    solution = torch.linalg.lstsq(design / units, targets.double(), driver="gelsd")
    weights = solution.solution / units[:, None]  # (F + 1, D)
    return weights[:-1], weights[-1]


# --- Forecasts: within the observations, and beyond them -----------------------


@torch.no_grad()
def continue_windows(model: Predictor, windows: Tensor, num_steps: int) -> Tensor:
    """Continue each window on its own for num_steps, feeding predictions back.

    windows (N, tau) give (N, num_steps); (N, tau, D) give (N, num_steps, D). This is
    the loop under every forecast here: only the first prediction rests on
    observations alone.

    Raises ValueError if the model's predictions are not (N, 1) or (N, 1, D), or not
    finite, as those of a model that grows without bounds, if the windows are not as
    above, and if `num_steps` is not at least 1.
    """
    num_steps = checks.integer("num_steps", num_steps, 1)
    windows = as_series(windows, ("N, tau", "N, tau, D"), at_least=0, name="windows")
    predictions = []
    for _ in range(num_steps):
        prediction = _predict(model, windows)  # (N, 1)
        predictions.append(prediction)
        windows = torch.cat((windows[:, 1:], prediction), dim=1)  # (N, tau)
    return torch.cat(predictions, dim=1)  # (N, num_steps)


def forecast(model: Predictor, x: ArrayLike, tau: int, num_steps: int) -> Tensor:
    """Continue the series x beyond its end: extrapolation.

    x is (T,) or (T, D), and only its last tau values matter. Returns (num_steps,) or
    (num_steps, D). The book's multi-step forecast is
    `forecast(net, x[:n_train + tau], tau, T - n_train - tau)`.

    Raises ValueError if x has fewer than tau values, and as `continue_windows` does.
    """
    x = as_series(x, ("T,", "T, D"), at_least=1)
    tau = checks.integer("tau", tau, 1, len(x), f"the series has {len(x)} values")
    return continue_windows(model, x[None, -tau:], num_steps)[0]


def k_step_forecasts(model: Predictor, x: ArrayLike, tau: int, k: int = 1) -> Tensor:
    """Forecast every value of x that has an observed window k steps before it.

    x is (T,) or (T, D). The result has T - tau - k + 1 values and stands beside
    `x[tau + k - 1:]`: its entry for time t was made from the tau observations that
    end at time t - k. k = 1 is the one-step forecast, from real observations alone;
    for k > 1 the predictions in between are fed back.

    Raises ValueError if x has fewer than tau + k values, and as `continue_windows`
    does.
    """
    x, tau, k = _horizon(x, tau, "k", k)
    return continue_windows(model, windows(x, tau)[:-k], k)[:, -1]


def rmse(predictions: ArrayLike, observed: ArrayLike) -> Tensor:
    """Root mean squared error over the first axis: a number, or (D,) for D series.

    Raises ValueError if the two differ in shape, are empty, or hold anything but finite
    real numbers, and if their difference overflows.
    """
    predictions = real("predictions", predictions, torch.float64)
    observed = real("observed", observed, torch.float64)
    if predictions.shape != observed.shape or observed.numel() == 0:
        raise ValueError(
            "predictions and observed must have the same shape and not be "
            f"empty, got {tuple(predictions.shape)} and "
            f"{tuple(observed.shape)}"
        )
    dtype = torch.promote_types(predictions.dtype, observed.dtype)
    errors = predictions.double() - observed.double()
    # Squares of tiny errors vanish, and those of huge ones overflow: take out a unit.
    unit = errors.abs().amax(dim=0)
    unit = torch.where(unit > 0, unit, 1.0)
    error = unit * (errors / unit).square().mean(dim=0).sqrt()
    return finite("the error of predictions", error.to(dtype))


def rmse_by_step(model: Predictor, x: ArrayLike, tau: int, max_steps: int) -> Tensor:
    """Return the error of the k-step forecasts of x for k = 1 .. max_steps.

    Entry k - 1 is the RMSE of `k_step_forecasts(model, x, tau, k)`; one pass computes
    them all. Shape (max_steps,), or (max_steps, D) where x is (T, D).

    Raises ValueError if x has fewer than tau + max_steps values, and as
    `continue_windows` does.
    """
    x, tau, max_steps = _horizon(x, tau, "max_steps", max_steps)
    # (T - tau, max_steps): row t starts from the window that ends before x[tau + t].
    forecasts = continue_windows(model, windows(x, tau)[:-1], max_steps)
    errors = [
        rmse(forecasts[: len(forecasts) - k, k], x[tau + k :]) for k in range(max_steps)
    ]
    return torch.stack(errors)


def _horizon(x: ArrayLike, tau: int, name: str, k: int) -> tuple[Tensor, int, int]:
    """Check that x has a window of tau values and a value k steps after it."""
    x = as_series(x, ("T,", "T, D"))
    why = f"the series has {len(x)} values"
    tau = checks.integer("tau", tau, 1, len(x) - 1, why)
    return x, tau, checks.integer(name, k, 1, len(x) - tau, f"{why}, tau is {tau}")


def _predict(model: Predictor, windows: Tensor) -> Tensor:
    """What the model predicts, if that is (N, 1) or (N, 1, D) and finite."""
    if not callable(model) or isinstance(model, type):
        hint = ", a class: make a model of it first" * isinstance(model, type)
        raise ValueError(
            f"model must map windows to predictions, got {checks.shown(model)}{hint}"
        )
    try:
        prediction = model(windows.clone())  # in which it may compute
    except RuntimeError as error:  # PyTorch's, as for a network with another tau
        raise ValueError(
            f"model must map windows {tuple(windows.shape)} to predictions, got {error}"
        ) from error
    shape = getattr(prediction, "shape", None)
    if shape != windows[:, :1].shape:
        raise ValueError(
            "model must map windows (N, tau) to predictions (N, 1), "
            f"got {type(prediction).__name__ if shape is None else tuple(shape)} "
            f"from {tuple(windows.shape)}"
        )
    return real("the model's predictions", prediction).clone()  # its own may change
