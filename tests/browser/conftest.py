"""A real JupyterLab in a real browser, on a copy of the notebooks."""

import importlib.util
import os
import shutil
from pathlib import Path

import _lab
import pytest

ROOT = Path(__file__).parents[2]


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

    def open_it(path, width=1280, height=900):
        opened.append(_lab.Notebook(browser, lab.format(path), width, height))
        return opened[-1]

    yield open_it
    for number, notebook in enumerate(opened):
        if folder := os.environ.get("D2L_RNN_SCREENSHOTS"):
            name = f"{request.node.name}-{number}-end.png"
            notebook.page.screenshot(path=Path(folder) / name)
        notebook.close()
