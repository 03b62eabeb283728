"""A nudge to one value, and for how long two models of a noisy sine remember it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from d2l_rnn import checks, series
from d2l_rnn.explorers.autoregression import experiment
from d2l_rnn.explorers.chart import Axis, Chart, Line, Plot, Vertical
from d2l_rnn.explorers.charting import ChartExplorer
from d2l_rnn.explorers.controls import Real, Whole

NUDGED, NUM_STEPS = 700, 30  # the index of the nudged value; the steps that are shown
STEPS = np.arange(1, NUM_STEPS + 1)
LARGEST = 100  # nudge: of a larger one, float32 rounds the rest of the series away


@dataclass(frozen=True, eq=False)
class Nudged:
    """How one-step forecasts change after a value of the series is raised by `size`.

    Entry k - 1 of `linear` and of `summary` (NUM_STEPS,) is the change k steps later:
    of AR(tau), and of the summary of one number that moves towards each value by the
    fraction `alpha` of the way.
    """

    tau: int
    alpha: float
    size: float
    linear: np.ndarray
    summary: np.ndarray


def nudge(tau: int = 4, alpha: float = 0.2, size: float = 1.0) -> Nudged:
    """Forecast the book's sine with and without the nudge, with both models.

    Raises ValueError for a tau that is not from 1 to 300, an alpha that is not from 0
    to 1, and a size that is not from -100 to 100.
    """
    alpha = checks.probability("alpha", alpha)
    size = checks.finite("size", size)
    if abs(size) > LARGEST:
        raise ValueError(
            f"size must be from -{LARGEST} to {LARGEST}, got {checks.shown(size)}"
        )
    fitted = experiment(tau)
    nudged = fitted.x.clone()
    nudged[NUDGED] += size
    after = slice(NUDGED + 1 - tau, NUDGED + 1 - tau + NUM_STEPS)
    linear = series.k_step_forecasts(fitted.model, nudged, tau) - fitted.one_step
    smoothed = [
        np.array(_smooth(x[: NUDGED + NUM_STEPS].tolist(), alpha)[NUDGED:])
        for x in (nudged, fitted.x)
    ]
    return Nudged(tau, alpha, size, linear[after].numpy(), smoothed[0] - smoothed[1])


def _smooth(x: list[float], alpha: float) -> list[float]:
    """The summary after each value: h_t = (1 - alpha) h_{t-1} + alpha x_{t-1}."""
    h, summaries = 0.0, []
    for value in x:
        h = (1 - alpha) * h + alpha * value
        summaries.append(h)
    return summaries


def draw(done: Nudged) -> Chart:
    """The change of each model's forecast, by the steps since the nudge.

    Raises ValueError if `done` is not Nudged.
    """
    checks.of_type(Nudged, done=done)
    changes = (done.linear, done.summary)
    least = 0.1 * max(abs(done.size), 0.1)  # a small nudge does not fill the chart
    low = min(-least, *(change.min() for change in changes))
    high = max(least, *(change.max() for change in changes))
    names = f"AR({done.tau})", f"summary, α = {done.alpha:g}"
    lines = [
        Line(name, STEPS, change, i, dash=i, points=True, leaves_ghost=True)
        for i, (name, change) in enumerate(zip(names, changes, strict=True))
    ]
    y = Axis("change of the forecast", 1.1 * low, 1.1 * high)
    x = Axis("steps after the nudge", 0, NUM_STEPS + 1, is_whole=True)
    return Chart([Plot(x, y, lines, verticals=[Vertical(done.tau)])])


def describe(done: Nudged) -> str:
    """When AR(tau) has forgotten, and what the summary has left then, as HTML.

    Raises ValueError as `draw` does.
    """
    checks.of_type(Nudged, done=done)
    left = (1 - done.alpha) ** done.tau
    return (
        f"AR({done.tau}) notices the nudge for <b>{done.tau}</b> steps, then no more. "
        f"In step {done.tau + 1} the summary still has <b>{left:.1%}</b> of its first "
        "change."
    )


class Nudge(ChartExplorer):
    """How long a window of tau values and a summary remember one value."""

    tau = Whole("order tau", 1, 20, 4, hint="how many past values AR(tau) looks at")
    alpha = Real(
        "fraction alpha", 0.05, 1, 0.2, 0.05,
        hint="how far the summary moves towards each value (指数平滑)",
    )  # fmt: skip
    size = Real("nudge", -2, 2, 1, 0.1, hint="by how much one value is raised")

    def answer(self, tau: int, alpha: float, size: float) -> tuple[Chart, str]:
        """The change of both forecasts after this nudge."""
        done = nudge(tau, alpha, size)
        return draw(done), describe(done)
