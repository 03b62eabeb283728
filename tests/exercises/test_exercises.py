"""Every exercise: the solution is right, and a wrong answer gets its hint.

The exercises stand in the notebooks, their solutions in `notebooks/solutions/`, and
wrong answers, with words that the verdict has for each, in `wrong/`.
"""

import ast
import importlib
import json
from pathlib import Path

import pytest

from d2l_rnn.exercises import check
from d2l_rnn.exercises.checking import Verdict

FOLDER = Path(__file__).parents[2] / "notebooks"
STEMS = [path.stem for path in sorted(FOLDER.glob("[0-9]*.ipynb"))]


def module_of(stem):
    """The module that checks a notebook's exercises: notebook_00 for 00-start-here."""
    return f"notebook_{stem[:2]}"


EXERCISES = [
    (stem, name)
    for stem in STEMS
    for name, each in vars(check).items()
    if each.__module__ == f"d2l_rnn.exercises.{module_of(stem)}"
]


def code_cells(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def imports(cells):
    """The import statements of the cells that have some."""
    for source in ("".join(cell["source"]) for cell in cells):
        for node in ast.parse(source).body if "import " in source else ():
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield ast.unparse(node)


def is_checked(cell):
    """The name of the exercise that a cell checks, or None."""
    source = "".join(cell["source"])
    last = source.rstrip().rpartition("\n")[2]
    return last.split("(")[0][len("check.") :] if last.startswith("check.") else None


def run(source, namespace):
    """Run a cell as a notebook does; return what its last line gives."""
    *rest, last = ast.parse(source).body
    if not isinstance(last, ast.Expr):
        rest, last = [*rest, last], None
    exec(compile(ast.Module(rest, []), "<cell>", "exec"), namespace)
    if last is not None:
        return eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace)


def saved(cell):
    (output,) = cell["outputs"]
    return "".join(output["data"]["text/plain"])


@pytest.fixture(scope="module")
def verdicts():
    """The verdicts on a notebook of solutions, by exercise, each with its cell."""
    found = {}

    def look(stem):
        if stem not in found:
            namespace, found[stem] = {}, {}
            for cell in code_cells(FOLDER / "solutions" / f"{stem}.ipynb"):
                result = run("".join(cell["source"]), namespace)
                if name := is_checked(cell):
                    found[stem][name] = result, cell
        return found[stem]

    return look


@pytest.mark.parametrize("stem", STEMS)
def test_each_notebook_has_four_exercises_and_each_is_solved(stem, verdicts):
    names = [name for each, name in EXERCISES if each == stem]
    first, *others = code_cells(FOLDER / f"{stem}.ipynb")
    if stem == STEMS[0]:  # the playground stands before all that is loaded
        first, *others = others
    asked = [name for cell in others if (name := is_checked(cell))]
    assert len(names) >= 4
    assert sorted(asked) == sorted(names) == sorted(verdicts(stem))
    if is_checked(first) == "standing":  # its circles stand in the order of the cells
        assert "".join(first["source"]).endswith(f'\n\ncheck.standing("{stem[:2]}")')
        assert "nbval-ignore-output" in first["metadata"]["tags"]
        assert asked == names == list(verdicts(stem))


@pytest.mark.parametrize(("stem", "name"), EXERCISES)
def test_the_solution_is_right(stem, name, verdicts):
    verdict, cell = verdicts(stem)[name]
    assert verdict.is_right, repr(verdict)
    assert saved(cell) == repr(verdict)


@pytest.mark.parametrize(("stem", "name"), EXERCISES)
def test_the_cell_as_the_reader_finds_it_is_no_answer_yet(stem, name):
    cells = code_cells(FOLDER / f"{stem}.ipynb")
    (cell,) = (cell for cell in cells if is_checked(cell) == name)
    # Alone, but for what the notebook imports: only the body is to be filled in.
    namespace = {}
    exec("\n".join(imports(cells)), namespace)
    verdict = run("".join(cell["source"]), namespace)
    assert isinstance(verdict, Verdict) and verdict.is_empty
    assert saved(cell) == repr(verdict)


@pytest.mark.parametrize(("stem", "name"), EXERCISES)
def test_wrong_answers_get_their_hints(stem, name):
    wrong = importlib.import_module(f"wrong.{module_of(stem)}").WRONG[name]
    assert len(wrong) >= 2
    for answer, words in wrong:
        verdict = getattr(check, name)(answer)
        assert not verdict.is_right and not verdict.is_empty, answer
        assert words in repr(verdict)
