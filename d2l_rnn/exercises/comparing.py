"""How a value from the reader is compared with the expected one, and described.

Numbers may be Python's, NumPy's or PyTorch's, in lists, arrays or tensors.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from numbers import Real

import numpy as np
import torch

from d2l_rnn.exercises.plain import LONGEST, plain

SMALL = 8  # numbers of an array: of a larger one, only the shape is shown
SMALL_IN_FULL, LONGEST_IN_FULL = 32, 400  # where the reader is to see all of it
TOLERANCE = 1e-4  # relative, or absolute for numbers below 1
BRACKETS = {list: "[]", tuple: "()", set: "{}", frozenset: "{}", dict: "{}"}


class _Unlike(Exception):
    """Raised for what is no array of numbers; the message ends a sentence about it."""


def difference(came: object, expected: object, tolerance: float = TOLERANCE) -> str:
    """How a value differs from the expected one, as the end of a sentence; else ''."""
    return _difference(plain(came), expected, tolerance)


def _difference(came: object, expected: object, tolerance: float) -> str:
    if isinstance(expected, str | bool):
        return _difference_of_words(came, expected)
    if isinstance(expected, Mapping):
        return _difference_of_mappings(came, expected, tolerance)
    if isinstance(expected, list | tuple) and not _is_array(expected):
        return _difference_of_sequences(came, expected, tolerance)
    return _difference_of_numbers(came, expected, tolerance)


def _difference_of_words(came: object, expected: str | bool) -> str:
    if isinstance(came, np.ndarray | torch.Tensor) and math.prod(came.shape) == 1:
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
        if _difference(came[key], value, tolerance):
            return f", which is wrong at {brief(key)}"
    return ""


def _difference_of_sequences(came: object, expected: Sequence, tolerance: float) -> str:
    if isinstance(came, np.ndarray | torch.Tensor):
        came = came.tolist()
    if not isinstance(came, list | tuple):
        return ", where a list is expected"
    if len(came) != len(expected):
        return f", where {len(expected)} items are expected and {len(came)} came"
    for i, (mine, other) in enumerate(zip(came, expected, strict=True)):
        if _difference(mine, other, tolerance):
            return f", which is wrong at index {i}"
    return ""


def _difference_of_numbers(came: object, expected: object, tolerance: float) -> str:
    try:
        mine, other = _array(came), _array(expected)
    except _Unlike as problem:
        return str(problem)
    if mine.shape != other.shape:
        return f", where {_shape(other.shape)} is expected"
    if np.isnan(mine).any() and not np.isnan(other).any():
        return ", which is not a number"
    # Of a whole number, as of parameters, each one counts.
    relative = 0 if isinstance(expected, int) else tolerance
    close = np.isclose(mine, other, rtol=relative, atol=tolerance, equal_nan=True)
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
    except _Unlike:
        return False


def _array(value: object) -> np.ndarray:
    """Numbers as an array; raises _Unlike for anything else, or uneven rows."""
    if isinstance(value, list | tuple):
        return _stacked([_array(each) for each in value])
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, int) and abs(value) > sys.float_info.max:
        raise _Unlike(", which has more digits than a float can hold")
    if not isinstance(value, Real | complex | np.ndarray | np.generic):
        raise _Unlike(", where numbers are expected")
    array = np.asarray(float(value) if isinstance(value, Real) else value)
    if array.dtype.kind == "c":
        raise _Unlike(", which is complex, where real numbers are expected")
    if array.dtype.kind not in "biuf":
        raise _Unlike(", where numbers are expected")
    return array.astype(float)


def _stacked(rows: list[np.ndarray]) -> np.ndarray:
    if len({row.shape for row in rows}) > 1:
        raise _Unlike(", where rows of equal length are expected")
    return np.stack(rows) if rows else np.zeros(0)


def _shape(shape: tuple[int, ...]) -> str:
    return f"the shape {shape}" if shape else "one number"


def brief(value: object) -> str:
    """A value in at most 70 characters; for a large array, its shape."""
    return _cut(_text(plain(value), SMALL), LONGEST)


def in_full(value: object) -> str:
    """A value as `brief` has it, with room for all of what is meant to be read."""
    return _cut(_text(plain(value), SMALL_IN_FULL), LONGEST_IN_FULL)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _text(value: object, small: int) -> str:
    """As Python shows it, but with four digits of each number, and long words cut."""
    if isinstance(value, np.ndarray | torch.Tensor):
        return _text_of_array(value, small)
    if isinstance(value, dict):
        pairs = [[_text(each, small) for each in pair] for pair in value.items()]
        items = [": ".join(pair) for pair in pairs]
    elif type(value) in BRACKETS:
        items = [_text(each, small) for each in value]
    else:
        return _text_of_one(value)
    left, right = BRACKETS[type(value)]
    comma = "," * (isinstance(value, tuple) and len(value) == 1)
    return f"{left}{', '.join(items)}{comma}{right}"


def _text_of_array(value: np.ndarray | torch.Tensor, small: int) -> str:
    if math.prod(value.shape) > small:
        kind = "a tensor" if isinstance(value, torch.Tensor) else "an array"
        return f"{kind} of shape {tuple(value.shape)}"
    return _text(value.tolist(), small)


def _text_of_one(value: object) -> str:
    if isinstance(value, float) and math.isfinite(value):
        value = float(f"{value:.4g}")
    if isinstance(value, str | bytes):
        value = value[:LONGEST]
    if isinstance(value, int) and abs(value) >= 10**LONGEST:
        return f"about {'-' * (value < 0)}1e{math.log10(abs(value)):.0f}"
    return repr(value)
