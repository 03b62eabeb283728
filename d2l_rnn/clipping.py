"""Gradient clipping: the norm of all gradients together, kept within a radius theta.

The notes, "gradient clipping" (梯度裁剪); Pascanu, Mikolov and Bengio, "On the
difficulty of training recurrent neural networks", ICML 2013, algorithm 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch

from d2l_rnn.bptt import norms
from d2l_rnn.checks import positive
from d2l_rnn.checks.layouts import as_tensors, has_places, is_dense, share_memory
from d2l_rnn.checks.reals import FLOATING
from d2l_rnn.parameters import trainable
from d2l_rnn.rnn import Model

DTYPES = (*FLOATING, torch.complex64, torch.complex128)
LEAST = 1e-15  # the squares of smaller numbers are coarse in float32


def global_norm(net: Model | Iterable[torch.Tensor]) -> float:
    """The Euclidean norm of all the gradients of a model, taken as one long vector.

    `net` is a model, a list of parameters, or a single one; those without a gradient
    are skipped.

    Raises ValueError if `net` is none of these, or there is nothing in it to be
    trained, as in a list of gradients, and for gradients that are sparse.
    """
    return _norm(_measurable(_gradients(net)))


def clip_gradients(net: Model | Iterable[torch.Tensor], theta: float | None) -> float:
    """`project` the gradients of a model, of a list of parameters, or of a single one.

    Raises ValueError as `global_norm` and `project` do, and FloatingPointError if ‖g‖
    is not finite: a step along such a gradient would destroy the parameters.
    """
    norm = project(_gradients(net), theta)
    if not math.isfinite(norm):
        raise FloatingPointError(f"the norm of the gradient is {norm}")
    return norm


def project(gradients: Iterable[torch.Tensor], theta: float | None) -> float:
    """Project the gradient g onto the ball of radius theta, in place.

    g ← min(1, theta / ‖g‖) g

    g is all of `gradients` as one long vector. Its direction stays, its length is at
    most theta. `theta=None` leaves g alone. Returns ‖g‖ as it was before: NaN or
    infinity, with g left alone, if there is no such direction.

    Raises ValueError if theta is not greater than 0, and unless the gradients are
    tensors of floats that can be changed in place, each in its own memory.
    """
    gradients = _changeable(gradients)
    if theta is not None:
        theta = positive("theta", theta)
    norm = _norm(gradients)
    if theta is not None and theta < norm < math.inf:
        for gradient in gradients:
            gradient *= theta / norm
    return norm


def _gradients(net) -> list[torch.Tensor]:
    return [param.grad for param in trainable(net) if param.grad is not None]


def _measurable(gradients: Iterable[torch.Tensor]) -> list[torch.Tensor]:
    """The gradients as a list; ValueError unless they are numbers on one device."""
    gradients = as_tensors("gradients", gradients, "a list of tensors")
    for g in gradients:
        is_here = g.device == gradients[0].device and not g.is_meta
        if not (is_here and g.dtype in DTYPES and is_dense(g)):
            raise ValueError(
                "gradients must be dense tensors of floats, all on one device, got "
                f"{g.dtype} with the layout {g.layout} on {g.device}"
            )
    return gradients


def _changeable(gradients: Iterable[torch.Tensor]) -> list[torch.Tensor]:
    """The same; ValueError, too, if one cannot be changed in place, and alone."""
    gradients = _measurable(gradients)
    if share_memory(gradients):
        raise ValueError("gradients must be tensors that share no memory, each once")
    for g in gradients:
        is_parameter = g.requires_grad and g.is_leaf and torch.is_grad_enabled()
        if is_parameter or not has_places(g):
            raise ValueError(
                "gradients must be tensors that can be changed in place, got "
                + ("a parameter" if is_parameter else "one that is expanded: clone it")
            )
    return gradients


def _norm(gradients: list[torch.Tensor]) -> float:
    # The norm of the norms: the squares of one parameter are summed at a time.
    each = [torch.linalg.vector_norm(gradient) for gradient in gradients]
    if len(each) < 2:
        norm = each[0].item() if each else 0.0
    else:
        norm = torch.linalg.vector_norm(torch.stack(each)).item()
    return norm if LEAST < norm < math.inf else math.hypot(*map(_scaled, gradients))


def _scaled(gradient: torch.Tensor) -> float:
    """The norm of one gradient whose squares may be 0 or infinite: they are scaled."""
    magnitudes = gradient.detach().abs().reshape(1, -1)
    return norms(magnitudes).item() if magnitudes.numel() else 0.0
