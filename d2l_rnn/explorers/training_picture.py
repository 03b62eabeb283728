"""The finished picture of training runs, for what a notebook keeps."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from d2l_rnn.explorers.training_runs import Run
from d2l_rnn.explorers.wording import short
from d2l_rnn.pictures import COLOURS, GREY, Picture, decorate, draw_level, log_ticks

WIDE = 100  # characters of names in a row
DASHES = ("-", "--", "-.", ":")
ROOM = 4  # times the perplexity of guessing: the axis ends there, if not before
MARGINS = {"left": 0.11, "right": 0.87, "bottom": 0.1, "hspace": 0.3}
LEGEND = {"frameon": False, "fontsize": "small"}
ABOVE = {"borderaxespad": 0, "borderpad": 0.2}  # between two axes, over no curve


def draw(
    curves: Mapping[str, Run], current: Run | None, levels: Mapping[str, float],
    num_epochs: int,
) -> Picture:  # fmt: skip
    """Perplexity by epoch, and of the current run the gradient norm and clipped steps.

    `curves` are {label: run}; `levels` {label: perplexity} are reference lines.
    """
    longest = max((len(label) for label in curves), default=0)
    ncols = max(1, min(3, WIDE // (longest + 12)))
    room = 0.12 + 0.2 * math.ceil(len(curves) / ncols)  # inches, for the names
    height = 4.4 + room
    figure = Picture(6.4, height, layout="none")
    above, middle, below = figure.subplots(
        3, 1, sharex=True, height_ratios=(10, 5, 2.5),
        gridspec_kw={**MARGINS, "top": 1 - room / height},
    )  # fmt: skip
    _draw_perplexities(decorate(above, "", "perplexity"), curves, current, levels)
    _draw_norms(decorate(middle, "", "gradient norm"), current)
    _draw_shares(decorate(below, "epoch", "clipped (%)"), current)
    longest = max((len(run.history) for run in curves.values()), default=1)
    below.set_xlim(0, max(num_epochs, longest))
    below.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.align_ylabels()
    if curves:
        figure.legend(
            *above.get_legend_handles_labels(),
            loc="upper center",
            ncols=ncols,
            borderaxespad=0.1,
            **LEGEND,
        )
    return figure


def look(run: Run) -> dict:
    """Colour and dashes of a run's curve, as in the browser."""
    number = run.number
    return {
        "color": COLOURS[number % len(COLOURS)],
        "linestyle": DASHES[number // len(COLOURS) % len(DASHES)],
    }


def _draw_perplexities(
    axes: Axes, curves: Mapping[str, Run], current: Run | None,
    levels: Mapping[str, float],
) -> None:  # fmt: skip
    most = ROOM * levels.get("guessing", math.inf)
    axes.set_yscale("log")
    for label, run in curves.items():
        is_current = run is current
        style = look(run) | {"linewidth": 2.4 if is_current else 1.6}
        epochs = [record.epoch for record in run.history]
        marker = "o" if len(epochs) == 1 else None
        named = f"{label} · {short(run.history[-1].perplexity)}" if epochs else label
        axes.plot(
            epochs, _within(run.history.perplexity, most), label=named, marker=marker,
            alpha=1 if is_current else 0.8, **style,
        )  # fmt: skip
        heard = _within(run.history.held_out_perplexity, most)
        if any(map(math.isfinite, heard)):
            axes.plot(epochs, heard, **style | {"linestyle": ":"})
    for label, level in levels.items():
        draw_level(axes, level, f"{label} {level:.3g}")
    log_ticks(axes.yaxis)
    for run in curves.values():
        _mark_outside(axes, run, most)


def _mark_outside(axes: Axes, run: Run, most: float) -> None:
    """An arrow at the top where a curve leaves the axes, with its greatest value."""
    outside = [record for record in run.history if record.perplexity > most]
    if outside:
        worst = max(outside, key=lambda record: record.perplexity)
        top = axes.get_ylim()[1]
        axes.plot(
            worst.epoch, top, "^", color=look(run)["color"], markersize=9, clip_on=False
        )
        value = short(worst.perplexity) if math.isfinite(worst.perplexity) else "∞"
        axes.annotate(
            value, (worst.epoch, top), xytext=(8, -4), textcoords="offset points",
            fontsize="small",
        )  # fmt: skip


def _draw_norms(axes: Axes, run: Run | None) -> None:
    axes.set_yscale("log")
    if run is None or not run.history:
        return
    epochs, theta = [record.epoch for record in run.history], run.plan.setting.theta
    solid = {"color": look(run)["color"], "linewidth": 2}
    axes.plot(
        epochs, _within(run.history.gradient_norm), label="before clipping", **solid
    )
    if theta is not None:
        after = _within(run.history.clipped_norm)
        dashed = {"linestyle": "--", "color": "black", "linewidth": 1.4}
        axes.plot(epochs, after, label="after clipping", **dashed)
        draw_level(axes, theta, f"theta {theta:g}", linestyle="-.")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, **ABOVE, **LEGEND)
    log_ticks(axes.yaxis)


def _draw_shares(axes: Axes, run: Run | None) -> None:
    history = [] if run is None else run.history
    colour = GREY if run is None else look(run)["color"]
    shares = [100 * record.clipped_fraction for record in history]
    axes.plot([record.epoch for record in history], shares, color=colour, linewidth=2)
    axes.set(ylim=(-4, 104), yticks=(0, 50, 100))


def _within(values: Sequence[float], most: float = math.inf) -> list[float]:
    """The values, with NaN where they are not finite, not positive, or too large."""
    return [each if 0 < each < most else math.nan for each in values]
