"""The common style of the panels' pictures: small labels, legends, markers.

Their axes have fixed positions, and do not move while a slider is dragged.
"""

from __future__ import annotations

from matplotlib.axes import Axes

from d2l_rnn.pictures import decorate

LABEL_SIZE = 8.5
SMALL = {"fontsize": LABEL_SIZE}
# A ring around a highlighted point.
MARK = {"markersize": 10, "markerfacecolor": "none", "markeredgewidth": 2,
        "clip_on": False, "zorder": 3}  # fmt: skip


def label_axes(axes: Axes, xlabel: str, ylabel: str) -> None:
    """Small labels close to the axes, for a picture with several of them."""
    decorate(axes, "", "")
    axes.set_xlabel(xlabel, labelpad=1, **SMALL)
    axes.set_ylabel(ylabel, **SMALL)
    axes.tick_params(labelsize=LABEL_SIZE)


def legend_above(axes: Axes, ncols: int, place: str = "center", x: float = 0.5) -> None:
    """A legend in one row above the axes, with its left, center or right at x.

    x is a fraction of the width of the axes. A name that several things have is there
    once, with the look of the first.
    """
    handles, labels = axes.get_legend_handles_labels()
    named = dict(zip(reversed(labels), reversed(handles), strict=True))
    axes.legend(
        [*reversed(named.values())], [*reversed(named)],
        loc=f"lower {place}", bbox_to_anchor=(x, 0.98), ncols=ncols, frameon=False,
        columnspacing=1.2, handlelength=1.5, borderpad=0.1, **SMALL,
    )  # fmt: skip
