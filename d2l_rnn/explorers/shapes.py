"""What stands on a chart: lines and marks, each described in numbers.

A colour is the number of a line's colour, or "text" or "quiet", as the theme of a page
has them. All places are finite numbers, or ValueError is raised.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from d2l_rnn.checks import (
    finite,
    integer,
    non_negative,
    one_of,
    positive,
    real_array,
    truth,
)
from d2l_rnn.explorers.axis import put, words

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

SHAPES = ("ring", "square", "up", "down")  # of marks
EDGES = ("top", "bottom")  # where a mark stands for a value that no axis can hold
NUM_DASHES = 4
FLAGS = {"points", "joined", "hollow", "leaves_ghost", "upright", "hatched"}


@dataclass(frozen=True, eq=False)
class Line:
    """A curve through the points x and y (N,); it has a gap where y is not finite.

    `label` names it in the key. `dash` is the number of its line style. With `points`,
    its points are drawn as dots, `hollow` or filled; without `joined`, nothing else is
    drawn. If `leaves_ghost`, it stays, thin and grey, when a slider moves on.

    Raises ValueError if x and y are not two series of real numbers of the same length,
    if x is not finite or does not rise, and for a look that there is not.
    """

    label: str
    x: ArrayLike
    y: ArrayLike
    colour: int | str = 0
    dash: int = 0
    width: float = 1.8
    points: bool = False
    joined: bool = True
    hollow: bool = False
    size: float = 5
    leaves_ghost: bool = False

    def __post_init__(self):
        put(self, label=words(self.label))
        for name in ("x", "y"):
            found = real_array(
                f"{name} of the line {self.label!r}", getattr(self, name)
            )
            put(self, **{name: found.astype("<f8")})
        if self.x.ndim != 1 or self.x.shape != self.y.shape:
            raise ValueError(
                f"x and y of the line {self.label!r} must both be (N,), got "
                f"{self.x.shape} and {self.y.shape}"
            )
        if not np.isfinite(self.x).all() or (np.diff(self.x) <= 0).any():
            raise ValueError(
                f"x of the line {self.label!r} must be finite and rise, got {self.x}"
            )
        _check(self)
        for name in ("width", "size"):
            put(self, **{name: non_negative(name, getattr(self, name))})

    def is_where(self, other: Line) -> bool:
        """True if both go through the same points."""
        return np.array_equal(self.x, other.x) and np.array_equal(
            self.y, other.y, equal_nan=True
        )

    def ghost(self) -> Line:
        """The line as it stays behind another."""
        return replace(self, label="", colour="quiet", width=1, points=False)

    def for_browser(self) -> dict:
        """The line as figure.js has it: x and y as the bytes of float64."""
        return {**vars(self), "x": self.x.tobytes(), "y": self.y.tobytes()}


@dataclass(frozen=True)
class Level:
    """A horizontal line, with its name at the right."""

    at: float
    label: str = ""
    colour: int | str = "quiet"
    dash: int = 3

    def __post_init__(self):
        _check(self, "at")


@dataclass(frozen=True)
class Vertical:
    """A vertical line."""

    at: float
    colour: int | str = "text"
    dash: int = 3

    def __post_init__(self):
        _check(self, "at")


@dataclass(frozen=True)
class Mark:
    """A mark at (x, y); y is "top" or "bottom" for a value that no axis can hold.

    `shape` is one of SHAPES, or ValueError; `label` names it in the key.
    """

    x: float
    y: float | str
    shape: str = "ring"
    colour: int | str = "text"
    label: str = ""
    size: float = 5

    def __post_init__(self):
        one_of("shape", self.shape, SHAPES)
        is_at_edge = isinstance(self.y, str) and self.y in EDGES
        _check(self, "x", *(() if is_at_edge else ("y",)))
        put(self, size=positive("size", self.size))


@dataclass(frozen=True)
class Band:
    """A pale region across the plot, over heights `low` to `high`, or places of x."""

    low: float
    high: float
    colour: int | str = "quiet"
    label: str = ""
    upright: bool = False  # True: from `low` to `high` of x

    def __post_init__(self):
        _check(self, "low", "high")
        if self.low > self.high:
            raise ValueError(
                f"low of a band must be at most high, got {self.low} and {self.high}"
            )


@dataclass(frozen=True)
class Bar:
    """A bar around x, from the height `low` to `high`; `label` names it in the key."""

    x: float
    width: float
    high: float
    low: float = 0
    colour: int | str = 0
    label: str = ""
    hatched: bool = False

    def __post_init__(self):
        _check(self, "x", "high", "low")
        put(self, width=non_negative("width", self.width))


@dataclass(frozen=True)
class Note:
    """Words at shares of the plot's width and height, from its upper left corner."""

    x: float
    y: float
    label: str
    colour: int | str = "text"
    align: str = "left"

    def __post_init__(self):
        _check(self, "x", "y")
        one_of("align", self.align, ("left", "center", "right"))


@dataclass(frozen=True, eq=False)
class Shades:
    """A table (rows, columns) from -1 to 1, each number a shade of one of two colours.

    The centre of row i and column j is at y = i + 1, x = j + 1. 0 has no colour, and a
    number beyond -1 or 1 that of these.
    """

    table: np.ndarray
    positive: int = 3
    negative: int = 4

    def __post_init__(self):
        table = real_array("table", self.table).astype("<f8")
        if table.ndim != 2 or table.size == 0 or not np.isfinite(table).all():
            raise ValueError(
                "table must be finite numbers of shape (rows, columns), got the shape "
                f"{table.shape} with {int((~np.isfinite(table)).sum())} not finite"
            )
        put(self, table=table)
        _check(self)

    def for_browser(self) -> dict:
        """The shades as figure.js has them: row after row, as bytes of float64."""
        columns = self.table.shape[1]
        return {**vars(self), "table": self.table.tobytes(), "columns": columns}


def _check(part: object, *places: str) -> None:
    """Places must be finite, labels become text, and a look must be one there is.

    A flag must be True or False.
    """
    kind = type(part).__name__.lower()
    for name in places:
        put(part, **{name: finite(f"{name} of a {kind}", getattr(part, name))})
    if hasattr(part, "label"):
        put(part, label=words(part.label))
    for name in FLAGS & {*vars(part)}:
        put(part, **{name: truth(name, getattr(part, name))})
    if hasattr(part, "dash"):
        put(part, dash=integer("dash", part.dash, 0, NUM_DASHES - 1))
    for name in {"colour", "positive", "negative"} & {*vars(part)}:
        value = getattr(part, name)
        if not isinstance(value, str) or value not in ("text", "quiet"):
            what = f"{name} of a {kind} ('text', 'quiet', or a number)"
            put(part, **{name: integer(what, value, 0)})
