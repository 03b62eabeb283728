"""Solutions to the exercises of notebook 07, gradient clipping."""

from __future__ import annotations

import torch
from torch import Tensor


def backward_outputs(
    outputs: Tensor, Y: Tensor, H: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """O_t is made from H_t, which is H[t + 1] if t counts from 0."""
    T, B, V = outputs.shape
    dO = (torch.softmax(outputs, dim=2) - Y) / (T * B)
    dW_hq, db_q = dO.new_zeros(H.shape[2], V), dO.new_zeros(V)
    for t in range(T):
        dW_hq += H[t + 1].T @ dO[t]
        db_q += dO[t].sum(dim=0)
    return dO, dW_hq, db_q


def backward_states(
    dO: Tensor, H: Tensor, W_hq: Tensor, W_hh: Tensor
) -> tuple[Tensor, Tensor]:
    """What comes back from later on is kept; after the last step it is 0."""
    dH, dZ = torch.zeros_like(H[1:]), torch.zeros_like(H[1:])
    later = torch.zeros_like(H[0])
    for t in reversed(range(len(dO))):
        dH[t] = dO[t] @ W_hq.T + later  # (1)
        dZ[t] = dH[t] * (1 - H[t + 1] ** 2)  # (2)
        later = dZ[t] @ W_hh.T
    return dH, dZ


def backward_parameters(
    X: Tensor, H: Tensor, dZ: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Z_t is made from X_t and the state before it: X[t] and H[t]."""
    T, _, h = dZ.shape
    dW_xh, dW_hh = dZ.new_zeros(X.shape[2], h), dZ.new_zeros(h, h)
    db_h = dZ.new_zeros(h)
    for t in range(T):  # (3)
        dW_xh += X[t].T @ dZ[t]
        dW_hh += H[t].T @ dZ[t]
        db_h += dZ[t].sum(dim=0)
    return dW_xh, dW_hh, db_h


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


def project_onto_ball(gradients: list[Tensor], theta: float) -> list[Tensor]:
    """One norm for all of them together, and so one factor for all of them."""
    norm = sum((gradient**2).sum() for gradient in gradients) ** 0.5
    if norm <= theta:
        return gradients
    return [theta / norm * gradient for gradient in gradients]


def step_length(norm: float, lr: float, theta: float | None) -> float:
    """Clipping makes the norm theta at most, and the step is lr times the norm."""
    return lr * (norm if theta is None else min(norm, theta))
