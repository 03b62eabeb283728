"""The picture of a training run, drawn fast enough to be watched live.

Matplotlib takes a hundred times as long to draw axes as to draw a curve on them. So the
picture has layers: the axes, the earlier runs, and on top the current run. Only a layer
that has changed is redrawn, with those above it ("blitting").
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from d2l_rnn.pictures import (
    COLOURS,
    LINE_STYLES,
    Picture,
    decorate,
    draw_level,
    encoded,
    log_ticks,
)

SMALL = {"fontsize": "small"}
LEGEND = {"loc": "upper right", "framealpha": 0.85, "edgecolor": "white", **SMALL}
BOLD = {"linewidth": 2.2, "linestyle": "-"}
FADED = {"linewidth": 1.4, "alpha": 0.5}
AFTER = {"linewidth": 1.4, "linestyle": "--", "color": "black"}
LABELLED = 6  # of the earlier runs: a longer legend would hide the curves
HIGHEST = 100  # times the perplexity of guessing: higher values are not shown


@dataclass
class Curve:
    """One run in the picture.

    `records` have `epoch`, `perplexity`, `gradient_norm`, `clipped_norm`,
    `clipped_fraction` and `diverged`, like those of `training.train`; `number` selects
    colour and line style.
    """

    label: str
    records: Sequence
    number: int = 0
    theta: float | None = None
    columns: dict[str, list[float]] = field(default_factory=dict, repr=False)

    @property
    def colour(self) -> str:
        """The colour of all lines that show this run."""
        return COLOURS[self.number % len(COLOURS)]

    @property
    def linestyle(self) -> str:
        """The line style, once this is one of the earlier runs."""
        return LINE_STYLES[self.number % len(LINE_STYLES)]

    def column(self, name: str) -> list[float]:
        """One field of the records by epoch, with NaN where it is not finite.

        The list is kept, and grows with the records.
        """
        values = self.columns.setdefault(name, [])
        for record in self.records[len(values) :]:
            value = getattr(record, name)
            values.append(value if math.isfinite(value) else math.nan)
        return values


class TrainingPicture(Picture):
    """Perplexity by epoch; the gradient norm; the share of clipped steps.

    The current run is bold, earlier ones are faded. `levels` {label: perplexity} are
    reference lines.
    """

    def __init__(self, levels: Mapping[str, float]):
        super().__init__(6.4, 4.8)
        self.set_layout_engine("none")  # it would move the axes under the layers
        self.canvas = FigureCanvasAgg(self)
        self.levels = dict(levels)
        self.perplexity, self.norm, self.clipped = self.subplots(
            3, 1, sharex=True, height_ratios=(10, 5, 2.5),
            gridspec_kw={
                "hspace": 0.2, "left": 0.125, "right": 0.87, "top": 0.98,
                "bottom": 0.105,
            },
        )  # fmt: skip
        self._set_scales()
        for label, level in self.levels.items():
            draw_level(self.perplexity, level, f"{label} {level:.3g}")
        end = {"marker": "o", "markersize": 4}
        self._faded = self._line(self.perplexity, FADED, **end)
        self._lines = {
            "perplexity": self._line(self.perplexity, BOLD, **end),
            "gradient_norm": self._line(self.norm, BOLD),
            "clipped_norm": self._line(self.norm, AFTER),
            "clipped_fraction": self._line(self.clipped, BOLD),
        }
        self._limits: tuple = ()
        self.show(1, Curve("", []))

    def show(
        self, num_epochs: int, run: Curve, earlier: Sequence[Curve] = (),
        words: str = "",
    ) -> None:  # fmt: skip
        """Show a run, which will have `num_epochs` epochs, over the earlier ones.

        `words` are written across the curves.
        """
        self.words = words
        self._shown = num_epochs, run, earlier
        limits = self._limits_for(num_epochs, [run, *earlier])
        if limits != self._limits:
            self._draw_axes(limits)
        self._draw_earlier(run, earlier, words)
        self._draw_run(run)
        self._drawn = len(run.records)

    def update(self) -> None:
        """Draw the epochs that the run has added since."""
        num_epochs, run, earlier = self._shown
        if self._has_left(run):
            self.show(num_epochs, run, earlier, self.words)
        else:
            self._draw_run(run)

    def png(self) -> bytes:
        """The picture as the bytes of a PNG file."""
        return encoded(self.canvas, "png", compress_level=1)

    _repr_png_ = png

    def jpeg(self) -> bytes:
        """The picture as a JPEG, which takes a fifth of the time to encode."""
        return encoded(self.canvas, "jpeg", quality=90, subsampling=0)

    def _set_scales(self) -> None:
        decorate(self.perplexity, "", "perplexity")
        decorate(self.norm, "", "gradient norm")
        decorate(self.clipped, "epoch", "clipped\n(%)").yaxis.label.set(**SMALL)
        self.clipped.set_ylim(-0.06, 1.06)
        self.clipped.set_yticks([0, 0.5, 1], ["0", "50", "100"])
        self.clipped.xaxis.set_major_locator(MaxNLocator(integer=True))
        for axes in (self.perplexity, self.norm):
            axes.set_yscale("log")

    def _line(self, axes: Axes, style: Mapping, **more) -> Line2D:
        """A curve that `canvas.draw` leaves out: it is not part of the axes' layer."""
        (line,) = axes.plot([], [], animated=True, **style, **more)
        return line

    def _limits_for(self, num_epochs: int, curves: Sequence[Curve]) -> tuple:
        """The number of epochs, the highest perplexity, and the range of the norms."""
        epochs = max([num_epochs, *(len(each.records) for each in curves)])
        guessing = max(self.levels.values(), default=10.0)
        highest = max([guessing, *_positive(curves, "perplexity")])
        top = 1.5 * guessing
        if highest > top:
            top = 10.0 ** math.ceil(math.log10(min(highest, HIGHEST * guessing)))
        norms = [
            0.05, 5.0, *_positive(curves, "gradient_norm"),
            *_positive(curves, "clipped_norm"),
            *(each.theta for each in curves if each.theta is not None),
        ]  # fmt: skip
        low, high = math.log10(min(norms)), math.log10(max(norms))
        return epochs, top, 10.0 ** math.floor(low), 10.0 ** math.ceil(high)

    def _has_left(self, run: Curve) -> bool:
        """True if the last epochs do not fit between the limits."""
        _, top, low, high = self._limits
        if top >= HIGHEST * max(self.levels.values(), default=10.0):
            top = math.inf  # the scale cannot grow any further
        new, self._drawn = run.records[self._drawn :], len(run.records)
        return any(
            top < each.perplexity < math.inf
            or not low <= each.gradient_norm <= high
            and 0 < each.gradient_norm < math.inf
            or 0 < each.clipped_norm < low
            for each in new
        )

    def _draw_axes(self, limits: tuple) -> None:
        self._limits = limits
        epochs, top, low, high = limits
        self.clipped.set_xlim(0, epochs)
        self.perplexity.set_ylim(0.9, top)
        self.norm.set_ylim(low, high)
        for axes in (self.perplexity, self.norm):
            log_ticks(axes.yaxis)
        self.canvas.draw()
        self._axes_layer = self.canvas.copy_from_bbox(self.bbox)

    def _draw_earlier(self, run: Curve, earlier: Sequence[Curve], words: str) -> None:
        self.canvas.restore_region(self._axes_layer)
        for curve in earlier:
            self._draw_perplexity(curve)
        self._draw_legends(run, earlier)
        if run.theta is not None:
            label = f"theta\n{run.theta:g}"
            _draw(*draw_level(self.norm, run.theta, label, linestyle="-."))
        if run.records and run.records[-1].diverged:
            self._draw_cross(run)
        if words:
            _draw(
                self.perplexity.text(
                    0.5, 0.16, words, transform=self.perplexity.transAxes, ha="center",
                    va="center", color=COLOURS[1], fontweight="bold",
                    bbox={"facecolor": "white", "edgecolor": COLOURS[1]},
                )
            )  # fmt: skip
        self._earlier_layer = self.canvas.copy_from_bbox(self.bbox)

    def _draw_perplexity(self, curve: Curve) -> None:
        """The curve of an earlier run, with a marker at its end."""
        line = self._faded
        line.set_data(curve.column("epoch"), curve.column("perplexity"))
        line.set(color=curve.colour, linestyle=curve.linestyle)
        line.set_markevery([len(curve.records) - 1] if curve.records else [])
        self.perplexity.draw_artist(line)
        if curve.records and curve.records[-1].diverged:
            self._draw_cross(curve)

    def _draw_cross(self, curve: Curve) -> None:
        """A cross where the curve of a diverged run ends."""
        _, top = self.perplexity.get_ylim()
        _draw(
            *self.perplexity.plot(
                curve.records[-1].epoch, top, "X", color=curve.colour, markersize=10,
                clip_on=False,
            )
        )  # fmt: skip

    def _draw_legends(self, run: Curve, earlier: Sequence[Curve]) -> None:
        handles = [
            _handle(each.label, color=each.colour, linestyle=each.linestyle, **FADED)
            for each in earlier[-LABELLED:]
        ]
        handles.append(_handle(run.label, color=run.colour, **BOLD))
        _draw(self.perplexity.legend(handles=handles, **LEGEND))
        handles = [_handle("before clipping", color=run.colour, **BOLD)]
        if run.theta is not None:
            handles.append(_handle("after", **AFTER))
        _draw(self.norm.legend(handles=handles, ncols=2, **LEGEND))

    def _draw_run(self, run: Curve) -> None:
        self.canvas.restore_region(self._earlier_layer)
        epochs = run.column("epoch")
        for name, line in self._lines.items():
            if name == "clipped_norm" and run.theta is None:
                continue
            line.set_data(epochs, run.column(name))
            if name != "clipped_norm":
                line.set_color(run.colour)
            if name == "perplexity":
                line.set_markevery([len(epochs) - 1] if epochs else [])
            line.axes.draw_artist(line)


def trouble(history: Sequence, guessing: float) -> str:
    """What went wrong in a run, and what may help; empty if all is well.

    A run is lost if it is far worse than guessing among the vocabulary, even if its
    numbers are finite.
    """
    lost = [each.epoch for each in history if each.perplexity > HIGHEST * guessing]
    if not lost or history[-1].perplexity <= guessing:
        return ""
    what = "diverged" if history[-1].diverged else "lost"
    epoch = history[-1].epoch if history[-1].diverged else lost[0]
    return f"{what} at epoch {epoch}:\ntry a smaller learning rate or a smaller theta"


def _handle(label: str, **style) -> Line2D:
    return Line2D([], [], label=label, **style)


def _draw(*artists: Artist) -> None:
    """Draw artists onto the canvas, then remove them: the axes stay unchanged."""
    for artist in artists:
        artist.axes.draw_artist(artist)
        artist.remove()


def _positive(curves: Sequence[Curve], field: str) -> list[float]:
    return [value for each in curves for value in each.column(field) if value > 0]
