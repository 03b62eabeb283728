"""Numbers → pictures in a browser, in JavaScript; drawing them needs no Jupyter.

The modules are in `src`. `make web` bundles them, with uPlot, which draws the curves,
into one file in `dist`, and with the engine into the playground, a page that trains an
RNN by itself; only these are part of the package.
"""

from pathlib import Path

DIST = Path(__file__).parent / "dist"
WIDGET_JS = DIST / "widget.js"  # exports { render }, as anywidget wants it
WIDGET_CSS = DIST / "widget.css"
PLAYGROUND = DIST.with_name("playground.html")  # opens by a double click, and offline
