"""The picture of a training run, drawn fast enough to be watched.

Matplotlib takes a hundred times as long to draw axes as to draw a curve on them. So the
picture is drawn in layers: the axes, what came before, and on top the run as it goes
on. Only a layer that has changed is drawn again, with those above it ("blitting").
"""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullFormatter
from PIL import Image

from d2l_rnn.figures import COLOURS, GREY, LINE_STYLES, Picture, decorate

SMALL = {"fontsize": "small"}
LEGEND = {"loc": "upper right", "framealpha": 0.85, "edgecolor": "white", **SMALL}
BOLD = {"linewidth": 2.2, "linestyle": "-", "alpha": 1.0}
FADED = {"linewidth": 1.4, "alpha": 0.5}
AFTER = {"linewidth": 1.4, "linestyle": "--", "color": "black"}
LABELLED = 6  # of the earlier runs: a longer legend would hide the curves


@dataclass
class Curve:
    """One run in the picture.

    `records` have `epoch`, `perplexity`, `gradient_norm`, `clipped_norm` and
    `clipped_fraction`, as those of `training.train`; `number` chooses the colour.
    """

    label: str
    records: Sequence
    number: int = 0
    theta: float | None = None

    @property
    def colour(self) -> str:
        return COLOURS[self.number % len(COLOURS)]

    @property
    def linestyle(self) -> str:
        return LINE_STYLES[self.number % len(LINE_STYLES)]

    def column(self, field: str) -> list[float]:
        """One field of the records by epoch, without what has no place on a scale."""
        values = [getattr(record, field) for record in self.records]
        return [value if math.isfinite(value) else math.nan for value in values]

    @property
    def has_diverged(self) -> bool:
        return bool(self.records) and self.records[-1].diverged


