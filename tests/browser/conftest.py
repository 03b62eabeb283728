"""A real JupyterLab in a real browser, on a copy of the notebooks."""

import importlib.util
import os
import shutil
import urllib.parse
from pathlib import Path

import _lab
import pytest
from looking import PANEL, Panel

ROOT = Path(__file__).parents[2]
SHOWN = """from d2l_rnn import explorers

explorer = explorers.Training(text="story", {})
explorer"""


@pytest.fixture(scope="session")
def browser():
    """Chromium, headless; where it cannot be had, skips, or fails if it has to be."""
    missing = [
        name
        for name, is_there in (
            ("Playwright", importlib.util.find_spec("playwright")),
            ("JupyterLab", importlib.util.find_spec("jupyterlab")),
            ("Chromium", _lab.browser_path()),
        )
        if not is_there
    ]
    if missing and os.environ.get("D2L_RNN_REQUIRE_BROWSER"):
        pytest.fail(f"D2L_RNN_REQUIRE_BROWSER is set, but there is no {missing[0]}")
    if missing:
        pytest.skip(f"there is no {' and no '.join(missing)} on this machine")
    with _lab.chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """What JupyterLab serves: a copy of the notebooks, and what they read."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    shutil.copytree(ROOT / "benchmarks" / "results", folder / "benchmarks" / "results")
    return folder


@pytest.fixture(scope="session")
def lab(browser, folder):
    """The address of a JupyterLab, with {} for a path, as long as the tests last."""
    with _lab.jupyterlab(folder) as address:
        yield address


@pytest.fixture
def open_notebook(browser, lab, request):
    """Open notebooks by their paths; what they leave open is closed at the end."""
    opened = []

    def open_it(path, width=1280, height=900, address=lab, **how):
        opened.append(
            _lab.Notebook(browser, address.format(path), width, height, **how)
        )
        return opened[-1]

    yield open_it
    for number, notebook in enumerate(opened):
        if folder := os.environ.get("D2L_RNN_SCREENSHOTS"):
            name = f"{request.node.name}-{number}-end.png"
            notebook.page.screenshot(path=Path(folder) / name)
        notebook.close()


@pytest.fixture(scope="session")
def desk(browser, lab, folder):
    """A notebook of two cells on a small screen, for one panel after the other.

    Its page is cut off from all networks but JupyterLab; `strangers` are the addresses
    that it has asked for all the same.
    """
    _lab.write_notebook(folder / "desk.ipynb", "", "")
    address, strangers = lab.format("desk.ipynb"), []
    server = urllib.parse.urlsplit(address).netloc

    def cut_off(page):
        """Leave the page no network but its server; note whom else it asks."""
        ask = strangers.append
        page.route(
            lambda url: urllib.parse.urlsplit(url).netloc not in ("", server),
            lambda route: (ask(route.request.url), route.abort()),
        )
        page.on("websocket", lambda each: server in each.url or ask(each.url))

    notebook = _lab.Notebook(browser, address, 1366, 768, prepare=cut_off)
    notebook.path, notebook.strangers = folder / "desk.ipynb", strangers
    yield notebook
    notebook.close()


@pytest.fixture
def show(desk, folder):
    """Show a panel in the first cell of the desk, `explorer` in its kernel.

    Neither the page nor the kernel may complain until the test ends.
    """
    log = folder / _lab.LOG
    before = len(log.read_bytes())
    desk.complaints.clear()

    def show_it(arguments="", num_hiddens=8):
        desk.write(0, SHOWN.format(f"num_hiddens={num_hiddens}, {arguments}"))
        desk.run(0)
        desk.until(lambda: len(kept(desk)) == 2, 60)
        return Panel(desk)

    yield show_it
    assert desk.errors() == []
    assert desk.complaints == []
    logged = log.read_bytes()[before:].decode().splitlines()
    troubles = [each for each in logged if "Traceback" in each or "Warning" in each]
    # ipykernel ends so, now and then: that of another notebook, which was closed.
    assert [each for each in troubles if "was never awaited" not in each] == []
    desk.ask("0", "'explorer' in globals() and explorer.close()")
    desk.command("notebook:clear-all-cell-outputs")


@pytest.fixture
def show_at_rest(desk):
    """Run code that makes an `explorer`, in the desk's first cell; its place there.

    What `css` names has to appear within some seconds. Neither the page nor the
    notebook may complain until the test ends.
    """

    def show_it(source, css, seconds):
        desk.write(0, source)
        desk.run(0)
        panel = desk.page.locator(PANEL).first
        panel.locator(css).first.wait_for(timeout=1000 * seconds)
        desk.until(lambda: desk.ask("explorer.live.is_running") is False, 60)
        return panel

    yield show_it
    assert desk.errors() == []
    assert desk.complaints == []
    desk.ask("0", "explorer.close()")
    desk.command("notebook:clear-all-cell-outputs")


def kept(notebook):
    """What the notebook's file will have of the panel: view and picture.

    Above them may stand the line that announces the story.
    """
    return [output["data"] for output in notebook.outputs() if "data" in output]
