"""The checks at the door: each returns its value, or says what is allowed."""

from __future__ import annotations

import contextlib
import functools
import math
import numbers
import re
import sys
from collections.abc import Collection, Hashable, Iterable, Mapping, Set
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from d2l_rnn.checks.values import equals_itself, is_table, members
from d2l_rnn.checks.values import own as _plain

if TYPE_CHECKING:  # it is not loaded for the sake of an annotation
    import torch
    from torch import Tensor

Value = TypeVar("Value")


MOST_SHOWN = 300  # characters of a value in a message


def shown(value: object) -> str:
    """A value as a message has it: its repr, cut where it is long.

    A reader's own object may have none; then its type.
    """
    try:
        words = repr(value)
    except Exception:
        return f"a {type(value).__name__}"
    return words if len(words) <= MOST_SHOWN else f"{words[:MOST_SHOWN]} …"


def integer(
    name: str,
    value: object,
    at_least: int,
    at_most: float = sys.maxsize,
    why: str = "",
) -> int:
    """Return `value` as an int from `at_least` to `at_most`, else raise ValueError.

    No array is longer than the default of `at_most`. `why` tells, in the error, where
    the bounds come from: "the series has 10 values".
    """
    ok = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if ok and at_least <= value <= at_most:
        return int(value)
    is_bounded = at_most not in (sys.maxsize, math.inf) or (ok and value > at_most)
    allowed = (
        f"from {at_least} to {at_most}" if is_bounded else f"of at least {at_least}"
    )
    reason = f" ({why})" if why else ""
    raise ValueError(f"{name} must be an integer {allowed}{reason}, got {shown(value)}")


def positive(name: str, value: object, at_most: float = math.inf) -> float:
    """Return `value` as a float over 0 and up to `at_most`, else raise ValueError.

    NaN is refused.
    """
    real = _real(value)
    if 0 < real <= at_most:
        return real
    limit = "" if at_most == math.inf else f" and at most {at_most:g}"
    raise ValueError(
        f"{name} must be a number greater than 0{limit}, got {shown(value)}"
    )


def non_negative(
    name: str, value: object, at_most: float = sys.float_info.max
) -> float:
    """Return `value` as a finite float from 0 to `at_most`, else raise ValueError."""
    real = _real(value)
    if 0 <= real <= at_most:
        return real
    limit = "" if at_most == sys.float_info.max else f" and at most {at_most:g}"
    raise ValueError(
        f"{name} must be a finite number of at least 0{limit}, got {shown(value)}"
    )


def probability(name: str, value: object) -> float:
    """Return `value` as a float from 0 to 1, else raise ValueError."""
    real = _real(value)
    if 0 <= real <= 1:
        return real
    raise ValueError(f"{name} must be a number from 0 to 1, got {shown(value)}")


def one_of(name: str, value: Value, allowed: Collection[Value]) -> Value:
    """Return `value` if it is one of `allowed`, else raise ValueError."""
    # An array of one would equal its only number, but be none of the keys of a dict.
    is_array = isinstance(value, np.ndarray) or getattr(value, "shape", ()) != ()
    with contextlib.suppress(TypeError, ValueError, RuntimeError):  # what has no `==`
        if not is_array and value in allowed:
            return value
    names = ", ".join(repr(choice) for choice in allowed)
    raise ValueError(f"{name} must be one of {names}, got {shown(value)}")


def truth(name: str, value: object) -> bool:
    """Return `value`, True or False, NumPy's too, else raise ValueError."""
    dtype = str(getattr(value, "dtype", type(value).__name__))
    is_one = getattr(value, "shape", ()) == () and not getattr(value, "is_meta", False)
    if is_one and dtype in ("bool", "torch.bool"):
        return bool(value)
    raise ValueError(f"{name} must be True or False, got {shown(value)}")


def string(name: str, value: object) -> str:
    """Return `value` if it is a string, else raise ValueError."""
    if isinstance(value, str):
        return value
    raise ValueError(f"{name} must be a string, got {shown(value)}")


def of_type(kind: type, **values: object) -> None:
    """Raises ValueError for one of them that is of another type."""
    for name, value in values.items():
        if not isinstance(value, kind):
            raise ValueError(
                f"{name} must be of the type {kind.__name__}, got a "
                f"{type(value).__name__}"
            )


def functions(**values: object) -> None:
    """Raises ValueError for one of them that cannot be called."""
    for name, value in values.items():
        if not callable(value):
            raise ValueError(f"{name} must be a function, got {shown(value)}")


def listed(name: str, sequence: Iterable) -> list:
    """Return a sequence as a list, with arrays and tensors in it as Python's own.

    Raises ValueError if it is none, as sets and dicts are.
    """
    try:
        if not isinstance(sequence, (set, frozenset, Mapping)):
            each = members(sequence)
            has_arrays = any(hasattr(kind, "tolist") for kind in {*map(type, each)})
            return [_plain(item) for item in each] if has_arrays else each
    except (TypeError, RuntimeError) as error:
        raise ValueError(f"{name} must be a list: {error}") from None
    raise ValueError(f"{name} must be a list, in an order, got {shown(sequence)}")


