"""A model is saved to the reader's disk, and opened from there, by hand and by key."""

import re

import _lab
import pytest
from looking import CLOSE_SECOND, Panel

from d2l_rnn import saving

pytestmark = pytest.mark.browser

NAME = "rnn-H8-theta0.05-epoch100.safetensors"


def saved(panel, folder):
    """Save the model by its button; the path of the file on the reader's disk."""
    panel.notebook.until(panel.button("save model").is_enabled, 10)
    with panel.page.expect_download() as arriving:
        panel.press("save model")
    path = folder / arriving.value.suggested_filename
    arriving.value.save_as(path)
    return path


def choose(panel, path):
    """Open a file by the button."""
    with panel.page.expect_file_chooser() as chooser:
        panel.press("open model")
    chooser.value.set_files(path)


def test_a_model_is_saved_and_opened_in_a_fresh_panel(show, tmp_path):
    panel = show("theta=0.05")
    panel.ends()
    history = panel.ask("explorer.history.perplexity")
    path = saved(panel, tmp_path)
    assert path.name == NAME
    assert saving.load(path).history.perplexity == history

    panel = show("num_epochs=3", num_hiddens=16)
    panel.ends()
    choose(panel, path)
    panel.notebook.until(lambda: panel.told()["curve"] == 100, 20)
    assert sorted(panel.drawn()["lengths"]) == [3, 100]
    assert [each.split(" ·")[0] for each in panel.legend()] == [
        "theta 1, H 16", "theta 0.05, H 8"
    ]  # fmt: skip
    assert panel.ask("explorer.history.perplexity") == history
    theta = panel.place.get_by_role("slider", name=re.compile("^theta"))
    panel.becomes(theta, "aria-valuetext", "0.05")
    panel.notebook.until(lambda: panel.told()["texts"] == 100, 10)
    panel.press("clear")
    panel.notebook.until(lambda: panel.legend() == [], 10)
    choose(panel, path)  # the same file once more
    panel.ends()
    panel.press("one epoch")
    panel.notebook.until(lambda: panel.told()["curve"] == 101, 10)
    assert panel.find(".d2l-trouble").is_hidden()


def test_a_model_of_more_than_one_message_arrives(show, tmp_path):
    """An LSTM of 512 units and many kinds of signs: 14 MB, and the server takes 10."""
    signs = "''.join(map(chr, range(0x4E00, 0x4E00 + 1000))) * 3"
    many = f"text='own', own_text={signs}, cell='lstm', num_epochs=1"
    panel = show(many.replace("text='own', ", "", 1), num_hiddens=512)
    panel.set(text="own")
    panel.notebook.until(lambda: panel.ask("len(explorer.history)") == 1, 60)
    path = saved(panel, tmp_path)
    assert path.stat().st_size > 12 * 2**20
    panel = show(f"own_text={signs}, num_epochs=1")
    panel.ends()
    choose(panel, path)
    panel.notebook.until(lambda: panel.ask("explorer.cell") == "lstm", 60)
    panel.notebook.until(lambda: len(panel.drawn()["lengths"]) == 2, 20)
    assert panel.ask("explorer.text") == "own"


def test_what_cannot_be_opened_is_told_and_nothing_is_lost(show, tmp_path):
    panel = show()
    panel.ends()
    wrong, huge = tmp_path / "notes.txt", tmp_path / "huge.safetensors"
    wrong.write_text("no model")
    with huge.open("wb") as file:
        file.truncate(51_000_000)
    for path, words in ((wrong, "got 'notes.txt'"), (huge, "huge.safetensors has 51")):
        choose(panel, path)
        trouble, said = panel.find(".d2l-trouble"), panel.find(".d2l-said")
        panel.notebook.until(lambda: words in trouble.inner_text(), 10)  # noqa: B023
        assert trouble.is_visible() and words in said.inner_text()
        assert said.get_attribute("aria-live") == "polite"
    assert panel.drawn()["lengths"] == [100]
    panel.press("start")
    panel.notebook.until(trouble.is_hidden, 10)


def test_only_the_view_that_asks_gets_the_file_and_only_if_there_is_one(show, tmp_path):
    panel = show()
    panel.ends()
    panel.notebook.go_to(0)
    panel.notebook.command("notebook:create-output-view")
    second = panel.page.locator(".jp-LinkedOutputView .d2l-rnn-explorer")
    second.wait_for(timeout=10_000)
    downloads = []
    panel.page.on("download", lambda download: downloads.append(download))
    saved(panel, tmp_path)
    panel.page.wait_for_timeout(500)
    panel.page.evaluate(CLOSE_SECOND)
    second.wait_for(state="detached", timeout=5_000)
    assert len(downloads) == 1
    panel.press("clear")
    panel.notebook.until(panel.button("save model").is_disabled, 10)
    panel.press("start")
    panel.notebook.until(panel.button("save model").is_enabled, 10)


CELL = """from d2l_rnn import explorers

explorer = explorers.Training(text="story", num_hiddens=8, theta=0.05)
explorer"""


def test_in_notebook_7_too(open_notebook, lab, folder, tmp_path):
    _lab.write_notebook(folder / "keeping.ipynb", CELL)
    notebook = open_notebook("keeping.ipynb", address=_lab.in_notebook_7(lab))
    notebook.run(0)
    panel = Panel(notebook)
    panel.ends()
    path = saved(panel, tmp_path)
    assert path.name == NAME
    panel.press("clear")
    panel.notebook.until(lambda: panel.legend() == [], 10)
    choose(panel, path)
    panel.notebook.until(lambda: panel.told()["curve"] == 100, 20)
    assert notebook.errors() == []
