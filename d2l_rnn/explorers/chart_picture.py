"""Charts as pictures, by matplotlib: what a notebook keeps of a panel."""

from __future__ import annotations

import itertools
from operator import attrgetter

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba_array
from matplotlib.ticker import MaxNLocator

from d2l_rnn.explorers.chart import Axis, Band, Bar, Chart, Line, Mark, Plot, Shades
from d2l_rnn.pictures import (
    ANY_SIZE,
    COLOURS,
    GREY,
    LINE_STYLES,
    PER_INCH,
    Picture,
    decorate,
    draw_level,
    log_ticks,
)
from d2l_rnn.pictures.lettering import as_it_is

# Pixels of the page: the width, the left margin, and what stands above and below axes.
WIDTH, LEFT, KEY, NUMBERS, GAP = 640, 78, 24, 40, 8
SMALL = {"fontsize": 8.5}
NAMES = {"text": "black", "quiet": GREY}
# matplotlib's letter for each shape of a mark.
MARKERS = {"ring": "o", "square": "s", "up": "^", "down": "v"}
BAR_LOOK = attrgetter("label", "colour", "hatched")
SHOWN = "\u2060"  # a mark without width
EDGES = {"bottom": 0.03, "top": 0.97}
MARK_LOOK = attrgetter("label", "shape", "colour")


@ANY_SIZE
def draw(chart: Chart) -> Picture:
    """The chart, with a key above each plot."""
    lasts = {id(plots[-1]) for plots in chart.figures()}
    heights = [
        KEY + plot.height + (NUMBERS if id(plot) in lasts else GAP)
        for plot in chart.plots
    ]
    whole, width = sum(heights), (WIDTH - LEFT - chart.margin) / WIDTH
    figure = Picture(WIDTH / PER_INCH, whole / PER_INCH, layout="none")
    tops = itertools.accumulate(heights, initial=KEY)
    for plot, top in zip(chart.plots, tops, strict=False):
        bottom = 1 - (top + plot.height) / whole
        axes = figure.add_axes((LEFT / WIDTH, bottom, width, plot.height / whole))
        axes.yaxis.set_label_coords(-0.8 * LEFT / WIDTH / width, 0.5)
        _draw_plot(axes, plot, id(plot) in lasts)
    return figure


def _draw_plot(axes: Axes, plot: Plot, is_last: bool) -> None:
    decorate(axes, "", "")
    axes.set_xlabel(as_it_is(plot.x.label) if is_last else "", labelpad=1, **SMALL)
    axes.set_ylabel(as_it_is(plot.y.label), **SMALL)
    for which, axis in (("x", plot.x), ("y", plot.y)):
        _set(axes, which, axis)
    axes.tick_params(labelsize=SMALL["fontsize"], labelbottom=is_last)
    if plot.shades is not None:
        _draw_shades(axes, plot.shades)
    for band in plot.bands:
        _draw_band(axes, band)
    for _, bars in itertools.groupby(plot.bars, BAR_LOOK):
        _draw_bars(axes, list(bars))
    for line in plot.lines:
        _draw_line(axes, line)
    _draw_straight(axes, plot)
    for _, marks in itertools.groupby(plot.marks, MARK_LOOK):
        _draw_marks(axes, list(marks))
    for note in plot.notes:
        axes.text(
            note.x, 1 - note.y, as_it_is(note.label), color=colour_of(note.colour),
            va="center", ha=note.align, transform=axes.transAxes, **SMALL,
        )  # fmt: skip
    _draw_key(axes)


def _set(axes: Axes, which: str, axis: Axis) -> None:
    """Limits, scale and ticks of one of the two axes."""
    drawn = getattr(axes, f"{which}axis")
    axes.set(**{f"{which}scale": "log" if axis.log else "linear"})
    axes.set(**{f"{which}lim": (axis.low, axis.high)})
    if axis.ticks is not None:
        names = None if axis.names is None else [*map(as_it_is, axis.names)]
        drawn.set_ticks(axis.ticks, labels=names)
    elif axis.log:
        log_ticks(drawn)
    else:
        most = 8 if which == "x" else 5
        steps = [1, 2, 5, 10]
        drawn.set_major_locator(MaxNLocator(most, integer=axis.is_whole, steps=steps))


