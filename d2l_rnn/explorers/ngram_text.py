"""Text from n-grams: as n grows it reads better, because more of it is copied."""

from __future__ import annotations

import copy
import functools
import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from d2l_rnn import checks
from d2l_rnn.explorers.caching import cached
from d2l_rnn.explorers.chart import Axis, Chart, Level, Line, Mark, Plot, Vertical
from d2l_rnn.explorers.charting import ChartExplorer
from d2l_rnn.explorers.controls import Steps, Whole
from d2l_rnn.explorers.text_controls import (
    CHOICES,
    OWN,
    OwnText,
    TextChoice,
    in_use,
    lines_of,
)
from d2l_rnn.explorers.wording import two_decimals
from d2l_rnn.ngrams import NGramModel, Tally
from d2l_rnn.pictures.drawable import MOST, as_many, series

MAX_N = 6
LENGTH = 300  # characters that the model writes
MOST_NEW = 5000  # characters, from the end of the text, that no model sees
LEAST_EPSILON = 1e-40
LEAST = 100  # characters that a text needs to be divided
TYPED = "font-family: monospace; overflow-wrap: anywhere"


@dataclass(frozen=True)
class Division:
    """Two parts of a text: one that a model has seen, and one that is new to it.

    `vocab` is the characters of the whole text, which may be longer than both.
    """

    seen: str
    new: str
    vocab: str


