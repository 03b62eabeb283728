"""Numbers → pictures in a browser, in JavaScript that knows nothing of Jupyter.

The modules are in `src`. `dist` has them in one file, bundled with uPlot, which draws
the curves, and is what the package contains: `make web` writes it.
"""

from pathlib import Path

DIST = Path(__file__).parent / "dist"
WIDGET_JS = DIST / "widget.js"  # exports { render }, as anywidget wants it
WIDGET_CSS = DIST / "widget.css"
