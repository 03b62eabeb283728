"""Minibatches, drawn on the text that they are cut from, for both kinds of sampling."""

from __future__ import annotations

import html
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection, PathCollection
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.path import Path

from d2l_rnn import checks
from d2l_rnn.batching import sequential_partitioning
from d2l_rnn.explorers.answering import Explorer
from d2l_rnn.explorers.controls import Whole
from d2l_rnn.explorers.lifetime import weakly
from d2l_rnn.explorers.minibatches import WAYS, beginning, checked, starts
from d2l_rnn.explorers.outlines import letter, number
from d2l_rnn.pictures import COLOURS, GREY, Picture
from d2l_rnn.pictures.lettering import as_it_is

# Lengths are in hundredths of an inch, the pixels of a picture.
LINE, LINES = 60, 4  # characters of a line, lines
WIDTH, LEFT, CELL = 640, 32, 10  # of the picture; where a line begins; of a character
HEAD, PITCH, TALL = 42, 56, 20  # above the first line; from line to line; of a cell
FRAME = {"facecolor": "none", "edgecolor": "black"}
NOW = {**FRAME, "linewidth": 2.2}
NEXT = {**FRAME, "linewidth": 1.6, "linestyle": (0, (3, 1.5))}
LABELS = {"color": "black", "linewidth": 2, "marker": "|", "markersize": 6}
HINT = {"color": GREY, "fontsize": 8.5}


def shown_text() -> str:
    """The characters that fit into the panel."""
    return beginning(LINE * LINES)


