"""The checks at the door: each returns its value, or says what is allowed."""

from __future__ import annotations

import math
import numbers
import re
import sys
from collections.abc import Collection, Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:  # neither is loaded for the sake of an annotation
    from numpy import ndarray
    from torch import Tensor

Value = TypeVar("Value")


def integer(
    name: str,
    value: object,
    at_least: int,
    at_most: int | None = None,
    why: str = "",
) -> int:
    """Return `value` as an int from `at_least` to `at_most`, else raise ValueError.

    `why` tells, in the error, where the bounds come from: "the series has 10 values".
    """
    ok = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if ok and at_least <= value and (at_most is None or value <= at_most):
        return int(value)
    allowed = (
        f"of at least {at_least}"
        if at_most is None
        else f"from {at_least} to {at_most}"
    )
    reason = f" ({why})" if why else ""
    raise ValueError(f"{name} must be an integer {allowed}{reason}, got {value!r}")


def positive(name: str, value: object, at_most: float = math.inf) -> float:
    """Return `value` as a float over 0 and up to `at_most`, else raise ValueError.

    NaN is refused.
    """
    if _is_real(value) and 0 < value <= at_most:
        return float(value)
    limit = "" if at_most == math.inf else f" and at most {at_most:.3g}"
    raise ValueError(f"{name} must be a number greater than 0{limit}, got {value!r}")


def non_negative(
    name: str, value: object, at_most: float = sys.float_info.max
) -> float:
    """Return `value` as a finite float of at least 0, else raise ValueError."""
    if _is_real(value) and 0 <= value <= at_most:
        return float(value)
    limit = "" if at_most == sys.float_info.max else f" and at most {at_most:.3g}"
    raise ValueError(
        f"{name} must be a finite number of at least 0{limit}, got {value!r}"
    )


def one_of(name: str, value: Value, allowed: Collection[Value]) -> Value:
    """Return `value` if it is one of `allowed`, else raise ValueError."""
    if value in allowed:
        return value
    names = ", ".join(repr(choice) for choice in allowed)
    raise ValueError(f"{name} must be one of {names}, got {value!r}")


def truth(name: str, value: object) -> bool:
    """Return `value`, True or False, NumPy's too, else raise ValueError."""
    dtype = str(getattr(value, "dtype", type(value).__name__))
    if dtype in ("bool", "torch.bool") and getattr(value, "shape", ()) == ():
        return bool(value)
    raise ValueError(f"{name} must be True or False, got {value!r}")


def string(name: str, value: object) -> str:
    """Return `value` if it is a string, else raise ValueError."""
    if isinstance(value, str):
        return value
    raise ValueError(f"{name} must be a string, got {value!r}")


def listed(name: str, sequence: Iterable) -> list:
    """Return a sequence as a list, with arrays and tensors in it as Python's own.

    Raises ValueError if it is none, as sets and dicts are.
    """
    try:
        each = plain(sequence)
        if not isinstance(each, (set, frozenset, Mapping)):
            each = list(each)
            has_arrays = any(hasattr(kind, "tolist") for kind in {*map(type, each)})
            return [plain(item) for item in each] if has_arrays else each
    except (TypeError, RuntimeError) as error:
        raise ValueError(f"{name} must be a list: {error}") from None
    raise ValueError(f"{name} must be a list, in an order, got {sequence!r}")


def plain(value: Value) -> Value | list:
    """Return an array or a tensor as lists and numbers of Python, all else as it is."""
    return value.tolist() if hasattr(value, "tolist") else value


def items(name: str, sequence: Iterable[Hashable], at_least: int = 0) -> list[Hashable]:
    """Return a sequence as a list of hashable items (an array's as Python numbers).

    Raises ValueError if it is none, or has fewer items than `at_least`.
    """
    try:
        listed = sequence.tolist() if hasattr(sequence, "tolist") else list(sequence)
        set(listed)
    except TypeError as error:
        raise ValueError(
            f"{name} must be a sequence of hashable items: {error}"
        ) from None
    if len(listed) < at_least:
        raise ValueError(
            f"{name} must have a length of at least {at_least}, got {len(listed)}"
        )
    return listed


def is_integer(array: ndarray | Tensor) -> bool:
    """True for an array or a tensor of whole numbers, which truth values are not."""
    dtype = getattr(array.dtype, "name", str(array.dtype))
    return re.fullmatch(r"(torch\.)?u?int\d+", dtype) is not None


def _is_real(value) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
