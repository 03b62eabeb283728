"""What answers while a cell runs: it is changed only where ipykernel needs it."""

import sys
import types

import ipywidgets as widgets
import pytest

from d2l_rnn.explorers import subshells


class Comm:
    """A widget's own, of an ipykernel that routes to the shell that sent last."""

    def _reply_subshell_for(self, data, asked_for):
        return "the cell's"


@pytest.fixture
def box():
    """A box with a slider in it, of which only this is looked at."""
    slider = types.SimpleNamespace(comm=Comm())
    return types.SimpleNamespace(comm=Comm(), children=[slider])


def routed(box):
    """Where the messages of the box and of its slider go."""
    return [
        each.comm._reply_subshell_for({}, "the one asked for")
        for each in (box, *box.children)
    ]


def use(monkeypatch, *version):
    """Let this version of ipykernel be the one that runs; None for no ipykernel."""
    kernel = types.SimpleNamespace(version_info=version) if version else None
    monkeypatch.setitem(sys.modules, "ipykernel", kernel)


@pytest.mark.parametrize("version", [(7, 4, 0), (7, 4, 1, "dev"), (7, 12, 0)])
def test_a_box_and_what_is_in_it_answer_meanwhile(monkeypatch, box, version):
    use(monkeypatch, *version)
    subshells.answer_meanwhile(box)
    assert routed(box) == ["the one asked for"] * 2


@pytest.mark.parametrize("version", [(6, 29, 5), (7, 3, 9), (8, 0, 0), ()])
def test_other_versions_and_other_kernels_are_left_alone(monkeypatch, box, version):
    use(monkeypatch, *version)
    subshells.answer_meanwhile(box)
    assert routed(box) == ["the cell's"] * 2


def test_a_widget_outside_a_kernel_is_left_alone(monkeypatch):
    use(monkeypatch, 7, 4)
    slider = widgets.IntSlider()
    before = dict(vars(slider.comm))
    subshells.answer_meanwhile(slider)
    assert vars(slider.comm) == before
    slider.close()
