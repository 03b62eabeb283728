"""What the exercises on the backward pass are checked with.

An RNN whose gradients autograd has computed, and trials for an answer that is several
tensors, each of which needs the one before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from d2l_rnn.exercises.checking import Result, Trial, drawn


class Part(NamedTuple):
    """One of the tensors: what it must be, what is tried, a hint, common mistakes."""

    expected: object
    what: str
    hint: str
    mistakes: tuple[tuple[object, str], ...] = ()


def in_turn(result: Result, *parts: Part) -> Iterator[Trial]:
    """A trial for each part of what came back, up to the first that is wrong."""
    came, count = result.value, len(parts)
    if not isinstance(came, list | tuple | Tensor) or len(came) != count:
        hint = f"return {count} tensors, with commas between them"
        yield result.has(f"{count} tensors", lambda _: False, hint)
        return
    for i, (expected, what, hint, mistakes) in enumerate(parts):
        part = Result(came[i], f"{result.source}[{i}]")
        trial = part.gives(expected, what, hint, mistakes)
        yield trial
        if not trial.is_right:
            return


@dataclass(frozen=True)
class Passes:
    """An RNN with tanh, forward and back.

    X, Y  one-hot, (T, B, V)      outputs, dO  (T, B, V)      dH, dZ  (T, B, h)
    H     H_0 and H_1 … H_T, (T + 1, B, h)

    and two of the weights, and the gradients of all five parameters.
    """

    X: Tensor
    Y: Tensor
    H: Tensor
    outputs: Tensor
    W_hh: Tensor
    W_hq: Tensor
    dO: Tensor
    dH: Tensor
    dZ: Tensor
    dW_xh: Tensor
    dW_hh: Tensor
    db_h: Tensor
    dW_hq: Tensor
    db_q: Tensor

    def states(self, slope: Tensor | float, W: Tensor | None = None) -> Tensor:
        """dH, with such slopes, and perhaps another matrix than W_hhᵀ."""
        W = self.W_hh.T if W is None else W
        slope = slope * torch.ones_like(self.dH)
        dH = self.dO @ self.W_hq.T
        for t in reversed(range(len(dH) - 1)):
            dH[t] += (dH[t + 1] * slope[t + 1]) @ W
        return dH

    def from_before(self) -> Tensor:
        """dH, if each time step gets the dZ of the one before it."""
        dH = self.dO @ self.W_hq.T
        for t in range(1, len(dH)):
            dH[t] += (dH[t - 1] * self.slope[t - 1]) @ self.W_hh.T
        return dH

    @property
    def slope(self) -> Tensor:
        """That of tanh at Z_1 … Z_T."""
        return 1 - self.H[1:] ** 2


def through_time(T: int, B: int, h: int, V: int, seed: int) -> Passes:
    """A random network of h units and a random minibatch, and what autograd says."""
    rows = torch.eye(V, dtype=torch.double)
    X, Y = (rows[_randn(T, B, V, seed=seed + i).argmax(-1)] for i in (0, 1))
    shapes = ((V, h), (h, h), (h,), (h, V), (V,))
    params = [_randn(*shape, seed=seed + 2 + i) for i, shape in enumerate(shapes)]
    W_xh, W_hh, b_h, W_hq, b_q = [0.7 * param.requires_grad_() for param in params]
    Z, H, outputs = [], [_randn(B, h, seed=seed + 7).tanh().requires_grad_()], []
    for X_t in X:
        Z.append(X_t @ W_xh + H[-1] @ W_hh + b_h)
        H.append(torch.tanh(Z[-1]))
        outputs.append(H[-1] @ W_hq + b_q)
    loss = F.cross_entropy(torch.cat(outputs), Y.argmax(-1).flatten())
    weights = W_xh, W_hh, b_h, W_hq, b_q
    found = torch.autograd.grad(loss, [*outputs, *H[1:], *Z, *weights])
    dO, dH, dZ = (torch.stack(found[i * T : (i + 1) * T]) for i in range(3))
    values = torch.stack(H), torch.stack(outputs), W_hh, W_hq
    values = [each.detach() for each in values]
    return Passes(X, Y, *values, dO, dH, dZ, *found[3 * T :])


def _randn(*shape: int, seed: int) -> Tensor:
    return drawn(*shape, seed=seed, dtype=torch.double)
