"""A corpus: the indices of a text's tokens, as a tensor."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from d2l_rnn.checks import is_integer, shown
from d2l_rnn.checks.layouts import is_dense

# The types of number that PyTorch computes with: a corpus of them stays as it is.
INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


def as_indices(corpus: Sequence[int] | ArrayLike | Tensor) -> Tensor:
    """The corpus as a tensor of one of the `INTEGERS`, shape (num_tokens,).

    Raises ValueError if it is no sequence of integers from 0 to 2**63 - 1.
    """
    given = _in_memory(corpus) if isinstance(corpus, Tensor) else _as_array(corpus)
    if given.ndim != 1:
        got = f"shape {tuple(given.shape)}" if given.ndim else shown(corpus)
        raise ValueError(f"corpus must be one sequence of indices, got {got}")
    if len(given) == 0:
        return torch.empty(0, dtype=torch.int64, device="cpu")
    if not is_integer(given):
        _refuse_too_large(corpus)
        raise ValueError(f"corpus must be integers (indices), got {given.dtype}")
    indices = given if isinstance(given, Tensor) else _shared(given)
    indices = indices if indices.dtype in INTEGERS else indices.long()
    least = int(indices.min())
    if least < 0:  # or too large for an int64, in which it is negative
        is_unsigned = str(given.dtype).removeprefix("torch.").startswith("u")
        raise _out_of_range(least % 2**64 if is_unsigned else least)
    return indices


def _in_memory(corpus: Tensor) -> Tensor:
    if corpus.is_meta or not is_dense(corpus):
        raise ValueError(
            "corpus must be a tensor that has its indices in memory, "
            f"got a {corpus.layout} one on the device {corpus.device}"
        )
    return corpus


def _as_array(corpus: Sequence[int] | ArrayLike) -> np.ndarray:
    if np.ma.is_masked(corpus):
        raise ValueError("corpus must be a sequence of indices: one of them is masked")
    try:
        return np.asarray(corpus)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"corpus must be a sequence of indices: {error}") from None


def _shared(indices: np.ndarray) -> Tensor:
    """The same numbers as a tensor, without a copy where PyTorch knows their type."""
    is_wide = indices.dtype.kind == "u" and indices.dtype.itemsize > 1
    dtype = np.int64 if is_wide else indices.dtype.newbyteorder("=")
    return torch.from_numpy(np.require(indices, dtype, "CW"))


def _refuse_too_large(corpus: Iterable) -> None:
    """Raises ValueError for an integer of Python that NumPy has as a float."""
    for each in corpus:
        if isinstance(each, numbers.Integral) and not -(2**63) <= each < 2**63:
            raise _out_of_range(int(each))


def _out_of_range(index: int) -> ValueError:
    return ValueError(f"corpus must be indices from 0 to 2**63 - 1, got {index}")
