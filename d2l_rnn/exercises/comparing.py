"""How a value from the reader is compared with the expected one, and described.

Numbers may be Python's, NumPy's or PyTorch's, in lists, arrays or tensors.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from types import FunctionType

import numpy as np
import torch

LONGEST = 70  # characters of a value in a message
SMALL = 8  # numbers of an array: of a larger one, only the shape is shown
TOLERANCE = 1e-4  # relative, or absolute for numbers below 1


def difference(came: object, expected: object, tolerance: float = TOLERANCE) -> str:
    """How a value differs from the expected one, as the end of a sentence; else ''."""
    if isinstance(expected, str | bool):
        return _difference_of_words(came, expected)
    if isinstance(expected, Mapping):
        return _difference_of_mappings(came, expected, tolerance)
    if isinstance(expected, list | tuple) and not _is_array(expected):
        return _difference_of_sequences(came, expected, tolerance)
    return _difference_of_numbers(came, expected, tolerance)


def _difference_of_words(came: object, expected: str | bool) -> str:
    if isinstance(came, np.generic | torch.Tensor) and math.prod(came.shape) == 1:
        came = came.item()
    if not isinstance(came, type(expected)):
        kind = "a string" if isinstance(expected, str) else "True or False"
        return f", where {kind} is expected"
    return "" if came == expected else ", which is not right"


def _difference_of_mappings(came: object, expected: Mapping, tolerance: float) -> str:
    if not isinstance(came, Mapping):
        return ", where a dictionary is expected"
    if set(came) != set(expected):
        return ", which does not have the keys that are expected"
    for key, value in expected.items():
        if difference(came[key], value, tolerance):
            return f", which is wrong at {brief(key)}"
    return ""


def _difference_of_sequences(came: object, expected: Sequence, tolerance: float) -> str:
    if isinstance(came, np.ndarray | torch.Tensor):
        came = came.tolist()
    if isinstance(came, str) or not isinstance(came, Sequence):
        return ", where a list is expected"
    if len(came) != len(expected):
        return f", where {len(expected)} items are expected and {len(came)} came"
    for i, (mine, other) in enumerate(zip(came, expected, strict=True)):
        if difference(mine, other, tolerance):
            return f", which is wrong at index {i}"
    return ""


def _difference_of_numbers(came: object, expected: object, tolerance: float) -> str:
    try:
        mine, other = _array(came), _array(expected)
    except ValueError:
        return ", where rows of equal length are expected"
    except (TypeError, OverflowError):
        return ", where numbers are expected"
    if mine.shape != other.shape:
        return f", where {_shape(other.shape)} is expected"
    if np.isnan(mine).any() and not np.isnan(other).any():
        return ", which is not a number"
    close = np.isclose(mine, other, rtol=tolerance, atol=tolerance, equal_nan=True)
    if close.all():
        return ""
    if close.size == 1:
        return ", too " + ("large" if mine.item() > other.item() else "small")
    return f", {close.size - int(close.sum())} of {close.size} values wrong"


def _is_array(value: Sequence) -> bool:
    """True for numbers in rows of equal length, however nested; not for tensors."""
    if any(isinstance(each, np.ndarray | torch.Tensor) for each in value):
        return False
    try:
        return _array(value).size > 0
    except (TypeError, ValueError, OverflowError):
        return False


def _array(value: object) -> np.ndarray:
    """Numbers as an array; TypeError for anything else, ValueError for uneven rows."""
    if isinstance(value, list | tuple):
        rows = [_array(each) for each in value]
        return np.stack(rows) if rows else np.zeros(0)
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, numbers.Real):
        value = np.float64(value)  # also for large integers
    if not isinstance(value, np.ndarray | np.generic):
        raise TypeError
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError
    return array.astype(float)


def _shape(shape: tuple[int, ...]) -> str:
    return f"the shape {shape}" if shape else "one number"


def brief(value: object) -> str:
    """A value in at most 70 characters; for a large array, its shape."""
    text = repr(_simplified(value))
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


class _Unquoted(str):
    """Words in place of a value: their repr has no quotation marks."""

    __repr__ = str.__str__


def _simplified(value: object) -> object:
    """The value with four digits of each number, and words for what is long."""
    if isinstance(value, np.ndarray | torch.Tensor):
        if math.prod(value.shape) > SMALL:
            kind = "a tensor" if isinstance(value, torch.Tensor) else "an array"
            return _Unquoted(f"{kind} of shape {tuple(value.shape)}")
        value = value.tolist()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.4g}")
    if type(value) in (list, tuple):
        return type(value)(_simplified(each) for each in value)
    if isinstance(value, FunctionType):
        return _Unquoted(f"the function {value.__name__}")
    if callable(value) or type(value).__module__.startswith("d2l_rnn"):
        return _Unquoted(type(value).__name__)
    return value
