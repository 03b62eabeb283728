"""How tensors lie in memory, and several of them in a list."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from d2l_rnn.checks import shown


def is_dense(tensor: Tensor) -> bool:
    """True unless a tensor is sparse or nested."""
    return tensor.layout is torch.strided and not tensor.is_nested


def has_places(tensor: Tensor) -> bool:
    """True if each number of a tensor can be changed on its own, in place.

    After `expand`, which leaves a stride of 0, many share a place in memory.
    """
    if not is_dense(tensor):
        return False
    strides = tensor.stride()
    return 0 not in strides or all(
        stride or size < 2 for stride, size in zip(strides, tensor.shape, strict=True)
    )


def as_tensors(
    name: str, given: Tensor | Iterable[Tensor], allowed: str
) -> list[Tensor]:
    """Return the tensors in a list or an iterator, or a single one, as a list.

    Raises ValueError, with what is `allowed`, for anything else.
    """
    several = [given] if isinstance(given, Tensor) else given
    if isinstance(several, Iterable) and not isinstance(several, (str, bytes, Mapping)):
        with contextlib.suppress(TypeError):  # as of an array without dimensions
            several = list(several)
            if all(isinstance(each, Tensor) for each in several):
                return several
    raise ValueError(f"{name} must be {allowed}, got {shown(given)}")
