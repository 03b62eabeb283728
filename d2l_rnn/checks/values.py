"""Values as Python itself has them, and whether they are equal to anything."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

import numpy as np

Value = TypeVar("Value")


def own(value: Value) -> Value | list:
    """Return an array or a tensor as lists and numbers of Python, all else as it is.

    Raises TypeError where something is masked, or NaT: Python would have None. And for
    a tensor that is not simply numbers in a row.
    """
    if not hasattr(value, "tolist"):
        return value
    for kind in ("sparse", "quantized"):
        if getattr(value, f"is_{kind}", False):
            raise TypeError(f"it is a {kind} tensor")
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise TypeError("a value in it is masked")
    dtype = getattr(value, "dtype", None)
    if getattr(dtype, "kind", "") in ("m", "M") and np.isnat(value).any():
        raise TypeError("a time in it is NaT")
    return value.tolist()


def members(sequence: Iterable) -> list:
    """Return what is in a sequence, arrays as `own` does; a text has characters.

    Raises TypeError for what is none: an array of one text too, and a table.
    """
    if isinstance(sequence, np.ndarray) and sequence.ndim == 0:
        raise TypeError("iteration over a 0-d array")
    if is_table(sequence):
        raise TypeError("it is a table: choose one of its columns")
    return list(own(sequence))


def is_table(value: object) -> bool:
    """True for a DataFrame, which iterates over the names of its columns."""
    return hasattr(value, "__dataframe__")


def equals_itself(value: Hashable) -> bool:
    """False for NaN of any type, and for a tuple or a frozen set with NaN in it.

    Such a tuple does equal itself, but no other of the same values.
    """
    if not isinstance(value, (tuple, frozenset)):
        return bool(value == value)
    parts = list(value)
    while parts:  # not by recursion: tuples may be nested deeply
        part = parts.pop()
        if isinstance(part, (tuple, frozenset)):
            parts.extend(part)
        elif not part == part:
            return False
    return True
