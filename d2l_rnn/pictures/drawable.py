"""The numbers of a picture, checked before anything is drawn.

Each function returns them as they can be drawn. What cannot be raises ValueError, with
the name of the argument, what came and what is allowed. Numbers may be lists, other
iterables, arrays or tensors (`checks.real_array`).
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from d2l_rnn.checks import finite, integer, one_of, real_array, shown
from d2l_rnn.checks.values import is_table

MOST = 1e300  # the size of a number; larger ones overflow while axes are laid out

MOST_ROWS = 1000  # of all minibatches in one picture
MOST_STEPS = 200  # of an unrolled network: a longer one is too wide for a picture
LAST = 2**53  # position: a float64 counts no further

Pair = tuple[np.ndarray, np.ndarray]


def series(name: str, values: ArrayLike, is_log: bool = False) -> np.ndarray:
    """Numbers (N,), or a column (N, 1), as float64 (N,), for a logarithmic axis or not.

    NaN and infinity are gaps. Raises ValueError for anything else than such numbers, up
    to 1e300 in size and positive where the axis is logarithmic.
    """
    found = real_array(name, values)
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.ndim != 1:
        raise ValueError(
            f"{name} must be numbers of shape (N,), got the shape {found.shape}"
        )
    found = _not_too_large(name, found)
    if is_log and (found <= 0).any():
        raise ValueError(
            f"{name} must be greater than 0 on a logarithmic axis, "
            f"got {found[found <= 0][0]:g}"
        )
    return found


def pairs(name: str, given: Mapping[Any, tuple] | None, log: str = "") -> dict:
    """Curves {label: (x, y)}, with NaN for points that have a gap in x or in y.

    `log` names the axes that are logarithmic: "", "x", "y" or "xy". Raises ValueError
    for anything else, as `series` does, and for x and y that are not equally long.
    """
    one_of("log", log, ("", "x", "y", "xy"))
    found = {}
    for label, pair in mapping(name, given, "{label: (x, y)}").items():
        where = f"{name}[{shown(label)}]"
        try:
            x, y = in_order(pair)
        except (TypeError, ValueError):
            raise ValueError(
                f"{where} must be a pair (x, y), got {reprlib.repr(pair)}"
            ) from None
        x = series(f"x of {where}", x, "x" in log)
        y = series(f"y of {where}", y, "y" in log)
        if len(x) != len(y):
            raise ValueError(
                f"x and y of {where} must be equally long, got {len(x)} and {len(y)}"
            )
        gaps = ~(np.isfinite(x) & np.isfinite(y))
        found[label] = np.where(gaps, np.nan, x), np.where(gaps, np.nan, y)
    return found


def levels(name: str, given: Mapping[Any, float] | None, log: str = "") -> dict:
    """Levels {label: y}, which must be finite, and positive if `log` has a y."""
    found = {}
    for label, level in mapping(name, given, "{label: number}").items():
        where = f"{name}[{shown(label)}]"
        (found[label],) = series(where, [finite(where, level)], "y" in log).tolist()
    return found


def mapping(name: str, given: Mapping | None, form: str) -> Mapping:
    """A mapping; None is an empty one.

    Anything else raises ValueError, which names the `form` it must have.
    """
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise ValueError(f"{name} must be a dict {form}, got {reprlib.repr(given)}")
    return given


def matrix(name: str, values: ArrayLike) -> np.ndarray:
    """Numbers (rows, columns), at least one of each, as float64; float32 stays that.

    Raises ValueError for another shape, or for what is not a real number up to 1e300.
    """
    found = real_array(name, values)
    if found.ndim != 2 or found.size == 0:
        raise ValueError(
            f"{name} must be numbers of shape (rows, columns), with at least one, "
            f"got the shape {found.shape}"
        )
    is_single = str(getattr(values, "dtype", "")).endswith("float32")
    return _not_too_large(name, found.astype(np.float32) if is_single else found)


def with_gaps(values: np.ndarray) -> np.ndarray:
    """The values, with NaN in place of infinity."""
    is_infinite = np.isinf(values)
    return np.where(is_infinite, np.nan, values) if is_infinite.any() else values


def names(name: str, given: Iterable | None, count: int, what: str) -> list | None:
    """As many names as there are rows or columns, of which `what` tells; or None.

    Raises ValueError if there are more or fewer.
    """
    if given is None:
        return None
    found = labels(name, given)
    if len(found) != count:
        raise ValueError(
            f"{name} must be {count} names, one for each {what}, got {len(found)}"
        )
    return found


def labels(name: str, given: Iterable) -> list:
    """Labels as a list; raises ValueError if there is none, and for a set."""
    try:
        found = in_order(given)
    except TypeError:
        raise ValueError(
            f"{name} must be a sequence of labels, in an order, "
            f"got {reprlib.repr(given)}"
        ) from None
    if not found:
        raise ValueError(f"{name} must have at least one label, got none")
    return found


def in_order(given: Iterable) -> list:
    """A sequence as a list; raises TypeError if it is none: a set or a table."""
    if isinstance(given, (set, frozenset)) or is_table(given):
        raise TypeError("it has no order")
    return list(given)


def steps(num_steps: int) -> int:
    """The time steps of an unrolled network; ValueError unless they are 1 to 200."""
    return integer("num_steps", num_steps, 1, MOST_STEPS)


def positions(minibatches: Iterable[ArrayLike]) -> list[np.ndarray]:
    """Minibatches of positions (batch_size, num_steps), whose rows have no gap.

    Raises ValueError if there is none, or if one is anything else.
    """
    try:
        given = in_order(minibatches)
    except TypeError:
        given = None
    if given is None or isinstance(minibatches, Mapping):
        raise ValueError(
            f"minibatches must be a sequence, got {reprlib.repr(minibatches)}"
        )
    found = []
    for i, X in enumerate(given):
        name = f"minibatch {i} of minibatches"
        X = matrix(name, X)
        are_positions = ((X >= 0) & (X <= LAST) & (np.floor(X) == X)).all()
        if not are_positions or (np.diff(X) != 1).any():
            raise ValueError(
                f"{name} must hold positions in the corpus, each row k, k + 1, …, "
                f"got {reprlib.repr(X.tolist())}"
            )
        found.append(X.astype(int))
    if not found:
        raise ValueError("minibatches must have at least one minibatch, got none")
    if (count := sum(map(len, found))) > MOST_ROWS:
        raise ValueError(
            f"minibatches must have at most {MOST_ROWS:,} subsequences to be told "
            f"apart, got {count:,}"
        )
    return found


def vectors(name: str, values: ArrayLike, at_most: float) -> np.ndarray:
    """Numbers (N, 2), at least one pair, as float64.

    Raises ValueError for another shape, or numbers that are not finite or too large.
    """
    found = matrix(name, values).astype(float)
    if found.shape[1] != 2:
        raise ValueError(f"{name} must be of shape (N, 2), got {found.shape}")
    if not (np.abs(found) <= at_most).all():
        raise ValueError(
            f"{name} must be finite and at most {at_most:g} in size, got "
            f"{reprlib.repr(found.tolist())}"
        )
    return found


def numbers_by_name(
    name: str, groups: Mapping[Any, Sequence[float]], count: int, what: str = "label"
) -> dict[Any, np.ndarray]:
    """Groups {name: values}, at least one, each with one value for each `what`.

    Raises ValueError if there is none, and as `as_many` does.
    """
    found = {
        label: as_many(f"{name}[{shown(label)}]", values, count, what)
        for label, values in mapping(name, groups, "{name: values}").items()
    }
    if not found:
        raise ValueError(f"{name} must have at least one group, got none")
    return found


def as_many(name: str, values: ArrayLike, count: int, what: str) -> np.ndarray:
    """Numbers as `series` returns them, if they are `count`, one for each `what`.

    Raises ValueError if they are not, and as `series` does.
    """
    found = series(name, values)
    if len(found) != count:
        raise ValueError(
            f"{name} must have {count} values, one for each {what}, got {len(found)}"
        )
    return found


def _not_too_large(name: str, values: np.ndarray) -> np.ndarray:
    sizes = np.abs(values[np.isfinite(values)])
    if sizes.size and float(sizes.max()) > MOST:
        raise ValueError(
            f"{name} must be at most {MOST:g} in size, got {sizes.max():g}"
        )
    return values
