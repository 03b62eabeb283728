"""The base of all pictures: how they show themselves, colours, labels and scales.

A `Picture` is a matplotlib figure that shows itself in a notebook, as a PNG with an alt
text, with no global state (pyplot) behind it. Curves differ in both colour and line
style; the colours are Okabe and Ito's, which colour-blind readers can tell apart.

Beside it: `lettering`, what is written on a picture; `encoding`, its PNG; `drawable`,
its numbers, and `histories`, records of training, checked; `courses`, these in words;
`strokes`, the parts of figures.
"""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Callable

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation
from matplotlib.ticker import LogLocator, NullLocator

from d2l_rnn.checks import finite, integer, of_type, one_of, positive, shown, string
from d2l_rnn.pictures import encoding, lettering
from d2l_rnn.pictures.lettering import DRAWING

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINE_STYLES = ("-", "--", "-.", ":")
LINE_NAMES = ("solid", "dashed", "dashdot", "dotted")
GREY = "#777777"
PER_INCH = 100  # pixels of the page
LONGEST_NAME = 48  # columns of the name of a level
LONGEST = 320  # inches: a PNG of matplotlib's has less than 65,536 pixels on a side
LARGEST = 1600  # square inches, which take 250 MB to draw
LAYOUTS = ("constrained", "compressed", "tight", "none")
DENSITY = 2  # pixels of a PNG on each pixel of the page, across and down
# What draws: numbers near the ends of a float's are right, whatever `np.seterr` says.
ANY_SIZE = np.errstate(all="ignore")
UNDESCRIBED = "A picture without a description"
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Picture(Figure):
    """A figure that shows itself, drawn by Agg; can be created in any thread.

    `width` and `height` are in inches. By default the layout makes room for the labels
    of the axes, which takes as long as the drawing; with `layout="none"` the axes stay
    in place.

    Raises ValueError if `width` or `height` is not from 0.01, a pixel, to 320, if their
    product is over 1,600, and for another layout.
    """

    def __init__(
        self, width: float = 6.4, height: float = 3.6, layout: str = "constrained"
    ):
        size = [
            _from_a_pixel(name, positive(name, inches, LONGEST))
            for name, inches in {"width": width, "height": height}.items()
        ]
        if math.prod(size) > LARGEST:
            raise ValueError(
                f"width times height must be at most {LARGEST:,} square inches, got "
                f"{width:g} times {height:g}"
            )
        one_of("layout", layout, LAYOUTS)
        super().__init__(size, dpi=PER_INCH, layout=layout)
        lettering.Canvas(self)
        self._alt = ""

    @property
    def alt(self) -> str:
        """What the picture shows, in words, for readers who do not see it.

        If it has not been set, only its titles and the labels of its axes. Setting it
        to anything but text, or to no words, raises ValueError.
        """
        return self._alt or _labels_of(self)

    @alt.setter
    def alt(self, words: str) -> None:
        if not isinstance(words, str) or not words.strip():
            raise ValueError(
                f"alt must be a text that is not empty, got {shown(words)}"
            )
        self._alt = words

    def describe(self, alt: str | None, otherwise: str) -> None:
        """Set `alt` to what the reader gave; `otherwise` if that is None or empty.

        Raises ValueError as `alt` does.
        """
        is_given = not (alt is None or (isinstance(alt, str) and alt == ""))
        self.alt = alt if is_given else otherwise

    @ANY_SIZE
    def draw(self, renderer: RendererBase) -> None:
        """Draw everything in the picture, one thread at a time."""
        with DRAWING:
            super().draw(renderer)

    def check_while_drawn(self, check: Callable[[], None]) -> None:
        """Call `check` a few times while the picture is drawn; it may raise, to end it.

        Drawing takes some tenths of a second, in which a panel's thread is deaf.

        Raises ValueError if `check` cannot be called.
        """
        if not callable(check):
            raise ValueError(f"check must be a function, got {shown(check)}")
        for axes in self.axes:
            for zorder in (0.1, 1.5, 2.1, 2.6):  # below the ticks, lines, words, legend
                axes.add_artist(_Checkpoint(check, zorder))

    def png(self, compress_level: int = 6) -> bytes:
        """The picture as the bytes of a PNG file, at double density.

        `compress_level` is from 1, the fastest, to 9, the smallest; others raise
        ValueError. The picture's own density, `dpi`, stays as it was.
        """
        integer("compress_level", compress_level, 1, 9)
        with DRAWING:
            before, canvas = (self.canvas, self.dpi), lettering.Canvas(self)
            try:
                self.dpi = DENSITY * PER_INCH
                canvas.draw()
                pixels = encoding.pixels(canvas)
            finally:
                self.canvas, self.dpi = before
        if not any(axes.images for axes in self.axes):  # shades would turn into steps
            pixels = encoding.few_colours(pixels)
        return encoding.png(pixels, compress_level)

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        """What a notebook shows, and keeps for others.

        JupyterLab gives a PNG no alt text; it prefers HTML, which can have one.
        """
        png = base64.b64encode(self.png()).decode()
        width, height = (round(PER_INCH * inches) for inches in self.get_size_inches())
        html_image = (
            f'<img src="data:image/png;base64,{png}" alt="{html.escape(self.alt)}" '
            f'width="{width}" height="{height}" style="max-width:100%; height:auto">'
        )
        data = {"text/html": html_image, "image/png": png, "text/plain": self.alt}
        about = {"width": width, "height": height, "alt": self.alt}
        return data, {"image/png": about}


