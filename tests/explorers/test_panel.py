"""What all panels share, on one that does next to nothing."""

import base64
import copy
import pickle
import threading
import time
import warnings

import pytest
from driving import all_in, until

from d2l_rnn import explorers, figures
from d2l_rnn.explorers import answering, controls, panel, saved, subshells
from d2l_rnn.explorers.live import Stopped


class Line(answering.Explorer):
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
    yield line
    line.close()


def test_made_it_draws_its_default(line):
    assert line.view.picture.startswith(b"\x89PNG")
    assert line.view.readout == "slope <b>1</b>"
    assert line.drawn_in is not threading.main_thread()


def test_a_control_moved_by_code_is_answered(line):
    before = line.view.picture
    line.slope = -3
    assert line.wait(30)
    assert line.widgets["slope"].value == line.slope == -3
    assert line.view.readout == "slope <b>-3</b>"
    assert line.view.picture != before
    assert not line.is_watched


def test_a_slider_moved_by_a_reader_is_answered(line):
    line.widgets["slope"].value = 4
    assert line.wait(30)
    assert line.view.readout == "slope <b>4</b>"
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
    assert line.view.readout == "slope <b>-2</b>"


def test_values_can_be_given_from_the_start():
    assert Line(slope=3, words="steep").values == {"slope": 3, "words": "steep"}


@pytest.mark.parametrize(
    "values", [{"slope": 6}, {"slope": 2, "words": 7}, {"slop": 1}]
)
def test_a_bad_value_is_refused_and_all_stays(line, values):
    picture = line.view.picture
    with pytest.raises(ValueError, match=next(reversed(values))):
        line.set(**values)
    assert line.wait(30)
    assert line.values == {"slope": 1, "words": "up"}
    assert line.view.picture == picture
    with pytest.raises(ValueError, match=next(reversed(values))):
        Line(**values)


@pytest.mark.parametrize("answered", [None, "ab", (b"png", "words"), ("pic", None)])
def test_what_is_no_answer_is_told_and_the_picture_stays(line, monkeypatch, answered):
    before = line.picture, line.view.picture
    monkeypatch.setattr(Line, "answer", lambda self, **values: answered)
    line.slope = 3
    with pytest.raises(ValueError, match=r"answer must return \(Picture, words\), got"):
        line.wait(30)
    assert (line.picture, line.view.picture) == before


@pytest.mark.parametrize(
    "name", ["view", "values", "live", "answer", "picture", "widgets", "self", "_lock"]
)
def test_a_control_has_no_name_that_a_panel_needs(name):
    with pytest.raises(ValueError, match=f"the control '{name}' of Own must have"):
        type("Own", (answering.Explorer,), {name: controls.Whole("a", 0, 3, 1)})


def test_a_control_may_take_the_place_of_that_of_another_panel():
    other = type("Other", (Line,), {"slope": controls.Whole("slope", 0, 9, 7)})
    assert other().values == {"slope": 7, "words": "up"}


