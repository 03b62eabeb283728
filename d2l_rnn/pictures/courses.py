"""Numbers in words: how a curve runs, where a table or bars are highest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike


def number(value: float) -> str:
    """A number as it is read: whole, or with 3 digits."""
    value = float(value)
    if not np.isfinite(value):
        sign = "minus " if value < 0 else ""
        return "undefined" if np.isnan(value) else f"{sign}infinite"
    if value.is_integer() and abs(value) < 1e9:
        return f"{int(value):,}"
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.10g}" if 1e-4 <= abs(rounded) < 1e9 else f"{value:.3g}"


def course(values: Sequence[float]) -> str:
    """How a curve runs: "falls from 17.5 to 1.3"."""
    values = finite(values)
    if not len(values):
        return "has no finite value"
    low, high, first, last = (
        float(each) for each in (values.min(), values.max(), values[0], values[-1])
    )
    if number(low) == number(high):
        return (
            f"is {number(first)}" if len(values) == 1 else f"stays at {number(first)}"
        )
    tolerance = 0.05 * (high - low)
    if min(first, last) - low > tolerance or high - max(first, last) > tolerance:
        return (
            f"goes from {number(first)} to {number(last)}, "
            f"between {number(low)} and {number(high)}"
        )
    verb = "rises" if last > first else "falls"
    return f"{verb} from {number(first)} to {number(last)}"


def summary(matrix: np.ndarray, rows: Sequence[str], columns: Sequence[str]) -> str:
    """The lowest and the highest value of a matrix, and where they are."""
    values = finite(matrix)
    if not len(values):
        return "No value is finite"
    low, high = values.min(), values.max()
    num_high = int((values == high).sum())
    if num_high == matrix.size:
        return f"All {num_high:,} values are {number(high)}"
    if num_high + (values == low).sum() == matrix.size:
        return f"{num_high:,} values are {number(high)}, the others {number(low)}"

    def place(value: float) -> str:
        row, column = np.argwhere(matrix == value)[0]
        return f"{number(value)} at {rows[row]}, column {columns[column]}"

    num_others = matrix.size - len(values)
    others = f"{counted(num_others, 'value')} not finite. " if num_others else ""
    return f"{others}From {place(low)} to {place(high)}"


def ends(pairs: Sequence[tuple[float, str]]) -> str:
    """The lowest and the highest of many bars (value, name)."""
    seen = [pair for pair in pairs if np.isfinite(pair[0])]
    if not seen:
        return "no finite value"
    (low, lowest), (high, highest) = min(seen), max(seen)
    more = f", {len(pairs) - len(seen):,} not finite" if len(seen) < len(pairs) else ""
    return f"from {number(low)} at {lowest} to {number(high)} at {highest}{more}"


def first_gap(epochs: Sequence[int], values: Sequence[float]) -> int | None:
    """The first epoch without a finite value; None if there is no such epoch."""
    pairs = zip(epochs, values, strict=True)
    return next((epoch for epoch, each in pairs if not np.isfinite(each)), None)


@np.errstate(all="ignore")
def correlation(x: Sequence[float], y: Sequence[float]) -> str:
    """Of points (x, y), as the end of a phrase; empty if there is none."""
    pairs = np.array([x, y], dtype=float)
    x, y = pairs[:, np.isfinite(pairs).all(axis=0)]
    if len(x) < 3 or x.min() == x.max() or y.min() == y.max():
        return ""
    x, y = x / abs(x).max(), y / abs(y).max()  # squares of large numbers overflow
    return f", correlation {number(np.corrcoef(x, y)[0, 1])}"


def finite(values: ArrayLike) -> np.ndarray:
    """The finite ones among values, (N,)."""
    values = np.asarray(values, dtype=float).ravel()
    return values[np.isfinite(values)]


def span(values: np.ndarray) -> str:
    """The lowest and the highest: "1 to 20"."""
    if not len(values):
        return "without a value"
    low, high = number(values.min()), number(values.max())
    return low if low == high else f"{low} to {high}"


def counted(count: int, what: str, plural: str = "s") -> str:
    """A number of things: "1 row", "2 rows"."""
    return f"{count:,} {what}{'' if count == 1 else plural}"
