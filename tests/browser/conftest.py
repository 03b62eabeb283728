"""A real JupyterLab in a real browser, on a copy of the notebooks."""

import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import _lab  # noqa: E402


@pytest.fixture(scope="session")
def browser():
    """Chromium, headless; skips where Playwright or the browser is missing."""
    pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if _lab.browser_path() is None:
        pytest.skip("there is no Chromium on this machine")
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
def lab(folder):
    """The address of a JupyterLab, with {} for a path, as long as the tests last."""
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
    with _lab.jupyterlab(folder) as address:
        yield address


@pytest.fixture
def open_notebook(browser, lab):
    """Open notebooks by their paths; what they leave open is closed at the end."""
    opened = []

    def open_it(path, width=1280, height=900):
        opened.append(_lab.Notebook(browser, lab.format(path), width, height))
        return opened[-1]

    yield open_it
    for notebook in opened:
        notebook.close()
