"""Probabilities that sum to 1, and matrices of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from d2l_rnn import checks


def transition_matrix(P: ArrayLike) -> np.ndarray:
    """Return the matrix (n, n) of a Markov chain, whose rows are distributions.

    Raises ValueError if it is not square, or as `distribution` does for a row.
    """
    P = checks.array("P", P)
    if P.ndim != 2 or P.shape[0] != P.shape[1] or P.size == 0:
        raise ValueError(f"P must be a square matrix, got the shape {P.shape}")
    rows = [distribution(f"row {i} of P", row, len(P)) for i, row in enumerate(P)]
    return np.stack(rows)


def distribution(name: str, values: ArrayLike, n: int) -> np.ndarray:
    """Return values as an array (n,) that sums to 1, or raise ValueError."""
    p = checks.array(name, values)
    if p.shape != (n,):
        raise ValueError(f"{name} must have {n} probabilities, got the shape {p.shape}")
    for i in np.flatnonzero(~((p >= 0) & (p <= 1 + 1e-6))):  # NaN is neither
        raise ValueError(
            f"{name} must have probabilities from 0 to 1, got {p[i]} at index {i}"
        )
    error = abs(p.sum() - 1)
    if error > 1e-6:
        raise ValueError(f"{name} must sum to 1, got a sum of {p.sum():.6g}")
    # A float32's rounding error is corrected; an exact 0.1 stays 0.1.
    return p if error < 1e-12 else p / p.sum()
