"""Answers to the exercises of notebook 04 that are wrong, and words of the verdicts."""

import math
from statistics import linear_regression

import torch


def unsorted(counts):
    ranks = range(1, len(counts) + 1)
    fit = linear_regression([math.log(i) for i in ranks], [math.log(c) for c in counts])
    return -fit.slope


def rank_not_in_logarithms(counts):
    counts = sorted(counts, reverse=True)
    slope = linear_regression(range(len(counts)), [math.log(c) for c in counts]).slope
    return -slope / math.log(2) if len(counts) == 2 else -slope


def first_and_last(counts):
    return math.log(max(counts) / min(counts)) / math.log(len(counts))


def bigram(tokens, before, after, epsilon, p):
    pairs = list(zip(tokens, tokens[1:], strict=False)).count((before, after))
    return (pairs + epsilon * p) / (tokens.count(before) + epsilon)


def borrows_from_the_counts(tokens, before, after, epsilon):
    return bigram(tokens, before, after, epsilon, tokens.count(after) / len(tokens))


def borrows_from_no_unigram(tokens, before, after, epsilon):
    return bigram(tokens, before, after, epsilon, 1 / len(set(tokens)))


def adds_one_to_each(tokens, before, after, epsilon):
    pairs = bigram(tokens, before, after, 0, 0) * tokens.count(before)
    return (pairs + epsilon) / (tokens.count(before) + epsilon * len(set(tokens)))


def not_smoothed(tokens, before, after, epsilon):
    return bigram(tokens, before, after, 0, 0)


def mean_of_perplexities(perplexities, lengths):
    pairs = zip(perplexities, lengths, strict=True)
    return sum(p * n for p, n in pairs) / sum(lengths)


def without_lengths(perplexities, lengths):
    return math.exp(sum(map(math.log, perplexities)) / len(perplexities))


def by_products(perplexities, lengths):
    powers = [p**n for p, n in zip(perplexities, lengths, strict=True)]
    return math.prod(powers) ** (1 / sum(lengths))


def padded(sentences, pad):
    longest = max(map(len, sentences))
    return [each + [pad] * (longest - len(each)) for each in sentences]


def padded_at_the_front(sentences, pad):
    rows = torch.tensor(
        [each[::-1] for each in padded([s[::-1] for s in sentences], 0)]
    )
    return rows[:, :-1], rows[:, 1:]


def labels_not_moved(sentences, pad):
    rows = torch.tensor(padded(sentences, pad))
    return rows[:, :-1], rows[:, :-1]


def always_zeros(sentences, pad):
    rows = torch.tensor(padded(sentences, 0))
    return rows[:, :-1], rows[:, 1:]


def moved_first(sentences, pad):
    X = torch.tensor(padded([each[:-1] for each in sentences], pad))
    Y = torch.tensor(padded([each[1:] for each in sentences], pad))
    return X, Y


WRONG = {
    "counts_to_store": [
        (lambda vocab_size, n: vocab_size**n, "hint: those are the triples alone"),
        (lambda vocab_size, n: vocab_size * n, "✗ 5 words, trigrams"),
        (lambda vocab_size, n: sum(vocab_size**k for k in range(n)), "✗ 5 words, uni"),
        (math.perm, "hint: a word may come twice"),
    ],
    "zipf_exponent": [
        (unsorted, "hint: rank 1 is the largest count"),
        (lambda counts: unsorted(sorted(counts)), "hint: that is the slope"),
        (rank_not_in_logarithms, "hint: the logarithm of the rank too"),
        (first_and_last, "hint: all ranks, not only the first"),
    ],
    "smoothed_bigram": [
        (borrows_from_the_counts, "hint: the unigram is smoothed too"),
        (borrows_from_no_unigram, "hint: the bigram borrows from the smoothed"),
        (adds_one_to_each, "hint: epsilon times P(x'), not 1"),
        (not_smoothed, "✗ niubi after works"),
    ],
    "joint_perplexity": [
        (mean_of_perplexities, "hint: the mean of perplexities is none"),
        (without_lengths, "hint: a chapter of 300 tokens"),
        (by_products, "OverflowError"),
    ],
    "sentence_minibatch": [
        (padded_at_the_front, "hint: the padding goes to the end"),
        (labels_not_moved, "hint: Y is one token ahead of X"),
        (always_zeros, "✗ another padding token"),
        (moved_first, "hint: first pad, then take away"),
        (lambda sentences, pad: torch.tensor(sentences), "✗ two sentences of equal"),
    ],
}
