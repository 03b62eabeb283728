"""Several series that predict each other: VAR(tau), and an invented weather to fit.

A vector autoregression is a predictor in the sense of `series`, for D series at once:
it maps windows (N, tau, D) to predictions (N, 1, D), and works with `series.forecast`
and the other forecasts there.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from d2l_rnn import checks
from d2l_rnn.checks.reals import (
    PLAIN,
    as_series,
    as_windows,
    finite,
    generator,
    own_parameters,
)
from d2l_rnn.series import least_squares, windows


@dataclass(frozen=True, eq=False)
class VectorAR:
    """Predict D series from the last tau values of all: x_t = c + sum_i A_i x_{t-i}.

    `weights` (tau, D, D) hold the matrices A_1, A_2, ... in the order of the formula:
    weights[i - 1] is A_i, and A_i[d, e] is the effect of series e, i steps ago, on
    series d now. `bias` (D,) is c. Both become float64. A predictor: (N, tau, D) to
    (N, 1, D), with the dtype of the windows, or float32 for integers.

    Raises ValueError if weights or bias are not finite numbers of these shapes, and
    when called with windows of any other shape or for which the predictions overflow.
    """

    weights: Tensor
    bias: Tensor

    def __post_init__(self):
        own_parameters(self, weights=3, bias=1)
        D = len(self.bias)
        if self.weights.shape[1:] != (D, D):
            raise ValueError(
                f"weights must have the shape (tau, {D}, {D}) beside a bias ({D},), "
                f"got {tuple(self.weights.shape)}"
            )

    @property
    def tau(self) -> int:
        """The order: how many values of each series it looks back."""
        return len(self.weights)

    def __call__(self, windows: ArrayLike) -> Tensor:
        windows = as_windows(windows, self.tau, len(self.bias))
        newest_first = windows.double().flip(1)  # (N, tau, D)
        sums = torch.einsum("ide,nie->nd", self.weights, newest_first) + self.bias
        return finite("predictions", sums[:, None].to(windows.dtype))  # (N, 1, D)


def fit_var(x: ArrayLike, tau: int = 1) -> VectorAR:
    """Fit VAR(tau) to the series x (T, D) by least squares.

    Raises ValueError if x is not (T, D) with finite values, T is at most tau, or the
    weights would not be finite.
    """
    x = as_series(x, ("T, D",))  # (T, D)
    tau = checks.integer("tau", tau, 1, len(x) - 1, f"the series has {len(x)} values")
    num_series = x.shape[1]
    lags = windows(x, tau)[:-1].flatten(1)  # (T - tau, tau * D)
    weights, bias = least_squares(lags, x[tau:])  # (tau * D, D), (D,)
    oldest_first = weights.reshape(tau, num_series, num_series)  # (lag, from, to)
    return VectorAR(oldest_first.flip(0).transpose(1, 2), bias)


WEATHER_SERIES = ("temperature", "humidity", "precipitation")

# The invented climate behind simulate_weather: a row for each of today's series, a
# column for each of yesterday's. A warm day makes the next one more humid (+0.5 % for
# each degree), a humid day makes it cooler (-0.1 degrees for each per cent), and both
# bring rain.
WEATHER = VectorAR(
    weights=[[[0.8, -0.1, 0.0], [0.5, 0.7, 0.0], [0.3, 0.3, 0.0]]],
    bias=[9.0, 10.5, -21.5],
)
WEATHER_NOISE = torch.tensor([2.0, 4.0, 1.5], **PLAIN)


def simulate_weather(num_days: int = 1000, seed: int = 0) -> Tensor:
    """Return invented days (T, 3): temperature, humidity and precipitation.

    The units are degrees Celsius, per cent and millimetres. The days follow the
    VAR(1) `WEATHER`, with noise of standard deviation `WEATHER_NOISE`, around
    15 degrees and 60 per cent; 0 and 100 per cent are more than six standard
    deviations away. Rain cannot be negative, so values below 0 are set to 0, a dry
    day: temperature and humidity, the first two columns, follow a VAR(1) exactly,
    precipitation does not.

    Raises ValueError if `num_days` is not at least 1 or `seed` is negative.
    """
    num_days = checks.integer("num_days", num_days, 1)
    noise = torch.randn(num_days, 3, generator=generator(seed), **PLAIN)  # (T, 3)
    today, days = torch.tensor([15.0, 60.0, 1.0], **PLAIN), []
    for shock in noise * WEATHER_NOISE:  # (3,)
        today = WEATHER(today.reshape(1, 1, 3)).reshape(3) + shock  # (3,)
        days.append(today)
    weather = torch.stack(days)  # (T, 3)
    weather[:, 2].clamp_(min=0)
    return weather
