"""The stationary distribution of a Markov chain, which a step leaves unchanged.

Source: Grassmann, Taksar and Heyman (1985), Regenerative analysis and steady state
distributions for Markov chains, Operations Research 33(5).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from d2l_rnn.checks.distributions import transition_matrix

RAREST = 1e-290  # what is rarer may have lost digits, or be 0: floats end at 1e-308


def closed_class(P: ArrayLike) -> np.ndarray:
    """The indices of the only set of states that a chain cannot leave.

    Raises ValueError if P (n, n) is no transition matrix, or has several such sets.
    """
    P = transition_matrix(P)
    n = len(P)
    reaches = (P > 0) | np.eye(n, dtype=bool)  # (n, n)
    for _ in range(n.bit_length()):  # squaring doubles the length of the paths
        numbers = reaches.astype(np.float32)  # which are multiplied far sooner
        reaches = numbers @ numbers > 0
    # (n,): True for a state that can be reached again from wherever it leads.
    returns = (reaches <= reaches.T).all(axis=1)
    classes = np.unique(reaches[returns], axis=0)  # a row for each closed class
    if len(classes) > 1:
        raise ValueError(
            f"the chain has {len(classes)} closed classes of states, so its "
            "stationary distribution is not unique; it must have one such class (with "
            "several, initial says in which a sequence begins)"
        )
    return np.flatnonzero(classes[0])


def unchanged(P: ArrayLike) -> np.ndarray:
    """The distribution pi (m,) with pi P = pi, for states that all lead to each other.

    The states are left out, the last one, k, first: from i, the chain then goes at once
    to where it would go by way of k. When only one is left, they are taken in again.
    Nothing is subtracted, so that even the rarest state has all its digits.

    Raises ValueError if P is no transition matrix, or a state is too rare for a float.
    """
    P = transition_matrix(P)  # (m, m), a copy
    m = len(P)
    leaves = np.ones(m)  # the probability that k leads to a state before it
    with np.errstate(all="ignore"):  # what vanishes is refused below
        for k in range(m - 1, 0, -1):
            leaves[k] = P[k, :k].sum()
            P[:k, k] /= leaves[k]  # how often it is at k for each time at i
            P[:k, :k] += np.outer(P[:k, k], P[k, :k])  # by way of k
        pi = np.eye(m)[0]  # the first state alone
        for k in range(1, m):
            pi[k] = pi[:k] @ P[:k, k]
            pi /= pi.sum()
        _expect_digits(pi * leaves)
    return pi


def _expect_digits(flows: np.ndarray) -> None:
    """Raise ValueError if one of them is NaN, or so small that it has lost digits."""
    if not (flows >= RAREST).all():
        raise ValueError(
            f"P must not make a state rarer than {RAREST:g}, which a float can hardly "
            "tell from 0: give initial"
        )
