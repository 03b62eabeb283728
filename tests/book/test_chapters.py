"""The code of nine chapters of the book's edition 0.17 runs on `book`, and draws.

The folder `chapters` has a file for each, which does what the chapter does, in code of
our own and with smaller numbers, and takes its names from `book` alone. A file falls
into cells at each `# %%`; a cell with the word `draws` there gives one picture, any
other none.
"""

import re
from pathlib import Path

import kernel
import pytest

CHAPTERS = sorted(Path(__file__).with_name("chapters").glob("*.py"))
STORY = r"d2l_rnn: reading the built-in story, .*\n"


def parsed(chapter):
    """The cells of a chapter, and how many pictures each of them gives."""
    code = chapter.read_text(encoding="utf-8")
    _, *parts = re.split(r"^# %%( draws)?\n", code, flags=re.MULTILINE)
    cells = [re.sub(r"^# %", "%", cell, flags=re.MULTILINE) for cell in parts[1::2]]
    return cells, [1 if draws else 0 for draws in parts[::2]]


def check(outputs, draws, stderr):
    """Each cell has given its pictures, and all together say what is expected."""
    assert [len(kernel.pictures(cell)) for cell in outputs] == draws
    assert re.fullmatch(stderr, "".join(map(kernel.stderr, outputs)))


def test_the_chapters_are_nine():
    assert [path.stem[:3] for path in CHAPTERS] == [
        *("8-1", "8-2", "8-3", "8-4", "8-5", "8-6", "9-1", "9-2", "9-3"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_chapter_runs_offline_and_draws(chapter, tmp_path):
    pytest.importorskip("d2l", reason="d2l is not installed")
    cells, draws = parsed(chapter)
    reads = any("time_machine" in cell for cell in cells)
    check(kernel.run(cells, tmp_path), draws, STORY if reads else "")


@pytest.mark.slow
def test_chapters_run_on_the_time_machine_and_draw(time_machine, tmp_path):
    """One after the other in one kernel, which saves half a minute."""
    pytest.importorskip("d2l", reason="d2l is not installed")
    cells, draws = [], []
    for chapter in CHAPTERS:
        more_cells, more_draws = parsed(chapter)
        cells += ["%reset -f", *more_cells]
        draws += [0, *more_draws]
    check(kernel.run(cells, tmp_path, text=time_machine.parent), draws, "")


@pytest.mark.slow
def test_the_chapter_on_text_needs_no_d2l(tmp_path):
    (chapter,) = (path for path in CHAPTERS if path.stem.startswith("8-2"))
    cells, draws = parsed(chapter)
    cells[0] = f"import sys\nsys.modules['d2l'] = None\n{cells[0]}"
    check(kernel.run(cells, tmp_path), draws, STORY)
