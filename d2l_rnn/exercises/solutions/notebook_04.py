"""Solutions to the exercises of notebook 04, language models."""

from __future__ import annotations

import math
from statistics import linear_regression

import torch
from torch import Tensor


def counts_to_store(vocab_size: int, n: int) -> int:
    """There are vocab_size to the power k sequences of k tokens, for k from 1 to n."""
    return sum(vocab_size**k for k in range(1, n + 1))


def zipf_exponent(counts: list[int]) -> float:
    """On logarithmic axes the law is a line, and its slope is minus the exponent."""
    counts = sorted(counts, reverse=True)
    ranks = range(1, len(counts) + 1)
    fit = linear_regression(list(map(math.log, ranks)), list(map(math.log, counts)))
    return -fit.slope


def smoothed_bigram(
    tokens: list[str], before: str, after: str, epsilon: float
) -> float:
    """Smooth the unigram first; the bigram then borrows from it."""
    T, V = len(tokens), len(set(tokens))
    p = (tokens.count(after) + epsilon / V) / (T + epsilon)
    pairs = list(zip(tokens, tokens[1:], strict=False)).count((before, after))
    return (pairs + epsilon * p) / (tokens.count(before) + epsilon)


def joint_perplexity(perplexities: list[float], lengths: list[int]) -> float:
    """A chapter's surprise is its length times the logarithm of its perplexity."""
    pairs = zip(perplexities, lengths, strict=True)
    surprise = sum(length * math.log(perplexity) for perplexity, length in pairs)
    return math.exp(surprise / sum(lengths))


def sentence_minibatch(sentences: list[list[int]], pad: int) -> tuple[Tensor, Tensor]:
    """Pad all sentences to one length first, then cut off a column at either end."""
    longest = max(map(len, sentences))
    rows = [sentence + [pad] * (longest - len(sentence)) for sentence in sentences]
    rows = torch.tensor(rows)  # (number of sentences, longest)
    return rows[:, :-1], rows[:, 1:]
