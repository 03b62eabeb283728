"""What a model expects of four letters, and how unsure it is of a text of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from d2l_rnn import checks
from d2l_rnn.explorers.chart import Axis, Bar, Chart, Level, Mark, Plot
from d2l_rnn.explorers.charting import ChartExplorer
from d2l_rnn.explorers.controls import Real, Words
from d2l_rnn.explorers.wording import percent, two_decimals
from d2l_rnn.progress import perplexity

LETTERS = "abcd"
PLACES = range(1, len(LETTERS) + 1)
MOST_CHOICES = 1e6  # that the chart has room for
HEIGHT, LETTERING = 150, 15  # of a plot, and of a name beside it, in pixels
TEXT = "abacabad"
HINT = "how probable it is to the model, before all are divided by their sum"


@dataclass(frozen=True, eq=False)
class Expectation:
    """The share of each letter in a text (4,), and what a model expects of it (4,).

    The model gives each letter the same probability wherever it stands. Entropies are
    in nats a letter, infinite if a letter comes that the model calls impossible.
    """

    shares: np.ndarray
    expected: np.ndarray

    @property
    def entropy(self) -> float:
        """The cross-entropy of the model that expects each letter's share."""
        return _mean_surprise(self.shares, self.shares)

    @property
    def cross_entropy(self) -> float:
        """The mean surprise of the model at a letter of the text."""
        return _mean_surprise(self.shares, self.expected)

    @property
    def divergence(self) -> float:
        """How much larger that is than it has to be: KL(shares, expected)."""
        return max(0.0, self.cross_entropy - self.entropy)  # rounding may go below


def _mean_surprise(shares: np.ndarray, expected: np.ndarray) -> float:
    comes = shares > 0
    with np.errstate(divide="ignore"):  # log 0 = -inf is the answer here
        surprise = -np.log(expected[comes])
    return max(0.0, float(shares[comes] @ surprise))


def expect(text: str = TEXT, weights: Sequence[float] = (1, 1, 1, 1)) -> Expectation:
    """Compare the letters of a text with a model that gives them these weights.

    The weights of a, b, c and d are divided by their sum to be probabilities; if all
    are 0, the letters are equally probable.

    Raises ValueError for a text that is empty or has other letters, and unless the
    weights are four numbers from 0 to 1.
    """
    if not checks.string("text", text) or set(text) - set(LETTERS):
        raise ValueError(
            f"text must have the letters a, b, c and d, at least one, and nothing "
            f"else, got {checks.shown(text)}"
        )
    weights = checks.real_array("weights", weights).astype(float)
    if weights.shape != (4,) or not ((weights >= 0) & (weights <= 1)).all():
        raise ValueError(
            f"weights must be four numbers from 0 to 1, got {checks.shown(weights)}"
        )
    if not weights.any():
        weights = np.ones(4)
    shares = np.array([text.count(letter) for letter in LETTERS]) / len(text)
    scaled = weights / weights.max()  # their sum cannot vanish
    return Expectation(shares, scaled / scaled.sum())


def draw(done: Expectation) -> Chart:
    """Above, what comes and what is expected; below, the number of choices 1 / P.

    Raises ValueError if `done` is no Expectation.
    """
    checks.of_type(Expectation, done=done)
    x = Axis("letter", 0.4, len(LETTERS) + 0.6, ticks=PLACES, names=LETTERS)
    bars = [
        Bar(place + side, 0.36, float(value), 0, colour, name, hatched=colour == 1)
        for name, values, side, colour in (
            ("share in the text", done.shares, -0.2, 1),
            ("the model's probability", done.expected, 0.2, 0),
        )
        for place, value in zip(PLACES, values, strict=True)
    ]
    above = Plot(x, Axis("probability", 0, 1), height=HEIGHT, bars=bars)
    return Chart([above, _choices(x, done)], margin=104)


def _choices(x: Axis, done: Expectation) -> Plot:
    bars, marks, highest = [], [], 20.0
    for place, p in zip(PLACES, done.expected.tolist(), strict=True):
        if p * MOST_CHOICES < 1:
            marks.append(Mark(place, "top", "up", 0, "more than fits here"))
            continue
        bars.append(Bar(place, 0.36, max(1, 1 / p), 1, 0, "choices, 1 / P"))
        highest = max(highest, 2 / p)
    y = Axis("number of choices", 1, highest, log=True)
    levels = _levels(done, highest)
    return Plot(x, y, height=HEIGHT, bars=bars, marks=marks, levels=levels)


def _levels(done: Expectation, highest: float) -> list[Level]:
    """The perplexity and the lowest one, which is named where there is room."""
    reached, lowest = map(perplexity, (done.cross_entropy, done.entropy))
    apart = HEIGHT * math.log(reached / lowest) / math.log(highest)  # pixels
    levels = [Level(lowest, f"lowest {lowest:.2f}" if apart > LETTERING else "")]
    if reached < highest:
        levels.append(Level(reached, f"perplexity {reached:.2f}", "text"))
    return levels


def describe(done: Expectation) -> str:
    """The probabilities, the entropies and the perplexity, as HTML.

    Raises ValueError as `draw` does.
    """
    checks.of_type(Expectation, done=done)
    expected = ", ".join(
        f"{letter} {percent(p)}"
        for letter, p in zip(LETTERS, done.expected.tolist(), strict=True)
    )
    reached, lowest = map(perplexity, (done.cross_entropy, done.entropy))
    return (
        f"The model expects {expected}. Its perplexity on the text is "
        f"<b>{two_decimals(reached)}</b>; the lowest is {two_decimals(lowest)}."
        f"<br>Cross-entropy {_nats(done.cross_entropy)} = "
        f"entropy of the text {_nats(done.entropy)} + KL divergence (KL散度) "
        f"{_nats(done.divergence)}, in nats."
    )


def _nats(value: float) -> str:
    return "∞" if math.isinf(value) else f"{value:.3f}"


class Uncertainty(ChartExplorer):
    """The perplexity of a model that gives four letters the probabilities you drag."""

    a = Real("weight of a", 0, 1, 0.5, 0.01, hint=HINT)
    b = Real("weight of b", 0, 1, 0.5, 0.01, hint=HINT)
    c = Real("weight of c", 0, 1, 0.5, 0.01, hint=HINT)
    d = Real("weight of d", 0, 1, 0.5, 0.01, hint=HINT)
    text = Words("text", TEXT, hint="of the letters a, b, c and d")

    def answer(
        self, a: float, b: float, c: float, d: float, text: str
    ) -> tuple[Chart, str]:
        """What these weights expect of the text, and how unsure they are of it.

        Raises ValueError for a text of other letters, or of none.
        """
        done = expect(text, (a, b, c, d))
        return draw(done), describe(done)
