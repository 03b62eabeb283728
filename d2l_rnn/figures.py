"""Numbers into pictures.

Every function returns a `Picture`, a matplotlib figure that shows itself as a PNG in a
notebook, with no global state (pyplot) behind it. Curves differ in colour and in line
style; the colours are those of Okabe and Ito, which colour-blind readers can tell
apart. This module knows nothing of training or of widgets.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from PIL import Image

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINE_STYLES = ("-", "--", "-.", ":")
GREY = "#777777"
# Matplotlib's parser of formulas, in labels and on axes, is for one thread at a time.
_DRAWING = threading.RLock()


class Picture(Figure):
    """A figure that shows itself, drawn by Agg; safe to make in any thread.

    `width` and `height` are in inches.
    """

    def __init__(self, width: float = 6.4, height: float = 3.6):
        super().__init__(figsize=(width, height), dpi=100, layout="constrained")

    def draw(self, renderer) -> None:
        with _DRAWING:
            super().draw(renderer)

    def png(self) -> bytes:
        """The picture as the bytes of a PNG file."""
        canvas = FigureCanvasAgg(self)
        canvas.draw()
        return encoded(canvas, "png", compress_level=1)

    _repr_png_ = png


def encoded(canvas: FigureCanvasAgg, format: str, **options) -> bytes:
    """What has been drawn, as the bytes of an image file; options are Pillow's."""
    size, buffer = canvas.get_width_height(), io.BytesIO()
    pixels = Image.frombuffer("RGBA", size, canvas.buffer_rgba(), "raw", "RGBA", 0, 1)
    pixels.convert("RGB").save(buffer, format, **options)
    return buffer.getvalue()


def picture(
    xlabel: str, ylabel: str, title: str = "", width: float = 6.4, height: float = 3.6
) -> tuple[Picture, Axes]:
    """An empty picture, `width` by `height` inches, and its labelled axes."""
    figure = Picture(width, height)
    return figure, decorate(figure.add_subplot(), xlabel, ylabel, title)


def decorate(axes: Axes, xlabel: str, ylabel: str, title: str = "") -> Axes:
    """Give the axes their labels and the look that all pictures share."""
    axes.set(xlabel=xlabel, ylabel=ylabel, title=title)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)
    return axes


def beside(axes: Axes, level: float, label: str):
    """A label in the right margin, at the height of a level."""
    return axes.annotate(
        label, (1.01, level), xycoords=("axes fraction", "data"), color=GREY,
        va="center", fontsize="small", annotation_clip=False,
    )  # fmt: skip


def style(i: int) -> dict:
    """Colour and line style of the i-th curve: both differ from its neighbours'."""
    return {
        "color": COLOURS[i % len(COLOURS)],
        "linestyle": LINE_STYLES[i % len(LINE_STYLES)],
    }


def curves(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    xlabel: str,
    ylabel: str,
    title: str = "",
    points: Mapping[str, tuple[Sequence[float], Sequence[float]]] | None = None,
    levels: Mapping[str, float] | None = None,
    log: str = "",
) -> Picture:
    """Curves {label: (x, y)}, over a cloud of `points` {label: (x, y)} if there are.

    `levels` {label: y} are drawn as thin horizontal lines; `log` names the axes with a
    logarithmic scale: "", "x", "y" or "xy".
    """
    figure, axes = picture(xlabel, ylabel, title)
    for i, (label, (x, y)) in enumerate((points or {}).items()):
        axes.scatter(x, y, s=6, color=GREY, marker="o^sx"[i % 4], label=label)
    for i, (label, (x, y)) in enumerate(lines.items()):
        # A run of one epoch is one point, which a line alone would not show.
        marker = "o" if len(x) == 1 else None
        axes.plot(x, y, label=label, marker=marker, **style(i))
    for i, (label, level) in enumerate((levels or {}).items()):
        axes.axhline(level, color=GREY, linewidth=1, linestyle=LINE_STYLES[-1 - i % 4])
        beside(axes, level, label)
    drawn = [x for x, _ in (*lines.values(), *(points or {}).values())]
    if all(np.equal(np.mod(x, 1), 0).all() for x in drawn):  # steps, counts, epochs
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if "x" in log:
        axes.set_xscale("log")
    if "y" in log:
        axes.set_yscale("log")
    if len(lines) + len(points or {}) > 1:
        axes.legend(frameon=False)
    return figure


