"""Every notebook, opened and run from its first cell to its last as a reader does it.

Set D2L_RNN_SCREENSHOTS to a folder to keep a picture of each notebook's first and last
screen.
"""

import os
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

FOLDER = Path(__file__).parents[2] / "notebooks"
NAMES = sorted(path.name for path in FOLDER.glob("[0-9]*.ipynb"))
CELLS = """() => {
    const notebook = window.jupyterapp.shell.currentWidget?.content?.model;
    return notebook ? notebook.toJSON().cells : [];
}"""
STATUS = (
    "() => window.jupyterapp.shell.currentWidget.sessionContext.kernelDisplayStatus"
)


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    page.close()


def code_cells(page):
    return [
        cell
        for cell in page.evaluate(CELLS)
        if cell["cell_type"] == "code" and "".join(cell["source"]).strip()
    ]


def outputs(page):
    return [output for cell in code_cells(page) for output in cell["outputs"]]


def errors(page):
    return [output for output in outputs(page) if output["output_type"] == "error"]


def ended(page):
    """True once an error has stopped the run, or every cell is done."""
    done = all(cell["execution_count"] for cell in code_cells(page))
    return errors(page) or (done and page.evaluate(STATUS) == "idle")


def until(condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.2)
    raise TimeoutError(f"not so after {seconds} seconds")


def screenshot(page, name):
    folder = os.environ.get("D2L_RNN_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")


@pytest.mark.parametrize("name", NAMES)
def test_run_all(lab, page, name):
    page.goto(lab.format(name))
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    until(lambda: page.evaluate(STATUS) == "idle", 60)
    page.evaluate(
        "() => jupyterapp.commands.execute('notebook:clear-all-cell-outputs')"
    )
    assert outputs(page) == []

    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    until(lambda: ended(page), 180)

    assert errors(page) == []
    assert all(cell["execution_count"] for cell in code_cells(page))
    assert any("image/png" in output.get("data", {}) for output in outputs(page))
    screenshot(page, f"{name}-last")
    page.evaluate(
        "() => { jupyterapp.shell.currentWidget.content.activeCellIndex = 0 }"
    )
    page.evaluate(
        "() => jupyterapp.shell.currentWidget.content.scrollToItem(0, 'start')"
    )
    page.wait_for_timeout(500)
    screenshot(page, f"{name}-first")
    page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    assert page.complaints == []
