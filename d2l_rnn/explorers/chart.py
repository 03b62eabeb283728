"""Charts: described once, in numbers, and drawn twice.

`Chart.for_browser` is what `d2l_rnn/web/src/figure.js` draws, many times a second while
a slider is dragged; `Chart.picture` is the same by matplotlib, to be kept. A colour is
the number of a line's colour, or "text" or "quiet", as the theme of a page has them.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from d2l_rnn.checks import one_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from d2l_rnn.pictures import Picture

SHAPES = ("ring", "square", "up", "down")  # of marks
KINDS = ("bands", "bars", "levels", "verticals", "marks", "notes")


@dataclass(frozen=True)
class Axis:
    """An axis from `low` to `high`.

    `ticks` are where its numbers stand, if given; `names` stand there in their place.

    Raises ValueError unless low < high, both finite, and positive if `log`.
    """

    label: str
    low: float
    high: float
    log: bool = False
    is_whole: bool = False
    ticks: Sequence[float] | None = None
    names: Sequence[str] | None = None

    def __post_init__(self):
        least = 0 if self.log else -np.inf
        if not least < self.low < self.high < np.inf:
            raise ValueError(
                f"low and high of the axis {self.label!r} must be finite and in this "
                f"order{', and positive' if self.log else ''}, got {self.low} and "
                f"{self.high}"
            )

    def for_browser(self) -> dict:
        """The axis as figure.js has it."""
        ticks, names = (None if x is None else [*x] for x in (self.ticks, self.names))
        return {
            "label": self.label, "min": float(self.low), "max": float(self.high),
            "log": self.log, "isWhole": self.is_whole, "ticks": ticks, "names": names,
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class Line:
    """A curve through the points x and y (N,); it has a gap where y is not finite.

    `label` names it in the key. `dash` is the number of its line style. With `points`,
    its points are drawn as dots, `hollow` or filled; without `joined`, nothing else is
    drawn. If `leaves_ghost`, it stays, thin and grey, when a slider moves on.

    Raises ValueError if x and y are not two series of the same length.
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
        for name in ("x", "y"):
            values = np.asarray(getattr(self, name), "<f8")
            object.__setattr__(self, name, values)
        if self.x.ndim != 1 or self.x.shape != self.y.shape:
            raise ValueError(
                f"x and y of the line {self.label!r} must both be (N,), got "
                f"{self.x.shape} and {self.y.shape}"
            )

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


@dataclass(frozen=True)
class Vertical:
    """A vertical line."""

    at: float
    colour: int | str = "text"
    dash: int = 3


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


@dataclass(frozen=True)
class Band:
    """A pale region across the plot, over heights `low` to `high`, or places of x."""

    low: float
    high: float
    colour: int | str = "quiet"
    label: str = ""
    upright: bool = False  # True: from `low` to `high` of x


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


@dataclass(frozen=True)
class Note:
    """Words at shares of the plot's width and height, from its upper left corner."""

    x: float
    y: float
    label: str
    colour: int | str = "text"
    align: str = "left"


@dataclass(frozen=True, eq=False)
class Shades:
    """A table (rows, columns) from -1 to 1, each number a shade of one of two colours.

    The centre of row i and column j is at y = i + 1, x = j + 1. 0 has no colour.
    """

    table: np.ndarray
    positive: int = 3
    negative: int = 4

    def for_browser(self) -> dict:
        """The shades as figure.js has them: row after row, as bytes of float64."""
        table = np.asarray(self.table, "<f8")
        return {**vars(self), "table": table.tobytes(), "columns": table.shape[1]}


@dataclass(frozen=True, eq=False)
class Plot:
    """A pair of axes, `height` pixels tall, and what is drawn on them."""

    x: Axis
    y: Axis
    lines: Sequence[Line] = ()
    height: int = 160
    bands: Sequence[Band] = ()
    bars: Sequence[Bar] = ()
    levels: Sequence[Level] = ()
    verticals: Sequence[Vertical] = ()
    marks: Sequence[Mark] = ()
    notes: Sequence[Note] = ()
    shades: Shades | None = None

    def after(self, before: Plot) -> Plot:
        """This plot, with ghosts of the lines that have moved behind its own."""
        ghosts = [
            line.ghost()
            for line in before.lines
            if line.leaves_ghost and not any(map(line.is_where, self.lines))
        ]
        return replace(self, lines=[*ghosts, *self.lines])

    def for_browser(self) -> dict:
        """The plot as figure.js has it."""
        kinds = {kind: [dict(vars(each)) for each in getattr(self, kind)]
                 for kind in KINDS}  # fmt: skip
        return {
            **self.y.for_browser(), **kinds, "height": self.height,
            "lines": [line.for_browser() for line in self.lines],
            "shades": self.shades and self.shades.for_browser(),
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class Chart:
    """Plots, one above the other; those in a row with the same x axis share it.

    `margin` is the room at the right, in pixels, for the names of levels. `ghost` says
    what the grey lines show.
    """

    plots: Sequence[Plot]
    margin: int = 24
    ghost: str = field(default="", kw_only=True)

    def after(self, before: Chart, name: str) -> Chart:
        """This chart, and behind it the lines of one `before`, where they differ.

        Both must have the same number of plots, or ValueError is raised.
        """
        pairs = zip(self.plots, before.plots, strict=True)
        plots = [now.after(old) for now, old in pairs]
        is_haunted = any(
            len(plot.lines) > len(now.lines)
            for plot, now in zip(plots, self.plots, strict=True)
        )
        return replace(self, plots=plots, ghost=name) if is_haunted else self

    def figures(self) -> list[list[Plot]]:
        """The plots, in groups that share an x axis."""
        return [list(plots) for _, plots in itertools.groupby(self.plots, _x_of)]

    def for_browser(self) -> dict[str, Any]:
        """The chart as figure_view.js has it, to be sent as JSON and buffers."""
        figures = [
            {
                "x": plots[0].x.for_browser(),
                "plots": [plot.for_browser() for plot in plots],
            }
            for plots in self.figures()
        ]
        return {"figures": figures, "right": self.margin, "ghost": self.ghost}

    def picture(self) -> Picture:
        """The chart, drawn by matplotlib."""
        from d2l_rnn.explorers.chart_picture import draw

        return draw(self)


def _x_of(plot: Plot) -> Axis:
    return plot.x
