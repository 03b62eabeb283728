"""Solutions to the exercises of notebook 09, beyond."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def gru_step(X: Tensor, H: Tensor, params: list[Tensor]) -> Tensor:
    """Four equations, four lines: Z and R, then the candidate, then the mixture."""
    W_xz, W_hz, b_z, W_xr, W_hr, b_r, W_xh, W_hh, b_h, _, _ = params
    Z = torch.sigmoid(X @ W_xz + H @ W_hz + b_z)
    R = torch.sigmoid(X @ W_xr + H @ W_hr + b_r)
    H_tilde = torch.tanh(X @ W_xh + (R * H) @ W_hh + b_h)
    return Z * H + (1 - Z) * H_tilde


def best_gates(num_steps: int, t: int) -> tuple[list[float], list[float]]:
    """Keep everything, except at step t, where nothing of the old state may stay."""
    Z = [0.0 if step == t else 1.0 for step in range(1, num_steps + 1)]
    R = [0.0] * num_steps
    return Z, R


def lstm_step(
    X: Tensor, state: tuple[Tensor, Tensor], params: list[Tensor]
) -> tuple[Tensor, Tensor]:
    """The four layers differ in their parameters only, and in the last one's tanh."""
    H, C = state
    i, f, o, c = (
        X @ params[at] + H @ params[at + 1] + params[at + 2] for at in (0, 3, 6, 9)
    )
    C = torch.sigmoid(f) * C + torch.sigmoid(i) * torch.tanh(c)
    return torch.sigmoid(o) * torch.tanh(C), C


def parameters_of_cell(cell: str, vocab_size: int, num_hiddens: int) -> int:
    """A cell is one, three or four equal layers; there is one output layer in all."""
    layers = {"rnn": 1, "gru": 3, "lstm": 4}[cell]
    V, h = vocab_size, num_hiddens
    return layers * (V * h + h * h + h) + h * V + V


def forget_gate_bias(share: float, num_steps: int) -> float:
    """The gate is the num_steps-th root of the share; the bias undoes the sigmoid."""
    gate = share ** (1 / num_steps)
    return math.log(gate / (1 - gate))
