"""The code of nine chapters of the book's edition 0.17 runs on `book`, and draws.

The folder `chapters` has a file for each, which does what the chapter does, in code of
our own and with smaller numbers, and takes its names from `book` alone. A file falls
into cells at each `# %%`; a cell with the word `draws` there gives one picture, any
other none.
"""

import re
from itertools import islice
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


def drawn(outputs):
    """How many pictures each cell has given."""
    return [len(kernel.pictures(cell)) for cell in outputs]


def stderr(outputs):
    return "".join(map(kernel.stderr, outputs))


@pytest.fixture(scope="module", params=["offline", "The Time Machine"])
def course(request, tmp_path_factory):
    """The outputs of each chapter, and what all together are expected to say.

    They run one after the other in one kernel, each without the names of the others:
    to start a kernel takes longer than most chapters.
    """
    pytest.importorskip("d2l", reason="d2l is not installed")
    text, said = None, STORY
    if request.param != "offline":
        text, said = request.getfixturevalue("time_machine").parent, ""
    sources = {chapter: ["%reset -f", *parsed(chapter)[0]] for chapter in CHAPTERS}
    cells = [cell for chapter in CHAPTERS for cell in sources[chapter]]
    folder = tmp_path_factory.mktemp("course")
    outputs = iter(kernel.run(cells, folder, text, allow_errors=True))
    return {
        chapter: list(islice(outputs, len(sources[chapter])))[1:]
        for chapter in CHAPTERS
    }, said


def test_the_chapters_are_nine():
    assert [path.stem[:3] for path in CHAPTERS] == [
        *("8-1", "8-2", "8-3", "8-4", "8-5", "8-6", "9-1", "9-2", "9-3"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_chapter_runs_and_draws(chapter, course):
    outputs, draws = course[0][chapter], parsed(chapter)[1]
    errors = [
        "\n".join(output.traceback)
        for cell in outputs
        for output in cell
        if output.output_type == "error"
    ]
    assert not errors, errors[0]
    assert drawn(outputs) == draws


@pytest.mark.slow
def test_no_more_is_said_than_that_the_story_is_read(course):
    outputs, said = course
    assert re.fullmatch(said, "".join(map(stderr, outputs.values())))


@pytest.mark.slow
def test_the_chapter_on_text_needs_no_d2l(tmp_path):
    (chapter,) = (path for path in CHAPTERS if path.stem.startswith("8-2"))
    cells, draws = parsed(chapter)
    cells[0] = f"import sys\nsys.modules['d2l'] = None\n{cells[0]}"
    outputs = kernel.run(cells, tmp_path)
    assert drawn(outputs) == draws
    assert re.fullmatch(STORY, stderr(outputs))
