"""What every notebook of the course has, and what its cells may not be.

The glossary of the first notebook is held to the terms that the others introduce.
"""

import ast
import builtins
import html
import re
import statistics
from itertools import pairwise

import pytest
from course import NOTEBOOKS, SOLUTIONS, cells, markdown, prose

from d2l_rnn import pictures

pytestmark = pytest.mark.course

LONGEST, MEDIAN = 15, 6  # lines of a code cell
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# A term with its Chinese name: hidden state (隐状态).
TERM = re.compile(r"\(([^()]*[\u4e00-\u9fff][^()]*)\)")


def each(paths):
    def name(path):
        return f"{path.parent.name}/{path.stem}"

    return pytest.mark.parametrize("path", paths, ids=name)


def section(path, heading):
    """The text under a heading of the second level."""
    return markdown(path).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_the_course_is_ten_notebooks_each_with_its_solutions():
    assert [path.stem[:2] for path in NOTEBOOKS] == [f"{n:02}" for n in range(10)]
    assert [path.name for path in SOLUTIONS] == [path.name for path in NOTEBOOKS]


@each(NOTEBOOKS)
def test_opens_with_a_question_the_time_it_takes_and_a_picture(path):
    first = cells(path)[0]["source"]
    assert first.startswith("# ")
    assert len(re.findall(r"\*\*[^*]+\?\*\*", first)) == 1
    (minutes,) = re.findall(r"(\d+) minutes", first)
    assert 20 <= int(minutes) <= 40
    all_cells = cells(path)
    where = [
        i for i, cell in enumerate(all_cells) if "Where this leads:" in cell["source"]
    ]
    assert where and where[0] <= 5
    assert any(
        "image/png" in out.get("data", {}) for out in all_cells[where[0] + 1]["outputs"]
    )


@each(NOTEBOOKS)
def test_ends_with_a_summary_of_five_lines_and_links(path):
    summary = section(path, "Summary").strip()
    assert 1 <= len(re.findall(r"^- ", summary, re.MULTILINE)) <= 5
    last = cells(path)[-1]["source"]
    assert f"](solutions/{path.name})" in last
    assert "**In the book:**" in last and "https://zh.d2l.ai/" in last
    following = dict(pairwise(NOTEBOOKS)).get(path)
    assert following is None or f"]({following.name})" in last.partition("**Next:**")[2]


@each(NOTEBOOKS)
def test_three_times_or_more_the_reader_predicts_before_a_cell_shows_it(path):
    asked = [
        (here, following)
        for here, following in pairwise(cells(path))
        if re.search(
            r"^\*\*Predict, then (run|move)\.\*\*", here["source"], re.MULTILINE
        )
    ]
    assert len(asked) >= 3
    for here, following in asked:
        assert here["source"].rstrip().endswith("*My guess:*")
        assert following["cell_type"] == "code" and following["outputs"]


def lengths(path):
    return [cell["source"].count("\n") + 1 for cell in cells(path, "code")]


@each(NOTEBOOKS)
def test_cells_are_short_and_each_has_words_before_it(path):
    _, *others = lengths(path)  # the first imports, and is not read
    assert statistics.median(others) <= MEDIAN
    kinds = [cell["cell_type"] for cell in cells(path)]
    assert kinds[0] == "markdown"
    assert ("code", "code") not in pairwise(kinds)


@each([*NOTEBOOKS, *SOLUTIONS])
def test_no_cell_is_long(path):
    assert max(lengths(path)) <= LONGEST


MOST_CELLS = {"06": 85}  # where everything is typed; 70 in the others
WORDS_A_MINUTE, MINUTES_A_CELL = 200, 0.5  # read with care; typed, run and looked at


@each(NOTEBOOKS)
def test_a_notebook_is_read_in_the_minutes_that_it_says(path):
    """The first cell says how many, without the exercises; 40 at most."""
    assert len(cells(path)) <= MOST_CELLS.get(path.stem[:2], 70)
    (minutes,) = re.findall(r"(\d+) minutes", cells(path)[0]["source"])
    words = len(prose(markdown(path)).split())
    num_run = len(cells(path, "code"))
    assert words / WORDS_A_MINUTE + num_run * MINUTES_A_CELL <= int(minutes) <= 40


