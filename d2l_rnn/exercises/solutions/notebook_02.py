"""Solutions to the exercises of notebook 02, Markov models."""

from __future__ import annotations

from itertools import pairwise

import numpy as np


def path_probability(path: list[int], P: np.ndarray, initial: np.ndarray) -> float:
    """The probability of the first state, times one entry of P for each step."""
    probability = initial[path[0]]
    for before, after in pairwise(path):
        probability = probability * P[before, after]
    return probability


def most_probable_path(P: np.ndarray, start: int, k: int) -> np.ndarray:
    """The best path to j goes on from the best path to the state before j."""
    best = np.eye(len(P))[start]
    for _ in range(k):
        best = (best[:, None] * P).max(axis=0)  # over i, for every j
    return best


def backward_matrix(P: np.ndarray, pi: np.ndarray) -> np.ndarray:
    """Bayes' rule: the joint probability, divided by that of what is known."""
    joint = pi[:, None] * P  # joint[j, i]: first j, then i
    return joint.T / pi[:, None]


def pair_matrix(Q: np.ndarray) -> np.ndarray:
    """From (h, i) only pairs that begin with i can follow, with probability Q[h, i, j].

    All other entries stay zero.
    """
    n = len(Q)
    M = np.zeros((n * n, n * n))
    for h, i, j in np.ndindex(n, n, n):
        M[h * n + i, i * n + j] = Q[h, i, j]
    return M


def hardest_weather(pi: np.ndarray) -> np.ndarray:
    """If today says nothing about tomorrow, every row is the long-run shares."""
    return np.tile(pi, (len(pi), 1))
