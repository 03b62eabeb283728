"""A real JupyterLab in a real browser, for measuring and for testing."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    "--no-sandbox",  # a container has none to offer
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CURRENT = "window.jupyterapp.shell.currentWidget"
NOTIFICATION = "@jupyterlab/apputils-extension/notification.jupyterlab-settings"
LOG = "jupyterlab.log"
CONNECTION = "d2l_rnn.web.server.PromptConnection"  # as in `make lab`
# What code prints that runs in the kernel, but in no cell.
ASK = f"""async code => {{
    let printed = '';
    const asked = {CURRENT}.sessionContext.session.kernel.requestExecute(
        {{ code, store_history: false, stop_on_error: false }});
    asked.onIOPub = ({{ content }}) =>
        printed += content.name === 'stdout' ? content.text : '';
    const late = new Promise((_, fail) => setTimeout(
        () => fail(new Error('the kernel has not answered for a minute')), 60_000));
    const {{ content }} = await Promise.race([asked.done, late]);
    if (content.status === 'error') throw new Error(content.evalue);
    return printed;
}}"""
# Asked in the page: the outputs of a notebook are long, and this is asked often.
HAS_RUN = f"""number => {{
    const cells = {CURRENT}.content.widgets
        .filter((_, i) => number === null || i === number)
        .map(cell => cell.model)
        .filter(cell => cell.type === 'code' && cell.sharedModel.source.trim());
    const failed = ({{ outputs }}) => Array.from(
        {{ length: outputs.length }}, (_, i) => outputs.get(i).type).includes('error');
    return cells.some(failed) || cells.every(
        cell => cell.executionCount && cell.executionState !== 'running');
}}"""
MISSING = "Playwright or Chromium is missing"


def browser_path() -> str | None:
    """Where the machine has Chromium; None if it has not."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def is_there() -> bool:
    """True if this machine has Playwright and Chromium."""
    has_playwright = importlib.util.find_spec("playwright") is not None
    return has_playwright and browser_path() is not None


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Playwright, driving the machine's own Chromium, headless."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=QUIET)
        yield browser
        browser.close()


