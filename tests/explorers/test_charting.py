"""Panels with a chart, on one that does next to nothing; the page that shows how."""

import threading
import time
from pathlib import Path

import pytest
from driving import answer, until

from d2l_rnn.explorers import charting, controls
from d2l_rnn.explorers.chart import Axis, Chart, Line, Plot

PAGE = Path(__file__).parents[2] / "CONTRIBUTING.md"


class Slope(charting.ChartExplorer):
    """A line of a given slope."""

    slope = controls.Whole("slope a", -5, 5, 1)
    start = controls.Choice("start", {"at 0": 0, "at 1": 1}, 0)

    def answer(self, slope, start):
        if slope == 5:
            raise ValueError("slope must be less than 5, got 5")
        self.drawn_in = threading.current_thread()
        line = Line("line", [0, 1], [start, start + slope], leaves_ghost=True)
        plot = Plot(Axis("x", 0, 1), Axis("y", -6, 6), [line])
        return Chart([plot]), f"slope <b>{slope}</b>"

    def __init__(self, **values):
        self.drawn_in = None
        super().__init__(**values)


@pytest.fixture
def slope(monkeypatch):
    """A panel at which hands rest at once."""
    monkeypatch.setattr(charting, "REST", 0.0)
    panel = Slope()
    assert panel.wait(30)
    until(lambda: not panel.live.is_running)
    return panel


def lines(panel):
    """The labels of the lines that the browser draws; a ghost has none."""
    (figure,) = panel.view.figure["figures"]
    return [line["label"] for line in figure["plots"][0]["lines"]]


def test_made_it_draws_its_default_in_a_thread(slope):
    assert slope.view.kind == "figure"
    assert lines(slope) == ["line"]
    assert (slope.view.readout, slope.view.alt) == ("slope <b>1</b>", "slope 1")
    assert slope.drawn_in is not threading.main_thread()


def test_an_error_is_said_and_the_chart_stays(slope):
    before = slope.view.figure
    slope.slope = 5
    with pytest.raises(ValueError, match="slope must be less than 5"):
        slope.wait(30)
    assert "slope must be less than 5" in slope.view.readout
    assert slope.view.figure == before


def test_the_picture_is_made_when_it_is_asked_for(slope, monkeypatch):
    made = []
    picture = Chart.picture
    monkeypatch.setattr(Chart, "picture", lambda self: made.append(1) or picture(self))
    answer(slope, slope=3)
    until(lambda: not slope.live.is_running)
    assert made == []
    png, words = slope.finished()
    assert made == [1] and png.startswith(b"\x89PNG")
    kept = slope.picture
    assert kept.axes[0].lines[0].get_ydata().tolist() == [0, 3]
    assert kept.alt == "slope 3" and words == "slope <b>3</b>"


def test_before_the_first_answer_there_is_no_picture():
    panel = Slope(slope=5)
    with pytest.raises(ValueError, match="slope must be less than 5"):
        panel.wait(30)
    assert panel.picture is None
    assert panel.finished() is None  # the notebook keeps what it has
    panel.close()


class Odd(Slope):
    """Returns what it has, or at 1 two plots in place of one."""

    returned = None

    def answer(self, slope, start):
        chart, words = super().answer(slope, start)
        twice = Chart([*chart.plots, *chart.plots]) if slope == 1 else chart
        return self.returned(twice, words) if self.returned else (twice, words)


@pytest.mark.parametrize(
    ("returned", "got"),
    [
        (lambda chart, words: None, "NoneType"),
        (lambda chart, words: ("abc", "def"), "(str, str)"),
        (lambda chart, words: (chart, None), "(Chart, NoneType)"),
        (lambda chart, words: chart, "Chart"),
        (lambda chart, words: (chart, words.encode()), "(Chart, bytes)"),
        (lambda chart, words: (chart, words, 3), "tuple"),
    ],
)
def test_what_is_no_answer_is_told_and_nothing_of_it_is_shown(returned, got):
    panel = Odd()
    assert panel.wait(30)
    before = panel.chart, panel.view.figure, panel.view.alt
    Odd.returned = staticmethod(returned)
    try:
        panel.slope = 3
        with pytest.raises(ValueError) as told:
            panel.wait(30)
        assert str(told.value) == f"answer must return (Chart, words), got {got}"
    finally:
        Odd.returned = None
    assert (panel.chart, panel.view.figure, panel.view.alt) == before
    panel.slope = 2
    assert panel.wait(30) and panel.view.readout == "slope <b>2</b>"
    panel.close()


