"""Charts: described once, in numbers, and drawn twice.

`Chart.for_browser` is what `d2l_rnn/web/src/figure.js` draws, many times a second while
a slider is dragged; `Chart.picture` is the same by matplotlib, to be kept. A colour is
the number of a line's colour, or "text" or "quiet", as the theme of a page has them.
"""

from __future__ import annotations

import itertools
import reprlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from d2l_rnn.checks import finite, of_type, positive, shown
from d2l_rnn.explorers.axis import Axis
from d2l_rnn.explorers.shapes import (
    Band,
    Bar,
    Level,
    Line,
    Mark,
    Note,
    Shades,
    Vertical,
)

if TYPE_CHECKING:
    from d2l_rnn.pictures import Picture

__all__ = [
    "Axis", "Band", "Bar", "Chart", "Level", "Line", "Mark", "Note", "Plot", "Shades",
    "Vertical",
]  # fmt: skip
KINDS = {
    "bands": Band, "bars": Bar, "levels": Level, "verticals": Vertical, "marks": Mark,
    "notes": Note,
}  # fmt: skip
WIDEST_MARGIN = 400  # pixels of the 640 that a picture is wide


@dataclass(frozen=True, eq=False)
class Plot:
    """A pair of axes, `height` pixels tall, and what is drawn on them.

    Raises ValueError for parts that are not of these kinds, for a height that is not
    over 0 and up to 2,000, and for a line, level, vertical, mark or bar at 0 or less on
    a logarithmic axis.
    """

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

    def __post_init__(self):
        for name, kind in {"lines": Line, **KINDS}.items():
            parts = _all_are(name, getattr(self, name), kind)
            object.__setattr__(self, name, parts)
        for name, kind in (("x", Axis), ("y", Axis), ("shades", Shades)):
            part = getattr(self, name)
            if not isinstance(part, kind) and (part is not None or kind is Axis):
                raise ValueError(f"{name} must be {kind.__name__}, got {shown(part)}")
        positive("height", self.height, 2000)
        if self.x.log:
            places = [each.x for each in (*self.lines, *self.marks, *self.bars)]
            _check_log("x", [*places, *(each.at for each in self.verticals)])
        if self.y.log:
            heights = [each.y for each in (*self.lines, *self.marks)]
            heights += [bar.high for bar in self.bars]
            _check_log("y", [*heights, *(level.at for level in self.levels)])

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

    Raises ValueError if there is no plot, or for a margin that is not from 0 to 400.
    """

    plots: Sequence[Plot]
    margin: int = 24
    ghost: str = field(default="", kw_only=True)

    def __post_init__(self):
        object.__setattr__(self, "plots", _all_are("plots", self.plots, Plot))
        if not self.plots:
            raise ValueError("plots must have at least one plot, got none")
        if not 0 <= finite("margin", self.margin) <= WIDEST_MARGIN:
            raise ValueError(
                f"margin must be from 0 to {WIDEST_MARGIN} pixels, "
                f"got {shown(self.margin)}"
            )

    def after(self, before: Chart, name: str) -> Chart:
        """This chart, and behind it the lines of one `before`, where they differ.

        Both must have the same number of plots, or ValueError is raised.
        """
        of_type(Chart, before=before)
        if len(before.plots) != len(self.plots):
            raise ValueError(
                f"before must have {len(self.plots)} plots, got {len(before.plots)}"
            )
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


def _all_are(name: str, parts: Iterable, kind: type) -> tuple:
    """The parts, all of one kind; ValueError if there is another among them."""
    is_set = isinstance(parts, (set, frozenset))  # without an order
    found = tuple(parts) if isinstance(parts, Iterable) and not is_set else None
    if found is None or not all(isinstance(part, kind) for part in found):
        raise ValueError(
            f"{name} must be a sequence of {kind.__name__}, got {reprlib.repr(parts)}"
        )
    return found


def _check_log(name: str, values: Iterable) -> None:
    for value in values:
        if not isinstance(value, str) and np.any(value <= 0):
            raise ValueError(
                f"{name} must be greater than 0 on a logarithmic axis, got "
                f"{reprlib.repr(value)}"
            )
