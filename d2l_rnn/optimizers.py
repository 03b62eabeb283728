"""Stochastic gradient descent, and the optimizer of a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from d2l_rnn.checks import positive
from d2l_rnn.rnn import Model, parameters_of


class SGD:
    """Stochastic gradient descent, param ← param - lr · gradient, and nothing else.

    What `torch.optim.SGD` does, without the time that its many options take: for a
    small model that is as much as a product.
    """

    def __init__(self, params: Iterable[Tensor], lr: float):
        self.params, self.lr = list(params), lr

    @torch.no_grad()
    def step(self) -> None:
        """Change the parameters that have a gradient."""
        for param in self.params:
            if param.grad is not None:
                param.add_(param.grad, alpha=-self.lr)


def optimizer_of(
    net: Model,
    lr: float | None,
    optimizer: torch.optim.Optimizer | Callable | None,
) -> torch.optim.Optimizer | SGD:
    """An existing optimizer, or one made with the model's parameters and `lr`.

    By default it is `SGD`.

    Raises ValueError for an existing one beside an `lr`, what is no optimizer, and a
    learning rate that is not greater than 0.
    """
    if hasattr(optimizer, "step") and not isinstance(optimizer, type):
        if lr is None:
            return optimizer
        raise ValueError(
            f"lr must be None for an existing optimizer, which has its own, got {lr!r}"
        )
    if not (optimizer is None or callable(optimizer)):
        raise ValueError(
            "optimizer must be a class of torch.optim or an existing optimizer, got "
            f"{optimizer!r}"
        )
    lr = positive("lr", lr, at_most=torch.finfo(torch.float32).max)
    return (optimizer or SGD)(parameters_of(net), lr)