def plain(value: Value, name: str = "value") -> Value | list:
    """Return an array or a tensor as lists and numbers of Python, all else as it is.

    Raises ValueError for a tensor without numbers of its own, as on the meta device,
    and where a value is masked or NaT.
    """
    try:
        return _plain(value)
    except (RuntimeError, TypeError) as error:
        raise ValueError(f"{name} must have numbers of its own: {error}") from None


def items(name: str, sequence: Iterable[Hashable], at_least: int = 0) -> list[Hashable]:
    """Return a sequence as a list of hashable items (an array's as Python numbers).

    Raises ValueError if it is none, as a set and a mapping are not, if it has fewer
    items than `at_least`, or if one of them is NaN, which does not even equal itself.
    """
    wanted = f"{name} must be a sequence of hashable items"
    if isinstance(sequence, (Set, Mapping)):
        raise ValueError(f"{wanted}, got a {type(sequence).__name__}")
    try:
        listed = members(sequence)
        if any(hasattr(item, "tolist") for item in set(listed)):
            listed = list(map(_plain, listed))  # two equal tensors have two hashes
        has_nan = not all(map(equals_itself, set(listed)))
    except (TypeError, RuntimeError) as error:
        raise ValueError(f"{wanted}: {error}") from None
    if has_nan:
        raise ValueError(f"{name} must not hold NaN, which does not even equal itself")
    if len(listed) < at_least:
        raise ValueError(
            f"{name} must have a length of at least {at_least}, got {len(listed)}"
        )
    return listed


def item(name: str, value: Hashable) -> Hashable:
    """Return a hashable value, an array's as a Python number, or raise ValueError."""
    try:
        return items(name, [value])[0]
    except ValueError:
        raise ValueError(
            f"{name} must be hashable and not NaN, got {shown(value)}"
        ) from None


def array(name: str, values: ArrayLike) -> np.ndarray:
    """Return real numbers, of any shape, as a new float64 array.

    Raises ValueError for anything else, such as complex numbers, text or a masked
    value, and for a number that is too large for a float.
    """
    if isinstance(values, (bytes, bytearray)) or np.ma.is_masked(values):
        raise ValueError(
            f"{name} must hold real numbers, got a {type(values).__name__}"
        )
    try:
        is_tensor = hasattr(values, "detach")  # of any dtype, perhaps with gradients
        found = np.asarray(_plain(values) if is_tensor else values)
        if found.dtype.kind not in "biuf" and not _are_real(found):
            raise TypeError(f"got {found.dtype.type.__name__} values")
        return _as_float64(found)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise ValueError(f"{name} must hold real numbers: {error}") from None


def _as_float64(found: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        real = found.astype(np.float64)
    if (np.isinf(real) & (real != found)).any():
        raise OverflowError("one is too large for a float")
    return real


def real_array(name: str, values: object) -> np.ndarray:
    """What is to be drawn, as `array` returns it: with gaps, and from any iterable.

    None, and what a masked array hides, become NaN; tensors may stand in lists. Raises
    ValueError as `array` does.
    """
    try:
        return array(name, _without_gaps(values))
    except (RuntimeError, TypeError) as error:  # a tensor without numbers, or NaT
        raise ValueError(f"{name} must hold real numbers: {error}") from None


def finite(name: str, value: object) -> float:
    """Return a number, or an array or tensor of one, as a finite float.

    Anything else raises ValueError.
    """
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    found = real_array(name, value)
    if found.size == 1 and math.isfinite(found.item()):
        return found.item()
    raise ValueError(f"{name} must be a finite number, got {shown(value)}")


def is_integer(array: np.ndarray | Tensor) -> bool:
    """True for an array or a tensor of whole numbers, which truth values are not."""
    return _is_of_integers(getattr(array, "dtype", None))


@functools.cache
def _is_of_integers(dtype: np.dtype | torch.dtype) -> bool:
    name = getattr(dtype, "name", str(dtype))
    return re.fullmatch(r"(torch\.)?u?int\d+", name) is not None


def _without_gaps(values: object) -> object:
    """Iterables as lists of Python's numbers, and NaN for what there is not."""
    if values is None:
        return math.nan
    if np.ma.isMaskedArray(values):
        return values.astype(float).filled(math.nan)
    if isinstance(values, (str, bytes, bytearray, Set, Mapping, np.ndarray)):
        return values
    if is_table(values):
        return np.asarray(values)
    if hasattr(values, "tolist"):
        return _plain(values)
    if not isinstance(values, Iterable) or isinstance(values, range):
        return values
    found = list(values)
    has_parts = any(not isinstance(each, numbers.Number) for each in found)
    return list(map(_without_gaps, found)) if has_parts else found


def _are_real(objects: np.ndarray) -> bool:
    """True for an array of fractions, say, or of integers too large for an int64."""
    is_real = (isinstance(value, (numbers.Real, Decimal)) for value in objects.flat)
    return objects.dtype.kind == "O" and all(is_real)


def _real(value: object) -> float:
    """A real number as a float; what is none as NaN, which no comparison lets in."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.nan
