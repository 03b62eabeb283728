"""The training explorer in a browser: its buttons, busy cells, and what is kept."""

import shutil
import time

import _lab
import pytest

pytestmark = pytest.mark.browser

PANEL, OUTPUT = ".d2l-rnn-explorer", ".jp-OutputArea-child"
SETUP = """
import json, time
from d2l_rnn import explorers

explorer = explorers.Training(show=["theta", "num_epochs"], num_hiddens=8, text="story")
explorer
"""


@pytest.fixture
def notebook(open_notebook, folder, request):
    """A notebook with the panel shown by its first cell, and the cells of the test."""
    log = folder / _lab.LOG
    before = len(log.read_bytes())
    path = folder / f"{request.node.name}.ipynb"
    _lab.write_notebook(path, SETUP, *request.param)
    notebook = open_notebook(path.name)
    notebook.path = path
    notebook.run(0)
    notebook.until(lambda: len(kept(notebook)) == 3, 60)
    yield notebook
    assert notebook.errors() == []
    assert notebook.complaints == []
    logged = log.read_bytes()[before:].decode()
    assert "Traceback" not in logged and "Warning" not in logged


def cells(*sources):
    return pytest.mark.parametrize("notebook", [sources], indirect=True, ids=["cells"])


def readout(notebook):
    return notebook.page.locator(PANEL).inner_text()


def press(notebook, button):
    notebook.page.locator(PANEL).get_by_role("button", name=button, exact=True).press(
        "Enter"
    )


def slider(notebook, label):
    slider = f".widget-slider:has-text('{label}') .noUi-handle"
    return notebook.page.locator(f"{PANEL} {slider}")


def shows(notebook, words, seconds=10):
    notebook.until(lambda: words in readout(notebook), seconds)


LONG = "explorer.set(num_epochs=500, num_hiddens=64)"


@cells(LONG)
def test_pause_resume_step_and_stop(notebook):
    notebook.run(1)
    shows(notebook, "of 500")
    press(notebook, "pause")
    shows(notebook, "resume")
    notebook.page.wait_for_timeout(300)
    paused = readout(notebook)
    notebook.page.wait_for_timeout(500)
    assert readout(notebook) == paused
    press(notebook, "one epoch")
    notebook.until(lambda: "resume" in (now := readout(notebook)) and now != paused, 10)
    press(notebook, "resume")
    shows(notebook, "pause")
    going = readout(notebook)
    notebook.until(lambda: readout(notebook) != going, 10)
    press(notebook, "stop")
    notebook.until(lambda: stop(notebook).is_disabled(), 10)
    assert "epoch 500" not in readout(notebook)
    press(notebook, "clear")
    notebook.until(lambda: "perplexity" not in readout(notebook), 10)
    press(notebook, "start")
    shows(notebook, "of 500")
    press(notebook, "stop")


def stop(notebook):
    return notebook.page.locator(PANEL).get_by_role("button", name="stop", exact=True)


@cells("time.sleep(6)", "print(json.dumps(explorer.theta))")
def test_a_slider_answers_while_another_cell_sleeps(notebook):
    notebook.run(1)
    notebook.page.wait_for_timeout(500)
    before = notebook.page.locator(f"{PANEL} img").get_attribute("src")
    slider(notebook, "theta").press("ArrowLeft")
    notebook.until(
        lambda: notebook.page.locator(f"{PANEL} img").get_attribute("src") != before, 3
    )
    assert notebook.is_running()
    notebook.run(2)
    notebook.until(lambda: notebook.code_cells()[2]["outputs"], 10)
    assert notebook.printed(2) == 0.5


@cells(LONG, "print(json.dumps(sum(range(1000))))")
def test_other_cells_go_on_while_it_trains(notebook):
    notebook.run(1)
    shows(notebook, "of 500")
    notebook.run(2)
    notebook.until(lambda: notebook.code_cells()[2]["outputs"], 5)
    assert notebook.printed(2) == 499500
    assert "epoch 500" not in readout(notebook)
    press(notebook, "stop")


ENDED = """
explorer.wait(60)
runs = explorer.current.plan == explorer.plan, explorer.current.is_complete
print(json.dumps([*runs, explorer.live.num_begun, explorer.theta]))
"""


@cells(ENDED)
def test_twenty_moves_in_two_seconds_are_few_runs_and_the_last_is_left(notebook):
    handle, begin = slider(notebook, "theta"), time.monotonic()
    for i in range(20):
        handle.press("ArrowLeft" if i < 6 or i % 2 else "ArrowRight")
        notebook.page.wait_for_timeout(80)
    seconds = time.monotonic() - begin  # two, or more on a busy machine
    notebook.run(1)
    notebook.until(lambda: notebook.code_cells()[1]["outputs"], 30)
    is_the_last, is_complete, begun, theta = notebook.printed(1)
    assert is_the_last and is_complete and theta == 0.01
    assert begun <= 2 + 4 * seconds


@cells("explorer.set(theta=None, num_hiddens=64)", "explorer.lr = 100")
def test_a_run_that_diverges_says_so(notebook):
    notebook.run(1)
    notebook.run(2)
    shows(notebook, "diverged at epoch")


@cells()
def test_without_a_kernel_there_is_a_picture_of_the_last_state(
    notebook, open_notebook, folder
):
    _, first, _ = kept(notebook)
    slider(notebook, "theta").press("ArrowLeft")
    notebook.until(lambda: "theta=0.5" in kept(notebook)[2]["text/plain"], 10)
    _, picture, _ = kept(notebook)
    assert picture["image/png"] != first["image/png"]
    # Beside the living panel it would be the same once more.
    hidden = notebook.page.locator(f"{OUTPUT}:has({PANEL}) ~ {OUTPUT}")
    assert [each.is_visible() for each in hidden.all()] == [False, False]

    notebook.command("docmanager:save")
    notebook.until(lambda: "theta=0.5" in notebook.path.read_text("utf-8"), 10)
    again = folder / "again.ipynb"
    shutil.copy(notebook.path, again)
    opened = open_notebook(again.name)
    shown = opened.page.locator(".jp-OutputArea")
    shown.locator("img").wait_for(timeout=10_000)
    assert "theta=0.5" in shown.inner_text() and "Run this cell" in shown.inner_text()


def kept(notebook):
    """What the notebook's file will have of the panel: view, picture and state.

    Above them may stand the line that announces the story.
    """
    return [output["data"] for output in notebook.outputs() if "data" in output]
