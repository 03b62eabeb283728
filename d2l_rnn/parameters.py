"""A model's parameters: which they are, where they live, and only to be read.

A model is one of `rnn`, or anything with a list of tensors called `params`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor, nn

from d2l_rnn.checks import shown
from d2l_rnn.checks.layouts import as_tensors, has_places
from d2l_rnn.checks.tensors import Device
from d2l_rnn.interrupts import held_back
from d2l_rnn.rnn import Model


def parameters_of(net: Model | Iterable[Tensor]) -> list[Tensor]:
    """Those of `all_parameters` that are not frozen, and so can be trained.

    Raises ValueError as `all_parameters` does.
    """
    return [param for param in all_parameters(net) if param.requires_grad]


def trainable(net: Model | Iterable[Tensor]) -> list[Tensor]:
    """`parameters_of` a model that is to be trained.

    Raises ValueError if there are none, and as `changeable` does.
    """
    params = parameters_of(net)
    if not params:
        raise ValueError(
            "net must have parameters that can be trained, got none: is requires_grad "
            "False in all of them?"
        )
    return changeable(params)


def changeable(params: list[Tensor]) -> list[Tensor]:
    """The same parameters, if a step can change each of them, in place and for good.

    Raises ValueError for one that is no tensor, is computed from others, sparse or
    expanded, or was made in inference mode.
    """
    params = as_tensors("params", params, "a list of parameters")
    for param in params:
        if not param.is_leaf:
            raise ValueError(
                "net must have parameters of its own, got one that is computed from "
                "other tensors: param.detach().requires_grad_() makes it its own"
            )
        if param.is_inference():
            raise ValueError("net must not be made in torch.inference_mode()")
        if not has_places(param):
            raise ValueError(
                "net must have parameters that can be changed in place, got one that "
                f"is sparse or expanded, with the layout {param.layout} and the shape "
                f"{tuple(param.shape)}"
            )
    return params


def device_of(net: Model | Iterable[Tensor]) -> torch.device:
    """The device that the parameters of the model live on.

    Raises ValueError if there are none.
    """
    for param in all_parameters(net):
        return param.device
    raise ValueError(f"net must have parameters, got {shown(net)}")


def check_model(net: Model) -> None:
    """Raises ValueError unless this is a model: called with X and a state it begins."""
    if not (callable(net) and hasattr(net, "begin_state")):
        raise ValueError(f"net must be a model, got {shown(net)}")
    all_parameters(net)


def own_device(net: Model, device: Device = None) -> torch.device:
    """The model's device, which `device` may only repeat.

    Raises ValueError if it does not, or `net` is no model, or one without numbers.
    """
    check_model(net)
    own = device_of(net)
    if any(param.is_meta for param in all_parameters(net)):
        raise ValueError(
            "net must have parameters with numbers in them, got one on 'meta', which "
            "keeps shapes alone"
        )
    try:
        asked = own if device is None else torch.device(device)
    except (RuntimeError, TypeError, ValueError):  # there is no such name
        asked = None
    if asked is None or asked.type != own.type or asked.index not in (None, own.index):
        raise ValueError(
            f"device must be the model's, {str(own)!r}, got {shown(device)}"
        )
    return own


def all_parameters(net: Model | Iterable[Tensor]) -> list[Tensor]:
    """The parameters of a model, frozen ones too; or the tensors in a list, or one.

    One that is tied, and so stands in several places, is there once.

    Raises ValueError if `net` is none of these.
    """
    if isinstance(net, nn.Module):
        return list(net.parameters())
    params = getattr(net, "params", net)
    return each_once(as_tensors("net", params, "a model, or its parameters"))


def each_once(params: Iterable[Tensor]) -> list[Tensor]:
    """The tensors in their order, without those that have come before."""
    return list({id(param): param for param in params}.values())


@contextlib.contextmanager
def reading(net: Model) -> Iterator[Callable[[], None]]:
    """In the block the model only reads: it keeps no graph, and drops nothing out.

    After it each of its parts trains, or does not, as before. Ctrl-C waits until the
    block calls the function that it gets.
    """
    parts = list(net.modules()) if isinstance(net, nn.Module) else []
    modes = [part.training for part in parts]
    is_training = any(modes) or getattr(net, "training", False)
    with held_back() as let_through:
        try:
            if is_training:
                net.eval()
            with torch.no_grad():
                yield let_through
        finally:
            if is_training:
                net.train()
            for part, mode in zip(parts, modes, strict=True):
                part.training = mode