def draw(
    characters: str, cuts: Mapping[str, np.ndarray], num_steps: int, minibatch: int
) -> Picture:
    """A text, cut in the ways {title: starts}; one minibatch and the next are framed.

    Above each subsequence is its row, below it its minibatch.

    Raises ValueError as `minibatches.checked` does.
    """
    cuts = checked(characters, cuts, num_steps, minibatch)
    num_steps, minibatch = int(num_steps), int(minibatch)
    num_lines = -(-len(characters) // LINE)
    part = HEAD + num_lines * PITCH
    height = part * len(cuts) + 32
    figure = Picture(WIDTH / 100, height / 100, layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    for i, (title, cut) in enumerate(cuts.items()):
        _draw_cut(axes, i * part, title, characters, cut, num_steps, minibatch)
    handles = [
        Patch(**NOW, label=f"X of minibatch {minibatch}"),
        Line2D([], [], **LABELS, label="its labels Y"),
        Patch(**NEXT, label=f"X of minibatch {minibatch + 1}"),
    ]
    is_last = minibatch == len(cut) - 1
    figure.legend(
        handles=handles[:2] if is_last else handles, loc="lower center",
        ncols=3, frameon=False, fontsize=9,
    )  # fmt: skip
    return figure


def _draw_cut(
    axes: Axes, top: float, title: str, characters: str, cut: np.ndarray,
    num_steps: int, minibatch: int,
) -> None:  # fmt: skip
    _write_head(axes, top, title, len(characters))
    top += HEAD
    cells, words = [], []
    for (which, row), start in np.ndenumerate(cut):
        pieces = _pieces(start, start + num_steps, top)
        colour = pale(row, strong=which in (minibatch, minibatch + 1))
        cells += [Rectangle(xy, width, TALL, color=colour) for xy, width in pieces]
        (x, y), width = max(pieces, key=lambda piece: piece[1])
        middle = x + width / 2
        words += [(f"row {row}", middle, y - 4), (str(which), middle, y + TALL + 17)]
    axes.add_collection(
        PatchCollection(cells, match_original=True, edgecolor="white", linewidth=1)
    )
    _draw_frames(axes, top, cut[minibatch : minibatch + 2], num_steps)
    paths, places = zip(*((number(word), at) for word, *at in words), strict=True)
    _add_paths(axes, paths, places, "black")
    _write_text(axes, top, characters, cut, num_steps)


def _write_head(axes: Axes, top: float, title: str, length: int) -> None:
    """What stands above the lines, and the position where each of them begins."""
    axes.text(0.33 * WIDTH, top + 15, as_it_is(title), ha="center", weight="bold")
    axes.text(2, top + 15, "position", **HINT)
    explanation = "above: its row · below: its minibatch · grey: in none"
    axes.text(LEFT + LINE * CELL, top + 15, explanation, ha="right", **HINT)
    lines = range(0, length, LINE)
    places = [(LEFT / 2, top + HEAD + line // LINE * PITCH + 15) for line in lines]
    _add_paths(axes, [number(str(line)) for line in lines], places, GREY)


def _draw_frames(axes: Axes, top: float, two: np.ndarray, num_steps: int) -> None:
    """Frame a minibatch, and the next if there is one; mark the labels of the first."""
    for starts_of_one, look in zip(two, (NOW, NEXT), strict=False):
        frames = [
            Rectangle(xy, width, TALL)
            for start in starts_of_one
            for xy, width in _pieces(start, start + num_steps, top)
        ]
        axes.add_collection(PatchCollection(frames, **look))
    labels = [
        _bracket(piece)
        for start in two[0]
        for piece in _pieces(start + 1, start + 1 + num_steps, top)
    ]
    axes.add_collection(LineCollection(labels, colors="black", linewidths=2))


def _pieces(start: int, end: int, top: float) -> list[tuple]:
    """The places of the characters from `start` to `end`: ((x, y), width) by line."""
    pieces = []
    for line in range(start // LINE, (end - 1) // LINE + 1):
        first, last = max(start, line * LINE), min(end, (line + 1) * LINE)
        corner = (LEFT + first % LINE * CELL, top + line * PITCH)
        pieces.append((corner, (last - first) * CELL))
    return pieces


def _bracket(piece: tuple) -> list[tuple]:
    """A line below a piece, with a short one across each end."""
    (x, y), width = piece
    left, right, middle = x + 1, x + width - 1, y + TALL + 4
    low, high = middle - 4, middle + 4
    return [
        (left, low), (left, high), (left, middle), (right, middle), (right, low),
        (right, high),
    ]  # fmt: skip


def _write_text(
    axes: Axes, top: float, characters: str, cut: np.ndarray, num_steps: int
) -> None:
    """The characters, each in its cell; those that are in no subsequence are grey."""
    used = np.zeros(len(characters), dtype=bool)
    used[cut[..., None] + np.arange(num_steps)] = True
    places = [place for place, sign in enumerate(characters) if not sign.isspace()]
    _add_paths(
        axes,
        [letter(characters[place]) for place in places],
        [
            (LEFT + place % LINE * CELL, top + place // LINE * PITCH + 15)
            for place in places
        ],
        ["black" if used[place] else GREY for place in places],
    )


def _add_paths(axes: Axes, paths: list[Path], offsets: list, colour) -> None:
    # One collection: hundreds of separate texts would take a hundred times as long.
    axes.add_collection(
        PathCollection(
            paths, offsets=offsets, offset_transform=axes.transData, linewidth=0,
            facecolor=colour, transform=axes.figure.dpi_scale_trans,
        )
    )  # fmt: skip


def pale(row: int, strong: bool = False) -> np.ndarray:
    """The colour of a row, mixed with white, as a background for black letters."""
    share = 0.55 if strong else 0.25
    return share * np.array(to_rgb(COLOURS[row % len(COLOURS)])) + 1 - share


def describe(
    characters: str, cuts: Mapping[str, np.ndarray], num_steps: int, minibatch: int
) -> str:
    """How much of the text is used, and the X and Y of a minibatch, as HTML.

    Raises ValueError as `draw` does.
    """
    cuts = checked(characters, cuts, num_steps, minibatch)
    num_steps, minibatch = int(num_steps), int(minibatch)
    num, batch_size = next(iter(cuts.values())).shape
    left_out = len(characters) - num * batch_size * num_steps
    tables = "".join(
        f"<div>{html.escape(str(title))}, minibatch <b>{minibatch}</b>:"
        f"{_table(characters, cut, num_steps, minibatch)}</div>"
        for title, cut in cuts.items()
    )
    return (
        f"<b>{num}</b> minibatches of {batch_size} × {num_steps} characters; "
        f"{left_out} of {len(characters)} are in no X of this epoch (grey)."
        f"<div style='display: flex; flex-wrap: wrap; gap: .3em 2.5em'>{tables}</div>"
    )


def _table(characters: str, cut: np.ndarray, num_steps: int, minibatch: int) -> str:
    """A minibatch, a line of HTML for each row: X, Y, and where the next one begins."""
    lines = []
    for row, start in enumerate(cut[minibatch].tolist()):
        end = start + num_steps
        X, Y = characters[start:end], characters[start + 1 : end + 1]
        following = "none"
        if minibatch + 1 < len(cut):
            begins = int(cut[minibatch + 1, row])
            following = f"<b>goes on</b> at {end}" if begins == end else f"at {begins}"
        lines.append((str(row), f"at {start}", _marked(X, row), _marked(Y, row),
                      following))  # fmt: skip
    heads = ("row", "begins", "X", "Y", "next minibatch")
    return (
        f"<table>{_line('th', heads)}{''.join(_line('td', line) for line in lines)}"
        "</table>"
    )


def _line(tag: str, cells: tuple) -> str:
    look = "style='text-align: left; padding: 0 .8em 0 0; white-space: nowrap'"
    return f"<tr>{''.join(f'<{tag} {look}>{cell}</{tag}>' for cell in cells)}</tr>"


def _marked(characters: str, row: int) -> str:
    colour = ", ".join(f"{100 * part:.0f}%" for part in pale(row))
    return (
        f"<span style='font-family: monospace; white-space: pre; color: black; "
        f"background: rgb({colour})'>{html.escape(characters)}</span>"
    )


class Minibatches(Explorer):
    """Which characters of a text go into which minibatch, for both kinds of sampling.

    `offset` is at most `num_steps - 1`, and `minibatch` at most the last one, so the
    ranges of these sliders depend on the others.
    """

    # At these limits the text still has two minibatches, whatever the offset.
    batch_size = Whole(
        "batch size", 1, 5, 3, hint="subsequences in a minibatch (批量大小)"
    )
    num_steps = Whole("time steps", 5, 20, 10, hint="characters in a subsequence")
    offset = Whole(
        "offset", 0, 19, 4, hint="where the epoch begins; drawn anew for each (偏移量)"
    )
    minibatch = Whole("minibatch", 0, LINE * LINES, 0, hint="the one that is framed")
    seed = Whole("seed", 0, 20, 0, hint="of the order in random sampling (随机抽样)")

    def check_together(self, given: dict, values: dict) -> None:
        """Raise ValueError if the offset or the minibatch exceeds its limit."""
        for name, most, why in self._limits(**values):
            if name in given:
                checks.integer(name, given[name], 0, most, why)

    def answer(
        self, batch_size: int, num_steps: int, offset: int, minibatch: int, seed: int
    ) -> tuple[Picture, str]:
        """The text, cut into minibatches of this size in both ways."""
        characters = shown_text()
        cuts = {
            title: starts(way, len(characters), batch_size, num_steps, offset, seed)
            for title, way in WAYS.items()
        }
        shown = (characters, cuts, num_steps, minibatch)
        return draw(*shown), describe(*shown)

    def _panel(self):
        limit = weakly(self._limit)
        for name in ("batch_size", "num_steps", "offset"):
            self.widgets[name].observe(limit, "value")
        self._limit()
        return super()._panel()

    def _limit(self, _=None) -> None:
        """Update the ranges of the sliders."""
        for name, most, _ in self._limits(**self.values):
            self.widgets[name].max = most

    def _limits(self, batch_size: int, num_steps: int, offset: int, **_) -> list[tuple]:
        """The maxima of the offset and the minibatch, and the reasons for them."""
        offset = min(offset, num_steps - 1)
        cut = starts(
            sequential_partitioning, len(shown_text()), batch_size, num_steps, offset
        )
        return [
            ("offset", num_steps - 1, f"num_steps is {num_steps}"),
            ("minibatch", len(cut) - 1, f"there are {len(cut)} minibatches"),
        ]
