"""What the tests of the notebooks read: their cells, and the prose in them."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))

# What is not prose: code, formulas, the targets of links, HTML.
NOT_PROSE = re.compile(
    r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|(?<=\])\([^)]*\)|https?://\S+|<[^>]+>",
    re.DOTALL,
)


def cells(path: Path, kind: str | None = None) -> list[dict]:
    """The cells of a notebook, all or those of one kind, with their source as text."""
    all_cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for cell in all_cells:
        cell["source"] = "".join(cell["source"])
    return [cell for cell in all_cells if kind in (None, cell["cell_type"])]


def markdown(path: Path) -> str:
    """All text of a notebook, cell after cell."""
    return "\n\n".join(cell["source"] for cell in cells(path, "markdown"))


def prose(text: str) -> str:
    """Markdown without what a speller or a reader of sentences has to leave alone."""
    return NOT_PROSE.sub(" ", text)
