"""Answers to the exercises of notebook 01 that are wrong, and words of the verdict."""

import math

import torch

from d2l_rnn import series


def newest_first(x, tau, gap):
    features, labels = series.lag_matrix(x, (tau - 1) * gap + 1)
    return features[:, ::gap].flip(1), labels


def flat_labels(x, tau, gap):
    features, labels = series.lag_matrix(x, (tau - 1) * gap + 1)
    return features[:, ::gap], labels[:, 0]


def gap_before_the_label(x, tau, gap):
    features, labels = series.lag_matrix(x, tau * gap)
    return features[:, ::gap], labels


def without_gap(x, tau, gap):
    return series.lag_matrix(x, tau)


def labels_first(x, tau, gap):
    features, labels = series.lag_matrix(x, (tau - 1) * gap + 1)
    return labels, features[:, ::gap]


def no_feeding(model, x, tau, num_steps):
    return model(x[None, -tau:]).expand(1, num_steps)[0]


def first_window(model, x, tau, num_steps):
    return series.forecast(model, x[:tau], tau, num_steps)


def with_the_series(model, x, tau, num_steps):
    return torch.cat((x, series.forecast(model, x, tau, num_steps)))[:num_steps]


def a_row(model, x, tau, num_steps):
    return series.forecast(model, x, tau, num_steps)[None]


def growing_window(model, x, tau, num_steps):
    window = x[None, -tau:]
    for _ in range(num_steps):
        window = torch.cat((window, model(window)), dim=1)
    return window[0, tau:]


def newest_value_first(model, x, tau, num_steps):
    return series.forecast(lambda windows: model(windows.flip(1)), x, tau, num_steps)


def errors_added(weight, noise, k):
    return noise * sum(weight**i for i in range(k))


def variance(weight, noise, k):
    return noise**2 * sum(weight ** (2 * i) for i in range(k))


def weight_not_squared(weight, noise, k):
    return noise * math.sqrt(abs(sum(weight**i for i in range(k))))


def random_walk(weight, noise, k):
    return noise * math.sqrt(k)


def geometric_sum(weight, noise, k):
    return noise * math.sqrt((1 - weight ** (2 * k)) / (1 - weight**2))


def smoothed(x, alpha, see_first=True):
    h, predictions = 0.0, []
    for value in x.tolist():
        if not see_first:
            predictions.append(h)
        h = (1 - alpha) * h + alpha * value
        if see_first:
            predictions.append(h)
    return predictions


def changed_in_place(x, alpha):
    h, predictions = 0, []
    for value in x:
        h += alpha * (value - h)
        predictions.append(h)
    return predictions


WRONG = {
    "spaced_lag_matrix": [
        (newest_first, "hint: the oldest value comes first"),
        (flat_labels, "hint: labels have the shape (N, 1)"),
        (gap_before_the_label, "hint: features and labels, in this order; the newest"),
        (without_gap, "✗ eight values, two inputs, a gap of three"),
        (labels_first, "hint: first the features"),
    ],
    "sine_weights": [
        (lambda frequency: [2 * math.cos(frequency), -1], "hint: the oldest first"),
        (lambda frequency: [1, 2 * math.cos(frequency)], "look at the sign of w_2"),
        (lambda frequency: [-1, 2], "a straight line, which a sine is not"),
        (lambda frequency: [-1, math.cos(frequency)], "✗ frequency 1"),
        (lambda frequency: [-1, 2 * math.cos(1)], "✗ frequency 0.3"),
    ],
    "feed_back": [
        (no_feeding, "hint: each step needs a new window"),
        (first_window, "hint: the first window is the last tau values of x"),
        (with_the_series, "hint: return only what follows the series"),
        (a_row, "hint: one series in, so the shape (num_steps,) out"),
        (growing_window, "hint: the new window is the old one without its oldest"),
        (newest_value_first, "✗ AR(3), twenty steps"),
    ],
    "forecast_error": [
        (errors_added, "hint: that adds the errors up as if all had one sign"),
        (variance, "hint: that is the variance"),
        (weight_not_squared, "hint: w times an error is w squared times its variance"),
        (random_walk, "hint: old errors are multiplied by w"),
        (geometric_sum, "raised ZeroDivisionError"),
    ],
    "exponential_smoothing": [
        (lambda x, alpha: smoothed(x, 1 - alpha), "alpha is the share of the new"),
        (lambda x, alpha: smoothed(x, alpha, False), "when entry t is made"),
        (lambda x, alpha: smoothed(x, alpha)[-1], "hint: return all T predictions"),
        (lambda x, alpha: alpha * x, "hint: update the summary with a value"),
        (changed_in_place, "hint: h += ... changes the h"),
    ],
}