@pytest.mark.parametrize("of", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_panel_is_not_copied_but_made_again_or_saved(line, of):
    with pytest.raises(
        TypeError, match=r"make another one, Line\(slope=1, words='up'\)"
    ):
        of(line)
    training = explorers.Training(text="story", num_hiddens=8, num_epochs=1)
    with pytest.raises(TypeError, match=r"save\(path\) keeps its model"):
        of(training)
    training.close()


def test_a_slip_of_the_pen_is_told(line):
    with pytest.raises(ValueError, match="'slpoe'; the controls are slope, words"):
        line.slpoe = 3


def test_what_answer_refuses_is_shown_and_the_picture_stays(line):
    picture = line.view.picture
    line.widgets["words"].value = ""  # as a reader does
    with pytest.raises(ValueError, match="words must not be empty"):
        line.wait(30)
    until(lambda: "&lt;type&gt; one" in line.view.readout)
    assert line.view.picture == picture
    line.words = "up again"
    assert line.wait(30)
    assert line.view.readout == "slope <b>1</b>"


def test_it_says_its_state_a_long_text_in_brief(line):
    assert repr(line) == "Line(slope=1, words='up')"
    line.words = "up and down " * 1000
    assert repr(line).endswith("...')") and len(repr(line)) < 100


class Handle:
    """What `display` gives back: an output that can be updated."""

    def __init__(self, outputs, number):
        self.outputs, self.number = outputs, number

    def update(self, output, metadata, raw):
        self.outputs[self.number] = output


def shown(line, monkeypatch):
    """The outputs of a cell that shows it."""
    from IPython import display

    outputs = []

    def note(output, raw=False, metadata=None, display_id=None):
        outputs.append(output)
        return Handle(outputs, len(outputs) - 1) if display_id else None

    monkeypatch.setattr(display, "display", note)
    line._ipython_display_()
    return outputs


def test_a_cell_keeps_the_panel_its_picture_and_what_it_says(line, monkeypatch):
    view, kept = shown(line, monkeypatch)
    assert view[panel.VIEW]["model_id"] == line.panel.model_id
    png = base64.b64encode(line.view.picture).decode()
    assert kept["image/png"] == png and png in kept["text/html"]
    assert "alt='slope 1'" in kept["text/html"] and saved.AGAIN in kept["text/html"]
    assert kept["text/plain"].startswith("Line(slope=1, words='up')\nslope 1\n")


def test_what_is_kept_follows_the_sliders(line, monkeypatch):
    outputs = shown(line, monkeypatch)
    line.slope = 5
    assert line.wait(30)
    until(lambda: "slope=5" in outputs[1]["text/plain"])
    assert base64.b64encode(line.view.picture).decode() in outputs[1]["text/html"]


def test_what_is_kept_makes_way_for_a_new_setting(line, monkeypatch):
    outputs, given_up = shown(line, monkeypatch), []

    def slow(check):
        until(lambda: line.slope == 3)
        try:
            check()
        except Stopped:
            given_up.append(1)
            raise
        return png, line.view.readout

    png = line.view.picture
    line.__dict__["finished"] = slow
    monkeypatch.setattr(panel, "SETTLED", 0)
    line.slope = 5
    until(lambda: line.view.readout == "slope <b>5</b>")
    line.slope = 3
    until(lambda: "slope=3" in outputs[1]["text/plain"])
    assert given_up


def test_what_is_kept_is_drawn_once_the_hand_rests(line, monkeypatch):
    shown(line, monkeypatch)
    kept, draw = [], line.finished
    line.__dict__["finished"] = lambda check: kept.append(line.slope) or draw(check)
    for slope in (2, 3, 4):
        line.slope = slope
        assert line.wait(30)
        time.sleep(panel.SETTLED / 4)
    assert kept == []
    until(lambda: kept == [4])


def test_where_nothing_is_to_be_seen_what_is_kept_stays(line, monkeypatch):
    outputs, asked = shown(line, monkeypatch), []
    kept = outputs[1]
    line.__dict__["finished"] = lambda check=None: asked.append(1)
    line.slope = 5
    assert line.wait(30)
    until(lambda: not line.live.is_running)  # it does not ask again and again
    assert len(asked) == 1 and outputs[1] is kept


def test_what_is_kept_can_hold_any_text(monkeypatch):
    line = Line(words="<b>'&'</b>")
    _, kept = shown(line, monkeypatch)
    assert "words=&quot;&lt;b&gt;&#x27;&amp;&#x27;&lt;/b&gt;&quot;" in kept["text/html"]


def test_where_no_browser_draws_the_view_the_kept_picture_says_so(line, monkeypatch):
    outputs = shown(line, monkeypatch)
    line.slope = 5
    until(lambda: "slope=5" in outputs[1]["text/plain"])
    assert saved.AGAIN in outputs[1]["text/plain"]  # nobody sees it, perhaps
    line.widgets["slope"].value = 3  # somebody does
    until(lambda: saved.PLAIN in outputs[1]["text/plain"])
    line.view._heard(line.view, {"event": "opened", "view": "a"}, [])
    line.slope = 4
    until(lambda: saved.AGAIN in outputs[1]["text/plain"])


def test_a_panel_whose_setting_cannot_be_is_shown_all_the_same(monkeypatch):
    (view,) = shown(Line(words=""), monkeypatch)
    assert panel.VIEW in view


def test_what_has_been_drawn_is_shown_even_if_the_slider_has_moved_on(line):
    seen, may_go_on = [], threading.Event()
    line.view.observe(lambda change: seen.append(change["new"]), "readout")
    answer = line.answer

    def slow(**values):
        may_go_on.wait(30)
        return answer(**values)

    line.__dict__["answer"] = slow
    line.slope = 2
    until(lambda: not line.live._next)
    line.slope = 3
    line.slope = 4
    may_go_on.set()
    assert line.wait(30)
    assert seen == ["slope <b>2</b>", "slope <b>4</b>"]


def test_the_values_of_an_answer_are_those_of_one_setting(line):
    line.live.start(lambda: time.sleep(0.1))
    line.slope = 2
    line._is_setting = True  # half of a `set`
    line.widgets["slope"].value = 3
    line._is_setting = False
    assert line.wait(30)
    assert line.view.readout == "slope <b>2</b>"


def test_a_panel_that_nobody_sees_any_more_stops(line):
    line.view._heard(line.view, {"event": "opened", "view": "a"}, [])
    line.view._heard(line.view, {"event": "opened", "view": "b"}, [])
    stopped = threading.Event()

    def forever():
        try:
            while True:
                line.live.check()
        finally:
            stopped.set()

    line.live.start(forever)
    line.view._heard(line.view, {"event": "closed", "view": "a"}, [])
    assert not stopped.wait(0.2)
    line.view._heard(line.view, {"event": "closed", "view": "b"}, [])
    assert stopped.wait(10)


def test_a_closed_panel_has_neither_thread_nor_widgets(line):
    every = [*all_in(line.panel)]
    line.live.start(lambda: [line.live.check() for _ in iter(int, 1)])
    line.close()
    assert not line.live.is_running
    assert all(each.comm is None for each in every)


def test_a_widget_is_answered_in_the_shell_that_the_page_asks_for():
    line = Line()
    for widget in all_in(line.panel):
        if hasattr(widget.comm, "_reply_subshell_for"):
            assert widget.comm._reply_subshell_for({}, "subshell") == "subshell"


@pytest.mark.parametrize(
    ("version", "is_needed"),
    [((7, 3, 9), False), ((7, 4, 0), True), ((7, 9), True), ((8, 0), False)],
)
def test_only_some_versions_of_ipykernel_are_corrected(monkeypatch, version, is_needed):
    ipykernel = pytest.importorskip("ipykernel")
    monkeypatch.setattr(ipykernel, "version_info", version)
    assert subshells.is_needed() is is_needed


def test_ipykernel_still_needs_to_be_corrected():
    """If this fails, ipykernel sends replies where they belong: drop `subshells`."""
    comm = pytest.importorskip("ipykernel.comm.comm")
    if not subshells.is_needed():
        pytest.skip("this version of ipykernel is left alone")
    plain = comm.BaseComm.__new__(comm.BaseComm)
    plain._reply_subshell_lock, plain._reply_subshell_ids = threading.Lock(), {}
    plain._reply_subshell_id = "the cell's"
    assert plain._reply_subshell_for({}, "the one asked for") == "the cell's"


@pytest.mark.parametrize("name", sorted(explorers.PANELS))
def test_every_explorer_is_there_has_labels_and_draws(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        explorer = getattr(explorers, name)()
        assert explorer.wait(60)
    assert explorer.finished() and explorer.view.readout
    for control in explorer.controls.values():
        assert control.label and len(control.label) <= 20
    assert repr(explorer).startswith(f"{name}(")
    explorer.close()


def test_no_other_explorer_is_there():
    with pytest.raises(AttributeError, match="Nothing"):
        explorers.Nothing  # noqa: B018
    assert "Training" in dir(explorers)
