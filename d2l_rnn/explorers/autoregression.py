"""Autoregression: one step ahead is easy, k steps ahead is not."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from d2l_rnn import checks, series
from d2l_rnn.explorers.caching import cached
from d2l_rnn.explorers.chart import Axis, Band, Chart, Level, Line, Mark, Plot
from d2l_rnn.explorers.charting import ChartExplorer
from d2l_rnn.explorers.controls import Real, Whole
from d2l_rnn.explorers.wording import two_decimals

NUM_POINTS, N_TRAIN, MAX_STEPS = 1000, 600, 100


@dataclass(frozen=True, eq=False)
class Experiment:
    """A noisy sine, an AR(tau) fitted to its beginning, and the model's forecasts.

    `time` and `x` (T,) are the data, `noise` the standard deviation of the noise on the
    sine. `one_step` (T - tau,) are the forecasts of `x[tau:]`; `multi_step` those of
    `x[N_TRAIN + tau:]`, the part that the model was not fitted to, all made from the
    values before it. On that part `errors[k - 1]` is the RMSE k steps ahead, and
    `mean_error` that of always predicting the mean of the training labels.
    """

    noise: float
    time: Tensor
    x: Tensor
    model: series.LinearAR
    one_step: Tensor
    multi_step: Tensor
    errors: Tensor
    mean_error: float

    @property
    def num_known(self) -> int:
        """How many values at the beginning of x the model was fitted to."""
        return N_TRAIN + self.model.tau

    def k_step(self, k: int) -> Tensor:
        """Forecasts of `x[tau + k - 1:]`, each from the data until k steps before.

        Raises ValueError if k is not an integer from 1 to 100.
        """
        checks.integer("k", k, 1, MAX_STEPS)
        return series.k_step_forecasts(self.model, self.x, self.model.tau, k)


@cached(maxsize=64)
def experiment(tau: int = 4, noise: float = 0.2, seed: int = 0) -> Experiment:
    """The book's sine, and an AR(tau) fitted by least squares to its first 600 rows.

    Section 8.1 of the book, with a linear model in place of its network. Raises
    ValueError for a tau that is not from 1 to 300, and for an invalid noise or seed.
    """
    checks.integer("tau", tau, 1, NUM_POINTS - N_TRAIN - MAX_STEPS)
    time, x = series.noisy_sine(NUM_POINTS, noise, seed=seed)
    features, labels = series.lag_matrix(x, tau)
    model = series.fit_ar(features[:N_TRAIN], labels[:N_TRAIN])
    known, new = x[: N_TRAIN + tau], x[N_TRAIN + tau :]
    mean = labels[:N_TRAIN].mean()
    return Experiment(
        noise, time, x, model,
        one_step=series.k_step_forecasts(model, x, tau),
        multi_step=series.forecast(model, known, tau, len(new)),
        errors=series.rmse_by_step(model, x[N_TRAIN:], tau, MAX_STEPS),
        mean_error=series.rmse(mean.expand(len(new)), new).item(),
    )  # fmt: skip


def draw(done: Experiment, k: int) -> Chart:
    """Above, the data and their forecasts; below, the error by steps ahead, k marked.

    Raises ValueError if k is not an integer from 1 to 100, or `done` no Experiment.
    """
    checks.of_type(Experiment, done=done)
    k = checks.integer("k", k, 1, MAX_STEPS)
    return Chart([_forecasts(done, k), _errors(done, k)], margin=116)


def _forecasts(done: Experiment, k: int) -> Plot:
    tau, time, known = done.model.tau, done.time.numpy(), done.num_known
    k_step = done.k_step(k)
    seen = torch.cat((done.x, done.one_step, k_step, done.multi_step))
    low, high = seen.min().item(), seen.max().item()
    room = 0.05 * (high - low) or 1.0
    lines = [
        Line("data", time, done.x, "quiet", joined=False, points=True, size=2.5),
        Line("1-step", time[tau:], done.one_step, 0, width=1),
        Line(f"{k}-step", time[tau + k - 1 :], k_step, 1, dash=1, leaves_ghost=True),
        Line("multi-step", time[known:], done.multi_step, 2, dash=2, width=2.4),
    ]
    learned = Band(1, known, label="learned from", upright=True)
    return Plot(
        Axis("time (steps)", 1, NUM_POINTS, is_whole=True),
        Axis("x", low - room, high + room), lines, height=205, bands=[learned],
    )  # fmt: skip


def _errors(done: Experiment, k: int) -> Plot:
    errors, steps = done.errors.tolist(), range(1, MAX_STEPS + 1)
    return Plot(
        Axis("k (steps ahead)", 0, MAX_STEPS + 2, is_whole=True),
        Axis("RMSE", 0, 1.1 * max(done.mean_error, *errors)),
        [Line("", steps, errors, "text", width=1.4, leaves_ghost=True)],
        height=130,
        levels=[Level(done.noise, "noise"), Level(done.mean_error, "always the mean")],
        marks=[Mark(1, errors[0], "ring", 0), Mark(k, errors[k - 1], "square", 1)],
    )


def describe(done: Experiment, k: int) -> str:
    """The errors one step and k steps ahead, as HTML.

    Raises ValueError as `draw` does.
    """
    checks.of_type(Experiment, done=done)
    k = checks.integer("k", k, 1, MAX_STEPS)
    one, ahead = done.errors[0].item(), done.errors[k - 1].item()
    noise = f"The noise alone gives {done.noise:.2f}" if done.noise else "No noise"
    return (
        f"RMSE after time {done.num_known}: <b>{two_decimals(one)}</b> one step ahead, "
        f"<b>{two_decimals(ahead)}</b> with k = {k}{_times(ahead, one)}.<br>"
        f"{noise}; always predicting the mean gives {done.mean_error:.2f}."
    )


def _times(error: float, other: float) -> str:
    """How many times as large; empty if there is nothing to compare."""
    if error == other or min(error, other) < 1e-4:  # less than that is rounding
        return ""
    return f", {error / other:.1f} times as much"


class Autoregression(ChartExplorer):
    """How far ahead a linear autoregression sees, on a sine with noise."""

    tau = Whole(
        "order tau", 1, 64, 4,
        hint="how many past values a forecast rests on (自回归模型 AR(tau))",
    )  # fmt: skip
    noise = Real(
        "noise", 0, 1, 0.2, 0.01,
        hint="standard deviation of the noise on the sine (噪声)",
    )  # fmt: skip
    k = Whole("horizon k", 1, MAX_STEPS, 64, hint="how many steps ahead (k步预测)")
    seed = Whole("seed", 0, 20, 0, hint="of the noise")

    def answer(self, tau: int, noise: float, k: int, seed: int) -> tuple[Chart, str]:
        """The forecasts of AR(tau), k steps ahead, and their errors."""
        done = experiment(tau, noise, seed)
        return draw(done, k), describe(done, k)
