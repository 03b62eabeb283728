"""What all panels share, on one that does next to nothing."""

import threading
import types
import warnings

import pytest
from driving import until

from d2l_rnn import explorers, figures
from d2l_rnn.explorers import controls, panel


class Line(panel.Explorer):
    """A line of a given slope."""

    slope = controls.Whole("slope", -5, 5, 1)
    words = controls.Words("words", "up")

    def answer(self, slope, words):
        if not words:
            raise ValueError("words must not be empty: <type> one")
        self.drawn_in = threading.current_thread()
        figure = figures.curves({words: ([0, 1], [0, slope])}, "x", "y")
        return figure, f"slope <b>{slope}</b>"

    def __init__(self, **values):
        self.drawn_in = None
        super().__init__(**values)


@pytest.fixture
def line():
    line = Line()
    assert line.wait(30)
    return line


def test_made_it_draws_its_default(line):
    assert bytes(line.image.value).startswith(b"\x89PNG")
    assert line.readout.value == "slope <b>1</b>"
    assert line.drawn_in is not threading.main_thread()


def test_a_control_moved_by_code_is_answered(line):
    before = line.image.value
    line.slope = -3
    assert line.wait(30)
    assert line.widgets["slope"].value == line.slope == -3
    assert line.readout.value == "slope <b>-3</b>"
    assert line.image.value != before
    assert not line.is_watched


def test_a_slider_moved_by_a_reader_is_answered(line):
    line.widgets["slope"].value = 4
    assert line.wait(30)
    assert line.readout.value == "slope <b>4</b>"
    assert line.is_watched


def test_several_at_once_are_one_answer(line, monkeypatch):
    calls = []
    monkeypatch.setattr(line, "answer_to", lambda *names: calls.append(names))
    line.set(slope=2, words="down")
    assert calls == [("slope", "words")]


def test_the_last_of_many_moves_is_what_is_seen(line):
    for slope in (5, 4, 3, 2, 1, 0, -1, -2):
        line.slope = slope
    assert line.wait(30)
    assert line.readout.value == "slope <b>-2</b>"


def test_values_can_be_given_from_the_start():
    assert Line(slope=3, words="steep").values == {"slope": 3, "words": "steep"}


@pytest.mark.parametrize(
    "values", [{"slope": 6}, {"slope": 2, "words": 7}, {"slop": 1}]
)
def test_a_bad_value_is_refused_and_all_stays(line, values):
    picture = line.image.value
    with pytest.raises(ValueError, match=next(reversed(values))):
        line.set(**values)
    assert line.wait(30)
    assert line.values == {"slope": 1, "words": "up"}
    assert line.image.value == picture
    with pytest.raises(ValueError, match=next(reversed(values))):
        Line(**values)


def test_a_slip_of_the_pen_is_told(line):
    with pytest.raises(ValueError, match="'slpoe'; the controls are slope, words"):
        line.slpoe = 3


def test_what_answer_refuses_is_shown_and_the_picture_stays(line):
    picture = line.image.value
    line.widgets["words"].value = ""  # as a reader does
    with pytest.raises(ValueError, match="words must not be empty"):
        line.wait(30)
    until(lambda: "&lt;type&gt; one" in line.readout.value)
    assert line.image.value == picture
    line.words = "up again"
    assert line.wait(30)
    assert line.readout.value == "slope <b>1</b>"


def test_it_says_its_state_a_long_text_in_brief(line):
    assert repr(line) == "Line(slope=1, words='up')"
    line.words = "up and down " * 1000
    assert repr(line).endswith("...')") and len(repr(line)) < 100


class Handle:
    """What `display` gives back: an output that can be updated."""

    def __init__(self, outputs, number):
        self.outputs, self.number = outputs, number

    def update(self, output, raw=False):
        self.outputs[self.number] = output


def shown(line, monkeypatch):
    """The outputs of a cell that shows it."""
    from IPython import display

    outputs = []

    def note(output, raw=False, display_id=None):
        outputs.append(output)
        return Handle(outputs, len(outputs) - 1) if display_id else None

    monkeypatch.setattr(display, "display", note)
    line._ipython_display_()
    return outputs


def test_a_cell_keeps_the_panel_its_picture_and_its_state(line, monkeypatch):
    view, picture, state = shown(line, monkeypatch)
    assert view[panel.VIEW]["model_id"] == line.panel.model_id
    assert picture is line.picture
    assert state["text/plain"].startswith("Line(slope=1, words='up')\n")


def test_what_is_kept_follows_the_sliders(line, monkeypatch):
    outputs = shown(line, monkeypatch)
    line.slope = 5
    assert line.wait(30)
    until(lambda: "slope=5" in outputs[2]["text/plain"])
    assert outputs[1] is line.picture


def test_a_panel_whose_setting_cannot_be_is_shown_all_the_same(monkeypatch):
    (view,) = shown(Line(words=""), monkeypatch)
    assert panel.VIEW in view


def test_where_the_panel_is_alive_the_kept_picture_is_hidden(line):
    assert "d2l-rnn-explorer" in line.panel._dom_classes
    assert ".d2l-rnn-explorer) ~ .jp-OutputArea-child { display: none" in panel.STYLE


def test_a_widget_is_answered_in_the_shell_that_the_page_asks_for():
    def fake(*children):
        comm = types.SimpleNamespace(_reply_subshell_for=lambda data, asked_for: None)
        return types.SimpleNamespace(comm=comm, children=children)

    inner, without_shells = fake(), types.SimpleNamespace(comm=object())
    outer = fake(inner, without_shells)
    panel.answer_meanwhile(outer)
    for widget in (outer, inner):
        assert widget.comm._reply_subshell_for({}, "subshell") == "subshell"


@pytest.mark.parametrize("name", sorted(explorers.PANELS))
def test_every_explorer_is_there_has_labels_and_draws(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        explorer = getattr(explorers, name)()
        assert explorer.wait(60)
    assert explorer.image.value and explorer.readout.value and explorer.picture
    for control in explorer.controls.values():
        assert control.label and len(control.label) <= 20
    assert repr(explorer).startswith(f"{name}(")


def test_no_other_explorer_is_there():
    with pytest.raises(AttributeError, match="Nothing"):
        explorers.Nothing  # noqa: B018
    assert "Training" in dir(explorers)
