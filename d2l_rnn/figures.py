"""Pictures of measurements: curves, bars, heat maps.

Every function returns a `pictures.Picture`, and knows nothing of training or widgets.
The picture's alt text is made from the numbers, unless `alt` gives another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from d2l_rnn import alt_text
from d2l_rnn.checks import integer, positive
from d2l_rnn.pictures import (
    ANY_SIZE,
    COLOURS,
    GREY,
    Picture,
    blank,
    courses,
    decorate,
    drawable,
    histories,
    lettering,
    log_ticks,
    strokes,
    style,
)
from d2l_rnn.pictures.drawable import MOST
from d2l_rnn.pictures.histories import HELD_OUT

NO_VALUE = "lightgrey"  # of a cell; no colour map has it


@ANY_SIZE
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
    logarithmic scale: "", "x", "y" or "xy". Where x or y is not finite, a curve has a
    gap. In labels, as in those of all pictures, a formula stands between two $.

    Raises ValueError for any other `log`, without a line, points or a level, if x and y
    are not equally long series of real numbers, and for one of them, or a level, that
    its axis cannot hold.
    """
    lines = drawable.pairs("lines", lines, log)
    points = drawable.pairs("points", points, log)
    levels = drawable.levels("levels", levels, log)
    if not lines and not points and not levels:
        raise ValueError("lines must have at least one curve {label: (x, y)}, got none")
    figure, axes = blank(xlabel, ylabel, title)
    described = alt_text.curves(lines, xlabel, ylabel, title, points, levels, log)
    figure.describe(alt, described)
    named = [
        (axes.scatter(x, y, s=6, color=GREY, marker="o^sx"[i % 4]), label, y)
        for i, (label, (x, y)) in enumerate(points.items())
    ]
    for i, (label, (x, y)) in enumerate(lines.items()):
        named.append((strokes.draw_curve(axes, x, y, **style(i)), label, y))
    strokes.draw_levels(axes, levels)
    drawn = [x[np.isfinite(x)] for x, _ in (*lines.values(), *points.values())]
    if all(np.equal(np.mod(x, 1), 0).all() for x in drawn):  # steps, counts, epochs
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    strokes.set_log(axes, log)
    strokes.name_curves(axes, named)
    return figure


@ANY_SIZE
def perplexity_curves(
    runs: Mapping[str, Iterable],
    levels: Mapping[str, float] | None = None,
    alt: str = "",
) -> Picture:
    """Perplexity against epoch, on a logarithmic scale, for runs {label: history}.

    A history is a sequence of records with `epoch` and `perplexity`. If they also have
    a `held_out_perplexity`, it is drawn as a dashed line in the colour of the run.

    An infinite perplexity cannot be drawn: the curve of a run that diverged ends in a
    cross. `levels` are perplexities to compare with, such as that of guessing.

    Raises ValueError if there is no run, for a history of other records or with epochs
    that do not rise, and for a perplexity or a level that is not greater than 0.
    """
    runs = histories.checked(runs)
    levels = drawable.levels("levels", levels, log="y")
    figure, axes = blank("epoch", "perplexity")
    axes.set_yscale("log")
    if max([*levels.values(), *map(histories.highest, runs.values())]) > strokes.FAR:
        axes.margins(y=0)
    lines = _draw_runs(axes, runs)
    strokes.draw_levels(axes, levels)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    diverged = _mark_diverged(axes, runs)
    log_ticks(axes.yaxis)
    figure.describe(alt, alt_text.perplexity_curves(lines, levels, diverged))
    return figure


def _draw_runs(axes: Axes, runs: Mapping[str, list]) -> dict[str, alt_text.Line]:
    """Draw the curves of the runs, and return them as {label: (epochs, values)}."""
    lines, artists = {}, []
    has_held_out = any(histories.course(run, HELD_OUT)[0] for run in runs.values())
    for i, (label, run) in enumerate(runs.items()):
        look, held_out = style(i), histories.course(run, HELD_OUT)
        if has_held_out:  # the line style now has a meaning: markers tell apart
            look |= {"linestyle": "-", "marker": "os^D"[i % 4], "markevery": [-1]}
        named = f"{label}, training text" if held_out[0] else label
        lines[named] = histories.course(run, "perplexity")
        artists.append(strokes.draw_curve(axes, *lines[named], label=named, **look))
        if held_out[0]:
            look["linestyle"], named = "--", f"{label}, held-out text"
            lines[named] = held_out
            artists.append(strokes.draw_curve(axes, *held_out, label=named, **look))
    values = [values for _, values in lines.values()]
    strokes.name_curves(axes, list(zip(artists, lines, values, strict=True)))
    return lines


def _mark_diverged(axes: Axes, runs: Mapping[str, list]) -> dict[str, int]:
    """A labelled cross at the top, above the epoch in which each run diverged.

    Returns {label of the run: that epoch}, and so for held-out text.
    """
    diverged = {}
    for i, (label, run) in enumerate(runs.items()):
        ends = [each.epoch for each in run if not each.perplexity <= MOST]
        heard = [each.epoch for each in run if getattr(each, HELD_OUT) > MOST]
        for epoch in ends[:1]:
            diverged[label] = epoch
            strokes.mark_end(axes, epoch, f"diverged at epoch {epoch}", i)
        for epoch in heard[:1]:
            diverged[f"{label}, held-out text"] = epoch
            strokes.mark_end(axes, epoch, f"held out: infinite at epoch {epoch}", i)
    return diverged