def perplexity_curves(
    runs: Mapping[str, Sequence], levels: Mapping[str, float] | None = None
) -> Picture:
    """Perplexity against epoch, on a logarithmic scale, for runs {label: history}.

    A history is a sequence of records with `epoch` and `perplexity`. An infinite
    perplexity has no place on the scale: the curve of a run that diverged ends in a
    cross. `levels` are perplexities to compare with, such as that of guessing.
    """
    finite = {
        label: [record for record in run if np.isfinite(record.perplexity)]
        for label, run in runs.items()
    }
    figure = curves(
        {
            label: ([record.epoch for record in run], [r.perplexity for r in run])
            for label, run in finite.items()
        },
        "epoch",
        "perplexity",
        levels=levels,
        log="y",
    )
    axes = figure.axes[0]
    for i, (label, run) in enumerate(runs.items()):
        if len(finite[label]) < len(run):
            top = axes.get_ylim()[1]
            axes.plot(
                run[-1].epoch, top, marker="X", markersize=9, clip_on=False,
                color=style(i)["color"],
            )  # fmt: skip
            axes.annotate(
                f"diverged at epoch {run[-1].epoch}", (run[-1].epoch, top),
                xytext=(8, -4), textcoords="offset points", fontsize="small",
            )  # fmt: skip
    bottom, top = axes.get_ylim()
    if top < 1e4 * bottom:
        # Few perplexities are powers of ten: say plain numbers, 1, 2, 5, 10, 20, …
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(NullFormatter())
    return figure


def gradient_norms(history: Sequence, theta: float | None = None) -> Picture:
    """Above, the mean norm of the gradient by epoch; below, the share of it clipped.

    `history` is a sequence of records with `epoch`, `gradient_norm`, `clipped_norm` and
    `clipped_fraction`; theta is drawn as a line, and then the norm after clipping too.
    """
    figure = Picture(height=4.4)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    epochs = [record.epoch for record in history]
    marker = "o" if len(epochs) == 1 else None  # a line of one point does not show
    decorate(above, "", "gradient norm")
    decorate(below, "epoch", "clipped (%)")
    norms = [record.gradient_norm for record in history]
    above.plot(epochs, norms, label="before", marker=marker, **style(0))
    if theta is not None:
        after = [record.clipped_norm for record in history]
        above.plot(epochs, after, label="after", marker=marker, **style(1))
        above.axhline(theta, label=f"theta = {theta:g}", **style(3))
    above.legend(frameon=False)
    clipped = [100 * record.clipped_fraction for record in history]
    below.plot(epochs, clipped, marker=marker, **style(2))
    below.set_ylim(-5, 105)
    below.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def heatmap(
    matrix,
    xlabel: str,
    ylabel: str,
    title: str = "",
    xticks: Sequence[str] | None = None,
    yticks: Sequence[str] | None = None,
    digits: int | None = None,
) -> Picture:
    """A matrix as a picture, light for small and dark for large values.

    Where there are both signs, 0 is light, and each sign has a colour of its own. With
    `digits`, each value is also written into its cell.
    """
    matrix = np.asarray(matrix)
    figure, axes = picture(xlabel, ylabel, title, width=4.8, height=3.8)
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
        for (row, column), value in np.ndenumerate(matrix):
            is_dark = abs(value) > reach / 2 if has_signs else value > (low + high) / 2
            colour = "white" if is_dark else "black"
            axes.text(
                column, row, f"{value:.{digits}f}", ha="center", va="center",
                color=colour,
            )  # fmt: skip
    return figure


def bars(
    labels: Sequence[str],
    groups: Mapping[str, Sequence[float]],
    xlabel: str,
    ylabel: str,
    title: str = "",
) -> Picture:
    """Bars beside each other, one for each label and group {name: values}."""
    figure, axes = picture(xlabel, ylabel, title)
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


def minibatch_map(minibatches: Sequence, title: str = "") -> Picture:
    """Which tokens of the corpus go into which minibatch.

    `minibatches` are the X of one epoch over the corpus 0, 1, 2, …, so that each token
    is its own position, shape (batch_size, num_steps) each. Each subsequence is a bar
    from its first to its last token; its number is its row in the minibatch.
    """
    figure, axes = picture("position in the corpus (tokens)", "minibatch", title)
    for number, X in enumerate(minibatches):
        for row, positions in enumerate(X.tolist()):
            axes.barh(
                number, len(positions), left=positions[0], height=0.8,
                color=COLOURS[row % len(COLOURS)], edgecolor="white",
            )  # fmt: skip
            middle = positions[0] + len(positions) / 2
            axes.text(middle, number, str(row), color="white", ha="center", va="center")
    axes.set_yticks(range(len(minibatches)))
    axes.set_xlim(left=0)  # what the offset passed over shows as a gap
    axes.invert_yaxis()
    return figure


