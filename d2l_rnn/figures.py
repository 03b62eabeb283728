"""Pictures of measurements: curves, bars, heat maps.

Every function returns a `pictures.Picture`, and knows nothing of training or widgets.
The picture's alt text is made from the numbers, unless `alt` gives another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from d2l_rnn import alt_text
from d2l_rnn.checks import one_of
from d2l_rnn.pictures import (
    COLOURS,
    GREY,
    LINE_STYLES,
    Picture,
    blank,
    decorate,
    draw_level,
    log_ticks,
    style,
)

HELD_OUT = "held_out_perplexity"


def curves(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    xlabel: str,
    ylabel: str,
    title: str = "",
    points: Mapping[str, tuple[Sequence[float], Sequence[float]]] | None = None,
    levels: Mapping[str, float] | None = None,
    log: str = "",
    alt: str = "",
) -> Picture:
    """Curves {label: (x, y)}, drawn over a scatter plot of `points` {label: (x, y)}.

    `levels` {label: y} are drawn as thin horizontal lines; `log` names the axes with a
    logarithmic scale: "", "x", "y" or "xy".

    Raises ValueError for any other `log`.
    """
    one_of("log", log, ("", "x", "y", "xy"))
    figure, axes = blank(xlabel, ylabel, title)
    described = alt_text.curves(lines, xlabel, ylabel, title, points, levels, log)
    figure.alt = alt or described
    for i, (label, (x, y)) in enumerate((points or {}).items()):
        axes.scatter(x, y, s=6, color=GREY, marker="o^sx"[i % 4], label=label)
    for i, (label, (x, y)) in enumerate(lines.items()):
        _draw_curve(axes, x, y, label=label, **style(i))
    _draw_levels(axes, levels)
    drawn = [x for x, _ in (*lines.values(), *(points or {}).values())]
    if all(np.equal(np.mod(x, 1), 0).all() for x in drawn):  # steps, counts, epochs
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for name in log:
        axes.set(**{f"{name}scale": "log"})
        log_ticks(getattr(axes, f"{name}axis"))
    if len(drawn) > 1:
        axes.legend(frameon=False)
    return figure


def _draw_curve(axes: Axes, x: Sequence[float], y: Sequence[float], **look) -> None:
    # A run of one epoch is a single point, which a line would not show.
    axes.plot(x, y, **{"marker": "o" if len(x) == 1 else None} | look)


def _draw_levels(axes: Axes, levels: Mapping[str, float] | None) -> None:
    for i, (label, level) in enumerate((levels or {}).items()):
        draw_level(axes, level, label, LINE_STYLES[-1 - i % 4])


def perplexity_curves(
    runs: Mapping[str, Sequence],
    levels: Mapping[str, float] | None = None,
    alt: str = "",
) -> Picture:
    """Perplexity against epoch, on a logarithmic scale, for runs {label: history}.

    A history is a sequence of records with `epoch` and `perplexity`. If they also have
    a `held_out_perplexity`, it is drawn as a dashed line in the colour of the run.

    An infinite perplexity cannot be drawn: the curve of a run that diverged ends in a
    cross. `levels` are perplexities to compare with, such as that of guessing.
    """
    figure, axes = blank("epoch", "perplexity")
    axes.set_yscale("log")
    lines = _draw_runs(axes, runs)
    _draw_levels(axes, levels)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(lines) > 1:
        axes.legend(frameon=False)
    diverged = _mark_diverged(axes, runs)
    log_ticks(axes.yaxis)
    figure.alt = alt or alt_text.perplexity_curves(lines, levels, diverged)
    return figure


def _draw_runs(axes: Axes, runs: Mapping[str, Sequence]) -> dict[str, alt_text.Line]:
    """Draw the curves of the runs, and return them as {label: (epochs, values)}."""
    lines, has_held_out = {}, any(_finite(run, HELD_OUT)[0] for run in runs.values())
    for i, (label, run) in enumerate(runs.items()):
        look, held_out = style(i), _finite(run, HELD_OUT)
        if has_held_out:  # the line style now has a meaning: markers tell apart
            look |= {"linestyle": "-", "marker": "os^D"[i % 4], "markevery": [-1]}
        named = f"{label}, training text" if held_out[0] else label
        lines[named] = _finite(run, "perplexity")
        _draw_curve(axes, *lines[named], label=named, **look)
        if held_out[0]:
            look["linestyle"], named = "--", f"{label}, held-out text"
            lines[named] = held_out
            _draw_curve(axes, *held_out, label=named, **look)
    return lines


def _finite(run: Sequence, field: str) -> tuple[list[int], list[float]]:
    """The epochs in whose records a field is finite, and its values."""
    numbers = {record.epoch: getattr(record, field, math.nan) for record in run}
    drawn = {epoch: each for epoch, each in numbers.items() if math.isfinite(each)}
    return list(drawn), list(drawn.values())


def _mark_diverged(axes: Axes, runs: Mapping[str, Sequence]) -> dict[str, int]:
    """A labelled cross at the top, above the last epoch of each run that diverged.

    Returns {label of the run: that epoch}.
    """
    diverged, top = {}, axes.get_ylim()[1]
    for i, (label, run) in enumerate(runs.items()):
        if len(_finite(run, "perplexity")[0]) == len(run):
            continue
        diverged[label] = epoch = run[-1].epoch
        look = {"marker": "X", "markersize": 9, "color": style(i)["color"]}
        axes.plot(epoch, top, clip_on=False, **look)
        axes.annotate(
            f"diverged at epoch {epoch}", (epoch, top), xytext=(8, -4),
            textcoords="offset points", fontsize="small",
        )  # fmt: skip
    return diverged


def gradient_norms(
    history: Sequence, theta: float | None = None, alt: str = ""
) -> Picture:
    """Above, the mean gradient norm in each epoch; below, the share of clipped steps.

    `history` is a sequence of records with `epoch`, `gradient_norm`, `clipped_norm` and
    `clipped_fraction`. If theta is given, it is drawn as a line, together with the norm
    after clipping.
    """
    figure = Picture(height=4.4)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    epochs = [record.epoch for record in history]
    marker = "o" if len(epochs) == 1 else None  # a line would not show one point
    decorate(above, "", "gradient norm")
    decorate(below, "epoch", "clipped (%)")
    norms = {"before": [record.gradient_norm for record in history]}
    if theta is not None:
        norms["after"] = [record.clipped_norm for record in history]
    for i, (when, values) in enumerate(norms.items()):
        above.plot(epochs, values, label=when, marker=marker, **style(i))
    if theta is not None:
        above.axhline(theta, label=f"theta = {theta:g}", **style(3))
    above.legend(frameon=False)
    clipped = [100 * record.clipped_fraction for record in history]
    below.plot(epochs, clipped, marker=marker, **style(2))
    below.set_ylim(-5, 105)
    below.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.alt = alt or alt_text.gradient_norms(epochs, norms, clipped, theta)
    return figure


def heatmap(
    matrix: ArrayLike,
    xlabel: str,
    ylabel: str,
    title: str = "",
    xticks: Sequence[str] | None = None,
    yticks: Sequence[str] | None = None,
    digits: int | None = None,
    alt: str = "",
) -> Picture:
    """A matrix as a picture, light for small and dark for large values.

    If there are values of both signs, 0 is light and each sign has its own colour. With
    `digits`, each value is also written into its cell.
    """
    matrix = np.asarray(matrix)
    figure, axes = blank(xlabel, ylabel, title, width=4.8, height=3.8)
    figure.alt = alt or alt_text.heatmap(matrix, xlabel, ylabel, title, xticks, yticks)
    low, high = float(matrix.min()), float(matrix.max())
    has_signs = low < 0 < high
    reach = max(-low, high)
    image = axes.imshow(
        matrix, aspect="auto", cmap="PuOr" if has_signs else "Blues",
        vmin=-reach if has_signs else low, vmax=reach if has_signs else high,
    )  # fmt: skip
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(False)
    figure.colorbar(image)
    if xticks is not None:
        axes.set_xticks(range(len(xticks)), xticks)
    if yticks is not None:
        axes.set_yticks(range(len(yticks)), yticks)
    if digits is not None:
        is_dark = abs(matrix) > reach / 2 if has_signs else matrix > (low + high) / 2
        _write_values(axes, matrix, digits, is_dark)
    return figure


def _write_values(
    axes: Axes, matrix: np.ndarray, digits: int, is_dark: np.ndarray
) -> None:
    for (row, column), value in np.ndenumerate(matrix):
        axes.text(
            column, row, f"{value:.{digits}f}", ha="center", va="center",
            color="white" if is_dark[row, column] else "black",
        )  # fmt: skip


def bars(
    labels: Sequence[str],
    groups: Mapping[str, Sequence[float]],
    xlabel: str,
    ylabel: str,
    title: str = "",
    alt: str = "",
) -> Picture:
    """Bars side by side, one for each label and each group {name: values}."""
    figure, axes = blank(xlabel, ylabel, title)
    figure.alt = alt or alt_text.bars(labels, groups, xlabel, ylabel, title)
    axes.grid(axis="x", visible=False)
    places, width = np.arange(len(labels)), 0.8 / len(groups)
    for i, (name, values) in enumerate(groups.items()):
        shift = (i - (len(groups) - 1) / 2) * width
        axes.bar(
            places + shift, values, width, label=name, edgecolor="white",
            color=COLOURS[i % len(COLOURS)], hatch=("", "//", "..", "xx")[i % 4],
        )  # fmt: skip
    axes.set_xticks(places, labels)
    if len(groups) > 1:
        axes.legend(frameon=False)
    return figure
