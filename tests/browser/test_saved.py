"""What is left of the training panel where it cannot live: no kernel, no front end."""

import json
import shutil
import subprocess
import sys

import _lab
import pytest
from looking import PANEL, Panel

from d2l_rnn.explorers.saved import AGAIN, PLAIN

pytestmark = pytest.mark.browser

SAVED = ".d2l-rnn-saved"
BROKEN = """() => [...document.querySelectorAll('.jp-OutputArea img')]
    .filter(each => each.offsetParent && !(each.complete && each.naturalWidth))
    .length"""
SAVE_STATE = "@jupyter-widgets/jupyterlab-manager:saveWidgetState"
THETA = "theta=0.5"


@pytest.fixture
def saved(show, folder):
    """The path of a notebook that has been saved with its panel, theta at 0.5."""
    panel = show()
    panel.ends()
    notebook, path = panel.notebook, panel.notebook.path
    panel.slider("theta").press("ArrowLeft")
    notebook.until(lambda: THETA in str(notebook.outputs()), 10)
    hidden = panel.page.locator(SAVED)
    assert hidden.count() == 1 and not hidden.is_visible()  # beside the living one
    notebook.command("docmanager:save")
    notebook.until(lambda: has_picture(path), 10)
    return path


def has_picture(path):
    """True once the file holds the panel's picture; an older save may hold theta."""
    text = path.read_text("utf-8")
    return SAVED[1:] in text and THETA in text


def looks_honest(notebook):
    """Say that a reader sees the picture, what to do about it, and nothing broken."""
    page = notebook.page
    place = page.locator(SAVED)
    place.wait_for(timeout=30_000)
    words = place.inner_text()
    assert AGAIN in words and THETA in words and "after epoch 100" in words
    picture = place.locator("img")
    above = place.get_by_text(AGAIN).bounding_box()
    assert above["y"] < picture.bounding_box()["y"]
    assert "theta 0.5" in picture.get_attribute("alt")
    page.wait_for_timeout(500)
    assert "rror displaying widget" not in page.locator(".jp-Notebook").inner_text()
    assert page.evaluate(BROKEN) == 0
    assert not any(each.is_visible() for each in page.locator(PANEL).all())


def test_without_a_kernel_there_is_the_last_picture(saved, folder, open_notebook):
    """As on a machine without Python for notebooks, in a trusted notebook."""
    content = json.loads(saved.read_text("utf-8"))
    kernel = {"name": "gone", "display_name": "gone", "language": "gone"}
    content["metadata"] = {"kernelspec": kernel, "language_info": {"name": "gone"}}
    path = folder / "without.ipynb"
    path.write_text(json.dumps(content), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "jupyter", "trust", path], check=True)
    looks_honest(open_notebook(path.name, has_kernel=False))


def test_in_a_new_kernel_there_is_the_last_picture(saved, folder, open_notebook):
    path = folder / "again.ipynb"
    shutil.copy(saved, path)
    looks_honest(open_notebook(path.name))


def test_a_saved_state_is_no_second_picture(saved, desk, folder, open_notebook):
    """With "Save Widget State Automatically", JupyterLab has the dead widget, too."""
    desk.command(SAVE_STATE)
    try:
        desk.until(lambda: "widget-state+json" in save(desk), 10)
    finally:
        desk.command(SAVE_STATE)
    path = folder / "state.ipynb"
    shutil.copy(saved, path)
    notebook = open_notebook(path.name)
    looks_honest(notebook)


def save(notebook):
    """Save the notebook; what its file holds by now."""
    notebook.command("docmanager:save")
    notebook.page.wait_for_timeout(300)
    return notebook.path.read_text("utf-8")


def test_after_a_restart_there_is_the_last_picture(saved, desk):
    desk.page.evaluate(f"() => {_lab.CURRENT}.sessionContext.session.kernel.restart()")
    looks_honest(desk)
    desk.until(desk.is_ready, 30)


CELL = """from d2l_rnn import explorers

explorer = explorers.Training(text="story", num_hiddens=8)
explorer"""


def without_front_end(page):
    """As where anywidget's extension of JupyterLab is not installed."""
    page.route("**/extensions/anywidget/**", lambda route: route.abort())


def test_without_the_front_end_the_picture_follows_the_sliders(open_notebook, folder):
    _lab.write_notebook(folder / "plain.ipynb", CELL)
    notebook = open_notebook("plain.ipynb", prepare=without_front_end)
    notebook.run(0)
    panel, saved = Panel(notebook), notebook.page.locator(SAVED)
    saved.wait_for(timeout=30_000)
    before = saved.locator("img").get_attribute("src")
    panel.slider("theta").press("ArrowLeft")
    notebook.until(lambda: THETA in saved.inner_text(), 20)
    picture = saved.locator("img")
    notebook.until(lambda: picture.get_attribute("src") != before, 20)
    assert PLAIN.split("`")[0].strip() in saved.inner_text()
    assert saved.is_visible() and notebook.errors() == []


def test_it_draws_without_a_network_and_asks_for_none(desk, show):
    panel = show()
    panel.ends()
    assert panel.drawn()["lengths"] == [100]
    assert desk.strangers == []