def _draw_shades(axes: Axes, shades: Shades) -> None:
    table = np.clip(shades.table, -1, 1)
    colours = np.array([colour_of(each) for each in (shades.negative, shades.positive)])
    rgba = to_rgba_array(colours[(table > 0).astype(int)].ravel(), abs(table).ravel())
    rows, columns = table.shape
    axes.grid(visible=False)
    axes.imshow(
        rgba.reshape(rows, columns, 4), aspect="auto", interpolation="nearest",
        extent=(0.5, columns + 0.5, rows + 0.5, 0.5),
    )  # fmt: skip


def _draw_band(axes: Axes, band: Band) -> None:
    ends, span = (band.low, band.high), axes.axvspan
    if not band.upright:
        ends, span = np.clip(ends, *axes.get_ylim()), axes.axhspan
    colour = colour_of(band.colour)
    span(*ends, color=colour, alpha=0.13, linewidth=0, label=_key_of(band))


def _draw_bars(axes: Axes, bars: list[Bar]) -> None:
    """Bars of one look, which is faster than one by one."""
    places, lows = [bar.x for bar in bars], [bar.low for bar in bars]
    heights = [bar.high - bar.low for bar in bars]
    axes.bar(
        places, heights, [bar.width for bar in bars], lows, zorder=2, linewidth=0,
        color=colour_of(bars[0].colour), hatch="//" if bars[0].hatched else None,
        edgecolor="white", label=_key_of(bars[0]),
    )  # fmt: skip


def _draw_line(axes: Axes, line: Line) -> None:
    axes.plot(
        line.x, np.where(np.isfinite(line.y), line.y, np.nan), linewidth=line.width,
        color=colour_of(line.colour), marker="o" if line.points else None,
        linestyle=LINE_STYLES[line.dash] if line.joined else "",
        markerfacecolor="white" if line.hollow else colour_of(line.colour),
        markersize=0.7 * line.size, label=_key_of(line),
    )  # fmt: skip


def _draw_straight(axes: Axes, plot: Plot) -> None:
    for level in plot.levels:
        name = as_it_is(level.label)
        for each in draw_level(axes, level.at, name, LINE_STYLES[level.dash]):
            each.set_color(colour_of(level.colour))
    for each in plot.verticals:
        look = {"color": colour_of(each.colour), "linestyle": LINE_STYLES[each.dash]}
        axes.axvline(each.at, linewidth=1.2, zorder=1, **look)


def _draw_marks(axes: Axes, marks: list[Mark]) -> None:
    """Marks of one look: those on the axes, and those at an edge."""
    for is_at_edge in (False, True):
        some = [mark for mark in marks if (mark.y in EDGES) == is_at_edge]
        if not some:
            continue
        axes.plot(
            [mark.x for mark in some], [EDGES.get(mark.y, mark.y) for mark in some],
            MARKERS[some[0].shape], color=colour_of(some[0].colour),
            markersize=1.8 * some[0].size, markerfacecolor="none", markeredgewidth=2,
            clip_on=False, zorder=3, label=_key_of(some[0]),
            transform=axes.get_xaxis_transform() if is_at_edge else axes.transData,
        )  # fmt: skip


def _draw_key(axes: Axes) -> None:
    """The names of what is drawn, each once, with its first look, in a row above."""
    named: dict = {}
    for handle, name in zip(*axes.get_legend_handles_labels(), strict=True):
        named.setdefault(name, handle)
    if named:
        key = axes.legend(
            named.values(), named.keys(), loc="lower left", ncols=len(named),
            bbox_to_anchor=(-0.02, 0.98), frameon=False, columnspacing=1.2,
            handlelength=1.5, borderpad=0.1, **SMALL,
        )  # fmt: skip
        for text in key.get_texts():
            text.set_text(as_it_is(text.get_text().removeprefix(SHOWN)))


def _key_of(part: Band | Bar | Line | Mark) -> str | None:
    """The name of a part in the key, where matplotlib has none that begins with _."""
    return f"{SHOWN}{part.label}" if part.label.startswith("_") else part.label or None


def colour_of(colour: int | str) -> str:
    """The colour that a number, or a name of the theme's, stands for."""
    return NAMES[colour] if isinstance(colour, str) else COLOURS[colour % len(COLOURS)]
