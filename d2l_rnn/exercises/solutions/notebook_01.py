"""Solutions to the exercises of notebook 01, autoregression."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from d2l_rnn import series


def spaced_lag_matrix(x: Tensor, tau: int, gap: int) -> tuple[Tensor, Tensor]:
    """Take a longer lag matrix, and of its columns every gap-th."""
    features, labels = series.lag_matrix(x, (tau - 1) * gap + 1)
    return features[:, ::gap], labels


def sine_weights(frequency: float) -> list[float]:
    """Put a = f (t - 1) and b = f into the hint, and solve for sin(a + b)."""
    return [-1, 2 * math.cos(frequency)]


def feed_back(
    model: Callable[[Tensor], Tensor], x: Tensor, tau: int, num_steps: int
) -> Tensor:
    """Slide the window over the predictions: drop the oldest value, add the newest."""
    window, predictions = x[None, -tau:], []  # (1, tau)
    for _ in range(num_steps):
        prediction = model(window)  # (1, 1)
        predictions.append(prediction)
        window = torch.cat((window[:, 1:], prediction), dim=1)
    return torch.cat(predictions, dim=1)[0]  # (num_steps,)


def forecast_error(weight: float, noise: float, k: int) -> float:
    """Each step multiplies the variance by w², and adds that of the new noise."""
    variance = 0
    for _ in range(k):
        variance = weight**2 * variance + noise**2
    return math.sqrt(variance)


def exponential_smoothing(x: Tensor, alpha: float) -> Tensor:
    """The summary after a value is the prediction of the next one."""
    h, predictions = 0, []
    for value in x:
        h = (1 - alpha) * h + alpha * value
        predictions.append(h)
    return torch.stack(predictions)
