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

Predictor = Callable[[Tensor], Tensor]


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

    Raises ValueError if `num_points` is not at least 1, `period` is not positive, or
    `noise` is negative.
    """
    num_points = checks.integer("num_points", num_points, 1)
    noise = checks.non_negative("noise", noise)
    frequency = 2 * math.pi / checks.positive("period", period)
    time = torch.arange(1, num_points + 1, dtype=torch.float32)  # (T,)
    errors = torch.normal(0.0, noise, (num_points,), generator=generator(seed))  # (T,)
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

    The result is a view: nothing is copied.
    """
    return x.unfold(0, tau, 1).movedim(-1, 1)


# --- The linear autoregression, AR(tau) ----------------------------------------


@dataclass(frozen=True, eq=False)
class LinearAR:
    """Predict the next value as a weighted sum of the last tau values and a bias.

    `weights` (tau,) are in the order of the lag matrix: weights[-1] is the weight of
    x_{t-1}. They are float64; predictions have the dtype of the features. Raises
    ValueError when called with windows that are not (N, tau).
    """

    weights: Tensor
    bias: Tensor

    @property
    def tau(self) -> int:
        """The order: how many values it looks back."""
        return len(self.weights)

    def __call__(self, features: Tensor) -> Tensor:
        expect_windows(features, self.tau)
        predictions = features.double() @ self.weights + self.bias  # (N,)
        return predictions[:, None].to(features.dtype)  # (N, 1)


def fit_ar(features: ArrayLike, labels: ArrayLike) -> LinearAR:
    """Fit AR(tau) to the rows of a lag matrix by least squares.

    Where many fits are equally good (for a constant series, say), the result is the
    one with the smallest weights.

    Raises ValueError if features and labels are not (N, tau) and (N, 1) or hold
    values that are not finite.
    """
    features, labels = as_examples(features, labels)
    weights, bias = least_squares(features, labels)  # (tau, 1), (1,)
    return LinearAR(weights[:, 0], bias[0])


def least_squares(features: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Weights (F, D) and bias (D,) from features (N, F) to targets (N, D), in float64.

    Of several equally good solutions, the one with the smallest norm.
    """
    ones = features.new_ones(len(features), 1)  # (N, 1)
    design = torch.cat((features, ones), dim=1).double()  # (N, F + 1)
    # gelsd works by singular values, so dependent columns do no harm.
    solution = torch.linalg.lstsq(design, targets.double(), driver="gelsd").solution
    return solution[:-1], solution[-1]


# --- Forecasts: within the observations, and beyond them -----------------------


@torch.no_grad()
def continue_windows(model: Predictor, windows: Tensor, num_steps: int) -> Tensor:
    """Continue each window on its own for num_steps, feeding predictions back.

    windows (N, tau) give (N, num_steps); (N, tau, D) give (N, num_steps, D). This is
    the loop under every forecast here: only the first prediction rests on
    observations alone.

    Raises ValueError if the model's predictions are not (N, 1) or (N, 1, D), or if
    `num_steps` is not at least 1.
    """
    num_steps = checks.integer("num_steps", num_steps, 1)
    predictions = []
    for _ in range(num_steps):
        prediction = model(windows)  # (N, 1)
        if prediction.shape != windows[:, :1].shape:
            raise ValueError(
                "model must map windows (N, tau) to predictions (N, 1), "
                f"got {tuple(prediction.shape)} "
                f"from {tuple(windows.shape)}"
            )
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
    x = as_series(x, (1, 2), at_least=1)
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


def rmse(predictions: Tensor, observed: Tensor) -> Tensor:
    """Root mean squared error over the first axis: a number, or (D,) for D series.

    Raises ValueError if the two differ in shape or are empty.
    """
    if predictions.shape != observed.shape or observed.numel() == 0:
        raise ValueError(
            "predictions and observed must have the same shape and not be "
            f"empty, got {tuple(predictions.shape)} and "
            f"{tuple(observed.shape)}"
        )
    return (predictions - observed).square().mean(dim=0).sqrt()


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


# --- Input checks, for this module and for vector_ar and neural_ar --------------


def as_series(
    x: ArrayLike, ndims: tuple[int, ...] = (1,), at_least: int = 2, name: str = "x"
) -> Tensor:
    """Return x as a floating tensor of finite numbers, on the CPU, without gradients.

    Raises ValueError if x is not such a tensor, has a number of dimensions that
    `ndims` does not allow, or fewer than `at_least` rows.
    """
    try:
        x = torch.as_tensor(x, device="cpu")
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{name} must hold numbers: {error}") from None
    x = x.detach() if x.is_floating_point() else x.float()
    if x.ndim not in ndims or 0 in x.shape[1:]:
        shapes = " or ".join("(T,)" if ndim == 1 else "(T, D)" for ndim in ndims)
        raise ValueError(f"{name} must have the shape {shapes}, got {tuple(x.shape)}")
    if len(x) < at_least:
        raise ValueError(
            f"{name} must have a length of at least {at_least}, got {len(x)}"
        )
    if not x.isfinite().all():
        raise ValueError(f"{name} must be finite, got NaN or infinity in it")
    return x


def as_examples(features: ArrayLike, labels: ArrayLike) -> tuple[Tensor, Tensor]:
    """Return the two halves of a lag matrix, (N, tau) and (N, 1), in one dtype.

    Raises ValueError if their shapes are wrong or their values are not all finite.
    """
    features = as_series(features, (2,), at_least=1, name="features")
    labels = as_series(labels, (2,), at_least=1, name="labels")
    if labels.shape != (len(features), 1):
        raise ValueError(
            f"labels must have the shape ({len(features)}, 1), one for "
            f"each row of features, got {tuple(labels.shape)}"
        )
    return features, labels.to(features.dtype)


def expect_windows(windows: Tensor, *shape: int) -> None:
    """Raise ValueError unless windows are (N, *shape): others might broadcast."""
    if tuple(windows.shape[1:]) != shape:
        sizes = ", ".join(map(str, shape))
        raise ValueError(
            f"this model needs windows of the shape (N, {sizes}), "
            f"got {tuple(windows.shape)}"
        )


def generator(seed: int) -> torch.Generator:
    """A new generator with this seed; ValueError unless 0 <= seed < 2^64."""
    return torch.Generator().manual_seed(checks.integer("seed", seed, 0, 2**64 - 1))


def _horizon(x: ArrayLike, tau: int, name: str, k: int) -> tuple[Tensor, int, int]:
    """Check that x has a window of tau values and a value k steps after it."""
    x = as_series(x, (1, 2))
    why = f"the series has {len(x)} values"
    tau = checks.integer("tau", tau, 1, len(x) - 1, why)
    return x, tau, checks.integer(name, k, 1, len(x) - tau, f"{why}, tau is {tau}")
