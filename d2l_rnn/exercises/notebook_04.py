"""The exercises of notebook 04, language models."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from statistics import linear_regression

import torch
from torch import Tensor

from d2l_rnn.exercises.checking import Answer, Exercise, Trial
from d2l_rnn.ngrams import NGramModel

_TINY = "deep learning niubi deep learning works deep sea deep learning niubi".split()


def _slope(counts: Sequence[float]) -> float:
    """The slope of log count against log rank, which is -alpha."""
    ranks = range(1, len(counts) + 1)
    counts = sorted(counts, reverse=True)
    return linear_regression(
        [math.log(rank) for rank in ranks], [math.log(count) for count in counts]
    ).slope


@Exercise
def zipf_exponent(answer: Answer) -> Iterator[Trial]:
    """The exponent of Zipf's law, fitted to counts."""
    yield answer([8, 2]).gives(
        2, "two counts", "a line through (log 1, log 8) and (log 2, log 2)",
        mistakes=[(-2, "that is the slope of the line, and alpha is minus the slope")],
    )  # fmt: skip
    yield answer([20, 60, 15, 30]).gives(
        1, "counts in another order", "rank 1 is the largest count: sort them first"
    )
    counts = [100, 90, 20, 5, 5, 1, 1, 1]
    ranks = range(1, len(counts) + 1)
    yield answer(counts).gives(
        -_slope(counts), "counts that lie on no line", "least squares over all ranks",
        mistakes=[
            (math.log(100) / math.log(8), "all ranks, not only the first and the last"),
            (-linear_regression(ranks, list(map(math.log, counts))).slope,
             "the logarithm of the rank too"),
            (-linear_regression(ranks, counts).slope, "logarithms of both, please"),
        ],
    )  # fmt: skip
    rng = random.Random(4)
    alpha = rng.uniform(0.5, 1.5)
    counts = [1000 / rank**alpha for rank in range(1, 51)]
    rng.shuffle(counts)
    yield answer(counts).gives(alpha, "an exact law, with a random exponent")


@Exercise
def counts_to_store(answer: Answer) -> Iterator[Trial]:
    """How many counts a model of n-grams stores at most."""
    yield answer(5, 1).gives(5, "5 words, unigrams", "one count for each word")
    yield answer(5, 3).gives(
        5 + 25 + 125, "5 words, trigrams", "a count for each word, pair and triple",
        mistakes=[
            (125, "those are the triples alone: the shorter ones are stored as well"),
            (1 + 5 + 25 + 125, "the empty sequence has nothing to count"),
            (5 * 4 * 3, "a word may come twice in a triple, as in: had had had"),
            (5 + 25, "count up to the n-grams themselves"),
        ],
    )  # fmt: skip
    yield answer(100_000, 3).gives(
        10**5 + 10**10 + 10**15, "100,000 words, trigrams",
        "to the last digit: add up whole numbers of Python, which have no limit",
        mistakes=[
            (10**15, "those are the triples alone: the shorter ones are stored as well")
        ],
        tolerance=1e-12,
    )  # fmt: skip


def _smoothed(tokens: list[str], before: str, after: str, epsilon: float) -> float:
    # In the model the last token is not a context, so `before` must be another one.
    return NGramModel(tokens, 2, epsilon).probability(after, [before])


@Exercise
def smoothed_bigram(answer: Answer) -> Iterator[Trial]:
    """The probability of a token after another, with interpolated smoothing."""
    yield answer(_TINY, "deep", "learning", 0).gives(
        3 / 4, "learning after deep, not smoothed", "it follows 3 of the 4 deep",
        mistakes=[
            (3 / 11, "divide by how often `before` occurs, not by the length"),
            (3 / 3, "divide by how often `before` occurs, not `after`"),
        ],
    )  # fmt: skip
    yield answer(_TINY, "works", "niubi", 1).gives(
        _smoothed(_TINY, "works", "niubi", 1), "niubi after works, epsilon = 1",
        "first smooth the unigram, then put it into the formula of the bigram",
        mistakes=[
            (1 / 11, "the unigram is smoothed too, with epsilon / V"),
            (1 / 10, "the bigram borrows from the smoothed unigram, not from 1 / V"),
            (1 / 6, "epsilon times P(x'), not 1, is added above"),
            ((2 + 1) / (11 + 1) / 2, "to the count of the unigram, add epsilon / V"),
        ],
    )  # fmt: skip
    yield answer(_TINY, "deep", "deep", 1e9).gives(
        1 / 5, "epsilon without end", "then only 1 / V is left: V different words"
    )
    rng = random.Random(4)
    letters = [*rng.choices("abcd", k=40), "d"]
    yield answer(letters, "a", "c", 2.5).gives(
        _smoothed(letters, "a", "c", 2.5), "random letters",
        "T is the number of tokens, V that of different ones",
    )  # fmt: skip


