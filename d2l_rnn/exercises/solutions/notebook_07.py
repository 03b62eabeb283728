"""Solutions to the exercises of notebook 07, gradient clipping."""

from __future__ import annotations

import torch
from torch import Tensor


def step_length(norm: float, lr: float, theta: float | None) -> float:
    """Clipping makes the norm theta at most, and the step is lr times the norm."""
    return lr * (norm if theta is None else min(norm, theta))


def project_onto_ball(gradients: list[Tensor], theta: float) -> list[Tensor]:
    """One norm for all of them together, and so one factor for all of them."""
    norm = sum((gradient**2).sum() for gradient in gradients) ** 0.5
    if norm <= theta:
        return gradients
    return [theta / norm * gradient for gradient in gradients]


def backward_relu(dO: Tensor, H: Tensor, W_hq: Tensor, W_hh: Tensor) -> Tensor:
    """Only formula (2) changes: the slope of ReLU is 1 where the state is above 0."""
    dZ, later = torch.zeros_like(H), torch.zeros_like(H[0])
    for t in reversed(range(len(H))):
        dH = dO[t] @ W_hq.T + later @ W_hh.T  # (1)
        later = dZ[t] = dH * (H[t] > 0)  # (2)
    return dZ


def alignment(M: Tensor, x: Tensor, k: int) -> Tensor:
    """Only the direction counts, so make the vector one long after every product."""
    eigenvalues, vectors = torch.linalg.eigh(M)
    v = vectors[:, eigenvalues.abs().argmax()]
    x = x / x.norm()
    for _ in range(k):
        x = M @ x
        x = x / x.norm()
    return (v @ x).abs()
