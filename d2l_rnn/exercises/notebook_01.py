"""The exercises of notebook 01, autoregression."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from d2l_rnn import series
from d2l_rnn.exercises.checking import Answer, Exercise, Trial, drawn


def _sum(windows):
    """Each window's sum: with two values, the Fibonacci numbers."""
    return windows.sum(dim=1, keepdim=True)


def _differences(windows):
    """Twice the newest value minus the oldest: a straight line, with two values."""
    return 2 * windows[:, -1:] - windows[:, :1]


def _ar3(windows):
    """A weighted sum of three values, and a bias."""
    weights = torch.tensor([[-0.5], [0.2], [0.9]])
    return windows @ weights + 0.1


@Exercise
def feed_back(answer: Answer) -> Iterator[Trial]:
    """The multi-step forecast, which feeds predictions back."""
    ones = torch.ones(2)
    yield answer(_sum, ones, 2, 4).gives(
        series.forecast(_sum, ones, 2, 4), "1, 1 and a model that adds up",
        "the new window is the old one without its oldest value, and the prediction",
        mistakes=[
            ([2, 2, 2, 2], "each step needs a new window, with the prediction in it"),
            ([1, 1, 2, 3], "return only what follows the series"),
            ([[2, 3, 5, 8]], "one series in, so the shape (num_steps,) out"),
            ([[2], [3], [5], [8]], "one series in, so the shape (num_steps,) out"),
        ],
    )  # fmt: skip
    x = torch.tensor([9.0, 4.0, 1.0, 3.0])
    yield answer(_differences, x, 2, 3).gives(
        series.forecast(_differences, x, 2, 3), "only the last values matter",
        "the first window is the last tau values of x",
    )  # fmt: skip
    yield answer(_sum, x, 4, 1).gives(
        series.forecast(_sum, x, 4, 1), "a single step", "tau may be all of the series"
    )
    x = drawn(12, seed=1)
    yield answer(_ar3, x, 3, 20).gives(
        series.forecast(_ar3, x, 3, 20), "AR(3), twenty steps",
        "in a window, the oldest value comes first and the newest last",
    )  # fmt: skip


def _forecast_error(weight, noise, k):
    """By the closed form: the variance is a geometric series of squared weights."""
    return noise * math.sqrt(sum(weight ** (2 * i) for i in range(k)))


@Exercise
def forecast_error(answer: Answer) -> Iterator[Trial]:
    """The root mean square error of AR(1), k steps ahead."""
    for weight, noise, k, what, hint in (
        (0.5, 2.0, 1, "one step ahead", "here the error is the new noise alone"),
        (0.5, 2.0, 2, "two steps ahead", "the error before is multiplied by w"),
        (1.0, 0.5, 9, "a weight of 1", "with w = 1 the variance grows without end"),
        (-0.9, 0.2, 100, "a hundred steps ahead", "with |w| < 1 it levels off"),
        (1.1, 0.3, 7, "a weight above 1", "go from one step to the next in a loop"),
    ):
        right = _forecast_error(weight, noise, k)
        wrong = [
            (right**2, "that is the variance: take its root"),
            (
                noise * sum(weight**i for i in range(k)),
                "that adds the errors up as if all had one sign; add their squares",
            ),
            (
                noise * math.sqrt(abs(sum(weight**i for i in range(k)))),
                "w times an error is w squared times its variance",
            ),
            (noise * math.sqrt(k), "old errors are multiplied by w before they add"),
        ]
        yield answer(weight, noise, k).gives(right, what, hint, mistakes=wrong)


def _spaced(x, tau, gap):
    features, labels = series.lag_matrix(x, (tau - 1) * gap + 1)
    return features[:, ::gap], labels


@Exercise
def spaced_lag_matrix(answer: Answer) -> Iterator[Trial]:
    """The lag matrix of values that are `gap` steps apart."""
    x = torch.arange(8.0)
    features, labels = _spaced(x, 2, 3)
    yield answer(x, 2, 3).gives(
        (features, labels), "eight values, two inputs, a gap of three",
        "features and labels, in this order; the newest input is one step before",
        mistakes=[
            ((features, labels[:, 0]), "labels have the shape (N, 1)"),
            ((features.flip(1), labels), "the oldest value comes first"),
            ((labels, features), "first the features, then the labels"),
        ],
    )  # fmt: skip
    yield answer(x, 2, 1).gives(
        _spaced(x, 2, 1), "no gap: the lag matrix", "gap=1 takes every value"
    )
    yield answer(x, 3, 2).gives(
        _spaced(x, 3, 2), "three inputs, every other value", "rows end with x[t - 1]"
    )
    x = drawn(40, seed=1)
    yield answer(x, 4, 5).gives(
        _spaced(x, 4, 5), "a long series",
        "the oldest input is 1 + (tau - 1) * gap steps before the label",
    )  # fmt: skip


@Exercise
def sine_weights(answer: Answer) -> Iterator[Trial]:
    """The two weights that continue a sine for ever."""
    for what, frequency in (
        ("frequency 1", 1.0),
        ("a quarter of a circle in each step", math.pi / 2),
        ("frequency 0.3", 0.3),
    ):
        newest = 2 * math.cos(frequency)
        yield answer(frequency).gives(
            [-1, newest], what,
            "take a for the angle at time t - 1, and b for the frequency",
            mistakes=[
                ([newest, -1], "the oldest first: w_2, which belongs to x_{t-2}"),
                ([1, newest], "look at the sign of w_2 again"),
                ([-1, 2], "these continue a straight line, which a sine is not"),
            ],
        )  # fmt: skip


def _smoothed(x, alpha):
    """All at once: the value j steps back counts alpha (1 - alpha)^j."""
    steps = torch.arange(len(x))
    back = steps[:, None] - steps  # (T, T)
    weights = (alpha * (1 - alpha) ** back.clamp(min=0)).tril()
    return weights @ x


@Exercise
def exponential_smoothing(answer: Answer) -> Iterator[Trial]:
    """The predictions of a summary of one number."""
    x = torch.tensor([1.0, 0.0, 0.0, 0.0])
    right = _smoothed(x, 0.2)
    yield answer(x, 0.2).gives(
        right, "a single 1, and then zeros",
        "update the summary with a value, then append it to the predictions",
        mistakes=[
            (_smoothed(x, 0.8), "alpha is the share of the new value"),
            ([0, *right[:-1].tolist()], "x[t] has been seen when entry t is made"),
            (right[-1], "return all T predictions, not only the last"),
            (
                right[-1].expand(4),
                "h += ... changes the h in the list; write h = h + ...",
            ),
        ],
    )  # fmt: skip
    x = torch.tensor([3.0, 1.0, 2.0])
    yield answer(x, 1.0).gives(
        _smoothed(x, 1.0), "alpha = 1", "then the prediction is the last value"
    )
    x = drawn(30, seed=1)
    yield answer(x, 0.3).gives(
        _smoothed(x, 0.3), "a long series",
        "the summary is handed on from step to step, and starts as 0",
    )  # fmt: skip
