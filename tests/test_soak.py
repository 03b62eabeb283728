"""The soaking scripts draw, call, change and judge; a little of each."""

import json
import math
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

if sys.platform == "win32":
    pytest.skip("there is no fork on Windows", allow_module_level=True)

from soak import (
    _calling,
    _judging,
    _survivors,
    _targets,
    _values,
    covered,
    engine,
    fuzz,
    mutation,
)

import d2l_rnn

SOAK = Path(__file__).parents[1] / "benchmarks" / "soak"
TARGETS = {target.name: target for target in _targets.targets()}


def start(script, folder, *args):
    """Run a script to its end."""
    return subprocess.run(
        [sys.executable, SOAK / f"{script}.py", "--results", folder, *map(str, args)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip


def kept(script, folder):
    """What a script has measured."""
    return json.loads((folder / f"soak_{script}.json").read_text(encoding="utf-8"))


def run(script, folder, *args):
    """Run a script, and return what it prints and what it has measured."""
    done = start(script, folder, *args)
    assert done.returncode == 0, done.stderr
    return done.stdout, kept(script, folder)


@pytest.fixture
def sandbox():
    """The fuzzer's, for the calls of a test."""
    with fuzz.sandbox():
        yield


def call(name, seed=0, odd_share=0.0):
    rng = random.Random(seed)
    return _calling.made(TARGETS[name], rng, _values.Scene(rng), odd_share)


def kinds_of(function):
    """What is found about a function that is given NaN."""
    made = call("progress.perplexity")
    made.function, made.usual = function, {"cross_entropy": 1.5}
    made.odd = {"cross_entropy": "nan"}
    made.arguments = {"cross_entropy": math.nan}
    return [each.kind for each in _judging.judged(made)]


# ---- the fuzzer ----


@pytest.mark.slow
def test_a_few_seconds_of_the_fuzzer(tmp_path):
    out, result = run("fuzz", tmp_path, "--seconds", 4, "--findings", tmp_path / "all")
    assert f"| calls | {result['tally']['calls']:,} |" in out
    assert result["tally"]["calls"] > result["tally"]["with odd arguments"] > 0
    text = (tmp_path / "all").read_text(encoding="utf-8")
    for kind, different in result["different"].items():
        assert (f"==== {kind}: {different} ====" in text) == (different > 0)


def test_each_module_is_called():
    modules = {name.partition(".")[0] for name in TARGETS}
    assert modules == set(d2l_rnn.MODULES) - set(_targets.NOT_CALLED)


def test_there_are_usual_arguments_for_all(sandbox):
    for name in TARGETS:
        call(name)


@pytest.mark.parametrize("name", [
    "bptt.forward", "rnn.RNNModel", "markov.MarkovChain.sample", "text.Vocab",
    "training.train", "engine.Engine.train", "figures.bars", "threads.limited_to",
])  # fmt: skip
def test_a_usual_call_has_nothing_wrong(name, sandbox):
    kinds = {each.kind for each in _judging.judged(call(name, odd_share=0.0))}
    assert kinds <= {"draws"}


def test_the_same_number_makes_the_same_call(sandbox):
    targets = list(TARGETS.values())
    once, again = (
        [str(fuzz.call_of(number, 3, targets)) for number in range(30)] for _ in "12"
    )
    assert once == again
    assert len({*once}) > 25


def refuses(cross_entropy):
    raise ValueError("cross_entropy must be a number")


def refuses_without_a_name(cross_entropy):
    raise ValueError("no")


def falls(cross_entropy):
    return cross_entropy.nothing


def returns(cross_entropy):
    return cross_entropy


def leaves_no_gradients(cross_entropy):
    torch.set_grad_enabled(False)


@pytest.mark.parametrize("function, kind", [
    (refuses, "named"), (refuses_without_a_name, "unnamed"), (falls, "unexpected"),
    (returns, "accepted"), (leaves_no_gradients, "left behind"),
])  # fmt: skip
def test_a_call_is_judged(function, kind, sandbox):
    assert kind in kinds_of(function)
    assert torch.is_grad_enabled()


def test_a_changed_argument_is_found(sandbox):
    made = call("series.rmse")
    made.function = lambda predictions, observed: observed.zero_()
    assert "changed" in [each.kind for each in _judging.judged(made)]


def test_a_call_that_does_not_end_is_found(sandbox, monkeypatch):
    def hangs(cross_entropy):
        while True:
            pass

    monkeypatch.setattr(_judging, "PATIENCE", 0.2)
    assert "hang" in kinds_of(hangs)


# ---- the engine ----


@pytest.mark.skipif(not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="no C")
@pytest.mark.slow
def test_a_few_seconds_of_the_engine(tmp_path):
    out, result = run("engine", tmp_path, "--seconds", 2, "--builds", "arm")
    assert f"| runs under sanitizers | {result['tally']['runs']:,} |" in out
    assert result["wrong"] == []


def test_what_does_not_fit_together_is_wrong():
    rng = random.Random(0)
    case = next(
        case
        for case in iter(lambda: engine.some_case(rng), None)
        if case.is_tame and case.workers
    )
    run = engine.run_of(case)
    T, B, H, V, n = run.sizes
    by_hand = [*engine.by_hand(case, run)]
    losses, norms = (torch.tensor(each) for each in zip(*by_hand, strict=True))
    gradients = [torch.zeros_like(param) for param in run.params]
    result = engine.Result(run.params, gradients, run.H_0, losses, norms, None, n, 0)
    assert [*engine.wrong_with(case, run, result)] == []
    result.losses = losses + 0.1
    assert "by bptt" in [*engine.wrong_with(case, run, result)][0]
    result.trained = n - 1
    assert "trained" in [*engine.wrong_with(case, run, result)][0]


# ---- what the tests reach ----


STARTS_ANOTHER = """
import subprocess, sys

def test_another_process():
    code = "from d2l_rnn import checks; checks.integer('n', 1, 0)"
    assert subprocess.call([sys.executable, "-c", code]) == 0
"""


@pytest.mark.slow
def test_what_tests_reach_in_a_process_of_theirs_is_counted(tmp_path):
    pytest.importorskip("coverage", reason="coverage.py is not installed")
    (tmp_path / "test_another.py").write_text(STARTS_ANOTHER)
    done = start("covered", tmp_path, "--tests", tmp_path / "test_another.py")
    files = kept("covered", tmp_path)["files"]
    assert files["checks/__init__.py"]["lines reached"] > 0
    assert files["text.py"]["lines"] > files["text.py"]["lines reached"] == 0
    assert done.returncode == 1
    assert "less than 95.0% of the lines were reached" in done.stderr


def test_the_files_with_the_least_covered_are_in_the_table():
    def count(branches_reached):
        of_ten = {"lines": 10, "lines reached": 9, "branches": 10}
        return {**of_ten, "branches reached": branches_reached}

    files = {f"{number}.py": count(number) for number in range(10)}
    machine = {"processor": "?", "threads": 1, "python": "3", "torch": "2"}
    result = {"machine": machine, "in all": count(4), "files": files}
    rows = covered.table(result).splitlines()[2:8]
    assert rows[0] == "| all of `d2l_rnn` | 90.0% | 40.0% |"
    assert rows[1] == "| `0.py` | 90.0% | 0.0% |"
    assert rows[5] == "| `4.py` | 90.0% | 40.0% |"


def test_where_nothing_can_be_reached_nothing_is_missed():
    nothing = {"lines": 0, "lines reached": 0, "branches": 0, "branches reached": 0}
    assert covered.share(nothing, "lines", "branches") == 100


# ---- the mutants ----

DECORATED = """
import functools


class Square:
    def __init__(self, side):
        self.side = side

    @property
    def area(self):
        return self.side**2

    @functools.cached_property
    def half(self):
        return self.area / 2

    @staticmethod
    def name():
        return "square"


@functools.cache
@functools.lru_cache(maxsize=3)
def double(number):
    if number < 0:
        raise ValueError(
            "number must not be negative, "
            f"got {number}"
        )
    return 2 * number
"""


def test_no_decorator_is_left_that_would_keep_a_function_from_being_changed():
    source = mutation.prepared(DECORATED)
    assert source.count("@") == 1 and "    @staticmethod" in source
    last = "\ndouble = functools.cache(functools.lru_cache(maxsize=3)(double))\n"
    assert source.endswith(last)
    made = {}
    exec(source, made)
    square = made["Square"](3)
    assert made["double"](4) == 8 and square.name() == "square"
    assert square.area == 9 and square.half == 4.5


def test_the_words_of_a_message_are_not_changed_but_its_numbers_are():
    marked = [
        line.strip()
        for line in mutation.prepared(DECORATED).splitlines()
        if "no mutate" in line
    ]
    assert marked == ['"number must not be negative, "  # pragma: no mutate']


@pytest.mark.parametrize("module", mutation.MODULES)
def test_the_files_of_a_module_and_of_its_tests_are_there(module):
    sources, tests = mutation.MODULES[module]
    for name in sources:
        path = SOAK.parents[1] / "d2l_rnn" / f"{name}.py"
        compile(mutation.prepared(path.read_text(encoding="utf-8")), path, "exec")
    assert all((Path(__file__).parent / f"test_{name}.py").exists() for name in tests)


def test_what_a_mutant_changes_and_why_it_survives():
    (after, why), *_ = _survivors.REASONS.items()
    shown = "# name: survived\n--- a.py\n+++ a.py\n@@ -1 +1 @@\n-    old\n+    {}\n"
    found = mutation.explained(shown.format(after))
    assert found == {"before": "old", "after": after, "reason": why}
    assert mutation.explained(shown.format("new"))["reason"] is None


def test_the_mutants_of_other_modules_stay_on_record(tmp_path):
    path, survivor = tmp_path / "soak_mutation.json", {"after": "old", "reason": None}
    assert mutation.earlier(path) == {}
    rows = [{"module": "bptt", "mutants": 3, "survivors": [survivor]}]
    path.write_text(json.dumps({"rows": rows}), encoding="utf-8")
    assert mutation.earlier(path) == {"bptt": rows[0]}
    (known, why), *_ = _survivors.REASONS.items()
    survivor["after"] = known
    path.write_text(json.dumps({"rows": rows}), encoding="utf-8")
    assert mutation.earlier(path)["bptt"]["survivors"][0]["reason"] == why


@pytest.mark.slow
def test_the_mutants_of_a_module(tmp_path):
    pytest.importorskip("mutmut")
    out, result = run("mutation", tmp_path, "--modules", "clipping")
    (row,) = result["rows"]
    assert "| `clipping` |" in out and row["found"] >= 0.85 * row["mutants"] > 0
