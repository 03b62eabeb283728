"""A model of the weather that is too sure of itself, or not sure enough: what it costs.

The exponential of its mean surprise is never below the floor in the long run, and there
only with the true probabilities; on a few days it may be, by chance.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from d2l_rnn import checks
from d2l_rnn.explorers.chart import Axis, Bar, Chart, Level, Line, Mark, Plot, Vertical
from d2l_rnn.explorers.charting import ChartExplorer
from d2l_rnn.explorers.controls import Real, Steps, Whole
from d2l_rnn.markov import MarkovChain

NAMES = ("sun", "cloud", "rain")
WEATHER = np.array([[0.7, 0.2, 0.1], [0.3, 0.4, 0.3], [0.2, 0.4, 0.4]])  # today's row
MOST_SURE, MOST_DAYS = 3, 100_000
BETAS = np.linspace(0, MOST_SURE, 61)
HIGHEST = 4.0  # perplexity that the chart shows


@dataclass(frozen=True, eq=False)
class Judged:
    """The perplexities of models that expect Q instead of the chain's own P.

    `in_the_long_run` and `on_days` (61,) are those for each of BETAS; `Q` (3, 3) is the
    model for `beta`, and `perplexity` its own two: in the long run, and on `num_days`.
    """

    beta: float
    num_days: int
    Q: np.ndarray
    in_the_long_run: np.ndarray
    on_days: np.ndarray
    perplexity: tuple[float, float]


def sharpened(beta: float) -> np.ndarray:
    """Each row of the weather's P to the power beta, as a distribution again: (3, 3).

    With beta = 0 all states are equally likely, with 1 it is P, and with a large one
    each row is almost certain of its most probable state.

    Raises ValueError if beta is not a number from 0 to 3.
    """
    beta = checks.non_negative("beta", beta, at_most=MOST_SURE)
    powers = WEATHER**beta  # (3, 3)
    return powers / powers.sum(axis=1, keepdims=True)


@functools.lru_cache(maxsize=64)
def steps_on_days(num_days: int, seed: int) -> np.ndarray:
    """The shares (3, 3) of each step, from today to tomorrow, in a sample of days.

    Raises ValueError if `num_days` is not from 1 to 100,000, or `seed` is negative.
    """
    num_days = checks.integer("num_days", num_days, 1, MOST_DAYS)
    days = np.array(MarkovChain(WEATHER).sample(num_days + 1, seed))  # (num_days + 1,)
    places = 3 * days[:-1] + days[1:]  # (num_days,)
    return np.bincount(places, minlength=9).reshape(3, 3) / num_days


def judge(beta: float = 1.0, num_days: int = 1000, seed: int = 0) -> Judged:
    """Let a model with this beta predict the long run, and a sample of `num_days`.

    Raises ValueError as `sharpened` and `steps_on_days` do.
    """
    Q, on_days = sharpened(beta), steps_on_days(num_days, seed)
    pi = MarkovChain(WEATHER).stationary_distribution()  # (3,)
    shares = pi[:, None] * WEATHER, on_days  # (3, 3) each
    models = [sharpened(each) for each in BETAS]
    curves = [np.array([_perplexity(share, model) for model in models])
              for share in shares]  # fmt: skip
    both = _perplexity(shares[0], Q), _perplexity(shares[1], Q)
    return Judged(beta, num_days, Q, *curves, both)


def _perplexity(shares: np.ndarray, Q: np.ndarray) -> float:
    """exp of the mean of -log Q, over steps that occur in these shares (3, 3)."""
    return math.exp(-(shares * np.log(Q)).sum())


def floor() -> float:
    """The lowest perplexity that one can keep up on this weather."""
    return MarkovChain(WEATHER).perplexity_floor()


def draw(judged: Judged) -> Chart:
    """Above, perplexity against beta; below, what the model expects after each state.

    Raises ValueError if `judged` is not Judged.
    """
    checks.of_type(Judged, judged=judged)
    return Chart([_perplexities(judged), _rows(judged)], margin=92)


def _perplexities(judged: Judged) -> Plot:
    curves = {
        "in the long run": judged.in_the_long_run,
        f"on {judged.num_days:,} days": judged.on_days,
    }
    lines, marks = [], []
    for i, (name, curve) in enumerate(curves.items()):
        seen = np.where(curve <= HIGHEST, curve, np.nan)
        lines.append(Line(name, BETAS, seen, i, dash=i, leaves_ghost=i == 1))
        now = judged.perplexity[i]
        shape = ("ring", "square")[i]
        marks.append(Mark(judged.beta, now if now <= HIGHEST else "top", shape, i))
    lowest = min(2.0, judged.on_days.min() - 0.1)
    return Plot(
        Axis("sureness β", -0.05, MOST_SURE + 0.05), Axis("perplexity", lowest, 4.05),
        lines, 215, levels=[Level(floor(), f"floor {floor():.2f}")], marks=marks,
        verticals=[Vertical(judged.beta)],
    )  # fmt: skip


def _rows(judged: Judged) -> Plot:
    bars, marks, ticks, names = [], [], [], []
    for today in range(3):
        for tomorrow in range(3):
            x = 4 * today + tomorrow
            is_first = x == 0
            bars.append(Bar(x, 0.8, float(judged.Q[today, tomorrow]), 0, 2,
                            "the model expects" if is_first else ""))  # fmt: skip
            truth = float(WEATHER[today, tomorrow])
            marks.append(Mark(x, truth, "ring", "text", "P" if is_first else ""))
            ticks.append(x)
            names.append(NAMES[tomorrow])
    x = Axis("tomorrow, after a sunny, a cloudy and a rainy day", -0.7, 10.7,
             ticks=ticks, names=names)  # fmt: skip
    return Plot(x, Axis("probability", 0, 1.05), height=150, bars=bars, marks=marks)


def describe(judged: Judged) -> str:
    """Both perplexities of the model, and how far they are from the floor, as HTML.

    Raises ValueError as `draw` does.
    """
    checks.of_type(Judged, judged=judged)
    long_run, on_days = judged.perplexity
    return (
        f"β = {judged.beta:g}: perplexity <b>{long_run:.3f}</b> in the long run, "
        f"<b>{on_days:.3f}</b> on {judged.num_days:,} days. The floor is "
        f"{floor():.3f}.<br>On these days the best β is "
        f"<b>{BETAS[judged.on_days.argmin()]:.2f}</b>."
    )


class Sureness(ChartExplorer):
    """What it costs a model to be too sure of itself, or not sure enough."""

    beta = Real(
        "sureness beta", 0, MOST_SURE, 1, 0.05,
        hint="the model's rows are those of P to this power",
    )  # fmt: skip
    num_days = Steps(
        "days", (30, 100, 300, 1000, 10_000, 100_000), default=1000, whole=True,
        hint="how many days the model is judged on",
    )  # fmt: skip
    seed = Whole("seed", 0, 20, 0, hint="of the days")

    def answer(self, beta: float, num_days: int, seed: int) -> tuple[Chart, str]:
        """The model with this beta, judged on these days and in the long run."""
        judged = judge(beta, num_days, seed)
        return draw(judged), describe(judged)
