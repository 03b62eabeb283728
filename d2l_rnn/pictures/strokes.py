"""The parts of figures: curves and levels, their names, and what stands on axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from d2l_rnn.pictures import GREY, LINE_STYLES, draw_level, lettering, log_ticks, style

MANY, MANY_POINTS = 100, 100_000  # curves, and their points
FAR = 1e200  # from here on, an axis has no room for margins
MOST_TICKS, WIDEST = 60, 28  # names along an axis, and the columns of each
# Of red, green and blue; below DARK, white is read better than black (WCAG).
LUMINANCE, DARK = np.array([0.2126, 0.7152, 0.0722]), 0.18


def draw_curve(axes: Axes, x: ArrayLike, y: ArrayLike, **look) -> Line2D:
    """A curve with gaps where y is NaN, and a dot for a point that stands alone."""
    seen = np.pad(np.isfinite(np.asarray(y, float)), 1)
    alone = np.flatnonzero(seen[1:-1] & ~seen[:-2] & ~seen[2:]).tolist()
    marker = {"marker": "o", "markevery": alone} if alone else {}
    (line,) = axes.plot(x, y, **marker | look)
    return line


def draw_levels(axes: Axes, levels: Mapping[str, float]) -> None:
    """Horizontal lines {label: y}, which differ from each other."""
    for i, (label, level) in enumerate(levels.items()):
        draw_level(axes, level, label, LINE_STYLES[-1 - i % 4])


def set_log(axes: Axes, names: str) -> None:
    """Make the axes that are named, of all that is drawn by now, logarithmic."""
    ends = {name: getattr(axes.dataLim, f"{name}1") for name in names}
    for name, end in ends.items():  # a margin would end beyond the largest numbers
        if end > FAR:
            axes.margins(**{name: 0})
    axes.set(**{f"{name}scale": "log" for name in names})
    for name, end in ends.items():
        if not np.isfinite(end):  # nothing is drawn
            axes.set(**{f"{name}lim": (1, 10)})
        log_ticks(getattr(axes, f"{name}axis"))


def name_curves(
    axes: Axes, named: Sequence[tuple[Artist, object, ArrayLike]], at_least: int = 2
) -> None:
    """A legend of artists with their labels and values, if there are so many.

    One without a value has a name in any case, which says so: it is nowhere else.
    """
    is_empty = [not np.isfinite(np.asarray(y, float)).any() for _, _, y in named]
    if len(named) >= at_least or any(is_empty):
        labels = [
            f"{lettering.text_of(label)} (no finite value)".strip() if empty else label
            for (_, label, _), empty in zip(named, is_empty, strict=True)
        ]
        artists = [artist for artist, *_ in named]
        is_much = len(named) > MANY or sum(len(y) for *_, y in named) > MANY_POINTS
        place = "upper right" if is_much else "best"  # which takes long to find
        lettering.legend(axes, artists, labels, frameon=False, loc=place)


def mark_end(axes: Axes, epoch: int, words: str, i: int) -> None:
    """A cross at the top in the colour of run i, and what has happened there."""
    top = axes.get_ylim()[1]
    look = {"marker": "X", "markersize": 9, "color": style(i)["color"]}
    axes.plot(epoch, top, clip_on=False, **look)
    axes.annotate(
        words, (epoch, top), xytext=(8, -4), textcoords="offset points",
        fontsize="small",
    )  # fmt: skip


def write_ticks(axis: Axis, names: Sequence[str]) -> None:
    """The names at 0, 1, 2 …; of many, some."""
    step = -(-len(names) // MOST_TICKS)
    words = [lettering.written(lettering.shortened(name, WIDEST)) for name in names]
    axis.set_ticks(range(0, len(names), step), words[::step])


def write_values(
    axes: Axes, matrix: np.ndarray, digits: int, colours: np.ndarray
) -> None:
    """Each value in its cell of a heat map, white where `colours`, RGBA, are dark."""
    luminances = colours[..., :3] ** 2.2 @ LUMINANCE  # (N, M)
    for (row, column), value in np.ndenumerate(matrix):
        kind = "f" if abs(value) < 1e9 else "e"  # which would not fit
        axes.text(
            column, row, f"{value:.{digits}{kind}}", ha="center", va="center",
            color="white" if luminances[row, column] < DARK else "black",
        )  # fmt: skip


def write_missing(axes: Axes, places: np.ndarray, values: np.ndarray) -> None:
    """What a value is, in place of a bar, where it is not finite."""
    for place, value in zip(places, values, strict=True):
        if not np.isfinite(value):
            word = "NaN" if np.isnan(value) else "∞" if value > 0 else "−∞"
            axes.text(place, 0, word, ha="center", va="bottom", color=GREY)
