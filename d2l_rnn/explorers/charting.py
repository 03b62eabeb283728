"""Panels that answer each setting of their sliders with a chart.

The browser draws it in a few milliseconds, where matplotlib takes some hundreds, so the
chart keeps up with the slider. A picture is made only when the notebook has to keep
one.
"""

from __future__ import annotations

from collections.abc import Callable

import traitlets

from d2l_rnn.explorers.answering import Redrawn
from d2l_rnn.explorers.chart import Chart
from d2l_rnn.explorers.lifetime import weakly
from d2l_rnn.explorers.saved import plain
from d2l_rnn.explorers.view import View

REST = 0.7  # seconds without a new setting, after which the hand is said to rest


class ChartView(View):
    """The view of a chart: `figure` is what `Chart.for_browser` gives."""

    kind = traitlets.Unicode("figure").tag(sync=True)
    figure = traitlets.Dict().tag(sync=True)


class ChartExplorer(Redrawn):
    """Sliders, and a chart that is redrawn when one of them moves.

    A subclass declares its controls, and computes the `Chart` in `answer`. Lines
    that leave a ghost stay, in grey, as they were when the hand last rested. The last
    answer would not do: in a drag it is too close to this one, and gone in a moment.
    """

    chart: Chart | None = None
    _rested: tuple[dict, Chart] | None = None

    @property
    def _last(self) -> Chart | None:
        return self.chart

    def _view(self) -> View:
        return ChartView()

    def _draw(self, values: dict) -> None:
        chart, words = self._answered(values, Chart)
        shown = self._with_ghost(chart, values)
        self.chart = chart
        with self.view.hold_sync():
            self.view.figure, self.view.readout = shown.for_browser(), words
            self.view.alt = plain(words)

    def _rest(self) -> Callable[[dict], None]:
        live, view, is_watched = self.live, self.view, self.is_watched
        note = weakly(self._note_rest)

        def rest(values):
            live.settle()
            if view.was_seen or not is_watched:  # else only the kept picture is seen
                live.rest(REST)
            note(values)

        return rest

    def _note_rest(self, values: dict) -> None:
        self._rested = values, self.chart

    def _with_ghost(self, chart: Chart, values: dict) -> Chart:
        """The chart, and behind it the one at which the hand last rested."""
        if self._rested is None:
            return chart
        before, at_rest = self._rested
        if len(at_rest.plots) != len(chart.plots):  # there is nothing to compare
            return chart
        changed = ", ".join(
            f"{control.label} = {control.caption(before[name])}"
            for name, control in self.controls.items()
            if values[name] != before[name]
        )
        return chart.after(at_rest, f"before: {changed}") if changed else chart
