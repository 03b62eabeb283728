"""Answers to the exercises of notebook 05 that are wrong, and words of the verdicts."""

import math
from collections import Counter

import torch


def states(inputs, H, W_xh, W_hh, b_h):
    for X_t in inputs:
        H = torch.tanh(X_t @ W_xh + H @ W_hh + b_h)
        yield H


def from_zeros(inputs, H_0, *weights):
    return torch.stack(list(states(inputs, torch.zeros_like(H_0), *weights)))


def always_from_H_0(inputs, H_0, W_xh, W_hh, b_h):
    return torch.tanh(inputs @ W_xh + H_0 @ W_hh + b_h)


def the_last_alone(*given):
    return list(states(*given))[-1]


def one_step_late(inputs, H_0, *weights):
    return torch.stack([H_0, *states(inputs, H_0, *weights)][:-1])


def below_each_other(*given):
    return torch.cat(list(states(*given)))


def batch_first(*given):
    return torch.stack(list(states(*given)), dim=1)


def without_bias(inputs, H_0, W_xh, W_hh, b_h):
    return torch.stack(list(states(inputs, H_0, W_xh, W_hh, 0)))


def not_transposed_back(weight):
    return weight[:, : -len(weight)], weight[:, -len(weight) :]


def state_first(weight):
    return weight.T[-len(weight) :], weight.T[: -len(weight)]


def halves(weight):
    return weight.T[: len(weight)], weight.T[len(weight) :]


def single(V, h):
    return V * h + h * h + h + h * V + V


def perplexity(words, arithmetic=False):
    """The right one for the words, in which the pairs are weighted."""
    pairs = Counter(
        pair for word in words for pair in zip(word, word[1:], strict=False)
    )
    before = Counter(character for word in words for character in word[:-1])
    shares = {pair: count / before[pair[0]] for pair, count in pairs.items()}
    if arithmetic:
        return sum(n / shares[pair] for pair, n in pairs.items()) / pairs.total()
    surprise = -sum(n * math.log(shares[pair]) for pair, n in pairs.items())
    return math.exp(surprise / pairs.total())


def kinds_of_successors(words):
    pairs = {pair for word in words for pair in zip(word, word[1:], strict=False)}
    successors = Counter(first for first, _ in pairs)
    labels = [character for word in words for character in word[:-1]]
    return math.exp(sum(math.log(successors[c]) for c in labels) / len(labels))


WRONG = {
    "states_of": [
        (from_zeros, "hint: begin with H_0"),
        (always_from_H_0, "hint: the state moves on"),
        (the_last_alone, "hint: a tensor of shape (T, B, H)"),
        (one_step_late, "hint: that is H_0"),
        (below_each_other, "hint: a tensor of shape (T, B, H)"),
        (batch_first, "hint: time comes first"),
        (without_bias, "hint: and the bias?"),
    ],
    "split_weight": [
        (not_transposed_back, "hint: they are still transposed"),
        (state_first, "hint: W_xh comes first"),
        (halves, "hint: V is not H"),
    ],
    "outputs_needed": [
        (len, "hint: a character that comes twice"),
        (lambda string: len(set(string)), "hint: one more token"),
        (lambda string: 28, "✗ deep learning"),
    ],
    "parameters_of_layers": [
        (lambda V, h, num_layers: single(V, h) + 1, "✗ one layer"),
        (
            lambda V, h, num_layers: num_layers * single(V, h),
            "hint: there is one output",
        ),
        (lambda V, h, num_layers: single(V, h), "hint: each layer has weights"),
        (
            lambda V, h, num_layers: (
                single(V, h) + (num_layers - 1) * (V * h + h * h + h)
            ),
            "hint: the second layer reads h values",
        ),
        (lambda V, h, num_layers: single(V, h) - V, "hint: one bias is missing"),
    ],
    "perplexity_without_state": [
        (lambda words: perplexity(["".join(words)]), "hint: the end of one word"),
        (lambda words: perplexity(words, arithmetic=True), "✗ machine and etching"),
        (lambda words: math.log(perplexity(words)), "hint: that is the cross-entropy"),
        (kinds_of_successors, "hint: what comes more often"),
    ],
}
