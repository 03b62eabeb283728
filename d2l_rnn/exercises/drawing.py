"""The picture of what is solved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from d2l_rnn.pictures import COLOURS, GREY, Picture, decorate

SOLVED, SIDE = COLOURS[2], 0.86  # of a square; the next one begins at 1
TITLES = {
    "00": "start here", "01": "autoregression", "02": "Markov models",
    "03": "text into numbers", "04": "language models", "05": "recurrent networks",
    "06": "an RNN from scratch", "07": "gradient clipping", "08": "training",
    "09": "beyond",
}  # fmt: skip


def progress(notebooks: Mapping[str, Sequence[str]], solved: Set[str]) -> Picture:
    """A square for each exercise, a row for each notebook {number: names}.

    A solved one is full and has a tick; any other is empty and has its number.
    """
    done = {number: [each in solved for each in names]
            for number, names in notebooks.items()}  # fmt: skip
    count = f"{sum(map(sum, done.values()))} of {sum(map(len, done.values()))}"
    longest = max(map(len, done.values()))
    figure = Picture(width=4.8, height=0.9 + 0.32 * len(done))
    axes = decorate(figure.add_subplot(), "", "", f"{count} exercises solved")
    for row, squares in enumerate(done.values()):
        for column, is_solved in enumerate(squares):
            _draw_square(axes, column, row, is_solved)
    _set_out(axes, [f"{TITLES.get(each, '')} {each}" for each in done], longest)
    rows = [f"{number}, {sum(each)} of {len(each)}" for number, each in done.items()]
    figure.alt = f"Exercises solved, {count}. By notebook: {'; '.join(rows)}."
    return figure


def _draw_square(axes: Axes, column: int, row: int, is_solved: bool) -> None:
    inside, edge = (SOLVED, SOLVED) if is_solved else ("white", GREY)
    corner = column - SIDE / 2, row - SIDE / 2
    axes.add_patch(Rectangle(corner, SIDE, SIDE, facecolor=inside, edgecolor=edge))
    words, colour = ("✓", "white") if is_solved else (str(column + 1), GREY)
    axes.text(column, row, words, color=colour, ha="center", va="center")


def _set_out(axes: Axes, names: list[str], longest: int) -> None:
    """The notebooks from top to bottom, squares that are square, and no frame."""
    axes.set(xlim=(-0.6, longest - 0.4), ylim=(len(names) - 0.4, -0.6), aspect=1)
    axes.set_yticks(range(len(names)), names)
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.grid(False)
    axes.spines[:].set_visible(False)
