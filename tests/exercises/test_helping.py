"""Hints, and solutions, which are those of the notebooks of solutions."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from d2l_rnn.exercises import check, checking, helping, solutions

FOLDER = Path(__file__).parents[2] / "notebooks" / "solutions"
NAMES = list(vars(check))
NOTEBOOKS = sorted({each.notebook for each in vars(check).values()})


@pytest.fixture
def afresh(monkeypatch):
    """An exercise of the course as a new kernel has it."""

    def get(name):
        return checking.Exercise(getattr(check, name).try_out)

    return get


@pytest.mark.parametrize("name", NAMES)
def test_each_exercise_has_two_or_three_short_hints_of_its_own(name):
    hints = helping.beside("hints", getattr(check, name).notebook).HINTS[name]
    assert 2 <= len(hints) == len(set(hints)) <= 3
    for hint in hints:
        assert 20 <= len(hint) <= 200 and hint[-1] in ".?", hint
        assert "  " not in hint, hint


def test_no_two_exercises_share_a_first_hint_but_those_that_ask_the_same():
    first = [helping.hint(name, getattr(check, name).notebook, 1) for name in NAMES]
    assert len(set(first)) >= len(first) - 1


@pytest.mark.parametrize("notebook", NOTEBOOKS)
@pytest.mark.parametrize("kind", ["hints", "inputs"])
def test_there_is_nothing_for_exercises_that_are_not_there(notebook, kind):
    module = helping.beside(kind, notebook)
    names = [name for name in NAMES if getattr(check, name).notebook == notebook]
    assert sorted(getattr(module, kind.upper())) == sorted(names)


def test_hints_come_one_by_one_and_then_all_of_them(afresh):
    exercise = afresh("put_back")
    said = [repr(exercise.hint()) for _ in range(4)]
    assert [each[:12] for each in said[:3]] == [
        f"Hint {i} of 3:"[:12] for i in (1, 2, 3)
    ]
    assert said[3] == repr(exercise.hint())
    assert said[3].splitlines()[:3] == said[:3]
    assert said[3].endswith("check.put_back.solution()")


def test_each_exercise_counts_its_own_hints(afresh):
    one, other = afresh("put_back"), afresh("extend_line")
    one.hint()
    assert other.hint().startswith("Hint 1 of 3: How far")


def test_the_solution_is_for_those_who_have_tried(afresh):
    exercise = afresh("put_back")
    exercise(...)
    exercise(lambda shuffled, order: None)
    assert "def " not in exercise.solution()
    exercise = afresh("put_back")
    exercise(lambda shuffled, order: shuffled)
    assert "def put_back(shuffled, order):" in exercise.solution()


def test_or_for_those_who_ask_twice(afresh):
    exercise = afresh("put_back")
    first = exercise.solution()
    assert "ask once more" in first and "check.put_back.hint()" in first
    assert "def put_back" in exercise.solution()


def test_a_wrong_answer_is_told_where_more_help_is(afresh):
    assert repr(afresh("put_back")(lambda *_: 0)).endswith("check.put_back.hint()")
    assert "more help" not in repr(afresh("put_back")(...))


def test_an_exercise_of_somebody_else_has_neither():
    @checking.Exercise
    def mine(answer):
        """Not of the course."""
        yield answer().gives(1, "one")

    assert mine.hint() == "There are no hints for mine."
    assert mine.solution() and mine.solution() == "There is no solution to mine here."
    assert mine(lambda: 1).is_right


def typed(name):
    """The cell of a solution notebook, without the check."""
    (path,) = FOLDER.glob(f"{getattr(check, name).notebook}-*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    (found,) = (
        source for source in ("".join(cell["source"]) for cell in cells)
        if source.endswith(f"\n\ncheck.{name}({name})")
    )  # fmt: skip
    return found.removesuffix(f"\n\ncheck.{name}({name})")


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_notebooks_have_the_same_lines(name):
    said = helping.solution(name, getattr(check, name).notebook)
    idea, _, code = said.partition("\n\n")
    assert code.endswith(typed(name))
    assert idea.endswith(".") and "def " not in idea


@pytest.mark.parametrize("name", NAMES)
def test_a_solution_needs_nothing_but_what_is_shown(name):
    said = helping.solution(name, getattr(check, name).notebook)
    typed_in = {}
    exec(said.partition("\n\n")[2], typed_in)
    verdict = getattr(check, name)(typed_in[name])
    assert verdict.is_right, verdict


def test_a_solution_has_the_imports_that_it_uses_and_no_other():
    said = helping.solution("perplexity_of_guesses", "00").splitlines()
    assert [line for line in said if "import" in line] == ["import math"]
    assert "import" not in helping.solution("put_back", "00")


def test_code_is_shown_without_annotations_but_with_decorators_and_comments():
    said = helping.solution("finish_word", "06")
    assert (
        "@torch.no_grad()\ndef finish_word(prefix, net, vocab, max_preds=20):" in said
    )
    code = solutions.code(helping.beside("solutions", "02").most_probable_path)
    assert "# over i, for every j" in code and '"""' not in code


def test_importing_the_checks_loads_neither_pictures_nor_hypothesis():
    heavy = "{'matplotlib', 'hypothesis', 'ipywidgets', 'platformdirs'}"
    command = (
        "import sys; from d2l_rnn.exercises import check; check.put_back(...); "
        f"check.put_back.hint(); sys.exit(sorted({heavy} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