def clipping_ball(vectors, theta: float) -> Picture:
    """Gradients of two components, (N, 2), before and after the projection.

    The dashed arrows are the gradients as they came, the solid ones what is left of
    them inside the ball of radius theta.
    """
    vectors = np.asarray(vectors, dtype=float)
    figure, axes = picture("first component", "second component", width=4.4, height=4.4)
    axes.add_patch(Circle((0, 0), theta, color=COLOURS[5], alpha=0.25))
    for i, vector in enumerate(vectors):
        kept = vector * min(1, theta / max(np.linalg.norm(vector), 1e-12))
        for end, look in ((vector, "--"), (kept, "-")):
            axes.annotate(
                "", end, (0, 0),
                arrowprops={"arrowstyle": "->", "linestyle": look, "linewidth": 2,
                            "color": style(i)["color"]},
            )  # fmt: skip
    reach = 1.15 * max(theta, np.abs(vectors).max())
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.set_title(f"theta = {theta:g}")
    return figure


def unrolled_rnn(num_steps: int = 3, recurrent: bool = True) -> Picture:
    """The RNN unrolled over time: the same weights at every step.

    X_t goes in below, O_t comes out above, H_t is handed on to the right; or not, with
    `recurrent=False`: then it is a network without hidden state.
    """
    arrows = ("W_{xh}", "W_{hh}" if recurrent else None, "W_{hq}")
    return _unrolled("X", "H", "O", arrows, 0, num_steps)


def latent_autoregression(num_steps: int = 3) -> Picture:
    """The latent autoregressive model: h_t sums up the past, x̂_t is told from it."""
    return _unrolled("x", "h", r"\hat{x}", ("", "g", ""), 1, num_steps)


def _unrolled(given, state, told, arrows, lag: int, num_steps: int) -> Picture:
    """A row of states, each with what goes in below it and what comes out above.

    What goes into state t is `given` at t - lag. `arrows` label the ways into a state,
    along to the next (None: there is no such way), and out.
    """
    into, along, out = arrows
    figure = Picture(1.5 * (num_steps + 1), 3.2)
    axes = figure.add_subplot()
    axes.set(xlim=(-0.35, num_steps + 0.35), ylim=(-0.45, 2.45))
    axes.axis("off")
    if along is not None:
        _node(axes, 0, 1, rf"${state}_{{0}}$", COLOURS[0], dotted=True)
    for t in range(1, num_steps + 1):
        _node(axes, t, 0, rf"${given}_{{{t - lag}}}$", COLOURS[2])
        _node(axes, t, 1, rf"${state}_{{{t}}}$", COLOURS[0])
        _node(axes, t, 2, rf"${told}_{{{t}}}$", COLOURS[1])
        _arrow(axes, (t, 0.25), (t, 0.75), into)
        _arrow(axes, (t, 1.25), (t, 1.75), out)
        if along is not None:
            _arrow(axes, (t - 0.75, 1), (t - 0.25, 1), along)
    return figure


def _node(axes: Axes, x: float, y: float, label: str, colour: str, dotted=False):
    axes.add_patch(
        FancyBboxPatch(
            (x - 0.2, y - 0.2),
            width=0.4,
            height=0.4,
            boxstyle="round,pad=0.04",
            facecolor="white",
            edgecolor=colour,
            linewidth=2,
            linestyle=":" if dotted else "-",
        )
    )
    axes.text(x, y, label, ha="center", va="center", fontsize=13)


def _arrow(axes: Axes, start, end, label: str):
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "linewidth": 1.5})
    middle = (np.add(start, end) / 2).tolist()
    beside = (6, 0) if start[0] == end[0] else (0, 5)
    axes.annotate(
        f"${label}$" if label else "", middle,
        xytext=beside, textcoords="offset points", fontsize=10, color=GREY,
        ha="left" if beside[0] else "center", va="center" if beside[0] else "bottom",
    )  # fmt: skip


class Screen:
    """A place in a notebook that shows one picture at a time, the latest.

    Outside a notebook it shows nothing.
    """

    def __init__(self):
        self._handle = None

    def show(self, figure: Picture) -> None:
        """Put the picture in the place of the one before it."""
        try:
            from IPython import display, get_ipython
        except ImportError:
            return
        if get_ipython() is None:
            return
        if self._handle is None:
            self._handle = display.display(figure, display_id=True)
        else:
            self._handle.update(figure)