class TrainingPicture(Picture):
    """Perplexity by epoch; the gradient's norm; the share of steps that were clipped.

    The run that goes on is drawn bold, earlier ones are faded. `levels` {label:
    perplexity} are lines to compare with.
    """

    def __init__(self, levels: Mapping[str, float]):
        super().__init__(6.4, 4.8)
        self.set_layout_engine("none")
        self.canvas = FigureCanvasAgg(self)
        self.levels = dict(levels)
        self.perplexity, self.norm, self.clipped = self.subplots(
            3, 1, sharex=True, height_ratios=(10, 5, 2.5),
            gridspec_kw={
                "hspace": 0.2, "left": 0.125, "right": 0.87, "top": 0.98,
                "bottom": 0.105,
            },
        )  # fmt: skip
        decorate(self.perplexity, "", "perplexity")
        decorate(self.norm, "", "gradient norm")
        decorate(self.clipped, "epoch", "clipped\n(%)").yaxis.label.set(**SMALL)
        self.align_ylabels()
        self._set_scales()
        for label, level in self.levels.items():
            self.perplexity.axhline(level, color=GREY, linewidth=1, linestyle=":")
            _beside(self.perplexity, level, f"{label}\n{level:.3g}")
        self._limits: tuple = ()  # of the axes as they were drawn
        self._shown: tuple = ()  # what the middle layer shows
        self._layers: list = [None, None]

    def draw_frame(
        self, num_epochs: int, run: Curve, earlier: Sequence[Curve] = (), words=""
    ) -> None:
        """Draw the run as it is now, over the earlier ones; `words` across them.

        `num_epochs` is where the run will end.
        """
        limits = self._limits_for(num_epochs, [run, *earlier])
        if limits != self._limits:
            self._draw_axes(limits)
        still = [(each.label, each.number, len(each.records)) for each in earlier]
        shown = (run.label, run.number, run.theta, words, *still)
        if shown != self._shown:
            self._draw_earlier(run, earlier, words)
            self._shown = shown
        self.canvas.restore_region(self._layers[1])
        self._draw_curves(run)

    def png(self) -> bytes:
        """The picture as the bytes of a PNG file."""
        size = self.canvas.get_width_height()
        pixels = Image.frombuffer("RGBA", size, self.canvas.buffer_rgba())
        buffer = io.BytesIO()
        pixels.convert("RGB").save(buffer, "png", compress_level=1)
        return buffer.getvalue()

    _repr_png_ = png

    def _set_scales(self) -> None:
        self.clipped.set_ylim(-6, 106)
        self.clipped.set_yticks([0, 50, 100])
        self.clipped.xaxis.set_major_locator(MaxNLocator(integer=True))
        for axes in (self.perplexity, self.norm):
            axes.set_yscale("log")
            axes.yaxis.set_major_locator(LogLocator(subs=(1,)))
            axes.yaxis.set_minor_formatter(NullFormatter())
            axes.yaxis.set_major_formatter("{x:g}")

    def _limits_for(self, num_epochs: int, curves: Sequence[Curve]) -> tuple:
        """The limits of epoch, perplexity and norm, with room for all curves."""
        epochs = max([num_epochs, *(len(each.records) for each in curves)])
        perplexities = [*self.levels.values(), *_positive(curves, "perplexity")]
        top = 1.5 * max(self.levels.values(), default=10.0)
        if max(perplexities, default=0) > top:  # far above, a curve may leave
            top = 10 ** math.ceil(math.log10(min(max(perplexities), 60 * top)))
        norms = [
            *_positive(curves[:1], "gradient_norm"),
            *_positive(curves[:1], "clipped_norm"),
            *(theta for theta in [curves[0].theta] if theta is not None),
        ]
        low = math.floor(math.log10(min([*norms, 0.3])))
        high = math.ceil(math.log10(max([*norms, 3.0])))
        return epochs, top, low, high

    def _draw_axes(self, limits: tuple) -> None:
        self._limits, self._shown = limits, ()
        epochs, top, low, high = limits
        self.clipped.set_xlim(0, epochs)
        self.perplexity.set_ylim(0.9, top)
        self.norm.set_ylim(10**low, 10**high)
        if top < 1e3:  # few perplexities are powers of ten
            self.perplexity.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        self.canvas.draw()
        self._layers[0] = self.canvas.copy_from_bbox(self.bbox)

    def _draw_earlier(self, run: Curve, earlier: Sequence[Curve], words: str) -> None:
        self.canvas.restore_region(self._layers[0])
        for curve in earlier:
            self._draw_perplexity(curve, linestyle=curve.linestyle, **FADED)
        self._draw_legends(run, earlier)
        if run.theta is not None:
            _draw(self.norm.axhline(run.theta, color=GREY, linestyle="-."))
            _draw(_beside(self.norm, run.theta, f"theta\n{run.theta:g}"))
        if words:
            _draw(
                self.perplexity.text(
                    0.5, 0.13, words, transform=self.perplexity.transAxes, ha="center",
                    va="center", color=COLOURS[1], fontweight="bold", wrap=True,
                    bbox={"facecolor": "white", "edgecolor": COLOURS[1]},
                )
            )  # fmt: skip
        self._layers[1] = self.canvas.copy_from_bbox(self.bbox)

    def _draw_legends(self, run: Curve, earlier: Sequence[Curve]) -> None:
        handles = [
            _line(
                label=each.label, color=each.colour, linestyle=each.linestyle, **FADED
            )
            for each in earlier[-LABELLED:]
        ]
        handles.append(_line(label=run.label, color=run.colour, **BOLD))
        _draw(self.perplexity.legend(handles=handles, **LEGEND))
        handles = [_line(label="before clipping", color=run.colour, **BOLD)]
        if run.theta is not None:
            handles.append(_line(label="after", **AFTER))
        _draw(self.norm.legend(handles=handles, ncols=2, **LEGEND))

    def _draw_curves(self, run: Curve) -> None:
        epochs = run.column("epoch")
        self._draw_perplexity(run, **BOLD)
        _draw(*self.norm.plot(epochs, run.column("gradient_norm"), color=run.colour,
                              **BOLD))  # fmt: skip
        if run.theta is not None:
            _draw(*self.norm.plot(epochs, run.column("clipped_norm"), **AFTER))
        share = [100 * each for each in run.column("clipped_fraction")]
        _draw(*self.clipped.plot(epochs, share, color=run.colour, **BOLD))

    def _draw_perplexity(self, curve: Curve, **style) -> None:
        epochs, values = curve.column("epoch"), curve.column("perplexity")
        # The last point is marked: one point alone would otherwise not show.
        _draw(
            *self.perplexity.plot(
                epochs, values, color=curve.colour, marker="o", markersize=4,
                markevery=[-1] if epochs else None, **style,
            )
        )  # fmt: skip
        if curve.has_diverged:
            top = self.perplexity.get_ylim()[1]
            _draw(
                *self.perplexity.plot(
                    epochs[-1:], [top], color=curve.colour, marker="X", markersize=10,
                    clip_on=False, alpha=style["alpha"],
                )
            )  # fmt: skip


def _line(**style) -> Line2D:
    return Line2D([], [], **style)


def _draw(artist) -> None:
    """Draw onto what is there, and forget: the axes are to stay as they were."""
    artist.axes.draw_artist(artist)
    artist.remove()


def _beside(axes, level: float, label: str):
    """A label in the right margin, at the height of a level."""
    return axes.annotate(
        label, (1.01, level), xycoords=("axes fraction", "data"), color=GREY,
        va="center", annotation_clip=False, **SMALL,
    )  # fmt: skip


def _positive(curves: Sequence[Curve], field: str) -> list[float]:
    return [value for each in curves for value in each.column(field) if value > 0]
