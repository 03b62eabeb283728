"""The panels of every notebook, tried as a reader does.

In the first notebook all cells are run; in the others only the panels' cells, each of
which must work without those above it. Set D2L_RNN_RUN_ALL to run every cell of each.

Of each kind of panel, every control of the first one is tried; of the others, which
have the same controls in other places, a slider.

Set D2L_RNN_SCREENSHOTS to a folder to keep pictures of each notebook's first and last
screen, and of each panel in a narrow and in a wide window.
"""

import os
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.browser

FOLDER = Path(__file__).parents[2] / "notebooks"
NAMES = sorted(path.name for path in FOLDER.glob("[0-9]*.ipynb"))
RUN_ALL = os.environ.get("D2L_RNN_RUN_ALL")
SCREENSHOTS = os.environ.get("D2L_RNN_SCREENSHOTS")
PANEL = re.compile(r"explorers\.([A-Z]\w+)\(")
TRIED: set[str] = set()  # the kinds of panels that have been tried whole
OTHER = ":not(:has-text('epochs'))"
OWN_TEXT = "我在河边读书，风把书页一张一张地翻过去。\n" * 125
# What a panel shows, but for the sliders and their own numbers.
SHOWN = """panel => JSON.stringify([
    [...panel.querySelectorAll('.d2l-picture')].map(each => each.src),
    [...panel.querySelectorAll('.d2l-figure')].map(each => JSON.stringify(
        each.d2lFigure.figure,
        (_, each) => each instanceof Float64Array ? [...each] : each)),
    panel.querySelector('.d2l-view').innerText,
    [...panel.querySelectorAll('button')].map(each => each.innerText + each.disabled),
])"""


def keep(notebook, name):
    """Keep a picture of what the browser shows, if pictures are wanted."""
    if SCREENSHOTS:
        notebook.page.wait_for_timeout(500)
        notebook.page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")


@pytest.mark.parametrize("name", NAMES)
def test_panels_of(open_notebook, name):
    notebook = open_notebook(f"notebooks/{name}")
    notebook.command("notebook:clear-all-cell-outputs")
    assert notebook.outputs() == []
    run_all(notebook) if RUN_ALL or name == NAMES[0] else run_panels(notebook)
    assert notebook.errors() == []
    assert any("image/png" in each.get("data", {}) for each in notebook.outputs())
    keep(notebook, f"{name}-last")

    for number in panels(notebook):
        notebook.go_to(number)
        for width in (1600, 1024) if SCREENSHOTS else ():
            notebook.page.set_viewport_size({"width": width, "height": 900})
            keep(notebook, f"{name}-{number}-{width}")
        try_panel(notebook, is_whole=kind(notebook, number) not in TRIED)
        TRIED.add(kind(notebook, number))
        keep(notebook, f"{name}-{number}-moved")
    notebook.go_to(0)
    keep(notebook, f"{name}-first")
    assert notebook.errors() == []
    assert notebook.complaints == []


def run_all(notebook):
    """Run all cells, by the menu."""
    notebook.page.get_by_role("menuitem", name="Run", exact=True).click()
    notebook.page.get_by_text("Run All Cells", exact=True).click()
    notebook.until(notebook.has_run, 300)
    assert all(cell["execution_count"] for cell in notebook.code_cells())


def run_panels(notebook):
    """Run the cells of the panels only."""
    for number in panels(notebook):
        notebook.run(number)
        notebook.until(lambda: notebook.has_run(number), 60)


def panels(notebook):
    """The numbers of the cells that show a panel."""
    return [
        number
        for number, cell in enumerate(notebook.cells())
        if cell["cell_type"] == "code" and PANEL.search("".join(cell["source"]))
    ]


def kind(notebook, number):
    """The name of the panel that a cell shows."""
    return PANEL.search("".join(notebook.cells()[number]["source"]))[1]


# ruff: noqa: B023 (what is called is called before the loop goes on)
def try_panel(notebook, is_whole):
    """Move each slider of the panel in the active cell by keyboard, press each button.

    Each has to change what the panel shows. If not `is_whole`, only the first slider.
    """
    page = notebook.page
    panel = page.locator(".jp-Cell.jp-mod-active .d2l-rnn-explorer")
    panel.wait_for(timeout=30_000)

    def answers_to(act):
        page.wait_for_timeout(300)
        before = panel.evaluate(SHOWN)
        act()
        notebook.until(lambda: panel.evaluate(SHOWN) != before, 30)
        notebook.until_still(lambda: panel.evaluate(SHOWN), 60)

    for button in panel.get_by_role("button", name="more settings").all():
        press(page, button)
        page.wait_for_timeout(500)
    if not is_whole:
        return answers_to(lambda: move(page, panel.locator(".noUi-handle").first))
    # Short runs from now on; what has been trained stays.
    epochs = panel.locator(".widget-slider:has-text('epochs') .noUi-handle").all()
    for handle in epochs:
        handle.press("Home")
    others = panel.locator(f".widget-slider{OTHER} .noUi-handle").all()
    for handle in [*others, *epochs]:
        answers_to(lambda: move(page, handle))
    for box in panel.locator("input[type=checkbox]").all():
        answers_to(lambda: (box.focus(), page.keyboard.press("Space")))
    for line in panel.locator("input[type=text]").all():
        answers_to(lambda: (line.focus(), page.keyboard.press("Home"),
                            page.keyboard.type("e")))  # fmt: skip
    choices = panel.locator(".widget-toggle-buttons button").all()
    # One's own text last: as long as there is none, nothing else has an answer.
    for choice in sorted(choices, key=lambda each: "own" in each.inner_text()):
        if "mod-active" not in choice.get_attribute("class"):
            answers_to(lambda: press(page, choice))
    for box in panel.locator("textarea").all():
        answers_to(lambda: (box.fill(OWN_TEXT), page.keyboard.press("Shift+Tab")))
    for button in panel.locator("button.widget-button").all():
        # A network that is lost writes nothing, however often it is drawn.
        is_idle = (
            "lost at" in panel.inner_text() and button.inner_text() == "draw again"
        )
        if button.is_enabled() and not is_idle:
            answers_to(lambda: press(page, button))


def press(page, button):
    button.focus()
    page.keyboard.press("Enter")


def move(page, handle):
    """One step up, or down from the end."""
    now, end = (handle.get_attribute(f"aria-value{which}") for which in ("now", "max"))
    handle.focus()
    page.keyboard.press("ArrowLeft" if now == end else "ArrowRight")
