"""Names, values and keys of a panel, for those who do not see or point at it."""

import re

import _lab
import pytest
from looking import Panel

pytestmark = pytest.mark.browser


def test_controls_tell_their_names_and_values(show):
    panel = show("show=['theta', 'sampling']")
    theta = panel.place.get_by_role("slider", name=re.compile("^theta"))
    assert theta.get_attribute("aria-valuetext") == "1"
    theta.press("ArrowLeft")
    panel.becomes(theta, "aria-valuetext", "0.5")
    choices = panel.place.get_by_role("group", name=re.compile("^minibatches"))
    pressed = {
        each.inner_text(): each.get_attribute("aria-pressed")
        for each in choices.get_by_role("button").all()
    }
    assert pressed == {"sequential": "true", "random": "false"}


def test_the_legend_tells_what_is_shown_and_pinned(show):
    panel = show()
    panel.ends()
    panel.set(theta=0.1)
    panel.ends()
    first = panel.entry("theta 1")
    shown = first.get_by_role("button", name=re.compile("theta 1 ·"))
    pinned = first.get_by_role("button", name="keep theta 1")
    for button, before in ((shown, "true"), (pinned, "false")):
        after = "false" if before == "true" else "true"
        assert button.get_attribute("aria-pressed") == before
        button.press("Enter")
        panel.becomes(button, "aria-pressed", after)


def test_the_readout_is_read_out_once_it_rests(show):
    panel = show()
    panel.set(num_hiddens=512, num_epochs=500)
    panel.shows("of 500")
    readout = panel.find(".d2l-readout")
    assert readout.get_attribute("aria-live") == "off"
    panel.press("pause")
    panel.becomes(readout, "aria-live", "polite")


def test_a_crosshair_reads_all_curves_by_hand_and_by_key(show):
    panel = show()
    panel.ends()
    panel.set(theta=0.1)
    panel.ends()
    heading, figure = panel.find(".d2l-legend-head"), panel.find(".d2l-figure")
    values = panel.find(".d2l-entry b")
    figure.focus()
    figure.press("End")
    figure.press("ArrowLeft")
    panel.notebook.until(lambda: heading.inner_text() == "at epoch 99:", 5)
    read = [float(each) for each in values.all_inner_texts()]
    runs = "[run.history[98].perplexity for run in explorer.runs.values()]"
    assert read == pytest.approx(panel.ask(runs), rel=0.005)
    said = panel.find(".d2l-said").inner_text()
    assert said.startswith("at epoch 99: theta 1 ") and "theta 0.1 " in said
    figure.press("Escape")
    panel.notebook.until(lambda: heading.inner_text() == "perplexity:", 5)

    panel.find(".d2l-figure .u-over").first.hover()
    panel.notebook.until(lambda: "at epoch" in heading.inner_text(), 5)
    epoch = int(re.search(r"\d+", heading.inner_text())[0])
    read = [float(each) for each in values.all_inner_texts()]
    runs = f"[run.history[{epoch - 1}].perplexity for run in explorer.runs.values()]"
    assert 40 < epoch < 60 and read == pytest.approx(panel.ask(runs), rel=0.005)


CELL = """from d2l_rnn import explorers

explorer = explorers.Training(text="story", num_hiddens=8)
explorer"""
ACTIVE = f"() => {_lab.CURRENT}.content.activeCellIndex"


def test_arrow_keys_move_a_slider_in_notebook_7_too(open_notebook, lab, folder):
    _lab.write_notebook(folder / "seven.ipynb", CELL, "1 + 1")
    notebook = open_notebook("seven.ipynb", address=_lab.in_notebook_7(lab))
    notebook.run(0)
    panel = Panel(notebook)
    panel.ends()
    theta = panel.slider("theta")
    theta.focus()
    for key, value in (
        ("ArrowRight", "2"), ("ArrowLeft", "1"), ("ArrowUp", "2"), ("ArrowDown", "1")
    ):  # fmt: skip
        notebook.page.keyboard.press(key)
        panel.becomes(theta, "aria-valuetext", value)
    assert notebook.page.evaluate(ACTIVE) == 0
    notebook.until(lambda: panel.ask("explorer.theta") == 1, 10)
    assert notebook.errors() == []