@cached(maxsize=8, copies=False)
def divide(text: str, own_text: str = "", num_chars: int = 10_000) -> Division:
    """The first `num_chars` characters of a text, and its last tenth (at most 5,000).

    If the text is shorter, the first part is everything but the last tenth.

    Raises ValueError as `characters` does, and if `num_chars` is not at least 1.
    """
    num_chars = checks.integer("num_chars", num_chars, 1)
    whole = characters(text, own_text)
    num_new = min(MOST_NEW, len(whole) // 10)
    num_chars = min(num_chars, len(whole) - num_new)
    vocab = "".join(sorted(set(whole)))
    return Division(whole[:num_chars], whole[-num_new:], vocab)


@cached(maxsize=4, copies=False)
def characters(text: str, own_text: str = "") -> str:
    """The story, or *The Time Machine*, as the book cleans it; or the reader's text.

    Raises ValueError if there is no such text, if *The Time Machine* was not found, or
    if the reader's text has fewer than 100 characters.
    """
    checks.one_of("text", text, list(CHOICES.values()))
    if text == OWN:
        checks.string("own_text", own_text)
        whole = " ".join(own_text.split())
        if len(whole) < LEAST:
            raise ValueError(f"own_text must have at least {LEAST} characters, got "
                             f"{len(whole)}: paste more")  # fmt: skip
        return whole
    return "".join(lines_of(text))


@functools.lru_cache(maxsize=16)
def _tally(division: Division) -> Tally:
    return Tally(division.seen, division.new, MAX_N, division.vocab)


def perplexities(division: Division, epsilon: float) -> tuple[list[float], list[float]]:
    """The perplexities for n = 1 … 6 on the seen part, and on the new one.

    Raises ValueError as `ngrams.Tally` does, and if `division` is no Division.
    """
    checks.of_type(Division, division=division)
    return _tally(division).perplexities(epsilon)


@functools.lru_cache(maxsize=32)
def _count(division: Division, n: int) -> NGramModel:
    return NGramModel(division.seen, n, vocab=division.vocab)


def write(division: Division, n: int, epsilon: float, seed: int = 0) -> str:
    """300 characters, drawn one after the other from the n-gram model.

    Raises ValueError as `ngrams.NGramModel` does, if n is not from 1 to 6, and if
    `division` is no Division.
    """
    checks.of_type(Division, division=division)
    n = checks.integer("n", n, 1, MAX_N)
    model = copy.copy(_count(division, n))  # the counts are shared, and stay
    model.epsilon = epsilon
    return "".join(model.sample(LENGTH, seed=seed))


def longest_copy(written: str, source: str) -> slice:
    """The slice of `written` with the longest passage that is also in `source`.

    Raises ValueError if either is no string.
    """
    checks.of_type(str, written=written, source=source)
    longest, start = slice(0, 0), 0
    for end in range(1, len(written) + 1):
        while written[start:end] not in source:
            start += 1
        if end - start > longest.stop - longest.start:
            longest = slice(start, end)
    return longest


def draw(seen: Sequence[float], new: Sequence[float], guessing: float, n: int) -> Chart:
    """The perplexities for n = 1, 2, … on both parts of the text, with n marked.

    `guessing` is the perplexity of a model that knows nothing. An infinite perplexity
    is marked at the top of the scale.

    Raises ValueError if there are no perplexities for n, or other than finite ones over
    0 and infinity, as many of `new` as of `seen`.
    """
    seen = _perplexities("seen", series("seen", seen))
    new = _perplexities("new", as_many("new", new, len(seen), "n"))
    guessing = checks.positive("guessing", guessing, MOST)
    n = checks.integer("n", n, 1, len(seen))
    orders, lines, marks = range(1, len(seen) + 1), [], []
    for i, (label, values) in enumerate((("seen text", seen), ("new text", new))):
        lines.append(
            Line(label, orders, values, i, dash=i, points=True, leaves_ghost=True)
        )
        shape = ("ring", "square")[i]
        if math.isfinite(values[n - 1]):
            marks.append(Mark(n, values[n - 1], shape, i))
        marks += [
            Mark(order, "top", "up", i, "infinite")
            for order, value in zip(orders, values, strict=True)
            if math.isinf(value)
        ]
    finite = [*filter(math.isfinite, [*seen, *new, guessing])]
    x = Axis("n (characters of an n-gram)", 0.75, len(seen) + 0.25, ticks=orders)
    y = Axis("perplexity", 0.9 * min(1, *finite), 1.6 * max(finite), log=True)
    level = Level(guessing, f"guessing {guessing:g}")
    plot = Plot(x, y, lines, 230, levels=[level], marks=marks, verticals=[Vertical(n)])
    return Chart([plot], margin=92)


def _perplexities(name: str, values: np.ndarray) -> list[float]:
    if not (values.size and (values > 0).all()):  # as NaN is not
        raise ValueError(
            f"{name} must be numbers over 0 or infinite, at least one, "
            f"got {values.tolist()}"
        )
    return values.tolist()


def describe(
    division: Division, n: int, perplexity: tuple[float, float], written: str
) -> str:
    """The perplexities for n, and the text that its model writes, as HTML.

    Raises ValueError if `division` is no Division, or `written` no string, if n is not
    from 1 to 6, and if `perplexity` is not two numbers over 0, on seen text and on new.
    """
    checks.of_type(Division, division=division)
    n = checks.integer("n", n, 1, MAX_N)
    both = as_many("perplexity", perplexity, 2, "part of the text")
    seen, new = map(two_decimals, _perplexities("perplexity", both))
    copied = longest_copy(written, division.seen)
    before, passage, after = (
        html.escape(part)
        for part in (written[: copied.start], written[copied], written[copied.stop :])
    )
    return (
        f"n = {n}: perplexity <b>{seen}</b> on the {len(division.seen):,} characters "
        f"that it has seen, <b>{new}</b> on {len(division.new):,} new ones.<br>"
        f"It writes (bold: the longest passage copied, {len(written[copied])} "
        f"characters):<div style='{TYPED}'>{before}<b>{passage}</b>{after}</div>"
    )


class Epsilon(Steps):
    """The strength of smoothing: 0, or large enough for a float to hold the product of
    one for each character of the longest n-gram."""

    def checked(self, value: float) -> float:
        """A number in the range; ValueError for one that is almost 0."""
        value = super().checked(value)
        if 0 < value < LEAST_EPSILON:
            raise ValueError(
                f"epsilon must be 0 or at least {LEAST_EPSILON:g}, got {value:g}"
            )
        return value


class NGramText(ChartExplorer):
    """What an n-gram model writes, and how much of that it has memorised."""

    n = Whole("n (n-gram)", 1, MAX_N, 3, hint="characters of an n-gram (n元语法)")
    epsilon = Epsilon(
        "smoothing epsilon", (0, 0.01, 0.1, 1, 10, 100), default=1,
        hint="how much the shorter context counts (平滑)",
    )  # fmt: skip
    num_chars = Steps(
        "characters seen", (500, 1000, 2000, 5000, 10_000, 20_000, 50_000),
        default=10_000, whole=True,
        hint="how many, from the beginning of the text, are counted",
    )  # fmt: skip
    seed = Whole("seed", 0, 20, 0, hint="of what it writes")
    text = TextChoice("its last tenth is kept back, to be new")
    own_text = OwnText(f"paste {LEAST} characters or more")

    def answer(
        self, n: int, epsilon: float, num_chars: int, seed: int, text: str,
        own_text: str,
    ) -> tuple[Chart, str]:  # fmt: skip
        """The perplexities for all n, and what the model for this n writes."""
        division = divide(text, in_use(text, own_text), num_chars)
        seen, new = perplexities(division, epsilon)
        written = write(division, n, epsilon, seed)
        return (
            draw(seen, new, len(division.vocab), n),
            describe(division, n, (seen[n - 1], new[n - 1]), written),
        )
