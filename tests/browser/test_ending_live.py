"""When a panel ends that a page shows, and when it does not."""

import _lab
import pytest

pytestmark = pytest.mark.browser

BRIEF = "explorers.Training(text='story', num_hiddens=8, num_epochs=3)"
NAMED = f"panel = {BRIEF}\npanel"
# What the kernel has: `panels`, without a name for any of them, and `widgets`.
LOOK = """import gc
from ipywidgets.widgets.widget import _instances
from d2l_rnn.explorers.training import Training
gc.collect()
panels = sum(type(each) is Training for each in gc.get_objects())
widgets = len(_instances)
"""


@pytest.fixture
def notebook(open_notebook, folder):
    """A notebook of two cells, of which the first has been run.

    Neither the page nor the kernel may complain until the test ends.
    """
    _lab.write_notebook(folder / "ending.ipynb", "from d2l_rnn import explorers", "")
    log = folder / _lab.LOG
    before = len(log.read_bytes())
    notebook = open_notebook("ending.ipynb")
    notebook.run(0)
    notebook.until(lambda: notebook.has_run(0), 60)
    yield notebook
    notebook.ask("0")  # what the page has sent has been heard
    assert [
        each for each in notebook.outputs() if each["output_type"] == "stream"
    ] == []
    assert notebook.errors() == []
    logged = log.read_bytes()[before:].decode()
    assert "Traceback" not in logged and "No such comm" not in logged


def show(notebook, source):
    """Run the second cell, until its panel is seen at its end."""
    notebook.write(1, source)
    notebook.run(1)
    notebook.until(lambda: not notebook.has_run(1) or notebook.is_running(), 10)
    notebook.until(lambda: notebook.has_run(1), 60)
    sees(notebook, "epoch 3 of 3")


def sees(notebook, words):
    readout = notebook.page.locator(".d2l-readout")
    notebook.until(lambda: readout.count() == 1 and words in readout.inner_text(), 30)


def press(notebook, name):
    notebook.page.get_by_role("button", name=name, exact=True).press("Enter")


@pytest.mark.parametrize("source", [BRIEF, f"display({BRIEF})", NAMED])
def test_a_cell_that_is_run_again_ends_what_it_has_shown(notebook, source):
    show(notebook, source)
    widgets = notebook.ask("widgets", LOOK)
    for _ in range(3):
        show(notebook, source)
    notebook.until(lambda: notebook.ask("[panels, widgets]", LOOK) == [1, widgets], 10)
    press(notebook, "one epoch")
    sees(notebook, "epoch 4 of 4")


def test_a_panel_without_a_name_lives_as_long_as_its_cell(notebook):
    show(notebook, f"display({BRIEF})")
    notebook.run(0)
    assert notebook.ask("panels", LOOK) == 1
    press(notebook, "one epoch")
    sees(notebook, "epoch 4 of 4")


def test_a_view_that_is_closed_ends_the_work_and_opened_again_it_goes_on(notebook):
    show(notebook, NAMED)
    notebook.ask("0", "panel.set(num_hiddens=512, num_epochs=500)")
    sees(notebook, "of 500")
    notebook.command("notebook:clear-all-cell-outputs")
    is_running = "panel.live.is_busy or panel.live.is_running"
    notebook.until(lambda: not notebook.ask(is_running), 20)
    notebook.ask("0", "panel.set(num_hiddens=8, num_epochs=3)")
    show(notebook, "panel")
    press(notebook, "one epoch")
    sees(notebook, "epoch 4 of 4")


def test_a_page_that_is_loaded_again_has_the_panel_again(notebook):
    show(notebook, BRIEF)
    notebook.command("docmanager:save")
    notebook.page.wait_for_timeout(1000)
    notebook.page.reload()
    sees(notebook, "epoch 3 of 3")
    press(notebook, "one epoch")
    sees(notebook, "epoch 4 of 4")
