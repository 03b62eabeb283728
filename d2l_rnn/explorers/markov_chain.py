"""A Markov chain of two states, and how fast it forgets where it started."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from d2l_rnn import checks, markov
from d2l_rnn.explorers.chart import Axis, Chart, Line, Mark, Note, Plot, Vertical
from d2l_rnn.explorers.charting import ChartExplorer
from d2l_rnn.explorers.controls import Choice, Real, Whole

STATES = ("sunny", "rainy")
NUM_STEPS = 30
STEPS = np.arange(NUM_STEPS + 1)
LEAST = 1e-4  # a distance from the stationary distribution too small to see


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
    stay_sunny = checks.probability("stay_sunny", stay_sunny)
    stay_rainy = checks.probability("stay_rainy", stay_rainy)
    checks.one_of("start", start, STATES)
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


def draw(walked: Walk, k: int) -> Chart:
    """Above, the probability of each state; below, how far it is from stationary.

    Raises ValueError if k is not an integer from 0 to 30, or `walked` no Walk.
    """
    checks.of_type(Walk, walked=walked)
    k = checks.integer("k", k, 0, NUM_STEPS)
    x = Axis("k (steps)", -0.5, NUM_STEPS + 0.5, is_whole=True)
    return Chart([_probabilities(x, walked, k), _distances(x, walked, k)])


def _probabilities(x: Axis, walked: Walk, k: int) -> Plot:
    lines, marks, ends = [], [], (0, NUM_STEPS)
    for i, state in enumerate(STATES):
        probabilities, stationary = walked.distributions[:, i], walked.stationary[i]
        lines += [
            Line(f"{state} after k steps", STEPS, probabilities, 1 - i, dash=i,
                 points=True, leaves_ghost=True),
            Line("stationary", ends, [stationary] * 2, 1 - i, dash=3, width=1),
        ]  # fmt: skip
        shape = ("ring", "square")[i]
        marks.append(Mark(k, float(probabilities[k]), shape, 1 - i))
    y = Axis("probability", -0.05, 1.05)
    return Plot(x, y, lines, height=215, marks=marks, verticals=[Vertical(k)])


def _distances(x: Axis, walked: Walk, k: int) -> Plot:
    first = walked.distances[0]
    law = first * abs(walked.eigenvalue) ** STEPS
    seen, by_law = (
        np.where(values >= LEAST, values, np.nan) for values in (walked.distances, law)
    )
    lines = [
        Line("distance from stationary", STEPS, seen, "text", points=True,
             joined=False),
        Line("|λ₂|ᵏ times the first", STEPS, by_law, "text", width=1.4,
             leaves_ghost=True),
    ]  # fmt: skip
    none = Note(0.5, 0.5, "none: this start is stationary", align="center")
    return Plot(
        x, Axis("distance", LEAST, 1.5, log=True), lines, height=135,
        verticals=[Vertical(k)], notes=[none] if first < LEAST else [],
    )  # fmt: skip


def describe(walked: Walk, k: int) -> str:
    """The distribution after k steps, the speed and the floor, as HTML.

    Raises ValueError as `draw` does.
    """
    checks.of_type(Walk, walked=walked)
    k = checks.integer("k", k, 0, NUM_STEPS)
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


class MarkovChain(ChartExplorer):
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
    ) -> tuple[Chart, str]:
        """The chain with these probabilities, with the step k marked."""
        walked = walk(stay_sunny, stay_rainy, start)
        return draw(walked, k), describe(walked, k)
