"""Answers to the exercises of notebook 02 that are wrong, and words of the verdict."""

import math
from itertools import pairwise

import numpy as np

from d2l_rnn.markov import MarkovChain


def without_the_first(path, P, initial):
    return math.prod(P[i, j] for i, j in pairwise(path))


def from_the_wrong_side(path, P, initial):
    return initial[path[0]] * math.prod(P[j, i] for i, j in pairwise(path))


def in_logarithms(path, P, initial):
    with np.errstate(divide="ignore"):
        return MarkovChain(P, initial).log_probability(path)


def summed(P, start, k):
    return MarkovChain(P).k_step(start, k)


def greedy(P, start, k):
    """Goes to the most probable next state, all but the last time."""
    p = 1.0
    for _ in range(k - 1):
        p, start = p * P[start].max(), P[start].argmax()
    return p * P[start] if k else np.eye(len(P))[start]


def largest_everywhere(P, start, k):
    best = np.eye(len(P))[start]
    for _ in range(k):
        best = (best * P).max(axis=1)
    return best


def any_pair_may_follow(Q):
    n = len(Q)
    return np.repeat(Q.reshape(n * n, n), n, axis=1) / n


def newer_first(Q):
    n = len(Q)
    M = np.zeros((n * n, n * n))
    for h, i, j in np.ndindex(Q.shape):
        M[h * n + i, j * n + i] = Q[h, i, j]
    return M


def of_two_states(Q):
    M = np.zeros((len(Q) ** 2, len(Q) ** 2))
    for h, i, j in np.ndindex(Q.shape):
        M[h * 2 + i, i * 2 + j] = Q[h, i, j]
    return M


def uniform(pi):
    return np.full((len(pi), len(pi)), 1 / len(pi))


def mostly_stays(pi):
    return 0.5 * np.eye(len(pi)) + 0.5 * np.tile(pi, (len(pi), 1))


def turned_and_scaled(P, pi):
    return P.T / P.T.sum(axis=1, keepdims=True)


def earlier_in_the_row(P, pi):
    return P * pi[:, None] / pi


WRONG = {
    "path_probability": [
        (without_the_first, "hint: and the first state?"),
        (from_the_wrong_side, "hint: the row of P is today's state"),
        (in_logarithms, "hint: that is its logarithm"),
        (lambda path, P, initial: initial[path[0]] * P[path[0], path[-1]], "✗ six"),
    ],
    "most_probable_path": [
        (summed, "hint: that is the sum over the paths"),
        (greedy, "✗ two steps"),
        (largest_everywhere, "✗ one step"),
        (lambda P, start, k: P[:, start], "hint: the row of P is where a step begins"),
        (lambda P, start, k: np.linalg.matrix_power(P, k).max(axis=0), "✗ two steps"),
    ],
    "pair_matrix": [
        (lambda Q: Q.reshape(len(Q) ** 2, len(Q)), "the shape (4, 4) is expected"),
        (any_pair_may_follow, "hint: (h, i) is followed by (i, j)"),
        (newer_first, "hint: the pair that follows is (i, j): the older value first"),
        (of_two_states, "✗ three states, nine pairs"),
    ],
    "hardest_weather": [
        (uniform, "✗ 3 kinds of weather: with these shares"),
        (mostly_stays, "✗ 2 kinds of weather: none is harder"),
        (lambda pi: np.eye(len(pi)), "✗ 2 kinds of weather: none is harder"),
        (lambda pi: np.tile(pi, (len(pi), 1)).T, "✗ 3 kinds of weather: a transition"),
    ],
    "backward_matrix": [
        (lambda P, pi: P, "hint: after 0 comes 1"),
        (lambda P, pi: P.T, "hint: turned round, yes"),
        (turned_and_scaled, "hint: how often x_t = j in the first place is in pi"),
        (earlier_in_the_row, "hint: the row is the later state"),
    ],
}
