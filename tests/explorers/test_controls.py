"""Every control: what it allows, what it refuses, and that slider and value agree."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from d2l_rnn.explorers import controls


class Owner:
    """What a control needs of an explorer: its widgets, and `set`."""

    theta = controls.Steps("theta", (0.1, 1, 10), default=1, off=True)
    num_hiddens = controls.Steps("H", (8, 64, 512), default=64, whole=True)
    num_steps = controls.Whole("T", 2, 100, 35)
    noise = controls.Real("noise", 0, 2, 0.2, step=0.05)
    cell = controls.Choice("cell", {"nn.RNN": "rnn", "GRU": "gru"}, default="rnn")
    prefix = controls.Words("begins with", "time")
    own_text = controls.Words("my own", rows=3)

    def __init__(self):
        self.controls = {
            name: control
            for name, control in vars(type(self)).items()
            if isinstance(control, controls.Control)
        }
        self.widgets = {name: each.widget() for name, each in self.controls.items()}

    def set(self, **values):
        for name, value in values.items():
            control = self.controls[name]
            control.show(self.widgets[name], control.checked(value))


def test_defaults_and_classes():
    owner = Owner()
    values = {name: getattr(owner, name) for name in owner.controls}
    assert values == {
        "theta": 1, "num_hiddens": 64, "num_steps": 35, "noise": 0.2, "cell": "rnn",
        "prefix": "time", "own_text": "",
    }  # fmt: skip
    assert isinstance(Owner.theta, controls.Steps)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("theta", 10), ("theta", 0.37), ("theta", None), ("num_hiddens", 100),
        ("num_steps", 2), ("noise", 0.123), ("noise", 2), ("cell", "gru"),
        ("prefix", ""), ("own_text", "动手学\n深度学习 🙂"),
    ],
)  # fmt: skip
def test_what_is_set_is_read(name, value):
    owner = Owner()
    setattr(owner, name, value)
    assert getattr(owner, name) == value


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("theta", 0, "theta must be a number from 0.1 to 10 or None"),
        ("theta", math.nan, "theta"), ("theta", math.inf, "theta"),
        ("theta", "1", "theta"), ("theta", True, "theta"),
        ("num_hiddens", 7, "num_hiddens must be an integer from 8 to 512, got 7"),
        ("num_hiddens", 8.0, "num_hiddens"), ("num_hiddens", None, "num_hiddens"),
        ("num_steps", 101, "num_steps must be an integer from 2 to 100, got 101"),
        ("num_steps", 5.5, "num_steps"),
        ("noise", -0.1, "noise must be a number from 0 to 2, got -0.1"),
        ("noise", math.nan, "noise"), ("noise", None, "noise"),
        ("cell", "GRU", "cell must be one of 'rnn', 'gru', got 'GRU'"),
        ("prefix", None, "prefix must be a string"), ("own_text", 3, "own_text"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_nothing_moves(name, value, message):
    owner = Owner()
    before = getattr(owner, name)
    with pytest.raises(ValueError, match=message):
        setattr(owner, name, value)
    assert getattr(owner, name) == before


def test_a_value_between_two_positions_gets_one_of_its_own():
    owner = Owner()
    owner.theta = 0.37
    owner.theta = None
    owner.theta = 0.37
    shown = [label for label, _ in owner.widgets["theta"].options]
    assert shown == ["0.1", "0.37", "1", "10", "off"]
    assert owner.widgets["theta"].label == "0.37"


def test_the_last_position_is_off():
    owner = Owner()
    slider = owner.widgets["theta"]
    slider.index = len(slider.options) - 1
    assert owner.theta is None
    assert Owner.theta.caption(None) == "off"


@given(st.floats(0.1, 10))
def test_any_number_in_between(value):
    owner = Owner()
    owner.theta = value
    assert owner.theta == value
    positions = [each for _, each in owner.widgets["theta"].options]
    assert positions == sorted(positions)


@pytest.mark.parametrize(
    ("control", "value", "reach", "near"),
    [
        (Owner.theta, 1, 1, [0.1, 10]),
        (Owner.theta, 10, 1, [1, None]),
        (Owner.theta, None, 2, [1, 10]),
        (Owner.theta, 0.5, 1, [0.1, 1]),
        (Owner.num_hiddens, 8, 2, [64, 512]),
        (Owner.num_steps, 3, 2, [2, 4, 5]),
        (Owner.num_steps, 100, 1, [99]),
    ],
)
def test_neighbours(control, value, reach, near):
    assert control.neighbours(value, reach) == near


@pytest.mark.parametrize(
    ("control", "value", "words"),
    [
        (Owner.theta, 0.5, "0.5"), (Owner.theta, 10, "10"),
        (Owner.num_hiddens, 64, "64"), (Owner.noise, 0.1 + 0.2, "0.3"),
        (Owner.cell, "gru", "GRU"), (Owner.prefix, "time", "time"),
    ],
)  # fmt: skip
def test_values_as_a_reader_sees_them(control, value, words):
    assert control.caption(value) == words


def test_every_widget_says_what_it_does():
    for widget in Owner().widgets.values():
        assert widget.description and widget.tooltip


NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("declare", "words"),
    [
        (lambda: controls.Whole("a", 0, 3, 9), "default .* integer from 0 to 3, got 9"),
        (lambda: controls.Whole("a", 0, 3, None), "default of .* integer from 0 to 3"),
        (lambda: controls.Whole("a", 5, 1, 3), "high of .* of at least 5 .low is 5."),
        (lambda: controls.Whole("a", 0.5, 1, 1), "low of .* must be an integer"),
        (lambda: controls.Whole("a", 0, INF, 1), "high of .* must be an integer"),
        (lambda: controls.Real("a", 0, 1, 2, 0.1), "default .* number from 0 to 1"),
        (lambda: controls.Real("a", 0, 1, 0.5, 0), "step of .* greater than 0, got 0"),
        (lambda: controls.Real("a", 0, 1, 0.5, INF), "step of .* a finite number"),
        (lambda: controls.Real("a", 0, 1, 0.5, "1"), "step of .* real numbers"),
        (lambda: controls.Real("a", 1, 0, 0.5, 0.1), "high of .* at least its low, 1"),
        (lambda: controls.Real("a", NAN, 1, 0.5, 0.1), "low of .* a finite number"),
        (lambda: controls.Steps("a", (), 1), "values of .* rise, at least one"),
        (lambda: controls.Steps("a", 3, 1), "values of .* must be a list"),
        (lambda: controls.Steps("a", "123", 1), "values of .* real numbers"),
        (lambda: controls.Steps("a", (5, 1, 3), 3), "values of .* numbers that rise"),
        (lambda: controls.Steps("a", (1, 1), 1), "values of .* numbers that rise"),
        (lambda: controls.Steps("a", (1, INF), 1), "values of .* finite numbers"),
        (lambda: controls.Steps("a", (1, 2.5), 1, whole=True), "values .* be integers"),
        (lambda: controls.Steps("a", (1, 3), 4), "default of .* number from 1 to 3"),
        (lambda: controls.Steps("a", (1, 3), None), "default of .* number from 1 to 3"),
        (lambda: controls.Steps("a", (1, 3), 1, off="no"), "off of .* True or False"),
        (lambda: controls.Choice("a", {"l": 1}, 2), "default of .* one of 1, got 2"),
        (lambda: controls.Choice("a", {}, 2), "choices of .* at least one"),
        (lambda: controls.Choice("a", ["l"], "l"), "choices of .* the type Mapping"),
        (lambda: controls.Words("a", 3), "default of .* must be a string, got 3"),
        (lambda: controls.Words("a", rows=0), "rows of .* of at least 1, got 0"),
        (lambda: controls.Words("a", hint=3), "hint of .* must be a string"),
    ],
)  # fmt: skip
def test_what_no_slider_can_show_is_refused_where_it_is_declared(declare, words):
    with pytest.raises(ValueError, match=words) as told:
        declare()
    assert "of the control 'a'" in str(told.value)


@pytest.mark.parametrize(
    "control",
    [
        controls.Whole("a", 2, 2, 2), controls.Whole("a", *np.array([1, 9, 3])),
        controls.Real("a", 0, 1, np.float32(0.5), 2),
        controls.Steps("a", np.array([1, 10]), 5), controls.Steps("a", range(3), 2),
        controls.Steps("a", (1, 10), None, off=True), controls.Words("a", hint=None),
        controls.Choice("a", {"no": None, "yes": 1}, None),
    ],
)  # fmt: skip
def test_what_it_shows_first_is_its_default(control):
    assert control.read(control.widget()) == control.default


def test_a_pasted_text_counts_when_it_is_there():
    widgets = Owner().widgets
    assert not widgets["own_text"].continuous_update
    assert widgets["prefix"].continuous_update