def test_a_chart_may_be_shown_without_a_word(monkeypatch):
    monkeypatch.setattr(Odd, "returned", staticmethod(lambda chart, words: (chart, "")))
    panel = Odd()
    assert panel.wait(30) and panel.finished()[1] == ""
    assert "line" not in panel.picture.alt and "x" in panel.picture.alt
    panel.close()


# The ghost


def test_a_chart_of_fewer_plots_has_no_ghost(monkeypatch):
    monkeypatch.setattr(charting, "REST", 0.0)
    panel = Odd()
    assert panel.wait(30)
    until(lambda: not panel.live.is_running)
    answer(panel, slope=3)
    assert panel.view.readout == "slope <b>3</b>" and len(panel.chart.plots) == 1
    panel.close()


def test_the_ghost_is_the_setting_at_which_the_hand_rested(slope):
    answer(slope, slope=3)
    assert lines(slope) == ["", "line"]
    assert slope.view.figure["ghost"] == "before: slope a = 1"
    until(lambda: not slope.live.is_running)
    answer(slope, start=1)
    assert slope.view.figure["ghost"] == "before: start = at 0"


def test_in_a_drag_it_stays_where_that_began(slope, monkeypatch):
    monkeypatch.setattr(charting, "REST", 60)
    for value in (2, 3, 4):
        answer(slope, slope=value)
        assert slope.view.figure["ghost"] == "before: slope a = 1"
        ghost = slope.view.figure["figures"][0]["plots"][0]["lines"][0]
        assert ghost["label"] == "" and ghost["colour"] == "quiet"
    answer(slope, slope=1)  # where it began there is nothing to compare
    assert lines(slope) == ["line"] and slope.view.figure["ghost"] == ""
    slope.close()


def test_waiting_for_a_rest_keeps_nobody_waiting(slope, monkeypatch):
    monkeypatch.setattr(charting, "REST", 60)
    began = time.monotonic()
    for value in (2, 3, 4, 3):
        answer(slope, slope=value)
    slope.close()
    until(lambda: not slope.live.is_running)
    assert time.monotonic() - began < 20


def test_the_kept_picture_has_no_ghost(slope):
    answer(slope, slope=3)
    assert len(lines(slope)) == 2
    assert len(slope.picture.axes[0].lines) == 1


# The page for those who write a panel


def example():
    """The code of the page that makes a panel."""
    blocks = PAGE.read_text("utf-8").split("```python\n")[1:]
    (code,) = (b.split("```")[0] for b in blocks if "ChartExplorer" in b)
    return code


def test_a_panel_with_a_slider_and_a_curve_takes_fifteen_lines():
    code = example()
    assert len([line for line in code.splitlines() if line.strip()]) <= 15
    names = {}
    exec(compile(code, PAGE.name, "exec"), names)
    (made,) = (
        each for each in names.values()
        if isinstance(each, type) and issubclass(each, charting.ChartExplorer)
        and each is not charting.ChartExplorer
    )  # fmt: skip
    panel = made()
    (name,) = panel.controls
    assert panel.wait(30)
    before = panel.view.figure, panel.view.readout
    control = panel.controls[name]
    answer(panel, **{name: control.low})
    assert panel.view.figure != before[0] and panel.view.readout != before[1]
    (line,) = panel.chart.plots[0].lines
    assert len(line.x) > 1
    assert panel.picture.png().startswith(b"\x89PNG")