class _Checkpoint(Artist):
    """Draws nothing, and calls a function where it would."""

    def __init__(self, check: Callable[[], None], zorder: float):
        super().__init__()
        self.check = check
        self.set_zorder(zorder)
        self.set_in_layout(False)

    def draw(self, renderer: RendererBase) -> None:
        """Call the function."""
        self.check()


def _from_a_pixel(name: str, inches: float) -> float:
    if inches < 1 / PER_INCH:
        raise ValueError(f"{name} must be at least a pixel, 0.01, got {shown(inches)}")
    return inches


def _labels_of(figure: Figure) -> str:
    """The titles of a figure and the labels of its axes, as an alt text."""
    found = []
    for axes in figure.axes:
        labels = [axes.get_ylabel(), axes.get_xlabel()]
        found += [axes.get_title(), " against ".join(filter(None, labels))]
    words = "; ".join(filter(None, found))
    return f"{UNDESCRIBED}: {words}." if words else f"{UNDESCRIBED}."


def blank(
    xlabel: str, ylabel: str, title: str = "", width: float = 6.4, height: float = 3.6
) -> tuple[Picture, Axes]:
    """An empty picture with labelled axes, `width` by `height` inches, and the axes."""
    figure = Picture(width, height)
    return figure, decorate(figure.add_subplot(), xlabel, ylabel, title)


def decorate(axes: Axes, xlabel: str, ylabel: str, title: str = "") -> Axes:
    """Give the axes their labels and the look that all pictures share.

    Raises ValueError if they are none, or a label is not a string.
    """
    of_type(Axes, axes=axes)
    words = {"xlabel": xlabel, "ylabel": ylabel, "title": title}
    axes.set(**{
        name: lettering.written(string(name, label)) for name, label in words.items()
    })  # fmt: skip
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)
    return axes


def draw_level(
    axes: Axes, level: float, label: str, linestyle: str = ":", va: str = "center"
) -> tuple[Line2D, Annotation]:
    """A thin horizontal reference line, with its label in the right margin.

    `va` is the vertical alignment of the label to the line.

    Raises ValueError if `level` is not a finite number, if `axes` are none, and for
    another line style or alignment than matplotlib's.
    """
    of_type(Axes, axes=axes)
    one_of("linestyle", linestyle, (*LINE_STYLES, *LINE_NAMES))
    one_of("va", va, ("center", "top", "bottom", "baseline", "center_baseline"))
    level, label = finite("level", level), lettering.shortened(label, LONGEST_NAME)
    line = axes.axhline(level, color=GREY, linewidth=1, linestyle=linestyle)
    words = axes.annotate(
        lettering.written(label), (1.01, level), xycoords=("axes fraction", "data"),
        color=GREY, va=va, fontsize="small", annotation_clip=False,
    )  # fmt: skip
    return line, words


def log_ticks(axis: Axis) -> None:
    """Put plain numbers on a logarithmic axis, whose limits must already be final.

    They are 1, 2, 5, 10, 20, …; on an axis that spans three or more powers of ten, a
    selection of these powers. Matplotlib's own labels are formulas, which draw slowly
    and in one thread at a time.

    Raises ValueError unless it is an axis whose limits are positive.
    """
    of_type(Axis, axis=axis)
    low, high = axis.get_view_interval()
    if not (low > 0 and high > 0):
        raise ValueError(f"axis must have positive limits, got {low:g} and {high:g}")
    if high < 1000 * low:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:,g}")
    else:
        first = math.ceil(math.log10(low) - 1e-9)  # a limit may be a power itself
        last = math.floor(math.log10(high) + 1e-9)
        step = next(s for s in (1, 2, 5, 10, 20, 50, 100) if last - first <= 7 * s)
        powers = range(math.ceil(first / step) * step, last + 1, step)
        write = "{:,g}".format if -4 <= first and last <= 4 else _power_of_ten
        axis.set_ticks([10.0**k for k in powers], [write(10.0**k) for k in powers])
    axis.set_minor_locator(NullLocator())


def _power_of_ten(value: float) -> str:
    exponent = f"{math.log10(value):.0f}"
    return f"10{exponent.translate(RAISED)}"


def style(i: int) -> dict:
    """Colour and line style of the i-th curve: both differ from its neighbours'.

    Raises ValueError if i is not an integer of at least 0.
    """
    integer("i", i, at_least=0)
    return {
        "color": COLOURS[i % len(COLOURS)],
        "linestyle": LINE_STYLES[i % len(LINE_STYLES)],
    }


class Screen:
    """A place in a notebook that shows only the latest picture.

    Outside a notebook it shows nothing.
    """

    def __init__(self):
        self._handle = None

    def show(self, figure: Picture) -> None:
        """Show the picture in place of the one before it."""
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
