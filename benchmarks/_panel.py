"""A panel in a real JupyterLab: a hand on its slider, and what the page shows when."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from _lab import CURRENT, LOG, Notebook, write_notebook

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WATCH = Path(__file__).with_name("_watch.js").read_text(encoding="utf-8")
PANEL = ".d2l-rnn-explorer"
STILL = 1.5  # seconds without a new picture, after which no more is expected
STEP = 0.03  # seconds between two steps of the mouse
KERNEL = f"{CURRENT}.sessionContext.session.kernel"


class Picture(NamedTuple):
    """What a panel shows: see `_watch.js`. `at` is in milliseconds."""

    at: float
    run: str
    drawn: int
    read: int


class Lab:
    """A JupyterLab that serves `root`, and a browser, for one panel after the other.

    `complaints` are the errors of the panels so far: in the notebook, in the page, and
    the tracebacks in the log.
    """

    def __init__(self, root: Path, address: str, browser: Browser):
        self.root, self.address, self.browser = root, address, browser
        self.opened, self.complaints = 0, []

    @contextlib.contextmanager
    def panel(self, code: str, **options) -> Iterator[Panel]:
        """The panel that a cell of this code shows, in a notebook of its own.

        `options` are those of `Notebook`.
        """
        self.opened += 1
        name = f"panel-{self.opened}.ipynb"
        write_notebook(self.root / name, code)
        notebook = Notebook(self.browser, self.address.format(name), **options)
        before = len(self._log())
        yield Panel(notebook)
        tracebacks = [line for line in self._log()[before:] if "Traceback" in line]
        errors = [*map(str, notebook.errors()), *notebook.complaints]
        self.complaints += errors + tracebacks
        notebook.close()

    def _log(self) -> list[str]:
        return (self.root / LOG).read_text(encoding="utf-8").splitlines()


class Panel:
    """The panel of a notebook's only cell, which is run; its first slider is moved."""

    def __init__(self, notebook: Notebook):
        self.notebook, self.page = notebook, notebook.page
        notebook.run(0)
        notebook.until(notebook.has_run, 120)
        self.page.wait_for_timeout(1000 * STILL)
        self.element = self.page.locator(PANEL)
        self.handle = self.element.locator(".widget-slider .noUi-handle").first
        self.element.evaluate(WATCH)

    @contextlib.contextmanager
    def while_another_sleeps(self) -> Iterator[None]:
        """Keep the kernel asleep meanwhile, as if a cell had told it to sleep."""
        code = "import time; time.sleep(3600)"
        self.page.evaluate(f"code => {{ {KERNEL}.requestExecute({{ code }}) }}", code)
        self.notebook.until(lambda: self._status() == "busy", 60)
        yield
        self.page.evaluate(f"() => {KERNEL}.interrupt()")
        self.notebook.until(lambda: self._status() == "idle", 60)

    def _status(self) -> str:
        return self.page.evaluate(f"() => {KERNEL}.status")

    @property
    def now(self) -> Picture:
        """What is shown at the moment."""
        return Picture(*self.page.evaluate("() => seen.now()"))

    @property
    def pictures(self) -> list[Picture]:
        """All pictures since the last key, or since `forget`."""
        return [Picture(*each) for each in self.page.evaluate("() => seen.pictures")]

    def forget(self) -> None:
        """Forget the pictures so far."""
        self.page.evaluate("() => { seen.pictures = [] }")

    def press(self, key: str) -> list[Picture]:
        """Press a key on the slider: the pictures of the run, or setting, that follows.

        Each is `at` the milliseconds since the key.
        """
        before = self.now.run
        self.handle.press(key)
        self.page.wait_for_timeout(1000 * STILL)  # without looking, which takes time
        self.notebook.until(lambda: self._answered(before), 60)
        key_at = self.page.evaluate("() => seen.key")
        return [
            each._replace(at=each.at - key_at)
            for each in self.pictures
            if each.run != before
        ]

    def _answered(self, before: str) -> bool:
        pictures, now = self.pictures, self.now
        if not pictures or pictures[-1].run == before:
            return False
        return now.at - pictures[-1].at > 1000 * STILL

    def drag(self, seconds: float, crossing: float) -> list[Picture]:
        """Drag the slider to and fro: the pictures meanwhile.

        From one end to the other takes `crossing` seconds. The first in the list is
        what is shown when the hand begins, the last what is shown at the end.
        """
        track = self.handle.locator("xpath=ancestor::*[contains(@class,'noUi-base')]")
        box, knob = track.bounding_box(), self.handle.bounding_box()
        height = knob["y"] + knob["height"] / 2
        share = (knob["x"] + knob["width"] / 2 - box["x"]) / box["width"]
        mouse = self.page.mouse
        mouse.move(box["x"] + share * box["width"], height)
        mouse.down()
        self.forget()
        first, started = self.now, time.perf_counter()
        while (passed := time.perf_counter() - started) < seconds:
            place = to_and_fro(share + passed / crossing)
            mouse.move(box["x"] + place * box["width"], height)
            rest = passed + STEP - (time.perf_counter() - started)
            self.page.wait_for_timeout(1000 * max(0.0, rest))
        last, pictures = self.now, self.pictures
        mouse.up()
        return [first, *(each for each in pictures if each.at < last.at), last]


def to_and_fro(way: float) -> float:
    """Where a hand is, between 0 and 1, after moving this far from 0."""
    return 1 - abs(1 - way % 2)