@each([*NOTEBOOKS, *SOLUTIONS])
def test_nothing_is_read_that_could_be_typed(path):
    """No listing of the package, of which one could only look on."""
    code = "\n".join(cell["source"] for cell in cells(path, "code"))
    assert "getsource" not in code and "%load" not in code and "??" not in code


# Where the labels of the two axes stand among the arguments.
LABELS = {"curves": (1, 3), "bars": (2, 4), "heatmap": (1, 3), "blank": (0, 2)}


@each([*NOTEBOOKS, *SOLUTIONS])
def test_every_figure_has_labelled_axes(path):
    """All are drawn by the package in one way, and none has an empty label."""
    code = "\n".join(cell["source"] for cell in cells(path, "code"))
    assert "pyplot" not in code and "display(" not in code
    assert "![" not in markdown(path)
    for call in ast.walk(ast.parse(code)):
        name = getattr(getattr(call, "func", None), "attr", None)
        if name in LABELS and call.func.value.id in ("figures", "pictures"):
            labels = call.args[slice(*LABELS[name])]
            assert len(labels) == 2
            assert all(getattr(label, "value", True) for label in labels)


VIEW = "application/vnd.jupyter.widget-view+json"


@each([*NOTEBOOKS, *SOLUTIONS])
def test_every_figure_says_what_it_shows(path):
    """A reader who cannot see it gets words made for it, in each form that is saved.

    Panels, which stand beside a widget, describe themselves.
    """
    for cell in cells(path, "code"):
        shown = [output for output in cell["outputs"] if "data" in output]
        if any(VIEW in output["data"] for output in shown):
            continue
        for output in shown:
            if "image/png" not in output["data"]:
                continue
            words = output["metadata"]["image/png"]["alt"]
            assert words.strip() and not words.startswith(pictures.UNDESCRIBED)
            assert "".join(output["data"]["text/plain"]) == words
            (shown_with,) = re.findall(
                r' alt="([^"]*)"', "".join(output["data"]["text/html"])
            )
            assert html.unescape(shown_with) == words


def unknown_in(source):
    """The names that a cell uses without having made them itself."""
    names = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)]
    made = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    imported = [
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    return {node.id for node in names} - made - {*imported, *dir(builtins)}


@each(NOTEBOOKS)
def test_a_panel_needs_no_cell_but_its_own(path):
    """After a restart, or opened in the middle of the notebook, it can be run."""
    sources = [cell["source"] for cell in cells(path, "code")]
    panels = [source for source in sources if "explorers." in source]
    assert panels
    for source in panels:
        assert unknown_in(source) == set()


def test_a_name_from_another_cell_is_seen():
    assert unknown_in("import a.b, c as d\nx = [y for y in d(a)]\nprint(x, e)") == {"e"}


def glossary():
    """Of each Chinese name in the glossary, the number of the notebook beside it."""
    rows = section(NOTEBOOKS[0], "Words you will meet").splitlines()
    table = [[part.strip() for part in row.strip("|").split("|")] for row in rows]
    return {
        name: row[-1]
        for row in table
        if len(row) == 4 and CHINESE.search(row[1]) and row[1] != "中文"
        for name in re.split(", ", row[1])
    }


def introduced(path):
    """The Chinese names that a notebook gives in parentheses."""
    text = markdown(path).partition("## Words you will meet")[0]
    return {
        name.strip()
        for inside in TERM.findall(text)
        for name in re.split("[,;]", inside)
        if CHINESE.search(name)
    }


def test_the_glossary_is_not_empty():
    assert len(glossary()) > 30


@each(NOTEBOOKS)
def test_every_term_with_a_chinese_name_is_in_the_glossary(path):
    assert introduced(path) - set(glossary()) == set()


@pytest.mark.parametrize("name", glossary())
def test_every_term_of_the_glossary_is_introduced_where_it_says(name):
    places = [path.stem[:2] for path in NOTEBOOKS if name in introduced(path)]
    assert places[:1] == [glossary()[name]]
