"""How far back, drawn: a row of shades for each network, and curves below them."""

from __future__ import annotations

import html
from collections.abc import Mapping

import numpy as np

from d2l_rnn import checks
from d2l_rnn.explorers.chart import Axis, Chart, Line, Plot, Shades, Vertical
from d2l_rnn.explorers.charting import ChartExplorer
from d2l_rnn.explorers.controls import Whole, Words
from d2l_rnn.explorers.how_far_back import Look, looks, networks
from d2l_rnn.explorers.lifetime import weakly
from d2l_rnn.explorers.unrolled import corpus
from d2l_rnn.explorers.wording import percent, visible

LONGEST = 50  # characters of the string that are read: more columns would not fit
STRING = "the time traveller came back to the time trave"
LEAST = 1e-6  # of the strongest: what is weaker lies below the lower chart


def draw(found: Mapping[str, Look], string: str, place: int) -> Chart:
    """Above, each network's reach in shades, the strongest of each the darkest.

    Below, the same numbers as curves, on a logarithmic scale. The character that is
    predicted stands between two lines.

    Raises ValueError for a place that is not one of the looks'.
    """
    string = checks.string("string", string)
    place = checks.integer("place", place, 2, len(string))
    for look in found.values():
        if len(look.reach) != place - 1:
            raise ValueError(
                f"place must be {len(look.reach) + 1}, one after what was read, got "
                f"{place}"
            )
    T, rows = len(string), len(found)
    x = Axis(
        "character read; between the lines, the one predicted", 0.5, T + 0.5,
        ticks=range(1, T + 1), names=[visible(each) for each in string],
    )  # fmt: skip
    here = [Vertical(place - 0.5, dash=0), Vertical(place + 0.5, dash=0)]
    names = Axis(
        "network", 0.5, rows + 0.5, ticks=range(1, rows + 1), names=[*found][::-1]
    )  # the first at the top
    shades = Shades(_table(found, T)[::-1], positive=0)
    plots = [
        Plot(x, names, height=30 * rows, shades=shades, verticals=here),
        _curves(x, found, here),
    ]
    return Chart(plots)


def _table(found: Mapping[str, Look], T: int) -> np.ndarray:
    """A row for each network, (rows, T): its reach as shares of the strongest."""
    table = np.zeros((len(found), T))
    for row, look in zip(table, found.values(), strict=True):
        row[: len(look.reach)] = look.reach / (look.reach.max() or 1)
    return table


def _curves(x: Axis, found: Mapping[str, Look], here: list[Vertical]) -> Plot:
    top = max(float(look.reach.max()) for look in found.values()) or 1.0
    lines = []
    for i, (name, look) in enumerate(found.items()):
        is_drawn = look.reach >= LEAST * top
        y = np.where(is_drawn, look.reach, np.nan)
        steps = range(1, len(y) + 1)
        lines.append(Line(name, steps, y, i, dash=i, points=len(y) < 12))
    y = Axis("norm of d log P / dx", LEAST * top, 2 * top, log=True)
    return Plot(x, y, lines, height=150, verticals=here)


def describe(found: Mapping[str, Look], string: str, place: int) -> str:
    """What was predicted, how well, and how far back each network looked, as HTML.

    Raises ValueError for a place that is not in the string.
    """
    string = checks.string("string", string)
    place = checks.integer("place", place, 2, len(string))
    sentences = [
        f"{html.escape(name)} gives it <b>{percent(look.probability)}</b>, and 90% of "
        f"its reach lies in the last <b>{look.last()}</b>"
        for name, look in found.items()
    ]
    before = html.escape(repr(string[: place - 1][-12:]))
    return (
        f"Character {place}, {html.escape(repr(string[place - 1]))}, after {before}. "
        f"{'; '.join(sentences)}."
    )


class HowFarBack(ChartExplorer):
    """How much each earlier character moved the prediction of one that you choose.

    `letter` is its place in `string`, from 2 on: at most the length of the string, and
    a click on a column goes there. The RNN, GRU and LSTM are trained on the first
    characters of the text, when they are first needed. `file` is that of a model saved
    by `saving.save`: if it is there, it is drawn as "yours"; if not, the panel says so.

    Raises ValueError as `Explorer` does, and for a letter beyond the end of the string.
    """

    string = Words("string", STRING, hint="what the networks read")
    letter = Whole(
        "letter number", 2, LONGEST, default=len(STRING),
        hint="the place of the letter that is predicted; or click on it",
    )  # fmt: skip
    file = Words(
        "model file", "traveller.safetensors", hint="a model that you have saved",
        placeholder="none",
    )  # fmt: skip

    def __init__(self, **values):
        corpus()  # may fetch the text and print a message: not in the thread
        super().__init__(**values)

    def check_together(self, given: dict, values: dict) -> None:
        """Raise ValueError if `letter` exceeds the number of characters of `string`."""
        length = _read_of(values["string"])
        if "letter" in given:
            reason = f"{length} characters of the string are read"
            checks.integer("letter", given["letter"], 2, max(2, length), reason)

    def answer(self, string: str, letter: int, file: str) -> tuple[Chart, str]:
        """How the networks came to predict this letter of the string.

        Raises ValueError for a string of fewer than two characters, and for a file with
        anything but a model of characters in it.
        """
        string = string[:LONGEST]
        place = min(letter, max(2, len(string)))
        found = looks(networks(file), string, place)
        told = describe(found, string, place)
        if file.strip() and "yours" not in found:
            told += f" There is no file {html.escape(repr(file))}."
        return draw(found, string, place), told

    def _panel(self):
        self._fit()
        fit = weakly(self._fit)
        self.widgets["string"].observe(lambda _: fit(), "value")
        self.view.on("click", weakly(self._clicked))
        return super()._panel()

    def _clicked(self, figure: int, x: float) -> None:
        """Go to the letter of a column."""
        slider = self.widgets["letter"]
        slider.value = min(max(round(x), slider.min), slider.max)

    def _fit(self) -> None:
        """Set the slider's maximum to the length of the string."""
        slider, length = self.widgets["letter"], max(2, _read_of(self.string))
        is_at_end = slider.value == slider.max
        slider.max = length
        if is_at_end:
            slider.value = length


def _read_of(string: str) -> int:
    """How many characters of the string are read."""
    return min(len(string), LONGEST)