@Exercise
def joint_perplexity(answer: Answer) -> Iterator[Trial]:
    """The perplexity on a whole book, from those on its chapters."""
    yield answer([2, 8], [100, 100]).gives(
        4, "two chapters of equal length", "average the logarithms",
        mistakes=[
            (5, "the mean of perplexities is none: average their logarithms"),
            (math.log(4), "that is the cross-entropy: take its exponential"),
            (16, "choices multiply, but the perplexity is the number at one step"),
        ],
    )  # fmt: skip
    yield answer([1, 16], [300, 100]).gives(
        2, "a long chapter and a short one", "each token counts the same",
        mistakes=[
            (4, "a chapter of 300 tokens weighs three times as much as one of 100"),
            (4.75, "the mean of perplexities is none: average their logarithms"),
            (8, "the lengths have changed places"),
        ],
    )  # fmt: skip
    yield answer([5, math.inf], [9, 1]).gives(
        math.inf, "one token held impossible", "what is infinite stays infinite"
    )
    rng = random.Random(4)
    lengths = [rng.randint(2, 6) for _ in range(4)]
    surprises = [[rng.uniform(0, 3) for _ in range(length)] for length in lengths]
    each = [math.exp(sum(chapter) / len(chapter)) for chapter in surprises]
    yield answer(each, lengths).gives(
        math.exp(sum(map(sum, surprises)) / sum(lengths)), "four random chapters"
    )
    yield answer([28.0, 7.0], [10**6, 10**6]).gives(
        14, "chapters of a million tokens", "add logarithms, rather than multiply"
    )


def _rows(sentences: list[list[int]], pad: int, at_front=False) -> Tensor:
    longest = max(map(len, sentences))
    filling = [[pad] * (longest - len(sentence)) for sentence in sentences]
    pairs = zip(sentences, filling, strict=True)
    return torch.tensor([f + s if at_front else s + f for s, f in pairs])


@Exercise
def sentence_minibatch(answer: Answer) -> Iterator[Trial]:
    """A minibatch of whole sentences, padded to the same length."""

    def moved(rows: Tensor) -> tuple[Tensor, Tensor]:
        return rows[:, :-1], rows[:, 1:]

    equal = [[1, 2, 3], [4, 5, 6]]
    X, Y = moved(_rows(equal, 0))
    yield answer(equal, 0).gives(
        (X, Y), "two sentences of equal length", "Y is one token ahead of X",
        mistakes=[
            ((Y, X), "X and Y have changed places"),
            ((X, X), "Y is one token ahead of X"),
            ((torch.tensor(equal), torch.tensor(equal)), "Y is one token ahead of X"),
        ],
    )  # fmt: skip
    unequal = [[1, 2, 3, 4], [5, 6], [7, 8, 9]]
    yield answer(unequal, 0).gives(
        moved(_rows(unequal, 0)), "three of different lengths",
        "fill each up to the length of the longest, and only then move by one",
        mistakes=[
            (moved(_rows(unequal, 0, at_front=True)), "the padding goes to the end"),
            ((_rows([each[:-1] for each in unequal], 0),
              _rows([each[1:] for each in unequal], 0)),
             "first pad, then take away the last column or the first"),
        ],
    )  # fmt: skip
    yield answer(unequal, 99).gives(
        moved(_rows(unequal, 99)), "another padding token", "fill up with `pad`"
    )
    rng = random.Random(4)
    several = [[rng.randint(1, 9) for _ in range(rng.randint(2, 6))] for _ in range(5)]
    yield answer(several, 0).gives(moved(_rows(several, 0)), "five random ones")
