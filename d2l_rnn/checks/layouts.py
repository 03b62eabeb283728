"""How tensors lie in memory, and several of them in a list."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from itertools import pairwise

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


def share_memory(tensors: Iterable[Tensor]) -> bool:
    """True if a number of one of these tensors is a number of another one, too."""
    by_storage = {}
    for tensor in tensors:
        by_storage.setdefault(tensor.untyped_storage().data_ptr(), []).append(tensor)
    return any(len(each) > 1 and _overlap(each) for each in by_storage.values())


def _overlap(views: list[Tensor]) -> bool:
    """The same of views of one storage."""
    if len({view.dtype for view in views}) > 1:
        return True
    if all(view.is_contiguous() for view in views):  # as a rule, and soon compared
        spans = sorted((view.storage_offset(), view.numel()) for view in views)
        return any(
            begin + length > after for (begin, length), (after, _) in pairwise(spans)
        )
    length = views[0].untyped_storage().nbytes() // views[0].element_size()
    place = torch.arange(length, device="cpu")
    places = [
        place.as_strided(view.shape, view.stride(), view.storage_offset()).flatten()
        for view in views
    ]
    return len(torch.cat(places).unique()) < sum(map(len, places))


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
