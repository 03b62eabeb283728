"""A real JupyterLab in a real browser, on a copy of the notebooks."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    "--no-sandbox",  # a container has none to offer
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser():
    """Chromium, headless; skips where Playwright or the browser is missing."""
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed"
    )
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """The address of a JupyterLab, with a token, for as long as the tests last."""
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
    root = tmp_path_factory.mktemp("lab")
    shutil.copytree(NOTEBOOKS, root / "notebooks")
    results = NOTEBOOKS.with_name("benchmarks") / "results"
    shutil.copytree(results, root / "benchmarks" / "results")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, token = f"http://127.0.0.1:{port}", "token=reader"
    server = subprocess.Popen(
        [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
            "--expose-app-in-browser", f"--port={port}", f"--ServerApp.root_dir={root}",
            f"--IdentityProvider.{token}",
        ],
        env={**os.environ, "JUPYTER_CONFIG_DIR": str(root / "config")},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(f"{address}/api?{token}")
        # Without "reset" JupyterLab opens the notebooks of the tests before, too.
        yield f"{address}/lab/tree/notebooks/{{}}?{token}&reset"
    finally:
        server.terminate()
        server.wait(30)


def wait_for(url, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(url, timeout=5).close()
        time.sleep(0.3)
    raise TimeoutError(f"no answer from {url} in {seconds} seconds")
