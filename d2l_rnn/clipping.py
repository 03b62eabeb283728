"""Gradient clipping: the norm of all gradients together, kept within a radius theta.

The notes, "gradient clipping" (梯度裁剪); Pascanu, Mikolov and Bengio, "On the
difficulty of training recurrent neural networks", ICML 2013, algorithm 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch

from d2l_rnn.checks import positive
from d2l_rnn.parameters import parameters_of
from d2l_rnn.rnn import Model


def global_norm(net: Model | Iterable[torch.Tensor]) -> float:
    """The Euclidean norm of all the gradients of a model, taken as one long vector.

    `net` is a model, a list of parameters, or a single one; those without a gradient
    are skipped.

    Raises ValueError if `net` is none of these.
    """
    return _norm(_gradients(net))


def clip_gradients(net: Model | Iterable[torch.Tensor], theta: float | None) -> float:
    """`project` the gradients of a model, of a list of parameters, or of a single one.

    Raises ValueError if `net` is none of these or theta is not greater than 0, and
    FloatingPointError if ‖g‖ is not finite: a step along such a gradient would destroy
    the parameters.
    """
    norm = project(_gradients(net), theta)
    if not math.isfinite(norm):
        raise FloatingPointError(f"the norm of the gradient is {norm}")
    return norm


def project(gradients: list[torch.Tensor], theta: float | None) -> float:
    """Project the gradient g onto the ball of radius theta, in place.

    g ← min(1, theta / ‖g‖) g

    g is all of `gradients` as one long vector. Its direction stays, its length is at
    most theta. `theta=None` leaves g alone. Returns ‖g‖ as it was before: NaN or
    infinity, with g left alone, if there is no such direction or the gradients' dtype
    cannot hold the norm.

    Raises ValueError if theta is not greater than 0.
    """
    if theta is not None:
        theta = positive("theta", theta)
    norm = _norm(gradients)
    if theta is not None and theta < norm < math.inf:
        for gradient in gradients:
            gradient *= theta / norm
    return norm


def _gradients(net) -> list[torch.Tensor]:
    return [param.grad for param in parameters_of(net) if param.grad is not None]


def _norm(gradients: list[torch.Tensor]) -> float:
    # The norm of the norms: the squares of one parameter are summed at a time.
    norms = [torch.linalg.vector_norm(gradient) for gradient in gradients]
    if len(norms) < 2:
        return norms[0].item() if norms else 0.0
    return torch.linalg.vector_norm(torch.stack(norms)).item()
