"""The exercises of notebook 00, start here."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import torch

from d2l_rnn import series, training
from d2l_rnn.exercises.checking import Answer, Exercise, Trial


@Exercise
def put_back(answer: Answer) -> Iterator[Trial]:
    """Shuffled items, back in the order that they had before."""
    yield answer(["c", "a", "b"], [2, 0, 1]).gives(
        ["a", "b", "c"], "three letters",
        "shuffled[i] belongs at index order[i] of the result",
        mistakes=[
            (["b", "c", "a"], "shuffled[order[i]] shuffles them once more"),
            (["c", "a", "b"], "these are the letters as they came"),
        ],
    )  # fmt: skip
    sentence = list("the time traveller smiled")
    order = list(range(len(sentence)))
    random.Random(1).shuffle(order)
    shuffled = [sentence[place] for place in order]
    yield answer(shuffled, order).gives(
        sentence, "a sentence", "try it on three letters, with pencil and paper"
    )


@Exercise
def letters_since_space(answer: Answer) -> Iterator[Trial]:
    """After each character, how many have come since the last space."""
    yield answer("a bc").gives(
        [1, 0, 1, 2], "two short words",
        "keep a number, and change it with each character",
        mistakes=[
            ([1, 2, 3, 4], "at a space the state begins anew"),
            ([1, 1, 2, 3], "the space itself is no letter: after it, the state is 0"),
            ([0, 1, 0, 1], "give the state after the character, not before it"),
            ([1, 1, 2], "a space has its number, too"),
            ([1, 2], "one number for each character, not for each word"),
        ],
    )  # fmt: skip
    yield answer("  so").gives([0, 0, 1, 2], "two spaces first")
    yield answer("o'clock, 4").gives(
        [1, 2, 3, 4, 5, 6, 7, 8, 0, 1], "other signs",
        "every character counts, except the space",
    )  # fmt: skip
    characters = "".join(random.Random(2).choices("abc ", k=30))
    ends = (characters[: i + 1] for i in range(len(characters)))
    yield answer(characters).gives(
        [len(end.rpartition(" ")[2]) for end in ends], "thirty random characters"
    )


@Exercise
def extend_line(answer: Answer) -> Iterator[Trial]:
    """A series extrapolated along the line through its last two values."""
    yield answer([0.0, 2.0, 3.0], 3).gives(
        [4, 5, 6], "three steps beyond three values",
        "each step goes as far as the last one did",
        mistakes=[
            ([3, 4, 5], "the first one to return is the one after the last value"),
            ([4, 4, 4], "each step goes further along the line"),
            ([0, 2, 3, 4, 5, 6], "return the new values only"),
            ([4, 5, 6, 7], "num_steps values, and not one more"),
            (6, "return all of the new values, not only the last"),
            ([4.5, 6, 7.5], "use the last two values, not the first and the last"),
            ([5, 7, 9], "use the last two values, not the first two"),
        ],
    )  # fmt: skip
    yield answer([7.0, 7.0], 4).gives([7] * 4, "a level line")
    x = torch.randn(5, generator=torch.Generator().manual_seed(1)).double()
    line = x[-1] + (x[-1] - x[-2]) * torch.arange(1, 9)
    yield answer(x.tolist(), 8).gives(
        line.tolist(), "eight steps beyond random values", "num_steps can be any number"
    )


@Exercise
def root_mean_square_error(answer: Answer) -> Iterator[Trial]:
    """How far predictions are from what was observed, as one number."""
    yield answer([4.0, 2.0, 5.0, 1.0], [1.0, 2.0, 5.0, 2.0]).gives(
        math.sqrt(2.5), "four values",
        "square the errors, take their mean, then the root of that",
        mistakes=[
            (2.5, "that is the mean of the squares: its root is missing"),
            (10, "that is the sum of the squares"),
            (math.sqrt(10), "take the mean of the squares, not their sum"),
            (1.0, "that is the mean of the absolute errors: square them first"),
            (0.5, "errors of both signs cancel: square them first"),
        ],
    )  # fmt: skip
    yield answer([3.0, -1.0], [3.0, -1.0]).gives(0, "no error at all")
    draw = torch.Generator().manual_seed(0)
    predictions, observed = torch.randn(2, 9, generator=draw)
    yield answer(predictions.tolist(), observed.tolist()).gives(
        series.rmse(predictions, observed), "nine random values",
        "divide by the number of values, whatever it is",
    )  # fmt: skip


@Exercise
def perplexity_of_guesses(answer: Answer) -> Iterator[Trial]:
    """The perplexity, from the probabilities of the characters that came."""
    yield answer([0.25] * 6).gives(
        4, "always one of four",
        "the logarithm is the natural one, and the minus belongs to it",
        mistakes=[
            (math.log(4), "that is the mean of -log p: exp of it is missing"),
            (-math.log(4), "that is the mean of log p: the minus and exp are missing"),
            (0.25, "the minus is missing: no perplexity is below 1"),
            (4.0**6, "take the mean of the logarithms, not their sum"),
            (math.exp(2), "exp goes with the natural logarithm, not with log2"),
            (2 ** math.log(4), "the natural logarithm goes with exp"),
        ],
    )  # fmt: skip
    yield answer([0.5, 0.125]).gives(
        4, "sure, then unsure", "the mean of the logarithms, not of the probabilities",
        mistakes=[
            (3.2, "that is 1 over the mean probability: average the logarithms"),
            (5, "that is the mean of 1 over p: average the logarithms"),
        ],
    )  # fmt: skip
    yield answer([1.0, 1.0, 1.0]).gives(1, "always sure and right")
    draw = torch.Generator().manual_seed(3)
    p = 0.01 + 0.99 * torch.rand(12, generator=draw, dtype=torch.float64)
    yield answer(p.tolist()).gives(
        training.perplexity(-p.log().mean().item()), "twelve random probabilities"
    )
