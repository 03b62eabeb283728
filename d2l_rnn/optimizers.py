"""Stochastic gradient descent, and the optimizer of a run."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler

from d2l_rnn.checks import non_negative, positive, shown
from d2l_rnn.checks.signatures import called_with
from d2l_rnn.interrupts import no_gradients
from d2l_rnn.parameters import all_parameters, changeable, parameters_of, trainable
from d2l_rnn.rnn import Model, RNNModelScratch

# The largest learning rate that does not become infinite in a float32.
LARGEST = torch.finfo(torch.float32).max
# They would train nothing, or cannot be called with parameters and a learning rate.
NO_OPTIMIZERS = (
    nn.Module, RNNModelScratch, LRScheduler, torch.optim.SparseAdam
)  # fmt: skip
# What a subclass has if it has no step of its own; PyTorch wraps it.
NO_STEP = inspect.unwrap(torch.optim.Optimizer.step)
# `*args` and `**kwargs`, without which a function can be called.
OPTIONAL = inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD


class SGD:
    """Stochastic gradient descent, param ← param - lr · gradient, and nothing else.

    What `torch.optim.SGD` does, without the time that its many options take: for a
    small model that is as much as a product.

    Raises ValueError if `params` are no tensors or none, if one of them cannot be
    changed for good, and if `lr` is negative or not finite, then or later.
    """

    def __init__(self, params: Iterable[Tensor], lr: float):
        self.params = all_parameters(params)
        if not self.params:
            raise ValueError("params must be at least one tensor, got none")
        changeable(parameters_of(self.params))
        self.lr = lr

    @property
    def lr(self) -> float:
        """The learning rate, which may be changed between two steps."""
        return self._lr

    @lr.setter
    def lr(self, lr: float) -> None:
        self._lr = non_negative("lr", lr, at_most=LARGEST)

    @no_gradients()
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

    Raises ValueError for a model without parameters to train, an existing optimizer
    beside an `lr`, of another model's parameters, too, or with a memory of another
    dtype, what is no optimizer, one that computes the loss again in its step, and a
    learning rate that is not greater than 0.
    """
    params = trainable(net)
    _check_kind(optimizer)
    if hasattr(optimizer, "step") and not isinstance(optimizer, type):
        if lr is not None:
            raise ValueError(
                "lr must be None for an existing optimizer, which has its own, got "
                f"{shown(lr)}"
            )
    elif optimizer is None or callable(optimizer):
        if optimizer is not None:
            called_with("params", "lr", optimizer=optimizer)
        lr = positive("lr", lr, at_most=LARGEST)
        if lr < (least := torch.finfo(params[0].dtype).tiny):
            raise ValueError(f"lr must be at least {least:.2g}, got {lr}")
        optimizer = SGD(params, lr) if optimizer is None else optimizer(params, lr)
    _check_step(optimizer)
    _check_params(optimizer, net)
    _check_memory(optimizer)
    return optimizer


def _check_kind(optimizer) -> None:
    """Raises ValueError for what is no optimizer, though it steps or can be called."""
    kind = optimizer if isinstance(optimizer, type) else type(optimizer)
    if kind is torch.optim.Optimizer or issubclass(kind, NO_OPTIMIZERS):
        raise ValueError(
            "optimizer must be one that steps along a gradient, or its class, got "
            f"{shown(optimizer)}"
        )


def _check_params(optimizer, net: Model) -> None:
    """Raises ValueError unless the optimizer changes parameters of this model alone."""
    groups = getattr(optimizer, "param_groups", None)
    own = getattr(optimizer, "params", None)
    if groups is not None:
        own = [param for group in groups for param in group["params"]]
    # An iterator is left alone: it can be read only once.
    is_known = isinstance(own, (list, tuple, nn.ParameterList))
    if not is_known:
        return
    own = {*map(id, own)}
    if not own & {*map(id, parameters_of(net))}:
        raise ValueError(
            "optimizer must be one of this model's parameters, got a "
            f"{type(optimizer).__name__} of others, which would train nothing"
        )
    if others := own - {*map(id, all_parameters(net))}:
        raise ValueError(
            "optimizer must be one of this model's parameters alone, got a "
            f"{type(optimizer).__name__} of {len(others)} others, too, which it "
            "would move along gradients of another run"
        )


def _check_memory(optimizer) -> None:
    """Raises ValueError if what PyTorch's optimizer remembers does not fit its steps.

    That is averages like the parameters, which `net.double()` leaves as they are.
    """
    if not type(optimizer).__module__.startswith("torch.optim."):
        return
    for param, kept in optimizer.state.items():
        own = param.dtype, param.device
        for each in filter(torch.is_tensor, kept.values()):
            is_like = each.dim() > 0 and each.shape == param.shape
            if is_like and (each.dtype, each.device) != own:
                raise ValueError(
                    f"optimizer must be made anew for parameters that are now "
                    f"{own[0]} on {own[1]}, got a {type(optimizer).__name__} that "
                    f"remembers {each.dtype} on {each.device}"
                )


def _check_step(optimizer) -> None:
    """Raises ValueError if this cannot take a step by itself."""
    step = getattr(optimizer, "step", None)
    is_own = inspect.unwrap(getattr(type(optimizer), "step", None)) is not NO_STEP
    if not (callable(step) and is_own):
        raise ValueError(
            "optimizer must be a class of torch.optim or an existing optimizer, got "
            f"{shown(optimizer)}"
        )
    needed = [
        each.name
        for each in inspect.signature(step).parameters.values()
        if each.default is each.empty and each.kind not in OPTIONAL
    ]
    if needed not in ([], ["self"]):  # which is there where a scheduler has wrapped it
        raise ValueError(
            "optimizer must take its step from the gradients alone, which a "
            f"{type(optimizer).__name__} does not"
        )
