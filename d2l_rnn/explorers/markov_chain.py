"""A Markov chain of two states, and how fast it forgets where it started."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from d2l_rnn import checks, markov
from d2l_rnn.explorers.answering import Explorer
from d2l_rnn.explorers.controls import Choice, Real, Whole
from d2l_rnn.explorers.drawing import MARK, legend_above
from d2l_rnn.pictures import (
    COLOURS,
    GREY,
    LINE_STYLES,
    Picture,
    decorate,
    log_ticks,
)

STATES = ("sunny", "rainy")
NUM_STEPS = 30
LEAST = 1e-4  # a distance from the stationary distribution too small to see
MARGINS = {"left": 0.14, "right": 0.97, "top": 0.94, "bottom": 0.1, "hspace": 0.24}


@dataclass(frozen=True, eq=False)
class Walk:
    """The distribution of a two-state chain, step by step.

    `distributions` (NUM_STEPS + 1, 2) begin with that of the start; `stationary` (2,)
    is unchanged by a step. If the chain never changes state, every distribution is
    stationary, and this is the start's. `eigenvalue` is the second one of the
    transition matrix: each step multiplies the distance from stationary by it.
    """

    distributions: np.ndarray
    stationary: np.ndarray
    eigenvalue: float
    entropy_rate: float  # nats a step

    @property
    def perplexity_floor(self) -> float:
        """The lowest perplexity that a model can reach on new steps of the chain."""
        return math.exp(self.entropy_rate)

    @property
    def perplexity_of_shares(self) -> float:
        """The perplexity of a model that knows only how frequent each state is."""
        shares = self.stationary[self.stationary > 0]
        return math.exp(-(shares * np.log(shares)).sum())

    @property
    def distances(self) -> np.ndarray:
        """How far each distribution is from the stationary one: (NUM_STEPS + 1,)."""
        return abs(self.distributions - self.stationary)[:, 0]


def walk(stay_sunny: float, stay_rainy: float, start: str) -> Walk:
    """Follow the chain that stays sunny, and stays rainy, with these probabilities.

    Raises ValueError for an invalid probability or start.
    """
    P = [[stay_sunny, 1 - stay_sunny], [1 - stay_rainy, stay_rainy]]
    chain = markov.MarkovChain(P, states=STATES)
    distributions = chain.distributions(start, NUM_STEPS)
    # If neither state is ever left, the stationary distribution is not unique.
    never_moves = stay_sunny == stay_rainy == 1
    return Walk(
        distributions,
        distributions[0] if never_moves else chain.stationary_distribution(),
        # The trace minus the first eigenvalue, 1; rounding removes errors of 1e-16.
        eigenvalue=round(stay_sunny + stay_rainy - 1, 12) + 0.0,
        entropy_rate=0.0 if never_moves else chain.entropy_rate(),
    )


def draw(walked: Walk, k: int) -> Picture:
    """Above, the probability of each state; below, how far it is from stationary.

    Raises ValueError if k is not an integer from 0 to 30.
    """
    k = checks.integer("k", k, 0, NUM_STEPS)
    figure = Picture(6.4, 4.8, layout="none")
    above, below = figure.subplots(
        2, 1, sharex=True, height_ratios=(3, 2), gridspec_kw=MARGINS
    )
    _draw_probabilities(decorate(above, "", "probability"), walked, k)
    _draw_distances(decorate(below, "k (steps)", "distance"), walked)
    for axes in (above, below):
        axes.axvline(k, color="black", linewidth=1.2, linestyle=":", zorder=1)
    below.set_xlim(-0.5, NUM_STEPS + 0.5)
    figure.align_ylabels()
    return figure


def _draw_probabilities(axes: Axes, walked: Walk, k: int) -> None:
    for i, state in enumerate(STATES):
        colour, probabilities = COLOURS[1 - i], walked.distributions[:, i]
        axes.plot(
            probabilities, label=f"{state} after k steps", color=colour,
            linestyle=LINE_STYLES[i], marker="os"[i], markersize=4,
        )  # fmt: skip
        axes.plot(k, probabilities[k], "os"[i], color=colour, **MARK)
        axes.axhline(walked.stationary[i], color=colour, linewidth=1, linestyle=":")
    axes.plot([], color=GREY, linewidth=1, linestyle=":", label="stationary")
    axes.set_ylim(-0.05, 1.05)
    legend_above(axes, ncols=3)


def _draw_distances(axes: Axes, walked: Walk) -> None:
    first, steps = walked.distances[0], np.arange(NUM_STEPS + 1)
    law = first * abs(walked.eigenvalue) ** steps
    for values, look, label in (
        (walked.distances, "o", "distance from stationary"),
        (law, "-", "|λ₂|ᵏ times the first"),
    ):  # fmt: skip
        shown = np.where(values >= LEAST, values, np.nan)
        axes.plot(
            steps, shown, look, color="black", markersize=4, linewidth=1.2, label=label
        )
    if first < LEAST:
        axes.text(0.5, 0.5, "none: this start is stationary", ha="center", va="center",
                  transform=axes.transAxes)  # fmt: skip
    axes.set_yscale("log")
    axes.set_ylim(LEAST, 1.5)
    log_ticks(axes.yaxis)
    legend_above(axes, ncols=3)


def describe(walked: Walk, k: int) -> str:
    """The distribution after k steps, the speed and the floor, as HTML."""
    eigenvalue = walked.eigenvalue
    return (
        f"After k = {k} steps: {_shares(walked.distributions[k])}; "
        f"stationary: {_shares(walked.stationary)}. λ<sub>2</sub> = {eigenvalue:.2f}, "
        f"and |λ<sub>2</sub>|<sup>k</sup> = <b>{abs(eigenvalue) ** k:.2g}</b> "
        "of the distance at the start is left.<br>"
        f"Entropy rate: {walked.entropy_rate:.2f} nats a day. In the long run, no "
        f"model has a perplexity below <b>{walked.perplexity_floor:.2f}</b>; "
        f"one that knows only the shares has {walked.perplexity_of_shares:.2f}."
    )


def _shares(distribution: np.ndarray) -> str:
    return ", ".join(
        f"{state} <b>{share:.2f}</b>"
        for state, share in zip(STATES, distribution, strict=True)
    )


class MarkovChain(Explorer):
    """A chain of sunny and rainy days, converging to its stationary distribution."""

    stay_sunny = Real(
        "P(sunny | sunny)", 0, 1, 0.9, 0.05,
        hint="that a sunny day is followed by another (转移概率)",
    )  # fmt: skip
    stay_rainy = Real(
        "P(rainy | rainy)", 0, 1, 0.8, 0.05,
        hint="that a rainy day is followed by another (转移概率)",
    )  # fmt: skip
    start = Choice(
        "start", {f"a {state} day": state for state in STATES}, default="rainy",
        hint="the state at k = 0 (初始条件)",
    )  # fmt: skip
    k = Whole("steps k", 0, NUM_STEPS, 5, hint="the step that is marked")

    def answer(
        self, stay_sunny: float, stay_rainy: float, start: str, k: int
    ) -> tuple[Picture, str]:
        """The chain with these probabilities, with the step k marked."""
        walked = walk(stay_sunny, stay_rainy, start)
        return draw(walked, k), describe(walked, k)