@contextlib.contextmanager
def jupyterlab(root: Path) -> Iterator[str]:
    """The address of a JupyterLab that serves a folder, with {} for a path in it.

    What it and its kernels log goes to the file `LOG` in that folder. The server has
    Notebook 7, too, if that is installed: see `in_notebook_7`.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, token = f"http://127.0.0.1:{port}", "token=reader"
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
        "--expose-app-in-browser", f"--port={port}", f"--ServerApp.root_dir={root}",
        "--JupyterNotebookApp.expose_app_in_browser=True",
        f"--ServerApp.kernel_websocket_connection_class={CONNECTION}",
        f"--IdentityProvider.{token}",
    ]  # fmt: skip
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(root / "config")}
    settings = root / "config" / "lab" / "user-settings" / NOTIFICATION
    settings.parent.mkdir(parents=True)
    settings.write_text('{"fetchNews": "false"}')  # or it asks, in front of everything
    with open(root / LOG, "wb") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _wait_for(f"{address}/api?{token}")
            # Without "reset" JupyterLab opens the notebooks opened before, too.
            yield f"{address}/lab/tree/{{}}?{token}&reset"
        finally:
            server.terminate()
            server.wait(30)


def in_notebook_7(address: str) -> str:
    """The address of a notebook in Notebook 7, from that in JupyterLab."""
    return address.replace("/lab/tree/", "/notebooks/")


def write_notebook(path: Path, *cells: str) -> None:
    """A notebook of these code cells."""
    import nbformat

    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, path)


class Notebook:
    """A notebook that is open in the browser: a page, and what one does on it.

    `complaints` are the errors that the page has thrown or logged to its console.
    `prepare` is called with the page before it goes anywhere; `options` are those of
    Playwright's `new_page`. Without `has_kernel` the page is told to start no kernel,
    which it asks where there is no kernel for the notebook's language.
    """

    def __init__(
        self,
        browser: Browser,
        address: str,
        width: int = 1280,
        height: int = 900,
        *,
        prepare: Callable[[Page], object] = lambda page: None,
        has_kernel: bool = True,
        **options,
    ):
        size = {"width": width, "height": height}
        self.page = browser.new_page(viewport=size, **options)
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._note)
        prepare(self.page)
        self.page.goto(address)
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        if has_kernel:
            self.until(self.is_ready, 60)
            # The page now asks the kernel for the widgets that it has. Those that a
            # cell makes before the answer are taken for old ones, and may miss an
            # update.
            self.page.wait_for_timeout(2000)
        else:
            self.page.locator(".jp-Dialog select").select_option(label="No Kernel")
            self.page.get_by_role("button", name="Select Kernel", exact=True).click()

    def close(self) -> None:
        """Shut the kernel down, and leave."""
        self.page.evaluate(f"() => {CURRENT}.sessionContext.shutdown()")
        self.page.close()

    def command(self, name: str) -> None:
        """Begin a command of JupyterLab's, such as "notebook:run-all-cells"."""
        self.page.evaluate(f"() => {{ jupyterapp.commands.execute('{name}') }}")

    def write(self, number: int, source: str) -> None:
        """Write a cell anew."""
        cell = f"{CURRENT}.content.model.cells.get({number})"
        self.page.evaluate(f"source => {cell}.sharedModel.setSource(source)", source)

    def ask(self, expression: str, before: str = ""):
        """What the kernel makes of an expression, once `before` has run there; JSON.

        Needs no cell. Waits until those that run have ended.
        """
        code = f"{before}\nimport json\nprint(json.dumps({expression}))"
        return json.loads(self.page.evaluate(ASK, code))

    def run(self, number: int) -> None:
        """Run one cell, by its number; does not wait for its end."""
        self.go_to(number)
        self.command("notebook:run-cell")

    def go_to(self, number: int) -> None:
        """Select a cell and scroll to its beginning."""
        self.page.evaluate(
            f"() => {{ {CURRENT}.content.activeCellIndex = {number};"
            f" {CURRENT}.content.scrollToItem({number}, 'start') }}"
        )

    def cells(self) -> list[dict]:
        """All cells, as the file will have them."""
        return self.page.evaluate(f"() => {CURRENT}.content.model.toJSON().cells")

    def code_cells(self) -> list[dict]:
        """The code cells that are not empty."""
        return [
            cell
            for cell in self.cells()
            if cell["cell_type"] == "code" and "".join(cell["source"]).strip()
        ]

    def outputs(self) -> list[dict]:
        """All that the cells have printed and shown, in order."""
        return [output for cell in self.code_cells() for output in cell["outputs"]]

    def errors(self) -> list[dict]:
        """Those of the outputs that are tracebacks."""
        return [each for each in self.outputs() if each["output_type"] == "error"]

    def is_ready(self) -> bool:
        """True once the kernel has answered."""
        status = f"() => {CURRENT}?.sessionContext?.kernelDisplayStatus"
        return self.page.evaluate(status) == "idle"

    def is_running(self) -> bool:
        """True while a cell runs or waits for its turn."""
        return self.page.evaluate(
            f"() => {CURRENT}.content.widgets.some("
            "cell => cell.model.executionState === 'running')"
        )

    def has_run(self, number: int | None = None) -> bool:
        """True once the cell, or every cell, is done, or an error has stopped it."""
        return self.page.evaluate(HAS_RUN, number)

    def until(self, condition: Callable[[], object], seconds: float) -> None:
        """Wait until `condition()` is true; TimeoutError if it takes longer."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f"not so after {seconds} seconds")
            self.page.wait_for_timeout(50)

    def until_still(self, look: Callable, seconds: float) -> None:
        """Wait until `look()` has given the same for a while."""
        seen: list = []

        def is_still() -> bool:
            seen.append(look())
            return len(seen) > 6 and len(set(seen[-6:])) == 1

        self.until(is_still, seconds)

    def printed(self, number: int):
        """What the code cell printed, read as JSON."""
        (output,) = self.code_cells()[number]["outputs"]
        return json.loads("".join(output["text"]))

    def _note(self, message) -> None:
        if message.type == "error":
            self.complaints.append(message.text)


def _wait_for(url: str, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(url, timeout=5).close()
        time.sleep(0.3)
    raise TimeoutError(f"no answer from {url} in {seconds} seconds")