@ANY_SIZE
def gradient_norms(
    history: Iterable, theta: float | None = None, alt: str = ""
) -> Picture:
    """Above, the mean gradient norm in each epoch; below, the share of clipped steps.

    `history` is a sequence of records with `epoch`, `gradient_norm`, `clipped_norm` and
    `clipped_fraction`. If theta is given, it is drawn as a line, together with the norm
    after clipping. A cross marks an epoch without a finite norm.

    Raises ValueError if `history` has no record or other ones, if its epochs do not
    rise, for a norm below 0 or a share that is not from 0 to 1, or if theta is not
    greater than 0 and finite.
    """
    fields = ["gradient_norm", "clipped_fraction"]
    if theta is not None:
        theta = positive("theta", theta, MOST)
        fields.append("clipped_norm")
    history = histories.records("history", history, *fields)
    if not history:
        raise ValueError("history must have at least one record, got none")
    epochs = [record.epoch for record in history]
    norms = {"before": histories.norms("history", history, "gradient_norm")}
    if theta is not None:
        norms["after"] = histories.norms("history", history, "clipped_norm")
    clipped = histories.percentages("history", history, "clipped_fraction")
    figure = Picture(height=4.4)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    _draw_norms(decorate(above, "", "gradient norm"), epochs, norms, theta)
    strokes.draw_curve(
        decorate(below, "epoch", "clipped (%)"), epochs, clipped, **style(2)
    )
    below.set_ylim(-5, 105)
    below.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.describe(alt, alt_text.gradient_norms(epochs, norms, clipped, theta))
    return figure


def _draw_norms(
    axes: Axes, epochs: list[int], norms: Mapping[str, list], theta: float | None
) -> None:
    named = [
        (strokes.draw_curve(axes, epochs, values, **style(i)), when, values)
        for i, (when, values) in enumerate(norms.items())
    ]
    if theta is not None:
        line = axes.axhline(theta, **style(3))
        named.append((line, f"theta = {theta:g}", [theta]))
    strokes.name_curves(axes, named, at_least=1)
    if (end := courses.first_gap(epochs, norms["before"])) is not None:
        strokes.mark_end(axes, end, f"diverged at epoch {end}", 0)


@ANY_SIZE
def heatmap(
    matrix: ArrayLike,
    xlabel: str,
    ylabel: str,
    title: str = "",
    xticks: Sequence[str] | None = None,
    yticks: Sequence[str] | None = None,
    digits: int | None = None,
    alt: str = "",
    label: str = "",
) -> Picture:
    """A matrix as a picture, light for small and dark for large values.

    If there are values of both signs, 0 is light and each sign has its own colour. With
    `digits`, each value is also written into its cell. Cells whose value is not finite
    are grey. `label` stands beside the bar that says which shade is which number.

    Raises ValueError if there is no finite value, or anything but real numbers in rows
    and columns, as many ticks as rows or columns, and digits from 0 to 20.
    """
    matrix = drawable.matrix("matrix", matrix)
    seen = matrix[np.isfinite(matrix)]
    if not seen.size:
        raise ValueError("matrix must have at least one finite value, got none")
    yticks = drawable.names("yticks", yticks, matrix.shape[0], "row")
    xticks = drawable.names("xticks", xticks, matrix.shape[1], "column")
    if digits is not None:
        integer("digits", digits, 0, 20)
    figure, axes = blank(xlabel, ylabel, title, width=4.8, height=3.8)
    words = alt_text.heatmap(matrix, xlabel, ylabel, title, xticks, yticks, label)
    figure.describe(alt, words)
    low, high = float(seen.min()), float(seen.max())
    has_signs = low < 0 < high
    reach = max(-low, high)
    colours = matplotlib.colormaps["PuOr" if has_signs else "Blues"]
    image = axes.imshow(
        drawable.with_gaps(matrix), aspect="auto",
        cmap=colours.with_extremes(bad=NO_VALUE),
        vmin=-reach if has_signs else low, vmax=reach if has_signs else high,
    )  # fmt: skip
    for axis, names in ((axes.xaxis, xticks), (axes.yaxis, yticks)):
        axis.set_major_locator(MaxNLocator(integer=True))
        if names is not None:
            strokes.write_ticks(axis, names)
    axes.grid(False)
    figure.colorbar(image, label=lettering.written(label))
    if digits is not None:
        strokes.write_values(axes, matrix, digits, image.to_rgba(image.get_array()))
    return figure


@ANY_SIZE
def bars(
    labels: Sequence[str],
    groups: Mapping[str, Sequence[float]],
    xlabel: str,
    ylabel: str,
    title: str = "",
    alt: str = "",
) -> Picture:
    """Bars side by side, one for each label and each group {name: values}.

    Where a value is not finite, NaN, ∞ or −∞ stands in place of its bar.

    Raises ValueError if there is no label or no group, or if a group is not one real
    number for each label.
    """
    labels = drawable.labels("labels", labels)
    groups = drawable.numbers_by_name("groups", groups, len(labels))
    figure, axes = blank(xlabel, ylabel, title)
    figure.describe(alt, alt_text.bars(labels, groups, xlabel, ylabel, title))
    axes.grid(axis="x", visible=False)
    places, width, drawn = np.arange(len(labels)), 0.8 / len(groups), []
    for i, values in enumerate(groups.values()):
        at = places + (i - (len(groups) - 1) / 2) * width
        heights = np.where(np.isfinite(values), values, 0)
        drawn.append(axes.bar(
            at, heights, width, edgecolor="white",
            color=COLOURS[i % len(COLOURS)], hatch=("", "//", "..", "xx")[i % 4],
        ))  # fmt: skip
        strokes.write_missing(axes, at, values)
    strokes.write_ticks(axes.xaxis, labels)
    if len(groups) > 1:
        lettering.legend(axes, drawn, groups, frameon=False)
    return figure
